// What the node says a rollback would do, and the plan that is made of it.
#include "apply/undo.h"

#include <catch2/catch_test_macros.hpp>

#include "base/text.h"

using namespace rf;

namespace {

constexpr auto hosts = "/etc/containerd/certs.d/docker.io/hosts.toml";
constexpr auto config = "/etc/containerd/config.toml";
const std::string old_text = "[host]\n";
const std::string our_text = "ours\n";

std::string shown_text(const std::string& now, const std::string& end = "end shown\n") {
  return "undo 1\nrestart systemd\nservice containerd.service\nwait 90\nshown abc\n"
         "change R:hosts 644 0 0 " +
         sha256_hex(our_text) + " " + sha256_hex(old_text) + " " + now + " " + std::to_string(old_text.size()) + " " +
         hosts + "\nchange D:config 0 0 0 " + sha256_hex(our_text) + " - " + sha256_hex(our_text) + " - " + config +
         "\nchange X:directory 755 0 0 - - directory - /etc/containerd/certs.d/ghcr.io\ncontent\n" +
         base64_encode(old_text) + "\n.\n" + end;
}

Undo undo_of_one() {
  ReceiptSummary receipt;
  receipt.id = "t1";
  return {.undone = {receipt}, .newest = "t1"};
}

Facts node_with(const std::string& text) {
  Facts facts;
  facts.tree.put_file(hosts, text);
  facts.tree.put_file(config, our_text);
  return facts;
}

Result<Plan> plan_from(const std::string& text, const Facts& facts, const Undo& undo = undo_of_one()) {
  const auto preview = parse_undo_preview(text);
  if (!preview) return preview.error();
  return plan_of_undo(*preview, undo, facts, nullptr, "rollback");
}

}  // namespace

TEST_CASE("what would be undone is a plan with both sides of every file") {
  const auto preview = parse_undo_preview(shown_text(sha256_hex(our_text)));
  REQUIRE(preview.ok());
  CHECK(preview->shown == "abc");
  const auto plan = plan_of_undo(*preview, undo_of_one(), node_with(our_text), nullptr, "rollback");
  REQUIRE(plan.ok());
  REQUIRE(plan->files.size() == 3);
  CHECK(plan->files[0].op == FileChange::Op::replace);
  CHECK(plan->files[0].before == our_text);
  CHECK(plan->files[0].after.expose() == old_text);
  CHECK(plan->files[1].op == FileChange::Op::remove);
  CHECK(plan->files[1].before_sha256 == sha256_hex(our_text));
  CHECK(plan->files[2].op == FileChange::Op::remove_directory);
  CHECK(plan->service.by == RestartBy::systemd);
  CHECK(plan->service.name == "containerd.service");
  CHECK(plan->service.wait_seconds == 90);
}

TEST_CASE("a file that was edited since is a conflict that names it and the way on") {
  const auto plan = plan_from(shown_text(sha256_hex("by hand\n")), node_with("by hand\n"));
  REQUIRE_FALSE(plan.ok());
  CHECK(plan.error().kind == ErrorKind::conflict);
  CHECK(plan.error().message == std::string(hosts) + " was changed since transaction t1");
  CHECK(plan.error().hint.find("regfallback rollback --force") != std::string::npos);
  CHECK(plan_from(shown_text("-"), node_with(our_text)).error().message ==
        std::string(hosts) + " is gone since transaction t1");
}

TEST_CASE("what the node refuses is its error, and damaged stores are not put back") {
  CHECK(parse_undo_preview("error no sort\nend refused\n").error().message == "no sort");
  CHECK(parse_undo_preview("error other\nend conflict\n").error().kind == ErrorKind::conflict);
  CHECK(parse_undo_preview("undo 1\n").error().kind == ErrorKind::protocol);
  CHECK(parse_undo_preview("undo 1\nshown a\nend well\n").error().kind == ErrorKind::protocol);
  auto damaged = shown_text(sha256_hex(our_text));
  damaged.replace(damaged.find(base64_encode(old_text)), 4, "AAAA");
  CHECK(parse_undo_preview(damaged).error().message.find("is damaged") != std::string::npos);
}

TEST_CASE("what is no change of ours is an error") {
  const auto change = [](const std::string& line) { return parse_undo_preview("change " + line + "\nend shown\n"); };
  const auto sum = sha256_hex("x");
  for (const auto& line : {std::string("Z:hosts 644 0 0 - - - - /a"), std::string("R:other 644 0 0 - - - - /a"),
                           std::string("R:hosts 9 0 0 - - - - /a"), std::string("R:hosts 644 x 0 - - - - /a"),
                           std::string("R:hosts 644 0 0 abc - - - /a"), std::string("R:hosts 644 0 0 - - - - a"),
                           std::string("R:hosts 644 0 0 - - - - /a/../b"), std::string("R:hosts"), std::string()}) {
    CAPTURE(line);
    CHECK(change(line).error().kind == ErrorKind::protocol);
  }
  // Contents that are not all there.
  CHECK(parse_undo_preview("change C:hosts 644 0 0 - " + sum + " - 5 /a\ncontent\neA==\n.\nend shown\n").error().kind ==
        ErrorKind::protocol);
}

TEST_CASE("a file that is too large to be shown has its checksum") {
  const auto sum = sha256_hex("x");
  const auto plan = plan_from("shown a\nchange C:hosts 644 0 0 - " + sum + " - large /a\ncontent\n.\nend shown\n", {});
  REQUIRE(plan.ok());
  CHECK(plan->files[0].after_sha256 == sum);
  CHECK(plan->files[0].why == "too large to show");
}

TEST_CASE("what stays in effect is said") {
  auto undo = undo_of_one();
  ReceiptSummary later;
  later.id = "t2";
  undo.kept = {later};
  const auto plan = plan_from(shown_text(sha256_hex(our_text)), node_with(our_text), undo);
  REQUIRE(plan.ok());
  CHECK(plan->warnings == std::vector<std::string>{"transaction t2 is a later change and stays as it is"});
}

TEST_CASE("files of a snap whose data moved on are not put back where nobody reads them") {
  Facts facts = node_with(our_text);
  facts.tree.put_symlink("/var/snap/x/current", "42");
  facts.tree.put_file("/var/snap/x/42/hosts.toml", our_text);
  const auto text = "shown a\nchange D:hosts 0 0 0 " + sha256_hex(our_text) + " - " + sha256_hex(our_text) +
                    " - /var/snap/x/41/hosts.toml\ncontent\n.\nend shown\n";
  const auto plan = plan_from(text, facts);
  REQUIRE_FALSE(plan.ok());
  CHECK(plan.error().kind == ErrorKind::refused);
  CHECK(plan.error().message.find("/var/snap/x/42/hosts.toml") != std::string::npos);
}

TEST_CASE("afterwards every file must be as it was shown") {
  const auto plan = plan_from(shown_text(sha256_hex(our_text)), node_with(our_text));
  REQUIRE(plan.ok());
  Facts facts = node_with(old_text);
  facts.tree.remove(config);
  CHECK_FALSE(left_undone(*plan, facts));
  CHECK(left_undone(*plan, node_with(old_text)) == std::string(config) + " still exists");
  facts.tree.put_file(hosts, "other\n");
  CHECK(left_undone(*plan, facts) == std::string(hosts) + " differs from what it was");
  facts.tree.remove(hosts);
  CHECK(left_undone(*plan, facts) == std::string(hosts) + " does not exist");
  // Of a directory that was not looked into nothing is known.
  CHECK_FALSE(left_undone(*plan, Facts{}));
}
