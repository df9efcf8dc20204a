// Settings in config.toml that look right and do nothing on the given containerd: each with its line and the reason.
#pragma once
#include <vector>

#include "containerd/config/config_files.h"

namespace rf {

std::vector<IgnoredSetting> ignored_settings(const FileTree& tree, const ConfigFiles& files, const Version& containerd);

}  // namespace rf
