#include "base/text.h"

#include <cstdint>
#include "patient.h"

namespace rf::test {
namespace {

const std::string directory = "/etc/containerd/certs.d/harbor.corp";
const std::string file = directory + "/hosts.toml";
const std::string host = "server = \"https://harbor.corp\"\n[host.\"https://m1:5000\"]\n";
Patient with(std::string content) { return Patient::with("1.7.24", live_v2).hosts("harbor.corp", std::move(content)); }
Patient at_time(std::int64_t now) {
  auto patient = with(host + "ca = \"ca.crt\"\n");
  patient.put(directory + "/ca.crt", certificate);
  patient.now = now;
  return patient;
}

std::vector<State> file_states() {
  return {
      {"a CA that is not there",
       "certificate-unusable",
       with(host + "ca = [\"ca.crt\"]\n"),
       file + ":3",
       {"does not exist", "unable to read CA cert", "relative one starts at " + directory}},
      {"a CA that is none",
       "certificate-unusable",
       with(host + "ca = \"ca.crt\"\n").put(directory + "/ca.crt", "x"),
       file + ":3",
       {"unable to load CA cert"}},
      {"a list where a pair is meant",
       "certificate-unusable",
       with(host + "client = [\"c.cert\", \"c.key\"]\n")
           .put(directory + "/c.cert", client_certificate)
           .put(directory + "/c.key", client_key, 0600),
       file + ":3",
       {"replace [\"c.cert\", \"c.key\"] with [[\"c.cert\", \"c.key\"]] on line 3"}},
      {"a CA in the place of the key",
       "certificate-unusable",
       with(host + "client = [[\"c.cert\", \"c.crt\"]]\n")
           .put(directory + "/c.cert", client_certificate)
           .put(directory + "/c.crt", certificate),
       file + ":3",
       {"found a certificate rather than a key", "put a PEM file there"}},
      {"a CA outside of a copy",
       "certificate-unusable",
       [] {
         auto patient = with(host + "ca = \"/etc/ssl/corp.crt\"\n");
         patient.source = Subject::Source::copy;
         return patient;
       }(),
       file + ":3",
       {"not in this copy", "if it is missing on the node too"},
       Severity::warning},
      {"a CA that is there", "certificate-unusable",
       with(host + "ca = \"ca.crt\"\n").put(directory + "/ca.crt", certificate), ""},

      {"Docker's layout beside a hosts.toml",
       "certificate-unused",
       with(host).put(directory + "/ca.crt", certificate),
       directory + "/ca.crt",
       {"ca = [\"ca.crt\"]", file}},
      {"the CA of the only endpoint",
       "certificate-unused",
       with("[host.\"https://harbor.corp\"]\n").put(directory + "/ca.crt", certificate),
       directory + "/ca.crt",
       {"write ca = [\"ca.crt\"] below line 1, and write ca = [\"ca.crt\"] above line 1"}},
      {"the client certificate of the only endpoint",
       "certificate-unused",
       with("[host.\"https://m1:5000\"]\n")
           .put(directory + "/client.cert", client_certificate)
           .put(directory + "/client.key", client_key, 0600),
       directory + "/client.cert",
       {"client = [[\"client.cert\", \"client.key\"]]"}},
      {"a second CA beside one that is named",
       "certificate-unused",
       with(host + "ca = \"ca.crt\"\n")
           .put(directory + "/ca.crt", certificate)
           .put(directory + "/old.crt", certificate),
       directory + "/old.crt",
       {},
       Severity::warning},
      {"Docker's layout alone", "certificate-unused",
       Patient::with("1.7.24", live_v2).put(directory + "/ca.crt", certificate), ""},

      {"a CA named .pem",
       "certificate-name",
       Patient::with("1.7.24", live_v2).put(directory + "/ca.pem", certificate),
       directory + "/ca.pem",
       {"mv " + directory + "/ca.pem " + directory + "/ca.crt"}},
      {"a key without its certificate",
       "certificate-name",
       Patient::with("1.7.24", live_v2).put(directory + "/client.key", "x"),
       directory + "/client.key",
       {"client.cert"}},
      {"a .pem that hosts.toml names", "certificate-name",
       with(host + "ca = \"ca.pem\"\n").put(directory + "/ca.pem", certificate), ""},

      {"a year later",
       "certificate-expired",
       at_time(1830000000),
       file + ":3",
       {"corp-ca", "has expired on 2026-12-25", "ca.crt"}},
      {"a clock that is behind",
       "certificate-expired",
       at_time(1000000000),
       file + ":3",
       {"is valid only from 2026-11-25", "date -u"}},
      {"in its time", "certificate-expired", at_time(1796000000), ""},
  };
}

std::vector<State> credential_states() {
  const std::string header =
      "[host.\"https://m1:5000\".header]\nAuthorization = \"Basic " + base64_encode("u:p") + "\"\n";
  const std::string http =
      "server = \"https://harbor.corp\"\n[host.\"http://m1:5000\"]\n[host.\"http://m1:5000\".header]\nAuthorization = "
      "\"Basic " +
      base64_encode("u:p") + "\"\n";
  const auto auth = [](const std::string& name, const std::string& keys) {
    return Patient::with(
        "1.7.24", live_v2 + "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"" + name + "\".auth]\n" + keys);
  };
  const std::string config = "/etc/containerd/config.toml";
  const auto closed = [&] {
    auto patient = with(host);
    patient.put(file, host + header, 0600);
    return patient;
  }();
  const std::string hub_header =
      "[host.\"https://quay.io\"]\n[host.\"https://quay.io\".header]\nAuthorization = \"Basic " + base64_encode("u:p") +
      "\"\n";
  const auto ghcr = [&](const std::string& url, const std::string& value) {
    const auto table = "[host.\"" + url + "\"]\n";
    return with("server = \"https://harbor.corp\"\n" + table +
                (value.empty() ? "" : "[host.\"" + url + "\".header]\nAuthorization = \"" + value + "\"\n"));
  };
  const auto wrong = [&](const std::string& value) {
    return with(host + "[host.\"https://m1:5000\".header]\nAuthorization = \"" + value + "\"\n");
  };
  return {
      {"a header in a file of mode 0644",
       "credentials-open-to-all",
       with(host + header),
       file + ":4",
       {"mode 0644", "chmod 600"},
       Severity::warning},
      {"auth in a config.toml of mode 0644",
       "credentials-open-to-all",
       auth("harbor.corp", "username = \"u\"\npassword = \"p\"\n"),
       config + ":4",
       {"the credentials of harbor.corp"},
       Severity::warning},
      {"a header in a file of mode 0600", "credentials-open-to-all", closed, ""},
      {"another header", "credentials-open-to-all",
       with(host + "[host.\"https://m1:5000\".header]\nX-Team = \"infra\"\n"), ""},

      {"a header for an http mirror",
       "credentials-over-http",
       with(http),
       file + ":4",
       {"in clear"},
       Severity::warning},
      {"a header for an https mirror", "credentials-over-http", with(host + header), ""},

      {"a mirror with credentials",
       "pull-secret-for-all",
       with(host + header),
       file + ":4",
       {"every endpoint that asks", "https://m1:5000/v2 and https://harbor.corp/v2"},
       Severity::note},
      {"a mirror without", "pull-secret-for-all", with(host), ""},

      {"docker.io",
       "credentials-under-docker-io",
       auth("docker.io", "username = \"u\"\npassword = \"p\"\n"),
       config + ":4",
       {"registry-1.docker.io", "anonymous"}},
      {"registry-1.docker.io", "credentials-under-docker-io",
       auth("registry-1.docker.io", "username = \"u\"\npassword = \"p\"\n"), ""},

      {"auth that is no base64",
       "credentials-no-use",
       auth("harbor.corp", "auth = \"u:p\"\n"),
       config + ":4",
       {"not base64"}},
      {"an empty table", "credentials-no-use", auth("harbor.corp", ""), config + ":4", {"asks without credentials"}},
      {"a masked value of saved facts", "credentials-no-use", auth("harbor.corp", "auth = \"<secret 3f9a1c>\"\n"), ""},
      {"auth in its form", "credentials-no-use", auth("harbor.corp", "auth = \"" + base64_encode("u:p") + "\"\n"), ""},

      {"a token for 12 hours",
       "ecr-password",
       auth("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "username = \"AWS\"\npassword = \"p\"\n"),
       config + ":4",
       {"12 hours", "credential provider"},
       Severity::warning},
      {"another registry", "ecr-password", auth("harbor.corp", "username = \"u\"\npassword = \"p\"\n"), ""},

      {"no scheme", "authorization-header", wrong(base64_encode("u:p")), file + ":4", {"has no scheme", "Basic"}},
      {"a line end in it",
       "authorization-header",
       wrong("Basic " + base64_encode("u:p\n")),
       file + ":4",
       {"echo without -n"}},
      {"a token service before 2.1",
       "authorization-header",
       with("server = \"https://harbor.corp\"\n" + hub_header),
       file + ":4",
       {"registry.configs.\"quay.io\".auth"},
       Severity::warning},
      {"a token service on 2.1", "authorization-header",
       Patient::with("2.1.9", live_v2).hosts("harbor.corp", "server = \"https://harbor.corp\"\n" + hub_header), ""},
      {"a masked value of saved facts", "authorization-header", wrong("<secret 3f9a1c>"), ""},

      {"Basic for GHCR",
       "basic-header-not-taken",
       ghcr("https://ghcr.io", "Basic " + base64_encode("u:p")),
       file + ":4",
       {"https://ghcr.io/v2 gets Basic", "Bearer TOKEN"}},
      {"Bearer for GHCR", "basic-header-not-taken", ghcr("https://ghcr.io", "Bearer " + base64_encode("p")), ""},
      {"Basic for Google", "basic-header-not-taken", ghcr("https://eu.gcr.io", "Basic " + base64_encode("u:p")), ""},

      {"GHCR behind a path",
       "two-repositories-refused",
       ghcr("https://ghcr.io/v2/org", ""),
       file + ":2",
       {"https://ghcr.io/v2/org/v2 has a path", "refuses a token", "Bearer QQ=="}},
      {"Google behind a path",
       "two-repositories-refused",
       ghcr("https://europe-docker.pkg.dev/v2/p/r", ""),
       file + ":2",
       {"Basic credentials"}},
      {"GHCR behind a path with a token", "two-repositories-refused", ghcr("https://ghcr.io/v2/org", "Bearer QQ=="),
       ""},
      {"GHCR without a path", "two-repositories-refused", ghcr("https://ghcr.io", ""), ""},
      {"a path at a registry that ignores the other repository", "two-repositories-refused",
       ghcr("https://quay.io/v2/org", ""), ""},
  };
}

}  // namespace

std::vector<State> certificate_states() {
  auto all = file_states();
  for (auto& state : credential_states()) all.push_back(std::move(state));
  return all;
}

}  // namespace rf::test
