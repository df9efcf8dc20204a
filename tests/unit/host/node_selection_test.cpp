#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "host/files.h"
#include "host/node_selection.h"
#include "host/state.h"

using namespace rf;

namespace {

struct Home {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("rf-host-" + std::to_string(::getpid()));
  Home() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
    ::setenv("HOME", path.c_str(), 1);
    ::unsetenv("XDG_STATE_HOME");
    ::unsetenv("XDG_CONFIG_HOME");
    ::unsetenv("REGFALLBACK_CONFIG");
  }
  ~Home() { std::filesystem::remove_all(path); }
};

std::vector<std::string> names(const Result<Selection>& selection) {
  std::vector<std::string> all;
  if (selection) {
    for (const auto& node : selection->nodes) all.push_back(node.text);
  }
  return all;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("nodes named by flags come in their order, each once") {
  CHECK(names(select_nodes({"b,a", "a,kind:dev"}, {}, Remembered::ignore)) == Names{"b", "a", "kind:dev"});
}

TEST_CASE("the local machine is shown by NODE_NAME or its hostname, and chosen as local") {
  const auto selection = select_nodes({"local,b"}, {}, Remembered::ignore);
  REQUIRE(names(selection) == Names{"local", "b"});
  ::setenv("NODE_NAME", "babel", 1);
  CHECK(display_name(selection->nodes[0]) == "babel");
  CHECK(display_name(selection->nodes[1]) == "b");
  ::unsetenv("NODE_NAME");
  char hostname[256] = {};
  REQUIRE(::gethostname(hostname, sizeof hostname - 1) == 0);
  CHECK(display_name(selection->nodes[0]) == hostname);
}

TEST_CASE("a file of nodes may hold blanks, commas, ranges and comments") {
  Home home;
  std::ofstream(home.path / "nodes") << "# first\nanubis babel,ra  # rest\n\nnode[01-03]\n";
  CHECK(names(select_nodes({"@~/nodes"}, {}, Remembered::ignore)) ==
        Names{"anubis", "babel", "ra", "node01", "node02", "node03"});
}

TEST_CASE("a wrong name in a file of nodes is reported with its line") {
  Home home;
  const auto path = (home.path / "nodes").string();
  std::ofstream(path) << "anubis\n-oProxyCommand=x\n";
  const auto selection = select_nodes({"@" + path}, {}, Remembered::ignore);
  REQUIRE(!selection);
  CHECK(selection.error().where == Location{path, 2, 0});
}

TEST_CASE("a node the intent describes keeps its description when a flag names it") {
  Intent intent;
  intent.nodes = {{.text = "ops@babel:2222",
                   .name = "babel",
                   .user = "ops",
                   .port = 2222,
                   .identity = "",
                   .jump = "",
                   .where = {}}};
  const auto selection = select_nodes({"babel"}, intent, Remembered::ignore);
  REQUIRE(selection);
  CHECK(selection->nodes.at(0).port == 2222);
}

TEST_CASE("without flags the intent's nodes are meant, then those of the last apply, then this machine") {
  Home home;
  CHECK(names(select_nodes({}, {}, Remembered::use)) == Names{"local"});
  REQUIRE(remember_apply({.nodes = {"anubis", "ra"}, .intent_file = "/x.yaml"}));
  CHECK(names(select_nodes({}, {}, Remembered::use)) == Names{"anubis", "ra"});
  CHECK(names(select_nodes({}, {}, Remembered::ignore)) == Names{"local"});
  Intent intent;
  intent.nodes = {{.text = "own", .name = "own", .user = "", .port = 0, .identity = "", .jump = "", .where = {}}};
  CHECK(names(select_nodes({}, intent, Remembered::use)) == Names{"own"});
  CHECK(remembered_apply().intent_file == "/x.yaml");
}

TEST_CASE("a file without nodes never means this machine by itself") {
  Home home;
  Intent intent;
  intent.file = "regfallback.yaml";
  const auto refused = select_nodes({}, intent, Remembered::ignore);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::usage);
  CHECK(refused.error().message.find("regfallback.yaml lists no nodes") != std::string::npos);
  CHECK(refused.error().hint.find("--nodes local") != std::string::npos);
  CHECK_FALSE(select_nodes({}, intent, Remembered::use));
  CHECK(names(select_nodes({"local"}, intent, Remembered::ignore)) == Names{"local"});
  REQUIRE(remember_apply({.nodes = {"anubis"}, .intent_file = ""}));
  CHECK(names(select_nodes({}, intent, Remembered::use)) == Names{"anubis"});
}

TEST_CASE("the nodes of the last fifty runs are remembered") {
  Home home;
  CHECK(remembered_run("r1").empty());
  for (int i = 1; i <= 51; ++i)
    REQUIRE(remember_run({.id = "r" + std::to_string(i), .nodes = {"anubis", "n" + std::to_string(i)}}));
  CHECK(remembered_run("r51") == Names{"anubis", "n51"});
  CHECK(remembered_run("r2") == Names{"anubis", "n2"});
  CHECK(remembered_run("r1").empty());
  const std::vector<RememberedRun> odd{{.id = "a", .nodes = {"x", "two\nlines", ""}}, {.id = "b\nc", .nodes = {"y"}}};
  CHECK(parse_runs(print_runs(odd)) == std::vector<RememberedRun>{{.id = "a", .nodes = {"x"}}});
  CHECK(parse_runs("node lost\nrun a\nnode \nodd\n") == std::vector<RememberedRun>{{.id = "a", .nodes = {}}});
}

TEST_CASE("what is remembered is readable by the user only") {
  Home home;
  REQUIRE(remember_apply({.nodes = {"a"}, .intent_file = ""}));
  const auto file = read_local_file(state_directory() + "/last-apply");
  REQUIRE(file);
  CHECK(file->mode_bits == 0600);
  CHECK((std::filesystem::status(state_directory()).permissions() & std::filesystem::perms::mask) ==
        std::filesystem::perms::owner_all);
}

TEST_CASE("the intent file is the first that exists, and a flag or the environment decides alone") {
  Home home;
  const auto user = home.path / ".config/regfallback";
  CHECK(find_intent_file("~/given.yaml") == (home.path / "given.yaml").string());
  std::filesystem::create_directories(user);
  std::ofstream(user / "config.yaml") << "version: 1\n";
  CHECK(find_intent_file("") == (user / "config.yaml").string());
  ::setenv("REGFALLBACK_CONFIG", "/named.yaml", 1);
  CHECK(find_intent_file("") == "/named.yaml");
  ::unsetenv("REGFALLBACK_CONFIG");
}

TEST_CASE("a file is written whole, with exactly the mode asked for, and leaves nothing beside it") {
  Home home;
  const auto path = (home.path / "new/dir/file").string();
  REQUIRE(write_local_file(path, "text\n", 0640));
  const auto file = read_local_file(path);
  REQUIRE(file);
  CHECK(file->text == "text\n");
  CHECK(file->mode_bits == 0640);
  CHECK(std::distance(std::filesystem::directory_iterator(home.path / "new/dir"), {}) == 1);
  CHECK(!read_local_file(home.path.string()));
}
