#include "failing_pull.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include "containerd/config/features.h"
#include "copy.h"
#include "host/files.h"
#include "node/condition.h"
#include "nodes.h"
#include "report/explain.h"
#include "report/failing_pull.h"
#include "setup.h"

namespace rf::cmd {
namespace {

// One node to be asked about a failure; its facts and detection outlive it.
struct PullSite {
  std::string node = {};
  Subject subject;
  std::vector<Finding> findings = {};
};

std::string_view name_of(FailingPullDetail detail) { return detail == FailingPullDetail::cause ? "doctor" : "explain"; }

Result<std::vector<PullFailure>> told_failures(const Options& options, FailingPullDetail detail) {
  std::string text = options.error_text.value_or("");
  if (text == "-") {
    RF_TRY(auto input, read_local_file("-", largest_pull_message));
    text = std::move(input.text);
  }
  if (text.find_first_not_of(" \t\r\n") == text.npos)
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("{}: --error: the text is empty", name_of(detail)),
                 .hint = "kubectl describe pod NAME | regfallback doctor --error -"};
  return read_pull_messages(text);
}

Result<void> check_flags(const Options& options, FailingPullDetail detail) {
  const auto name = name_of(detail);
  const int sources =
      (options.root.empty() ? 0 : 1) + (options.facts.empty() ? 0 : 1) + (options.nodes.empty() ? 0 : 1);
  if (sources > 1)
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("{}: --nodes, --facts and --root cannot be combined", name)};
  if (!options.config_path.empty() || !options.images.empty() || !options.images_file.empty() ||
      !options.assume.empty())
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("{}: --error cannot be combined with images, --assume or --config-path", name),
                 .hint = "the images and the answers are read from the text"};
  if (options.probe && !(options.root.empty() && options.facts.empty()))
    return Error{
        .kind = ErrorKind::usage,
        .message = fmt::format("{}: --probe needs live nodes; it cannot be used with files or saved facts", name),
        .hint = "leave out --probe, or name nodes with --nodes"};
  return {};
}

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The nodes a text can be about: those it names; where it names none of these, all.
FailingPull failing_pull_on(const PullFailure& failure, const std::vector<PullSite>& sites) {
  FailingPull pull{.failure = failure, .nodes = {}};
  std::vector<const PullSite*> meant;
  for (const auto& site : sites)
    if (names_node(failure, site.node, site.subject.facts)) meant.push_back(&site);
  if (meant.empty()) {
    pull.named_node_missing = !failure.node.empty() && !(sites.size() == 1 && sites.front().node.empty());
    for (const auto& site : sites) meant.push_back(&site);
  }
  for (const auto* site : meant)
    pull.nodes.push_back({site->node, diagnose_pull(failure, site->subject, site->findings)});
  return pull;
}

// What an endpoint answered, in the words of --assume; nothing where it has none for it.
std::optional<Assumption> assumption_of(const PullFailure& failure) {
  using Kind = Assumption::Kind;
  const auto of = [](Kind kind) { return Assumption{.kind = kind, .status = 0}; };
  switch (failure.cause) {
    case PullCause::plain_http: return of(Kind::http);
    case PullCause::unknown_authority:
    case PullCause::wrong_name:
    case PullCause::expired:
    case PullCause::client_certificate:
    case PullCause::tls: return of(Kind::tls);
    case PullCause::dns: return of(Kind::dns);
    case PullCause::refused:
    case PullCause::unreachable: return of(Kind::refused);
    case PullCause::timeout: return of(Kind::timeout);
    case PullCause::closed: return of(Kind::eof);
    case PullCause::not_found: return Assumption{.status = 404};
    default:
      if (failure.status >= 200 && failure.status <= 599) return Assumption{.status = failure.status};
      return std::nullopt;
  }
}

// The pull has failed with this answer: no other endpoint served, and none answered what this version would rather
// show.
Assumption others_answer(const Assumption& shown, const Version& containerd) {
  const bool network = shown.kind != Assumption::Kind::status;
  return network && has_feature(containerd, Feature::ranked_errors) ? shown : Assumption{.status = 404};
}

// The chain of the image on this node, and the requests where the endpoint of the text answers as it says.
std::optional<Explanation> explanation_of(const PullFailure& failure, const FailingPullNode& node,
                                          const Subject& subject) {
  const auto* detection = subject.detection;
  if (!failure.image || detection == nullptr || node.diagnosis.chains.empty()) return std::nullopt;
  const auto& chain = node.diagnosis.chains.front();
  Assumptions assumptions;
  if (const auto answer = assumption_of(failure)) {
    const auto at = std::find_if(chain.endpoints.begin(), chain.endpoints.end(),
                                 [&](const auto& endpoint) { return endpoint.url() == node.diagnosis.endpoint; });
    if (at != chain.endpoints.end()) {
      assumptions[at->host] = *answer;
      assumptions["*"] = others_answer(*answer, detection->containerd);
    } else if (failure.cause == PullCause::not_found) {
      assumptions["*"] = *answer;
    }
  }
  return Explanation{.node = node.node,
                     .condition = subject.source == Subject::Source::copy ? condition_of(detection->config)
                                                                          : condition_of(*detection, detection->config),
                     .image = *failure.image,
                     .config = detection->config,
                     .chain = chain,
                     .prediction = predict_pull(chain, *failure.image, assumptions, detection->config),
                     .assumed = assumptions.empty() ? Explanation::Assumed::nothing : Explanation::Assumed::something};
}

std::vector<Explanation> explanations_of(const std::vector<FailingPull>& pulls, const std::vector<PullSite>& sites) {
  std::vector<Explanation> all;
  for (const auto& pull : pulls)
    for (const auto& node : pull.nodes) {
      const auto site = std::find_if(sites.begin(), sites.end(), [&](const auto& s) { return s.node == node.node; });
      if (auto one = explanation_of(pull.failure, node, site->subject)) all.push_back(*std::move(one));
    }
  return all;
}

int print_failing_pulls(Context& context, FailingPullDetail detail, const std::vector<PullFailure>& failures,
                        const std::vector<PullSite>& sites, const std::vector<UnreadNode>& unread) {
  std::vector<FailingPull> pulls;
  for (const auto& failure : failures) pulls.push_back(failing_pull_on(failure, sites));
  const auto explanations =
      detail == FailingPullDetail::chain ? explanations_of(pulls, sites) : std::vector<Explanation>();
  if (context.wants_table()) {
    context.out.write(failing_pulls_text(pulls, unread, context.style()));
    for (const auto& explanation : explanations) context.out.write(explain_text(explanation, context.style()) + "\n");
    context.out.write(failing_pulls_summary(pulls) + "\n");
  } else {
    auto value = failing_pulls_value(pulls, unread);
    auto list = Value::array();
    for (const auto& explanation : explanations) list.push(explain_value(explanation));
    if (detail == FailingPullDetail::chain) value.set("explanations", std::move(list));
    context.print(value);
  }
  if (!unread.empty()) return exit_failed;
  return std::any_of(pulls.begin(), pulls.end(), has_cause) ? exit_findings : exit_done;
}

int failing_pull_on_copy(Context& context, FailingPullDetail detail, const std::vector<PullFailure>& failures) {
  const auto copy = copy_below_root(context.options, name_of(detail), GeneratedFiles::rendered);
  if (!copy) return context.fail(copy.error());
  PullSite site{.subject = {.facts = copy->facts,
                            .detection = &*copy->detection,
                            .undetected = {},
                            .source = Subject::Source::copy,
                            .chain = copy->chain,
                            .now = seconds_now()}};
  site.findings = diagnose(site.subject);
  return print_failing_pulls(context, detail, failures, {std::move(site)}, {});
}

// The chains of the registries that the text is about.
std::vector<Chain> chains_to_ask(const std::vector<PullFailure>& failures, const RunNode& node) {
  std::vector<Chain> chains;
  for (const auto& failure : failures) {
    const Subject subject{.facts = *node.facts, .detection = &*node.detection};
    for (auto& chain : diagnose_pull(failure, subject, {}).chains)
      if (std::none_of(chains.begin(), chains.end(), [&](const auto& c) { return c.registry == chain.registry; }))
        chains.push_back(std::move(chain));
  }
  return chains;
}

int failing_pull_on_nodes(Context& context, FailingPullDetail detail, const std::vector<PullFailure>& failures) {
  const auto setup = prepare(context, {.intent = IntentNeed::useful, .nodes = Remembered::use});
  if (!setup) return exit_usage;
  auto run = open_nodes(context, *setup);
  if (!run) return context.fail(run.error());
  Probes probes(run->nodes().size());
  if (context.options.probe)
    probes = run->probe(std::nullopt, [&](const RunNode& node) { return chains_to_ask(failures, node); });
  if (run->end() == RunEnd::interrupted) return exit_interrupted;
  std::vector<PullSite> sites;
  std::vector<UnreadNode> unread;
  for (std::size_t i = 0; i < run->nodes().size(); ++i) {
    const auto& node = run->nodes()[i];
    if (!node.facts || (node.error && node.error->kind == ErrorKind::unreadable)) {
      unread.push_back({node.name, *node.error});
      continue;
    }
    PullSite site{.node = node.name, .subject = {.facts = *node.facts, .profiles = setup->profiles}};
    site.subject.now = seconds_now();
    if (node.detection)
      site.subject.detection = &*node.detection;
    else
      site.subject.undetected = node.error;
    if (probes[i])
      for (const auto& registry : probes[i]->registries)
        for (const auto& endpoint : registry.endpoints)
          site.subject.answers.push_back(
              {registry.chain.registry, endpoint.endpoint, endpoint.answer, endpoint.status, endpoint.detail});
    site.findings = diagnose(site.subject);
    sites.push_back(std::move(site));
  }
  return print_failing_pulls(context, detail, failures, sites, unread);
}

}  // namespace

int run_failing_pull(Context& context, FailingPullDetail detail) {
  const auto& options = context.options;
  const auto checked = check_flags(options, detail);
  const auto failures = checked ? told_failures(options, detail) : Result<std::vector<PullFailure>>(checked.error());
  if (!failures) {
    context.error(failures.error());
    return exit_usage;
  }
  return options.root.empty() ? failing_pull_on_nodes(context, detail, *failures)
                              : failing_pull_on_copy(context, detail, *failures);
}

std::vector<Flag> failing_pull_flags(Options& options) {
  const auto store = [&options](const std::string& text) -> Result<void> {
    options.error_text = options.error_text ? *options.error_text + "\n" + text : text;
    return {};
  };
  return {{{"--error", "TEXT",
            "find the cause of a failed pull: an event, 'kubectl describe pod', a line of the journal (- is standard "
            "input); can be repeated",
            "A failed pull"},
           Store(store)}};
}

}  // namespace rf::cmd
