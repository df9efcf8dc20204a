#include "plan/plan.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "plan/config_path.h"
#include "plan/head.h"
#include "plan/hosts_render.h"
#include "plan/next_start.h"
#include "plan/self_check.h"
#include "plan/service.h"
#include "plan/styles.h"

namespace rf {
namespace {

Error fault_of(const Detection& detection) {
  const auto& config = detection.config;
  Error error{.kind = ErrorKind::runtime,
              .message = fmt::format("containerd {} does not serve images now: {}", to_string(detection.containerd),
                                     to_string(detection.state)),
              .hint = "the log of its service shows what it refuses; fix that first"};
  for (const auto* fault : {&config.load_error, &config.cri_error}) {
    if (!*fault) continue;
    error.message =
        fmt::format("containerd {} does not serve images now: {}", to_string(detection.containerd), (*fault)->message);
    error.where = (*fault)->where;
    if (!(*fault)->hint.empty()) error.hint = (*fault)->hint;
    if (!config.config_path.empty() && !config.mirrors.empty())
      error.hint = "'regfallback migrate' turns the mirrors into hosts.toml files";
    break;
  }
  return error;
}

// What forbids writing before anything is planned.
Result<void> may_write(const Detection& detection, Style style) {
  RF_CHECK(check_runs(detection));
  RF_CHECK(check_version(detection));
  if (!detection.runtime.apart.empty())
    return Error{
        .kind = ErrorKind::refused,
        .message = fmt::format("containerd (pid {}) has something else at {} than this shell: a mount of its own",
                               detection.runtime.pid, detection.runtime.apart.front()),
        .hint = "change what is mounted there, or remove the mount from its service",
        .where = Location{detection.runtime.apart.front(), 0, 0}};
  if (detection.state == RegistryState::cri_disabled || detection.state == RegistryState::broken)
    return fault_of(detection);
  if (style == Style::patch)
    return Error{.kind = ErrorKind::unsupported,
                 .message = fmt::format("{} cannot be configured from the node itself", detection.profile.title),
                 .hint = fmt::format("'regfallback render --for {}' prints its settings", detection.profile.name)};
  if (style == Style::registries_yaml && detection.era.style != Style::registries_yaml)
    return reads_no_registries_yaml(detection, "leave --style out");
  if (detection.era.style == Style::registries_yaml && style != Style::registries_yaml)
    return writes_hosts_itself(detection, "leave --style out");
  if (style == Style::hosts_dir && !detection.config.mirrors.empty()) {
    const auto& mirror = detection.config.mirrors.begin()->second;
    return Error{
        .kind = ErrorKind::refused,
        .message = "config.toml has mirrors; containerd does not serve images with both mirrors and config_path",
        .hint = "'regfallback migrate' turns them into hosts.toml files with the same chains",
        .where = mirror.where};
  }
  return {};
}

Result<Draft> draft_for(const PlanContext& context, Style style) {
  switch (style) {
    case Style::hosts_dir: return plan_hosts_dir(context);
    case Style::config_toml: return plan_config_toml(context);
    case Style::registries_yaml: return plan_registries_yaml(context);
    case Style::patch: break;
  }
  return Error{.kind = ErrorKind::internal, .message = "a printed patch is not a plan"};
}

Result<void> set_service(const PlanContext& context, const Draft& draft, Plan& plan) {
  const auto policy = context.options.restart;
  auto why = draft.restart_why;
  if (why.empty() && policy == RestartPolicy::always && !draft.files.empty()) why = "requested with --restart always";
  if (why.empty()) return {};
  if (!draft.restart_why.empty() && context.detection.era.restarts_itself) {
    set_own_restart(context.detection, policy, std::move(why), plan);
    return {};
  }
  return set_restart(context.detection, policy, std::move(why), plan);
}

// What `now` lacks of `then`, or "". Every field is named: a new one does not compile until it is compared, or said
// here.
std::string_view lost_setting(const ChainEndpoint& then, const ChainEndpoint& now) {
  const auto& [scheme, host, path, rewrites, capabilities, skip_verify, http_fallback, ca, client, headers,
               to_token_server, dial_timeout, credentials, source] = then;
  if (!then.plain_url() && now.rewrites != rewrites) return "rewrite rules";
  if (!ca.empty() && now.ca.empty()) return "a ca";
  if (!client.empty() && now.client.empty()) return "a client certificate";
  if (skip_verify && !now.skip_verify) return "skip_verify";
  if (!headers.empty() && now.headers.empty()) return "headers";
  if (dial_timeout && !now.dial_timeout) return "dial_timeout";
  if (!credentials.empty() && now.credentials.empty() && now.headers.empty()) return "credentials";
  return "";
}

// What a replaced file said about endpoints that stay in the chain, and the intent does not say: a file of others, and
// one of ours where the intent is not the whole.
void warn_about_lost_settings(const PlanContext& context, Plan& plan) {
  const auto& tree = context.facts.tree;
  const bool whole = context.options.undeclared == PlanOptions::Undeclared::remove;
  for (const auto& chain : plan.chains) {
    const auto before = resolve_chain(tree, context.detection.config, chain.registry);
    if (!before.hosts_dir || (whole && is_ours(tree.read(*before.hosts_dir + "/hosts.toml").value_or("")))) continue;
    for (const auto& now : chain.endpoints)
      for (const auto& then : before.endpoints) {
        if (then.host != now.host || then.scheme != now.scheme) continue;
        if (const auto lost = lost_setting(then, now); !lost.empty())
          plan.warnings.push_back(
              fmt::format("{} sets {} for {}, but the intent does not: declare it under endpoints if it is needed",
                          *before.hosts_dir, lost, now.host));
      }
  }
}

Projected projected_of(const PlanContext& context, FileTree tree, const Draft& draft) {
  Projected projected{.tree = std::move(tree), .config = {}, .added = draft.added};
  projected.config = effective_config(projected.tree, config_source(context.detection), context.detection.containerd);
  return projected;
}

// Without a restart containerd goes on with what was made of the files at its last one.
bool runs_what_was_made(const PlanContext& context) {
  return context.options.restart != RestartPolicy::never && is_made_from_another(context.detection, context.facts.tree);
}

bool changes_configuration(const Plan& plan) {
  return std::any_of(plan.files.begin(), plan.files.end(),
                     [](const FileChange& change) { return change.kind == FileChange::Class::config; });
}

std::set<std::string, std::less<>> declared_names(const Intent& intent) {
  std::set<std::string, std::less<>> names;
  for (const auto& registry : intent.registries) names.insert(registry.name);
  return names;
}

}  // namespace

PlanCounts counts_of(std::span<const Plan* const> plans) {
  PlanCounts counts;
  std::set<std::string_view> dropped, undeclared;
  for (const auto* plan : plans) {
    counts.nodes += plan->empty() ? 0 : 1;
    counts.restarts += plan->service.needed() ? 1 : 0;
    for (const auto& change : plan->files) {
      counts.written += change.op == FileChange::Op::create || change.op == FileChange::Op::replace ? 1 : 0;
      counts.removed += change.op == FileChange::Op::remove ? 1 : 0;
    }
    dropped.insert(plan->dropped.begin(), plan->dropped.end());
    for (const auto& change : plan->chain_changes)
      if (change.standing == ChainChange::Standing::others) undeclared.insert(change.registry);
  }
  counts.dropped = dropped.size();
  counts.undeclared = undeclared.size();
  return counts;
}

PlanCounts counts_of(const Plan& plan) {
  const std::array<const Plan*, 1> one{&plan};
  return counts_of(one);
}

Result<Plan> make_plan(const Intent& intent, const ResolvedEndpoints& resolved, const Facts& facts,
                       const Detection& detection, const PlanOptions& options) {
  const auto style = options.style.value_or(detection.era.style);
  RF_CHECK(may_write(detection, style));
  const PlanContext context{intent, resolved, facts, detection, options};
  RF_TRY(auto draft, draft_for(context, style));
  auto plan = begin_plan(facts, detection);
  plan.warnings = draft.warnings;
  plan.notes = draft.notes;
  RF_CHECK(set_service(context, draft, plan));
  plan.files = std::move(draft.files);
  sort_for_commit(plan.files);
  warn_about_managers(detection, plan);
  auto written = project(plan, facts.tree);
  const auto goes_on = !plan.service.needed() && runs_what_was_made(context) ? std::optional(written) : std::nullopt;
  RF_TRY(auto next, at_next_start(context, std::move(written)));
  const auto projected = projected_of(context, std::move(next.tree), draft);
  auto chains = self_check(context, projected);
  if (!chains) return at_origin(std::move(chains).error(), next.origin);
  plan.chains = *std::move(chains);
  if (goes_on) RF_CHECK(self_check(context, projected_of(context, *goes_on, draft)));
  if (changes_configuration(plan)) plan.trials = std::move(next.trials);
  plan.dropped.assign(draft.dropped.begin(), draft.dropped.end());
  if (!plan.empty())
    plan.chain_changes = chain_changes({facts.tree, detection.config}, {projected.tree, projected.config},
                                       {.declared = declared_names(intent), .dropped = std::move(draft.dropped)});
  warn_about_lost_settings(context, plan);
  warn_about_sudo_log(facts, plan);
  return plan;
}

FileTree project(const Plan& plan, const FileTree& tree) {
  FileTree out = tree;
  for (const auto& change : plan.files) {
    switch (change.op) {
      case FileChange::Op::create:
      case FileChange::Op::replace: {
        std::string content(change.after.expose());
        auto sum = sha256_hex(content);
        out.put(change.path, {.kind = FileEntry::Kind::file,
                              .content = std::move(content),
                              .sha256 = std::move(sum),
                              .mode = change.mode,
                              .uid = change.uid,
                              .gid = change.gid});
        break;
      }
      case FileChange::Op::make_directory:
        out.put(change.path,
                {.kind = FileEntry::Kind::directory, .mode = change.mode, .uid = change.uid, .gid = change.gid});
        break;
      case FileChange::Op::remove: out.remove(change.path); break;
      case FileChange::Op::remove_directory:
        if (out.list(change.path).empty()) out.remove(change.path);
        break;
    }
  }
  return out;
}

}  // namespace rf
