// The text of a file in the making, and whether a secret went into it: Secret in, secret out, whatever is done to it on
// the way. Whether a file may be printed and whom it may be read by goes by that; nobody searches a finished text.
#pragma once
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/secret.h"

namespace rf {

class Content {
 public:
  Content() = default;
  Content(std::string text) : text_(std::move(text)) {}  // NOLINT: plain text is content
  Content(std::string_view text) : Content(std::string(text)) {}
  Content(const char* text) : Content(std::string(text)) {}
  Content(const Secret& secret) : text_(secret), made_from_secret_(!secret.empty()) {}

  Content& operator+=(const Content& more);
  // The same in another form: quoted, encoded.
  template <std::invocable<std::string_view> Form>
  Content as(Form form) const {
    Content out(std::string(form(text_.expose())));
    out.made_from_secret_ = made_from_secret_;
    return out;
  }

  bool made_from_secret() const { return made_from_secret_; }
  const Secret& text() const { return text_; }
  bool operator==(const Content&) const = default;

 private:
  Secret text_;
  bool made_from_secret_ = false;
};

// Each {} of the pattern becomes the next of the values, one for one.
Content fill(std::string_view pattern, std::initializer_list<Content> values);

}  // namespace rf
