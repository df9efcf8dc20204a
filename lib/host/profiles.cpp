#include "host/profiles.h"

#include <map>

#include "base/embedded.h"
#include "host/files.h"

namespace rf {

Result<std::vector<Profile>> read_profiles(const std::string& directory) {
  std::map<std::string, LocalFile> own;  // by file name
  if (!directory.empty()) {
    RF_TRY(const auto names, list_local_files(directory, ".toml"));
    for (const auto& name : names) {
      RF_TRY(own[name], read_local_file(directory + "/" + name));
    }
  }
  std::vector<embedded::File> files;
  for (const auto& file : embedded::profiles()) {
    if (!own.count(std::string(file.path))) files.push_back(file);
  }
  for (const auto& [name, file] : own) files.push_back({file.path, file.text});
  return load_profiles(files).doing("reading the profiles");
}

}  // namespace rf
