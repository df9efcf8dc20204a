// The questions a connection has, in words. Each names the node as the user did.
#pragma once
#include <string>

#include "transport/known_hosts/known_hosts.h"
#include "transport/shell/secret_question.h"

namespace rf::cmd {

std::string host_key_question(const NewHostKey& key);
std::string secret_question(const SecretQuestion& question);
std::string confirm_question(const ConfirmQuestion& question);

}  // namespace rf::cmd
