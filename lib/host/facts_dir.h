// Facts kept in a directory, one file a node (NAME.facts): `detect --save DIR` writes it, `--facts DIR` uses it in place of the nodes.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "node/facts.h"

namespace rf {

struct SavedFacts {
  std::string node;
  Result<Facts> facts = Facts{};
};
// Every *.facts file, sorted by name; or the one file when the path is a file. An Error when there is none.
Result<std::vector<SavedFacts>> read_saved_facts(const std::string& path);
// Secrets are masked. Returns the path written.
Result<std::string> save_facts(const std::string& directory, const std::string& node, const Facts& facts);

}  // namespace rf
