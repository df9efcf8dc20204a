#include <charconv>
#include <cstdint>

#include "line/command.h"

namespace rf::cmd {

std::vector<Flag> operator+(std::vector<Flag> left, std::vector<Flag> right) {
  for (auto& flag : right) left.push_back(std::move(flag));
  return left;
}

std::vector<Flag> output_flags(Options& options) {
  const std::string group = "Output";
  return {
      choice({"-o,--output", "FORMAT", "table, json or yaml (default table)", group}, options.format,
             {{"table", Format::table}, {"json", Format::json}, {"yaml", Format::yaml}}),
      choice({"--color", "WHEN", "auto, always or never (default auto; NO_COLOR is honoured)", group}, options.color,
             {{"auto", ColorWish::automatic}, {"always", ColorWish::always}, {"never", ColorWish::never}}),
      {{"-q,--quiet", "", "no notes and no progress, only results and errors", group}, &options.quiet},
      {{"-v,--verbose", "", "say more: where settings come from, timings, unchanged things", group}, &options.verbose},
  };
}

std::vector<Flag> node_flags(Options& options) {
  const std::string group = "Nodes";
  using Completes = FlagDoc::Completes;
  return {
      {{"-n,--nodes", "LIST",
        "nodes, separated by commas: names ssh knows, user@host:port, node[01-32], @FILE, kind:CLUSTER, docker:NAME, "
        "podman:NAME, local "
        "(default: the intent file's)",
        group},
       &options.nodes},
      {{"-F,--ssh-config",
        "FILE",
        "ssh configuration file to use in place of ~/.ssh/config",
        group,
        {},
        Completes::file},
       &options.ssh_config},
      {{"--identity",
        "FILE",
        "private key to try first, before those of the ssh configuration",
        group,
        {},
        Completes::file},
       &options.identity},
      choice({"--transport", "HOW", "ssh (built in), openssh (the system's ssh command) or auto (default auto)", group},
             options.transport,
             {{"auto", Reach::Transport::built_in},
              {"ssh", Reach::Transport::built_in},
              {"openssh", Reach::Transport::openssh}}),
      {{"--accept-new-host-keys", "",
        "accept and remember the keys of hosts never seen before; changed keys are always refused", group},
       &options.accept_new_host_keys},
      {{"-K,--ask-sudo-pass", "", "ask for the password sudo wants on the nodes", group}, &options.ask_sudo_pass},
      {{"--parallel", "N", "at most N nodes at a time (default: all)", group}, &options.parallel},
      parsed({"--timeout", "TIME", "limit for connecting to a node, and for each answer of it (default 30s)", group},
             options.timeout, parse_duration),
      {{"--facts",
        "PATH",
        "work offline on facts saved by 'detect --save': a directory or one file",
        group,
        {},
        Completes::directory},
       &options.facts},
      {{"--distribution", "NAME", "take the nodes for this distribution in place of detecting it", group},
       &options.distribution},
      {{"--profiles-dir", "DIR", "profiles that add to and replace the built-in ones", group, {}, Completes::directory},
       &options.profiles_dir},
  };
}

std::vector<Flag> intent_flags(Options& options) {
  const std::string group = "Intent";
  return {
      {{"-c,--config",
        "FILE",
        "intent file (default: $REGFALLBACK_CONFIG, ./regfallback.yaml, $XDG_CONFIG_HOME/regfallback/config.yaml, "
        "/etc/regfallback/config.yaml)",
        group,
        {},
        FlagDoc::Completes::file},
       &options.config},
      {{"-m,--mirror", "REGISTRY=URL,...",
        "without a file: endpoints before the registry itself, in order; repeat for more registries. For a registry of "
        "yours (a port in its name) registries written by name come after it: anubis:32000=ghcr.io,docker.io. What "
        "else is managed on a node stays",
        group},
       &options.registry_flags.mirrors},
      {{"--fallback", "REGISTRY=URL,...", "without a file: endpoints after the registry itself, in order", group},
       &options.registry_flags.fallbacks},
  };
}

std::vector<Flag> rollout_flags(Options& options) {
  const std::string group = "Rollout";
  return {
      {{"-y,--yes", "", "do not ask", group}, &options.yes},
      parsed({"--serial", "N|P%",
              "so many nodes in one batch; a batch begins when the one before it is done (default: all)", group},
             options.serial, parse_batch_size),
      {{"--canary", "N", "first N nodes alone; the others only if those are well", group}, &options.canary},
      parsed({"--max-failures", "N|P%",
              "begin no further node once more than so many have failed (default 0 with --serial or --canary)", group},
             options.max_failures, parse_share),
  };
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const double factor = unit == "ms" ? 1 : unit == "s" || unit.empty() ? 1000 : unit == "m" ? 60'000 : 0;
  const double milliseconds = number * factor;
  const bool sane = milliseconds >= 1 && number <= 1e6;  // false for what is not a number, too
  if (fault != std::errc() || factor == 0 || !sane) {
    return Error{.kind = ErrorKind::usage,
                 .message = "invalid duration '" + std::string(text) + "'",
                 .hint = "write it like 500ms, 30s or 2m"};
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

}  // namespace rf::cmd
