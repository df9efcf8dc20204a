// Which containerd is the kubelet's, and which profile describes it.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "node/detect_parts.h"
#include "node/facts_parts.h"

namespace rf {

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

namespace {

bool any_glob(const std::vector<std::string>& patterns, std::string_view text) {
  return !text.empty() &&
         std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return glob_match(pattern, text); });
}

bool any_exists(const std::vector<std::string>& paths, const FileTree& tree) {
  return std::any_of(paths.begin(), paths.end(),
                     [&](const auto& path) { return tree.exists(path) || !tree.glob(path).empty(); });
}

bool any_runs(const std::vector<std::string>& names, const Facts& facts) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return facts.processes.contains(name); });
}

bool runtime_matches(const ProfileMatch& match, const RuntimeProcess& runtime) {
  if (match.units.empty() && match.exes.empty() && match.parents.empty() && match.sockets.empty()) return true;
  return any_glob(match.units, runtime.unit) || any_glob(match.exes, runtime.exe) ||
         any_glob(match.parents, runtime.parent_exe) || any_glob(match.sockets, runtime.address);
}

// Runtimes a containerd profile cannot describe. Part of an endpoint's path tells them.
struct ForeignRuntime {
  std::string_view mark;
  std::string_view title;
  std::string_view hint;
};
constexpr ForeignRuntime foreign_runtimes[] = {
    {"crio", "CRI-O",
     "CRI-O reads mirrors from /etc/containers/registries.conf; regfallback configures containerd only"},
    {"cri-dockerd", "Docker through cri-dockerd",
     "Docker Engine then pulls the images: configure it with --distribution docker if it uses the containerd image "
     "store"},
    {"dockershim", "Docker through dockershim",
     "Docker Engine then pulls the images; Kubernetes 1.24 and later no longer have dockershim"},
};

Result<void> refuse_foreign(std::string_view endpoint, std::string_view source) {
  for (const auto& foreign : foreign_runtimes)
    if (endpoint.find(foreign.mark) != endpoint.npos)
      return Error{.kind = ErrorKind::unsupported,
                   .message = fmt::format("the kubelet of this node uses {} ({}, from {}), not containerd",
                                          foreign.title, endpoint, source),
                   .hint = std::string(foreign.hint)};
  return {};
}

struct KubeletEndpoint {
  std::string text;  // as written, "" when none is known
  std::string source;
  bool running = false;  // told by a running process, not by a file that may be a leftover
};

// Distributions that carry their kubelet inside tell another endpoint (or another runtime) by flags of their own
// process.
Result<KubeletEndpoint> kubelet_endpoint(const Facts& facts, std::span<const Profile> profiles) {
  KubeletEndpoint endpoint{facts.kubelet_endpoint, facts.kubelet_source,
                           !facts.kubelet_endpoint.empty() &&
                               (facts.kubelet_source.starts_with("argv") || facts.processes.contains("kubelet"))};
  for (const auto& profile : profiles) {
    const auto process = facts.processes.find(profile.kubelet.process);
    if (!profile.kubelet.embedded || process == facts.processes.end()) continue;
    for (const auto& flag : profile.kubelet.refuse_flags)
      if (std::find(process->second.begin(), process->second.end(), flag) != process->second.end())
        return Error{.kind = ErrorKind::unsupported,
                     .message = fmt::format("{} runs with {}: its containerd is not used", profile.title, flag),
                     .hint = "configure the runtime it uses instead"};
    for (const auto& flag : profile.kubelet.endpoint_flags) {
      auto value = flag_value(process->second, {flag});
      if (value.empty()) continue;
      if (value.starts_with("remote:")) value.erase(0, 7);
      return KubeletEndpoint{value, fmt::format("{} of {}", flag, profile.kubelet.process), true};
    }
  }
  return endpoint;
}

}  // namespace

std::optional<OtherRuntime> other_runtime(const Facts& facts, std::span<const Profile> profiles) {
  const auto endpoint = kubelet_endpoint(facts, profiles);
  if (!endpoint) return OtherRuntime{OtherRuntime::Told::by_flag, endpoint.error()};
  const auto usable = refuse_foreign(endpoint->text, endpoint->source);
  return usable ? std::nullopt : std::optional(OtherRuntime{OtherRuntime::Told::by_endpoint, usable.error()});
}

namespace {

std::string describe_candidate(const Candidate& candidate) {
  const auto& runtime = *candidate.runtime;
  return fmt::format("{} (pid {}, {}, {})", candidate.profile ? candidate.profile->title : "containerd", runtime.pid,
                     runtime.unit.empty() ? runtime.exe : runtime.unit, runtime.address);
}

Error ask(const std::vector<Candidate>& candidates) {
  std::vector<std::string> texts, names;
  for (const auto& candidate : candidates) {
    texts.push_back(describe_candidate(candidate));
    if (candidate.profile) names.push_back(candidate.profile->name);
  }
  return {.kind = ErrorKind::refused,
          .message = fmt::format("{} containerds run here, and no kubelet shows which one it uses: {}",
                                 candidates.size(), join(texts, "; ")),
          .hint = fmt::format("choose with --distribution: {}", join(names, ", "))};
}

// The newer one has the socket's name and the older one the kubelet's connections: neither is certain.
Error two_at_one_socket(const std::vector<const Candidate*>& listening) {
  std::vector<std::string> texts;
  for (const auto* candidate : listening) texts.push_back(describe_candidate(*candidate));
  return {.kind = ErrorKind::refused,
          .message = fmt::format("{} running containerds have the socket {}: {}", listening.size(),
                                 listening.front()->runtime->address, join(texts, "; ")),
          .hint = "stop the leftover one and restart the service of the other"};
}

Choice chosen(const Candidate& candidate, const std::vector<Candidate>& all, const std::vector<Candidate>& beside) {
  Choice choice{*candidate.runtime, candidate.profile, Confidence::high, {}};
  for (const auto* list : {&all, &beside})
    for (const auto& other : *list)
      if (other.runtime != candidate.runtime)
        choice.notes.push_back(fmt::format("{} runs here too and is left alone", describe_candidate(other)));
  return choice;
}

}  // namespace

bool node_matches(const Profile& profile, const Facts& facts) {
  const auto& match = profile.match;
  const auto id = facts.os_release.find("ID");
  if (!match.inits.empty() && std::count(match.inits.begin(), match.inits.end(), facts.init) == 0) return false;
  return std::all_of(match.files.begin(), match.files.end(),
                     [&](const auto& path) { return any_exists({path}, facts.tree); }) &&
         (match.any_file.empty() || any_exists(match.any_file, facts.tree)) && !any_exists(match.absent, facts.tree) &&
         (match.processes.empty() || any_runs(match.processes, facts)) &&
         (match.os_ids.empty() ||
          (id != facts.os_release.end() && std::count(match.os_ids.begin(), match.os_ids.end(), id->second) > 0));
}

const Profile* profile_of(const RuntimeProcess& runtime, const Facts& facts, std::span<const Profile> profiles) {
  for (const auto& profile : profiles)
    if (runtime_matches(profile.match, runtime) && node_matches(profile, facts)) return &profile;
  return nullptr;
}

std::string socket_path(const FileTree& tree, std::string_view endpoint) {
  if (endpoint.starts_with("unix://")) endpoint.remove_prefix(7);
  if (endpoint.empty()) return {};
  std::string path = tree.real_path(endpoint);
  // /var/run is a link to /run wherever /run exists; facts need not have recorded it.
  if (path.starts_with("/var/run/") && !tree.lstat("/var/run")) path.erase(0, 4);
  return path;
}

namespace {

// Nothing runs: what the files say was installed.
Result<Choice> from_marks(const Facts& facts, std::span<const Profile> profiles, const Profile* forced) {
  std::vector<const Profile*> marked;
  for (const auto& profile : profiles) {
    if (!profile.without_runtime.empty() && facts.processes.contains(profile.kubelet.process) && !forced)
      return Error{
          .kind = ErrorKind::unsupported,
          .message = fmt::format("{} runs here, but no containerd: {}", profile.title, profile.without_runtime),
          .hint = "leave this node out of the node list"};
    if (node_matches(profile, facts) && any_exists(profile.match.installed, facts.tree)) marked.push_back(&profile);
  }
  Choice choice;
  choice.profile = forced ? forced : marked.empty() ? nullptr : marked.front();
  if (!choice.profile)
    return Error{.kind = ErrorKind::unsupported,
                 .message = facts.processes.contains("crio")
                                ? "CRI-O runs on this node, and no containerd"
                                : "no containerd runs on this node, and nothing shows what is installed",
                 .hint = "start its container runtime, or name it with --distribution"};
  choice.confidence = forced ? Confidence::given : Confidence::low;
  choice.runtime.address = choice.profile->kubelet.socket;
  choice.runtime.config_file.clear();
  choice.notes.push_back("no containerd runs on this node");
  for (const auto* profile : marked)
    if (profile != choice.profile) choice.notes.push_back(fmt::format("there are traces of {} too", profile->title));
  return choice;
}

struct Sorted {
  std::vector<Candidate> candidates;  // a kubelet could use these
  std::vector<Candidate> beside;      // and these never
};

Sorted sort_runtimes(const Facts& facts, std::span<const Profile> profiles, const Profile* forced) {
  Sorted sorted;
  for (const auto& runtime : facts.runtimes) {
    const Candidate candidate{&runtime, profile_of(runtime, facts, profiles)};
    const bool rootless = runtime.address.starts_with("/run/user/");
    const bool kubernetes = !rootless && (!candidate.profile || candidate.profile->kubernetes);
    const bool wanted = forced && candidate.profile == forced;
    (kubernetes || wanted ? sorted.candidates : sorted.beside).push_back(candidate);
  }
  return sorted;
}

const Candidate* only(const std::vector<const Candidate*>& list) { return list.size() == 1 ? list.front() : nullptr; }

template <class Holds>
std::vector<const Candidate*> those(const std::vector<Candidate>& candidates, Holds holds) {
  std::vector<const Candidate*> found;
  for (const auto& candidate : candidates)
    if (holds(candidate)) found.push_back(&candidate);
  return found;
}

}  // namespace

Result<Choice> choose_runtime(const Facts& facts, std::span<const Profile> profiles, const Profile* forced) {
  RF_TRY(const auto endpoint, kubelet_endpoint(facts, profiles));
  if (!forced) RF_CHECK(refuse_foreign(endpoint.text, endpoint.source));
  const auto sorted = sort_runtimes(facts, profiles, forced);
  if (sorted.candidates.empty()) {
    if (sorted.beside.size() == 1 && sorted.beside.front().profile && !forced)
      return chosen(sorted.beside.front(), {}, {});
    return from_marks(facts, profiles, forced);
  }
  const auto take = [&](const Candidate* candidate) { return chosen(*candidate, sorted.candidates, sorted.beside); };
  if (forced) {
    const auto own = those(sorted.candidates, [&](const Candidate& c) { return c.profile == forced; });
    const Candidate* pick = only(own);
    if (!pick && sorted.candidates.size() == 1) pick = &sorted.candidates.front();
    if (!pick && own.empty()) return from_marks(facts, profiles, forced);
    if (pick) {
      auto choice = take(pick);
      choice.profile = forced;
      choice.confidence = Confidence::given;
      return choice;
    }
  }
  const auto wanted = socket_path(facts.tree, endpoint.text);
  const auto listening = those(sorted.candidates, [&](const Candidate& c) {
    return !wanted.empty() && socket_path(facts.tree, c.runtime->address) == wanted;
  });
  const auto embedded =
      those(sorted.candidates, [](const Candidate& c) { return c.profile && c.profile->kubelet.embedded; });
  if (endpoint.running && listening.empty())
    return Error{.kind = ErrorKind::runtime,
                 .message = fmt::format("the kubelet uses {} ({}), but no running containerd listens there",
                                        endpoint.text, endpoint.source),
                 .hint = "start the kubelet's container runtime, or choose another one with --distribution"};
  if (listening.size() > 1 && (endpoint.running || embedded.empty())) return two_at_one_socket(listening);
  if (endpoint.running && !listening.empty()) return take(listening.front());
  if (const auto* pick = only(embedded)) return take(pick);
  if (embedded.empty() && !listening.empty()) return take(listening.front());
  if (sorted.candidates.size() == 1) return take(&sorted.candidates.front());
  return ask(sorted.candidates);
}

}  // namespace rf
