// Shortcuts for tests that go through the libssh2 transport.
#pragma once
#include <asio/this_coro.hpp>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "loop.h"
#include "sshd.h"
#include "transport/ssh/ssh.h"

namespace rf {

inline Target named(const std::string& host) {
  Target target;
  target.host = host;
  return target;
}

// As the current user, with an ssh configuration file.
inline SshOptions options_for(const std::string& config) {
  SshOptions options;
  options.config.path = config;
  options.access.privilege = Privilege::as_is;
  return options;
}

// Connects and runs one program: its text, or the error.
inline Result<std::string> ask(SshOptions options, std::string program = "echo fine", Target target = named("node"),
                               RunLimits limits = {}) {
  return await(
      [](SshOptions how, std::string what, Target where, RunLimits most) -> asio::awaitable<Result<std::string>> {
        SshClient client(co_await asio::this_coro::executor, std::move(how));
        RF_CO_TRY(const auto shell, co_await client.connect(where));
        RF_CO_TRY(const auto output, co_await shell->run(what, most));
        co_return output.text;
      }(std::move(options), std::move(program), std::move(target), limits));
}

inline void needs_sshd() {
  if (const auto missing = sshd_missing(); !missing.empty()) SKIP(missing);
}

}  // namespace rf
