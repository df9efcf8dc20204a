// Merges registries into a registries.yaml that others wrote too. What is ours carries a mark at the end of its key's
// line:
//
//   mirrors:
//     docker.io:  # regfallback           the whole entry is ours
//       endpoint:
//         - "http://anubis:32000"
//     quay.io:                            an entry of the user's,
//       endpoint:  # regfallback          in which we keep this list
//         - "http://anubis:32000"
//
// The mark, not a receipt, decides what may be removed later: it travels with the file, and taking it away makes the
// entry the user's. Everything else stays byte for byte: comments, order, anchors, entries and keys we know nothing of.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "containerd/k3s/registries_yaml.h"

namespace rf {

inline constexpr std::string_view registries_yaml_mark = "# regfallback";

// `desired.mirrors`: the endpoints of each declared registry; `desired.configs`: auth and tls of each endpoint host
// that has any. They are whole URLs: a `rewrite` that only puts a prefix before every repository counts as part of the
// endpoints that stand there, and goes when they change. Marked parts that are not desired are removed, unless
// `undesired` says otherwise. An empty result: the file held nothing but ours, and can go. The result is read back:
// where its meaning is not exactly the one wanted, or a comment would be lost, the edit is refused.
enum class Undesired { remove, keep };
Result<std::string> merge_registries_yaml(std::string_view text, const RegistriesYaml& desired, std::string_view file,
                                          Undesired undesired = Undesired::remove);

// The same for entries that are the user's: they carry no mark, and nothing is removed. What stands there for one of
// these hosts is changed to what is given; a host with a `rewrite` that is more than a prefix keeps it.
Result<std::string> add_to_registries_yaml(std::string_view text, const RegistriesYaml& added, std::string_view file);

}  // namespace rf
