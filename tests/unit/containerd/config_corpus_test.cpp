#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.h"
#include "containerd/config/config_edit.h"
#include "containerd/toml/toml_document.h"

using namespace rf;

namespace {

const std::string corpus = std::string(RF_SOURCE_DIR) + "/tests/corpus/config/";
constexpr auto root = "/etc/containerd/config.toml";

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string expected(const nlohmann::json& by_version, const std::string& version) {
  return by_version.contains(version) ? by_version[version] : by_version["*"];
}

std::string cri_state(const EffectiveConfig& config) {
  if (config.load_error) return "load-error";
  if (config.cri_disabled) return "disabled";
  return config.cri_error ? "error" : "ok";
}

// The lines of `after` are those of `before` with some added; a removed line must be one that set config_path.
void check_minimal(const std::string& before, const std::string& after) {
  const auto old_lines = split(before, '\n');
  const auto new_lines = split(after, '\n');
  std::size_t at = 0;
  std::vector<std::string> added;
  for (const auto line : new_lines) {
    if (at < old_lines.size() && old_lines[at] == line) {
      ++at;
    } else if (at + 1 < old_lines.size() && old_lines[at].find("config_path") != std::string_view::npos &&
               line.find("config_path") != std::string_view::npos) {
      ++at;
      added.emplace_back(line);
    } else {
      added.emplace_back(line);
    }
  }
  CHECK(at == old_lines.size());
  CHECK(added.size() <= 3);
  for (const auto& line : added) {
    CAPTURE(line);
    const bool setting = line.find("/etc/containerd/certs.d") != std::string::npos;
    CHECK((setting || trim(line).starts_with("[plugins") || trim(line).starts_with("version") || trim(line).empty()));
  }
}

}  // namespace

TEST_CASE("every form of the corpus has the effect it is known for, and takes config_path as the only change",
          "[config][edit]") {
  const auto cases = nlohmann::json::parse(read_file(corpus + "cases.json"));
  CHECK(cases.size() >= 30);
  for (const auto& one : cases) {
    for (const auto& name : one["containerd"]) {
      const std::string version = name;
      const std::string file = one["file"];
      CAPTURE(file, version);
      const auto containerd = *parse_version(version);
      FileTree tree;
      const auto text = read_file(corpus + file);
      tree.put_file(root, text);
      if (one.contains("files"))
        for (const auto& [path, content] : one["files"].items()) tree.put_file(path, content.get<std::string>());
      const auto config = effective_config(tree, {}, containerd);
      CHECK(cri_state(config) == one["cri"].get<std::string>());
      const auto path = expected(one["config_path"], version);
      if (path != "*") CHECK(config.config_path == path);

      const auto edit = edit_config_path(tree, {}, containerd, "/etc/containerd/certs.d");
      if (one["edit"] == "refused") {
        REQUIRE_FALSE(edit);
        CHECK(edit.error().kind == ErrorKind::refused);
        continue;
      }
      if (!edit) FAIL(edit.error().message);
      if (one["edit"] == "unchanged" && path == "/etc/containerd/certs.d") CHECK_FALSE(edit->changed());
      check_minimal(edit->before, edit->after);
      FileTree after = tree;
      after.put_file(edit->file, edit->after);
      const auto result = effective_config(after, {}, containerd);
      CHECK(result.config_path == "/etc/containerd/certs.d");
      CHECK(result.hosts_roots == std::vector<std::string>{"/etc/containerd/certs.d"});
      const auto again = edit_config_path(after, {}, containerd, "/etc/containerd/certs.d");
      CHECK((again && !again->changed()));
    }
  }
}
