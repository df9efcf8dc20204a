#include "node/facts_processes.h"

#include <set>
#include <utility>

#include "base/text.h"

namespace rf {
namespace {

constexpr std::size_t most_processes = 256;
constexpr std::size_t most_args = 4096;
constexpr std::size_t most_apart = 16;

Error bad_process(std::string message) { return {.kind = ErrorKind::parse, .message = std::move(message)}; }

// Some programs write their title over their arguments, as one text.
void split_title(std::vector<std::string>& argv) {
  if (argv.size() != 1 || argv[0].find("<secret ") != std::string::npos) return;
  const std::string title = argv[0];
  argv.clear();
  for (const auto word : split(title, ' '))
    if (!word.empty() && argv.size() < most_args) argv.emplace_back(word);
}

}  // namespace

Result<void> ProcessReader::record(std::string_view key, std::string_view rest) {
  static const std::set<std::string_view> keys{"process", "exe",        "parent", "unit",  "config", "address",
                                               "arg",     "containerd", "plugin", "apart", "proxy"};
  if (!keys.contains(key)) return {};
  int pid = 0;
  const auto word = take_word(rest);
  if (!to_number(word, pid)) return bad_process("not a number: \"" + terminal_safe(word.substr(0, 40)) + "\"");
  if (key == "process") {
    if (records_.size() >= most_processes) return {};
    if (!records_.emplace(pid, Record{std::string(rest), {}}).second)
      return bad_process("process " + std::to_string(pid) + " appears twice");
    order_.push_back(pid);
    return {};
  }
  const auto found = records_.find(pid);
  if (found == records_.end()) return {};
  auto& about = found->second.about;
  if (key == "exe")
    about.exe = rest;
  else if (key == "parent")
    about.parent_exe = rest;
  else if (key == "unit")
    about.unit = rest;
  else if (key == "config")
    about.config_file = rest;
  else if (key == "address")
    about.address = rest;
  else if (key == "containerd")
    about.version = rest;
  else if (key == "apart") {
    if (about.apart.size() < most_apart) about.apart.emplace_back(rest);
  } else if (key == "proxy") {
    const auto equals = rest.find('=');
    if (equals != rest.npos && is_proxy_variable(rest.substr(0, equals)))
      about.proxy.insert_or_assign(std::string(rest.substr(0, equals)), std::string(rest.substr(equals + 1)));
  } else if (key == "plugin") {
    const auto plugin = take_word(rest);
    about.plugins.insert_or_assign(std::string(plugin), plugin_state(rest));
  } else if (about.argv.size() < most_args)
    about.argv.emplace_back(rest);
  return {};
}

KubeletProcess ProcessReader::end(Facts& facts) {
  KubeletProcess kubelet;
  for (const int pid : order_) {
    auto& [name, about] = records_.at(pid);
    if (name == "containerd") {
      about.pid = pid;
      if (about.address.empty()) about.address = "/run/containerd/containerd.sock";
      about.root = flag_value(about.argv, {"--root", "-root"});
      facts.runtimes.push_back(std::move(about));
      continue;
    }
    split_title(about.argv);
    if (name == "kubelet" && kubelet.pid == 0) kubelet = {pid, about.config_file};
    facts.processes.try_emplace(name, std::move(about.argv));
  }
  return kubelet;
}

}  // namespace rf
