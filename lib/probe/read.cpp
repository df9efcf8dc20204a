// The program's output put back to the chains it was made from.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/text.h"
#include "containerd/chain/hosts_dir.h"
#include "probe/plan.h"
#include "probe/probe.h"

namespace rf {
namespace {

int number_or_unknown(std::string_view text) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

ProbeTool tool_of(std::string_view word) {
  return word == "none" ? ProbeTool::none : word == "wget" ? ProbeTool::wget : ProbeTool::other;
}

// Of seconds; a node may say any number of them.
int milliseconds(int seconds) { return std::clamp(seconds, 0, 1'000'000) * 1000; }

struct Printed {
  std::string client;
  std::map<int, RawAnswer> answers;
  std::optional<PullProbe> pull;
};

// `key="..."` of a logfmt line, unquoted; `key=word` too.
std::string log_field(std::string_view line, std::string_view key) {
  const auto at = line.find(std::string(key) + "=");
  if (at == std::string_view::npos) return "";
  auto rest = line.substr(at + key.size() + 1);
  if (rest.empty() || rest[0] != '"') return std::string(rest.substr(0, rest.find(' ')));
  std::string value;
  for (std::size_t i = 1; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    value += rest[i];
  }
  return value;
}

// "trying next host - response was http.StatusNotFound" and "trying next host" with error="...".
std::string skip_reason(std::string_view line) {
  auto reason = log_field(line, "error");
  if (!reason.empty()) return reason;
  const auto message = log_field(line, "msg");
  const auto was = message.find("was ");
  const auto status = message.find("status: ");
  if (was != std::string::npos) return message.substr(was + 4);
  return status != std::string::npos ? message.substr(status + 8) : message;
}

void read_log(PullProbe& pull, std::string_view log) {
  constexpr std::size_t most_skipped = 200;  // a pull that is retried says the same again
  for (const auto line : lines(log)) {
    if (pull.skipped.size() == most_skipped) return;
    auto host = log_field(line, "host");
    if (host.empty()) continue;
    std::pair<std::string, std::string> skip{std::move(host), skip_reason(line)};
    if (std::find(pull.skipped.begin(), pull.skipped.end(), skip) == pull.skipped.end())
      pull.skipped.push_back(std::move(skip));
  }
}

void read_pull(Printed& printed, const std::vector<std::string_view>& words, const ProbeOptions& options) {
  PullProbe pull{.image = options.image ? to_string(*options.image) : ""};
  const int rc = number_or_unknown(words[1]);
  pull.milliseconds = milliseconds(number_or_unknown(words[2]));
  std::string said;
  base64_decode(words[3], said);
  std::string last;
  for (const auto line : lines(said)) {
    if (!trim(line).empty()) last = std::string(trim(line));
  }
  pull.message = rc == 127   ? "no crictl on the node"
                 : rc == 124 ? fmt::format("still running after {} s", options.pull_seconds)
                             : last;
  pull.result = rc == 0     ? PullProbe::Result::pulled
                : rc == 127 ? PullProbe::Result::not_possible
                            : PullProbe::Result::failed;
  printed.pull = std::move(pull);
}

Result<Printed> read_lines(std::string_view output, const ProbeOptions& options) {
  Printed printed;
  for (const auto line : lines(output)) {
    const auto words = split(line, ' ');
    if (words[0] == "client" && words.size() == 2) {
      printed.client = std::string(words[1]);
    } else if (words[0] == "answer" && words.size() == 4) {
      RawAnswer raw{.tool = tool_of(words[2]), .text = ""};
      if (!base64_decode(words[3], raw.text)) continue;  // cut off: it then counts as not asked
      printed.answers[number_or_unknown(words[1])] = std::move(raw);
    } else if (words[0] == "pull" && words.size() == 4) {
      read_pull(printed, words, options);
    } else if (words[0] == "log" && words.size() == 2 && printed.pull) {
      std::string log;
      if (base64_decode(words[1], log)) read_log(*printed.pull, log);
    } else {
      return Error{
          .kind = ErrorKind::protocol,
          .message = fmt::format("unexpected line in the node's answer: {}", terminal_safe(line.substr(0, 80)))};
    }
  }
  return printed;
}

EndpointProbe probe_of(const std::vector<Question>& ways, const std::vector<Question>& all,
                       const std::map<int, RawAnswer>& answers) {
  EndpointProbe probe;
  for (const auto& way : ways) {
    const auto same = [&](const Question& q) { return q.url == way.url && q.headers == way.headers; };
    const auto at = std::find_if(all.begin(), all.end(), same) - all.begin();
    const auto found = answers.find(static_cast<int>(at));
    if (found == answers.end()) {
      probe.detail = "the node returned no result for it";
      continue;
    }
    probe = read_answer(way, found->second);
    const bool no_tls = probe.answer == Answer::tls || probe.answer == Answer::plain_http ||
                        probe.answer == Answer::refused || probe.answer == Answer::closed;
    if (!no_tls) break;
  }
  return probe;
}

}  // namespace

Result<NodeProbe> read_probe(std::string_view output, std::span<const Chain> chains, const ProbeOptions& options) {
  RF_TRY(auto printed, read_lines(output, options));
  const auto all = questions(chains, options);
  NodeProbe probe{.client = std::move(printed.client), .registries = {}, .pull = std::move(printed.pull)};
  for (const auto& chain : chains) {
    RegistryProbe registry{.chain = chain, .endpoints = {}};
    for (const auto& endpoint : chain.endpoints) {
      if (endpoint.host == unnamed_registry) continue;  // no registry by that name is to be asked
      const auto ways = ways_to_ask(chain, endpoint, options);
      auto one = probe_of(ways, all, printed.answers);
      if (ways.empty()) one.detail = "an address of the machine's metadata service or its own link: never asked";
      one.endpoint = endpoint;
      registry.endpoints.push_back(std::move(one));
    }
    probe.registries.push_back(std::move(registry));
  }
  return probe;
}

}  // namespace rf
