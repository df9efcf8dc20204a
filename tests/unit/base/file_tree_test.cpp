#include "base/file_tree.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

TEST_CASE("symlinks are followed in every component, and a loop is nothing") {
  FileTree tree;
  tree.put_file("/snap/7589/args/a.toml", "x");
  tree.put_symlink("/snap/current", "7589");
  tree.put_symlink("/loop", "/loop");
  CHECK(tree.read("/snap/current/args/a.toml") == "x");
  CHECK(tree.real_path("/snap/current/args") == "/snap/7589/args");
  CHECK_FALSE(tree.exists("/loop"));
  CHECK(tree.lstat("/loop")->kind == FileEntry::Kind::symlink);
}

TEST_CASE("a glob crosses no directory and is sorted") {
  FileTree tree;
  tree.put_file("/etc/conf.d/b.toml", "");
  tree.put_file("/etc/conf.d/a.toml", "");
  tree.put_file("/etc/conf.d/sub/c.toml", "");
  CHECK(tree.glob("/etc/conf.d/*.toml") == std::vector<std::string>{"/etc/conf.d/a.toml", "/etc/conf.d/b.toml"});
  CHECK(tree.glob("/etc/conf.d/[^a].toml") == std::vector<std::string>{"/etc/conf.d/b.toml"});
}

TEST_CASE("removing a directory removes what is below it and nothing beside it") {
  FileTree tree;
  tree.put_file("/a/b/c", "");
  tree.put_file("/a/bc", "");
  tree.remove("/a/b");
  CHECK(tree.list("/a") == std::vector<std::string>{"bc"});
}

TEST_CASE("no pattern and no links make a lookup long") {
  FileTree tree;
  tree.put_file("/d/" + std::string(200, 'a'), "");
  tree.put_symlink("/d/up", ".");
  tree.put_symlink("/d/back", "../d");
  std::string stars, levels = "/d";
  for (int i = 0; i < 30; ++i) stars += "*a";
  for (int i = 0; i < 60; ++i) levels += "/*";
  CHECK(tree.glob("/d/" + stars + "b").empty());
  CHECK(tree.glob("/d/" + stars).size() == 1);
  CHECK(tree.glob(levels).size() <= FileTree::most_matches);
}

TEST_CASE("a loop of links has no names in it, and a directory lists each of its names once") {
  FileTree tree;
  tree.put_symlink("/loop", "loop");
  tree.put_file("/a/b/c", "");
  tree.put_file("/a/b/d", "");
  tree.put_file("/a/b-", "");
  tree.put_file("/a/b0", "");
  CHECK(tree.list("/loop").empty());
  CHECK(tree.list("/a") == std::vector<std::string>{"b", "b-", "b0"});
  CHECK(tree.list("/") == std::vector<std::string>{"a", "loop"});
}

TEST_CASE("a glob knows classes, escapes and what is none") {
  FileTree tree;
  for (const auto* name : {"/a1", "/b1", "/*1", "/ab", "/-"}) tree.put_file(name, "");
  using Paths = std::vector<std::string>;
  CHECK(tree.glob("/[a-b]1") == Paths{"/a1", "/b1"});
  CHECK(tree.glob("/\\*1") == Paths{"/*1"});
  CHECK(tree.glob("/?1") == Paths{"/*1", "/a1", "/b1"});
  CHECK(tree.glob("/[^a]") == Paths{"/-"});
  CHECK(tree.glob("/[a1").empty());
  CHECK(tree.glob("/a*b") == Paths{"/ab"});
  CHECK(tree.glob("/**") == Paths{"/*1", "/-", "/a1", "/ab", "/b1"});
}
