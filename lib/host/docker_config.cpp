#include "host/docker_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/text.h"
#include "host/command_output.h"
#include "host/files.h"

namespace rf {
namespace {

using Json = nlohmann::json;

Error missing(std::string message, std::string hint) { return {ErrorKind::intent, std::move(message), std::move(hint)}; }

// "https://index.docker.io/v1/" and "ghcr.io" as the host the endpoint has.
std::string host_of(std::string_view key) {
  if (const auto scheme = key.find("://"); scheme != key.npos) key.remove_prefix(scheme + 3);
  const auto host = lower(key.substr(0, key.find('/')));
  return host == "index.docker.io" || host == "docker.io" || host == "registry.hub.docker.com" ? "registry-1.docker.io" : host;
}

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<DockerCredentials> from_entry(const Json& entry, const std::string& path, const std::string& host) {
  if (!text(entry, "identitytoken").empty())
    return missing(fmt::format("{} has an identity token for {}, which registries take only from Docker itself", path, host),
                   "log in with a user name and a token: docker login");
  DockerCredentials out{text(entry, "username"), Secret(text(entry, "password"))};
  if (!out.password.empty()) return out;
  std::string pair;
  const auto auth = text(entry, "auth");
  if (auth.empty() || !base64_decode(auth, pair)) return missing(fmt::format("{} has an entry for {} without credentials", path, host), "docker login");
  const auto colon = pair.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == pair.size())
    return missing(fmt::format("{} has an entry for {} that is no user:password", path, host), "docker login");
  out.username = pair.substr(0, colon);
  out.password = Secret(pair.substr(colon + 1));
  const Secret wiped(std::move(pair));
  return out;
}

Result<DockerCredentials> from_helper(const std::string& helper, const std::string& key, std::chrono::milliseconds limit) {
  const bool plain = !helper.empty() && helper.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string::npos;
  if (!plain) return missing(fmt::format("{} is not the name of a credential helper", toml_quote(helper)), "look at credsStore and credHelpers");
  const auto program = "docker-credential-" + helper;
  // The helper reads the key, which is no secret, from its standard input.
  RF_TRY(auto output, command_output({"/bin/sh", "-c", "printf '%s' \"$2\" | \"$1\" get", "sh", program, key}, limit));
  const auto parsed = Json::parse(output.text, nullptr, false);
  const Secret wiped(std::move(output.text));
  if (output.rc != 0 || !parsed.is_object())
    return missing(fmt::format("{} has no credentials for {} (exit status {})", program, key, output.rc), "docker login");
  DockerCredentials out{text(parsed, "Username"), Secret(text(parsed, "Secret"))};
  if (out.username == "<token>") return missing(fmt::format("{} has an identity token for {}, which registries take only from Docker itself", program, key), "docker login with a user name");
  if (out.username.empty() || out.password.empty()) return missing(fmt::format("{} has no credentials for {}", program, key), "docker login");
  return out;
}

std::string server_key(const std::string& host) { return host == "registry-1.docker.io" ? "https://index.docker.io/v1/" : host; }

}  // namespace

Result<DockerCredentials> docker_credentials(const std::string& path, const std::string& host, std::chrono::milliseconds limit) {
  RF_TRY(auto file, read_local_file(expand_home(path)));
  const auto config = Json::parse(file.text, nullptr, false);
  const Secret wiped(std::move(file.text));
  if (!config.is_object()) return missing(fmt::format("{} is not JSON", path), "is this Docker's configuration?");
  if (const auto helpers = config.find("credHelpers"); helpers != config.end() && helpers->is_object())
    for (const auto& [key, helper] : helpers->items())
      if (helper.is_string() && host_of(key) == host) return from_helper(helper.get<std::string>(), key, limit);
  if (const auto auths = config.find("auths"); auths != config.end() && auths->is_object())
    for (const auto& [key, entry] : auths->items()) {
      if (host_of(key) != host || !entry.is_object()) continue;
      if (entry.empty() && !text(config, "credsStore").empty()) return from_helper(text(config, "credsStore"), key, limit);
      return from_entry(entry, path, host);
    }
  if (const auto store = text(config, "credsStore"); !store.empty()) return from_helper(store, server_key(host), limit);
  return missing(fmt::format("{} has no credentials for {}", path, host), fmt::format("docker login {}", host == "registry-1.docker.io" ? "" : host));
}

}  // namespace rf
