// The machine the tool runs on, as a node.
#pragma once
#include <asio/awaitable.hpp>
#include <memory>

#include "base/result.h"
#include "transport/shell/bootstrap.h"

namespace rf {

asio::awaitable<Result<std::unique_ptr<Shell>>> open_local(const Access& access);

}  // namespace rf
