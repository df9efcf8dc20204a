#include "transport/ways/openssh.h"

#include <asio/this_coro.hpp>

#include "base/text.h"
#include "transport/shell/child.h"

namespace rf {

std::vector<std::string> openssh_command(const Target& target, const Access& access, const OpensshOptions& options) {
  std::vector<std::string> argv{"ssh", "-T"};
  const auto set = [&argv](std::string option) { argv.insert(argv.end(), {"-o", std::move(option)}); };
  if (!options.config_file.empty()) argv.insert(argv.end(), {"-F", options.config_file});
  for (const char* option :
       {"ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no", "ControlMaster=no",
        "ControlPath=none", "RemoteCommand=none", "EscapeChar=none", "LogLevel=ERROR", "ServerAliveInterval=10",
        "ServerAliveCountMax=3", "NumberOfPasswordPrompts=1"}) {
    set(option);
  }
  set(options.prompts == OpensshOptions::Prompts::never ? "BatchMode=yes" : "BatchMode=no");
  set(options.unknown_host_key == OpensshOptions::UnknownHostKey::accept ? "StrictHostKeyChecking=accept-new"
                                                                         : "StrictHostKeyChecking=yes");
  set("ConnectTimeout=" + std::to_string(options.limits.connect.count() / 1000));
  if (target.port != 0) argv.insert(argv.end(), {"-p", std::to_string(target.port)});
  if (!target.user.empty()) argv.insert(argv.end(), {"-l", target.user});
  if (!target.identity.empty()) argv.insert(argv.end(), {"-i", target.identity});
  if (!target.jump.empty()) argv.insert(argv.end(), {"-J", target.jump});
  argv.insert(argv.end(), {"--", target.host, std::string(bootstrap_command(access))});
  return argv;
}

asio::awaitable<Result<std::unique_ptr<Shell>>> open_openssh(const Target& target, const Access& access,
                                                             const OpensshOptions& options) {
  RF_CO_CHECK(check_target(target));
  for (const auto hop : split(target.jump, ',')) {
    if (!target.jump.empty()) RF_CO_CHECK(parse_target(hop));
  }
  ChildCommand command;
  command.argv = openssh_command(target, access, options);
  if (options.prompts == OpensshOptions::Prompts::on_terminal) command.terminal = ChildCommand::Terminal::keep;
  RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, command));
  const auto& limits = options.limits;
  auto shell =
      co_await open_shell(std::move(stream), access, limits.connect + limits.handshake + limits.auth + limits.shell);
  if (!shell) co_return openssh_error(target, std::move(shell).error());
  co_return shell;
}

}  // namespace rf
