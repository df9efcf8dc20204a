// What is written is read back by every version as it was: the writer beside its reader, field by field.
#include "containerd/chain/hosts_toml_write.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>

using namespace rf;

namespace {

const Version newest{2, 3, 4};

HostEntry host(const std::string& name) {
  HostEntry entry;
  entry.scheme = "https";
  entry.host = name;
  entry.path = "/v2";
  entry.capabilities = all_capabilities(newest);
  return entry;
}

std::vector<HostEntry> without_lines(std::vector<HostEntry> entries) {
  for (auto& entry : entries) entry.line = 0;
  return entries;
}

std::vector<HostEntry> read_back(const std::vector<HostEntry>& entries, const Version& version = newest) {
  const auto text = write_hosts_toml("# a head\n", entries);
  INFO(text.text().expose());
  const auto read = parse_hosts_toml(text.text().expose(), "/c/docker.io", version);
  if (!read) FAIL(to_string(read.error()));
  CHECK(read->ignored.empty());
  return without_lines(read->entries);
}

// Every field of an entry, each with every kind of value it can have.
const std::vector<std::function<void(HostEntry&)>>& values() {
  static const std::vector<std::function<void(HostEntry&)>> all{
      [](HostEntry&) {},
      [](HostEntry& e) { e.scheme = "http"; },
      [](HostEntry& e) { e.host = "[::1]:5000"; },
      [](HostEntry& e) { e.path = "/v2/your-org"; },
      [](HostEntry& e) { e.path = "/proxy/v2"; },
      [](HostEntry& e) { e.path = ""; },
      [](HostEntry& e) { e.path = "/"; },
      [](HostEntry& e) { e.path = "/a b%/\"c\"/#d?"; },
      [](HostEntry& e) { e.capabilities = {"pull"}; },
      [](HostEntry& e) {
        e.capabilities = {"resolve", "referrers"};
      },
      [](HostEntry& e) { e.ca.emplace(); },
      [](HostEntry& e) { e.ca = {"/a.crt"}; },
      [](HostEntry& e) {
        e.ca = {"/a.crt", "/b \"c\\.crt"};
      },
      [](HostEntry& e) {
        e.client = {{"/both.pem", ""}};
      },
      [](HostEntry& e) {
        e.client = {{"/c.cert", "/c.key"}, {"/d.cert", "/d.key"}};
      },
      [](HostEntry& e) { e.skip_verify = true; },
      [](HostEntry& e) { e.skip_verify = false; },
      [](HostEntry& e) {
        e.headers = {{"X-One", {"1"}}};
      },
      [](HostEntry& e) {
        e.headers = {{"A \"b\\c", {"pa\"ss\\w0rd", "two\nlines"}}, {"None", {}}};
      },
      [](HostEntry& e) { e.dial_timeout = "1.5s"; }};
  return all;
}

}  // namespace

TEST_CASE("every field of a host is read back as it was written, as a host and as the server") {
  for (const auto& set : values())
    for (const auto& more : values()) {
      auto entry = host("m.corp");
      set(entry);
      more(entry);
      const std::vector<HostEntry> chain{entry, host("n.corp"), host("docker.io")};
      CHECK(read_back(chain) == chain);
      const std::vector<HostEntry> last{host("n.corp"), entry};
      CHECK(read_back(last) == last);
      CHECK(read_back({entry}) == std::vector{entry});
    }
}

TEST_CASE("the registry itself takes every field but those of its URL") {
  for (const auto& set : values()) {
    auto entry = registry_itself();
    set(entry);
    entry.scheme.clear();
    entry.host.clear();
    entry.path.clear();
    entry.capabilities = all_capabilities(newest);
    const std::vector<HostEntry> chain{host("m.corp"), entry};
    CHECK(read_back(chain) == chain);
  }
}

TEST_CASE("older versions read what they know of it") {
  for (const auto& version : {Version{1, 5, 18}, Version{1, 6, 20}, Version{1, 7, 24}, Version{2, 0, 7}}) {
    auto first = host("m.corp:5000");
    first.scheme = "http";
    first.headers = {{"X-One", {"1"}}};
    auto last = host("docker.io");
    last.client = {{"/c.cert", "/c.key"}};
    for (auto* entry : {&first, &last}) entry->capabilities = {"pull", "resolve"};
    const std::vector<HostEntry> chain{first, last};
    CHECK(read_back(chain, version) == chain);
    CHECK(read_back({last}, version) == std::vector{last});
  }
}

TEST_CASE("a host that is asked twice has two tables, and is asked the same") {
  const std::vector<HostEntry> chain{host("m.corp"), host("n.corp"), host("m.corp"), host("m.corp"), host("m.corp")};
  CHECK(read_back(chain) == chain);
}

TEST_CASE("a text is made from a secret when one of its headers is one, by its name") {
  for (const auto* name : {"Authorization", "X-Auth", "X-Registry-Auth", "X-Session", "X-Passphrase", "Cookie"}) {
    auto entry = host("m.corp");
    entry.headers = {{"X-Plain", {"1"}}, {name, {"hunter2"}}};
    INFO(name);
    CHECK(write_hosts_toml("", {entry, registry_itself()}).made_from_secret());
    CHECK(write_hosts_toml("", {entry}).made_from_secret());
    entry.headers.pop_back();
    CHECK_FALSE(write_hosts_toml("", {entry}).made_from_secret());
  }
}
