#include "host/secrets.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace rf;
namespace fs = std::filesystem;

namespace {

struct Directory {
  fs::path path = fs::temp_directory_path() / ("rf-secrets-" + std::to_string(::getpid()));
  Directory() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Directory() { fs::remove_all(path); }
  std::string file(const std::string& name, const std::string& text, unsigned mode = 0600) const {
    std::ofstream(path / name) << text;
    ::chmod((path / name).c_str(), mode);
    return path / name;
  }
  // A key and its certificate, made by the system's openssl.
  void key_pair(const std::string& name) const {
    const auto command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name +
                         " -days 2 -keyout " + (path / (name + ".key")).string() + " -out " +
                         (path / (name + ".crt")).string() + " 2>/dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
  }
};

ResolvedOrProblems resolve(const std::string& options, SecretLimits limits = {}) {
  const auto parsed = parse_intent(
      {.file = "f",
       .text = "version: 1\nregistries:\n  docker.io: { mirrors: [https://h, https://g] }\nendpoints:\n" + options});
  for (const auto& problem : parsed.problems) FAIL(to_string(problem));
  return resolve_secrets(parsed.intent, limits);
}
ResolvedOrProblems password(const std::string& reference, SecretLimits limits = {}) {
  return resolve("  h: { auth: { username: u, password: " + reference + " } }\n", limits);
}
std::string only_password(const ResolvedOrProblems& resolved) {
  for (const auto& problem : resolved.problems) FAIL(to_string(problem));
  return std::string(resolved.endpoints.at("h").password.expose());
}

}  // namespace

TEST_CASE("a password comes from the environment, a file or a command") {
  const Directory directory;
  ::setenv("RF_TEST_SECRET", "hunter2", 1);
  CHECK(only_password(password("{ env: RF_TEST_SECRET }")) == "hunter2");
  CHECK(only_password(password("{ file: " + directory.file("p", "hunter3\n") + " }")) == "hunter3");
  CHECK(only_password(password("{ command: \"printf hunter4\" }")) == "hunter4");
  CHECK(only_password(password("{ command: \"echo hunter5 | tr 5 6\" }")) == "hunter6");
  CHECK(only_password(password("hunter7")) == "hunter7");
  ::unsetenv("RF_TEST_SECRET");
}

TEST_CASE("what cannot be resolved is named with its place and without its content, all at once") {
  const Directory directory;
  const auto resolved = resolve(
      "  h: { auth: { username: u, password: { env: RF_NOT_SET } }, tls: { ca: /nowhere.pem } }\n  g: { auth: { "
      "username: u, password: { command: \"echo hunter2; exit 3\" } } }\n");
  REQUIRE(resolved.problems.size() == 3);
  for (const auto& problem : resolved.problems) {
    CHECK(problem.where);
    CHECK(to_string(problem).find("hunter2") == std::string::npos);
  }
  CHECK_FALSE(password("{ file: " + directory.file("e", "\n") + " }").ok());
  CHECK_FALSE(password("{ file: " + directory.file("two", "a\nb\n") + " }").ok());
}

TEST_CASE("a command has a time limit, and runs once for all endpoints that use it") {
  CHECK_FALSE(password("{ command: \"sleep 20\" }", {.command = std::chrono::milliseconds(200)}).ok());
  const Directory directory;
  const auto line = "echo x >> " + (directory.path / "count").string() + "; echo p";
  const auto both = resolve("  h: { auth: { username: u, password: { command: \"" + line +
                            "\" } } }\n  g: { auth: { username: u, password: { command: \"" + line + "\" } } }\n");
  CHECK(both.ok());
  CHECK(fs::file_size(directory.path / "count") == 2);
}

TEST_CASE("an endpoint that no registry uses is not resolved, and its command not run") {
  const Directory directory;
  const auto resolved = resolve("  elsewhere: { auth: { username: u, password: { command: \"touch " +
                                (directory.path / "ran").string() + "\" } } }\n");
  CHECK(resolved.ok());
  CHECK(resolved.endpoints.empty());
  CHECK_FALSE(fs::exists(directory.path / "ran"));
}

TEST_CASE("a secret's file that others can read is a warning") {
  const Directory directory;
  const auto resolved = password("{ file: " + directory.file("p", "x", 0644) + " }");
  CHECK(resolved.ok());
  CHECK(resolved.warnings.size() == 1);
}

TEST_CASE("Docker's configuration gives name and password, from its entries or its helpers") {
  const Directory directory;
  const auto from = [&](const std::string& json, const std::string& host = "h") {
    const auto path = directory.file("config.json", json);
    return resolve("  " + host + ": { auth: { password: { docker-config: " + path + " } } }\n");
  };
  const auto entry = from(R"({"auths": {"https://h/v1/": {"auth": "cm9ib3Q6aHVudGVyMg=="}}})");
  REQUIRE(entry.ok());
  CHECK(entry.endpoints.at("h").username == "robot");
  CHECK(entry.endpoints.at("h").password.expose() == "hunter2");
  const auto hub =
      from(R"({"auths": {"https://index.docker.io/v1/": {"username": "me", "password": "p"}}})", "docker.io");
  REQUIRE(hub.ok());
  CHECK(hub.endpoints.at("registry-1.docker.io").username == "me");
  directory.file("docker-credential-test",
                 "#!/bin/sh\nread -r key || true\nprintf "
                 "'{\"ServerURL\":\"%s\",\"Username\":\"helped\",\"Secret\":\"s-%s\"}' \"$key\" \"$key\"\n",
                 0700);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (directory.path.string() + ":" + path).c_str(), 1);
  const auto helped = from(R"({"credsStore": "test", "auths": {"h": {}}})");
  const auto by_host = from(R"({"credHelpers": {"h": "test"}})");
  ::setenv("PATH", path.c_str(), 1);
  REQUIRE(helped.ok());
  CHECK(helped.endpoints.at("h").username == "helped");
  CHECK(helped.endpoints.at("h").password.expose() == "s-h");
  CHECK(by_host.ok());
  CHECK_FALSE(from(R"({"auths": {}})").ok());
  CHECK_FALSE(from(R"({"credsStore": "../evil"})").ok());
  CHECK_FALSE(from(R"({"auths": {"h": {"identitytoken": "x"}}})").ok());
  CHECK_FALSE(from("not json").ok());
}

TEST_CASE("certificates and keys are checked before a node would fail on them") {
  const Directory directory;
  directory.key_pair("a");
  directory.key_pair("b");
  const auto tls = [&](const std::string& ca, const std::string& cert, const std::string& key) {
    const auto at = [&](const std::string& name) { return (directory.path / name).string(); };
    return resolve("  h: { tls: { ca: " + at(ca) + ", client: { cert: " + at(cert) + ", key: " + at(key) + " } } }\n");
  };
  const auto good = tls("a.crt", "b.crt", "b.key");
  REQUIRE(good.ok());
  CHECK(good.endpoints.at("h").ca_pem.find("BEGIN CERTIFICATE") != std::string::npos);
  CHECK_FALSE(good.endpoints.at("h").client_key_pem.empty());
  CHECK_FALSE(tls("a.crt", "b.crt", "a.key").ok());
  CHECK_FALSE(tls("a.key", "b.crt", "b.key").ok());
  directory.file("half.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
  CHECK_FALSE(tls("half.crt", "b.crt", "b.key").ok());
}
