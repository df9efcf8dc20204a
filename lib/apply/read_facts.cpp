#include "apply/read_facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "apply/script_text.h"

namespace rf {
namespace {

// Read on every node, whatever its distribution: what a kubelet's endpoint is found in, and plain containerd's own
// files.
const std::vector<std::string> always{
    "/var/run",
    "/etc/containerd/config.toml",
    "/etc/containerd/conf.d/*.toml",
    "/etc/containerd/certs.d",
    "/etc/containerd/certs.d/*",
    "/etc/containerd/certs.d/*/*",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/instance-config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
};

}  // namespace

Result<std::string> facts_program(const FactsQuery& query, Ask ask) {
  auto globs = always;
  for (const auto& glob : query.globs)
    if (std::find(globs.begin(), globs.end(), glob) == globs.end()) globs.push_back(glob);
  RF_TRY(const auto glob_text, script_list("RF_GLOBS", globs));
  RF_TRY(const auto unit_text, script_list("RF_UNITS", query.units));
  static const std::string script = [] {
    std::string all = script_template("node/encode.sh");
    for (const auto part : {"1-processes", "2-config", "3-files", "4-questions"})
      all += script_template(fmt::format("node/facts/{}.sh", part));
    return all;
  }();
  return glob_text + unit_text + (ask == Ask::programs ? "RF_ASK='yes'\n" : "RF_ASK='no'\n") + script;
}

asio::awaitable<Result<Facts>> read_facts(Shell& shell, std::string_view program, std::chrono::milliseconds limit) {
  for (int attempt = 1;; ++attempt) {
    RF_CO_TRY(const auto output, co_await shell.run(program, {.time = limit}));
    auto facts = parse_facts(output.text);
    const bool torn = !facts && facts.error().kind == ErrorKind::conflict;
    if (!torn || attempt == 2) co_return std::move(facts).doing("reading the facts");
  }
}

}  // namespace rf
