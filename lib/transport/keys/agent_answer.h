// What an ssh agent answers, read (draft-miller-ssh-agent). Pure: the socket is agent.h's.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

struct AgentKey {
  std::string blob;
  std::string comment;
};

// The answer to "which keys do you hold", without its length. A list that is cut off gives the keys that are whole.
Result<std::vector<AgentKey>> parse_agent_keys(std::string_view answer);
// The answer to "sign this": the signature without its algorithm's name, which must be the one asked for.
Result<std::string> parse_agent_signature(std::string_view answer, std::string_view algorithm);

}  // namespace rf
