#include "transport/config/ssh_config.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.h"
#include "transport/shell/child.h"

namespace rf {

LocalUser local_user() {
  LocalUser user;
  user.uid = std::to_string(getuid());
  if (const passwd* entry = getpwuid(getuid()); entry != nullptr) {
    user.name = entry->pw_name;
    user.home = entry->pw_dir;
  } else if (const char* home = std::getenv("HOME"); home != nullptr) {
    user.home = home;
  }
  if (const char* agent = std::getenv("SSH_AUTH_SOCK"); agent != nullptr) user.agent = agent;
  return user;
}

asio::awaitable<Result<std::string>> ask_ssh_configuration(const Target& target, const SshConfigFile& config) {
  RF_CO_CHECK(check_target(target));
  RF_CO_CHECK(parse_jumps(target.jump));
  ChildCommand command;
  command.argv = {"ssh", "-T", "-G"};
  if (!config.path.empty()) command.argv.insert(command.argv.end(), {"-F", config.path});
  if (target.port != 0) command.argv.insert(command.argv.end(), {"-p", std::to_string(target.port)});
  if (!target.user.empty()) command.argv.insert(command.argv.end(), {"-l", target.user});
  command.argv.insert(command.argv.end(), {"--", target.host});
  RF_CO_TRY(auto output, co_await capture_child(command, std::chrono::seconds(15)));
  if (output.rc != 0) {
    co_return Error{.kind = ErrorKind::usage,
                    .message = "`ssh -G " + target.host + "` failed: " + terminal_safe(trim(output.complaint)),
                    .hint = "correct your ssh configuration"};
  }
  co_return std::move(output.text);
}

asio::awaitable<Result<SshSettings>> read_ssh_settings(const Target& target, const SshConfigFile& config) {
  auto text = co_await ask_ssh_configuration(target, config);
  const bool no_client = !text && text.error().kind == ErrorKind::unsupported;
  if (no_client) co_return default_ssh_settings(target, local_user());
  if (!text) co_return std::move(text).error();
  co_return parse_ssh_settings(*text, target, local_user());
}

asio::awaitable<std::vector<SshWord>> read_ssh_defaults() {
  const ChildCommand command{.argv = {"ssh", "-T", "-F", "none", "-G", "--", "host"}};
  const auto output = co_await capture_child(command, std::chrono::seconds(15));
  co_return output ? parse_ssh_words(output->text) : std::vector<SshWord>{};
}

}  // namespace rf
