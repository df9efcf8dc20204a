// The pure half of container.h.
#include "transport/ways/container_name.h"

#include <string>

namespace rf {

bool is_container_name(std::string_view name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return !name.empty() && name.size() <= 253 && letters.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(std::string(letters) + "_.-") == std::string_view::npos;
}

}  // namespace rf
