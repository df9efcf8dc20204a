// What Go's url.Parse makes of a text, as far as containerd's configuration needs it.
#pragma once
#include <string>
#include <string_view>

namespace rf {

struct GoUrl {
  std::string error;   // Go's message without the leading "parse ...: "; empty when it parses
  std::string scheme;  // lower case; "" when there is none
  std::string host;    // with port; "" when there is none ("localhost:5000" is scheme localhost)
  std::string path;
};
GoUrl parse_go_url(std::string_view text);

}  // namespace rf
