#include "nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "apply/outcome.h"
#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "host/askpass.h"
#include "host/facts_dir.h"
#include "host/files.h"
#include "host/kind_cluster.h"
#include "host/node_selection.h"
#include "line/display.h"
#include "line/questions.h"
#include "report/model.h"

namespace rf::cmd {
namespace {

Result<std::vector<RunNode>> saved_nodes(const std::string& path) {
  auto saved = read_saved_facts(path);
  if (!saved) {
    saved.error().kind = ErrorKind::usage;
    return std::move(saved).error();
  }
  std::vector<RunNode> nodes;
  for (auto& one : *saved) {
    RunNode node{.name = one.node};
    node.spec.text = one.node;
    if (one.facts) {
      node.facts = *std::move(one.facts);
    } else {
      node.error = std::move(one.facts).error();
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

Result<bool> yes_or_no(const std::string& question) {
  const auto reply = ask_yes(question);
  if (reply != Reply::interrupted) return reply == Reply::yes;
  std::raise(SIGINT);  // ends the run, not only this question
  return Error{.kind = ErrorKind::interrupted, .message = "interrupted"};
}

Result<Reach> reach_of(const Options& options) {
  Reach reach{.transport = options.transport,
              .ssh_config = expand_home(options.ssh_config),
              .identity = expand_home(options.identity),
              .timeout = options.timeout};
  for (const auto& [flag, file] :
       {std::pair("--identity", &reach.identity), std::pair("--ssh-config", &reach.ssh_config)}) {
    if (file->empty() || local_file_exists(*file)) continue;
    return Error{.kind = ErrorKind::usage, .message = fmt::format("{}: file {} does not exist", flag, *file)};
  }
  if (options.accept_new_host_keys) reach.new_hosts = Reach::NewHosts::accept;
  const bool can = can_ask();
  if (options.ask_sudo_pass && !can) {
    return Error{.kind = ErrorKind::usage,
                 .message = "--ask-sudo-pass: cannot ask for a password without a terminal",
                 .hint = "run it from a terminal, or configure sudo without a password"};
  }
  if (!can) return reach;
  if (options.ask_sudo_pass) reach.sudo = Reach::Sudo::may_ask;
  if (!options.accept_new_host_keys) reach.new_hosts = Reach::NewHosts::ask;
  reach.accept_host_key = [](const NewHostKey& key) { return yes_or_no(host_key_question(key)); };
  reach.ask_secret = [](const SecretQuestion& question) { return ask_secret(secret_question(question)); };
  reach.confirm = [](const ConfirmQuestion& question) { return yes_or_no(confirm_question(question)); };
  reach.askpass_program = own_program();
  return reach;
}

Result<std::vector<NodeSpec>> all_specs(Context& context, const Selection& selection) {
  RF_TRY(auto expanded, expand_clusters(selection.nodes));
  for (const auto& note : expanded.notes) context.note(note);
  for (auto& node : expanded.nodes) node.identity = expand_home(node.identity);
  return std::move(expanded.nodes);
}

}  // namespace

Result<Run> open_nodes(Context& context, const Setup& setup, Run::Purpose purpose, Run::Detecting detecting) {
  const auto& options = context.options;
  RunSettings settings{.profiles = setup.profiles, .detect = {.distribution = options.distribution}};
  if (options.parallel > 0) settings.parallel = options.parallel;
  auto display = std::make_unique<Display>(context);
  if (!options.facts.empty()) {
    RF_TRY(auto nodes, saved_nodes(options.facts));
    return Run(std::move(nodes), std::move(settings), std::move(display));
  }
  RF_TRY(settings.reach, reach_of(options));
  RF_TRY(auto specs, all_specs(context, setup.selection));
  Run run(std::move(specs), std::move(settings), std::move(display));
  for (auto& node : run.nodes()) node.name = display_name(node.spec);
  RF_CHECK(run.read(purpose, detecting));
  for (const auto& node : run.nodes())
    if (node.ended_before)
      context.note(
          fmt::format("{}: {} was unfinished; it {}", node.name, node.ended_run, how_it_ended(*node.ended_before)));
  return run;
}

std::vector<PlanRow> plan_rows(const Run& run) {
  std::vector<PlanRow> rows;
  for (const auto& node : run.nodes())
    rows.push_back({.node = node.name, .error = node.error, .plan = node.plan ? &*node.plan : nullptr});
  return rows;
}

std::vector<StatusRow> status_rows(const Run& run) {
  std::vector<StatusRow> rows;
  for (const auto& node : run.nodes()) {
    rows.push_back({.node = node.name,
                    .error = node.error,
                    .facts = node.facts ? &*node.facts : nullptr,
                    .plan = node.plan ? &*node.plan : nullptr});
  }
  return rows;
}

bool is_configured(const RunNode& node) {
  return !node.facts || !node.detection || !configured_registries(node.facts->tree, node.detection->config).empty();
}

void note_unconfigured(Context& context, const Run& run) {
  constexpr std::size_t most_names = 6;
  std::vector<std::string> names;
  for (const auto& node : run.nodes())
    if (!is_configured(node)) names.push_back(node.name);
  if (names.empty()) return;
  const auto more = names.size() > most_names ? fmt::format(" and {} more", names.size() - most_names) : "";
  names.resize(std::min(names.size(), most_names));
  context.note(fmt::format("{}{}: {}", join(names, ", "), more, nothing_configured));
}

bool any_failed(const Run& run) {
  return std::any_of(run.nodes().begin(), run.nodes().end(),
                     [](const RunNode& node) { return node.error.has_value(); });
}

bool any_changes(const Run& run) {
  return std::any_of(run.nodes().begin(), run.nodes().end(),
                     [](const RunNode& node) { return node.plan && !node.plan->empty(); });
}

}  // namespace rf::cmd
