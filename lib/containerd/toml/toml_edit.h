// Edits of a TOML text that keep everything else byte for byte: comments, layout, indentation, quotes and line ends.
// Each edit is proven: the result is parsed again and must differ from the old tree in what was asked for only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "containerd/toml/toml_document.h"

namespace rf {

using TomlPath = std::vector<std::string>;

// `text` with the string at `path` set; tables on the way are made in the style the text has already. The same text
// when it is set so already. An Error of kind parse when the text is not TOML, refused when something on the way is not
// a table.
Result<std::string> set_toml_string(std::string_view text, const TomlPath& path, std::string_view value);
// The same for a list of strings.
Result<std::string> set_toml_strings(std::string_view text, const TomlPath& path,
                                     const std::vector<std::string>& values);

// `text` without the table or key at each of `paths` and what is below them. Comments directly above or inside of what
// is removed go with it; those of the rest stay. Paths that are not there are fine.
Result<std::string> remove_toml(std::string_view text, const std::vector<TomlPath>& paths);

}  // namespace rf
