#include <fmt/format.h>

#include "containerd/config/config_edit.h"
#include "plan/head.h"
#include "plan/hosts_render.h"
#include "plan/styles.h"

namespace rf {
namespace {

// containerd appends the registry's own endpoint by itself, last, unless an endpoint has the registry's name as its
// host.
Result<std::vector<std::string>> endpoints(const Registry& registry) {
  std::vector<std::string> out;
  const auto chain = registry.chain();
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool own = registry.upstream != Registry::Upstream::none && chain[i] == registry.upstream_endpoint;
    const bool by_itself = own && registry.upstream == Registry::Upstream::standard && i + 1 == chain.size();
    if (by_itself && chain[i].scheme == "https") break;
    out.push_back(endpoint_url(chain[i]));
  }
  return out;
}

// Mirror blocks hold addresses only. Every option is named: a new one does not compile until it is said here.
void warn_about(const EndpointOptions& options, Draft& draft) {
  const auto& [host, username, password, ca_file, client_cert_file, client_key_file, skip_verify, dial_timeout,
               capabilities, headers, where] = options;
  const auto warn = [&](std::string_view what) {
    draft.warnings.push_back(fmt::format("{}: mirrors in config.toml have {}", options.host, what));
  };
  if (dial_timeout) warn("no dial_timeout; it is left out");
  if (!capabilities.empty()) warn("no capabilities; pull and resolve are used");
  if (!headers.empty()) warn("no headers; they are left out");
}

}  // namespace

Result<Draft> plan_config_toml(const PlanContext& context) {
  const auto& detection = context.detection;
  const auto& tree = context.facts.tree;
  const auto& file = is_made_from_another(detection, tree) ? detection.era.config_file : detection.config_file;
  if (detection.era.config_managed) return config_is_managed(detection, file, "leave --style out to use its own way");
  for (const auto& [host, secrets] : context.resolved)
    if (!secrets.ca_pem.empty() || !secrets.client_cert_pem.empty() || !secrets.password.empty())
      return Error{
          .kind = ErrorKind::unsupported,
          .message = fmt::format("mirrors in config.toml cannot carry the certificates and credentials of {}", host),
          .hint = "use hosts.toml files: leave --style out"};
  MirrorEndpoints mirrors;
  Draft draft;
  for (const auto& registry : context.intent.registries) {
    RF_TRY(mirrors[registry.name], endpoints(registry));
    draft.notes.push_back(describe(registry));
  }
  for (const auto& [host, options] : context.intent.endpoints) warn_about(options, draft);
  const auto before = tree.read(file).value_or("");
  RF_TRY(auto after, set_mirrors(before, detection.containerd, mirrors).doing("editing " + file));
  if (after == before) return draft;
  const std::string why = "its mirrors are the declared ones";
  RF_CHECK(put_file(context.files, {.path = file, .content = after, .kind = FileChange::Class::config, .why = why},
                    draft.files));
  draft.restart_why = "containerd reads mirrors in config.toml only when it starts";
  return draft;
}

}  // namespace rf
