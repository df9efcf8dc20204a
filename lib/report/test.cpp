#include "report/test.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/model.h"
#include "report/table.h"

namespace rf {
namespace {

constexpr std::size_t most_columns = 6;  // of nodes, side by side

bool about_image(const NodeProbe& probe, const RegistryProbe& registry) {
  if (!probe.pull) return false;
  const auto image = parse_image(probe.pull->image);
  return image && image->registry == registry.chain.registry;
}

bool finding(const NodeProbe& probe, const RegistryProbe& registry, const EndpointProbe& endpoint) {
  return is_finding(endpoint.answer, about_image(probe, registry));
}

std::string answer_text(const EndpointProbe& probe) {
  switch (probe.answer) {
    case Answer::serves: return fmt::format("{} ms", probe.milliseconds);
    case Answer::wants_token: return fmt::format("{} ms, token", probe.milliseconds);
    case Answer::wrong_content: return "wrong content";
    case Answer::not_asked: return "not asked";
    case Answer::closed: return "no answer";
    case Answer::redirects: return fmt::format("{} redirect", probe.status);
    case Answer::dns: return "DNS";
    case Answer::tls: return "TLS";
    case Answer::plain_http: return "plain http";
    case Answer::refused: return "refused";
    case Answer::unreachable: return "unreachable";
    case Answer::timeout: return "timeout";
    default: return fmt::format("{}", probe.status);
  }
}

std::string_view to_text(PullProbe::Result result) {
  switch (result) {
    case PullProbe::Result::pulled: return "pulled";
    case PullProbe::Result::failed: return "failed";
    case PullProbe::Result::not_possible: return "not-possible";
  }
  return "";
}

Value endpoint_value(const NodeProbe& probe, const RegistryProbe& registry, const EndpointProbe& endpoint) {
  return Value::object({{"url", endpoint.endpoint.url()},
                        {"answer", to_string(endpoint.answer)},
                        {"finding", finding(probe, registry, endpoint)},
                        {"status", endpoint.status == 0 ? Value() : Value(endpoint.status)},
                        {"milliseconds", endpoint.status == 0 ? Value() : Value(endpoint.milliseconds)},
                        {"address", Value::or_null(endpoint.address)},
                        {"detail", Value::or_null(endpoint.detail)}});
}

Value pull_value(const std::optional<PullProbe>& pull) {
  if (!pull) return {};
  Value skipped = Value::array();
  for (const auto& [host, why] : pull->skipped) skipped.push(Value::object({{"host", host}, {"reason", why}}));
  return Value::object({{"image", pull->image},
                        {"result", to_text(pull->result)},
                        {"milliseconds", pull->milliseconds},
                        {"message", Value::or_null(pull->message)},
                        {"skipped", skipped}});
}

Value row_value(const TestRow& row) {
  Value registries = Value::array();
  if (row.probe) {
    for (const auto& registry : row.probe->registries) {
      Value endpoints = Value::array();
      for (const auto& endpoint : registry.endpoints) endpoints.push(endpoint_value(*row.probe, registry, endpoint));
      registries.push(Value::object(
          {{"registry", registry.chain.registry}, {"error", registry.chain.error}, {"endpoints", endpoints}}));
    }
  }
  return Value::object({{"node", row.node},
                        {"error", error_value(row.error)},
                        {"client", row.probe ? Value::or_null(row.probe->client) : Value()},
                        {"registries", registries},
                        {"pull", row.probe ? pull_value(row.probe->pull) : Value()}});
}

// A line of the matrix: one endpoint of one registry, with every node's answer (null: not in that node's chain).
struct Line {
  std::string registry;
  std::string url;
  std::vector<const EndpointProbe*> answers;  // by row
  std::vector<bool> findings;
};

std::vector<Line> matrix(std::span<const TestRow> rows) {
  std::vector<Line> lines;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    if (!rows[n].probe) continue;
    for (const auto& registry : rows[n].probe->registries) {
      for (const auto& endpoint : registry.endpoints) {
        const auto url = short_url(endpoint.endpoint);
        const auto same = [&](const Line& line) {
          return line.registry == registry.chain.registry && line.url == url && !line.answers[n];
        };
        auto at = std::find_if(lines.begin(), lines.end(), same);
        if (at == lines.end()) {
          // After the other endpoints of its registry.
          auto place = lines.end();
          for (auto line = lines.begin(); line != lines.end(); ++line) {
            if (line->registry == registry.chain.registry) place = line + 1;
          }
          at = lines.insert(place, {registry.chain.registry, url, std::vector<const EndpointProbe*>(rows.size()),
                                    std::vector<bool>(rows.size())});
        }
        at->answers[n] = &endpoint;
        at->findings[n] = finding(*rows[n].probe, registry, endpoint);
      }
    }
  }
  return lines;
}

Emphasis tint_of(const EndpointProbe* probe, bool is_bad) {
  if (!probe) return Emphasis::dim;
  return is_bad ? Emphasis::bad : probe->answer == Answer::not_found ? Emphasis::warn : Emphasis::good;
}

std::string wide_matrix(std::span<const TestRow> rows, const std::vector<Line>& lines, const TextStyle& style) {
  std::vector<std::string> head{"REGISTRY", "TRIED IN ORDER"};
  for (const auto& row : rows) head.push_back(terminal_safe(row.node));
  Table table(head);
  std::string before;
  for (const auto& line : lines) {
    std::vector<Cell> cells{{line.registry == before ? "" : line.registry}, {line.url}};
    before = line.registry;
    for (std::size_t n = 0; n < rows.size(); ++n) {
      cells.push_back(
          {line.answers[n] ? answer_text(*line.answers[n]) : "-", tint_of(line.answers[n], line.findings[n])});
    }
    table.row(std::move(cells));
  }
  return table.text(style);
}

// Many nodes: counts in place of columns, and the nodes by name only where something is wrong.
std::string counted_matrix(std::span<const TestRow> rows, const std::vector<Line>& lines, const TextStyle& style) {
  Table table({"REGISTRY", "TRIED IN ORDER", "ANSWERS", "ms", "WRONG"});
  std::string before;
  for (const auto& line : lines) {
    std::size_t asked = 0;
    std::size_t good = 0;
    int least = 0;
    int most = 0;
    std::vector<std::string> wrong;
    for (std::size_t n = 0; n < rows.size(); ++n) {
      if (!line.answers[n]) continue;
      ++asked;
      if (line.findings[n]) {
        wrong.push_back(rows[n].node + " " + answer_text(*line.answers[n]));
        continue;
      }
      const int ms = line.answers[n]->milliseconds;
      least = good == 0 ? ms : std::min(least, ms);
      most = std::max(most, ms);
      ++good;
    }
    table.row({{line.registry == before ? "" : line.registry},
               {line.url},
               {fmt::format("{} of {}", good, asked), good == asked ? Emphasis::good : Emphasis::bad},
               {good == 0 ? "" : fmt::format("{}-{}", least, most)},
               {join(wrong, ", "), Emphasis::bad}});
    before = line.registry;
  }
  return table.text(style);
}

std::string pulls_text(std::span<const TestRow> rows, const TextStyle& style) {
  Table table({"NODE", "IMAGE", "PULL", "TIME", "SKIPPED ACCORDING TO THE RUNTIME'S LOG", "MESSAGE"});
  for (const auto& row : rows) {
    if (!row.probe || !row.probe->pull) continue;
    const auto& pull = *row.probe->pull;
    std::vector<std::string> skipped;
    for (const auto& [host, why] : pull.skipped) skipped.push_back(host + " (" + why + ")");
    const bool well = pull.result == PullProbe::Result::pulled;
    table.row({{row.node},
               {pull.image},
               {std::string(to_text(pull.result)), well ? Emphasis::good : Emphasis::bad},
               {fmt::format("{} s", pull.milliseconds / 1000)},
               {join(skipped, ", ")},
               {well ? "" : pull.message}});
  }
  return table.empty() ? "" : "\n" + table.text(style);
}

// The same finding on several nodes is one line.
std::string findings_text(std::span<const TestRow> rows, const TextStyle& style) {
  std::vector<std::pair<std::string, std::vector<std::string>>> lines;  // text, nodes
  for (const auto& one : test_findings(rows)) {
    auto at = std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.first == one.text; });
    if (at == lines.end()) at = lines.insert(at, {one.text, {}});
    at->second.push_back(one.node);
  }
  std::string out;
  if (!lines.empty()) out = "\n" + style.paint(Emphasis::strong, counted(lines.size(), "finding")) + "\n";
  for (const auto& [text, nodes] : lines)
    out += "  " + wrap(terminal_safe(join(nodes, ", ") + ": " + text), style.width, 4) + "\n";
  return out;
}

}  // namespace

std::vector<TestFinding> test_findings(std::span<const TestRow> rows) {
  std::vector<TestFinding> worst;
  std::vector<TestFinding> others;
  for (const auto& row : rows) {
    if (row.configured == TestRow::Configured::nothing) worst.push_back({row.node, std::string(nothing_configured)});
    if (!row.probe) continue;
    const auto& pull = row.probe->pull;
    if (pull && pull->result != PullProbe::Result::pulled)
      worst.push_back({row.node, pull->image + ": " + pull->message});
    for (const auto& registry : row.probe->registries) {
      const auto at = registry.chain.registry + ": ";
      if (registry.chain.error) {
        worst.push_back({row.node, at + *registry.chain.error});
        continue;
      }
      std::size_t serving = 0;
      for (const auto& endpoint : registry.endpoints) {
        const bool has = endpoint.answer == Answer::serves || endpoint.answer == Answer::wants_token;
        serving += has ? 1 : 0;
        if (!finding(*row.probe, registry, endpoint)) continue;
        others.push_back({row.node, answer_sentence(told_of(registry, endpoint))});
      }
      if (serving == 0 && !registry.endpoints.empty())
        worst.push_back(
            {row.node, at + (about_image(*row.probe, registry) ? "no endpoint has the image" : "no endpoint answers")});
    }
  }
  worst.insert(worst.end(), others.begin(), others.end());
  return worst;
}

Value test_value(std::span<const TestRow> rows) {
  Value nodes = Value::array();
  for (const auto& row : rows) nodes.push(row_value(row));
  Value findings = Value::array();
  for (const auto& one : test_findings(rows)) findings.push(Value::object({{"node", one.node}, {"text", one.text}}));
  return Value::object({{"schema", "regfallback.test/v1"}, {"nodes", nodes}, {"findings", findings}});
}

std::string test_text(std::span<const TestRow> rows, const TextStyle& style) {
  const auto lines = matrix(rows);
  std::string out;
  if (!lines.empty())
    out = rows.size() <= most_columns ? wide_matrix(rows, lines, style) : counted_matrix(rows, lines, style);
  out += pulls_text(rows, style);
  for (const auto& row : rows) {
    if (row.error)
      out += style.paint(Emphasis::bad,
                         terminal_safe(row.node) + ": " + terminal_safe(to_string(*row.error), Lines::keep)) +
             "\n";
  }
  return out + findings_text(rows, style);
}

}  // namespace rf
