#include "containerd/pull/silence.h"

#include "containerd/config/features.h"

namespace rf {

std::string_view after_silence(const Version& containerd, PullMode mode) {
  if (has_feature(containerd, Feature::response_timeout))
    return "tries the next endpoint after 30 s, once per object of an image";
  if (has_feature(containerd, Feature::pull_progress_timeout) && mode != PullMode::transfer)
    return "cancels the pull after 5 minutes without progress (image_pull_progress_timeout) and never tries the next "
           "endpoint";
  return "waits forever and never tries the next endpoint";
}

}  // namespace rf
