#include "transport/ways/openssh.h"

#include <algorithm>
#include <asio/this_coro.hpp>

#include "base/text.h"
#include "transport/config/ssh_config.h"
#include "transport/shell/child.h"

namespace rf {
namespace {

constexpr int most_openssh_attempts = 3;  // at one host: a question each may outlast the server's patience

// The user's own configuration may only be stricter than a question, and than --accept-new-host-keys it may not.
std::string_view strict_host_key_checking(const OpensshOptions& options, SshSettings::UnknownHost configured) {
  using Wish = OpensshOptions::UnknownHostKey;
  if (options.unknown_host_key == Wish::accept) return "accept-new";
  switch (configured) {
    case SshSettings::UnknownHost::refuse: return "yes";
    case SshSettings::UnknownHost::accept: return "accept-new";
    case SshSettings::UnknownHost::ask: break;
  }
  return options.unknown_host_key == Wish::ask && options.askpass ? "ask" : "yes";
}

}  // namespace

std::vector<std::string> openssh_command(const Target& target, const std::string& command,
                                         const OpensshOptions& options, const SshProgramSettings& settings,
                                         std::chrono::milliseconds limit) {
  std::vector<std::string> argv{"ssh", "-T"};
  const auto set = [&argv](std::string option) { argv.insert(argv.end(), {"-o", std::move(option)}); };
  if (!options.config_file.empty()) argv.insert(argv.end(), {"-F", options.config_file});
  for (const char* option :
       {"ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no", "ControlMaster=no",
        "ControlPath=none", "RemoteCommand=none", "EscapeChar=none", "LogLevel=ERROR"}) {
    set(option);
  }
  set("ServerAliveInterval=" + std::to_string(settings.keep_alive.interval.count()));
  set("ServerAliveCountMax=" + std::to_string(settings.keep_alive.count));
  if (!options.askpass) set("BatchMode=yes");
  set("StrictHostKeyChecking=" + std::string(strict_host_key_checking(options, settings.unknown_host)));
  set("ConnectTimeout=" + std::to_string(std::max<long>(limit.count() / 1000, 1)));
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
  const auto settings = parse_ssh_program_settings(configuration);
  std::unique_ptr<Askpass::Connection> connection;
  const OpenStream open = [&](std::string command) -> asio::awaitable<Result<OpenedStream>> {
    ChildCommand child{.argv = openssh_command(target, command, options, settings, access.limit)};
    // For the ssh processes to jump hosts, which get none of these options.
    child.environment = {"SSH_ASKPASS_REQUIRE=never"};
    std::shared_ptr<Asking> asking;
    if (options.askpass) {
      RF_CO_TRY(connection, options.askpass->connect(target.named(), settings.server_questions));
      child.environment = connection->environment();
      asking = connection->asking();
    }
    RF_CO_TRY(auto stream, spawn_child(co_await asio::this_coro::executor, child));
    co_return OpenedStream{std::move(stream), access.limit, std::move(asking)};
  };
  // A server waits for a log-in for a while only, and a person may take longer: then the connection is made again, and
  // the answers count.
  for (int attempt = 1;; ++attempt) {
    auto shell = co_await open_shell(open, access, target.named());
    if (shell) co_return shell;
    auto error = std::move(shell).error();
    const bool again = is_hang_up(error) && connection && connection->answered() && attempt < most_openssh_attempts;
    if (!again) co_return openssh_error(target, std::move(error));
  }
}

}  // namespace rf
