// Which containerd is the kubelet's, and what does not go through it.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

bool undetected(const View& view, ErrorKind kind) {
  return view.subject().undetected && view.subject().undetected->kind == kind;
}

// The runtime that the kubelet uses, where that is why no containerd was detected.
std::optional<OtherRuntime> other_runtime_of(const View& view) {
  return undetected(view, ErrorKind::unsupported) ? other_runtime(view.facts(), view.subject().profiles) : std::nullopt;
}

// A distribution that carries its own containerd and was started with another runtime.
struct OtherFlag {
  std::string program;
  std::string flag;             // "--docker"
  std::string registries_file;  // that is not read then; "" where there is none
};
std::optional<OtherFlag> told_otherwise(const Facts& facts) {
  for (const auto& [program, argv] : facts.processes) {
    const auto directory = "/etc/rancher/" + program;
    OtherFlag other{.program = program, .flag = {}, .registries_file = directory + "/registries.yaml"};
    if (!facts.tree.exists(directory)) continue;
    for (const auto& word : argv)
      if (word == "--docker" || word.starts_with("--container-runtime-endpoint"))
        other.flag = word.substr(0, word.find('='));
    if (const auto text = facts.tree.read(directory + "/config.yaml"); text && other.flag.empty())
      if (const auto config = parse_yaml(*text, directory + "/config.yaml"))
        for (const std::string_view key : {"docker", "container-runtime-endpoint"})
          if (const auto* value = (*config)->get(key); value != nullptr && value->text != "false") other.flag = key;
    if (!facts.tree.exists(other.registries_file)) other.registries_file.clear();
    if (!other.flag.empty()) return other;
  }
  return std::nullopt;
}

void look_for_other_runtime(const View& view, Findings& found) {
  if (const auto other = told_otherwise(view.facts()); other && !other->registries_file.empty())
    found.add(
        {.cause = fmt::format("{} exists, but {} runs with {}", other->registries_file, other->program, other->flag),
         .where = Location{other->registries_file, 1, 0},
         .effect = fmt::format(
             "{} uses another runtime and does not render the file for it: its mirrors and credentials have no effect",
             other->program),
         .fix =
             other->flag.find("docker") != std::string::npos
                 ? "declare mirrors of Docker Hub as registry-mirrors in /etc/docker/daemon.json; or start it without "
                   "that flag, and the file is used again"
                 : "configure the containerd of that endpoint (regfallback apply does); or start it without that flag, "
                   "and the file is used again"});
  const auto used = other_runtime_of(view);
  if (!used || used->told != OtherRuntime::Told::by_endpoint) return;
  found.add({.cause = view.subject().undetected->message,
             .effect = "hosts.toml files and config.toml of containerd have no effect on pods on this node",
             .fix = view.subject().undetected->hint});
}

void look_for_no_runtime(const View& view, Findings& found) {
  const auto& error = view.subject().undetected;
  const bool running = view.subject().detection != nullptr && view.detection().runtime.pid != 0;
  if (view.is_copy() || running) return;
  std::string state;
  for (const auto& [unit, service] : view.facts().services)
    if (service.active != ActiveState::unknown && service.active != ActiveState::active)
      state += fmt::format("; {} is {}", unit, to_string(service.active));
  if (view.subject().detection != nullptr) {
    const auto& config = view.config();
    Finding finding{.cause = fmt::format("no containerd runs on this node, which appears to be {}{}",
                                         view.detection().profile.title, state),
                    .effect = "no pod starts and no image is pulled",
                    .fix = fmt::format("journalctl shows why it ended; then {}", view.restart())};
    if (config.load_error) {
      finding.where = config.load_error->where;
      finding.cause += fmt::format("; it does not start with its configuration: {}", config.load_error->message);
    }
    return found.add(std::move(finding));
  }
  const auto used = other_runtime_of(view);
  if (error->kind == ErrorKind::unsupported && !used)
    found.add({.cause = error->message + state,
               .effect = "the registries of this node cannot be checked",
               .fix = error->hint});
  if (error->kind == ErrorKind::runtime)
    found.add({.cause = error->message + state,
               .effect = "the kubelet has no runtime: no pod starts and no image is pulled",
               .fix = error->hint});
  if (used && used->told == OtherRuntime::Told::by_flag && !told_otherwise(view.facts()))
    found.add(Severity::warning, {.cause = error->message,
                                  .effect = "the registry configuration of that containerd has no effect on pods",
                                  .fix = error->hint});
}

void look_for_choice(const View& view, Findings& found) {
  if (undetected(view, ErrorKind::refused))
    found.add({.cause = view.subject().undetected->message,
               .effect = "it is unknown which of them pulls images for pods, so their registries cannot be checked",
               .fix = view.subject().undetected->hint});
}

void look_for_several(const View& view, Findings& found) {
  const auto& chosen = view.detection().runtime;
  std::vector<std::string> others;
  for (const auto& runtime : view.facts().runtimes)
    if (runtime.pid != chosen.pid)
      others.push_back(fmt::format("pid {} ({}, {})", runtime.pid, runtime.unit.empty() ? runtime.exe : runtime.unit,
                                   runtime.address));
  if (others.empty()) return;
  const auto& facts = view.facts();
  const auto why = facts.kubelet_endpoint.empty() ? fmt::format("the one of {}", view.detection().profile.title)
                                                  : fmt::format("the one at the kubelet's endpoint ({}, from {})",
                                                                facts.kubelet_endpoint, facts.kubelet_source);
  found.add({.cause = fmt::format("{} containerds run here", others.size() + 1),
             .where = Location{view.config().config_file, 0, 0},
             .effect = fmt::format("pods get their images through pid {} ({}, {}), {}; {} applies only to it",
                                   chosen.pid, chosen.address, view.who(), why, view.config().config_file),
             .fix = fmt::format("none is needed if that is intended; what is configured for {} has no effect on pods",
                                listed(others))});
}

void look_at_version(const View& view, Findings& found) {
  if (view.subject().detection == nullptr || view.containerd().major != 0) return;
  found.add({.cause = fmt::format("the version of {} is unknown", view.detection().runtime.exe.empty()
                                                                      ? "this node's containerd"
                                                                      : view.detection().runtime.exe),
             .effect = "how it reads its files depends on its version, so most rules were not checked",
             .fix = "--containerd-version, with a copy of the node's files; on a node `containerd --version` must work "
                    "for root"});
}

void look_at_clients(const View& view, Findings& found) {
  const auto& directories = view.directories();
  const auto first = std::find_if(directories.begin(), directories.end(),
                                  [&](const auto& d) { return !d.loaded.file.empty() && view.is_read(d.root); });
  if (first == directories.end() || !view.detection().profile.kubernetes) return;
  const auto& address = view.detection().runtime.address;
  const auto ctr =
      fmt::format("ctr{} -n k8s.io images pull --hosts-dir {} REF",
                  address.empty() || address == "/run/containerd/containerd.sock" ? "" : " -a " + address, first->root);
  const std::string_view reader =
      view.containerd().major >= 2
          ? "containerd itself then reads the directory, so its path is absolute, unless --local is given"
      : view.at_least(1, 7)
          ? "ctr itself then reads the directory, unless --local=false is given, which makes it ignored"
          : "ctr itself then reads the directory";
  found.add(
      {.cause = fmt::format("{} applies to the kubelet and `crictl pull`, not to `ctr images pull`", first->root),
       .where = view.place(first->loaded.file, 0),
       .effect = fmt::format("ctr of {} never reads config.toml: without --hosts-dir it asks every registry directly",
                             to_string(view.containerd())),
       .fix = fmt::format("to test what pods get: crictl{} pull REF; to test the hosts.toml files alone: {} ({}; one "
                          "directory, never a list)",
                          address.empty() ? "" : " -r unix://" + address, ctr, reader)});
}

const std::array runtime{
    Rule{.id = "no-containerd-runs",
         .severity = Severity::error,
         .needs = Rule::Needs::facts,
         .by_hand = ByHand::elsewhere,
         .look = look_for_no_runtime},
    Rule{.id = "other-runtime",
         .severity = Severity::error,
         .needs = Rule::Needs::facts,
         .by_hand = ByHand::choice,
         .look = look_for_other_runtime},
    Rule{.id = "which-containerd",
         .severity = Severity::error,
         .needs = Rule::Needs::facts,
         .by_hand = ByHand::choice,
         .look = look_for_choice},
    Rule{.id = "several-containerds", .severity = Severity::note, .by_hand = ByHand::nothing, .look = look_for_several},
    Rule{.id = "containerd-version-unknown",
         .severity = Severity::warning,
         .needs = Rule::Needs::facts,
         .by_hand = ByHand::elsewhere,
         .look = look_at_version},
    Rule{.id = "ctr-reads-no-config", .severity = Severity::note, .by_hand = ByHand::nothing, .look = look_at_clients},
};

}  // namespace

std::span<const Rule> runtime_rules() { return runtime; }

}  // namespace rf
