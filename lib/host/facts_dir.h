// Facts kept in a directory, one file a node (NAME.facts): `detect --save DIR` writes it, `--facts DIR` uses it in
// place of the nodes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "node/facts.h"

namespace rf {

struct SavedFacts {
  std::string node;
  Result<Facts> facts = Facts{};
};
// A node's name as the name of a file or directory: what is unusual in one becomes '_'.
std::string node_file_name(std::string_view node);
// Every *.facts file, sorted by name; or the one file when the path is a file. An Error when there is none.
Result<std::vector<SavedFacts>> read_saved_facts(const std::string& path);
// Secrets are masked. Returns the path written.
Result<std::string> save_facts(const std::string& directory, const std::string& node, const Facts& facts);

}  // namespace rf
