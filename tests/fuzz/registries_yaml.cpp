// Any text as somebody's registries.yaml: merging refuses it, or changes what is declared, loses no foreign entry,
// changes nothing the second time, and gives it back when nothing is declared any more.
#include <cstdint>
#include <cstdlib>

#include "plan/registries_yaml/registries_yaml_edit.h"

using namespace rf;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RegistriesYaml desired;
  desired.mirrors["docker.io"].endpoints = {"http://anubis:32000", "https://registry-1.docker.io"};
  desired.mirrors["*"].endpoints = {"https://h/v2/x"};
  desired.configs["h"].auth = RegistriesYamlAuth{.username = "u", .password = Secret("p: #\n")};
  const auto before = parse_registries_yaml(text, "r");
  const auto once = merge_registries_yaml(text, desired, "r");
  if (!once) return 0;
  if (!before) std::abort();
  const auto after = parse_registries_yaml(*once, "r");
  if (!after || registries_yaml_url(after->mirrors.at("docker.io").endpoints.at(0)) != "http://anubis:32000/v2")
    std::abort();
  for (const auto& [host, mirror] : before->mirrors)
    if (host != "docker.io" && host != "*" && text.find(registries_yaml_mark) == text.npos &&
        !(after->mirrors.at(host) == mirror))
      std::abort();
  const auto twice = merge_registries_yaml(*once, desired, "r");
  if (!twice || *twice != *once) std::abort();
  (void)render_hosts(*after, {.disable_default_endpoint = size % 2 == 0,
                              .embedded_registry = "127.0.0.1:6443",
                              .embedded_tls = {},
                              .registries_file = {}});
  return 0;
}
