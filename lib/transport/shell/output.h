// What a program printed between its BEGIN and END lines, or a child process on its standard output.
#pragma once
#include <string>

namespace rf {

// A program that ran and failed is an Output with rc != 0; where an Error comes in its place, we do not know whether,
// or how far, it ran.
struct Output {
  int rc = 0;
  std::string text;
  std::string complaint = {};  // the end of what went to standard error, for messages only
};

}  // namespace rf
