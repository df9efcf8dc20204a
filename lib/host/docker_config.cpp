#include "host/docker_config.h"

#include "host/command_output.h"
#include "host/files.h"

namespace rf {

Result<DockerCredentials> docker_credentials(const std::string& path, const std::string& host,
                                             std::chrono::milliseconds limit) {
  RF_TRY(auto file, read_local_file(expand_home(path)));
  const Secret text(std::move(file.text));
  RF_TRY(auto auth, docker_auth(text.expose(), path, host));
  if (!auth.helper) return std::move(auth.credentials);
  // The helper reads the key, which is no secret, from its standard input.
  RF_TRY(auto output, command_output({"/bin/sh", "-c", "printf '%s' \"$2\" | \"$1\" get", "sh", auth.helper->program,
                                      auth.helper->key},
                                     limit));
  const Secret answer(std::move(output.text));
  return read_helper_answer(answer.expose(), output.rc, *auth.helper);
}

}  // namespace rf
