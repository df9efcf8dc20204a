// Fixes in words, which are made from their steps.
#include "diagnose/fix.h"

#include <catch2/catch_test_macros.hpp>

using namespace rf;

TEST_CASE("the words of a fix say each of its steps, in order, and the restart last") {
  const std::string file = "/etc/containerd/config.toml";
  CHECK(fix_text({EditLines{file, {substitute(2, "a", "b"), remove_lines(3, 3), remove_lines(5, 7)}},
                  Restart{"systemctl restart containerd"}}) ==
        "in /etc/containerd/config.toml replace a with b on line 2, and remove line 3, and remove lines 5 to 7; then "
        "systemctl restart containerd");
  CHECK(
      fix_text({EditLines{file,
                          {insert_above(1, "x = 1"), insert_below(2, "y = 2"), append_line("[host]"),
                           move_above(4, 5, 2), move_above(7, 7, 2)}}}) ==
      "in /etc/containerd/config.toml write x = 1 above line 1, and write y = 2 below line 2, and write [host] at the "
      "end, and move lines 4 to 5 above line 2, and move line 7 above line 2");
  CHECK(fix_text({MakeDirectory{"/d/a b"}, MovePath{"/d/x", "/d/a b/x"}, ChangeMode{"/d/x", 0600}}) ==
        "mkdir -p '/d/a b' && mv /d/x '/d/a b/x' && chmod 600 /d/x");
  CHECK(fix_text({SetToml{.file = file,
                          .path = {"plugins", "io.containerd.grpc.v1.cri", "registry", "config_path"},
                          .values = {"/certs"},
                          .new_version = 2}}) ==
        "in /etc/containerd/config.toml write version = 2, and config_path = \"/certs\" under "
        "[plugins.\"io.containerd.grpc.v1.cri\".registry]");
  CHECK(fix_text({SetToml{.file = file, .path = {"imports"}, .values = {"/a", "/b"}, .form = SetToml::Form::list}}) ==
        "in /etc/containerd/config.toml write imports = [\"/a\", \"/b\"]");
  CHECK(fix_text({WriteFile{"/d/hosts.toml", {"server = \"http://m\"", "[host]"}}, RemovePath{"/old"}}) ==
        "write /d/hosts.toml with the lines server = \"http://m\", then [host]; and rm -r /old");
  CHECK(fix_text({OurCommand::migrate}) == "regfallback migrate");
}

TEST_CASE("a fix has steps or the reason why it has none") {
  const auto live = live_fix({RemoveDirectory{"/d/ghcr.io"}}).or_else("write a hosts.toml into it");
  CHECK(live.text == "rmdir /d/ghcr.io (no restart is needed); or write a hosts.toml into it");
  CHECK(live.steps.size() == 1);
  CHECK_FALSE(live.by_hand);
  const auto condition = conditional("it is a CA", fix_by({MovePath{"/a", "/b"}}));
  CHECK(condition.text == "if it is a CA: mv /a /b");
  CHECK(fix_by_hand(ByHand::choice, "keep one").by_hand == ByHand::choice);
  CHECK(fix_by_hand(ByHand::choice, "keep one").steps.empty());
}
