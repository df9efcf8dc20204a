#include "base/version.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

namespace {
std::string read(std::string_view text) {
  const auto version = parse_version(text);
  return version ? to_string(*version) : "error";
}
}  // namespace

TEST_CASE("versions are read from what programs print") {
  CHECK(read("1.7.24~ds1") == "1.7.24");
  CHECK(read("v2.4.0-beta.0") == "2.4.0-beta.0");
  CHECK(read("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u2") == "1.6.20");
  CHECK(read("containerd containerd.io v2.1.9 abcdef0123") == "2.1.9");
  CHECK(read("k3s version v1.31.4+k3s1 (standin)") == "1.31.4");
  CHECK(read("main") == "2.4.0");
  CHECK(read("no number") == "error");
  CHECK(read("") == "error");
}

TEST_CASE("a pre-release stands before its release and numbers in it count as numbers") {
  CHECK(*parse_version("2.4.0-beta.0") < *parse_version("2.4.0"));
  CHECK(*parse_version("2.4.0-beta.9") < *parse_version("2.4.0-beta.10"));
  CHECK(*parse_version("1.6.9") < *parse_version("1.6.25"));
}
