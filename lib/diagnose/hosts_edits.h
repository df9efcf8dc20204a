// Edits of a hosts.toml that take a fault out of it. Each is empty where the right text is not known from the file.
// Internal to the room.
#pragma once
#include <string_view>
#include <vector>

#include "base/version.h"
#include "containerd/config/effective_config.h"
#include "diagnose/fix.h"

namespace rf {

// Of a fault for which the whole file is ignored.
std::vector<LineEdit> dropped_file_edits(std::string_view text, const IgnoredSetting& fault, const Version& containerd);
// Of `server` after a header: above the first one; away where there is one.
std::vector<LineEdit> server_edits(std::string_view text, int line);
// Of a host that is written as an inline table or with dotted keys.
std::vector<LineEdit> inline_host_edits(std::string_view text, int line);
// Of a key that containerd does not know.
std::vector<LineEdit> unknown_key_edits(std::string_view text, const IgnoredSetting& setting,
                                        const Version& containerd);
// A list of capabilities on one line, as the usual one.
std::vector<LineEdit> capabilities_edits(std::string_view text, int line);
// The line of the first header; 0 without one.
int first_header_line(std::string_view text);

}  // namespace rf
