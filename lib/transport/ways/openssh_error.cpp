// What ssh's own messages mean: the pure half of openssh.h.
#include "transport/ways/openssh.h"

namespace rf {

bool is_hang_up(const Error& error) {
  const auto says = [&](std::string_view part) { return error.message.find(part) != std::string::npos; };
  return error.kind == ErrorKind::connect &&
         (says("onnection closed") || says("onnection reset") || says("Broken pipe") || !says("(it said \""));
}

Error openssh_error(const Target& target, Error error) {
  if (error.kind != ErrorKind::connect) return error;
  const auto says = [&](std::string_view part) { return error.message.find(part) != std::string::npos; };
  const std::string who = to_string(target);
  if (says("REMOTE HOST IDENTIFICATION HAS CHANGED")) {
    error.kind = ErrorKind::host_key;
    error.hint = "if the node was reinstalled: ssh-keygen -R " + target.host;
  } else if (says("Host key verification failed") || says("No matching host key") || says("REVOKED HOST KEY")) {
    error.kind = ErrorKind::host_key;
    error.hint = "connect once with `ssh " + who + "` and check the fingerprint, or use --accept-new-host-keys";
  } else if (says("Permission denied (")) {
    error.kind = ErrorKind::auth;
    error.hint = "check that `ssh " + who + " true` works";
  } else if (says("timed out")) {
    error.kind = ErrorKind::timeout;
    error.hint = "check that the node is up and that the port is open";
  } else if (says("Could not resolve") || says("Connection refused") || says("No route to host") ||
             says("onnection closed") || says("onnection reset")) {
    error.hint = "check that the node is up: `ssh " + who + " true` fails in the same way";
  } else {
    return error;
  }
  const auto quote = error.message.find("(it said \"");
  if (quote != std::string::npos)
    error.message = "ssh: " + error.message.substr(quote + 10, error.message.size() - quote - 12);
  return error;
}

}  // namespace rf
