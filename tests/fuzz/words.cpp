// Any text as each of the small grammars people and files use: accepted or refused, never a crash; what is accepted is
// printed in a form that reads as the same, and holds nothing that a program could take for an option or a shell for
// syntax.
#include <algorithm>

#include "containerd/go/go_duration.h"
#include "containerd/go/go_url.h"
#include "containerd/pull/predict.h"
#include "fleet/batches.h"
#include "host/node_list.h"
#include "input.h"
#include "intent/intent.h"
#include "intent/names.h"
#include "transport/config/ssh_settings.h"
#include "transport/config/target.h"

using namespace rf;
using fuzz::require;

namespace {

void check_image(std::string_view text) {
  const auto image = parse_image(text);
  if (!image) return;
  const auto again = parse_image(to_string(*image));
  require(again.ok() && again->registry == image->registry && again->repository == image->repository &&
          again->tag == image->tag && again->digest == image->digest);
  require(!image->registry.empty() && !image->repository.empty() && (!image->tag.empty() || !image->digest.empty()));
}

void check_nodes(std::string_view text) {
  for (const auto& part : node_list_parts(text)) require(!part.empty() && part.size() <= text.size());
  (void)node_file_parts(text);
  const auto nodes = parse_nodes(text);
  if (!nodes) return;
  for (const auto& node : *nodes) {
    const auto again = parse_nodes(node.text);
    require(again.ok() && again->size() == 1 && again->front().name == node.name && again->front().port == node.port);
    require(!node.name.empty() && node.name.front() != '-');
  }
}

void check_target(std::string_view text) {
  const auto target = parse_target(text);
  if (target) {
    const auto again = parse_target(to_string(*target));
    require(again.ok() && again->host == target->host && again->user == target->user && again->port == target->port);
    require(target->host.front() != '-' && target->host.find_first_of(" '\"\\$`;&|<>\n") == std::string::npos);
  }
  (void)parse_jumps(text);
}

void check_go(std::string_view text) {
  if (const auto duration = parse_go_duration(text)) {
    const auto again = parse_go_duration(print_go_duration(*duration));
    require(again.ok() && *again == *duration);
  }
  require(clean_path(clean_path(text)) == clean_path(text));
  require(normal_path(normal_path(text)) == normal_path(text) && normal_path(text).starts_with('/'));
  const auto escaped = escape_path(text);
  require(escaped.find_first_of(" \n\r\t\"<>") == std::string::npos &&
          query_escape(text).find_first_of(" &=?#\n") == std::string::npos);
  if (const auto url = parse_go_url(text)) require(url->host.find_first_of("/@ \n") == std::string::npos);
  (void)split_host_port(text);
  (void)is_localhost(text);
}

void check_intent(std::string_view text) {
  if (const auto endpoint = parse_endpoint(text)) {
    const auto again = parse_endpoint(endpoint->url());
    require(again.ok() && *again == *endpoint);
    const auto url = parse_go_url(endpoint->url());  // containerd reads it with Go's eyes
    require(url.ok() && url->scheme == endpoint->scheme && url->host == endpoint->host && url->path == endpoint->path);
  }
  if (const auto host = parse_host_port(text)) require(parse_host_port(host->text()).ok());
  if (check_duration(text).ok()) require(parse_go_duration(text).ok() && *parse_go_duration(text) > 0);
  if (check_registry_name(text).ok() && text != "*")
    require(text.find_first_of("/ \n\\") == text.npos && text != "." && text != "..");
  (void)is_ipv6(text);
  (void)parse_assumption(text);
  (void)parse_batch_size(text);
  const auto flags = intent_from_flags({.mirrors = {std::string(text)}, .fallbacks = {std::string(text)}});
  require(flags.ok() || !flags.problems.front().message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto text = fuzz::text_of(data, size);
  check_image(text);
  check_nodes(text);
  check_target(text);
  check_go(text);
  check_intent(text);
  return 0;
}
