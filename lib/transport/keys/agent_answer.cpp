#include "transport/keys/agent_answer.h"

#include <cstdint>

#include "base/text.h"
#include "transport/keys/wire.h"

namespace rf {
namespace {

constexpr char identities_answer = 12, sign_response = 14;

}  // namespace

Result<std::vector<AgentKey>> parse_agent_keys(std::string_view answer) {
  WireReader reader(answer);
  std::vector<AgentKey> keys;
  if (reader.byte() != identities_answer)
    return Error{.kind = ErrorKind::auth, .message = "the ssh agent refused to list its keys"};
  const auto count = reader.number();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    AgentKey key;
    key.blob = reader.string();
    key.comment = reader.string();
    if (reader.ok()) keys.push_back(std::move(key));
  }
  return keys;
}

Result<std::string> parse_agent_signature(std::string_view answer, std::string_view algorithm) {
  WireReader reader(answer);
  if (reader.byte() != sign_response) {
    return Error{.kind = ErrorKind::auth,
                 .message = "the ssh agent did not sign",
                 .hint = "it may be locked, or the key may need a confirmation"};
  }
  WireReader signature(reader.string());
  const auto used = signature.string();
  std::string text(signature.string());
  if (!signature.ok() || used != algorithm) {
    return Error{
        .kind = ErrorKind::auth,
        .message = "the ssh agent signed with " + terminal_safe(used) + " instead of " + std::string(algorithm)};
  }
  return text;
}

}  // namespace rf
