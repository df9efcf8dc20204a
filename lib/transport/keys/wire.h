// The data types of the ssh protocols (RFC 4251 §5): 32-bit numbers and length-prefixed strings. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace rf {

// Reads from the front. After any read past the end ok() is false and every further read gives 0 or "".
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  std::uint8_t byte();
  std::uint32_t number();
  std::string_view string();
  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::string wire_number(std::uint32_t number);
std::string wire_string(std::string_view text);
// A positive big number, big endian; leading zeros are taken away and one is added where the sign bit would be set.
std::string wire_mpint(std::string_view big_endian);

}  // namespace rf
