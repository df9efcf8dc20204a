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
  PullErrors(const Version& containerd, const ImageReference& image) : containerd_(containerd), image_(image) {}

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
  Rank rank_ = none;        // the highest seen
  Rank shown_rank_ = none;  // of the error shown
  std::string shown_;
};

}  // namespace rf
