// For tests that compare with real containerd.
//   config_tool effective VERSION DIRECTORY      what that containerd makes of DIRECTORY/etc/containerd/config.toml, as
//   JSON config_tool set VERSION DIRECTORY PATH       sets config_path = PATH in place; prints the file that changed,
//   or the refusal config_tool migrate VERSION DIRECTORY        migrates in place; prints the explanation, or the
//   refusal
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "containerd/config/config_edit.h"
#include "plan/migrate/migrate.h"

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

rf::FileTree read_tree(const std::filesystem::path& directory) {
  rf::FileTree tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (entry.is_regular_file())
      tree.put_file("/" + std::filesystem::relative(entry.path(), directory).string(), content(entry.path()));
  return tree;
}

nlohmann::json text_or_null(const std::optional<rf::Error>& error) {
  return error ? nlohmann::json(error->message) : nlohmann::json();
}

int effective(const rf::FileTree& tree, const rf::Version& containerd) {
  const auto config = rf::effective_config(tree, {}, containerd);
  nlohmann::json out;
  out["config_path"] = config.config_path;
  out["config_path_written"] = config.config_path_where.has_value();
  out["load_error"] = text_or_null(config.load_error);
  out["cri_error"] = text_or_null(config.cri_error);
  out["cri_disabled"] = config.cri_disabled;
  out["pull_mode"] = rf::to_string(config.pull_mode);
  out["mirrors"] = nlohmann::json::object();
  for (const auto& [registry, mirror] : config.mirrors) out["mirrors"][registry] = mirror.endpoints;
  out["auths"] = nlohmann::json::array();
  for (const auto& [host, auth] : config.auths) out["auths"].push_back(host);
  std::cout << out.dump() << "\n";
  return 0;
}

int set(const rf::FileTree& tree, const rf::Version& containerd, const std::filesystem::path& directory,
        const std::string& path) {
  const auto edit = rf::edit_config_path(tree, {}, containerd, path);
  if (!edit) {
    std::cout << "refused: " << edit.error().message << "\n";
    return 1;
  }
  std::ofstream(directory / edit->file.substr(1), std::ios::binary) << edit->after;
  std::cout << edit->file << "\n";
  return 0;
}

int migrate(const rf::FileTree& tree, const rf::Version& containerd, const std::filesystem::path& directory) {
  const auto migration = rf::make_migration(tree, {}, containerd);
  if (!migration) {
    std::cout << "refused: " << migration.error().message << "\n";
    return 1;
  }
  for (const auto& change : migration->files) {
    const auto path = directory / change.path.substr(1);
    if (change.op == rf::FileChange::Op::make_directory)
      std::filesystem::create_directories(path);
    else
      std::ofstream(path, std::ios::binary) << change.after.expose();
  }
  for (const auto& line : migration->explanation) std::cout << line << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3) return 2;
  const auto version = rf::parse_version(words[1]);
  if (!version) return 2;
  const auto tree = read_tree(words[2]);
  if (words[0] == "effective") return effective(tree, *version);
  if (words[0] == "migrate") return migrate(tree, *version, words[2]);
  if (words[0] == "set" && words.size() == 4) return set(tree, *version, words[2], words[3]);
  return 2;
}
