// URLs, hosts and paths read the way Go's standard library reads them, because containerd does.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

struct GoUrl {
  std::string scheme;  // lower case; "" when none
  std::string host;    // with port; user info dropped
  std::string path;    // unescaped; "" when none
};
// net/url.Parse; the error's message is Go's, with a password masked: `parse "http://a b": invalid character " " in
// host name`.
Result<GoUrl> parse_go_url(std::string_view text);

// path.Clean.
std::string clean_path(std::string_view path);
// url.URL.EscapedPath of a path that is part of a URL's text: "/a b" -> "/a%20b"; an escape that stands in it stays.
std::string escape_path(std::string_view path);
// url.QueryEscape: "reg.io:5000" -> "reg.io%3A5000".
std::string query_escape(std::string_view text);
// A quoted string as Go's %q prints it.
std::string go_quote(std::string_view text);

// net.SplitHostPort; both parts are empty where Go reports an error (no port, too many colons).
struct GoHostPort {
  std::string host;
  std::string port;
  bool valid = false;
};
GoHostPort split_host_port(std::string_view text);
// containerd's IsLocalhost: "localhost", 127.0.0.0/8, ::1, with or without port.
bool is_localhost(std::string_view host);

}  // namespace rf
