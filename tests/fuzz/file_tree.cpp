// Any tree of files and links, and any paths and patterns to look up in it: answers in time, whatever the links lead
// to.
#include "input.h"

using namespace rf;
using fuzz::require;

// The head holds what is looked up, one a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const auto input = fuzz::tree_input(fuzz::text_of(data, size));
  const auto& tree = input.tree;
  for (const auto& [path, entry] : tree.entries()) {
    require(path.starts_with('/') && normal_path(path) == path && path != "/");
    if (const auto* found = tree.stat(path)) require(found->kind != FileEntry::Kind::symlink);
  }
  for (const auto pattern : lines(input.head)) {
    const auto real = tree.real_path(pattern);
    require(real.starts_with('/') && (!tree.exists(pattern) || tree.real_path(real) == real));
    for (const auto& match : tree.glob(pattern)) require(match.starts_with('/'));
    for (const auto& name : tree.list(pattern)) require(!name.empty() && name.find('/') == name.npos);
    (void)tree.read(pattern);
  }
  auto less = tree;
  for (const auto pattern : lines(input.head)) less.remove(pattern);
  require(less.entries().size() <= tree.entries().size());
  return 0;
}
