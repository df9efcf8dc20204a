// A failed pull on a node: the endpoint, the line that sets it, the cause and the fix; and which node it is not about.
#include "diagnose/failing_pull.h"

#include "patient.h"

using namespace rf;
using namespace rf::test;
using Fit = PullDiagnosis::Fit;

namespace {

const std::string mirrored = "failed to pull and unpack image \"docker.io/library/nginx:1\": failed to resolve image: ";
const std::string hosts_file = "/etc/containerd/certs.d/docker.io/hosts.toml";

PullDiagnosis diagnosis_on(const Patient& patient, const std::string& text) {
  const auto failures = read_pull_messages(text);
  REQUIRE(failures);
  const auto detection = detect(patient.facts, built_in_profiles());
  REQUIRE(detection);
  const Subject subject{
      .facts = patient.facts, .detection = &*detection, .profiles = built_in_profiles(), .answers = patient.answers};
  return diagnose_pull(failures->front(), subject, diagnose(subject));
}

std::string asked_by_head(const std::string& host, const std::string& fault) {
  return mirrored + "failed to do request: Head \"https://" + host +
         "/v2/library/nginx/manifests/1?ns=docker.io\": " + fault;
}

Patient with_mirror() { return Patient::with("2.1.9", live_v3).hosts("docker.io", mirror_hosts); }

bool has_finding(const PullDiagnosis& diagnosis, std::string_view id) {
  for (const auto& finding : diagnosis.findings)
    if (finding.rule == id) return true;
  return false;
}

}  // namespace

TEST_CASE("an endpoint that a text names leads to its line and its fix") {
  const auto diagnosis =
      diagnosis_on(with_mirror(), asked_by_head("m1:5000", "http: server gave HTTP response to HTTPS client"));
  CHECK(diagnosis.fit == Fit::endpoint);
  CHECK(diagnosis.endpoint == "https://m1:5000/v2");
  REQUIRE(diagnosis.where);
  CHECK(diagnosis.where->file == hosts_file);
  CHECK(diagnosis.where->line == 3);
  CHECK(diagnosis.cause == "m1:5000 speaks plain http and is asked by https");
  CHECK(diagnosis.fix.find("with \"http://m1:5000\" on line 3") != std::string::npos);
  CHECK(diagnosis.rule == "endpoint-speaks-http");
}

TEST_CASE("a node that does not ask the endpoint is not the one") {
  const auto diagnosis = diagnosis_on(with_mirror(), asked_by_head("m2:5000", "EOF"));
  CHECK(diagnosis.fit == Fit::other);
  CHECK(diagnosis.cause == "containerd 2.1.9 does not ask m2:5000 for docker.io");
}

TEST_CASE("a text without an endpoint is about the chain of the image's registry") {
  const auto diagnosis = diagnosis_on(with_mirror(), mirrored + "docker.io/library/nginx:1: not found");
  CHECK(diagnosis.fit == Fit::registry);
  REQUIRE(diagnosis.chains.size() == 1);
  CHECK(diagnosis.chains.front().endpoints.size() == 2);
  CHECK(diagnosis.cause.find("could not be reached") != std::string::npos);
  CHECK(diagnosis.where->file == hosts_file);
}

TEST_CASE("the storage that blobs are redirected to is no sign of another node") {
  const auto diagnosis = diagnosis_on(
      with_mirror(), mirrored +
                         "failed to copy: httpReadSeeker: failed open: failed to do request: Get "
                         "\"https://storage.test/registry-v2/docker/data?sig=x\": dial tcp 10.0.0.1:443: i/o timeout");
  CHECK(diagnosis.fit == Fit::registry);
}

TEST_CASE("a log line without an image is looked for in every chain") {
  const auto diagnosis = diagnosis_on(
      with_mirror(), "level=info msg=\"trying next host after status: 503 Service Unavailable\" host=m1:5000");
  CHECK(diagnosis.fit == Fit::endpoint);
  CHECK(diagnosis.chains.front().registry == "docker.io");
  const auto elsewhere = diagnosis_on(
      with_mirror(), "level=info msg=\"trying next host after status: 503 Service Unavailable\" host=m2:5000");
  CHECK(elsewhere.fit == Fit::other);
}

TEST_CASE("findings about the files of the chain come with it, others do not") {
  auto patient = Patient::with("2.1.9", "version = 3\n");
  patient.hosts("docker.io", mirror_hosts).hosts("quay.io", "server = 5\n");
  const auto diagnosis =
      diagnosis_on(patient, asked_by_head("registry-1.docker.io", "dial tcp 10.0.0.1:443: i/o timeout"));
  CHECK(diagnosis.fit == Fit::endpoint);
  CHECK(diagnosis.cause.find("no file names it") != std::string::npos);
  CHECK(has_finding(diagnosis, "config-path-not-set"));
  for (const auto& finding : diagnosis.findings)
    CHECK((!finding.where || finding.where->file.find("quay.io") == std::string::npos ||
           finding.rule == "config-path-not-set"));
}

TEST_CASE("what the endpoint answers now is said beside it") {
  auto patient = with_mirror();
  ChainEndpoint endpoint;
  endpoint.scheme = "https";
  endpoint.host = "m1:5000";
  endpoint.path = "/v2";
  patient.answers.push_back(
      {.registry = "docker.io", .endpoint = endpoint, .answer = Answer::refused, .status = 0, .detail = ""});
  const auto diagnosis =
      diagnosis_on(patient, asked_by_head("m1:5000", "dial tcp 10.0.0.2:5000: connect: connection refused"));
  CHECK(diagnosis.now == std::vector<std::string>{"docker.io: https://m1:5000/v2: connection refused"});
}

TEST_CASE("a text names a node by its name, its first label or its host name") {
  Facts facts;
  facts.hostname = "ra.example.org";
  CHECK(names_node({.node = "ra"}, "10.0.0.3", facts));
  CHECK(names_node({.node = "babel"}, "babel", facts));
  CHECK(names_node({.node = "babel.lan"}, "babel", {}));
  CHECK_FALSE(names_node({.node = "babel"}, "ra", facts));
  CHECK_FALSE(names_node({}, "ra", facts));
}

TEST_CASE("every cause has a sentence, and a page that exists or none") {
  for (int i = 0; i <= static_cast<int>(PullCause::invalid_name); ++i) {
    const PullFailure failure{.cause = static_cast<PullCause>(i)};
    INFO(to_string(failure.cause));
    CHECK_FALSE(to_string(failure.cause).empty());
    CHECK_FALSE(pull_cause_text(failure).empty());
    const auto detection = detect(with_mirror().facts, built_in_profiles());
    const auto patient = with_mirror();
    const Subject subject{.facts = patient.facts, .detection = &*detection};
    const auto diagnosis = diagnose_pull(failure, subject, {});
    CHECK_FALSE(diagnosis.fix.empty());
    CHECK((diagnosis.rule.empty() || find_rule(diagnosis.rule) != nullptr));
  }
}
