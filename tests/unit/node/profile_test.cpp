#include "node/profile.h"

#include <algorithm>
#include <catch2/generators/catch_generators.hpp>
#include <set>

#include "node_builder.h"

using namespace rf;

namespace {
Result<std::vector<Profile>> load(std::string_view text) {
  const embedded::File files[] = {{"mine.toml", text}};
  return load_profiles({}, files);
}
constexpr std::string_view smallest = "name = \"mine\"\n[[era]]\nstyle = \"hosts-dir\"\nhosts_dir = \"/opt/certs.d\"\n";
}  // namespace

TEST_CASE("every built-in profile loads, has a title, and fits exactly one place in the order") {
  const auto& profiles = test::built_in_profiles();
  std::set<int> ranks;
  for (const auto& profile : profiles) {
    INFO(profile.name);
    CHECK_FALSE(profile.title.empty());
    CHECK(profile.origin == "built in");
    CHECK(ranks.insert(profile.rank).second);
    CHECK((!profile.match.installed.empty() || !profile.kubernetes));
  }
  for (const auto* name : {"kind", "microk8s", "k8s-snap", "k8s-snap-strict", "rke2", "k3s", "k3d", "k0s", "talos",
                           "bottlerocket", "eks", "minikube", "kubespray", "kubeadm", "containerd", "docker"}) {
    INFO(name);
    CHECK(std::any_of(profiles.begin(), profiles.end(), [&](const auto& profile) { return profile.name == name; }));
  }
}

TEST_CASE("the smallest profile is a name and one era") {
  const auto loaded = load(smallest);
  REQUIRE(loaded.ok());
  CHECK(loaded->front().title == "mine");
  CHECK(loaded->front().origin == "mine.toml");
  CHECK(loaded->front().eras.front().hosts_dir == "/opt/certs.d");
}

TEST_CASE("a mistake in a profile is shown with its place and a way out") {
  struct Case {
    std::string_view text;
    int line;
    std::string_view message;
    std::string_view hint;
  };
  const auto c = GENERATE(values<Case>({
      {"name = \"x\"\ntitel = \"X\"\n", 2, "unknown key `titel` in a profile", "did you mean `title`?"},
      {"name = \"x\"\n[match]\nunit = [\"a\"]\n", 3, "unknown key `unit` in [match]", "did you mean `units`?"},
      {"name = \"x\"\n[[era]]\nstyle = \"hosts-dirs\"\n", 3,
       "one of hosts-dir, registries-yaml, config-toml, patch is expected", "did you mean `hosts-dir`?"},
      {"name = \"x\"\n[[era]]\nstyle = \"hosts-dir\"\n", 2, "style hosts-dir needs `hosts_dir`", ""},
      {"name = \"x\"\n[files]\nread = [\"etc/x\"]\n", 3, "`etc/x` is not an absolute path", "start it with /"},
      {"name = \"x\"\n[files]\nfile_mode = 644\n", 3, "permission bits in quotes are expected", "for example \"0644\""},
      {"name = \"x\"\n[[service]]\nrole = \"a\"\n", 2, "a [[service]] needs a `unit`", ""},
      {"name = \"x\"\n[[era]]\nsince = \"new\"\n", 3, "`new` is not a version", "for example \"1.26.13\""},
      {"name = \"x\"\nrank = -1\n", 2, "a number from 0 to 100000 is expected", ""},
      {"name = \"X Y\"\n", 1, "a profile needs a `name` of small letters, digits and hyphens",
       "name = \"my-distribution\""},
      {"name = \"x\"\nmatch = 3\n", 2, "a table is expected", "write [match]"},
  }));
  const auto loaded = load(c.text);
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().message == c.message);
  CHECK(loaded.error().hint == c.hint);
  REQUIRE(loaded.error().where);
  CHECK(loaded.error().where->file == "mine.toml");
  CHECK(loaded.error().where->line == c.line);
}

TEST_CASE("text that is no TOML is an error with its place, not a crash") {
  for (const std::string_view text : {"name = ", "[[[[", "\xff\xfe", "name = \"a\"\nname = \"b\"\n"}) {
    const auto loaded = load(text);
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().where->line > 0);
  }
  CHECK_FALSE(load(std::string(300 * 1024, '#')).ok());
}

TEST_CASE("a profile with a stray character that is not ASCII is an error with its place") {
  const auto loaded = load("name = \"x\"\n\xEF\xBB\xA9 = 1\n");
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().where->line == 2);
}

TEST_CASE("a user's profile replaces the built-in one of its name") {
  const embedded::File built_in[] = {
      {"mine.toml", "name = \"mine\"\ntitle = \"old\"\n[[era]]\nstyle = \"patch\"\ndialect = \"x\"\n"},
      {"other.toml", "name = \"other\"\n[[era]]\nstyle = \"patch\"\ndialect = \"x\"\n"}};
  const embedded::File extra[] = {{"/home/u/mine.toml", smallest}};
  const auto loaded = load_profiles(built_in, extra);
  REQUIRE(loaded.ok());
  REQUIRE(loaded->size() == 2);
  CHECK(loaded->front().name == "mine");
  CHECK(loaded->front().origin == "/home/u/mine.toml");
}

TEST_CASE("two profiles of one directory cannot share a name") {
  const embedded::File extra[] = {{"a.toml", smallest}, {"b.toml", smallest}};
  const auto loaded = load_profiles({}, extra);
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().where->file == "b.toml");
}

TEST_CASE("facts are asked for everything a profile decides by") {
  const auto globs = fact_globs(test::built_in_profiles());
  for (const std::string path :
       {"/kind/version", "/etc/containerd/config.toml", "/etc/rancher/k3s/registries.yaml", "/usr/bin/nodeadm",
        "/etc/kubernetes/manifests/kube-apiserver.yaml", "/snap/microk8s/current/meta/snap.yaml"}) {
    INFO(path);
    CHECK(std::count(globs.begin(), globs.end(), path) == 1);
  }
  for (const std::string directory :
       {"/etc/k0s/containerd.d", "/etc/rancher", "/etc/rancher/k3s", "/etc/containerd/conf.d"}) {
    INFO(directory);
    CHECK(std::count(globs.begin(), globs.end(), directory) == 1);
  }
  const auto units = service_units(test::built_in_profiles());
  CHECK(std::count(units.begin(), units.end(), "k3s-agent.service") == 1);
}
