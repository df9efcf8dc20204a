// Every key of the intent file counts: a key that is parsed and then forgotten is found here.
#include <catch2/catch_all.hpp>
#include <map>
#include <set>

#include "base/text.h"
#include "intent/shape.h"
#include "plan_builder.h"

using namespace rf;
using namespace rf::test;

namespace {

// "endpoints.*.tls.ca" for every key of the table; "*" is a key the user chooses.
void collect(const Shape& shape, const std::string& path, std::set<std::string>& out) {
  const auto below = [&](std::string_view name) { return path + (path.empty() ? "" : ".") + std::string(name); };
  for (const auto& key : shape.keys) {
    out.insert(below(key.name));
    collect(*key.shape, below(key.name), out);
  }
  for (const auto* form : shape.forms) collect(*form, path, out);
  if (shape.of == nullptr) return;
  const bool table = shape.form == Shape::Form::table;
  if (table) out.insert(below("*"));
  collect(*shape.of, table ? below("*") : path, out);
}

constexpr std::string_view full = R"(version: 1
nodes:
  - name: ra
    ssh: { user: ops, port: 2222, identity: /keys/a, jump: gate }
registries:
  docker.io:
    mirrors: [http://m1:5000, https://m2]
    upstream: https://up.corp
    fallback: [https://f1/v2/org]
endpoints:
  m2:
    auth: { username: u, password: { env: TOKEN } }
    tls: { ca: /pki/ca.pem, client: { cert: /pki/c.pem, key: /pki/k.pem }, insecure_skip_verify: true }
    dial_timeout: 2s
    capabilities: [pull, resolve]
    headers: { X-Team: infra }
)";

enum class Changes { plan, intent, nothing };
struct Row {
  std::string_view from;
  std::string_view to;
  Changes changes = Changes::plan;
};
// What is changed for each key. `intent`: the nodes to reach and the way to them are in no node's plan.
const std::map<std::string, Row, std::less<>> rows{
    {"version", {"version: 1", "version: 1 # the only one there is", Changes::nothing}},
    {"nodes", {"name: ra", "name: babel", Changes::intent}},
    {"nodes.name", {"name: ra", "name: babel", Changes::intent}},
    {"nodes.ssh", {"    ssh: { user: ops, port: 2222, identity: /keys/a, jump: gate }\n", "", Changes::intent}},
    {"nodes.ssh.user", {"user: ops", "user: root", Changes::intent}},
    {"nodes.ssh.port", {"port: 2222", "port: 22", Changes::intent}},
    {"nodes.ssh.identity", {"/keys/a", "/keys/b", Changes::intent}},
    {"nodes.ssh.jump", {"jump: gate", "jump: door", Changes::intent}},
    {"registries", {"docker.io:", "quay.io:"}},
    {"registries.*", {"docker.io:", "ghcr.io:"}},
    {"registries.*.mirrors", {"http://m1:5000", "http://m3:5000"}},
    {"registries.*.upstream", {"https://up.corp", "none"}},
    {"registries.*.fallback", {"https://f1/v2/org", "https://f1/v2/other"}},
    {"endpoints", {"\n  m2:", "\n  f1:"}},
    {"endpoints.*", {"\n  m2:", "\n  up.corp:"}},
    {"endpoints.*.auth", {"    auth: { username: u, password: { env: TOKEN } }\n", ""}},
    {"endpoints.*.auth.username", {"username: u", "username: v"}},
    {"endpoints.*.auth.password", {"{ env: TOKEN }", "{ env: OTHER }"}},
    {"endpoints.*.auth.password.env", {"{ env: TOKEN }", "{ env: OTHER }"}},
    {"endpoints.*.auth.password.file", {"{ env: TOKEN }", "{ file: /secret }"}},
    {"endpoints.*.auth.password.command", {"{ env: TOKEN }", "{ command: pass show m2 }"}},
    {"endpoints.*.auth.password.docker-config",
     {"username: u, password: { env: TOKEN }", "password: { docker-config: /config.json }"}},
    {"endpoints.*.tls", {"insecure_skip_verify: true", "insecure_skip_verify: false"}},
    {"endpoints.*.tls.ca", {"/pki/ca.pem", "/pki/other.pem"}},
    {"endpoints.*.tls.client", {"client: { cert: /pki/c.pem, key: /pki/k.pem }, ", ""}},
    {"endpoints.*.tls.client.cert", {"/pki/c.pem", "/pki/d.pem"}},
    {"endpoints.*.tls.client.key", {"/pki/k.pem", "/pki/l.pem"}},
    {"endpoints.*.tls.insecure_skip_verify", {"insecure_skip_verify: true", "insecure_skip_verify: false"}},
    {"endpoints.*.dial_timeout", {"2s", "3s"}},
    {"endpoints.*.capabilities", {"[pull, resolve]", "[pull, resolve, push]"}},
    {"endpoints.*.headers", {"infra", "data"}},
    {"endpoints.*.headers.*", {"X-Team", "X-Group"}},
};

// A pair that serves this test only.
constexpr auto client_cert =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdTCCARugAwIBAgIUVyud1ayf7xnpNlelSysk5Mz739kwCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjcxNDU5NTNaGA8yMTI2MTEwMzE0NTk1\n"
    "M1owDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNxf\n"
    "+QzMDnG3o3chbBE4q2rUXQSXEOZLSZReKbeYi8tQqO4Ag08Mk0wihae0Du6jZhMH\n"
    "md65YJhQgMXV+Vyr4o2jUzBRMB0GA1UdDgQWBBQaNLybkxDMNARSPALzcz70MD/l\n"
    "LzAfBgNVHSMEGDAWgBQaNLybkxDMNARSPALzcz70MD/lLzAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDJBECUzd05f2lvwFa79jryeTcXpK19Ujmu\n"
    "rAC5UQM6VwIgL/a7dPnyqwst51Lq7JnlbMP5/JiT2/uHFuQimen/d1c=\n"
    "-----END CERTIFICATE-----\n";
constexpr auto client_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgikZ73PHtayzsCxCU\n"
    "T3LATVQiOug4UFkl3g8ZvmWX372hRANCAATcX/kMzA5xt6N3IWwROKtq1F0ElxDm\n"
    "S0mUXim3mIvLUKjuAINPDJNMIoWntA7uo2YTB5neuWCYUIDF1flcq+KN\n"
    "-----END PRIVATE KEY-----\n";

Intent parsed(std::string_view text) {
  auto result = parse_intent({.file = "/f", .text = std::string(text), .mode_bits = 0600});
  for (const auto& problem : result.problems) FAIL(to_string(problem));
  return std::move(result.intent);
}

std::string text_of(const Endpoint& endpoint) { return endpoint.url() + "\n"; }

// Names every member: a new one does not compile until it is told here.
std::string text_of(const Intent& intent) {
  const auto& [file, nodes, registries, endpoints] = intent;
  std::string out;
  const auto add = [&](const std::string& text) { out += text + "\n"; };
  for (const auto& [text, kind, name, user, port, identity, jump, where] : nodes) {
    for (const auto& part : {text, name, user, identity, jump}) add(part);
    add(std::to_string(static_cast<int>(kind)) + " " + std::to_string(port));
  }
  for (const auto& [name, mirrors, upstream, upstream_endpoint, fallback, where] : registries) {
    add(name + " " + std::to_string(static_cast<int>(upstream)));
    for (const auto& mirror : mirrors) out += "mirror " + text_of(mirror);
    out += text_of(upstream_endpoint);
    for (const auto& last : fallback) out += "fallback " + text_of(last);
  }
  for (const auto& [key, options] : endpoints) {
    const auto& [host, username, password, ca, cert, key_file, skip, timeout, capabilities, headers, where] = options;
    for (const auto& part : {host, username, ca, cert, key_file, timeout.value_or(""), join(capabilities, ",")})
      add(part);
    if (password) add(std::to_string(static_cast<int>(password->kind)) + password->value);
    add(skip ? "skip" : "verify");
    for (const auto& [name, value] : headers) add(name + value);
  }
  return out;
}

// As if every reference and path led to a secret or a file of its own.
ResolvedEndpoints resolved(const Intent& intent) {
  ResolvedEndpoints out;
  for (const auto& [host, options] : intent.endpoints) {
    auto& found = out[host];
    found.username = options.username.empty() ? "from-docker" : options.username;
    if (options.password)
      found.password = Secret(std::to_string(static_cast<int>(options.password->kind)) + options.password->value);
    const auto file = [](const std::string& path, const std::string& pem) { return path.empty() ? "" : pem + path; };
    found.ca_pem = file(options.ca_file, ca_pem);
    found.client_cert_pem = file(options.client_cert_file, client_cert);
    found.client_key_pem = Secret(file(options.client_key_file, client_key));
  }
  return out;
}

std::string files_of(const Intent& intent) {
  Planned node("  docker.io: { mirrors: [http://m:5000] }\n");
  node.on("2.1.9", live_2);
  node.intent = intent;
  node.resolved = resolved(intent);
  std::string out;
  for (const auto& change : node.plan().files) out += change.path + "\n" + std::string(change.after.expose()) + "\n";
  return out;
}

}  // namespace

TEST_CASE("a key of the intent file that is changed changes the intent and the plan") {
  std::set<std::string> keys;
  collect(intent_shape(), "", keys);
  std::set<std::string> covered;
  for (const auto& [key, row] : rows) covered.insert(key);
  CHECK(keys == covered);
  const auto before = parsed(full);
  const auto plan_before = files_of(before);
  for (const auto& [key, row] : rows) {
    INFO(key);
    REQUIRE(full.find(row.from) != full.npos);
    const auto after = parsed(replace_all(full, row.from, row.to));
    CHECK((text_of(after) != text_of(before)) == (row.changes != Changes::nothing));
    CHECK((files_of(after) != plan_before) == (row.changes == Changes::plan));
  }
}
