// The repositories that K3s' and RKE2's own containerd asks an endpoint for: it replaces what the regular expressions
// of the endpoint's `rewrite` table match. Source of the rules: that containerd's resolver, and Go's package regexp.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace rf {

// Replacements by pattern. Go has no order for them: with several that match, any one may be the one that counts; here
// it is the first by name.
using Rewrites = std::map<std::string, std::string>;

// The repository as it is where no pattern changes it, or where they are no expressions for Go.
std::string rewritten(const Rewrites& rewrites, std::string_view repository);

// "proj" for {"(.*)": "proj/$1"}, which puts proj/ before every repository: the end of a path says the same.
std::optional<std::string> rewrite_prefix(const Rewrites& rewrites);

}  // namespace rf
