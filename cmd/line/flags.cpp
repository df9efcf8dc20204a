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
      {{"-q,--quiet", "", "print only results and errors, no notes and no progress", group}, &options.quiet},
      {{"-v,--verbose", "", "print more: where settings come from, timings, unchanged files", group}, &options.verbose},
  };
}

std::vector<Flag> node_flags(Options& options) {
  const std::string group = "Nodes";
  using Completes = FlagDoc::Completes;
  return {
      {{"-n,--nodes", "LIST",
        "nodes, separated by commas: ssh names, user@host:port, node[01-32], @FILE, kind:CLUSTER, docker:NAME, "
        "podman:NAME, local "
        "(default: the intent file's)",
        group},
       &options.nodes},
      {{"-F,--ssh-config",
        "FILE",
        "ssh configuration file to use instead of ~/.ssh/config",
        group,
        {},
        Completes::file},
       &options.ssh_config},
      {{"--identity", "FILE", "private key to try before those of the ssh configuration", group, {}, Completes::file},
       &options.identity},
      choice({"--transport", "HOW", "ssh (built in), openssh (the system's ssh command) or auto (default auto)", group},
             options.transport,
             {{"auto", Reach::Transport::built_in},
              {"ssh", Reach::Transport::built_in},
              {"openssh", Reach::Transport::openssh}}),
      {{"--accept-new-host-keys", "", "accept and save the keys of unknown hosts; changed keys are always refused",
        group},
       &options.accept_new_host_keys},
      {{"-K,--ask-sudo-pass", "", "ask for the sudo password of the nodes", group}, &options.ask_sudo_pass},
      {{"--parallel", "N", "at most N nodes at a time (default: all)", group}, &options.parallel},
      parsed({"--timeout", "TIME", "limit for connecting to a node, and for each of its answers (default 30s)", group},
             options.timeout, parse_duration),
      {{"--facts",
        "PATH",
        "work offline on facts saved by 'detect --save', a directory or a file",
        group,
        {},
        Completes::directory},
       &options.facts},
      {{"--distribution", "NAME", "assume this distribution instead of detecting it", group}, &options.distribution},
      {{"--profiles-dir",
        "DIR",
        "directory of profiles that extend or replace the built-in ones",
        group,
        {},
        Completes::directory},
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
        "without a file: endpoints before the registry itself, in order; can be repeated for more registries. For a "
        "registry of your own (with a port in its name) registries written by name come after it: "
        "anubis:32000=ghcr.io,docker.io. Everything else that is managed on a node stays",
        group},
       &options.registry_flags.mirrors},
      {{"--fallback", "REGISTRY=URL,...", "without a file: endpoints after the registry itself, in order", group},
       &options.registry_flags.fallbacks},
  };
}

std::vector<Flag> rollout_flags(Options& options) {
  const std::string group = "Rollout";
  return {
      {{"-y,--yes", "", "do not ask for confirmation", group}, &options.yes},
      parsed({"--serial", "N|P%",
              "size of a batch of nodes; a batch starts when the one before it is done (default: all)", group},
             options.serial, parse_batch_size),
      {{"--canary", "N", "change the first N nodes alone; the others only if those succeed", group}, &options.canary},
      parsed(
          {"--max-failures", "N|P%",
           "start no further node when more than this many have failed (default 0 with --serial or --canary)", group},
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
