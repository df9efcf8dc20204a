#include "transport/shell/shell.h"

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <deque>

#include "loop.h"
#include "transport/ways/local.h"

using namespace rf;
using namespace std::chrono_literals;

namespace {

// A far side that answers each read with the next piece; "{nonce}" stands for the nonce of the program it was sent.
// After the last piece it ends, or hangs until it is closed.
class ScriptedStream : public ByteStream {
 public:
  enum class Last { end, hang };
  ScriptedStream(std::deque<std::string> pieces, Last last) : pieces_(std::move(pieces)), last_(last) {}

  asio::awaitable<Result<void>> write(std::string_view bytes) override {
    if (const auto at = bytes.find("rf_program_"); at == 0) nonce_ = bytes.substr(11, 32);
    co_return Result<void>();
  }
  asio::awaitable<Result<std::string>> read() override {
    asio::steady_timer pause(co_await asio::this_coro::executor, 1ms);
    co_await pause.async_wait(asio::use_awaitable);
    while (pieces_.empty() && last_ == Last::hang && !closed_) {
      pause.expires_after(1ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    if (closed_) co_return Error{ErrorKind::connect, "closed"};
    if (pieces_.empty()) co_return std::string();
    std::string piece = pieces_.front();
    if (!forever_) pieces_.pop_front();
    if (const auto at = piece.find("{nonce}"); at != std::string::npos) piece.replace(at, 7, nonce_);
    co_return piece;
  }
  void close() override { closed_ = true; }
  bool forever_ = false;

 private:
  std::deque<std::string> pieces_;
  Last last_;
  std::string nonce_;
  bool closed_ = false;
};

Result<Output> run_against(std::unique_ptr<ByteStream> stream, RunLimits limits = {}) {
  return await([](std::unique_ptr<ByteStream> far, RunLimits most) -> asio::awaitable<Result<Output>> {
    Shell shell(std::move(far));
    co_return co_await shell.run("true", most);
  }(std::move(stream), limits));
}

Result<Output> run_against(std::deque<std::string> pieces, ScriptedStream::Last last, RunLimits limits = {}) {
  return run_against(std::make_unique<ScriptedStream>(std::move(pieces), last), limits);
}

}  // namespace

TEST_CASE("a program that ran and failed is an output with its status") {
  const auto output =
      run_against({"hello\nRF1 BEGIN {nonce}\n", "text\n\nRF1 END {nonce} rc=9\n"}, ScriptedStream::Last::hang);
  REQUIRE(output);
  CHECK(output->rc == 9);
  CHECK(output->text == "text\n");
}

TEST_CASE("without END the state is unknown, and the error says so") {
  const auto output = run_against({"RF1 BEGIN {nonce}\n", "half"}, ScriptedStream::Last::end);
  REQUIRE_FALSE(output);
  CHECK(output.error().kind == ErrorKind::protocol);
  CHECK(output.error().message.find("state is unknown") != std::string::npos);
}

TEST_CASE("an old log is not taken for an answer") {
  const std::string old(32, 'a');
  const auto output = run_against({"RF1 BEGIN " + old + "\n\nRF1 END " + old + " rc=0\n"}, ScriptedStream::Last::end);
  REQUIRE_FALSE(output);
  CHECK(output.error().message.find("before the script began") != std::string::npos);
}

TEST_CASE("a time limit ends a node that hangs") {
  const auto output = run_against({"RF1 BEGIN {nonce}\n"}, ScriptedStream::Last::hang, {.time = 50ms});
  REQUIRE_FALSE(output);
  CHECK(output.error().kind == ErrorKind::timeout);
}

TEST_CASE("a time limit ends a node that never stops printing") {
  auto stream = std::make_unique<ScriptedStream>(std::deque<std::string>{"x\n"}, ScriptedStream::Last::hang);
  stream->forever_ = true;
  const auto output = run_against(std::move(stream), {.time = 80ms});
  REQUIRE_FALSE(output);
  CHECK(output.error().kind == ErrorKind::timeout);
}

TEST_CASE("a variable set by one program is seen by the next, and standard input is empty") {
  const auto text = await([]() -> asio::awaitable<std::string> {
    Access access;
    access.privilege = Privilege::as_is;
    auto shell = co_await open_local(access);
    if (!shell) co_return to_string(shell.error());
    const auto first = co_await (*shell)->run("rf_main() { seen=1; cat; }\nrf_main", RunLimits{});
    if (!first) co_return to_string(first.error());
    const auto second = co_await (*shell)->run("echo \"seen=$seen\"; echo oops >&2", RunLimits{});
    if (!second) co_return to_string(second.error());
    co_return second->text + second->complaint;
  }());
  CHECK(text == "seen=1\noops\n");
}

TEST_CASE("lines are handed out while the program runs") {
  std::vector<std::string> seen;
  const auto together = await([](std::vector<std::string>* lines) -> asio::awaitable<int> {
    Access access;
    access.privilege = Privilege::as_is;
    auto shell = co_await open_local(access);
    if (!shell) co_return -1;
    auto first_at = std::chrono::steady_clock::time_point::max();
    const std::function<void(std::string_view)> on_line = [&](std::string_view line) {
      if (lines->empty()) first_at = std::chrono::steady_clock::now();
      lines->emplace_back(line);
    };
    const auto output = co_await (*shell)->run("echo one; sleep 0.3; echo; echo two", RunLimits{}, on_line);
    if (!output) co_return -2;
    co_return std::chrono::steady_clock::now() - first_at > 200ms ? 0 : 1;
  }(&seen));
  CHECK(together == 0);
  CHECK(seen == std::vector<std::string>{"one", "", "two"});
}
