// Trees of this machine's files: what is in the way of a reader ends nowhere else.
#include "host/read_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace rf;
namespace fs = std::filesystem;

namespace {

struct Root {
  Root() {
    std::array<char, 32> name{"/tmp/regfallback-tree-XXXXXX"};
    path = ::mkdtemp(name.data());
  }
  ~Root() { fs::remove_all(path); }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((path + file).substr(0, (path + file).rfind('/')));
    std::ofstream(path + file) << text;
  }
  std::string path;
};

std::string why(const FileTree& tree, std::string_view path) {
  const auto unread = tree.why_unread(path);
  return unread ? unread->message : "";
}

}  // namespace

TEST_CASE("pipes and devices are not opened, links that lead round end, large files are named") {
  const Root root;
  root.write("/etc/large", std::string((1u << 20) + 1, 'x'));
  root.write("/etc/fits", std::string(1u << 20, 'x'));
  REQUIRE(::mkfifo((root.path + "/etc/pipe").c_str(), 0600) == 0);
  fs::create_symlink("/etc", root.path + "/etc/round");
  fs::create_symlink("self", root.path + "/etc/self");
  TreeReader reader(root.path);
  reader.add("/etc");
  CHECK_FALSE(reader.unread());
  const auto& tree = reader.tree();
  CHECK(tree.stat("/etc/pipe")->kind == FileEntry::Kind::other);
  CHECK(tree.read("/etc/fits")->size() == 1u << 20);
  CHECK(why(tree, "/etc/large") == "not read: larger than 1 MiB");
  CHECK(why(tree, "/etc/round/round/large") == "not read: larger than 1 MiB");
  CHECK(tree.stat("/etc/self") == nullptr);
}

TEST_CASE("more than a tree holds is said") {
  const Root deep;
  std::string directory = "/etc";
  for (int i = 0; i < 20; ++i) directory += "/d";
  deep.write(directory + "/f", "x");
  TreeReader reader(deep.path);
  reader.add("/etc");
  REQUIRE(reader.unread());
  CHECK(reader.unread()->kind == ErrorKind::unreadable);

  const Root wide;
  for (int i = 0; i < 34; ++i) wide.write("/etc/f" + std::to_string(100 + i), std::string(1u << 20, 'x'));
  TreeReader bytes(wide.path);
  bytes.add("/etc");
  std::size_t left = 0;
  for (const auto& [path, entry] : bytes.tree().entries())
    if (entry.kind == FileEntry::Kind::unreadable) {
      ++left;
      CHECK(entry.unread == "more than 32 MiB, together with the files read before it");
    }
  CHECK(left == 2);
}

TEST_CASE("what this user may not read or list is told apart from what is not there") {
  if (::geteuid() == 0) SKIP("root may read everything");
  const Root root;
  root.write("/etc/closed/f", "x");
  root.write("/etc/f", "x");
  fs::permissions(root.path + "/etc/closed", fs::perms::none);
  fs::permissions(root.path + "/etc/f", fs::perms::none);
  TreeReader reader(root.path);
  reader.add("/etc");
  CHECK(why(reader.tree(), "/etc/closed/f") == "not read: this user has no permission to list the directory");
  CHECK(why(reader.tree(), "/etc/f").find("Permission denied") != std::string::npos);
  CHECK(why(reader.tree(), "/etc/none").empty());
  fs::permissions(root.path + "/etc/closed", fs::perms::owner_all);
}
