#include "host/docker_auths.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"

namespace rf {
namespace {

using Json = nlohmann::json;

// "https://index.docker.io/v1/" and "ghcr.io" as the host the endpoint has.
std::string host_of(std::string_view key) {
  if (const auto scheme = key.find("://"); scheme != key.npos) key.remove_prefix(scheme + 3);
  const auto host = lower(key.substr(0, key.find('/')));
  return is_hub_written(host) ? std::string(hub_api) : host;
}

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<DockerCredentials> from_entry(const Json& entry, const std::string& path, const std::string& host) {
  if (!text(entry, "identitytoken").empty())
    return intent_error(fmt::format("{} has an identity token for {}, which only Docker itself can use", path, host),
                        "log in with a user name and a token: docker login");
  DockerCredentials out{text(entry, "username"), Secret(text(entry, "password"))};
  if (!out.password.empty()) return out;
  std::string pair;
  const auto auth = text(entry, "auth");
  if (auth.empty() || !base64_decode(auth, pair))
    return intent_error(fmt::format("{} has an entry for {} without credentials", path, host), "docker login");
  const auto colon = pair.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == pair.size())
    return intent_error(fmt::format("{} has an entry for {} that is not USER:PASSWORD", path, host), "docker login");
  out.username = pair.substr(0, colon);
  out.password = Secret(pair.substr(colon + 1));
  const Secret wiped(std::move(pair));
  return out;
}

Result<CredentialHelper> helper_named(const std::string& name, const std::string& key) {
  const bool plain =
      !name.empty() &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string::npos;
  if (!plain)
    return intent_error(fmt::format("{} is not the name of a credential helper", toml_quote(name)),
                        "check credsStore and credHelpers");
  return CredentialHelper{"docker-credential-" + name, key};
}

Result<DockerAuth> from_helper(const std::string& name, const std::string& key) {
  RF_TRY(auto helper, helper_named(name, key));
  return DockerAuth{{}, std::move(helper)};
}

std::string server_key(const std::string& host) { return host == hub_api ? std::string(hub_login) : host; }

}  // namespace

Result<DockerAuth> docker_auth(std::string_view json, const std::string& path, const std::string& host) {
  constexpr std::size_t largest = 1u << 20;  // an entry of JSON takes many times its text
  if (json.size() > largest)
    return intent_error(fmt::format("{} is larger than {} KiB", path, largest / 1024),
                        "is this Docker's configuration?");
  const auto config = Json::parse(json.begin(), json.end(), nullptr, false);
  if (!config.is_object()) return intent_error(fmt::format("{} is not JSON", path), "is this Docker's configuration?");
  if (const auto helpers = config.find("credHelpers"); helpers != config.end() && helpers->is_object())
    for (const auto& [key, helper] : helpers->items())
      if (helper.is_string() && host_of(key) == host) return from_helper(helper.get<std::string>(), key);
  if (const auto auths = config.find("auths"); auths != config.end() && auths->is_object())
    for (const auto& [key, entry] : auths->items()) {
      if (host_of(key) != host || !entry.is_object()) continue;
      if (entry.empty() && !text(config, "credsStore").empty()) return from_helper(text(config, "credsStore"), key);
      RF_TRY(auto credentials, from_entry(entry, path, host));
      return DockerAuth{std::move(credentials), std::nullopt};
    }
  if (const auto store = text(config, "credsStore"); !store.empty()) return from_helper(store, server_key(host));
  return intent_error(fmt::format("{} has no credentials for {}", path, host),
                      fmt::format("docker login {}", host == hub_api ? "" : host));
}

Result<DockerCredentials> read_helper_answer(std::string_view json, int exit_status, const CredentialHelper& helper) {
  const auto parsed = Json::parse(json.begin(), json.end(), nullptr, false);
  if (exit_status != 0 || !parsed.is_object())
    return intent_error(
        fmt::format("{} has no credentials for {} (exit status {})", helper.program, helper.key, exit_status),
        "docker login");
  DockerCredentials out{text(parsed, "Username"), Secret(text(parsed, "Secret"))};
  if (out.username == "<token>")
    return intent_error(
        fmt::format("{} has an identity token for {}, which only Docker itself can use", helper.program, helper.key),
        "docker login with a user name");
  if (out.username.empty() || out.password.empty())
    return intent_error(fmt::format("{} has no credentials for {}", helper.program, helper.key), "docker login");
  return out;
}

}  // namespace rf
