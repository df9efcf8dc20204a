// Plans of built nodes: an intent in a line or two, an ordinary node, and the plan that follows.
#pragma once
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

#include "../node/node_builder.h"
#include "plan/plan.h"

namespace rf::test {

inline constexpr auto live_1_7 =
    "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n";
inline constexpr auto live_2 =
    "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d'\n";

// One mirror of Docker Hub, and the file it is written to.
inline constexpr auto hub_by_anubis = "  docker.io: { mirrors: [http://anubis:32000] }\n";
inline constexpr auto docker_hosts = "/etc/containerd/certs.d/docker.io/hosts.toml";

inline constexpr auto ca_pem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdTCCARugAwIBAgIUbxDAApYpg5eRz61krA2qd19KDPowCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjEwNzU5MjRaGA8yMTI2MTAyODA3NTky\n"
    "NFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLtW\n"
    "jI9f9uNglWGoT/wZmKcNMJSd24QZZ1ZS/uCF/R36OyMZAI/hOP+aBfY5IQzyNRhh\n"
    "tthCf2cYcUIeFOhNgKSjUzBRMB0GA1UdDgQWBBSJBH9M9i1g1hPeAF1SI8dvDO+U\n"
    "SjAfBgNVHSMEGDAWgBSJBH9M9i1g1hPeAF1SI8dvDO+USjAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0gAMEUCIBO5kOuGL3SeZplWncuhpjjsfdx8sIQuRlox\n"
    "DuckdtcAAiEAssanpN9j6hGxV0XxlGqAyU4Y0QHtSnu+x1HXAVgjodM=\n"
    "-----END CERTIFICATE-----\n";

// The body of `registries:`, and of `endpoints:`.
inline Intent intent_of(const std::string& registries, const std::string& endpoints = "") {
  const auto parsed = parse_intent(
      {.file = "f",
       .text = "version: 1\nregistries:\n" + registries + (endpoints.empty() ? "" : "\nendpoints:\n" + endpoints)});
  for (const auto& problem : parsed.problems) FAIL(to_string(problem));
  return parsed.intent;
}

struct Planned : Node {
  Intent intent;
  ResolvedEndpoints resolved;
  PlanOptions options;

  explicit Planned(const std::string& registries, const std::string& endpoints = "")
      : intent(intent_of(registries, endpoints)) {}

  Planned& on(std::string version, std::string config) {
    containerd(std::move(version), std::move(config));
    return *this;
  }
  Result<Plan> result() const { return make_plan(intent, resolved, facts, detection(), options); }
  Plan plan() const {
    auto made = result();
    if (!made) FAIL(to_string(made.error()));
    return *made;
  }
  Error refused() const {
    auto made = result();
    if (made) FAIL("a plan of " << made->files.size() << " files was made");
    return made.error();
  }
  // The node after the plan was carried out, with its receipt.
  void apply(const Plan& plan) {
    ReceiptSummary receipt{.sequence = static_cast<int>(facts.receipts.size()) + 1,
                           .id = "t",
                           .time = {},
                           .result = ReceiptResult::applied,
                           .tool_version = {},
                           .reason = {},
                           .files = {}};
    for (const auto& change : plan.files) {
      const bool gone = change.op == FileChange::Op::remove;
      if (!gone && change.op != FileChange::Op::create && change.op != FileChange::Op::replace) continue;
      receipt.files.push_back({.path = change.path, .before = change.before_sha256, .after = gone ? "-" : "sum"});
    }
    facts.tree = project(plan, facts.tree);
    facts.receipts.push_back(std::move(receipt));
  }
};

inline const FileChange* change_of(const Plan& plan, std::string_view path) {
  for (const auto& change : plan.files)
    if (change.path == path) return &change;
  return nullptr;
}
inline std::string text_of(const Plan& plan, std::string_view path) {
  const auto* change = change_of(plan, path);
  if (change == nullptr) FAIL("no change of " << path);
  return std::string(change->after.expose());
}
inline bool mentions(const std::vector<std::string>& texts, std::string_view part) {
  for (const auto& text : texts)
    if (text.find(part) != text.npos) return true;
  return false;
}

}  // namespace rf::test
