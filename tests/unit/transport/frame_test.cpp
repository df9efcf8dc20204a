#include "transport/shell/frame.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <vector>

#include "base/text.h"

using namespace rf;

namespace {

std::string framed(std::string_view program, std::string_view nonce) {
  const auto around = frame_with(nonce);
  return around.before + std::string(program) + around.after;
}

const std::string nonce = "0123456789abcdef0123456789abcdef";

struct Read {
  bool ended = false;
  std::optional<Error> error;
  std::string text;
  int rc = -1;
  std::vector<std::string> lines;
};

Read read_in_pieces(std::string_view stream, std::size_t piece, FrameLimits limits = {}) {
  FrameReader frame(nonce, limits);
  Read read;
  const std::function<void(std::string_view)> on_line = [&](std::string_view line) { read.lines.emplace_back(line); };
  for (std::size_t at = 0; at < stream.size() && !read.ended; at += piece) {
    auto fed = frame.feed(stream.substr(at, piece), on_line);
    if (!fed) {
      read.error = fed.error();
      return read;
    }
    read.ended = *fed;
  }
  read.rc = frame.rc();
  read.text = frame.take_text();
  return read;
}

// What `shell` prints for the text on its standard input.
std::string run_with(const std::string& shell, const std::string& input) {
  const std::string command = "printf %s " + shell_quote(input) + " | " + shell + " -s 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> buffer{};
  for (std::size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), got);
  pclose(pipe);
  return out;
}

}  // namespace

TEST_CASE("output is found however the stream is cut") {
  const std::string stream = "motd\nno newline\nRF1 BEGIN " + nonce + "\na\n\nb\n\nRF1 END " + nonce + " rc=3\nrest";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    const Read read = read_in_pieces(stream, piece);
    REQUIRE(read.ended);
    CHECK(read.text == "a\n\nb\n");
    CHECK(read.rc == 3);
    CHECK(read.lines == std::vector<std::string>{"a", "", "b"});
  }
}

TEST_CASE("output without a last newline keeps its form") {
  CHECK(read_in_pieces("RF1 BEGIN " + nonce + "\nabc\nRF1 END " + nonce + " rc=0\n", 7).text == "abc");
  CHECK(read_in_pieces("RF1 BEGIN " + nonce + "\n\nRF1 END " + nonce + " rc=0\n", 7).text.empty());
}

TEST_CASE("lines with another nonce are noise before BEGIN and text after it") {
  const std::string other(32, 'f');
  const Read read = read_in_pieces("RF1 BEGIN " + other + "\nRF1 END " + other + " rc=0\nRF1 BEGIN " + nonce +
                                       "\nRF1 END " + other + " rc=0\n\nRF1 END " + nonce + " rc=0\n",
                                   1000);
  REQUIRE(read.ended);
  CHECK(read.text == "RF1 END " + other + " rc=0\n");
}

TEST_CASE("an END line without a status is a protocol error") {
  for (const char* status : {"", "x", "1x", "1234", "-1"}) {
    const Read read = read_in_pieces("RF1 BEGIN " + nonce + "\n\nRF1 END " + nonce + " rc=" + status + "\n", 100);
    REQUIRE(read.error);
    CHECK(read.error->kind == ErrorKind::protocol);
  }
}

TEST_CASE("noise and output end at their limits, also within one endless line") {
  FrameLimits limits;
  limits.noise = 1000;
  limits.text = 1000;
  CHECK(read_in_pieces(std::string(1001, 'x'), 100, limits).error);
  const std::string begin = "RF1 BEGIN " + nonce + "\n";
  CHECK(read_in_pieces(begin + std::string(1100, 'x'), 100, limits).error);
  std::string many = begin;
  for (int i = 0; i < 600; ++i) many += "y\n";
  CHECK(read_in_pieces(many, 100, limits).error);
  CHECK_FALSE(read_in_pieces(begin + std::string(990, 'x') + "\nRF1 END " + nonce + " rc=0\n", 100, limits).error);
}

TEST_CASE("a program cut off anywhere does nothing, in every shell") {
  const std::string program = framed("rf_main() { echo ran; }\nrf_main", nonce);
  for (const char* shell : {"dash", "busybox sh", "bash"}) {
    const std::string whole = run_with(shell, program);
    CHECK(read_in_pieces(whole, 5).text == "ran\n");
    const auto last_line = program.rfind('{');
    std::vector<std::size_t> cuts{
        0, 1, program.find("echo"), program.find("rf_main", 60), last_line - 1, last_line, last_line + 1};
    for (auto at = last_line + 2; at + 2 < program.size(); at += 7) cuts.push_back(at);
    cuts.push_back(program.size() - 3);
    for (const auto cut : cuts) {
      INFO(shell << " cut at " << cut);
      CHECK(run_with(shell, program.substr(0, cut)).find("ran") == std::string::npos);
    }
  }
}

TEST_CASE("the status is that of the program's last command") {
  for (const char* shell : {"dash", "busybox sh", "bash"}) {
    CHECK(read_in_pieces(run_with(shell, framed("rf_main() { return 7; }\nrf_main", nonce)), 64).rc == 7);
    CHECK(read_in_pieces(run_with(shell, framed("printf 'a b'; false", nonce)), 64).text == "a b");
  }
}
