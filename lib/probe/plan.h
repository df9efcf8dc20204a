// The questions a node is asked to put to its endpoints, each different one once.
#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "containerd/chain/chain.h"
#include "probe/probe.h"

namespace rf {

struct Question {
  ChainEndpoint endpoint;
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  bool for_image = false;
  bool operator==(const Question&) const = default;
};

// The ways to ask one endpoint of a chain, in the order containerd tries them: https, then http where it falls back to
// that. Empty for a forbidden address, and for the registry itself in a chain for every other one.
std::vector<Question> ways_to_ask(const Chain& chain, const ChainEndpoint& endpoint, const ProbeOptions& options);
// All ways of all endpoints of all chains; the index is the id in the program and in its answers.
std::vector<Question> questions(std::span<const Chain> chains, const ProbeOptions& options);

// One answer as the program prints it, decoded.
enum class ProbeTool { none, wget, other };  // what asked: only wget is given no credentials
struct RawAnswer {
  ProbeTool tool = ProbeTool::none;
  std::string text;
};
EndpointProbe read_answer(const Question& question, const RawAnswer& raw);

}  // namespace rf
