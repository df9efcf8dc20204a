// From a fresh session to a root sh that reads programs: the one command line a node is given, and what it answers.
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "transport/shell/bootstrap_answer.h"
#include "transport/shell/shell.h"

namespace rf {

enum class Privilege {
  root,   // uid 0, through sudo where the user is not root
  as_is,  // whatever the user may do
};

struct Access {
  Privilege privilege = Privilege::root;
  std::optional<Secret> sudo_password = {};  // used only where sudo asks
};

// A command for the login shell, whichever it is (bash, dash, ash, fish, zsh, tcsh). One of three constants: nothing an
// operator typed is ever part of a command line.
std::string_view bootstrap_command(const Access& access);

// Waits until the far side says that it is ready, and answers sudo's own prompt, once. Nothing else is sent before. On
// an error the stream is closed.
asio::awaitable<Result<std::unique_ptr<Shell>>> open_shell(std::unique_ptr<ByteStream> stream, const Access& access,
                                                           std::chrono::milliseconds limit);

}  // namespace rf
