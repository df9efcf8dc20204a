// One plain HTTP request from this machine: does a registry answer there?
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

// The status code of "HTTP/1.1 200 OK"; an Error for anything else.
Result<int> parse_status_line(std::string_view head);
// GET http://host:port/path; `limit` for all of it. Redirects are not followed.
Result<int> http_status(const std::string& host, int port, const std::string& path, std::chrono::milliseconds limit);

}  // namespace rf
