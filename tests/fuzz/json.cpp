// Any bytes as JSON of other programs: Docker's client configuration, a credential helper's answer, a container's
// description.
#include "host/docker_auths.h"
#include "host/kind_cluster.h"
#include "input.h"

using namespace rf;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  for (const char* host : {"registry-1.docker.io", "ghcr.io"}) {
    const auto auth = docker_auth(text, "config.json", host);
    if (!auth) continue;
    require(auth->helper ? auth->helper->program.find_first_of("/ $`;'\"") == std::string::npos
                         : !auth->credentials.password.empty());
  }
  if (const auto credentials = read_helper_answer(text, 0, {"docker-credential-x", "k"}))
    require(!credentials->username.empty() && !credentials->password.empty());
  const auto container = parse_container(text);
  if (!container) {
    require(!container.error().message.empty());
    return 0;
  }
  require(container->host_port >= 0 && container->host_port <= 65535);
  for (const auto& network : container->networks) require(!network.empty() && network.front() != '-');
  return 0;
}
