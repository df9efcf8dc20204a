// Files compiled into the binary, byte for byte: profiles/, profiles/registries/, templates/ and the pages in
// packaging/doc/doctor/.
#pragma once
#include <span>
#include <string_view>

namespace rf::embedded {

struct File {
  std::string_view path;  // relative to the directory it came from: "node/follow.sh"
  std::string_view content;
};

std::span<const File> profiles();
std::span<const File> registries();
std::span<const File> templates();
std::span<const File> doctor_pages();

// The content of one template. The name is a constant of the caller; an unknown one is a bug and ends the program.
std::string_view template_file(std::string_view path);

}  // namespace rf::embedded
