// Any bytes as the binary forms of ssh: an agent's answers, public keys, the numbers and strings they are made of.
#include "transport/keys/wire.h"
#include "input.h"
#include "transport/keys/agent_answer.h"
#include "transport/known_hosts/known_hosts.h"

using namespace rf;
using fuzz::require;

namespace {

void check_reader(std::string_view bytes) {
  WireReader reader(bytes);
  std::size_t taken = 0;
  while (reader.ok()) {
    const auto part = reader.string();
    if (reader.ok()) taken += part.size() + 4;
  }
  require(taken <= bytes.size() && reader.string().empty() && reader.number() == 0);
  const auto string = wire_string(bytes), mpint = wire_mpint(bytes);
  WireReader back(string);
  require(back.string() == bytes && back.ok() && back.rest().empty());
  WireReader number(mpint);
  const auto big = number.string();
  require(number.ok() && (big.empty() || (static_cast<unsigned char>(big[0]) & 0x80) == 0));
}

void check_agent(std::string_view bytes) {
  if (const auto keys = parse_agent_keys(bytes)) {
    std::size_t held = 0;
    for (const auto& key : *keys) held += key.blob.size() + key.comment.size() + 8;
    require(held <= bytes.size());
  }
  const auto signature = parse_agent_signature(bytes, "ssh-ed25519");
  if (signature)
    require(signature->size() < bytes.size());
  else
    require(terminal_safe(signature.error().message) == signature.error().message);
}

// A key that is written to a file is found in it again.
void check_public_key(std::string_view blob) {
  const auto type = key_type(blob);
  require(terminal_safe(type) == type && key_fingerprint(blob).size() == 50);
  KnownHosts known;
  parse_known_hosts(known_hosts_line({"n", 22, ""}, blob, "12345678901234567890"), "f", known);
  require(known.entries.size() + known.warnings.size() == 1);
  if (!known.entries.empty())
    require(judge_host_key(known, {"n", 22, ""}, blob).status == HostKeyVerdict::Status::match);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text_of(data, size);
  check_reader(bytes);
  check_agent(bytes);
  check_public_key(bytes);
  return 0;
}
