// Asking the endpoints of a node's chains from the node itself: what to ask, the program that asks, and what the
// answers mean. Pure; run.h carries it out.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "containerd/chain/chain.h"
#include "containerd/chain/image_reference.h"
#include "containerd/pull/answer.h"

namespace rf {

// Whether a pull gets on with such an endpoint (not_found counts: containerd goes on to the next one at once).
bool is_finding(Answer answer, bool for_image);

struct EndpointProbe {
  ChainEndpoint endpoint;
  Answer answer = Answer::not_asked;
  int status = 0;            // of HTTP; 0 when none came
  int milliseconds = 0;      // until the first byte of the answer
  std::string address = {};  // that was reached; "" when not known
  std::string detail = {};   // one line that says more; from the node, so not safe for a terminal
};

struct RegistryProbe {
  Chain chain;
  std::vector<EndpointProbe> endpoints;  // in chain order; "the registry itself" of "*" is not among them
};

// A pull through the CRI, as the kubelet does it.
struct PullProbe {
  std::string image = {};
  enum class Result { pulled, failed, not_possible } result = Result::not_possible;
  int milliseconds = 0;
  std::string message = {};  // the client's last line
  // Hosts that the runtime's log says were skipped, in order, with the reason it gave.
  std::vector<std::pair<std::string, std::string>> skipped = {};
};

struct NodeProbe {
  std::string client;  // "curl", "wget", "bash+openssl" or one of these; "" when the node has none
  std::vector<RegistryProbe> registries;
  std::optional<PullProbe> pull;
};

struct ProbeOptions {
  std::optional<ImageReference> image = {};  // asked for in the chain of its registry, and pulled
  int seconds = 5;                           // for one endpoint
  int pull_seconds = 300;
  // Of the kubelet's containerd: its proxy settings are used, its socket takes the pull, its log is read.
  int runtime_pid = 0;
  std::string runtime_socket = {};
  std::string runtime_unit = {};
};

// The program for a node: every different request once, however many chains hold it. Secrets travel in it as data only.
std::string probe_program(std::span<const Chain> chains, const ProbeOptions& options);
// What the program printed, put back to the chains it was made from.
Result<NodeProbe> read_probe(std::string_view output, std::span<const Chain> chains, const ProbeOptions& options);

// What was told of one endpoint of a registry.
AnswerTold told_of(const RegistryProbe& registry, const EndpointProbe& endpoint);

// An Error (refused) that names every endpoint the node cannot reach, or says that nothing on it could ask.
Result<void> check_reachable(const NodeProbe& probe, const EffectiveConfig& config);
// A sentence for each endpoint that was reached and does not serve.
std::vector<std::string> not_serving(const NodeProbe& probe);

// A value in curl's configuration language, with its quotes.
std::string curl_quote(std::string_view text);
// Addresses that belong to a cloud's machine metadata or to the link: never asked.
bool is_forbidden_host(std::string_view host);

}  // namespace rf
