#include "base/embedded.h"

#include <cstdlib>

namespace rf::embedded {

std::string_view template_file(std::string_view path) {
  for (const auto& file : templates())
    if (file.path == path) return file.content;
  std::abort();
}

}  // namespace rf::embedded
