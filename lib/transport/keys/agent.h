// The user's ssh agent: which keys it holds, and signatures by them. One connection for all nodes, requests one after
// the other.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/local/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/keys/agent_answer.h"
#include "transport/shell/semaphore.h"

namespace rf {

class Agent {
 public:
  // `path`: its socket. Nothing is opened before the first request.
  Agent(const asio::any_io_executor& executor, std::string path,
        std::chrono::milliseconds limit = std::chrono::seconds(10))
      : path_(std::move(path)), limit_(limit), socket_(executor) {}

  // Within the limit: no person is asked for it.
  asio::awaitable<Result<std::vector<AgentKey>>> keys();
  // The signature without its algorithm name. The agent may ask its user first, so this may take long.
  asio::awaitable<Result<std::string>> sign(std::string blob, std::string data, std::string algorithm);

 private:
  asio::awaitable<Result<std::string>> ask(std::string request);

  const std::string path_;
  const std::chrono::milliseconds limit_;
  asio::local::stream_protocol::socket socket_;
  Semaphore one_at_a_time_{1};
};

}  // namespace rf
