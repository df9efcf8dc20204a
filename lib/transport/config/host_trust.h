// Whether a host is the one that is meant: all that the user's ssh configuration has to say about its key, as one
// answer. Pure.
#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "transport/config/ssh_settings.h"
#include "transport/known_hosts/known_hosts.h"
#include "transport/known_hosts/revoked_keys.h"

namespace rf {

// What is done about keys that are not known, as far as it is not for the ssh configuration to say.
enum class UnknownHostKey {
  refuse,  // there is nobody to ask
  ask,
  accept,  // the user wants so, whatever the configuration says
};

struct OfferedHost {
  HostName name;
  std::string address;  // that was connected to; empty where it is not known
  std::string blob;     // the key
};

struct HostTrust {
  enum class Answer {
    known,
    ask,  // a person; on yes the key is added to known_hosts
    add,  // to known_hosts, unasked
    refused,
  } answer = Answer::refused;
  std::optional<Error> why = {};  // of kind host_key: `refused`, and `ask` when the answer is no
};
HostTrust judge_host(const SshSettings& settings, const KnownHosts& known, const RevokedKeys& revoked,
                     const OfferedHost& host, UnknownHostKey unknown);

// The name under which its keys are known.
HostName host_name_of(const SshSettings& settings);

}  // namespace rf
