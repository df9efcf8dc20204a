// What earlier changes, and other programs that write registry configuration, left on the node.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"
#include "node/managed.h"

namespace rf {
namespace {

void look_for_unfinished(const View& view, Findings& found) {
  const auto& facts = view.facts();
  if (facts.unfinished && facts.busy.empty())
    found.add(
        {.cause = fmt::format("the transaction {} is unfinished", to_string(*facts.unfinished)),
         .where = Location{"/var/lib/regfallback/active", 0, 0},
         .effect =
             "some of its files may be in their new state and others in their old one; the node restores the old state "
             "when it boots",
         .fix = "regfallback rollback restores the old state; regfallback apply does so first and then continues"});
  const auto receipts = newest_first(facts);
  if (receipts.empty() || receipts.front().result != ReceiptResult::stuck) return;
  found.add({.cause = fmt::format("the last transaction, {} of {}, is stuck: {}", receipts.front().id,
                                  receipts.front().time, receipts.front().reason),
             .where = Location{"/var/lib/regfallback/history", 0, 0},
             .effect = "neither the new nor the old state is complete",
             .fix = "regfallback rollback --list shows the states to go back to; then regfallback rollback --undo ID"});
}

void look_for_drift(const View& view, Findings& found) {
  for (const auto& file : managed_files(view.facts())) {
    if (!file.drifted()) continue;
    const auto what = file.found == "-" ? "is gone" : file.expected == "-" ? "exists again" : "was changed";
    found.add(
        {.cause = fmt::format("{} {} since regfallback left it", file.path, what),
         .where = Location{file.path, 0, 0},
         .effect =
             fmt::format("{} uses the file as it is", view.subject().detection != nullptr ? view.who() : "containerd"),
         .fix =
             "regfallback plan shows the difference; regfallback apply restores the declared state, or copy the change "
             "to the intent file"});
  }
}

bool by_spegel(const View& view) {
  const auto& managers = view.detection().managers;
  return std::any_of(managers.begin(), managers.end(),
                     [](const Manager& manager) { return manager.kind == Manager::Kind::spegel; });
}

// What the user's own file named for a registry before Spegel moved it, and no file names now.
std::vector<std::string> lost_hosts(const View& view, const std::string& name) {
  const auto& root = view.detection().hosts_dir;
  const auto before =
      load_host_directory(view.tree(), join_path(join_path(root, spegel_backup), name), view.containerd());
  const auto now = load_host_directory(view.tree(), join_path(root, name), view.containerd());
  std::vector<std::string> lost;
  if (before.file.empty()) return lost;
  for (auto entry = before.entries.begin(); entry + 1 < before.entries.end(); ++entry)
    if (std::none_of(now.entries.begin(), now.entries.end(),
                     [&](const HostEntry& other) { return other.host == entry->host; }))
      lost.push_back(fmt::format("{}://{}", entry->scheme, entry->host));
  return lost;
}

void look_for_spegel(const View& view, Findings& found) {
  if (!by_spegel(view)) return;
  const auto& root = view.detection().hosts_dir;
  const auto& tree = view.tree();
  std::vector<std::string> theirs, others, lost;
  for (const auto& directory : view.directories()) {
    const auto text = tree.read(directory.path + "/hosts.toml").value_or("");
    const bool spegel = text.find("dial_timeout = '200ms'") != text.npos || text.find("[host.'http://") != text.npos;
    (spegel ? theirs : others).push_back(directory.path);
  }
  for (const auto& name : tree.list(join_path(root, spegel_backup)))
    if (auto hosts = lost_hosts(view, name); !hosts.empty())
      lost.push_back(fmt::format("{} ({})", registry_of_directory(name), listed(hosts)));
  const bool harm = !others.empty() || !lost.empty();
  const auto first = !others.empty() ? others.front() + "/hosts.toml" : join_path(root, spegel_backup);
  Finding finding{
      .cause = fmt::format(
          "Spegel writes {} too{}{}", root,
          others.empty() ? "" : fmt::format("; {} {} not its own", listed(others), others.size() == 1 ? "is" : "are"),
          lost.empty() ? ""
                       : fmt::format("; the files that were there for {} before are in _backup and have no effect",
                                     listed(lost))),
      .where = Location{harm ? first : root, 0, 0},
      .effect = fmt::format(
          "at every start of its pod Spegel deletes everything in the directory except _backup and writes its own "
          "files; {} then has only those",
          view.who()),
      .fix =
          "in Spegel's chart set additionalMirrorTargets to the other mirrors, or prependExisting = true with the "
          "registries named; or set containerdMirrorAdd = false, and let regfallback write all files"};
  found.add(harm ? Severity::warning : Severity::note, std::move(finding));
}

// Files with the header of a program that generates them, in the directory of another.
void look_for_generated(const View& view, Findings& found) {
  for (const auto& manager : view.detection().managers) {
    if (manager.kind != Manager::Kind::generator) continue;
    const auto& program = manager.program;
    const bool runs = view.facts().processes.contains(program);
    const auto header = generated_header(program);
    for (const auto& directory : view.directories()) {
      const auto file = directory.path + "/hosts.toml";
      if (!view.tree().read(file).value_or("").starts_with(header)) continue;
      found.add(
          runs ? Severity::warning : Severity::note,
          {.cause = fmt::format("{} says that {} generated it, and this is the directory of {}", file, program,
                                view.detection().profile.title),
           .where = Location{file, 1, 0},
           .effect = runs ? fmt::format("{} deletes and rewrites such files at every start; {} uses what is there",
                                        program, view.who())
                          : fmt::format("{} uses the file; nothing updates it any more", view.who()),
           .fix = runs ? "let only one of the two write the directory: give one of them another config_path"
                       : "replace it with an intent file and regfallback apply, or remove the line that says so"});
    }
  }
}

void look_at_daemon_json(const View& view, Findings& found) {
  const std::string file = "/etc/docker/daemon.json";
  const auto text = view.facts().tree.read(file);
  if (!text || view.era().always_read) return;
  const auto parsed = parse_yaml(*text, file);  // JSON is YAML
  if (!parsed) return;
  for (const std::string_view key : {"registry-mirrors", "insecure-registries"}) {
    const auto* list = (*parsed)->get(key);
    if (list == nullptr || list->items.empty()) continue;
    std::vector<std::string> values;
    for (const auto& item : list->items) values.push_back(item->text);
    found.add(
        {.cause = fmt::format("{} of Docker sets {}", key, listed(values)),
         .where = Location{file, yaml_key_line(parsed->get(), {std::string(key)}), 0},
         .effect = fmt::format("only dockerd uses it; pods get their images through {}, which does not read the file",
                               view.who()),
         .fix = fmt::format(
             "none is needed if it is meant for `docker pull`; for pods, declare the same in the intent file ({}) and "
             "run regfallback apply",
             key == "registry-mirrors" ? "registries: docker.io: mirrors"
                                       : "http:// in the URL, or insecure_skip_verify under endpoints")});
  }
}

const std::array leftovers{
    Rule{.id = "transaction-unfinished",
         .severity = Severity::error,
         .needs = Rule::Needs::facts,
         .by_hand = ByHand::choice,
         .look = look_for_unfinished},
    Rule{.id = "managed-file-changed",
         .severity = Severity::warning,
         .needs = Rule::Needs::facts,
         .by_hand = ByHand::choice,
         .look = look_for_drift},
    Rule{.id = "spegel-beside", .severity = Severity::warning, .by_hand = ByHand::elsewhere, .look = look_for_spegel},
    Rule{.id = "generated-by-another-program",
         .severity = Severity::warning,
         .by_hand = ByHand::choice,
         .look = look_for_generated},
    Rule{.id = "daemon-json-is-dockers",
         .severity = Severity::note,
         .by_hand = ByHand::nothing,
         .look = look_at_daemon_json},
};

}  // namespace

std::span<const Rule> leftover_rules() { return leftovers; }

}  // namespace rf
