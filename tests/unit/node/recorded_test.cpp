// Every recorded node: tests/nodes/NAME.facts is what `detect --save` keeps of it, NAME.expect what detection must say.
// RF_ACCEPT=1 in the environment writes the expectations anew.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "node_builder.h"

using namespace rf;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string summary(const Result<Detection>& result) {
  std::ostringstream out;
  if (!result) {
    out << "refused: " << result.error().message << "\n";
    return out.str();
  }
  out << "distribution: " << result->profile.name << " " << result->distribution_version << "\nrole: " << result->role
      << "\ncontainerd: " << to_string(result->containerd) << "\nstyle: " << to_string(result->era.style)
      << "\nhosts_dir: " << result->hosts_dir << "\nconfig: " << result->config_file
      << "\nstate: " << to_string(result->state)
      << "\nrestart: " << (result->service ? result->service->restart_name : "")
      << "\nconfidence: " << to_string(result->confidence) << "\n";
  return out.str();
}

}  // namespace

TEST_CASE("every recorded node is detected as expected") {
  std::set<fs::path> recorded;
  for (const auto& entry : fs::directory_iterator(RF_SOURCE_DIR "/tests/nodes"))
    if (entry.path().extension() == ".facts") recorded.insert(entry.path());
  REQUIRE(recorded.size() >= 9);
  for (const auto& path : recorded) {
    INFO(path.string());
    const auto facts = parse_facts(content(path));
    if (!facts) FAIL_CHECK(to_string(facts.error()));
    if (!facts) continue;
    const auto text = summary(detect(*facts, test::built_in_profiles()));
    const auto expected = fs::path(path).replace_extension(".expect");
    if (std::getenv("RF_ACCEPT") != nullptr) std::ofstream(expected) << text;
    CHECK(text == content(expected));
  }
}
