// What must be refused before toml++ sees a text. Its recursion, and ours, takes a stack that is used up by tables
// nested deeply enough. Its parser has undefined behaviour on some non-ASCII characters where a key or value may begin,
// and behind a backslash that joins two lines of a string; TOML allows them in strings and comments only, so nothing
// valid is lost but such a join.
#pragma once
#include <string_view>

#include "base/result.h"

namespace rf {

// An Error of kind parse at the first byte above 0x7F outside of strings and comments (a byte order mark at the start
// is none). One of kind unreadable, which says nothing about the text, where it is larger than 1 MiB, has more than
// 50,000 values or a key of more than 1,024 bytes, where a key, or keys and brackets within each other, go deeper than
// 128 levels, and at such a join.
// Call it before every toml::parse. Texts that are no TOML for another reason pass, or are refused here: never read
// past that place.
Result<void> check_toml_characters(std::string_view text, std::string_view file);

}  // namespace rf
