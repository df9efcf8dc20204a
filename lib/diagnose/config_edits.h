// Edits of a config.toml that take a fault out of it. Each is empty where the right text is not known from the file.
// Internal to the room.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/version.h"
#include "diagnose/fix.h"

namespace rf {

// Headers [plugins.FROM...], under the name TO.
std::vector<LineEdit> rename_plugin(std::string_view text, std::string_view from, std::string_view to);
// Registry settings of plugin FROM, and nothing else of it, under the name TO. Empty where TO has some in this text.
std::vector<LineEdit> rename_registry(std::string_view text, std::string_view from, std::string_view to);
// The version line of the file says this, whatever it said.
LineEdit version_line(std::string_view text, int version);
// A key of the top level in small letters, in headers too.
std::vector<LineEdit> lower_root_key(std::string_view text, std::string_view written);
// The file in another config version: its version line and the name of its registry settings.
std::vector<LineEdit> version_edits(std::string_view text, std::string_view file, int version,
                                    const Version& containerd);
// A registry setting that containerd does not know: under the name that was meant, or in the table it belongs to.
std::vector<LineEdit> setting_edits(std::string_view text, int line, std::string_view key);
// Headers [...TABLE."NAME"...] with how they write the name.
struct QuotedHeader {
  int line = 0;
  std::string written = {};
};
std::vector<QuotedHeader> quoted_header_lines(std::string_view text, std::string_view table, std::string_view name);
// The line of the first statement about the same key as the one on `second`; 0 when it is not found.
int first_line_of(std::string_view text, int second);
int end_of_table(std::string_view text, int header);  // the last line of the table whose header is on `header`

}  // namespace rf
