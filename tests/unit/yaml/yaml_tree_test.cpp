#include "yaml/yaml_tree.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

TEST_CASE("what is written is told from what it means") {
  const auto root = parse_yaml("a: 'true'\nb: true\nc: !!str true\nd: ~\ne:\nf: {g: [1]}\nh:\n  - 1\n", "f");
  REQUIRE(root.ok());
  CHECK((*root)->get("a")->quoted);
  CHECK_FALSE((*root)->get("b")->quoted);
  CHECK((*root)->get("c")->quoted);
  CHECK((*root)->get("d")->is_null());
  CHECK((*root)->get("e")->is_null());
  CHECK((*root)->get("f")->flow);
  CHECK_FALSE((*root)->get("h")->flow);
  CHECK((*root)->get("h")->items[0]->line == 8);
  CHECK((*parse_yaml("", "f"))->is_null());
}

TEST_CASE("keys written again are told with their lines, at every depth") {
  const auto document = read_yaml("a: 1\nb:\n  c: 1\n  c:\nd: [{e: 1, e: 2}]\na: &x {f: 1}\nb: *x\n", "f");
  REQUIRE(document.ok());
  std::string told;
  for (const auto& repeat : repeated_keys(*document->root)) {
    for (const auto& part : repeat.path) told += part + " ";
    told +=
        std::to_string(repeat.first) + " " + std::to_string(repeat.again) + (repeat.again_is_null ? " null; " : "; ");
  }
  CHECK(told == "b c 3 4 null; d e 5 5; a 1 6; b 2 7; ");
}

TEST_CASE("a second document is told, and an error where one is allowed") {
  const auto two = read_yaml("a: 1\n---\nb: [\n", "f");
  REQUIRE(two.ok());
  CHECK(two->next_line == 2);
  CHECK(two->root->get("a")->text == "1");
  CHECK(read_yaml("---\na: 1\n...\n", "f")->next_line == 0);
  const auto refused = parse_yaml("a: 1\n---\nb: 2\n", "f");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::parse);
  CHECK(refused.error().where == Location{"f", 2, 1});
}

TEST_CASE("limits are ours, faults are the text's") {
  CHECK(parse_yaml("a: [", "f").error().kind == ErrorKind::parse);
  CHECK(parse_yaml("a: &a [*a]\n", "f").error().kind == ErrorKind::parse);
  CHECK(parse_yaml("a: [[b]]", "f", {.depth = 2}).error().kind == ErrorKind::unreadable);
  CHECK(parse_yaml("a: [b, c]", "f", {.nodes = 4}).error().kind == ErrorKind::unreadable);
  CHECK(parse_yaml("a: [b, c]", "f", {.nodes = 5}).ok());
  CHECK(parse_yaml("a: b", "f", {.bytes = 3}).error().kind == ErrorKind::unreadable);
}
