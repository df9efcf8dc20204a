// A TCP connection to a host and port, as a descriptor.
#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "base/result.h"
#include "transport/config/ssh_settings.h"

namespace rf {

// Resolves without blocking the loop and tries every address; none of several may use up the time of the others.
asio::awaitable<Result<int>> connect_tcp(std::string host, int port, LocalEnd from, std::chrono::milliseconds limit);

}  // namespace rf
