#include "transport/ways/openssh.h"

#include <algorithm>
#include <asio/this_coro.hpp>

#include "base/text.h"
#include "transport/config/ssh_config.h"
#include "transport/shell/child.h"

namespace rf {

std::vector<std::string> openssh_command(const Target& target, const std::string& command,
                                         const OpensshOptions& options, const OpensshTimes& times) {
  std::vector<std::string> argv{"ssh", "-T"};
  const auto set = [&argv](std::string option) { argv.insert(argv.end(), {"-o", std::move(option)}); };
  if (!options.config_file.empty()) argv.insert(argv.end(), {"-F", options.config_file});
  for (const char* option :
       {"ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no", "ControlMaster=no",
        "ControlPath=none", "RemoteCommand=none", "EscapeChar=none", "LogLevel=ERROR", "NumberOfPasswordPrompts=1"}) {
    set(option);
  }
  set("ServerAliveInterval=" + std::to_string(times.keep_alive.interval.count()));
  set("ServerAliveCountMax=" + std::to_string(times.keep_alive.count));
  set(options.prompts == OpensshOptions::Prompts::never ? "BatchMode=yes" : "BatchMode=no");
  set(options.unknown_host_key == OpensshOptions::UnknownHostKey::accept ? "StrictHostKeyChecking=accept-new"
                                                                         : "StrictHostKeyChecking=yes");
  set("ConnectTimeout=" + std::to_string(std::max<long>(times.connect.count() / 1000, 1)));
  if (target.port != 0) argv.insert(argv.end(), {"-p", std::to_string(target.port)});
  if (!target.user.empty()) argv.insert(argv.end(), {"-l", target.user});
  if (!target.identity.empty()) argv.insert(argv.end(), {"-i", target.identity});
  if (!target.jump.empty()) argv.insert(argv.end(), {"-J", target.jump});
  argv.insert(argv.end(), {"--", target.host, command});
  return argv;
}

asio::awaitable<Result<std::unique_ptr<Shell>>> open_openssh(const Target& target, const Access& access,
                                                             const OpensshOptions& options) {
  RF_CO_CHECK(check_target(target));
  for (const auto hop : split(target.jump, ',')) {
    if (!target.jump.empty()) RF_CO_CHECK(parse_target(hop));
  }
  const SshConfigFile file{.path = options.config_file};
  RF_CO_TRY(const auto configuration, co_await ask_ssh_configuration(target, file));
  const OpensshTimes times{.connect = access.limit, .keep_alive = parse_keep_alive(configuration)};
  const OpenStream open = [&](std::string command) -> asio::awaitable<Result<OpenedStream>> {
    ChildCommand child{.argv = openssh_command(target, command, options, times)};
    if (options.prompts == OpensshOptions::Prompts::on_terminal) child.terminal = ChildCommand::Terminal::keep;
    RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, child));
    co_return OpenedStream{std::move(stream), access.limit};
  };
  auto shell = co_await open_shell(open, access, target.named());
  if (!shell) co_return openssh_error(target, std::move(shell).error());
  co_return shell;
}

}  // namespace rf
