// The machine the tool runs on, as a node.
#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "transport/shell/bootstrap.h"

namespace rf {

// `name` is the user's for it.
asio::awaitable<Result<std::unique_ptr<Shell>>> open_local(const Access& access,
                                                           const std::string& name = "this machine");

}  // namespace rf
