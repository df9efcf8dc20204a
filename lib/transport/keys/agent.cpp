#include "transport/keys/agent.h"

#include <sys/un.h>

#include <array>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <cstdint>

#include "base/text.h"
#include "transport/keys/wire.h"
#include "transport/shell/deadline.h"

namespace rf {
namespace {

// draft-miller-ssh-agent
constexpr char request_identities = 11, sign_request = 13;
constexpr std::size_t longest_answer = 256u << 10;

}  // namespace

asio::awaitable<Result<std::string>> Agent::ask(std::string request, std::chrono::milliseconds limit) {
  const auto place = co_await one_at_a_time_.enter();
  if (silent_) co_return *silent_;
  Deadline deadline(socket_.get_executor(), limit, [this] {
    std::error_code ignored;
    socket_.close(ignored);
  });
  auto answer = co_await exchange(std::move(request));
  if (!deadline.passed()) co_return answer;
  silent_ = Error{
      .kind = ErrorKind::auth,
      .message = "the ssh agent at " + terminal_safe(path_) + " did not answer within " +
                 std::to_string(limit.count() / 1000) + " s",
      .hint =
          "it may be waiting for a touch or a confirmation; otherwise stop it, or set IdentityAgent none, or unset "
          "SSH_AUTH_SOCK"};
  co_return *silent_;
}

asio::awaitable<Result<std::string>> Agent::exchange(std::string request) {
  std::error_code failed;
  const auto token = [&failed] { return asio::redirect_error(asio::use_awaitable, failed); };
  if (!socket_.is_open()) {
    constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;
    if (path_.size() > longest_path) {
      co_return Error{.kind = ErrorKind::auth,
                      .message = "the path of the ssh agent's socket is longer than " + std::to_string(longest_path) +
                                 " bytes: " + terminal_safe(path_)};
    }
    co_await socket_.async_connect(asio::local::stream_protocol::endpoint(path_), token());
    if (failed) {
      std::error_code ignored;
      socket_.close(ignored);
      co_return Error{.kind = ErrorKind::auth,
                      .message = "the ssh agent at " + terminal_safe(path_) + " does not answer: " + failed.message()};
    }
  }
  const std::string framed = wire_string(request);
  std::string answer(4, '\0');
  co_await asio::async_write(socket_, asio::buffer(framed), token());
  if (!failed) co_await asio::async_read(socket_, asio::buffer(answer), token());
  const std::size_t size = failed ? 0 : WireReader(answer).number();
  answer.resize(size <= longest_answer ? size : 0);
  if (!failed && !answer.empty()) co_await asio::async_read(socket_, asio::buffer(answer), token());
  if (failed || answer.empty()) {
    std::error_code ignored;
    socket_.close(ignored);
    co_return Error{.kind = ErrorKind::auth, .message = "the ssh agent closed the connection: " + failed.message()};
  }
  co_return answer;
}

asio::awaitable<Result<std::vector<AgentKey>>> Agent::keys() {
  RF_CO_TRY(const auto answer, co_await ask(std::string(1, request_identities), limits_.list));
  co_return parse_agent_keys(answer);
}

asio::awaitable<Result<std::string>> Agent::sign(std::string blob, std::string data, std::string algorithm) {
  const std::uint32_t flags = algorithm == "rsa-sha2-256" ? 2 : algorithm == "rsa-sha2-512" ? 4 : 0;
  const auto request = std::string(1, sign_request) + wire_string(blob) + wire_string(data) + wire_number(flags);
  RF_CO_TRY(const auto answer, co_await ask(request, limits_.sign));
  co_return parse_agent_signature(answer, algorithm);
}

}  // namespace rf
