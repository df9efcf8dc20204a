#include "base/content.h"

namespace rf {

Content& Content::operator+=(const Content& more) {
  std::string whole;
  whole.reserve(text_.expose().size() + more.text_.expose().size());
  whole.append(text_.expose()).append(more.text_.expose());
  text_ = Secret(std::move(whole));
  made_from_secret_ = made_from_secret_ || more.made_from_secret_;
  return *this;
}

Content fill(std::string_view pattern, std::initializer_list<Content> values) {
  Content out;
  for (const auto& value : values) {
    const auto at = pattern.find("{}");
    if (at == pattern.npos) break;
    out += pattern.substr(0, at);
    out += value;
    pattern.remove_prefix(at + 2);
  }
  out += pattern;
  return out;
}

}  // namespace rf
