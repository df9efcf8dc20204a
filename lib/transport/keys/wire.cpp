#include "transport/keys/wire.h"

#include <cstdint>

namespace rf {

std::uint8_t WireReader::byte() {
  if (rest_.empty()) {
    ok_ = false;
    return 0;
  }
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

std::uint32_t WireReader::number() {
  if (rest_.size() < 4) {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | byte();
  return value;
}

std::string_view WireReader::string() {
  const std::uint32_t size = number();
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const auto text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return text;
}

std::string wire_number(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

std::string wire_string(std::string_view text) {
  std::string bytes = wire_number(static_cast<std::uint32_t>(text.size()));
  bytes += text;
  return bytes;
}

std::string wire_mpint(std::string_view big_endian) {
  while (!big_endian.empty() && big_endian.front() == '\0') big_endian.remove_prefix(1);
  std::string number(big_endian);
  if (!number.empty() && (static_cast<unsigned char>(number.front()) & 0x80) != 0) number.insert(number.begin(), '\0');
  return wire_string(number);
}

}  // namespace rf
