// What the facts script prints is read strictly, written back, and hides secrets when saved.
#include <catch2/catch_test_macros.hpp>

#include "base/text.h"
#include "node/facts.h"
#include "node/managed.h"
#include "node/mask.h"

using namespace rf;

namespace {

std::string printed(const std::string& records) { return "facts 1\n" + records + "end\n"; }

Facts parsed(const std::string& records) {
  auto facts = parse_facts(printed(records));
  if (!facts) FAIL(to_string(facts.error()));
  return *facts;
}

std::string files(const std::vector<std::pair<std::string, std::string>>& all, const std::string& more = "") {
  std::string records, sums, content;
  for (const auto& [path, text] : all) {
    records += "inode 81a4 0 0 " + std::to_string(text.size()) + " ." + path + "\n";
    sums += sha256_hex(text) + "  ." + path + "\n";
    content += text;
  }
  return records + more + "sums\n" + sums + ".\ncontent\n" + base64_encode(content) + "\n.\n";
}

const std::string containerd =
    "process 71 containerd\nexe 71 /usr/bin/containerd\nparent 71 /sbin/init\nunit 71 containerd.service\n"
    "arg 71 /usr/bin/containerd\narg 71 --root\narg 71 /data\nconfig 71 /etc/containerd/config.toml\n"
    "address 71 /run/c.sock\napart 71 /etc/containerd/config.toml\nproxy 71 HTTPS_PROXY=http://u:hunter2@p:3128\nproxy 71 OTHER=x\ncontainerd 71 containerd github.com/containerd/containerd 1.7.24~ds1\n"
    "plugin 71 io.containerd.grpc.v1.cri ok\n";

}  // namespace

TEST_CASE("system records become facts") {
  const auto facts = parsed(
      "hostname anubis\nkernel 6.1\narch x86_64\ninit systemd\nuid 0\ncontainer yes\nos ID=debian\n"
      "os PRETTY_NAME=\"Debian 12\"\ntool ctr /usr/bin/ctr\nversion k3s k3s version v1.31.4+k3s1\n"
      "service containerd.service active enabled\nservice k3s.service - -\nsudo-log input\n");
  CHECK(facts.hostname == "anubis");
  CHECK(facts.sudo_log == Facts::SudoLog{.input = true, .output = false});
  CHECK(parsed(serialize_facts(facts, FactSecrets::keep).substr(8)).sudo_log == facts.sudo_log);
  CHECK(facts.in_container);
  CHECK(facts.os_release.at("PRETTY_NAME") == "Debian 12");
  CHECK(facts.tools.at("ctr") == "/usr/bin/ctr");
  CHECK(facts.versions.at("k3s") == "k3s version v1.31.4+k3s1");
  CHECK(facts.services.at("containerd.service") == ServiceState{ActiveState::active, EnabledState::enabled});
  CHECK(facts.services.at("k3s.service") == ServiceState{});
}

TEST_CASE("a node's words are written as they were read; what is no word of theirs becomes unknown") {
  const std::string known =
      "service a.service deactivating static\nservice b.service maintenance enabled-runtime\nreceipt 1 stuck\n.\n";
  CHECK(serialize_facts(parsed(known), FactSecrets::keep)
            .find("service a.service deactivating static\nservice "
                  "b.service maintenance enabled-runtime\nreceipt 1 "
                  "stuck\n") != std::string::npos);
  const auto other = parsed(
      "process 7 containerd\nplugin 7 io.containerd.grpc.v1.cri dreaming\n"
      "service a.service dreaming often\nreceipt 1 dreamt\n.\n");
  CHECK(other.services.at("a.service") == ServiceState{});
  CHECK(other.runtimes[0].plugins.at("io.containerd.grpc.v1.cri") == PluginState::unknown);
  CHECK(other.receipts[0].result == ReceiptResult::unknown);
}

TEST_CASE("a containerd process becomes a runtime with all that is known about it") {
  const auto facts = parsed(containerd);
  REQUIRE(facts.runtimes.size() == 1);
  const auto& runtime = facts.runtimes[0];
  CHECK(runtime.pid == 71);
  CHECK(runtime.root == "/data");
  CHECK(runtime.address == "/run/c.sock");
  CHECK(runtime.unit == "containerd.service");
  CHECK(runtime.apart == std::vector<std::string>{"/etc/containerd/config.toml"});
  CHECK(runtime.proxy == ProxyEnvironment{{"HTTPS_PROXY", "http://u:hunter2@p:3128"}});
  CHECK(runtime.version == "containerd github.com/containerd/containerd 1.7.24~ds1");
  CHECK(runtime.plugins.at("io.containerd.grpc.v1.cri") == PluginState::ok);
}

TEST_CASE("the kubelet's endpoint comes from its arguments first, then its configuration, then what kubeadm left") {
  const auto kubelet = std::string("process 9 kubelet\narg 9 /usr/bin/kubelet\n");
  CHECK(parsed(kubelet + "arg 9 --container-runtime-endpoint\narg 9 unix:///run/a.sock\n").kubelet_endpoint ==
        "unix:///run/a.sock");
  CHECK(parsed(kubelet + "arg 9 --container-runtime-endpoint=/run/a.sock\n").kubelet_endpoint == "unix:///run/a.sock");
  const auto by_file = parsed(kubelet + "config 9 /etc/k.yaml\n" +
                              files({{"/etc/k.yaml", "a: 1\ncontainerRuntimeEndpoint: \"unix:///run/b.sock\" # x\n"}}));
  CHECK(by_file.kubelet_endpoint == "unix:///run/b.sock");
  CHECK(by_file.kubelet_source == "/etc/k.yaml");
  const auto by_kubeadm =
      parsed(files({{"/var/lib/kubelet/kubeadm-flags.env",
                     "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///c.sock --x\"\n"}}));
  CHECK(by_kubeadm.kubelet_endpoint == "unix:///c.sock");
  CHECK(parsed("hostname x\n").kubelet_endpoint.empty());
}

TEST_CASE("a process title written over the arguments is split into words") {
  CHECK(parsed("process 5 k3s\narg 5 /usr/local/bin/k3s server\n").processes.at("k3s") ==
        std::vector<std::string>{"/usr/local/bin/k3s", "server"});
}

TEST_CASE("files keep content, mode and owner, and are found through symbolic links") {
  const auto facts = parsed("link ./var/snap/m/current\ntarget 77\n" +
                            files({{"/var/snap/m/current/args/a.toml", "x = 1\n"}, {"/etc/b", ""}}) +
                            "inode 41e8 0 5 60 ./var/snap/m/current/args\n");
  REQUIRE(facts.tree.read("/var/snap/m/current/args/a.toml"));
  CHECK(*facts.tree.read("/var/snap/m/77/args/a.toml") == "x = 1\n");
  CHECK(facts.tree.stat("/var/snap/m/77/args")->gid == 5);
  CHECK(facts.tree.stat("/etc/b")->sha256 == sha256_hex(""));
  CHECK(facts.tree.stat("/etc/b")->mode == 0644);
}

TEST_CASE("a file too large or not readable is known to exist") {
  const auto facts =
      parsed("inode 81a4 0 0 999999 ./big\ntruncated ./big\ninode 8180 0 0 1 ./closed\nunreadable ./closed\n");
  CHECK(facts.tree.stat("/big")->kind == FileEntry::Kind::unreadable);
  CHECK(facts.tree.stat("/closed")->kind == FileEntry::Kind::unreadable);
  CHECK(facts.truncated == std::vector<std::string>{"/big"});
}

TEST_CASE("receipts and an unfinished transaction are read") {
  const auto facts = parsed(
      "receipt 3 rolled-back\nid t-1\ntime 2026-01-01T00:00:00Z\ntool 0.1.0\nreason cri is in error\n"
      "file - abc /etc/a b\n.\nunfinished t-2 committing\nbusy t-3 (pid 4)\n");
  REQUIRE(facts.receipts.size() == 1);
  CHECK(facts.receipts[0].result == ReceiptResult::rolled_back);
  CHECK(facts.receipts[0].files == std::vector<ReceiptSummary::File>{{"/etc/a b", "-", "abc"}});
  CHECK(facts.unfinished == Unfinished{"t-2", Unfinished::State::committing});
  CHECK(facts.busy == "t-3 (pid 4)");
}

TEST_CASE(
    "runs, what a rollback undid, whose transaction is under way and what is kept on the node are read and saved") {
  const std::string text =
      "receipt 1 applied\nid t-1\nreason apply\nrun 1f2e3d4c\nby ana@laptop\n.\n"
      "receipt 2 applied\nid t-2\nrun 5a6b7c8d\nundo t-1\nundo t-0\n.\n"
      "trace ./var/lib/regfallback\nunder-way\nid t-3\nrun 9e8d7c6b\nby bob@desk\ntime 2026-01-01T00:00:00Z\n.\n";
  const auto facts = parsed(text);
  CHECK(facts.receipts[0].run == "1f2e3d4c");
  CHECK(facts.receipts[0].by == "ana@laptop");
  CHECK(facts.receipts[1].undoes == std::vector<std::string>{"t-1", "t-0"});
  CHECK(facts.traces == std::vector<std::string>{"/var/lib/regfallback"});
  REQUIRE(facts.under_way);
  CHECK(facts.under_way->by == "bob@desk");
  const auto saved = parse_facts(serialize_facts(facts, FactSecrets::keep));
  REQUIRE(saved.ok());
  CHECK(*saved == facts);
  CHECK_FALSE(parse_facts("facts 1\ntrace elsewhere\nend\n").ok());
  CHECK_FALSE(parse_facts("facts 1\nunder-way\nid t\nend\n").ok());
}

TEST_CASE("what a transaction left is managed while it settles, and no more when it was put back") {
  const std::vector<std::pair<std::string, std::size_t>> results{
      {"settling", 1}, {"applied", 1}, {"rolling-back", 0}, {"rolled-back", 0}};
  for (const auto& [result, managed] : results) {
    CAPTURE(result);
    const auto facts = parsed("receipt 1 " + result + "\nid t-1\nfile - abc /etc/a\n.\n");
    CHECK(managed_files(facts).size() == managed);
  }
}

TEST_CASE("a node that cannot encode its files says so") {
  const auto facts = parse_facts("facts 1\ncontent\n?\n.\nend\n");
  REQUIRE_FALSE(facts.ok());
  CHECK(facts.error().message.find("neither base64 nor openssl") != std::string::npos);
}

TEST_CASE("facts that are cut off, torn or malformed are refused") {
  for (const std::string text :
       {"", "facts 2\nend\n", "facts 1\n", "facts 1\nhostname x\n", "facts 1\nsums\nend\n", "facts 1\nuid -1\nend\n",
        "facts 1\ninode zz 0 0 0 ./x\nend\n", "facts 1\ninode 81a4 0 0 0 /x\nend\n", "facts 1\nlink ./x\nend\n",
        "facts 1\nprocess 1 a\nprocess 1 b\nend\n", "facts 1\ncontent\n!!!\n.\nend\n", "facts 1\nprocess x y\nend\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_facts(text).ok());
  }
}

TEST_CASE("a file that changed while it was read is a conflict, not half a file") {
  auto text = printed(files({{"/etc/a", "one"}, {"/etc/b", "two"}}));
  const auto at = text.find("0 0 3 ./etc/a");
  text.replace(at, 5, "0 0 2");
  const auto facts = parse_facts(text);
  REQUIRE_FALSE(facts.ok());
  CHECK(facts.error().kind == ErrorKind::conflict);
}

TEST_CASE("facts survive being written and read again") {
  const auto facts = parsed("hostname a\nuid 1000\nos NAME=\"A B\"\nlink ./var/run\ntarget /run\n" + containerd +
                            "process 9 kubelet\narg 9 kubelet\narg 9 --container-runtime-endpoint=unix:///x\n" +
                            files({{"/etc/a", "one\n\xff"}, {"/etc/b", ""}}, "inode c1b0 0 0 0 ./run/x.sock\n") +
                            "receipt 1 applied\nid t\nfile - abc /etc/a\n.\nservice x.service active -\n");
  CHECK(*parse_facts(serialize_facts(facts, FactSecrets::keep)) == facts);
}

TEST_CASE("saved facts hold no secrets, and their checksums stay those of the node") {
  const std::string hosts =
      "[host.\"https://h\".header]\n  Authorization = [\"Basic c2VjcmV0Cg==\"]\n  X-Team = \"infra\"\n";
  const std::string registries =
      "configs:\n  h:\n    auth:\n      username: robot\n      password: hunter2\n      token: |\n        abc\n        "
      "def\n    tls: {}\n";
  const std::string config =
      "auth = \"dTpodW50ZXIy\"\nidentitytoken='tok3n'\npassword = \"\"\"multi\nline\"\"\"\nx = 1\nproxy = "
      "\"http://u:hunter2@p:1\"\n";
  const std::string key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";
  const auto facts = parsed(files({{"/h.toml", hosts}, {"/r.yaml", registries}, {"/c.toml", config}, {"/k.key", key}}) +
                            "process 3 rke2\narg 3 rke2\narg 3 --token\narg 3 s3cr3t\narg 3 --password=s3cr3t\n");
  const auto saved = serialize_facts(facts, FactSecrets::mask);
  const auto again = parse_facts(saved);
  REQUIRE(again.ok());
  std::string all;
  for (const auto& [path, entry] : again->tree.entries()) all += entry.content;
  for (const auto& arg : again->processes.at("rke2")) all += arg + "\n";
  for (const auto secret : {"c2VjcmV0", "hunter2", "abc", "def", "dTpodW50", "tok3n", "multi", "MIIE", "s3cr3t"}) {
    CAPTURE(secret);
    CHECK(all.find(secret) == all.npos);
  }
  CHECK(all.find("robot") != all.npos);
  CHECK(all.find("infra") != all.npos);
  CHECK(all.find("x = 1") != all.npos);
  CHECK(again->tree.stat("/h.toml")->sha256 == sha256_hex(hosts));
  CHECK(serialize_facts(*again, FactSecrets::mask) == saved);
}

TEST_CASE("the same secret gets the same mask, another one another") {
  const auto one = mask_secrets("password: a1\ntoken: a1\nauth: b2\n");
  const auto masked = lines(one);
  CHECK(masked[0].substr(10) == masked[1].substr(7));
  CHECK(masked[0].substr(10) != masked[2].substr(6));
}

TEST_CASE("facts that asked no programs are completed from earlier ones, runtime by runtime") {
  auto earlier = parsed(containerd + "version k3s k3s v1.31\nservice x.service active -\n");
  REQUIRE(earlier.runtimes.size() == 1);
  earlier.runtimes[0].plugins = {{"io.containerd.grpc.v1.cri", PluginState::ok}};
  auto later = parsed("unasked\n" + containerd);
  later.runtimes[0].version.clear();
  later.runtimes[0].plugins.clear();
  CHECK_FALSE(later.asked);
  auto same = later;
  complete_facts(same, earlier);
  CHECK(same == earlier);

  auto another = later;
  another.runtimes[0].pid += 1;  // it was restarted by someone: what it is like now is not known
  complete_facts(another, earlier);
  CHECK(another.runtimes[0].version == earlier.runtimes[0].version);
  CHECK(another.runtimes[0].plugins.empty());

  auto asked = parsed(containerd);
  asked.runtimes[0].version = "newer";
  complete_facts(asked, earlier);
  CHECK(asked.runtimes[0].version == "newer");
}

TEST_CASE("paths without end fill no memory") {
  std::string deep = "./x", long_link = "facts 1\nlink ./l\ntarget ";
  for (int i = 0; i < 100; ++i) deep += "/a";
  for (int i = 0; i < 3000; ++i) long_link += "a/";
  CHECK_FALSE(parse_facts("facts 1\ninode 81a4 0 0 0 " + deep + "\nend\n"));
  CHECK_FALSE(parse_facts(long_link + "\nend\n"));
  std::string many = "facts 1\n";
  for (int i = 0; i < 9000; ++i) many += "inode 41ed 0 0 0 ./" + std::to_string(i) + "/a/b\n";
  const auto facts = parse_facts(many + "end\n");
  REQUIRE_FALSE(facts);
  CHECK(facts.error().message.find("more than 20000 files") != std::string::npos);
}

TEST_CASE("a title written over a process's arguments gives no more words than arguments may be") {
  std::string title = "facts 1\nprocess 1 k3s\narg 1";
  for (int i = 0; i < 10'000; ++i) title += " a";
  const auto facts = parse_facts(title + "\nend\n");
  REQUIRE(facts);
  CHECK(facts->processes.at("k3s").size() == 4096);
}
