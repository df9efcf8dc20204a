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
