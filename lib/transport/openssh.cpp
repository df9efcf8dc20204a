#include "transport/openssh.h"

#include <asio/this_coro.hpp>

#include "base/text.h"
#include "transport/child.h"

namespace rf {

std::vector<std::string> openssh_command(const Target& target, const Access& access, const OpensshOptions& options) {
  std::vector<std::string> argv{"ssh", "-T"};
  const auto set = [&argv](std::string option) { argv.insert(argv.end(), {"-o", std::move(option)}); };
  if (!options.config_file.empty()) argv.insert(argv.end(), {"-F", options.config_file});
  for (const char* option : {"ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no", "ControlMaster=no",
                             "ControlPath=none", "RemoteCommand=none", "EscapeChar=none", "LogLevel=ERROR", "ServerAliveInterval=10",
                             "ServerAliveCountMax=3", "NumberOfPasswordPrompts=1"}) {
    set(option);
  }
  set(options.prompts == OpensshOptions::Prompts::never ? "BatchMode=yes" : "BatchMode=no");
  set(options.unknown_host_key == OpensshOptions::UnknownHostKey::accept ? "StrictHostKeyChecking=accept-new" : "StrictHostKeyChecking=yes");
  set("ConnectTimeout=" + std::to_string(options.limits.connect.count() / 1000));
  if (target.port != 0) argv.insert(argv.end(), {"-p", std::to_string(target.port)});
  if (!target.user.empty()) argv.insert(argv.end(), {"-l", target.user});
  if (!target.identity.empty()) argv.insert(argv.end(), {"-i", target.identity});
  if (!target.jump.empty()) argv.insert(argv.end(), {"-J", target.jump});
  argv.insert(argv.end(), {"--", target.host, std::string(bootstrap_command(access))});
  return argv;
}

Error openssh_error(const Target& target, Error error) {
  if (error.kind != ErrorKind::connect) return error;
  const auto says = [&](std::string_view part) { return error.message.find(part) != std::string::npos; };
  const std::string who = to_string(target);
  if (says("REMOTE HOST IDENTIFICATION HAS CHANGED")) {
    error.kind = ErrorKind::host_key;
    error.hint = "if the node was reinstalled: ssh-keygen -R " + target.host;
  } else if (says("Host key verification failed") || says("No matching host key") || says("REVOKED HOST KEY")) {
    error.kind = ErrorKind::host_key;
    error.hint = "connect once with `ssh " + who + "` and check the fingerprint, or use --accept-new-host-keys";
  } else if (says("Permission denied (")) {
    error.kind = ErrorKind::auth;
    error.hint = "does `ssh " + who + " true` work?";
  } else if (says("timed out")) {
    error.kind = ErrorKind::timeout;
    error.hint = "is the node up, and is the port open?";
  } else if (says("Could not resolve") || says("Connection refused") || says("No route to host") || says("onnection closed") ||
             says("onnection reset")) {
    error.hint = "is the node up? `ssh " + who + " true` shows the same";
  } else {
    return error;
  }
  const auto quote = error.message.find("(it said \"");
  if (quote != std::string::npos) error.message = "ssh: " + error.message.substr(quote + 10, error.message.size() - quote - 12);
  return error;
}

asio::awaitable<Result<std::unique_ptr<Shell>>> open_openssh(const Target& target, const Access& access, const OpensshOptions& options) {
  RF_CO_CHECK(check_target(target));
  for (const auto hop : split(target.jump, ',')) {
    if (!target.jump.empty()) RF_CO_CHECK(parse_target(hop));
  }
  ChildCommand command;
  command.argv = openssh_command(target, access, options);
  if (options.prompts == OpensshOptions::Prompts::on_terminal) command.terminal = ChildCommand::Terminal::keep;
  RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, command));
  const auto& limits = options.limits;
  auto shell = co_await open_shell(std::move(stream), access, limits.connect + limits.handshake + limits.auth + limits.shell);
  if (!shell) co_return openssh_error(target, std::move(shell).error());
  co_return shell;
}

}  // namespace rf
