#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "report/diff.h"
#include "report/table.h"
#include "report/text_style.h"
#include "report/value.h"

using namespace rf;

TEST_CASE("JSON keeps the order of keys, and what is absent is null") {
  auto value = Value::object(
      {{"schema", "regfallback.test/v1"}, {"none", Value()}, {"list", Value::array()}, {"n", 3}, {"yes", true}});
  CHECK(to_json(value) ==
        "{\n  \"schema\": \"regfallback.test/v1\",\n  \"none\": null,\n  \"list\": [],\n  \"n\": 3,\n  \"yes\": "
        "true\n}\n");
}

TEST_CASE("YAML says the same as JSON") {
  auto inner = Value::object({{"a", "x: \"y\""}, {"b", Value::strings(std::vector<std::string>{"1", "no"})}});
  auto list = Value::array();
  list.push(inner);
  list.push(Value("plain"));
  const auto value = Value::object({{"top", list}, {"empty", Value::array()}, {"k.x", 1}});
  CHECK(to_yaml(value) ==
        "top:\n  - a: \"x: \\\"y\\\"\"\n    b:\n      - \"1\"\n      - \"no\"\n  - \"plain\"\nempty: []\n\"k.x\": 1\n");
}

TEST_CASE("bytes that are not UTF-8 do not break JSON or YAML") {
  const auto value = Value::object({{"x", std::string("a\xff\x1b[2J")}});
  CHECK(nlohmann::json::parse(to_json(value))["x"] == "a\xef\xbf\xbd\x1b[2J");
  CHECK(to_yaml(value).find('\x1b') == std::string::npos);
}

TEST_CASE("JSON and YAML show no character that a table would hide or a terminal would obey, and lose none") {
  for (const std::string hidden :
       {"\xc2\x9b", "\x7f", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8b", "\xef\xbb\xbf"}) {
    const auto value = Value::object({{"k" + hidden, "a" + hidden + "\xc3\xbc"}});
    const auto json = to_json(value);
    CHECK(json.find(hidden) == std::string::npos);
    CHECK(json.find("\xc3\xbc") != std::string::npos);
    CHECK(nlohmann::json::parse(json)["k" + hidden] == "a" + hidden + "\xc3\xbc");
    CHECK(to_yaml(value).find(hidden) == std::string::npos);
  }
}

TEST_CASE("a table's columns are as wide as needed and lines have no blanks at the end") {
  Table table({"NODE", "STATE"});
  table.row({{"anubis"}, {"ok"}});
  table.row({{"b"}, {""}});
  CHECK(table.text({}) == "NODE    STATE\nanubis  ok\nb\n");
}

TEST_CASE("a table that is too wide wraps its widest column and loses nothing") {
  Table table({"NODE", "NOTE"});
  table.row({{"anubis"}, {"one two three four five six seven"}});
  CHECK(table.text({.width = 24}) == "NODE    NOTE\nanubis  one two three\n        four five six\n        seven\n");
}

TEST_CASE("what a node printed cannot drive the terminal through a table or a diff") {
  Table table({"NODE"});
  table.row({{"a\x1b]52;c;eA==\x07"}});
  CHECK(table.text({}).find('\x1b') == std::string::npos);
  CHECK(unified_diff({"a\n", "\x1b[2Jb\n", "x", "y"}, {}).find('\x1b') == std::string::npos);
}

TEST_CASE("equal texts have no diff") { CHECK(unified_diff({"a\n", "a\n", "x", "x"}, {}).empty()); }

TEST_CASE("a diff shows three lines around a change") {
  const std::string before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  const std::string after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
  CHECK(unified_diff({before, after, "/f", "/f"}, {}) ==
        "--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST_CASE("changes far apart become two hunks, a new file one") {
  const std::string before = "a\n1\n2\n3\n4\n5\n6\n7\nb\n";
  const std::string after = "A\n1\n2\n3\n4\n5\n6\n7\nB\n";
  CHECK(unified_diff({before, after, "x", "y"}, {}) ==
        "--- x\n+++ y\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
  CHECK(unified_diff({"", "a\nb\n", "/dev/null", "y"}, {}) == "--- /dev/null\n+++ y\n@@ -0,0 +1,2 @@\n+a\n+b\n");
}

TEST_CASE("a missing newline at the end is shown") {
  CHECK(unified_diff({"a", "a\n", "x", "y"}, {}) ==
        "--- x\n+++ y\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

TEST_CASE("colours are only written where they are wanted") {
  CHECK(TextStyle{}.paint(Emphasis::bad, "x") == "x");
  CHECK(TextStyle{.color = TextStyle::Color::yes}.paint(Emphasis::bad, "x") == "\x1b[31mx\x1b[0m");
  CHECK(display_width("\x1b[31mäö\x1b[0m") == 2);
  CHECK(display_width("日本") == 4);
}
