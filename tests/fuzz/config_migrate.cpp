// Any bytes as config.toml, migrated: never a crash; a migration that is made leaves containerd's CRI plugin loading,
// every chain as it was, and nothing to migrate. The first byte chooses the version of containerd.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plan/migrate/migrate.h"

namespace {

constexpr std::array versions{"1.6.20", "1.7.24", "2.0.0", "2.1.9", "2.2.7", "2.3.4"};
const rf::ChainOptions options{.missing_certificates = rf::ChainOptions::Missing::unknown};

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const auto containerd = *rf::parse_version(versions.at(data[0] % versions.size()));
  rf::FileTree tree;
  tree.put_file("/etc/containerd/config.toml", std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  const auto migration = rf::make_migration(tree, {}, containerd);
  if (!migration || migration->files.empty()) return 0;
  auto after = tree;
  for (const auto& change : migration->files)
    if (change.op != rf::FileChange::Op::make_directory)
      after.put_file(change.path, std::string(change.after.expose()), change.mode);
  const auto config = rf::effective_config(after, {}, containerd);
  require(!config.load_error && !config.cri_error && config.mirrors.empty() && config.tls.empty());
  for (const auto& proof : migration->proofs)
    require(rf::chain_difference(proof.before, rf::resolve_chain(after, config, proof.registry, options)).empty());
  const auto again = rf::make_migration(after, {}, containerd);
  require(again.ok() && again->files.empty());
  return 0;
}
