#include "host/facts_dir.h"

#include <sys/stat.h>

#include "base/file_tree.h"
#include "host/files.h"

namespace rf {
namespace {

constexpr std::string_view suffix = ".facts";

SavedFacts read_one(const std::string& path) {
  auto node = base_name(path);
  if (node.size() > suffix.size() && node.ends_with(suffix)) node.resize(node.size() - suffix.size());
  const auto file = read_local_file(path);
  if (!file) return {.node = node, .facts = file.error()};
  return {.node = node, .facts = parse_facts(file->text).doing("reading " + path)};
}

bool is_directory(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

}  // namespace

std::string node_file_name(std::string_view node) {
  std::string name;
  for (const char c : node) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '@' || c == ':';
    name += plain && !(name.empty() && c == '.') ? c : '_';
  }
  return name;
}

Result<std::vector<SavedFacts>> read_saved_facts(const std::string& path) {
  std::vector<SavedFacts> all;
  if (!is_directory(path)) {
    RF_TRY(const auto file, read_local_file(path));
    all.push_back(read_one(file.path));
    return all;
  }
  RF_TRY(const auto names, list_local_files(path, suffix));
  for (const auto& name : names) all.push_back(read_one(path + "/" + name));
  if (all.empty()) {
    return Error{.kind = ErrorKind::usage,
                 .message = "there are no *.facts files in " + path,
                 .hint = "'regfallback detect --save " + path + "' writes them"};
  }
  return all;
}

Result<std::string> save_facts(const std::string& directory, const std::string& node, const Facts& facts) {
  auto path = directory + "/" + node_file_name(node) + std::string(suffix);
  RF_CHECK(write_local_file(path, serialize_facts(facts, FactSecrets::mask), 0600));
  return path;
}

}  // namespace rf
