// Any bytes from a node's shell, cut anywhere: the frame is found in the same way whole and in pieces, stays within its
// limits, and hands out each line of its text once. The first byte says how the bytes are cut.
#include "transport/shell/frame.h"
#include "input.h"

using namespace rf;
using fuzz::require;

namespace {

constexpr std::string_view nonce = "0123";
constexpr FrameLimits limits{.noise = 256, .text = 1024};

struct Told {
  bool ended = false;
  bool failed = false;
  int rc = 0;
  std::string text, lines, rest, noise;
  bool operator==(const Told&) const = default;
};

Told told(std::string_view bytes, std::size_t piece) {
  Told all;
  FrameReader reader(nonce, limits);
  const auto on_line = [&](std::string_view line) { all.lines.append(line).append("\n"); };
  for (std::size_t at = 0; at < bytes.size() && !all.ended && !all.failed; at += piece) {
    const auto fed = reader.feed(bytes.substr(at, piece), on_line);
    all.failed = !fed;
    all.ended = fed && *fed;
    if (all.ended && at + piece < bytes.size()) all.rest = bytes.substr(at + piece);
  }
  all.noise = reader.noise();
  require(all.noise.size() <= limits.noise + 1);
  if (!all.ended) return all;
  all.rc = reader.rc();
  all.text = reader.take_text();
  all.rest = reader.take_rest() + all.rest;
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = fuzz::text_of(data + 1, size - 1);
  const auto whole = told(bytes, bytes.size() + 1);
  const auto pieces = told(bytes, data[0] % 7 + 1);
  if (whole.failed || pieces.failed) {
    require(!pieces.ended || whole.failed);
    return 0;
  }
  require(whole == pieces);
  if (!whole.ended) return 0;
  require(whole.rc >= 0 && whole.rc <= 999 && whole.text.size() <= limits.text + 16);
  const bool open = !whole.text.empty() && whole.text.back() != '\n';
  require(whole.lines == whole.text + (open ? "\n" : ""));
  return 0;
}
