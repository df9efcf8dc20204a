// What texts of failed pulls tell. The messages are what containerd 1.6.20, 1.7.24 and 2.1.9 printed on real nodes for
// registries that refuse in these ways; the shapes around them are those of kubectl, the kubelet and journals.
#include "diagnose/pull_message.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace rf;

namespace {

const std::string pulled = "failed to pull and unpack image \"ghcr.io/lab/t:1\": ";
const std::string by_client = pulled + "failed to resolve reference \"ghcr.io/lab/t:1\": ";
const std::string by_transfer = pulled + "failed to resolve image: ";
const std::string head = "failed to do request: Head \"https://ghcr.io/v2/lab/t/manifests/1\": ";
const std::string copied = pulled + "failed to copy: httpReadSeeker: failed open: ";

std::vector<PullFailure> read_all(const std::string& text) {
  auto read = read_pull_messages(text);
  REQUIRE(read);
  return *std::move(read);
}

PullFailure read_one(const std::string& text) {
  INFO(text);
  auto all = read_all(text);
  REQUIRE(all.size() == 1);
  return all.front();
}

std::string image_of(const PullFailure& failure) { return failure.image ? to_string(*failure.image) : ""; }

// As a log quotes it.
std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '"' ? std::string("\\\"") : c == '\\' ? "\\\\" : std::string(1, c);
  return out;
}

struct Message {
  std::string text;
  PullCause cause;
  std::string host = "ghcr.io";
  int status = 0;
};

const std::vector<Message>& messages() {
  const std::string denied =
      "pull access denied, repository does not exist or may require authorization: authorization failed: ";
  const std::string token = "failed to authorize: failed to fetch anonymous token: ";
  static const std::vector<Message> all{
      {by_client + "ghcr.io/lab/t:1: not found", PullCause::not_found, ""},
      {by_transfer + "ghcr.io/lab/t:1: not found", PullCause::not_found, ""},
      {copied +
           "could not fetch content descriptor sha256:1d49 (application/vnd.oci.image.config.v1+json) from remote: "
           "not found",
       PullCause::not_found, ""},
      {by_client + "pulling from host ghcr.io failed with status code [manifests 1]: 401 Unauthorized",
       PullCause::unauthorized, "ghcr.io", 401},
      {by_transfer + "unexpected status from HEAD request to https://ghcr.io/v2/lab/t/manifests/1: 401 Unauthorized",
       PullCause::unauthorized, "ghcr.io", 401},
      {copied + "unexpected status code https://ghcr.io/v2/lab/t/blobs/sha256:8c50: 401 Unauthorized - Server message: "
                "unauthorized: stand-in answers 401",
       PullCause::unauthorized, "ghcr.io", 401},
      {copied + "unexpected status from GET request to https://ghcr.io/v2/lab/t/blobs/sha256:8c50: 429 Too Many "
                "Requests\ntoomanyrequests: stand-in answers 429",
       PullCause::rate_limited, "ghcr.io", 429},
      {by_transfer + denied + "no basic auth credentials", PullCause::no_credentials, ""},
      {by_client + "pull access denied, repository does not exist or may require authorization: server message: "
                   "insufficient_scope: authorization failed",
       PullCause::unauthorized, ""},
      {by_client + token + "unexpected status: 401 Unauthorized", PullCause::token_refused, "", 401},
      {by_transfer + token +
           "unexpected status from GET request to https://ghcr.io/token?scope=repository%3Alab%2Ft&"
           "service=ghcr.io: 403 Forbidden",
       PullCause::token_refused, "ghcr.io", 403},
      {by_client + token + "Get \"https://auth.docker.io/token?service=x\": dial tcp 199.59.148.222:443: i/o timeout",
       PullCause::timeout, "auth.docker.io"},
      {by_transfer + "unexpected status from HEAD request to https://ghcr.io/v2/lab/t/manifests/1: 403 Forbidden",
       PullCause::forbidden, "ghcr.io", 403},
      {by_client + "pulling from host m:5000 failed with status code [manifests 1]: 503 Service Unavailable",
       PullCause::server_error, "m:5000", 503},
      {by_client + head + "EOF", PullCause::closed},
      {by_client + head + "read tcp 10.0.0.1:55276->10.0.0.2:443: read: connection reset by peer", PullCause::closed},
      {by_client + head + "x509: certificate signed by unknown authority", PullCause::unknown_authority},
      {by_transfer + head + "tls: failed to verify certificate: x509: certificate signed by unknown authority",
       PullCause::unknown_authority},
      {by_client + head + "x509: certificate is valid for another-name.test, not ghcr.io", PullCause::wrong_name},
      {by_transfer + head +
           "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time "
           "2026-11-27T21:50:37Z is after 2020-02-01T00:00:00Z",
       PullCause::expired},
      {by_client + head + "remote error: tls: certificate required", PullCause::client_certificate},
      {by_client + head + "http: server gave HTTP response to HTTPS client", PullCause::plain_http},
      {by_client + head + "dial tcp 10.213.43.2:443: connect: connection refused", PullCause::refused},
      {by_client + head + "dial tcp 10.213.43.250:443: connect: no route to host", PullCause::unreachable},
      {by_client + head + "dial tcp: lookup ghcr.io on 10.213.43.1:53: no such host", PullCause::dns},
      {by_client + head + "dial tcp: lookup ghcr.io on 10.213.43.1:53: server misbehaving", PullCause::dns},
      {by_client + head + "dial tcp: lookup ghcr.io on 10.0.0.1:53: read udp: connection refused", PullCause::dns},
      {by_client + head + "dial tcp 10.213.43.3:443: i/o timeout", PullCause::timeout},
      {by_client + head + "net/http: TLS handshake timeout", PullCause::timeout},
      {by_client + head + "proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused", PullCause::proxy},
      {pulled + "short read: expected 418 bytes but got 209: unexpected EOF", PullCause::short_read, ""},
      {pulled + "failed to read expected number of bytes: unexpected EOF", PullCause::short_read, ""},
      {pulled + "failed commit on ref \"config-sha256:85\": unexpected commit digest sha256:7e, expected sha256:85: "
                "failed precondition",
       PullCause::corrupt, ""},
      {pulled + "failed to unpack image on snapshotter overlayfs: unexpected media type text/html for sha256:4b: not "
                "found",
       PullCause::wrong_content, ""},
      {pulled +
           "failed to resolve reference \"ghcr.io/lab/t:1\": unable to read CA cert \"/c/ca.crt\": open /c/ca.crt: no "
           "such file or directory",
       PullCause::certificate_file, ""},
  };
  return all;
}

}  // namespace

TEST_CASE("containerd's messages tell cause, image, host and status") {
  for (const auto& message : messages()) {
    const auto failure = read_one("rpc error: code = Unknown desc = " + message.text);
    CHECK(to_string(failure.cause) == to_string(message.cause));
    CHECK(image_of(failure) == "ghcr.io/lab/t:1");
    CHECK(failure.host == message.host);
    CHECK(failure.status == message.status);
  }
}

TEST_CASE("the same is told in every shape people paste") {
  for (const auto& message : messages()) {
    const auto shape = GENERATE(0, 1, 2, 3, 4, 5);
    const auto rpc = "rpc error: code = Unknown desc = " + message.text;
    const std::vector<std::string> shapes{
        // crictl
        "FATA[0000] pulling image: " + rpc,
        // kubectl describe pod
        "Name:  web\nNode:             ra/10.0.0.3\nEvents:\n  Type     Reason     Age   From               Message\n"
        "  Normal   Scheduled  12s   default-scheduler  Successfully assigned default/web to ra\n"
        "  Normal   Pulling    11s   kubelet            Pulling image \"ghcr.io/lab/t:1\"\n"
        "  Warning  Failed     11s   kubelet            Failed to pull image \"ghcr.io/lab/t:1\": " +
            rpc +
            "\n"
            "  Warning  Failed     11s   kubelet            Error: ErrImagePull\n"
            "  Warning  Unhealthy  9s    kubelet            Readiness probe failed: dial tcp 10.1.1.1:80: connect: connection "
            "refused\n"
            "  Normal   BackOff    10s   kubelet            Back-off pulling image \"ghcr.io/lab/t:1\"\n"
            "  Warning  Failed     10s   kubelet            Error: ImagePullBackOff\n",
        // containerd's journal
        "Nov 27 21:54:23 ra containerd[500]: time=\"2026-11-27T21:54:23.361567729Z\" level=error msg=\"PullImage "
        "\\\"ghcr.io/lab/t:1\\\" failed\" error=\"" +
            quoted(rpc) + "\"\n",
        // the kubelet's, whose second line quotes twice
        "Nov 27 21:54:23 ra kubelet[700]: E1127 21:54:23.361567     700 log.go:32] \"PullImage from image service "
        "failed\" err=\"" +
            quoted(rpc) +
            "\" image=\"ghcr.io/lab/t:1\"\n"
            "Nov 27 21:54:23 ra kubelet[700]: E1127 21:54:23.361600     700 pod_workers.go:1301] \"Error syncing pod, "
            "skipping\" err=\"failed to \\\"StartContainer\\\" for \\\"c\\\" with ErrImagePull: \\\"" +
            quoted(quoted(rpc)) + "\\\"\" pod=\"default/web\"\n",
        // an event as JSON
        "{\n \"message\": \"Failed to pull image \\\"ghcr.io/lab/t:1\\\": " + quoted(rpc) +
            "\",\n \"reason\": \"Failed\",\n"
            " \"source\": {\n  \"component\": \"kubelet\",\n  \"host\": \"ra\"\n }\n}\n",
        // one that is said by ctr
        "ctr: " + message.text,
    };
    INFO(shapes[static_cast<std::size_t>(shape)]);
    const auto failure = read_one(shapes[static_cast<std::size_t>(shape)]);
    CHECK(to_string(failure.cause) == to_string(message.cause));
    CHECK(image_of(failure) == "ghcr.io/lab/t:1");
    CHECK(failure.host == message.host);
    CHECK(failure.node == (shape == 0 || shape == 5 ? "" : "ra"));
  }
}

TEST_CASE("a message that is wrapped is one message") {
  const auto failure = read_one(
      "- message: 'Failed to pull image \"ghcr.io/lab/t:1\": rpc error: code = Unknown desc = failed to pull\n"
      "    and unpack image \"ghcr.io/lab/t:1\": failed to resolve reference \"ghcr.io/lab/t:1\":\n"
      "    failed to do request: Head \"https://m.test:5000/v2/lab/t/manifests/1?ns=ghcr.io\":\n"
      "    dial tcp 10.0.0.2:5000: connect: connection refused'\n"
      "  reason: Failed\n");
  CHECK(failure.cause == PullCause::refused);
  CHECK(failure.url == "https://m.test:5000/v2/lab/t/manifests/1");
  CHECK(image_of(failure) == "ghcr.io/lab/t:1");
}

TEST_CASE("several failures are each told once, in their order") {
  const auto all = read_all(
      "Warning  Failed  1m (x4 over 3m)  kubelet  Failed to pull image \"nginx:1\": rpc error: code = NotFound desc = "
      "failed to pull and unpack image \"docker.io/library/nginx:1\": failed to resolve reference "
      "\"docker.io/library/nginx:1\": docker.io/library/nginx:1: not found\n"
      "Warning  Failed  1m (x4 over 3m)  kubelet, babel  Failed to pull image \"ghcr.io/lab/t:1\": " +
      by_client + head +
      "EOF\n"
      "time=\"2026-11-27T21:54:56Z\" level=info msg=\"trying next host\" error=\"failed to do request: Head "
      "\\\"https://m1.test/v2/lab/x/manifests/1?ns=docker.io\\\": dial tcp 10.0.0.2:443: connect: connection refused\" "
      "host=m1.test\n"
      "time=\"2026-11-27T21:54:57Z\" level=info msg=\"trying next host - response was http.StatusNotFound\" "
      "host=m2.test\n"
      "time=\"2026-11-27T21:54:58Z\" level=info msg=\"fetch failed after status: 503 Service Unavailable\" "
      "host=m3.test\n"
      "Warning  Failed  1m  kubelet  Failed to pull image \"nginx:1\": rpc error: code = NotFound desc = failed to pull "
      "and unpack image \"docker.io/library/nginx:1\": docker.io/library/nginx:1: not found\n");
  REQUIRE(all.size() == 5);
  CHECK(all[0].cause == PullCause::not_found);
  CHECK(image_of(all[0]) == "docker.io/library/nginx:1");
  CHECK(all[1].cause == PullCause::closed);
  CHECK(all[1].node == "babel");
  CHECK(all[2].cause == PullCause::refused);
  CHECK(all[2].host == "m1.test");
  CHECK(all[3].cause == PullCause::not_found);
  CHECK(all[3].host == "m2.test");
  CHECK(all[4].cause == PullCause::server_error);
  CHECK(all[4].host == "m3.test");
}

TEST_CASE("without a word of a pull, lines are read on their own") {
  const auto failure = read_one("dial tcp: lookup internal-registry on 10.0.0.1:53: no such host");
  CHECK(failure.cause == PullCause::dns);
  CHECK(failure.host == "internal-registry");
}

TEST_CASE("a text that tells no cause is said to be unknown") {
  CHECK(read_one("Back-off pulling image \"nginx\"").cause == PullCause::unknown);
  CHECK(image_of(read_one("Back-off pulling image \"nginx\"")) == "docker.io/library/nginx:latest");
  const auto other = read_one("the cat sat on the mat");
  CHECK(other.cause == PullCause::unknown);
  CHECK(other.said == "the cat sat on the mat");
}

TEST_CASE("passwords and queries of URLs are not repeated") {
  const auto failure =
      read_one(by_client + "failed to do request: Head \"https://u:secret@m.test/v2/a?sig=secret\": EOF");
  CHECK(failure.host == "m.test");
  CHECK(failure.url == "https://m.test/v2/a");
  CHECK(failure.said == "failed to do request: Head \"https://m.test/v2/a\": EOF");
}

TEST_CASE("a text that is too large is not read") {
  const auto read = read_pull_messages(std::string(largest_pull_message + 1, 'a'));
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::unreadable);
}
