// The native forms, compared with tests/golden/render/NAME.txt. RF_ACCEPT=1 in the environment writes them anew.
#include "plan/render/patch.h"

#include <yaml-cpp/yaml.h>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "plan_builder.h"

using namespace rf;

namespace {

Intent usual() {
  return test::intent_of(
      "  anubis:32000:\n    upstream: http://anubis:32000\n    fallback: [ghcr.io/your-org, docker.io]\n"
      "  docker.io:\n    mirrors: [\"http://anubis:32000\", \"https://harbor.corp/v2/proxy\"]\n",
      "  harbor.corp: { dial_timeout: 2s }");
}
ResolvedEndpoints secrets() {
  ResolvedEndpoints resolved;
  resolved["harbor.corp"] = {.username = "ro\"bot",
                             .password = Secret("p: '#\n$x"),
                             .ca_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                             .client_cert_pem = {},
                             .client_key_pem = {}};
  return resolved;
}
Result<Patch> rendered(const std::string& name, std::optional<Version> containerd = {}) {
  return render_patch(usual(), secrets(), {.name = name, .containerd = containerd}, test::built_in_profiles());
}
std::string as_text(const Patch& patch) {
  std::ostringstream out;
  for (const auto& file : patch.files)
    out << "==> " << file.name << " " << std::oct << file.mode() << "\n" << file.content.text().expose() << "\n";
  for (const auto& note : patch.notes) out << "note: " << note << "\n";
  for (const auto& warning : patch.warnings) out << "warning: " << warning << "\n";
  return out.str();
}
Patch must(Result<Patch> patch) {
  if (!patch) FAIL(to_string(patch.error()));
  return *std::move(patch);
}

}  // namespace

TEST_CASE("every native form is as recorded") {
  const std::string name = GENERATE("talos", "bottlerocket", "eks", "kubespray", "cloud-init", "kind", "k3s", "rke2",
                                    "hosts-dir", "microk8s", "docker", "k8s-snap");
  const auto text = as_text(must(rendered(name)));
  const auto path = std::string(RF_SOURCE_DIR "/tests/golden/render/") + name + ".txt";
  if (std::getenv("RF_ACCEPT") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::ostringstream golden;
  golden << file.rdbuf();
  INFO(path);
  CHECK(text == golden.str());
}

TEST_CASE("hostile values stay values in every YAML form") {
  for (const auto* name : {"talos", "kubespray", "k3s"}) {
    INFO(name);
    bool found = false;
    for (const auto& file : must(rendered(name)).files) {
      if (file.name.find(".y") == std::string::npos) continue;
      for (const auto& document : YAML::LoadAll(std::string(file.content.text().expose()))) {
        REQUIRE(document.IsMap());
        std::ostringstream flat;
        flat << document;
        if (document["password"]) found = found || document["password"].Scalar() == "p: '#\n$x";
        if (document["configs"])
          found = found || document["configs"]["harbor.corp"]["auth"]["password"].Scalar() == "p: '#\n$x";
        if (document["containerd_registry_auth"])
          found = found || document["containerd_registry_auth"][0]["password"].Scalar() == "p: '#\n$x";
      }
    }
    CHECK(found);
  }
}

TEST_CASE("a KIND cluster says whether its node image needs the patch") {
  const auto old = must(rendered("kind", Version{2, 1, 1}));
  CHECK(old.files.front().content.text().expose().find("containerdConfigPatches") != std::string_view::npos);
  CHECK(test::mentions(old.notes, "does not read certs.d without the patch"));
  const auto recent = must(rendered("kind", Version{2, 2, 0}));
  CHECK(recent.files.front().content.text().expose().find("containerdConfigPatches") == std::string_view::npos);
  CHECK(test::mentions(recent.notes, "reads certs.d without the patch"));
}

TEST_CASE("what a form cannot hold is refused with the registry") {
  const auto offline = test::intent_of("  docker.io: { mirrors: [\"http://m\"], upstream: none }");
  CHECK(render_patch(offline, {}, {.name = "bottlerocket"}, test::built_in_profiles()).error().kind ==
        ErrorKind::unsupported);
  const auto all = test::intent_of("  \"*\": { mirrors: [\"http://m\"] }");
  CHECK(render_patch(all, {}, {.name = "kubespray"}, test::built_in_profiles()).error().kind == ErrorKind::unsupported);
  CHECK(rendered("talso").error().hint == "did you mean `talos`?");
}

namespace {

// Whether a value is in a text in a form that is used on the way there: as it is, quoted, in base64 alone or behind a
// user name, or in base64 of a text that holds it so.
bool shows(std::string_view text, const std::string& value, int depth = 0) {
  const auto quoted = yaml_quote(value);
  for (const auto& form : {value, quoted.substr(1, quoted.size() - 2), base64_encode(value)})
    if (text.find(form) != text.npos) return true;
  if (depth == 3) return false;
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  for (std::size_t at = 0; (at = text.find_first_of(alphabet, at)) != text.npos;) {
    const auto run = text.substr(at, text.find_first_not_of(alphabet, at) - at);
    std::string decoded;
    if (run.size() >= 8 && base64_decode(run, decoded) && shows(decoded, value, depth + 1)) return true;
    at += run.size();
  }
  return false;
}

const std::vector<std::string>& passwords() {
  static const std::vector<std::string> all{"s3cret-s3cret", "pa\"ss\\w0rd!", "p: '#\n$x", "tab\tand \x01",
                                            "\xC3\xA4\xE2\x82\xAC-euro"};
  return all;
}

// No file of any form that shows the value is one that may be printed or read by others; true where one shows it.
bool is_kept(const Intent& intent, const ResolvedEndpoints& resolved, const std::string& value) {
  bool shown = false;
  for (const auto& target : patch_targets(test::built_in_profiles())) {
    const auto patch = render_patch(intent, resolved, {.name = target}, test::built_in_profiles());
    if (!patch) continue;
    for (const auto& file : patch->files) {
      if (!shows(file.content.text().expose(), value)) continue;
      INFO(target << " " << file.name << "\n" << file.content.text().expose());
      shown = true;
      CHECK(file.content.made_from_secret());
      CHECK(file.mode() == 0600);
    }
  }
  return shown;
}

}  // namespace

TEST_CASE("in every native form, what a password, key or secret header went into is a secret") {
  for (const auto& password : passwords()) {
    ResolvedEndpoints resolved;
    resolved["harbor.corp"].username = "robot";
    resolved["harbor.corp"].password = Secret(password);
    CHECK(is_kept(usual(), resolved, password));
  }
  const std::string key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----\n";
  ResolvedEndpoints resolved;
  resolved["harbor.corp"].client_cert_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  resolved["harbor.corp"].client_key_pem = Secret(key);
  CHECK(is_kept(usual(), resolved, key));
  for (const auto* name : {"Authorization", "X-Auth", "X-Registry-Auth", "X-Session", "X-Passphrase", "X-Api-Key"})
    for (const auto& value : passwords()) {
      INFO(name);
      auto intent = usual();
      intent.endpoints["harbor.corp"].headers = {{name, value}};
      CHECK(is_kept(intent, {}, value));
    }
}

TEST_CASE("a form that no secret went into may be printed") {
  for (const auto& target : patch_targets(test::built_in_profiles())) {
    const auto patch = render_patch(usual(), {}, {.name = target}, test::built_in_profiles());
    if (!patch) continue;
    INFO(target);
    for (const auto& file : patch->files) CHECK_FALSE(file.content.made_from_secret());
  }
}
