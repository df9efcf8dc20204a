// Any text as somebody's registries.yaml, migrated to hosts.toml files and back: never a crash; a migration that is
// made gives the chains there were, and so does the way back. The first byte chooses the version of containerd.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plan/migrate/migrate.h"

using namespace rf;

namespace {

constexpr std::array versions{"1.6.20", "1.7.24", "2.0.0", "2.1.9", "2.3.4"};

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Migration& migration) {
  for (const auto& proof : migration.proofs) require(chain_difference(proof.before, proof.after).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const auto containerd = *parse_version(versions.at(data[0] % versions.size()));
  MigrateOptions options{.place = MigrateOptions::Place::elsewhere};
  const auto node = usual_registries_yaml_node(options);
  FileTree tree;
  tree.put_file(node.registries_file, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  const auto there = migrate_from_registries_yaml(tree, node, containerd, options);
  if (!there) return 0;
  check(*there);
  Plan plan;
  plan.files = there->files;
  options.to = MigrateOptions::Form::registries_yaml;
  const auto back = migrate_to_registries_yaml(project(plan, {}), {}, containerd, node, options);
  if (back) check(*back);
  return 0;
}
