// What facts are read beside those that always are. Pure.
#pragma once
#include <string>
#include <vector>

namespace rf {

// What to look at beside what is always read (running runtimes with their configuration, the kubelet's, receipts).
struct FactsQuery {
  std::vector<std::string> globs = {};  // of files, "/etc/containerd/certs.d/*/*"
  std::vector<std::string> units = {};  // systemd units
  bool operator==(const FactsQuery&) const = default;
};

// Whether programs are asked too, for versions, services and the state of plugins: that takes longer than all the rest.
enum class Ask { programs, files_only };

}  // namespace rf
