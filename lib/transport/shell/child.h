// Child processes on the event loop: as a stream to a shell behind them (ssh, docker, sh), or for their output (ssh
// -G).
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/shell/shell.h"

namespace rf {

struct ChildCommand {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH
  // `none`: a session of its own, without a terminal to ask on and out of reach of the terminal's Ctrl-C.
  enum class Terminal { none, keep } terminal = Terminal::none;
  std::vector<std::string> environment = {};  // "NAME=VALUE", beside or in place of our own
};

// The child's standard input and output as a stream. A program that is not there is an Error of kind io. close() kills
// the child.
Result<std::unique_ptr<ByteStream>> spawn_child(const asio::any_io_executor& executor, const ChildCommand& command);

// Everything the child printed to its standard output, at most 1 MiB; its standard error as Output::complaint, and its
// exit status.
asio::awaitable<Result<Output>> capture_child(const ChildCommand& command, std::chrono::milliseconds limit);

}  // namespace rf
