// How a node of the intent is reached: which transport, with what, and the questions a connection may have to the user.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "base/result.h"
#include "context.h"
#include "intent/intent.h"
#include "transport/bootstrap.h"
#include "transport/ssh.h"
#include "transport/target.h"

namespace rf::cmd {

class Reach {
 public:
  Reach(const asio::any_io_executor& executor, Context& context, Access access, ConnectLimits limits);
  asio::awaitable<Result<std::unique_ptr<Shell>>> open(const NodeSpec& spec);

 private:
  Context& context_;
  Access access_;
  ConnectLimits limits_;
  SshClient ssh_;
};

}  // namespace rf::cmd
