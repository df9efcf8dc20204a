// Only words that cannot be anything else enter a script; facts come back from a real shell.
#include <catch2/catch_test_macros.hpp>

#include "apply/read_facts.h"
#include "apply/script_text.h"
#include "local_shell.h"
#include "node/profile.h"

using namespace rf;

TEST_CASE("text that a shell could take for something else never enters a script") {
  for (const std::string bad :
       {"a'b", "$(id)", "a;b", "a\nb", "`id`", "a\\b", "a|b", "a&b", "\"x\"", "{a,b}", "#x", "a\tb", "\xc3\xa9", "*"}) {
    CAPTURE(bad);
    CHECK_FALSE(script_word("X", bad).ok());
  }
  CHECK(*script_word("X", "/etc/containerd/certs.d/h:5000_x") == "X='/etc/containerd/certs.d/h:5000_x'\n");
  CHECK(*script_list("X", {"/a/*", "/b/[ab]?"}) == "X='/a/*\n/b/[ab]?'\n");
  CHECK_FALSE(script_list("X", {"/a/*", "x'y"}).ok());
  CHECK(script_bytes("X", "'; id #\n") == "X='\\0047; id #\\0012'\n");
  CHECK(script_bytes("X", "a\\n\xc3\x7f$(id)") == "X='a\\0134n\\0303\\0177$(id)'\n");
}

TEST_CASE("a template is sent without comments and indentation, and its last line calls it") {
  const auto text = script_template("node/facts/4-questions.sh");
  CHECK(text.find("\n#") == text.npos);
  CHECK(text.find("\n ") == text.npos);
  CHECK(text.ends_with("\nrf_main\n"));
}

TEST_CASE("every file and unit that a built-in profile asks for can stand in the script") {
  const auto profiles = load_profiles(embedded::profiles());
  REQUIRE(profiles.ok());
  FactsQuery query;
  query.globs = fact_globs(*profiles);
  query.units = service_units(*profiles);
  CHECK(query.globs.size() > 10);
  const auto program = facts_program(query, Ask::programs);
  if (!program) FAIL(to_string(program.error()));
}

TEST_CASE("facts of this machine come through a shell") {
  const auto facts = test::with_shell<Facts>([](Shell& shell) -> asio::awaitable<Result<Facts>> {
    FactsQuery query;
    query.globs.push_back("/etc/passwd");
    const auto program = facts_program(query, Ask::programs);
    co_return co_await read_facts(shell, *program);
  });
  if (!facts) FAIL(to_string(facts.error()));
  CHECK_FALSE(facts->kernel.empty());
  CHECK(facts->os_release.contains("ID"));
  CHECK(facts->tree.read("/etc/passwd")->find("root:") != std::string_view::npos);
}
