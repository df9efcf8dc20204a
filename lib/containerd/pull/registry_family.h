// What is known of public registries: how each family takes credentials. Data: profiles/registries/*.toml.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "base/result.h"

namespace rf {

struct RegistryFamily {
  // What an Authorization header at the registry itself may be.
  enum class Takes {
    basic,          // user and password
    static_bearer,  // the base64 of a token, without asking the token service
    token_service,  // nothing but a token of its own: containerd before 2.1 cannot log in by a header
  };
  std::string title;
  std::vector<std::string> hosts;  // as an endpoint names them; "*" stands for one part or more
  Takes takes = Takes::basic;
  // Its token service refuses all when it does not know one of the repositories it is asked for. containerd asks for
  // two, the endpoint's and the image's own, wherever an endpoint has a path.
  bool refuses_unknown_repository = false;
  bool public_by_bearer = false;  // public_bearer (base/names.h) reads what is public, without asking for a token
};

Result<std::vector<RegistryFamily>> load_registry_families(std::span<const embedded::File> files);
// Of the built-in families; nullptr for a host that is of none.
const RegistryFamily* registry_family(std::string_view host);

}  // namespace rf
