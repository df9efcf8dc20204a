// What may stand in a script that is sent to a node. Nothing else puts text of another origin into one.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

// "NAME='value'\n". The value is kept to letters, digits and _./:@+,%=-~ and blanks between them; anything else is an
// Error.
Result<std::string> script_word(std::string_view name, std::string_view value);
// The same for a list, one word a line; the words may also hold the glob characters * ? [ ].
Result<std::string> script_list(std::string_view name, const std::vector<std::string>& words);
// Any bytes, to be written by `printf '%b' "$NAME"`: "NAME='...'\n". That costs the node no process, and nothing in the
// text can end the quotes: a quote, a backslash and whatever is not printable ASCII stands there as an octal number.
std::string script_bytes(std::string_view name, std::string_view bytes);

// A template without its comment lines and indentation: less to send.
std::string script_template(std::string_view path);

}  // namespace rf
