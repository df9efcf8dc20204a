// A string that cannot be printed, formatted, compared or copied by accident, and that is wiped when it ends.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace rf {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = other.text_;
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  // The text itself. Each call is a place to review: only what must leave the process in clear may use it.
  std::string_view expose() const { return text_; }
  bool empty() const { return text_.empty(); }
  // Equality in constant time, so that plans holding secrets can be compared.
  bool operator==(const Secret& other) const;
  // "<secret 3f9a1c>": changes when the text changes, tells nothing else.
  std::string masked() const;

 private:
  void wipe() noexcept;
  std::string text_;
};

// Where the secret is in a text that begins with a URL, or with the "://" of one: the password of user:password@host;
// or what is before the @ where there is no password, because https://TOKEN@host and https://TOKEN:x-oauth-basic@host
// are how tokens are given.
struct SecretSpan {
  std::size_t begin = 0;
  std::size_t size = 0;
};
std::optional<SecretSpan> secret_in_url(std::string_view text);
// A URL with its secret masked.
std::string masked_url(std::string_view url);

// What is a secret, by its name: of a header, of a key in TOML, YAML and JSON, of a flag. Diffs, saved facts, messages
// and the modes of files go by this alone.
bool is_secret_name(std::string_view name);
// Of a header with its value: a token that everybody knows is none.
bool is_secret(std::string_view name, std::string_view value);

}  // namespace rf
