// A failed pull, as a text tells it, on one node: which endpoint of the image's chain it is about, the line that sets
// it, the cause in the words of this node, and the way out.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "containerd/chain/chain.h"
#include "diagnose/diagnose.h"
#include "diagnose/pull_message.h"

namespace rf {

struct PullDiagnosis {
  // How the failure meets this node.
  enum class Fit {
    endpoint,  // the text names an endpoint of the chain: `endpoint` and `where` are that one's
    registry,  // the text names none: any endpoint of the chain of the image's registry, or its token service
    other,     // the text names an endpoint, and this node does not ask it for this image
    unknown,   // neither an image nor an endpoint is named, or nothing is known of how this node pulls
  } fit = Fit::unknown;
  std::vector<Chain> chains = {};      // of the image's registry; without an image, of each that asks the endpoint
  std::string endpoint = {};           // its URL; "" where none is known
  std::optional<Location> where = {};  // the line of that endpoint, or of the chain's first one
  std::string cause = {};              // sentences for this node; "" where the cause is unknown
  std::string fix = {};
  std::string rule = {};               // whose page says more, "" for none
  std::vector<Finding> findings = {};  // of this node, about the files that decide this chain
  std::vector<std::string> now = {};   // what the endpoints answered when they were asked from the node
};

// `findings` are those of this subject.
PullDiagnosis diagnose_pull(const PullFailure& failure, const Subject& subject, std::span<const Finding> findings);

// Whether the text says that it happened on this node: by the name it has here, or by its host name.
bool names_node(const PullFailure& failure, std::string_view node, const Facts& facts);

// One sentence, the same for every node: "nothing listens at anubis:32000".
std::string pull_cause_text(const PullFailure& failure);

}  // namespace rf
