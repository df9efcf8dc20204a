// How a node of the intent is reached: which transport, with what, and the questions a connection may have to the user.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "base/result.h"
#include "intent/intent.h"
#include "line/context.h"
#include "transport/config/target.h"
#include "transport/shell/bootstrap.h"
#include "transport/ssh/ssh.h"

namespace rf::cmd {

class Dialer {
 public:
  Dialer(const asio::any_io_executor& executor, Context& context, Access access, ConnectLimits limits);
  asio::awaitable<Result<std::unique_ptr<Shell>>> open(const NodeSpec& spec);

 private:
  Context& context_;
  Access access_;
  ConnectLimits limits_;
  SshClient ssh_;
};

}  // namespace rf::cmd
