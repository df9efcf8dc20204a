// What a pull along a chain would do: the requests in order and what the user sees, given what each endpoint is assumed
// to answer.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "containerd/chain/chain.h"
#include "containerd/chain/image_reference.h"
#include "containerd/config/effective_config.h"

namespace rf {

// What an endpoint is assumed to answer, for predicting requests.
struct Assumption {
  enum class Kind {
    status,
    refused,
    dns,
    tls,   // its certificate is not accepted, or ours; none of that for plain http
    http,  // it speaks plain http only
    timeout,
    eof,
  };
  Kind kind = Kind::status;
  int status = 200;
  bool operator==(const Assumption&) const = default;
};
// By host (as in ChainEndpoint::host), "*" for all others; "HOST/manifests" and "HOST/blobs" are for one kind of
// request, before what is said of HOST. Hosts not named answer 200 with the right content.
using Assumptions = std::map<std::string, Assumption, std::less<>>;
// "HOST=503", "HOST=refused", "*=timeout", "HOST/blobs=404".
Result<std::pair<std::string, Assumption>> parse_assumption(std::string_view text);

struct Request {
  std::string step;     // "resolve", "manifest", "config", "layer"
  std::string method;   // "HEAD", "GET"
  std::string url;      // with sha256:<digest> where the digest is not known
  std::string assumed;  // "404", "refused", ...
  bool reached = true;  // false: what this step would ask, had an earlier step not ended the pull
  bool operator==(const Request&) const = default;
};

struct Prediction {
  std::vector<Request> requests;
  std::string verdict;  // one line: what the user would see
  bool pulled = false;
  std::string used;  // host that served the manifest, "" when none
};
Prediction predict_pull(const Chain& chain, const ImageReference& image, const Assumptions& assumptions,
                        const EffectiveConfig& config);

}  // namespace rf
