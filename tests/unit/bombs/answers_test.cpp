// Every reader of what comes over the wire, from this machine's own files and from flags, with every bomb.
#include "apply/apply.h"
#include "apply/undo.h"
#include "base/ip_address.h"
#include "bombs.h"
#include "containerd/pull/proxy.h"
#include "diagnose/pull_message.h"
#include "fleet/batches.h"
#include "host/docker_auths.h"
#include "host/http_status.h"
#include "host/kind_cluster.h"
#include "host/last_apply.h"
#include "host/node_list.h"
#include "host/pem.h"
#include "intent/intent.h"
#include "intent/names.h"
#include "plan/registries_yaml/registries_yaml_edit.h"
#include "plan/registries_yaml/yaml_lines.h"
#include "probe/probe.h"
#include "transport/config/ssh_settings.h"
#include "transport/config/target.h"
#include "transport/keys/agent_answer.h"
#include "transport/keys/private_key.h"
#include "transport/known_hosts/known_hosts.h"
#include "transport/known_hosts/revoked_keys.h"
#include "transport/shell/frame.h"
#include "transport/ways/askpass_question.h"

using namespace rf;
using namespace rf::test;

TEST_CASE("readers of answers keep their bounds") {
  feed({
      {"read_outcome", [](auto text) { (void)read_outcome(text, "0123456789abcdef"); }},
      {"parse_undo_preview", [](auto text) { (void)parse_undo_preview(text); }},
      {"read_probe", [](auto text) { (void)read_probe(text, {}, {}); }},
      {"FrameReader", [](auto text) { (void)FrameReader("n", {}).feed("RF1 BEGIN n\n" + std::string(text), nullptr); }},
      {"parse_ssh_settings", [](auto text) { (void)parse_ssh_settings(text, *parse_target("h"), {}); }},
      {"parse_ssh_words", [](auto text) { (void)parse_ssh_words(text); }},
      {"parse_ssh_program_settings", [](auto text) { (void)parse_ssh_program_settings(text); }},
      {"parse_agent_keys", [](auto text) { (void)parse_agent_keys(text); }},
      {"parse_agent_signature", [](auto text) { (void)parse_agent_signature(text, "ssh-ed25519"); }},
      {"parse_kind_containers", [](auto text) { (void)parse_kind_containers(text); }},
      {"parse_container", [](auto text) { (void)parse_container(text); }},
      {"read_helper_answer",
       [](auto text) {
         (void)read_helper_answer(text, 0, {"p", "k"});
       }},
      {"parse_askpass_question",
       [](auto text) {
         (void)parse_askpass_question(text);
         const AskpassQuestion question{.token = {}, .kind = {}, .prompt = std::string(text)};
         (void)parse_ssh_prompt(question, SshProgramSettings::ServerQuestions::marked);
       }},
      {"parse_status_line", [](auto text) { (void)parse_status_line(text); }},
  });
}

TEST_CASE("readers of this machine's files keep their bounds") {
  feed({
      {"parse_intent", [](auto text) { (void)parse_intent({.file = "f", .text = std::string(text)}); }},
      {"docker_auth", [](auto text) { (void)docker_auth(text, "f", "h"); }},
      {"parse_known_hosts",
       [](auto text) {
         KnownHosts known;
         parse_known_hosts(text, "f", known);
         (void)judge_host_key(known, {.host = "h", .port = 22, .alias = {}}, "blob");
         (void)names_host(text, "h");
       }},
      {"parse_revoked_keys",
       [](auto text) {
         RevokedKeys revoked;
         (void)parse_revoked_keys(text, "f", revoked);
         (void)is_revoked(revoked, "blob");
       }},
      {"load_private_key", [](auto text) { (void)load_private_key(text, Secret("p")); }},
      {"check_certificates", [](auto text) { (void)check_certificates(text); }},
      {"check_key", [](auto text) { (void)check_key(text, text); }},
      {"parse_last_apply", [](auto text) { (void)parse_last_apply(text); }},
      {"parse_runs", [](auto text) { (void)parse_runs(text); }},
      {"node_file_parts", [](auto text) { (void)node_file_parts(text); }},
  });
}

TEST_CASE("readers of words keep their bounds") {
  feed({
      {"parse_nodes", [](auto text) { (void)parse_nodes(text); }},
      {"node_list_parts", [](auto text) { (void)node_list_parts(text); }},
      {"parse_target, parse_jumps",
       [](auto text) {
         (void)parse_target(text);
         (void)parse_jumps(text);
       }},
      {"parse_endpoint", [](auto text) { (void)parse_endpoint(text); }},
      {"parse_host_port", [](auto text) { (void)parse_host_port(text); }},
      {"parse_ip, parse_ip_network, proxy_of",
       [](auto text) {
         (void)parse_ip(text);
         (void)parse_ip_network(text);
         (void)proxy_of({{"HTTPS_PROXY", std::string(text)}, {"NO_PROXY", std::string(text)}}, "https", "ghcr.io");
       }},
      {"parse_batch_size", [](auto text) { (void)parse_batch_size(text); }},
      {"read_pull_messages",
       [](auto text) {
         (void)read_pull_messages(text);
         (void)read_pull_messages("failed to resolve image: " + std::string(text.substr(0, largest_pull_message - 64)));
         (void)read_pull_messages(repeated("fetch failed \\\"" + std::string(text.substr(0, 20)), 200'000));
       }},
  });
  CHECK_FALSE(parse_nodes("node[01-99999999]"));
}

TEST_CASE("edits of registries.yaml keep their bounds") {
  RegistriesYaml desired;
  desired.mirrors["docker.io"].endpoints = {"http://m:5000"};
  feed({
      {"YamlLines", [](auto text) { (void)YamlLines::read(text, "f"); }},
      {"merge_registries_yaml", [&](auto text) { (void)merge_registries_yaml(text, desired, "f"); }},
  });
  // Each entry that goes away has the text read again.
  std::string ours = "mirrors:  # regfallback\n";
  for (int i = 0; i < 6'000; ++i)
    ours += "  h" + std::to_string(i) + ".io:  # regfallback\n    endpoint: [\"http://m\"]\n";
  const auto merged = merge_registries_yaml(ours, desired, "f");
  REQUIRE_FALSE(merged);
  CHECK(merged.error().kind == ErrorKind::unreadable);
  CHECK(merged.error().message == "not read: it needs too many changes");
}
