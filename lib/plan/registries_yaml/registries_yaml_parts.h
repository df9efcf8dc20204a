// The lines that a registries.yaml is made of: entries, lists and blocks as text. Internal to the style.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "containerd/k3s/registries_yaml.h"

namespace rf {

enum class OurMark { no, yes };

// All without indentation in front; `"docker.io":  # regfallback` is the first line of an entry that is marked.
std::vector<std::string> mirror_lines(const std::string& host, const std::vector<std::string>& endpoints, OurMark mark);
std::vector<std::string> endpoint_lines(const std::vector<std::string>& endpoints, OurMark mark);
std::vector<std::string> config_lines(const std::string& host, const RegistriesYamlConfig& config, OurMark mark);
std::vector<std::string> auth_lines(const RegistriesYamlAuth& auth, OurMark mark);
std::vector<std::string> tls_lines(const RegistriesYamlTls& tls, OurMark mark);
std::string key_line(std::string_view key, OurMark mark);
std::string flow_list(const std::vector<std::string>& items);

// The lines of a list (with the comments between them) changed so that it holds `wanted`, in that order. Lines of items
// that stay are taken over as they are; `indent` is for the dash where the list was empty.
Result<std::vector<std::string>> changed_items(const std::vector<std::string>& old,
                                               const std::vector<std::string>& wanted, std::size_t indent);

}  // namespace rf
