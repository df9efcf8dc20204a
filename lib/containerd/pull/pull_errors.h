// What the user of a failed pull is shown: the error of each endpoint in containerd's words, and the one a version
// picks.
#pragma once
#include <string>
#include <string_view>

#include "base/version.h"
#include "containerd/pull/predict.h"

namespace rf {

// "404", "refused", "dns", ...
std::string assumption_text(const Assumption& assumption);

class PullErrors {
 public:
  // What is asked decides which error is shown: of a name the best (since 2.0 the best ranked, before that the first
  // that is no 404), of an object the first.
  enum class Step { resolve, fetch };
  PullErrors(const Version& containerd, const ImageReference& image, Step step)
      : containerd_(containerd), image_(image), step_(step) {}

  // `object` is "manifests latest", `url` what was asked.
  void add(std::string_view method, std::string_view host, std::string_view url, std::string_view object,
           const Assumption& answer);
  // An endpoint whose URL names no host or no HTTP scheme: no request leaves.
  void add_unusable(std::string_view method, std::string_view url);

  std::string text_of(std::string_view method, std::string_view host, std::string_view url, std::string_view object,
                      const Assumption& answer) const;
  bool has_http_error() const { return rank_ >= http_error; }
  std::string shown() const { return shown_; }

 private:
  enum Rank { none = 0, transport = 1, not_found = 2, http_error = 3 };
  void take(Rank rank, std::string text);

  const Version& containerd_;
  const ImageReference& image_;
  Step step_;
  Rank rank_ = none;        // the highest seen
  Rank shown_rank_ = none;  // of the error shown
  std::string shown_;
};

}  // namespace rf
