// Any answer of a node, from the facts to the report: what runs there, what a plan would change, and what people are
// shown; never a crash. A plan that is made leaves nothing to plan, and no byte of the node reaches a terminal
// unescaped. The head holds lines of the facts; the tree's files are added to it with their checksums.
#include <fmt/format.h>

#include "base/embedded.h"
#include "input.h"
#include "node/after_start.h"
#include "node/facts.h"
#include "node/profile.h"
#include "plan/migrate/migrate.h"
#include "plan/plan.h"
#include "report/apply.h"
#include "report/detect.h"
#include "report/model.h"
#include "report/plan.h"
#include "report/status.h"

using namespace rf;
using fuzz::require;

namespace {

const std::vector<Profile>& profiles() {
  static const auto loaded = *load_profiles(embedded::profiles());
  return loaded;
}

const Intent& intent() {
  static const auto parsed = parse_intent(
      {.file = "f",
       .text = "version: 1\nregistries:\n  anubis:32000:\n    upstream: http://anubis:32000\n"
               "    fallback: [ghcr.io/your-org, docker.io]\n  docker.io:\n    mirrors: [\"http://anubis:32000\"]\n"});
  return parsed.intent;
}

// In the form of templates/node/facts.sh.
std::string facts_text(const fuzz::TreeInput& input) {
  std::string text = "facts 1\n" + input.head, sums = "sums\n", content;
  for (const auto& [path, entry] : input.tree.entries()) {
    if (entry.kind == FileEntry::Kind::symlink)
      text += fmt::format("link .{}\ntarget {}\n", path, entry.target);
    else
      text += fmt::format("inode {} 0 0 {} .{}\n", entry.kind == FileEntry::Kind::file ? "81a4" : "41ed",
                          entry.content.size(), path);
    if (entry.kind != FileEntry::Kind::file) continue;
    sums += fmt::format("{}  .{}\n", entry.sha256, path);
    content += entry.content;
  }
  return text + sums + ".\ncontent\n" + base64_encode(content) + "\n.\nend\n";
}

void require_safe(const std::string& text, const Value& value) {
  require(fuzz::is_safe_for_terminal(text));
  for (const char c : to_json(value)) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  require(to_yaml(value).find('\x1b') == std::string::npos);
}

void check_reports(const Facts& facts, const Result<Detection>& detection, const Result<Plan>* plan) {
  const TextStyle look{.width = 100};
  const std::vector<DetectRow> seen{{.node = "n",
                                     .error = detection ? std::nullopt : std::optional(detection.error()),
                                     .facts = &facts,
                                     .detection = detection ? &*detection : nullptr}};
  require_safe(detect_text(seen, look), detect_value(seen));
  const Plan* made = plan != nullptr && *plan ? &**plan : nullptr;
  const std::vector<StatusRow> status{{.node = "n", .error = {}, .facts = &facts, .plan = made}};
  require_safe(status_text(status, look) + receipts_text(status, look), status_value(status));
  if (plan == nullptr) return;
  const std::vector<PlanRow> planned{
      {.node = "n", .error = *plan ? std::nullopt : std::optional(plan->error()), .plan = made}};
  require_safe(plan_text(planned, look), plan_value(planned));
  if (detection) (void)configured_chains(facts, *detection);
}

// Planned again on the node as it is after the plan and its distribution's next start.
void check_plan(const Facts& facts, const Detection& detection, const Plan& plan) {
  for (const auto& change : plan.files)
    require(change.path.starts_with('/') && normal_path(change.path) == change.path && change.path != "/");
  const auto started = tree_after_start(project(plan, facts.tree), facts, detection);
  if (!started) return;
  auto after = facts;
  after.tree = *started;
  const auto again = detect(after, profiles());
  if (!again || again->profile.name != detection.profile.name) return;
  const auto second = make_plan(intent(), {}, after, *again);
  require(second.ok() && second->files.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16384) return 0;
  const auto facts = parse_facts(facts_text(fuzz::tree_input(fuzz::text_of(data, size))));
  if (!facts) return 0;
  const auto detection = detect(*facts, profiles());
  if (!detection) {
    check_reports(*facts, detection, nullptr);
    return 0;
  }
  const auto plan = make_plan(intent(), {}, *facts, *detection);
  check_reports(*facts, detection, &plan);
  if (plan) check_plan(*facts, *detection, *plan);
  (void)plan_migration(*facts, *detection, {}, RestartPolicy::automatic);
  return 0;
}
