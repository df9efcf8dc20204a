// Credentials out of Docker's client configuration (~/.docker/config.json), its credential helpers included.
#pragma once
#include <chrono>
#include <string>

#include "base/result.h"
#include "host/docker_auths.h"

namespace rf {

// For an endpoint host ("registry-1.docker.io", "ghcr.io", "harbor.corp:8443"). `path` is expanded; the file must have
// an entry for it.
Result<DockerCredentials> docker_credentials(const std::string& path, const std::string& host,
                                             std::chrono::milliseconds limit);

}  // namespace rf
