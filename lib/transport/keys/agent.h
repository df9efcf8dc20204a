// The user's ssh agent: which keys it holds, and signatures by them. One connection for all nodes, requests one after
// the other.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/local/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/keys/agent_answer.h"
#include "transport/shell/semaphore.h"

namespace rf {

// How long the agent may take, from when a request has its turn.
struct AgentLimits {
  std::chrono::milliseconds list{10'000};
  std::chrono::milliseconds sign{60'000};  // it may ask its user first: for a touch of a token, for a yes
};

class Agent {
 public:
  // `path`: its socket. Nothing is opened before the first request.
  Agent(const asio::any_io_executor& executor, std::string path, AgentLimits limits = {})
      : path_(std::move(path)), limits_(limits), socket_(executor) {}

  asio::awaitable<Result<std::vector<AgentKey>>> keys();
  // The signature without its algorithm name.
  asio::awaitable<Result<std::string>> sign(std::string blob, std::string data, std::string algorithm);

 private:
  asio::awaitable<Result<std::string>> ask(std::string request, std::chrono::milliseconds limit);
  asio::awaitable<Result<std::string>> exchange(std::string request);

  const std::string path_;
  const AgentLimits limits_;
  std::optional<Error> silent_;  // it let a request wait for too long: no other one waits again
  asio::local::stream_protocol::socket socket_;
  Semaphore one_at_a_time_{1};
};

}  // namespace rf
