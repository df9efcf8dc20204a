#include "plan/migrate.h"

#include <algorithm>
#include <set>
#include <fmt/format.h>

#include "base/text.h"
#include "containerd/config_edit.h"
#include "containerd/features.h"
#include "containerd/go_url.h"
#include "containerd/hosts_dir.h"
#include "node/mask.h"
#include "plan/migrate_hosts.h"

namespace rf {

namespace {

constexpr std::string_view unnamed = "registry.unnamed.example";
constexpr std::string_view unnamed_with_port = "registry.unnamed.example:5000";
const ChainOptions chain_options{.missing_certificates = ChainOptions::Missing::unknown};

Error refusal(std::string message, std::string hint, std::optional<Location> where = {}) {
  return {.kind = ErrorKind::refused, .message = std::move(message), .hint = std::move(hint), .where = std::move(where)};
}

bool is_directory_name(std::string_view registry) {
  return !registry.empty() && registry != "." && registry != ".." && std::all_of(registry.begin(), registry.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view(".-_:[]").find(c) != std::string_view::npos;
  });
}

// What one endpoint is asked like: two with the same text cannot be told apart by a registry.
std::string asked_like(const ChainEndpoint& endpoint) {
  std::vector<std::string> parts{fmt::format("{}://{}{}", endpoint.scheme, endpoint.host, clean_path(endpoint.path.empty() ? "/" : endpoint.path))};
  for (const auto& capability : endpoint.capabilities)
    if (capability == "pull" || capability == "resolve") parts.push_back(capability);
  if (endpoint.scheme == "https") {
    if (endpoint.skip_verify) parts.emplace_back("certificates not verified");
    if (endpoint.http_fallback) parts.emplace_back("plain http as fallback");
    for (const auto& ca : endpoint.ca) parts.push_back("ca " + ca);
    for (const auto& [certificate, key] : endpoint.client) parts.push_back(fmt::format("client {} {}", certificate, key));
  }
  if (!endpoint.credentials.empty()) parts.emplace_back("with credentials");
  if (endpoint.dial_timeout) parts.push_back("dial timeout " + *endpoint.dial_timeout);
  return join(parts, ", ");
}

std::string shown(const Chain& chain) {
  if (chain.error) return "error: " + *chain.error;
  std::vector<std::string> endpoints;
  for (const auto& endpoint : chain.endpoints) endpoints.push_back("[" + asked_like(endpoint) + "]");
  return join(endpoints, " then ");
}

class Migrator {
 public:
  Migrator(const FileTree& tree, const ConfigSource& source, const Version& containerd, const MigrateOptions& options)
      : tree_(tree), source_(source), containerd_(containerd), options_(options) {}

  Result<Migration> run() {
    config_ = effective_config(tree_, source_, containerd_);
    if (auto error = cannot_start()) return *error;
    if (config_.mirrors.empty() && config_.tls.empty()) {
      out_.explanation.push_back(nothing_to_do());
      return std::move(out_);
    }
    legacy_ = config_;
    legacy_.config_path.clear();
    legacy_.config_path_where.reset();
    legacy_.hosts_roots.clear();
    legacy_.cri_error.reset();
    legacy_.pull_mode = containerd_.major < 2 ? PullMode::client : PullMode::local;
    hosts_dir_ = pick_hosts_dir();
    collect_registries();
    RF_CHECK(edit_config());
    RF_CHECK(write_hosts());
    prove();
    RF_CHECK(judge());
    explain();
    order_files();
    return std::move(out_);
  }

 private:
  std::optional<Error> cannot_start() const {
    if (config_.load_error) return refusal(config_.load_error->message, "repair the file first", config_.load_error->where);
    if (config_.cri_disabled) return refusal(config_.cri_error->message, "enable the CRI plugin first", config_.cri_error->where);
    const bool beside = !config_.config_path.empty() && (!config_.mirrors.empty() || !config_.tls.empty());
    if (config_.cri_error && !beside) return refusal(config_.cri_error->message, "repair the file first", config_.cri_error->where);
    return std::nullopt;
  }

  std::string nothing_to_do() const {
    if (config_.auths.empty()) return "no legacy registry settings are in effect";
    return "only credentials are set in config.toml; containerd takes them beside config_path, so they stay";
  }

  std::string pick_hosts_dir() const {
    if (!options_.hosts_dir.empty()) return normal_path(options_.hosts_dir);
    if (config_.config_path_where && !config_.config_path.empty()) return normal_path(split(config_.config_path, ':').front());
    return "/etc/containerd/certs.d";
  }

  static std::string image_host(std::string_view host) { return host == "registry-1.docker.io" ? "docker.io" : std::string(host); }

  // Whose chain the legacy settings decide, and whose the existing directories would.
  void collect_registries() {
    for (const auto& [registry, mirror] : config_.mirrors) {
      if (registry == "*") {
        // The registry that is asked as a mirror for all others is not asked twice for its own images.
        for (const auto& endpoint : resolve_chain(tree_, legacy_, unnamed, chain_options).endpoints) named_.insert(image_host(endpoint.host));
      } else if (is_directory_name(registry)) {
        named_.insert(registry);
      } else {
        out_.explanation.push_back(fmt::format("mirrors.\"{}\" ({}) is no registry's name and never had an effect; it is dropped", registry, to_string(mirror.where)));
      }
    }
    named_.erase(std::string(unnamed));
    for (const auto& [host, tls] : config_.tls)
      if (is_directory_name(host)) named_.insert(image_host(host));
    for (const auto& [host, auth] : config_.auths)
      if (is_directory_name(host))
        (options_.credentials == MigrateOptions::Credentials::in_headers ? named_ : others_).insert(image_host(host));
    for (const auto& name : tree_.list(hosts_dir_))
      if (name != "_default") others_.insert(registry_of_directory(name));
    others_.insert("docker.io");
    others_.insert(std::string(unnamed));
    others_.insert(std::string(unnamed_with_port));
    for (const auto& registry : named_) others_.erase(registry);
  }
  Result<void> edit_config() {
    const bool headers = options_.credentials == MigrateOptions::Credentials::in_headers;
    RF_TRY(const auto removed, remove_legacy(tree_, source_, containerd_, headers ? LegacyAuth::remove : LegacyAuth::keep));
    after_ = tree_;
    for (const auto& edit : removed) after_.put_file(edit.file, edit.after);
    RF_TRY(const auto path, edit_config_path(after_, source_, containerd_, hosts_dir_));
    if (path.changed()) {
      after_.put_file(path.file, path.after);
      out_.explanation.push_back(fmt::format("config_path = \"{}\" in {}", hosts_dir_, path.file));
    }
    for (const auto& edit : removed) config_files_.insert(edit.file);
    if (path.changed()) config_files_.insert(path.file);
    for (const auto& file : config_files_) add_change(file, Secret(std::string(*after_.read(file))), FileChange::Class::config, "the legacy registry settings move to hosts.toml");
    config_after_ = effective_config(after_, source_, containerd_);
    return {};
  }

  // Before, for a registry the legacy settings speak of: what they say, also where containerd does not load them now.
  Chain before_of(const std::string& registry) const {
    const bool legacy = named_.contains(registry) || config_.config_path.empty() || !config_.config_path_where || config_.mirrors.contains("*");
    if (legacy) return resolve_chain(tree_, legacy_, registry, chain_options);
    EffectiveConfig by_path = config_;
    by_path.cri_error.reset();
    return resolve_chain(tree_, by_path, registry, chain_options);
  }

  Result<void> write_hosts() {
    if (config_.mirrors.contains("*")) write_default();
    for (const auto& registry : named_) {
      const auto before = before_of(registry);
      if (before.error) continue;
      const auto now = resolve_chain(after_, config_after_, registry, chain_options);
      // One that is written down keeps its chain over an upgrade too, where the rules for unnamed registries change.
      const bool written = config_.mirrors.contains(registry);
      if (!written && chain_difference(before, now).empty() && !needs_headers(before)) continue;
      write_file(registry, registry, before.endpoints, AppendedHost::last_is_server);
    }
    return {};
  }

  // The wildcard's own endpoints; containerd appends each registry's upstream.
  void write_default() {
    auto chain = resolve_chain(tree_, legacy_, unnamed, chain_options);
    if (chain.error) return;
    chain.endpoints.pop_back();
    if (!has_feature(containerd_, Feature::default_dir)) {
      out_.lost.push_back(fmt::format("mirrors.\"*\": containerd {} has no default for all registries (1.6.17 and 1.7.0 have)", to_string(containerd_)));
      return;
    }
    write_file("*", "_default", chain.endpoints, AppendedHost::own_upstream);
  }

  bool needs_headers(const Chain& chain) const {
    return options_.credentials == MigrateOptions::Credentials::in_headers &&
           std::any_of(chain.endpoints.begin(), chain.endpoints.end(), [](const auto& endpoint) { return !endpoint.credentials.empty(); });
  }

  void write_file(const std::string& registry, const std::string& directory, std::vector<ChainEndpoint> endpoints, AppendedHost appended) {
    const auto path = fmt::format("{}/{}/hosts.toml", hosts_dir_, directory);
    if (tree_.exists(parent_path(path))) return;  // what stands there is compared, never replaced
    bool secrets = false;
    if (options_.credentials == MigrateOptions::Credentials::in_headers)
      for (auto& endpoint : endpoints) secrets = add_header(endpoint) || secrets;
    const auto mirror = config_.mirrors.find(registry);
    const auto where = mirror != config_.mirrors.end() ? to_string(mirror->second.where) : config_.config_file;
    auto hosts = migrated_hosts_toml(endpoints, appended, containerd_, fmt::format("the chain of {} as {} had it", registry, where));
    for (auto& lost : hosts.lost) out_.lost.push_back(registry + ": " + lost);
    after_.put_file(path, std::string(hosts.text.expose()));
    add_directories(parent_path(path));
    add_change(path, std::move(hosts.text), FileChange::Class::hosts, fmt::format("registry {}: {} endpoints from {}", registry, endpoints.size(), where));
    if (secrets) {
      out_.files.back().mode = 0600;
      out_.files.back().holds_secrets = true;
    }
    out_.explanation.push_back(fmt::format("{}: {} -> {}", registry, where, path));
  }

  bool add_header(ChainEndpoint& endpoint) {
    const auto found = config_.auths.find(endpoint.host);
    if (found == config_.auths.end()) return false;
    const auto& auth = found->second;
    std::string pair;
    if (!auth.username.empty() || !auth.password.empty()) pair = base64_encode(auth.username + ":" + std::string(auth.password.expose()));
    else pair = auth.auth.expose();
    if (pair.empty()) {
      out_.lost.push_back(fmt::format("the identity token of {} cannot be a header", endpoint.host));
      return false;
    }
    endpoint.headers.push_back({"Authorization", {"Basic " + pair}});
    return true;
  }

  void add_directories(const std::string& path) {
    if (path == "/" || tree_.exists(path)) return;
    if (std::any_of(out_.files.begin(), out_.files.end(), [&](const auto& change) { return change.path == path; })) return;
    add_directories(parent_path(path));
    FileChange change;
    change.op = FileChange::Op::make_directory;
    change.path = path;
    change.before_sha256 = "-";
    change.mode = 0755;
    change.kind = FileChange::Class::certificate;
    change.why = "for the files below it";
    out_.files.push_back(std::move(change));
  }

  void add_change(const std::string& path, Secret content, FileChange::Class kind, std::string why) {
    FileChange change;
    change.path = tree_.real_path(path);
    change.kind = kind;
    change.why = std::move(why);
    change.before_sha256 = "-";
    if (const auto* entry = tree_.stat(path)) {
      change.op = FileChange::Op::replace;
      change.before = mask_secrets(entry->content);
      change.before_sha256 = entry->sha256.empty() ? sha256_hex(entry->content) : entry->sha256;
      change.mode = entry->mode;
      change.uid = entry->uid;
      change.gid = entry->gid;
      change.holds_secrets = change.before != entry->content;
    }
    change.after = std::move(content);
    out_.files.push_back(std::move(change));
  }

  void prove() {
    for (const auto* set : {&named_, &others_})
      for (const auto& registry : *set) {
        ChainProof proof{.registry = registry, .before = before_of(registry), .after = resolve_chain(after_, config_after_, registry, chain_options), .difference = {}};
        proof.difference = chain_difference(proof.before, proof.after);
        out_.proofs.push_back(std::move(proof));
      }
  }

  Result<void> judge() {
    std::vector<std::string> problems = out_.lost;
    for (const auto& proof : out_.proofs)
      if (!proof.difference.empty())
        problems.push_back(proof.registry == unnamed ? "a registry not named: " + proof.difference : proof.registry + ": " + proof.difference);
    if (problems.empty()) return {};
    if (options_.differences == MigrateOptions::Differences::accept) {
      out_.lost = std::move(problems);
      return {};
    }
    return refusal(fmt::format("containerd {} cannot keep every chain: {}", to_string(containerd_), join(problems, "; ")),
                   "migrate --accept-differences takes the closest form", legacy_line());
  }
  std::optional<Location> legacy_line() const {
    if (!config_.mirrors.empty()) return config_.mirrors.begin()->second.where;
    return config_.tls.begin()->second.where;
  }

  void explain() {
    if (options_.credentials == MigrateOptions::Credentials::in_config)
      for (const auto& [host, auth] : config_.auths)
        out_.explanation.push_back(fmt::format("the credentials for {} stay in {}, where containerd takes them beside config_path", host, auth.where.file));
    if (config_.pull_mode == PullMode::local && config_after_.pull_mode == PullMode::transfer)
      out_.explanation.emplace_back("pulls go through the transfer service from now on: the legacy settings had kept them local");
    out_.explanation.emplace_back("a registry on localhost that is not named was asked by the rules for mirrors and is now asked by those for hosts.toml");
  }

  void order_files() {
    std::stable_sort(out_.files.begin(), out_.files.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
  }

  const FileTree& tree_;
  const ConfigSource& source_;
  const Version& containerd_;
  const MigrateOptions& options_;
  EffectiveConfig config_, legacy_, config_after_;
  FileTree after_;
  std::string hosts_dir_;
  std::set<std::string> named_, others_, config_files_;
  Migration out_;
};

}  // namespace

std::vector<Chain> Migration::chains() const {
  std::vector<Chain> out;
  for (const auto& proof : proofs) out.push_back(proof.after);
  return out;
}

std::string chain_difference(const Chain& before, const Chain& after) {
  const auto text_before = shown(before);
  const auto text_after = shown(after);
  return text_before == text_after ? std::string() : fmt::format("before {}; after {}", text_before, text_after);
}

Result<Migration> make_migration(const FileTree& tree, const ConfigSource& source, const Version& containerd, const MigrateOptions& options) {
  return Migrator(tree, source, containerd, options).run();
}

}  // namespace rf
