// What changes between two chains of a registry, and between all chains of a node as it is and as a plan would leave
// it. Pure.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "containerd/chain/chain.h"

namespace rf {

// Why containerd would not ask the same endpoints in the same way; "" when it would. Where they stand in files, and
// capabilities that no pull uses, do not count; of credentials only whether there are any. Values of headers are shown
// as masks where they are secrets. The proof of a migration.
std::string chain_difference(const Chain& before, const Chain& after);
// The same where both ask the same URLs in the same order: the settings alone, "http://m/v2: + dial timeout 2s". ""
// where the URLs differ too.
std::string setting_difference(const Chain& before, const Chain& after);

// One registry whose chain a plan changes.
struct ChainChange {
  std::string registry;  // "*": every other one
  enum class Standing {
    declared,  // by the intent; of a migration every one
    dropped,   // by the intent: what we wrote for it is removed
    others,    // the intent does not speak of it
  } standing = Standing::others;
  Chain before;
  Chain after;
};

// A node's files and what its containerd makes of them.
struct ChainSide {
  const FileTree& tree;
  const EffectiveConfig& config;
};
struct KnownRegistries {
  std::set<std::string, std::less<>> declared;
  std::set<std::string, std::less<>> dropped;
};
// Of every registry that is declared or that either side has a directory or a mirror block for, and of "*": those whose
// chain is another one afterwards; in bytewise order, "*" last. A registry of which no file differs is not resolved.
std::vector<ChainChange> chain_changes(const ChainSide& before, const ChainSide& after, const KnownRegistries& known);

}  // namespace rf
