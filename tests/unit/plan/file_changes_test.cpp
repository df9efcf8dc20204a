#include "plan/file_changes.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

namespace {

using Class = FileChange::Class;
using Op = FileChange::Op;

FileChange change(Op op, Class kind, std::string path) {
  FileChange out;
  out.op = op;
  out.kind = kind;
  out.path = std::move(path);
  return out;
}

}  // namespace

TEST_CASE("changes are carried out in one order: what others refer to comes first, and goes last") {
  std::vector<FileChange> files{
      change(Op::remove_directory, Class::directory, "/c/a"),  change(Op::remove_directory, Class::directory, "/c/a/b"),
      change(Op::remove, Class::certificate, "/c/old.crt"),    change(Op::remove, Class::hosts, "/c/old/hosts.toml"),
      change(Op::replace, Class::config, "/etc/config.toml"),  change(Op::create, Class::hosts, "/c/new/hosts.toml"),
      change(Op::create, Class::certificate, "/c/new/ca.crt"), change(Op::make_directory, Class::directory, "/c/new"),
      change(Op::make_directory, Class::directory, "/c")};
  sort_for_commit(files);
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"/c", "/c/new", "/c/new/ca.crt", "/c/new/hosts.toml", "/etc/config.toml",
                                          "/c/old/hosts.toml", "/c/old.crt", "/c/a/b", "/c/a"});
}

TEST_CASE("a file is made with the node's modes, changed with its own, and closed where a secret comes into it") {
  FileTree tree;
  tree.put("/d", {.kind = FileEntry::Kind::directory, .mode = 0770, .gid = 990});
  tree.put("/d/old", {.kind = FileEntry::Kind::file, .content = "a", .mode = 0664, .uid = 7, .gid = 8});
  NodeFiles node(tree);
  node.file_mode = 0660;
  node.directory_mode = 0770;
  node.keep_group = true;
  std::vector<FileChange> changes;
  REQUIRE(put_file(node, {.path = "/d/e/new", .content = "b", .why = {}}, changes));
  REQUIRE(put_file(node, {.path = "/d/old", .content = "b", .why = {}}, changes));
  REQUIRE(put_file(node, {.path = "/d/key", .content = Secret(std::string("b")), .why = {}}, changes));
  REQUIRE(put_file(node, {.path = "/d/old", .content = "a", .why = {}}, changes));  // as it is
  REQUIRE(changes.size() == 4);
  CHECK((changes[0].path == "/d/e" && changes[0].mode == 0770 && changes[0].gid == 990));
  CHECK((changes[1].mode == 0660 && changes[1].gid == 990 && !changes[1].holds_secrets));
  CHECK((changes[2].mode == 0664 && changes[2].uid == 7 && changes[2].gid == 8));
  CHECK((changes[3].mode == 0600 && changes[3].holds_secrets));
}

TEST_CASE("a directory with a link in it is not removed") {
  FileTree tree;
  tree.put_file("/c/docker.io/hosts.toml", "x");
  tree.put_file("/etc/ssl/ca.crt", "x");
  tree.put_symlink("/c/docker.io/ca.crt", "/etc/ssl/ca.crt");
  std::vector<FileChange> changes;
  const auto removed = remove_hosts_directory(tree, "/c/docker.io", "", changes);
  REQUIRE_FALSE(removed);
  CHECK(removed.error().message.find("/c/docker.io/ca.crt is a link") != std::string::npos);
}
