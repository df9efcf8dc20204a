// The intent as registries.yaml has words for it. Internal to the room.
#pragma once
#include <string>
#include <vector>

#include "base/content.h"
#include "containerd/k3s/registries_yaml.h"
#include "intent/intent.h"
#include "intent/resolved.h"

namespace rf {

struct RegistriesYamlCertificate {
  std::string path;  // on the node; named by content
  Content content;
};

struct DeclaredRegistriesYaml {
  RegistriesYaml desired;
  std::vector<RegistriesYamlCertificate> certificates;  // each once
  std::vector<std::string> warnings;                    // what it has no words for
};
// A text of that meaning. Where an entry has credentials it is made from a secret.
Content registries_yaml_content(std::string text, const RegistriesYaml& meaning);
DeclaredRegistriesYaml registries_yaml_of(const Intent& intent, const ResolvedEndpoints& resolved,
                                          std::string_view certificates_dir);

}  // namespace rf
