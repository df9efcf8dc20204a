// What every direction of a migration needs: the chains before it, the files it makes, the verdict. Internal to the
// room.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "containerd/chain/chain.h"
#include "containerd/chain/hosts_dir.h"
#include "plan/migrate/migrate.h"

namespace rf {

// Registries that no file names: what they get is what every other registry gets.
inline constexpr std::string_view unnamed = unnamed_registry;
inline constexpr std::string_view unnamed_with_port = unnamed_registry_with_port;
// A certificate file that was not read may well be on the node.
inline const ChainOptions migration_chains{.missing_certificates = ChainOptions::Missing::unknown};

Error refused(std::string message, std::string hint, std::optional<Location> where = {});
bool is_directory_name(std::string_view registry);
// Whose images an endpoint host serves as their own upstream: docker.io for Docker Hub's API host.
std::string image_host(std::string_view endpoint_host);

// The chains that a node's files mean. Legacy blocks count where containerd does not load them now, because a
// config_path stands beside them.
class SourceChains {
 public:
  SourceChains(const FileTree& tree, EffectiveConfig config);
  const EffectiveConfig& config() const { return config_; }
  std::optional<Error> unusable()
      const;  // containerd does not serve images with these files, and nothing of ours would repair that
  bool has_legacy() const { return !config_.mirrors.empty() || !config_.tls.empty(); }
  // Registries whose chain the legacy blocks decide.
  const std::set<std::string>& legacy_registries() const { return decided_; }
  // Registries that have a directory below the directories that count.
  std::set<std::string> registries_with_directory() const;
  Chain of(std::string_view registry) const;

 private:
  const FileTree& tree_;
  EffectiveConfig config_;
  EffectiveConfig legacy_;  // without config_path
  std::set<std::string> decided_;
};

// Certificate files that cannot stay where they are, because their directory is given up. Files of the same content can
// become one.
class Relocation {
 public:
  enum class Equal { one_file, as_they_are };
  Relocation(const FileTree& tree, std::vector<std::string> given_up, Equal equal)
      : tree_(tree), given_up_(std::move(given_up)), equal_(equal) {}
  // The chain with its certificate files where they will be. `place` names the new path of one; a second file for a
  // path gets another.
  using Place = std::function<std::string(const std::string& path)>;
  Chain moved(Chain chain, const Place& place);
  const std::map<std::string, std::string>& copies() const {
    return copies_;
  }  // new path -> old path, of files that were read
  const std::map<std::string, std::string>& unread() const { return unread_; }  // the same of files that were not
  std::string content(const std::string& path) const {
    return std::string(tree_.read(copies_.at(path)).value_or(""));
  }                                        // of a new path
  std::vector<std::string> notes() const;  // where the files must be that no copy is made of

 private:
  std::string moved_file(const std::string& written, const Place& place);
  bool is_free(const std::string& candidate, const std::string& path) const;
  const FileTree& tree_;
  std::vector<std::string> given_up_;
  Equal equal_;
  std::map<std::string, std::string> copies_;
  std::map<std::string, std::string> unread_;
  std::set<std::string> staying_;
};

// Its copies; private keys are readable by their owner alone.
Result<void> copy_certificates(const NodeFiles& node, const Relocation& relocation, std::vector<FileChange>& changes);

// What is lost, to be said; or the refusal that shows every difference, where none may be accepted. `who` cannot keep
// the chains.
Result<std::vector<std::string>> judge(const std::vector<ChainProof>& proofs, std::vector<std::string> lost,
                                       MigrateOptions::Differences differences, std::string_view who,
                                       std::optional<Location> where);

}  // namespace rf
