#include "host/node_selection.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <set>

#include "base/text.h"
#include "host/files.h"
#include "host/node_list.h"
#include "host/state.h"

namespace rf {
namespace {

constexpr std::size_t most_nodes = 20'000;

Result<void> add(std::vector<NodeSpec>& nodes, std::string_view text, const std::string& file, int line) {
  auto parsed = parse_nodes(text);
  if (!parsed) {
    auto error = std::move(parsed).error();
    error.kind = ErrorKind::usage;
    if (!file.empty()) error.where = Location{file, line, 0};
    return error;
  }
  for (auto& node : *parsed) nodes.push_back(std::move(node));
  if (nodes.size() > most_nodes)
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("more than {} nodes are named", most_nodes),
                 .hint = "name fewer at once"};
  return {};
}

Result<void> add_file(std::vector<NodeSpec>& nodes, const std::string& path) {
  RF_TRY(const auto file, read_local_file(expand_home(path), 1U << 20));
  for (const auto& [number, part] : node_file_parts(file.text)) RF_CHECK(add(nodes, part, file.path, number));
  return {};
}

std::vector<NodeSpec> each_once(std::vector<NodeSpec> nodes) {
  std::set<std::string> seen;
  std::vector<NodeSpec> once;
  for (auto& node : nodes) {
    if (seen.insert(node.text).second) once.push_back(std::move(node));
  }
  return once;
}

}  // namespace

std::string display_name(const NodeSpec& node) {
  if (node.kind != NodeSpec::Kind::local) return node.text;
  if (auto name = environment("NODE_NAME")) return *std::move(name);
  utsname system{};
  return ::uname(&system) == 0 && system.nodename[0] != '\0' ? system.nodename : node.text;
}

Result<Selection> select_nodes(const std::vector<std::string>& flags, const Intent& intent, Remembered remembered) {
  std::vector<NodeSpec> nodes;
  for (const auto& flag : flags) {
    for (const auto& part : node_list_parts(flag)) {
      if (part.front() == '@') {
        RF_CHECK(add_file(nodes, part.substr(1)));
      } else {
        RF_CHECK(add(nodes, part, "", 0));
      }
    }
  }
  if (!flags.empty()) {
    if (nodes.empty()) return Error{.kind = ErrorKind::usage, .message = "--nodes names no node"};
    // A node the intent describes (user, port, identity, jump) keeps its description when the flag only names it.
    for (auto& node : nodes) {
      for (const auto& known : intent.nodes) {
        if (node.text == known.text || (node.text == known.name && node.kind == known.kind)) node = known;
      }
    }
    return Selection{.nodes = each_once(std::move(nodes)), .said = ""};
  }
  if (!intent.nodes.empty()) return Selection{.nodes = each_once(intent.nodes), .said = ""};
  if (remembered == Remembered::use) {
    const auto last = remembered_apply();
    for (const auto& node : last.nodes) RF_CHECK(add(nodes, node, "", 0));
    if (!nodes.empty()) {
      return Selection{.nodes = each_once(std::move(nodes)),
                       .said = "nodes of the last apply: " + join(last.nodes, ", ")};
    }
  }
  if (!intent.file.empty())
    return Error{.kind = ErrorKind::usage,
                 .message = intent.file + " lists no nodes, and --nodes is not given",
                 .hint = "name them: --nodes anubis,babel, or `nodes:` in the file; --nodes local is this machine"};
  RF_CHECK(add(nodes, "local", "", 0));
  return Selection{.nodes = std::move(nodes), .said = "no nodes named (--nodes): this machine"};
}

}  // namespace rf
