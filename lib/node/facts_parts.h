// Parts of reading and writing facts that stand in files of their own.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "node/facts.h"

namespace rf {

struct KubeletProcess {
  int pid = 0;
  std::string config_file;
};
// Fills kubelet_endpoint and kubelet_source from the kubelet's arguments, its configuration, or what kubeadm left. An
// Error of kind unreadable where one of these is beyond our limits.
Result<> find_kubelet_endpoint(Facts& facts, const KubeletProcess& kubelet);

// The words of a node, each `unknown` for any other.
PluginState plugin_state(std::string_view word);
ActiveState active_state(std::string_view word);
EnabledState enabled_state(std::string_view word);
ReceiptResult receipt_result(std::string_view word);

// The value of the first of `names` among arguments, as "--name value" or "--name=value"; "" when it is not there.
std::string flag_value(const std::vector<std::string>& argv, std::initializer_list<std::string_view> names);

}  // namespace rf
