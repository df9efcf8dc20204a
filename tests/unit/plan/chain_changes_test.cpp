// What a plan says of every registry whose chain changes, the ones nobody declared included.
#include <set>

#include "containerd/chain/hosts_dir.h"
#include "node/managed.h"
#include "plan/config_path.h"
#include "plan_builder.h"

using namespace rf;
using test::change_of;
using test::live_1_7;
using test::mentions;
using test::Planned;

namespace {

constexpr auto plain_1_7 = "version = 2\n";
constexpr auto docker_mirror = "  docker.io: { mirrors: [\"http://anubis:32000\"] }";
constexpr auto two_registries =
    "  docker.io: { mirrors: [\"http://anubis:32000\"] }\n  ghcr.io: { mirrors: [\"http://anubis:32000\"] }";
constexpr auto old_mirror =
    "server = \"https://quay.io\"\n[host.\"http://old:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n";

using Standing = ChainChange::Standing;

const ChainChange* chain_change_of(const Plan& plan, std::string_view registry) {
  for (const auto& change : plan.chain_changes)
    if (change.registry == registry) return &change;
  return nullptr;
}
std::vector<std::string> asked(const Chain& chain) {
  std::vector<std::string> urls;
  for (const auto& endpoint : chain.endpoints) urls.push_back(endpoint.url());
  return urls;
}
using Urls = std::vector<std::string>;

// Every registry either side knows, resolved on both.
std::set<std::string> changed_by_brute_force(const Planned& node, const Plan& plan) {
  const auto detection = node.detection();
  const auto after = project(plan, node.facts.tree);
  const auto config = effective_config(after, config_source(detection), detection.containerd);
  std::set<std::string> names{"*"};
  for (const auto& registry : node.intent.registries) names.insert(registry.name);
  for (auto& name : configured_registries(node.facts.tree, detection.config)) names.insert(name);
  for (auto& name : configured_registries(after, config)) names.insert(name);
  std::set<std::string> changed;
  for (const auto& name : names) {
    const auto asked_for = name == "*" ? std::string(unnamed_registry) : name;
    if (!chain_difference(resolve_chain(node.facts.tree, detection.config, asked_for),
                          resolve_chain(after, config, asked_for))
             .empty())
      changed.insert(name);
  }
  return changed;
}
std::set<std::string> changed_by(const Plan& plan) {
  std::set<std::string> names;
  for (const auto& change : plan.chain_changes) names.insert(change.registry);
  return names;
}

}  // namespace

TEST_CASE("a dormant directory that a new config_path makes live is shown, with its chain now and afterwards") {
  auto node = Planned(docker_mirror).on("1.7.24", plain_1_7);
  node.file("/etc/containerd/certs.d/quay.io/hosts.toml", old_mirror);
  const auto plan = node.plan();
  const auto* change = chain_change_of(plan, "quay.io");
  REQUIRE(change != nullptr);
  CHECK(change->standing == Standing::others);
  CHECK(asked(change->before) == Urls{"https://quay.io/v2"});
  CHECK(asked(change->after) == Urls{"http://old:5000/v2", "https://quay.io/v2"});
  const auto* declared = chain_change_of(plan, "docker.io");
  REQUIRE(declared != nullptr);
  CHECK(declared->standing == Standing::declared);
  CHECK(counts_of(plan).undeclared == 1);
  CHECK(changed_by(plan) == changed_by_brute_force(node, plan));
}

TEST_CASE("a dormant _default changes every other registry, last in the list") {
  auto node = Planned(docker_mirror).on("1.7.24", plain_1_7);
  node.file("/etc/containerd/certs.d/_default/hosts.toml", "[host.\"http://all:5000\"]\n");
  const auto plan = node.plan();
  REQUIRE(chain_change_of(plan, "*") != nullptr);
  CHECK(plan.chain_changes.back().registry == "*");
  CHECK(plan.chain_changes.back().standing == Standing::others);
  CHECK(asked(plan.chain_changes.back().after).front() == "http://all:5000/v2");
  CHECK(changed_by(plan) == changed_by_brute_force(node, plan));
}

TEST_CASE("a registry that an intent file does not name any more is a removal that is counted") {
  auto node = Planned(two_registries).on("1.7.24", live_1_7);
  node.apply(node.plan());
  node.intent = test::intent_of(docker_mirror);
  const auto plan = node.plan();
  CHECK(plan.dropped == std::vector<std::string>{"ghcr.io"});
  const auto counts = counts_of(plan);
  CHECK(counts.removed == 1);
  CHECK(counts.written == 0);
  CHECK(counts.dropped == 1);
  CHECK(counts.undeclared == 0);
  const auto* change = chain_change_of(plan, "ghcr.io");
  REQUIRE(change != nullptr);
  CHECK(change->standing == Standing::dropped);
  CHECK(asked(change->after) == Urls{"https://ghcr.io/v2"});
  CHECK(chain_change_of(plan, "docker.io") == nullptr);
  CHECK(changed_by(plan) == changed_by_brute_force(node, plan));
}

TEST_CASE("flags add: what is managed and not named by them stays, and is told") {
  auto node = Planned(two_registries).on("1.7.24", live_1_7);
  node.apply(node.plan());
  node.intent = test::intent_of("  quay.io: { mirrors: [\"http://anubis:32000\"] }");
  node.options.undeclared = PlanOptions::Undeclared::keep;
  const auto plan = node.plan();
  CHECK(plan.dropped.empty());
  CHECK(counts_of(plan).removed == 0);
  CHECK(mentions(plan.notes, "also managed here, and kept: docker.io, ghcr.io"));
  CHECK(changed_by(plan) == std::set<std::string>{"quay.io"});
}

TEST_CASE("what `kind registry` set up stays whatever a file names, until the file names it") {
  auto node =
      Planned("  localhost:5001: { mirrors: [\"http://kind-registry:5000\"], upstream: none }").on("1.7.24", live_1_7);
  node.apply(node.plan());
  node.facts.receipts.back().reason = kind_registry_reason;
  node.intent = test::intent_of(docker_mirror);
  const auto plan = node.plan();
  CHECK(plan.dropped.empty());
  CHECK(mentions(plan.notes, "kept: localhost:5001"));
  node.intent = test::intent_of("  localhost:5001: { mirrors: [\"http://other:5000\"] }");
  node.apply(node.plan());
  node.intent = test::intent_of(docker_mirror);
  CHECK(node.plan().dropped == std::vector<std::string>{"localhost:5001"});
}

TEST_CASE("a flag that replaces what is managed with less says what gets lost") {
  auto node = Planned(docker_mirror, "  anubis:32000: { dial_timeout: 2s }").on("2.1.9", test::live_2);
  node.apply(node.plan());
  node.intent = test::intent_of(docker_mirror);
  CHECK_FALSE(mentions(node.plan().warnings, "dial_timeout"));  // a file is the whole
  node.options.undeclared = PlanOptions::Undeclared::keep;
  const auto plan = node.plan();
  CHECK(mentions(plan.warnings, "sets dial_timeout for anubis:32000"));
  REQUIRE(plan.chain_changes.size() == 1);
  CHECK(setting_difference(plan.chain_changes[0].before, plan.chain_changes[0].after) ==
        "http://anubis:32000/v2: - dial timeout 2s");
}

TEST_CASE("registries whose files stay as they are do not change, and a plan without changes has none") {
  auto node = Planned(docker_mirror).on("1.7.24", live_1_7);
  for (const auto* name : {"a.io", "b.io", "c_5000_", "_default"})
    node.file(std::string("/etc/containerd/certs.d/") + name + "/hosts.toml", old_mirror);
  const auto plan = node.plan();
  CHECK(changed_by(plan) == std::set<std::string>{"docker.io"});
  CHECK(changed_by(plan) == changed_by_brute_force(node, plan));
  node.apply(plan);
  CHECK(node.plan().chain_changes.empty());
}

TEST_CASE("a directory that is a link is looked at where it leads") {
  auto node = Planned("  quay.io: { mirrors: [\"http://new:5000\"] }").on("1.7.24", live_1_7);
  node.file("/srv/quay/hosts.toml", old_mirror);
  node.facts.tree.put_symlink("/etc/containerd/certs.d/quay.io", "/srv/quay");
  node.facts.tree.put_symlink("/etc/containerd/certs.d/also.quay", "/srv/quay");
  const auto plan = node.plan();
  CHECK(changed_by(plan) == std::set<std::string>{"also.quay", "quay.io"});
  CHECK(changed_by(plan) == changed_by_brute_force(node, plan));
}

TEST_CASE("counts of several plans: files are added up, a registry counts once") {
  auto node = Planned(docker_mirror).on("1.7.24", plain_1_7);
  node.file("/etc/containerd/certs.d/quay.io/hosts.toml", old_mirror);
  const auto one = node.plan();
  const auto up_to_date = Plan{};
  const std::vector<const Plan*> plans{&one, &one, &up_to_date};
  CHECK(counts_of(plans) ==
        PlanCounts{.nodes = 2, .written = 4, .removed = 0, .dropped = 0, .undeclared = 1, .restarts = 2});
}
