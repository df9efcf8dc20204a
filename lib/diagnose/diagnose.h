// The doctor: known faults in one node's registry configuration, each with the line that causes it and the way out.
// Data in, findings out.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "containerd/chain/chain.h"
#include "containerd/pull/answer.h"
#include "diagnose/fix.h"
#include "intent/intent.h"
#include "node/facts.h"
#include "node/profile.h"

namespace rf {

enum class Severity {
  error,    // pulls fail, or a setting has no effect
  warning,  // it works, but not as it looks
  note,     // worth knowing
};
std::string_view to_string(Severity severity);

struct Finding {
  std::string rule = {};  // the id of its page: "mirrors-beside-config-path"
  Severity severity = Severity::error;
  std::string cause = {};              // one sentence with the values of this node
  std::optional<Location> where = {};  // the line that causes it, without a column; line 0: the whole file or directory
  std::vector<Location> also = {};     // further lines that belong to it
  std::string effect = {};             // what this node's containerd does because of it
  Fix fix = {};                        // what to do about it
  bool operator==(const Finding&) const = default;
};

// What an endpoint answered when it was asked from the node.
struct EndpointAnswer {
  std::string registry;
  ChainEndpoint endpoint;
  Answer answer = Answer::not_asked;
  int status = 0;      // of HTTP; 0 when none came
  std::string detail;  // from the node
};

// What an intent means for this node.
struct Wanted {
  const Intent* intent = nullptr;
  std::optional<std::size_t> changes = {};  // that its plan has, a restart included; absent where it was not planned
  std::optional<Error> refusal = {};        // why it cannot be planned
  std::vector<std::string> warnings = {};
};

// One node. With saved facts and live nodes all of it is known; of a copy of a node's files only those.
struct Subject {
  const Facts& facts;
  const Detection* detection = nullptr;  // null: `undetected` says why
  std::optional<Error> undetected = {};
  std::span<const Profile> profiles = {};  // that it was to be detected with; of use where it is not
  enum class Source { node, copy } source = Source::node;
  ChainOptions chain = {};
  std::optional<std::int64_t> now = {};  // seconds since 1970, for certificates; without it their time is not looked at
  std::optional<Wanted> wanted = {};
  std::vector<EndpointAnswer> answers = {};
};

// Errors first, then warnings, then notes; each in the order of rules().
std::vector<Finding> diagnose(const Subject& subject);

}  // namespace rf
