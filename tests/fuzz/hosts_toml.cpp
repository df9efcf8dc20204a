// Any bytes as a hosts.toml, for any version of containerd: a list of hosts that ends with the registry's own, or an
// error in words; the readers of statements beside toml++ agree with it. The first byte chooses the version.
#include <array>

#include "containerd/chain/hosts_dir.h"
#include "containerd/chain/hosts_toml.h"
#include "containerd/toml/go_toml_v1.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_statements.h"
#include "input.h"

using namespace rf;
using fuzz::require;

namespace {

constexpr std::array versions{"1.5.18", "1.6.20", "1.7.24", "1.7.32", "2.0.7", "2.1.9", "2.3.4"};

void check_statements(std::string_view text) {
  std::size_t end = 0;
  for (const auto& statement : toml_statements(text)) {
    require(statement.begin >= end && statement.key_end >= statement.begin && statement.key_end <= text.size());
    end = statement.key_end;
  }
  const auto plain = without_go_toml_v1_liberties(text).text;
  require(plain.size() <= 4 * text.size() + 2);
  const auto rooted = with_keys_from_the_root(plain);
  const auto before = parse_toml(plain, "before");
  if (before && !rooted.empty()) require(parse_toml(rooted, "after").ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const auto version = *parse_version(versions.at(data[0] % versions.size()));
  const auto text = fuzz::text_of(data + 1, size - 1);
  check_statements(text);
  const auto file = parse_hosts_toml(text, "/etc/containerd/certs.d/docker.io", version);
  if (file) {
    require(!file->entries.empty() && file->entries.size() <= text.size() + 1);
    for (const auto& entry : file->entries) {
      for (const auto& ca : entry.ca.value_or(std::vector<std::string>{})) require(ca.starts_with('/'));
      for (const auto& word : entry.capabilities)
        require(word == "pull" || word == "resolve" || word == "push" || word == "referrers");
    }
  } else {
    require(!file.error().message.empty());
  }
  FileTree tree;
  tree.put_file("/c/docker.io/hosts.toml", std::string(text));
  const auto loaded = load_host_directory(tree, "/c/docker.io", version);
  require(loaded.error || !loaded.entries.empty());
  return 0;
}
