// What Docker's client configuration (~/.docker/config.json) says about one host. Pure: docker_config.h reads the file
// and runs helpers.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace rf {

struct DockerCredentials {
  std::string username;
  Secret password;
};
// A program that holds them: `docker-credential-NAME get`, asked for `key`.
struct CredentialHelper {
  std::string program;
  std::string key;
};
struct DockerAuth {
  DockerCredentials credentials;  // without a helper
  std::optional<CredentialHelper> helper;
};

// `path` is for messages. An Error when the configuration has nothing for the host that a registry would take.
Result<DockerAuth> docker_auth(std::string_view json, const std::string& path, const std::string& host);
// What a helper printed.
Result<DockerCredentials> read_helper_answer(std::string_view json, int exit_status, const CredentialHelper& helper);

}  // namespace rf
