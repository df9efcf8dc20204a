// How a node of the intent is reached: which transport, with what, and the questions a connection may have.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <memory>

#include "base/result.h"
#include "intent/intent.h"
#include "run/questions.h"
#include "run/run.h"
#include "transport/shell/shell.h"

namespace rf {

// Opens nodes; outlives the shells it opened.
class Dialer {
 public:
  virtual ~Dialer() = default;
  virtual asio::awaitable<Result<std::unique_ptr<Shell>>> open(const NodeSpec& spec) = 0;
};
struct DialerFactory {
  std::function<std::unique_ptr<Dialer>(const asio::any_io_executor&)> make;
};

// By ssh, the system's ssh, docker or podman, or this machine. `observer` and `questions` must live as long.
std::unique_ptr<Dialer> make_dialer(const asio::any_io_executor& executor, const Reach& reach, RunObserver& observer,
                                    Questions& questions);

}  // namespace rf
