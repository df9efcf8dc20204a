// A template of config.toml with at most one action, which includes the built-in one: the parts it is made of. Internal
// to the folder.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "containerd/k3s/registries_yaml.h"

namespace rf {

struct TemplateParts {
  std::string before;  // the include, or all of it
  std::string after;
  bool includes_built_in = false;
  int next_line = 0;  // of the template, in which `after` begins
};
// Nothing for a template with other actions. Trimming ("{{-", "-}}") is done as text/template does it.
std::optional<TemplateParts> parts_of_template(std::string_view text);
bool includes_built_in(std::string_view text);

// The built-in part of a file that was generated; all of it where it was not made from these parts.
std::string_view built_in_part(std::string_view generated, const TemplateParts& parts);
ConfigAtNextStart fill_template(const ConfigTemplate& own, const TemplateParts& parts, std::string_view built_in);

}  // namespace rf
