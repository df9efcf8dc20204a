#include "base/text.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace rf;

TEST_CASE("a shell word is quoted so that a shell gives it back") {
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("/etc/rancher/k3s") == "/etc/rancher/k3s");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("$(reboot)") == "'$(reboot)'");
}

TEST_CASE("terminal text keeps letters of every script and shows what could deceive") {
  CHECK(terminal_safe("anubis héllo 日本") == "anubis héllo 日本");
  CHECK(terminal_safe("\x1b]52;c;AA\x07") == "\\x1b]52;c;AA\\x07");
  CHECK(terminal_safe("a\r\nb") == "a\\x0d\\x0ab");
  CHECK(terminal_safe("a\nb", Lines::keep) == "a\nb");
  CHECK(terminal_safe("\xff") == "\\xff");
  CHECK(terminal_safe("\xe2\x80\xae") == "\\u202e");
}

TEST_CASE("base64 gives every byte back and refuses what is not base64") {
  for (const std::string_view bytes : {"", "a", "ab", "abc", "abcd"}) {
    std::string back;
    CHECK(base64_decode(base64_encode(bytes), back));
    CHECK(back == bytes);
  }
  std::string out;
  CHECK_FALSE(base64_decode("abc", out));
  CHECK_FALSE(base64_decode("ab c", out));
  CHECK_FALSE(base64_decode("=abc", out));
}

TEST_CASE("the nearest word is suggested only when it is near") {
  CHECK(nearest("mirors", {"mirrors", "upstream"}) == "mirrors");
  CHECK(nearest("xyzzy", {"mirrors", "upstream"}).empty());
}
