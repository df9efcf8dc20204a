// From a fresh session to a root sh that reads programs: the one command line a node is given, and what it answers.
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transport/shell/asking.h"
#include "transport/shell/bootstrap_answer.h"
#include "transport/shell/question.h"
#include "transport/shell/shell.h"

namespace rf {

enum class Privilege {
  root,   // uid 0, through sudo where the user is not root
  as_is,  // whatever the user may do
};

struct Access {
  Privilege privilege = Privilege::root;
  std::shared_ptr<SudoPassword> sudo = {};  // used only where sudo asks; none: it must not
  // Wall clock, for the whole way to the shell: name, connection, key exchange, log-in, sudo. For each host on the way,
  // and again from the start after a person was asked.
  std::chrono::milliseconds limit{30'000};
};

// A command for the login shell, whichever it is (bash, dash, ash, fish, zsh, tcsh). One of three constants: nothing an
// operator typed is ever part of a command line.
std::string_view bootstrap_command(const Access& access);

// Opens a stream and runs the command there.
struct OpenedStream {
  std::unique_ptr<ByteStream> stream;
  std::chrono::milliseconds left;       // of the limit
  std::shared_ptr<Asking> asking = {};  // what opens it asks a person itself, while it is already open
};
using OpenStream = std::function<asio::awaitable<Result<OpenedStream>>(std::string command)>;
// Waits until the far side says that it is ready, and answers sudo's own prompt, once. Nothing else is sent before.
// Where sudo wants a password that has to be asked for, the stream is given up and another one is opened with the
// answer: none waits for a person. `node` is the user's name of it.
asio::awaitable<Result<std::unique_ptr<Shell>>> open_shell(const OpenStream& open, const Access& access,
                                                           std::string node);

}  // namespace rf
