// Runtimes, leftovers, the intent, and what endpoints answered.
#include "patient.h"

namespace rf::test {
namespace {

const std::string config = "/etc/containerd/config.toml";
const std::string file = "/etc/containerd/certs.d/docker.io/hosts.toml";

Patient mirrored(std::string version = "1.7.24") {
  return Patient::with(std::move(version), live_v2).hosts("docker.io", mirror_hosts);
}

std::vector<State> runtime_states() {
  Patient stopped;
  stopped.file(config, live_v2 + v2_table).file("/usr/bin/containerd");
  stopped.facts.versions["containerd"] = "containerd github.com/containerd/containerd 1.7.24";
  stopped.facts.services["containerd.service"] = {ActiveState::failed, EnabledState::enabled};
  Patient copy = stopped;
  copy.source = Subject::Source::copy;
  Patient dead = mirrored();
  dead.kubelet("unix:///run/other/containerd.sock");
  Patient crio = mirrored();
  crio.kubelet("unix:///var/run/crio/crio.sock");
  Patient docker;
  docker.process("k3s", {"k3s", "server", "--docker"}).file("/etc/rancher/k3s/registries.yaml", "mirrors:\n");
  Patient external = mirrored();
  external.process("k3s", {"k3s", "agent", "--container-runtime-endpoint=unix:///run/containerd/containerd.sock"})
      .file("/etc/rancher/k3s/registries.yaml", "mirrors:\n");
  Patient own;
  own.runs(k3s_runtime("k3s", "k3s.service"))
      .process("k3s", {"k3s", "server"})
      .file("/etc/rancher/k3s/registries.yaml", "mirrors:\n");
  Patient two;
  two.containerd("1.7.24", live_v2)
      .runs({.pid = 900,
             .version = "1.7.24",
             .config_file = "/srv/config.toml",
             .address = "/srv/containerd.sock",
             .unit = "other.service"});
  Patient chosen = two;
  chosen.kubelet("unix:///run/containerd/containerd.sock");
  Patient nameless = Patient::with("", live_v2);
  return {
      {"a service that failed, and why",
       "no-containerd-runs",
       stopped,
       config + ":4",
       {"containerd.service is failed", "duplicated tables"}},
      {"the kubelet's endpoint leads nowhere",
       "no-containerd-runs",
       dead,
       "-",
       {"no running containerd listens there"}},
      {"a copy of files", "no-containerd-runs", copy, ""},
      {"running one", "no-containerd-runs", mirrored(), ""},

      {"CRI-O", "other-runtime", crio, "-", {"CRI-O"}},
      {"K3s with --docker", "other-runtime", docker, "/etc/rancher/k3s/registries.yaml:1", {"--docker", "daemon.json"}},
      {"K3s with an endpoint of another containerd",
       "other-runtime",
       external,
       "/etc/rancher/k3s/registries.yaml:1",
       {"--container-runtime-endpoint"}},
      {"K3s with its own", "other-runtime", own, ""},

      {"two and no kubelet", "which-containerd", two, "-", {"--distribution"}},
      {"two and a kubelet", "which-containerd", chosen, ""},

      {"two and a kubelet", "several-containerds", chosen, config, {"pid 100", "/srv/containerd.sock"}, Severity::note},
      {"one", "several-containerds", mirrored(), ""},

      {"a version that is not told",
       "containerd-version-unknown",
       nameless,
       "-",
       {"--containerd-version"},
       Severity::warning},
      {"a version that is", "containerd-version-unknown", mirrored(), ""},

      {"a good hosts.toml on 1.7",
       "ctr-reads-no-config",
       mirrored(),
       file,
       {"ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d REF",
        "crictl -r unix:///run/containerd/containerd.sock pull", "--local=false"},
       Severity::note},
      {"a good hosts.toml on 2.1",
       "ctr-reads-no-config",
       mirrored("2.1.9"),
       file,
       {"its path is absolute"},
       Severity::note},
      {"one that is not read", "ctr-reads-no-config",
       Patient::with("1.7.24", "version = 2\n").hosts("docker.io", mirror_hosts), ""},
  };
}

ReceiptSummary receipt(ReceiptResult result, std::vector<ReceiptSummary::File> files = {}) {
  return {.sequence = 1,
          .id = "t1",
          .time = "2026-01-01T00:00:00Z",
          .result = result,
          .tool_version = "0.1.0",
          .reason = "apply",
          .files = std::move(files)};
}

std::vector<State> leftover_states() {
  Patient unfinished = mirrored();
  unfinished.facts.unfinished = {.id = "t1", .state = Unfinished::State::committing};
  Patient busy = unfinished;
  busy.facts.busy = "t1 (pid 7)";
  Patient stuck = mirrored();
  stuck.facts.receipts = {receipt(ReceiptResult::stuck)};
  Patient drifted = mirrored();
  drifted.facts.tree.put(file, {.content = mirror_hosts, .sha256 = "b", .mode = 0644});
  drifted.facts.receipts = {receipt(ReceiptResult::applied, {{file, "-", "a"}})};
  Patient same = drifted;
  same.facts.receipts = {receipt(ReceiptResult::applied, {{file, "-", "b"}})};
  const std::string spegel_hosts =
      "[host.'http://10.0.0.1:30020']\ncapabilities = ['pull', 'resolve']\ndial_timeout = '200ms'\n";
  Patient spegel = mirrored();
  spegel.hosts("_default", spegel_hosts).put("/etc/containerd/certs.d/_backup/ghcr.io/hosts.toml", mirror_hosts);
  Patient overwritten = Patient::with("1.7.24", live_v2).hosts("docker.io", spegel_hosts);
  overwritten.put("/etc/containerd/certs.d/_backup/docker.io/hosts.toml", mirror_hosts);
  Patient kept = overwritten;
  kept.hosts("docker.io", spegel_hosts + "[host.'https://m1:5000']\ndial_timeout = '200ms'\n");
  Patient alone =
      Patient::with("1.7.24", live_v2).hosts("_default", spegel_hosts).directory("/etc/containerd/certs.d/_backup");
  Patient daemon = mirrored();
  daemon.put("/etc/docker/daemon.json", "{\n  \"registry-mirrors\": [\"http://m1:5000\"]\n}\n");
  return {
      {"power was lost",
       "transaction-unfinished",
       unfinished,
       "/var/lib/regfallback/active",
       {"t1 committing", "regfallback rollback"}},
      {"one that is stuck",
       "transaction-unfinished",
       stuck,
       "/var/lib/regfallback/history",
       {"stuck", "rollback --list"}},
      {"one that is under way", "transaction-unfinished", busy, ""},

      {"a file that was edited",
       "managed-file-changed",
       drifted,
       file,
       {"was changed", "regfallback plan"},
       Severity::warning},
      {"a file as it was left", "managed-file-changed", same, ""},

      {"Spegel beside another file",
       "spegel-beside",
       spegel,
       file,
       {"docker.io is not its own", "ghcr.io (https://m1:5000)", "additionalMirrorTargets"},
       Severity::warning},
      {"Spegel's own file in place of the user's",
       "spegel-beside",
       overwritten,
       "/etc/containerd/certs.d/_backup",
       {"docker.io (https://m1:5000)", "in _backup"},
       Severity::warning},
      {"Spegel's file with the user's mirror", "spegel-beside", kept, "/etc/containerd/certs.d", {}, Severity::note},
      {"Spegel alone", "spegel-beside", alone, "/etc/containerd/certs.d", {}, Severity::note},
      {"no Spegel", "spegel-beside", mirrored(), ""},

      {"a file of K3s on plain containerd",
       "generated-by-another-program",
       mirrored().put(file, "# File generated by k3s. DO NOT EDIT.\n" + mirror_hosts),
       file + ":1",
       {"k3s generated it"},
       Severity::note},
      {"a file of nobody", "generated-by-another-program", mirrored(), ""},

      {"mirrors of Docker",
       "daemon-json-is-dockers",
       daemon,
       "/etc/docker/daemon.json:2",
       {"http://m1:5000", "regfallback apply"},
       Severity::note},
      {"no mirrors there", "daemon-json-is-dockers",
       mirrored().put("/etc/docker/daemon.json", "{\"log-driver\": \"json-file\"}"), ""},
  };
}

Intent intent_of(const std::string& endpoint) {
  auto parsed = parse_intent({.file = "/w/regfallback.yaml",
                              .text = "version: 1\nregistries:\n  docker.io:\n    mirrors: [\"" + endpoint + "\"]\n"});
  if (!parsed.ok()) FAIL(to_string(parsed.problems.front()));
  return parsed.intent;
}

std::vector<State> declared_states() {
  Patient different = mirrored();
  different.intent = intent_of("https://m2:5000");
  Patient same = mirrored();
  same.intent = intent_of("https://m1:5000");
  Patient refused = different;
  refused.refusal = Error{.kind = ErrorKind::refused,
                          .message = "config.toml has mirrors",
                          .hint = "regfallback migrate",
                          .where = Location{config, 4, 1}};
  Patient warned = same;
  warned.warnings = {"also managed by Spegel"};
  return {
      {"another mirror",
       "not-as-declared",
       different,
       "/w/regfallback.yaml:3",
       {"https://m2:5000/v2, https://registry-1.docker.io/v2", "regfallback apply"},
       Severity::warning},
      {"as declared", "not-as-declared", same, ""},

      {"something in the way",
       "cannot-be-applied",
       refused,
       config + ":4",
       {"config.toml has mirrors", "regfallback migrate"},
       Severity::warning},
      {"nothing in the way", "cannot-be-applied", same, ""},

      {"a plan with a remark", "plan-warns", warned, "/w/regfallback.yaml", {"also managed by Spegel"}, Severity::note},
      {"a plan without", "plan-warns", same, ""},
  };
}

Patient answered(Answer answer, std::string detail = "", std::string version = "1.7.24") {
  auto patient = mirrored(std::move(version));
  ChainEndpoint endpoint;
  endpoint.scheme = "https";
  endpoint.host = "m1:5000";
  endpoint.path = "/v2";
  endpoint.source = Location{file, 3, 0};
  patient.answers = {{"docker.io", endpoint, answer, 0, std::move(detail)}};
  return patient;
}

std::vector<State> answer_states() {
  return {
      {"silence on 1.7",
       "endpoint-silent",
       answered(Answer::timeout),
       file + ":3",
       {"cancels the pull after 5 minutes", "30 s"}},
      {"silence on 2.3",
       "endpoint-silent",
       answered(Answer::timeout, "", "2.3.4"),
       file + ":3",
       {"tries the next endpoint after 30 s"}},
      {"an answer", "endpoint-silent", answered(Answer::serves), ""},

      {"plain http behind https",
       "endpoint-speaks-http",
       answered(Answer::plain_http),
       file + ":3",
       {"docker.io: https://m1:5000/v2: it speaks plain http", "write http://m1:5000",
        "skip_verify does not change that"}},
      {"a certificate of somebody else", "endpoint-speaks-http", answered(Answer::tls, "self-signed certificate"), ""},

      {"nothing listens there",
       "endpoint-does-not-serve",
       answered(Answer::refused, "Connection refused"),
       file + ":3",
       {"docker.io: https://m1:5000/v2: connection refused", "tries the next endpoint"},
       Severity::warning},
      {"nothing on the node could ask",
       "endpoint-does-not-serve",
       answered(Answer::not_asked, "no client on the node"),
       file + ":3",
       {"no client on the node", "its answer is unknown"},
       Severity::warning},
      {"it asks for credentials", "endpoint-does-not-serve", answered(Answer::unauthorized), ""},
  };
}

}  // namespace

std::vector<State> node_states() {
  std::vector<State> all;
  for (const auto part : {runtime_states, leftover_states, declared_states, answer_states})
    for (auto& state : part()) all.push_back(std::move(state));
  return all;
}

}  // namespace rf::test
