// The text of a failed pull as people have it: an event, `kubectl describe pod`, a line of the kubelet's or
// containerd's journal, the last line of crictl or ctr. What it says, as types.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "containerd/chain/image_reference.h"

namespace rf {

// Why a pull failed, as the text tells it.
enum class PullCause {
  unknown,             // a pull failed, and the text does not say why, or in words that are not known here
  not_found,           // 404: no endpoint has it
  unauthorized,        // 401 with the credentials that were sent, or with none
  no_credentials,      // the endpoint asks for a user and a password, and there is none
  forbidden,           // 403 of a registry
  token_refused,       // the token service of an endpoint gives no token
  rate_limited,        // 429
  server_error,        // 5xx
  other_status,        // any other status
  plain_http,          // asked by https, and plain http is spoken there
  tls_wanted,          // asked by http, and TLS is spoken there
  unknown_authority,   // the certificate's authority is not trusted
  wrong_name,          // the certificate is for another name
  expired,             // the certificate's time is over, or has not begun
  client_certificate,  // the endpoint wants a client's certificate, or does not accept ours
  tls,                 // any other fault of TLS
  dns,                 // the name is not known, or the name server does not answer
  refused,             // nothing listens there
  unreachable,         // no route
  timeout,             // no answer in time
  closed,              // the connection ended without an answer
  proxy,               // the proxy did not connect
  short_read,          // content that ends too early
  corrupt,             // content with another checksum
  wrong_content,       // a web page in place of a manifest
  no_platform,         // the image is not built for this machine
  no_endpoint,         // no endpoint of the chain may be asked
  certificate_file,    // a certificate file on the node is missing or unusable
  no_cri,              // containerd runs without its CRI plugin
  no_space,            // the node's disk is full
  invalid_name,        // the image's name is none
};
std::string_view to_string(PullCause cause);  // "not-found"

struct PullFailure {
  PullCause cause = PullCause::unknown;
  std::optional<ImageReference> image = {};
  std::string url = {};   // that was asked, without user, password and query; "" where the text names none
  std::string host = {};  // that was asked, with its port where one is written; "" where the text names none
  int status = 0;         // of HTTP; 0 when none is named
  enum class Asked { registry, token_service } asked = Asked::registry;
  std::string node = {};  // where it happened; "" where the text does not say
  std::string said = {};  // the innermost part of the text, on one line, without what follows a ? in URLs; not safe
                          // for a terminal
};

// Every different failure that a text tells, in its order; one of cause unknown where it tells none. An Error of kind
// unreadable where the text is larger than this.
inline constexpr std::size_t largest_pull_message = std::size_t{1} << 20;
inline constexpr std::size_t most_pull_failures = 50;  // further ones are left out
Result<std::vector<PullFailure>> read_pull_messages(std::string_view text);

}  // namespace rf
