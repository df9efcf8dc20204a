// The secrets and certificates of an intent, resolved once per run: what its references and paths stood for.
#pragma once
#include <map>
#include <string>

#include "base/secret.h"

namespace rf {

struct ResolvedEndpoint {
  std::string username;
  Secret password;
  std::string ca_pem;
  std::string client_cert_pem;
  Secret client_key_pem;
};
using ResolvedEndpoints = std::map<std::string, ResolvedEndpoint, std::less<>>;  // by endpoint host

}  // namespace rf
