#include "diagnose/failing_pull.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"
#include "containerd/pull/registry_family.h"
#include "diagnose/endpoints.h"
#include "diagnose/pull_advice.h"
#include "diagnose/rule.h"
#include "diagnose/view.h"

namespace rf {
namespace {

// A failed look-up names a host without its port.
bool is_of_host(const PullFailure& failure, const ChainEndpoint& endpoint) {
  if (failure.host == endpoint.host) return true;
  const auto parts = split_host_port(endpoint.host);
  return failure.cause == PullCause::dns && failure.url.empty() && parts.valid && parts.host == failure.host;
}

// The endpoint a text is about; of two at one host the one whose path the URL begins with.
const ChainEndpoint* endpoint_of(const PullFailure& failure, const Chain& chain) {
  const ChainEndpoint* found = nullptr;
  for (const auto& endpoint : chain.endpoints) {
    if (failure.host.empty() || !is_of_host(failure, endpoint)) continue;
    const bool longer = failure.url.find(endpoint.host + endpoint.path + "/") != std::string::npos &&
                        (found == nullptr || endpoint.path.size() > found->path.size());
    if (found == nullptr || longer) found = &endpoint;
  }
  return found;
}

// A request of the registry's API, rather than of a token service or of the storage that blobs are redirected to.
bool asks_api(const PullFailure& failure) {
  return failure.asked == PullFailure::Asked::registry &&
         (failure.url.empty() || failure.url.find("/manifests/") != std::string::npos ||
          failure.url.find("/blobs/") != std::string::npos);
}

std::vector<Chain> chains_of(const PullFailure& failure, const View& view) {
  if (failure.image) return {resolve_chain(view.tree(), view.config(), failure.image->registry, view.subject().chain)};
  std::vector<Chain> chains;
  for (const auto& chain : view.chains())
    if (endpoint_of(failure, chain) != nullptr) chains.push_back(chain);
  // A public registry is most likely asked for its own images.
  if (chains.empty() && registry_family(failure.host) != nullptr)
    chains.push_back(
        resolve_chain(view.tree(), view.config(), registry_of_api_host(failure.host), view.subject().chain));
  return chains;
}

PullDiagnosis::Fit fit_of(const PullFailure& failure, const std::vector<Chain>& chains, const ChainEndpoint* endpoint) {
  using Fit = PullDiagnosis::Fit;
  if (endpoint != nullptr) return Fit::endpoint;
  if (!failure.image && failure.host.empty()) return Fit::unknown;
  if (chains.empty() || (!failure.host.empty() && asks_api(failure))) return Fit::other;
  return Fit::registry;
}

std::string cause_of(const PullFailure& failure, const View& view, const PullDiagnosis& out,
                     const ChainEndpoint* endpoint) {
  using Fit = PullDiagnosis::Fit;
  if (failure.cause == PullCause::unknown) return "";
  if (out.fit == Fit::other)
    return fmt::format("{} does not ask {} for {}", view.who(), failure.host,
                       failure.image ? failure.image->registry : "any configured registry");
  auto text = pull_cause_text(failure);
  if (endpoint != nullptr && !endpoint->source)
    text += fmt::format("; no file names it: {} asks the registry itself {}", view.who(),
                        out.chains.front().endpoints.size() > 1 ? "last" : "and nothing else");
  if (failure.cause == PullCause::not_found && failure.host.empty() && !out.chains.empty() &&
      out.chains.front().endpoints.size() > 1 && view.has(Feature::ranked_errors))
    text += fmt::format("; {} says so also where other endpoints could not be reached, which its journal shows",
                        view.who());
  return text;
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  return path == directory || is_below(path, directory);
}

// Whether a place decides one of these chains.
bool bears_on(const Location& where, const View& view, const std::vector<Chain>& chains) {
  const auto& files = view.config().files;
  if (where.file == view.config().config_file || where.file == view.registries_file() ||
      std::find(files.begin(), files.end(), where.file) != files.end())
    return true;
  return std::any_of(chains.begin(), chains.end(), [&](const Chain& chain) {
    if (chain.hosts_dir && is_at_or_below(where.file, *chain.hosts_dir)) return true;
    for (const auto& directory : {where.file, parent_path(where.file)})
      if (registry_of_directory(base_name(directory)) == chain.registry) return true;
    return std::any_of(chain.endpoints.begin(), chain.endpoints.end(),
                       [&](const auto& endpoint) { return endpoint.source && endpoint.source->file == where.file; });
  });
}

std::vector<Finding> findings_about(const PullFailure& failure, const View& view, const std::vector<Chain>& chains,
                                    std::span<const Finding> findings) {
  const auto pages = pages_of(failure.cause);
  std::vector<Finding> out;
  for (const auto& finding : findings) {
    const bool named = finding.rule == pages.rule ||
                       std::find(pages.notes.begin(), pages.notes.end(), finding.rule) != pages.notes.end();
    if (finding.severity == Severity::note && !named) continue;
    const bool bears = finding.where ? bears_on(*finding.where, view, chains) : finding.severity == Severity::error;
    if (bears || std::any_of(finding.also.begin(), finding.also.end(),
                             [&](const Location& also) { return bears_on(also, view, chains); }))
      out.push_back(finding);
  }
  return out;
}

std::vector<std::string> answers_now(const Subject& subject, const PullDiagnosis& out) {
  std::vector<std::string> now;
  for (const auto& answer : subject.answers) {
    const bool asked = std::any_of(out.chains.begin(), out.chains.end(),
                                   [&](const Chain& chain) { return chain.registry == answer.registry; });
    if (!asked || (!out.endpoint.empty() && answer.endpoint.url() != out.endpoint)) continue;
    now.push_back(answer_sentence({.registry = answer.registry,
                                   .url = answer.endpoint.url(),
                                   .answer = answer.answer,
                                   .status = answer.status,
                                   .detail = answer.detail}));
  }
  return now;
}

std::string_view first_label(std::string_view name) { return name.substr(0, name.find('.')); }

}  // namespace

PullDiagnosis diagnose_pull(const PullFailure& failure, const Subject& subject, std::span<const Finding> findings) {
  PullDiagnosis out{.rule = std::string(pages_of(failure.cause).rule)};
  if (subject.detection == nullptr || subject.detection->containerd.major == 0) {
    for (const auto& finding : findings)
      if (finding.severity == Severity::error) out.findings.push_back(finding);
    return out;
  }
  const View view(subject);
  out.chains = chains_of(failure, view);
  const Chain* chain = out.chains.empty() ? nullptr : &out.chains.front();
  const auto* endpoint = chain == nullptr ? nullptr : endpoint_of(failure, *chain);
  out.fit = fit_of(failure, out.chains, endpoint);
  if (endpoint != nullptr) out.endpoint = endpoint->url();
  const auto* shown =
      endpoint == nullptr && chain != nullptr && !chain->endpoints.empty() ? &chain->endpoints.front() : endpoint;
  if (shown != nullptr) out.where = view.place(*chain, *shown);
  if (out.fit == PullDiagnosis::Fit::other) out.rule.clear();
  out.cause = cause_of(failure, view, out, endpoint);
  out.fix = out.fit == PullDiagnosis::Fit::other
                ? "look on the node where the pull failed; if it was this one, the files have changed since"
                : pull_fix(failure, view, chain, endpoint);
  out.findings = findings_about(failure, view, out.chains, findings);
  out.now = answers_now(subject, out);
  return out;
}

bool names_node(const PullFailure& failure, std::string_view node, const Facts& facts) {
  if (failure.node.empty()) return false;
  return failure.node == node || failure.node == facts.hostname || first_label(failure.node) == first_label(node) ||
         first_label(failure.node) == first_label(facts.hostname);
}

}  // namespace rf
