// In which order the files of a plan are committed.
#include <catch2/catch_test_macros.hpp>

#include "plan/draft.h"

using namespace rf;

namespace {

using Op = FileChange::Op;
using Class = FileChange::Class;

FileChange change(Op op, Class kind, std::string path) {
  FileChange one;
  one.op = op;
  one.kind = kind;
  one.path = std::move(path);
  return one;
}

}  // namespace

TEST_CASE("a file is committed after those it refers to, and removed before them, whatever its name") {
  std::vector<FileChange> files{
      change(Op::remove_directory, Class::directory, "/old"),
      change(Op::remove_directory, Class::directory, "/old/below"),
      change(Op::remove, Class::certificate, "/old/a.toml"),
      change(Op::remove, Class::hosts, "/old/hosts.toml"),
      change(Op::replace, Class::config, "/a/config.toml"),
      change(Op::create, Class::hosts, "/a/b"),
      change(Op::create, Class::certificate, "/z/config.toml"),
      change(Op::make_directory, Class::directory, "/z/below"),
      change(Op::make_directory, Class::directory, "/z"),
  };
  sort_for_commit(files);
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"/z", "/z/below", "/z/config.toml", "/a/b", "/a/config.toml",
                                          "/old/hosts.toml", "/old/a.toml", "/old/below", "/old"});
}

TEST_CASE("of what is in a registry's directory only hosts.toml refers to the rest") {
  CHECK(class_in_hosts_dir("/etc/containerd/certs.d/docker.io/hosts.toml") == Class::hosts);
  CHECK(class_in_hosts_dir("/etc/containerd/certs.d/docker.io/ca.crt") == Class::certificate);
  CHECK(class_in_hosts_dir("/etc/containerd/certs.d/docker.io/other.toml") == Class::certificate);
}
