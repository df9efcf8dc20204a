#include <catch2/catch_test_macros.hpp>

#include "containerd/chain/hosts_toml.h"
#include "containerd/toml/toml_document.h"
#include "containerd/toml/toml_guard.h"

using namespace rf;

TEST_CASE("a character that is not ASCII is refused where a key, a value or a header stands") {
  for (const char* text :
       {"\xEF\xBB\xA9 = 1\n", "a.\xEF\xBB\xA9 = 1\n", "[\xEF\xBB\xA9]\n", "x = { \xEF\xBB\xA9 = 1 }\n",
        "a\xEF\xBB\xA9 = 1\n", "x = \xEF\xBB\xA9\n", "x = \"a\"\xC2\xA0\n", "x = 1\xFF", "x = 'a\n\xC3\xA9 = 1\n",
        // no string begins within a bare value
        "x = 2[\"\xEF\xBB\xB7\"]\n", "x = [1, 2'\xEF\xBB\xB7']\n", "x = 1979-05-27 0\"\xEF\xBB\xB7\"\n",
        "x = {a = 1.\"\xEF\xBB\xB7\"}\n", "x = \"\"\"a\\\n  \xC3\xA9\"\"\"\n", "x = \"\"\"\\\xC3\xA9\"\"\"\n"}) {
    INFO(text);
    CHECK_FALSE(check_toml_characters(text, "f"));
    CHECK_FALSE(parse_toml(text, "f"));
  }
}

TEST_CASE("characters that are not ASCII stay where TOML allows them") {
  for (const char* text :
       {"x = \"\xEF\xBB\xA9\"\n", "x = 1 # \xEF\xBB\xA9\n", "\"\xC3\xA9\" = 1\n", "'\xC3\xA9'.b = 1\n",
        "\xEF\xBB\xBFx = 1\n", "x = \"\"\"\n\"\xC3\xA9\"\"\n\xC3\xA9\"\"\"\"\" # \xC3\xA9\n",
        "x = '''\n'\xC3\xA9''\n'''\n", "x = \"a\\\"\xC3\xA9\"\n", "x = ['#', \"'\", \"\xC3\xA9\"]\n",
        "[a.'\xC3\xA9'.b]\nx = [[\"\xC3\xA9\"], [1,\"\xC3\xA9\",]]\ny = {\"\xC3\xA9\" = 1, b.'\xC3\xA9' = 2}\n",
        "x = \"\"\"\xC3\xA9 \\\n  a\\\\ \xC3\xA9\"\"\"\n",
        "x = 1979-05-27 07:32:00 # \xC3\xA9\ny = 1.5\n'\xC3\xA9' = 1\n"}) {
    INFO(text);
    CHECK(check_toml_characters(text, "f"));
    CHECK(parse_toml(text, "f"));
  }
}

TEST_CASE("the place of a refused character counts lines and characters") {
  const auto checked = check_toml_characters("a = \"\xC3\xA9\"\nb = '\xC3\xA9' \xC3\xA9\n", "hosts.toml");
  REQUIRE_FALSE(checked);
  REQUIRE(checked.error().where);
  CHECK(*checked.error().where == Location{"hosts.toml", 2, 9});
}

TEST_CASE("a hosts.toml with such a key is dropped by every version, as its own parser drops it") {
  for (const auto& version : {Version{1, 6, 20}, Version{1, 7, 24}, Version{2, 1, 9}})
    CHECK_FALSE(parse_hosts_toml("[host.\"http://a\"]\n\xEF\xBB\xA9 = 1\n", "/d", version));
}

TEST_CASE("tables within tables have an end, however they are written") {
  const auto repeated = [](std::string_view part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += part;
    return text;
  };
  for (const auto& deep :
       {repeated("a.", 250'000) + "a = 1\n", "[" + repeated("a.", 250'000) + "a]\n",
        "x = " + repeated("{a.b.c.d = ", 40) + "1" + repeated("}", 40) + "\n",
        "x = " + repeated("[", 200) + repeated("]", 200) + "\n", repeated("\"a\".", 250'000) + "a = 1\n"}) {
    const auto checked = check_toml_characters(deep, "f");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message == "not read: nested deeper than 128 levels");
  }
  for (const auto& fine :
       {repeated("a.", 100) + "a = 1\n", repeated("x = 1.5\n", 1) + repeated("[t.a]\n[[l.a]]\n", 300),
        "x = [" + repeated("1.5, {a.b = 1}, ", 300) + "]\n"})
    CHECK(check_toml_characters(fine, "f"));
}
