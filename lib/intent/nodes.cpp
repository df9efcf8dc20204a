#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "base/text.h"
#include "intent/intent.h"
#include "intent/names.h"

namespace rf {
namespace {

constexpr std::size_t most_nodes = 20000;

// At commas outside brackets.
std::vector<std::string_view> split_specs(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      out.push_back(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '[')
      ++depth;
    else if (text[i] == ']')
      --depth;
  }
  return out;
}

Result<std::uint64_t> number(std::string_view text, std::string_view whole) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != text.npos)
    return intent_error(fmt::format("{} is not a range of numbers", toml_quote(whole)),
                        "write node[01-32] or node[1,3,5-7]");
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

// "01-03,7" -> 01 02 03 7; the width of the first number is kept.
Result<std::vector<std::string>> expand_range(std::string_view range, std::string_view whole) {
  std::vector<std::string> out;
  for (const auto part : split(range, ',')) {
    const auto dash = part.find('-');
    const auto first = part.substr(0, dash);
    RF_TRY(const auto from, number(first, whole));
    RF_TRY(const auto to, number(dash == part.npos ? first : part.substr(dash + 1), whole));
    if (to < from)
      return intent_error(fmt::format("the range in {} runs backwards", toml_quote(whole)),
                          fmt::format("write [{}-{}]", to, from));
    if (to - from >= most_nodes)
      return intent_error(fmt::format("the range in {} is larger than {}", toml_quote(whole), most_nodes),
                          "write a smaller one");
    for (auto i = from; i <= to; ++i) out.push_back(fmt::format("{:0{}}", i, first.size()));
    if (out.size() > most_nodes)
      return intent_error(fmt::format("{} expands to more than {} nodes", toml_quote(whole), most_nodes),
                          "write fewer");
  }
  return out;
}

// "node[01-02]" -> node01 node02. An IPv6 address in brackets stays.
Result<std::vector<std::string>> expand(std::string_view text) {
  constexpr std::ptrdiff_t most_ranges = 8;
  if (std::count(text.begin(), text.end(), '[') > most_ranges)
    return intent_error(fmt::format("{} has more than {} ranges", toml_quote(text.substr(0, 80)), most_ranges),
                        "write node[01-32]");
  for (auto open = text.find('['); open != text.npos; open = text.find('[', open + 1)) {
    const auto close = text.find(']', open);
    if (close == text.npos)
      return intent_error(fmt::format("{} has a [ without its ]", toml_quote(text)), "write node[01-32]");
    const auto inside = text.substr(open + 1, close - open - 1);
    if (inside.find(':') != inside.npos) continue;
    RF_TRY(const auto numbers, expand_range(inside, text));
    RF_TRY(const auto tails, expand(text.substr(close + 1)));
    if (numbers.size() * tails.size() > most_nodes)
      return intent_error(fmt::format("{} expands to more than {} nodes", toml_quote(text), most_nodes), "write fewer");
    std::vector<std::string> out;
    for (const auto& middle : numbers)
      for (const auto& tail : tails) out.push_back(fmt::format("{}{}{}", text.substr(0, open), middle, tail));
    return out;
  }
  return std::vector<std::string>{std::string(text)};
}

bool plain_name(std::string_view name, std::string_view more) {
  return !name.empty() && name[0] != '-' && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
  });
}

struct Prefix {
  std::string_view text;
  NodeSpec::Kind kind;
};
constexpr std::array prefixes{Prefix{"kind:", NodeSpec::Kind::kind_cluster}, Prefix{"docker:", NodeSpec::Kind::docker},
                              Prefix{"podman:", NodeSpec::Kind::podman}};

Result<NodeSpec> parse_ssh(std::string_view text, NodeSpec out) {
  auto rest = text;
  if (rest.starts_with("ssh://")) rest.remove_prefix(6);
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    out.user = rest.substr(0, at);
    rest = rest.substr(at + 1);
    if (!plain_name(out.user, "._-+@\\"))
      return intent_error(fmt::format("{} is not a user name (in {})", toml_quote(out.user), toml_quote(text)),
                          "write USER@HOST; a user name does not start with '-'");
  }
  if (rest.starts_with('-'))
    return intent_error(fmt::format("the node {} starts with '-'", toml_quote(text)),
                        "a host name cannot; is this an option?");
  const bool bare_ipv6 = is_ipv6(rest.substr(0, rest.find('%'))) && rest.find(':') != rest.npos;
  std::string_view port;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    out.name = rest.substr(1, close == rest.npos ? close : close - 1);
    if (close == rest.npos || !is_ipv6(std::string_view(out.name).substr(0, out.name.find('%'))))
      return intent_error(fmt::format("{} is not an IPv6 address in brackets", toml_quote(text)),
                          "write [2001:db8::1]:22");
    port = rest.substr(close + 1);
  } else if (bare_ipv6) {
    out.name = rest;
  } else {
    const auto colon = rest.find(':');
    out.name = rest.substr(0, colon);
    port = colon == rest.npos ? "" : rest.substr(colon);
    if (!plain_name(out.name, "._-"))
      return intent_error(fmt::format("{} is not a node", toml_quote(text)),
                          "write a host as for ssh: babel, ops@babel:2222, node[01-32]");
  }
  if (!port.empty()) {
    const auto host_port = parse_host_port(fmt::format("h{}", port));
    if (!host_port) {
      const auto near = nearest(out.name, {"kind", "docker", "podman"});
      return intent_error(fmt::format("{} has no port number after its ':'", toml_quote(text)),
                          near.empty() ? "write HOST:PORT, kind:CLUSTER, docker:NAME or podman:NAME"
                                       : fmt::format("did you mean {}{}?", near, port));
    }
    out.port = host_port->port;
  }
  return out;
}

Result<NodeSpec> parse_node(std::string_view text) {
  NodeSpec out;
  out.text = text;
  if (text == "local") {
    out.kind = NodeSpec::Kind::local;
    out.name = "local";
    return out;
  }
  for (const auto& prefix : prefixes) {
    if (!text.starts_with(prefix.text)) continue;
    out.kind = prefix.kind;
    out.name = text.substr(prefix.text.size());
    if (!plain_name(out.name, "._-"))
      return intent_error(fmt::format("{} names no container or cluster", toml_quote(text)),
                          fmt::format("write {}NAME: letters, digits, '.', '_' and '-'", prefix.text));
    return out;
  }
  return parse_ssh(text, std::move(out));
}

}  // namespace

Result<std::vector<NodeSpec>> parse_nodes(std::string_view text) {
  std::vector<NodeSpec> out;
  for (const auto part : split_specs(text)) {
    if (part.empty())
      return intent_error("an empty node name", "write names with single commas between them: anubis,babel,ra");
    if (part.starts_with('@'))
      return intent_error(
          fmt::format("{} names a file of nodes, which is allowed only on the command line", toml_quote(part)),
          "list the nodes here");
    RF_TRY(const auto names, expand(part));
    for (const auto& name : names) {
      RF_TRY(auto node, parse_node(name));
      out.push_back(std::move(node));
    }
    if (out.size() > most_nodes)
      return intent_error(fmt::format("more than {} nodes", most_nodes), "name fewer at once");
  }
  return out;
}

}  // namespace rf
