// Credentials: those that are not used, not safe, or offered to more endpoints than meant.
#include "containerd/config/credentials.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "containerd/pull/registry_family.h"
#include "containerd/toml/toml_statements.h"
#include "diagnose/config_edits.h"
#include "diagnose/endpoints.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"

namespace rf {
namespace {

constexpr std::string_view mask = "<secret ";  // of saved facts: nothing can be said about such a value

// The line of a header of the host whose table stands on `entry_line`; that line itself where it is not found.
int header_line(std::string_view text, int entry_line, std::string_view name) {
  const auto statements = toml_statements(text);
  std::vector<std::string> host, table;
  for (const auto& statement : statements) {
    if (statement.kind != TomlStatement::Kind::key_value) {
      table = statement.key;
      if (statement.line == entry_line) host = statement.key;
      continue;
    }
    const bool in_header = !table.empty() && lower(table.back()) == "header";
    const bool of_host = host.empty()
                             ? table.size() < 2
                             : table.size() > host.size() && std::equal(host.begin(), host.end(), table.begin());
    if (in_header && of_host && !statement.key.empty() && lower(statement.key.back()) == lower(name))
      return statement.line;
  }
  return entry_line;
}

const Header* authorization(const ChainEndpoint& endpoint) {
  const auto found = std::find_if(endpoint.headers.begin(), endpoint.headers.end(),
                                  [](const Header& header) { return lower(header.name) == "authorization"; });
  return found == endpoint.headers.end() ? nullptr : &*found;
}

// Where an endpoint's credentials are written.
Location credentials_place(const View& view, const Chain& chain, const ChainEndpoint& endpoint) {
  if (const auto* header = authorization(endpoint); header != nullptr && endpoint.source)
    return {endpoint.source->file,
            header_line(view.tree().read(endpoint.source->file).value_or(""), endpoint.source->line, header->name), 0};
  const auto auth = view.config().auths.find(endpoint.host);
  if (auth == view.config().auths.end() || view.is_rendered(auth->second.where.file))
    return view.place(chain, endpoint);
  return {auth->second.where.file, auth->second.where.line, 0};
}

void report_open_file(const View& view, const Location& where, std::string_view what, Findings& found) {
  const auto* entry = view.facts().tree.stat(where.file);
  if (entry == nullptr || (entry->mode & 0004U) == 0) return;
  // A copy of files need not have their modes.
  found.add(
      view.is_copy() ? Severity::note : Severity::warning,
      {.cause = fmt::format("{} contains {} and can be read by everybody (mode {:04o})", where.file, what, entry->mode),
       .where = where,
       .effect = fmt::format(
           "{} pulls as usual, but everybody on the node can read the secret, and so can a pod that mounts the file",
           view.who()),
       .fix = fix_by({ChangeMode{where.file, 0600}})});
}

void look_for_open_files(const View& view, Findings& found) {
  for (const auto& directory : view.directories()) {
    const auto& loaded = directory.loaded;
    const auto text = view.tree().read(loaded.file).value_or("");
    for (const auto& entry : loaded.entries) {
      for (const auto& header : entry.headers)
        if (is_secret(header.name, join(header.values, ", ")))
          report_open_file(view, {loaded.file, header_line(text, entry.line, header.name), 0},
                           "the header " + header.name, found);
      for (const auto& [certificate, key] : entry.client)
        report_open_file(view, {key.empty() ? certificate : key, 0, 0}, "a private key", found);
    }
  }
  for (const auto& [host, auth] : view.config().auths)
    if (view.era().style != Style::registries_yaml)
      report_open_file(view, {auth.where.file, auth.where.line, 0}, fmt::format("the credentials of {}", host), found);
  if (view.registries_yaml() == nullptr) return;
  if (const auto* configs = view.registries_yaml()->get("configs"))
    for (const auto& [host, config] : configs->entries)
      if (config->get("auth") != nullptr)
        report_open_file(
            view, {view.registries_file(), yaml_key_line(view.registries_yaml(), {"configs", host->text, "auth"}), 0},
            "credentials", found);
}

void look_for_plain_http(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if ((endpoint.scheme != "http" && !endpoint.http_fallback) || endpoint.credentials.empty() || is_local(endpoint))
      return;
    found.add(
        {.cause = fmt::format("credentials for http://{} ({})", endpoint.host, endpoint.credentials),
         .where = credentials_place(view, chain, endpoint),
         .effect = fmt::format("{} sends them in clear text: everybody on the network path can read them", view.who()),
         .fix = "set up TLS on that registry and write https:// in its URL, or let it serve without credentials"});
  });
}

void look_for_pull_secrets(const View& view, Findings& found) {
  for (const auto& chain : view.chains()) {
    const auto asks = std::find_if(chain.endpoints.begin(), chain.endpoints.end(),
                                   [&](const ChainEndpoint& e) { return !e.credentials.empty() && !is_own(chain, e); });
    if (asks == chain.endpoints.end()) continue;
    std::vector<std::string> urls;
    for (const auto& endpoint : chain.endpoints) urls.push_back(shown_url(endpoint));
    found.add(
        {.cause = fmt::format("{} in the chain of {} asks for credentials ({})", asks->url(), name_of(chain),
                              asks->credentials),
         .where = credentials_place(view, chain, *asks),
         .effect = fmt::format(
             "the kubelet passes the pull secret of {1} to {0} without a host name, so it is offered to every endpoint "
             "that asks for credentials: {2}. A mirror sees the registry's credentials, and a mirror whose token "
             "server refuses them fails although an anonymous pull would work",
             view.who(), name_of(chain), listed(urls)),
         .fix = "use mirrors you trust with the secrets of that registry, let the mirror serve without credentials, or "
                "use no pull secret and give each endpoint its own credentials in [host.\"URL\".header]"});
  }
}

// The entry under the host that is asked, unless there is one.
Fix hub_auth_fix(const View& view, const std::string& host, const Location& where, bool rendered) {
  const auto text = view.facts().tree.read(where.file).value_or("");
  std::vector<LineEdit> edits;
  if (rendered && view.config().auths.count(hub_api) == 0) {
    if (auto written = quoted_on(line_of_text(text, where.line), host); !written.empty())
      edits.push_back(substitute(where.line, std::move(written), yaml_quote(hub_api)));
  } else if (view.config().auths.count(hub_api) == 0) {
    for (const auto& [line, written] : quoted_header_lines(text, "configs", host))
      edits.push_back(substitute(line, written, toml_quote(hub_api)));
  }
  if (edits.empty())
    return words_then_restart(view, ByHand::choice,
                              fmt::format("write the credentials for \"{}\" in {}", hub_api, where.file));
  return rendered ? registries_fix(view, std::move(edits)) : config_fix(view, where.file, std::move(edits));
}

void look_for_hub_auth(const View& view, Findings& found) {
  for (const auto& [host, auth] : view.config().auths) {
    if (host != hub_registry && host != hub_index && host != hub_login) continue;
    const bool rendered = view.is_rendered(auth.where.file);
    const auto line = rendered && view.registries_yaml() != nullptr
                          ? yaml_key_line(view.registries_yaml(), {"configs", host})
                          : auth.where.line;
    const auto file = rendered ? view.registries_file() : auth.where.file;
    found.add(
        {.cause = fmt::format("the credentials for Docker Hub are under \"{}\"", host),
         .where = Location{file, line, 0},
         .effect = fmt::format(
             "{} looks up credentials by the host it asks, which for Docker Hub is registry-1.docker.io: these are "
             "never used, and pulls are anonymous",
             view.who()),
         .fix = hub_auth_fix(view, host, {file, line, 0}, rendered)});
  }
}

void look_for_no_use(const View& view, Findings& found) {
  for (const auto& [host, auth] : view.config().auths) {
    if (auth.auth.expose().starts_with(mask)) continue;
    const auto offered = offered_credentials(request_auth(auth), host);
    if (offered && !offered->none()) continue;
    found.add({.cause = fmt::format(
                   "the credentials for {} cannot be used: {}", host,
                   offered ? "username and password, auth and identitytoken are all missing" : offered.error().message),
               .where = Location{auth.where.file, auth.where.line, 0},
               .effect = fmt::format("{} {}", view.who(),
                                     offered ? "asks without credentials"
                                             : "fails if that host asks for credentials, and tries the next endpoint"),
               .fix = words_then_restart(
                   view, ByHand::content,
                   fmt::format("in {} write username and password, or auth = the base64 of USER:PASSWORD",
                               view.is_rendered(auth.where.file)
                                   ? view.registries_file()
                                   : editable_source(view, auth.where.file).value_or(auth.where.file)))});
  }
}

std::string header_fault(std::string_view value) {
  const auto blank = value.find(' ');
  if (value.starts_with(mask) || value.empty()) return "";
  if (blank == value.npos) return "it has no scheme (Basic or Bearer)";
  if (lower(value.substr(0, blank)) != "basic") return "";
  std::string decoded;
  if (!base64_decode(trim(value.substr(blank)), decoded)) return "the value after Basic is not base64";
  return decoded.find(':') == decoded.npos ? "the value after Basic is not the base64 of USER:PASSWORD"
         : decoded.ends_with('\n')         ? "its base64 ends with a line break (echo without -n)"
                                           : "";
}

void look_at_headers(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const auto* header = authorization(endpoint);
    const auto fault =
        header == nullptr || header->values.empty() ? std::string() : header_fault(header->values.front());
    if (!fault.empty())
      found.add({.cause = fmt::format("the Authorization header for {} is malformed: {}", endpoint.url(), fault),
                 .where = credentials_place(view, chain, endpoint),
                 .effect = fmt::format("{} sends it as written, and the registry answers 401 or 400", view.who()),
                 .fix = fmt::format("write Authorization = \"Basic {}\", with the output of printf %s USER:PASSWORD | "
                                    "base64 -w0 (no restart is needed)",
                                    "...")});
    const auto* family = registry_family(endpoint.host);
    const bool tokens_only = family != nullptr && family->takes == RegistryFamily::Takes::token_service;
    if (header != nullptr && !view.has(Feature::token_server_headers) && tokens_only)
      found.add(
          Severity::warning,
          {.cause = fmt::format("{} issues tokens at another host, but its credentials are in a header", endpoint.host),
           .where = credentials_place(view, chain, endpoint),
           .effect = fmt::format(
               "{} sends the header only to {}; its token service gets no credentials and issues an anonymous token "
               "(2.1 and later send it there too)",
               view.who(), endpoint.host),
           .fix = fmt::format("write them as registry.configs.\"{}\".auth into config.toml, or use pull secrets",
                              endpoint.host)});
  });
}

bool is_basic(const Header* header) {
  return header != nullptr && !header->values.empty() && lower(header->values.front()).starts_with("basic ");
}

void look_for_basic_at_ghcr(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    const auto* family = registry_family(endpoint.host);
    if (family == nullptr || family->takes != RegistryFamily::Takes::static_bearer ||
        !is_basic(authorization(endpoint)))
      return;
    found.add(
        {.cause = fmt::format("{} gets Basic credentials in a header, but {} does not accept them", endpoint.url(),
                              family->title),
         .where = credentials_place(view, chain, endpoint),
         .effect = fmt::format(
             "the registry answers 401 or 403; after a 403 {} tries the next endpoint and sends no other credentials, "
             "not even those of a pod",
             view.who()),
         .fix = "write Authorization = \"Bearer TOKEN\", where TOKEN is the output of printf %s PAT | base64 -w0 "
                "for a personal access token PAT (no restart is needed)"});
  });
}

void look_for_two_repositories(const View& view, Findings& found) {
  each_endpoint(view, [&](const Chain&, const ChainEndpoint& endpoint) {
    const auto* family = registry_family(endpoint.host);
    const bool has_path = !endpoint.path.empty() && endpoint.path != "/v2";
    if (family == nullptr || !family->refuses_unknown_repository || !has_path || authorization(endpoint) != nullptr)
      return;
    const auto token = family->public_by_bearer
                           ? fmt::format(
                                 "Authorization = \"{}\" for public images, or Bearer and the base64 of a "
                                 "personal access token for private ones",
                                 public_bearer)
                           : std::string("an Authorization header with Basic credentials");
    found.add(
        {.cause = fmt::format(
             "{} has a path, so {} asks its token service for two repositories: the one there and the one that the "
             "image names",
             endpoint.url(), view.who()),
         .where = endpoint.source,
         .effect = fmt::format(
             "{} refuses a token for an unknown repository, so no image can be pulled from there, with or without "
             "credentials",
             family->title),
         .fix = fmt::format("give the endpoint {} in its hosts.toml: then no token is requested", token)});
  });
}

// ECR's passwords are tokens.
void look_for_ecr(const View& view, Findings& found) {
  const auto report = [&](std::string_view host, const Location& where) {
    found.add({.cause = fmt::format("a password for {} is stored", host),
               .where = where,
               .effect = fmt::format("ECR passwords are valid for 12 hours; after that ECR refuses {}", view.who()),
               .fix =
                   "the kubelet's credential provider for ECR renews them (--image-credential-provider-config); for a "
                   "mirror, something else must renew the password in time"});
  };
  const auto is_ecr = [](std::string_view host) {
    return host.find(".dkr.ecr.") != host.npos || host == "public.ecr.aws";
  };
  each_endpoint(view, [&](const Chain& chain, const ChainEndpoint& endpoint) {
    if (is_ecr(endpoint.host) && authorization(endpoint) != nullptr)
      report(endpoint.host, credentials_place(view, chain, endpoint));
  });
  for (const auto& [host, auth] : view.config().auths)
    if (is_ecr(host))
      report(host, view.is_rendered(auth.where.file)
                       ? Location{view.registries_file(), yaml_key_line(view.registries_yaml(), {"configs", host}), 0}
                       : Location{auth.where.file, auth.where.line, 0});
}

const std::array credentials{
    Rule{.id = "credentials-open-to-all", .severity = Severity::warning, .look = look_for_open_files},
    Rule{.id = "credentials-over-http",
         .severity = Severity::warning,
         .by_hand = ByHand::elsewhere,
         .look = look_for_plain_http},
    Rule{.id = "pull-secret-for-all",
         .severity = Severity::note,
         .by_hand = ByHand::choice,
         .look = look_for_pull_secrets},
    Rule{.id = "credentials-under-docker-io", .severity = Severity::error, .look = look_for_hub_auth},
    Rule{.id = "credentials-no-use", .severity = Severity::error, .by_hand = ByHand::content, .look = look_for_no_use},
    Rule{.id = "ecr-password", .severity = Severity::warning, .by_hand = ByHand::elsewhere, .look = look_for_ecr},
    Rule{
        .id = "authorization-header", .severity = Severity::error, .by_hand = ByHand::content, .look = look_at_headers},
    Rule{.id = "basic-header-not-taken",
         .severity = Severity::error,
         .by_hand = ByHand::content,
         .look = look_for_basic_at_ghcr},
    Rule{.id = "two-repositories-refused",
         .severity = Severity::error,
         .by_hand = ByHand::content,
         .look = look_for_two_repositories},
};

}  // namespace

std::span<const Rule> credential_rules() { return credentials; }

}  // namespace rf
