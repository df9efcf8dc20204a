// The style of K3s and RKE2: the intent goes into registries.yaml, and what they will render from it is computed
// beforehand.
#include <fmt/format.h>

#include <algorithm>

#include "containerd/chain/hosts_dir.h"
#include "node/after_start.h"
#include "plan/config_path.h"
#include "plan/registries_yaml/registries_yaml_edit.h"
#include "plan/registries_yaml/registries_yaml_intent.h"
#include "plan/styles.h"

namespace rf {
namespace {

class Planner {
 public:
  explicit Planner(const PlanContext& context)
      : context_(context),
        detection_(context.detection),
        node_(registries_yaml_node(context.facts, context.detection)) {
    certificates_ = parent_path(node_.registries_file) + "/regfallback";
    template_ = config_template(context.facts.tree, node_.config_file, detection_.containerd);
  }

  Result<Draft> run() {
    RF_CHECK(check_template());
    for (const auto& registry : context_.intent.registries) RF_CHECK(check_upstream(registry));
    const auto declared = registries_yaml_of(context_.intent, context_.resolved, certificates_);
    for (const auto& warning : declared.warnings) warn(warning);
    for (const auto& certificate : declared.certificates) RF_CHECK(put_certificate(certificate));
    RF_CHECK(put_registries(declared.desired));
    remove_certificates();
    RF_CHECK(render());
    return std::move(draft_);
  }

 private:
  // A trailing default endpoint is always rendered, unless the program was told not to.
  Result<void> check_upstream(const Registry& registry) {
    const auto own = registry.name == "*" ? std::string("the registry's own host") : registries_yaml_url(registry.name);
    const auto& title = detection_.profile.title;
    if (node_.settings.disable_default_endpoint) {
      if (registry.name == "*" && registry.upstream == Registry::Upstream::standard)
        draft_.warnings.push_back(fmt::format(
            "{} runs with --disable-default-registry-endpoint: `*` does not reach each registry's own upstream",
            title));
      if (registry.name != "*") draft_.added[registry.name].push_back(own);
      return {};
    }
    if (registry.upstream == Registry::Upstream::none)
      return Error{.kind = ErrorKind::refused,
                   .message = fmt::format("{} always tries {} last for {}, but the intent forbids it (upstream: none)",
                                          title, own, registry.name),
                   .hint = fmt::format("put `disable-default-registry-endpoint: true` into /etc/rancher/{}/config.yaml "
                                       "on this node and restart it",
                                       node_.program),
                   .where = registry.where};
    if (registry.name == "*") return {};
    const auto chain = registry.chain();
    const bool known = std::any_of(chain.begin(), chain.end(), [&](const Endpoint& e) { return e.url() == own; });
    draft_.added[registry.name].push_back(own);
    if (!known)
      draft_.warnings.push_back(
          fmt::format("{} always tries {} last for {}, in addition to what is declared", title, own, registry.name));
    return {};
  }

  void warn(std::string text) {
    if (std::find(draft_.warnings.begin(), draft_.warnings.end(), text) == draft_.warnings.end())
      draft_.warnings.push_back(std::move(text));
  }

  Result<void> put_certificate(const RegistriesYamlCertificate& certificate) {
    kept_.push_back(base_name(certificate.path));
    return put_file(context_.files,
                    {.path = certificate.path,
                     .content = certificate.content,
                     .kind = FileChange::Class::certificate,
                     .why = "a certificate named in registries.yaml"},
                    draft_.files);
  }

  Result<void> put_registries(const RegistriesYaml& desired) {
    const auto& tree = context_.facts.tree;
    const std::string before(tree.read(node_.registries_file).value_or(""));
    const auto undesired =
        context_.options.undeclared == PlanOptions::Undeclared::keep ? Undesired::keep : Undesired::remove;
    RF_TRY(const auto known, parse_registries_yaml(before, node_.registries_file));
    RF_TRY(after_, merge_registries_yaml(before, desired, node_.registries_file, undesired));
    RF_TRY(const auto merged, parse_registries_yaml(after_, node_.registries_file));
    changed_ = after_ != before;
    note_dropped(known, merged);
    keep_certificates(merged);
    if (!changed_ && !tree.exists(node_.registries_file)) return {};
    if (after_.empty()) {
      remove_file(context_.files, node_.registries_file, FileChange::Class::config,
                  "nothing of the intent is left in it", draft_.files);
      return {};
    }
    for (const auto& ignored : merged.ignored)
      warn(fmt::format("{} ignores `{}` in {}", detection_.profile.title, to_string(ignored), node_.registries_file));
    warn_about_rewrites(known, merged);
    return put_file(context_.files,
                    {.path = node_.registries_file,
                     .content = registries_yaml_content(after_, merged),
                     .kind = FileChange::Class::config,
                     .why = fmt::format("{} registries declared", desired.mirrors.size())},
                    draft_.files);
  }

  void note_dropped(const RegistriesYaml& known, const RegistriesYaml& merged) {
    for (const auto& [host, mirror] : known.mirrors) {
      const auto now = merged.mirrors.find(host);
      if (now == merged.mirrors.end() || (now->second.endpoints.empty() && !mirror.endpoints.empty()))
        draft_.dropped.insert(host);
    }
  }

  void keep_certificates(const RegistriesYaml& merged) {
    for (const auto& [host, config] : merged.configs)
      if (config.tls)
        for (const auto* file : {&config.tls->ca_file, &config.tls->cert_file, &config.tls->key_file})
          if (parent_path(*file) == certificates_) kept_.push_back(base_name(*file));
  }

  void warn_about_rewrites(const RegistriesYaml& known, const RegistriesYaml& merged) {
    for (const auto& [host, mirror] : known.mirrors) {
      const auto now = merged.mirrors.find(host);
      if (now != merged.mirrors.end() && !mirror.rewrites.empty() && now->second.rewrites.empty())
        warn(fmt::format("{}: its `rewrite` is removed, because the endpoints of an intent are whole URLs", host));
    }
  }

  // Certificates of ours that no entry names any more.
  void remove_certificates() {
    for (const auto& name : context_.facts.tree.list(certificates_))
      if (std::find(kept_.begin(), kept_.end(), name) == kept_.end())
        remove_file(context_.files, certificates_ + "/" + name, FileChange::Class::certificate,
                    "no registry needs it any more", draft_.files);
  }

  Result<void> render() {
    FileTree tree = context_.facts.tree;
    if (after_.empty())
      tree.remove(node_.registries_file);
    else
      tree.put_file(node_.registries_file, after_, 0600);
    RF_TRY(rendered_, project_registries_yaml(tree, node_));
    if (!node_.settings.embedded_registry.empty())
      for (const auto& registry : context_.intent.registries)
        draft_.added[registry.name].push_back(fmt::format("https://{}/v2", node_.settings.embedded_registry));
    warn_about_template();
    if (changed_)
      draft_.restart_why = fmt::format("{} reads {} when it starts", detection_.profile.title, node_.registries_file);
    else if (const auto stale = stale_registry(); !stale.empty())
      draft_.restart_why = fmt::format("{} was started before {} was changed for {}", detection_.profile.title,
                                       node_.registries_file, stale);
    return {};
  }

  void warn_about_template() {
    RegistriesYaml merged;
    if (auto read = parse_registries_yaml(after_, node_.registries_file)) merged = *std::move(read);
    std::vector<std::string> hosts;
    for (const auto& [host, config] : merged.configs)
      if (config.auth) hosts.push_back(host);
    if (!template_) return;
    for (const auto& host : auth_lost_in_template(hosts, template_->text))
      warn(fmt::format(
          "{}: the template {} leaves its credentials out of config.toml; begin it with {{{{ template \"base\" . }}}}",
          host, base_name(template_->file)));
  }

  // What the next start makes of a template that was written since the last one is not in config.toml yet.
  Result<void> check_template() const {
    const auto fault = template_ ? registry_fault(*template_, node_) : std::nullopt;
    if (!fault) return {};
    return Error{
        .kind = ErrorKind::refused,
        .message = fmt::format("{}, from which {} generates config.toml, does not work with hosts.toml files: {}",
                               base_name(template_->file), detection_.profile.title, fault->cause),
        .hint = fmt::format("{}; without that, {}", fault->fix, fault->effect),
        .where = fault->where};
  }

  // A registry whose chain now is not what the file says: the file was changed and the program not restarted.
  std::string stale_registry() const {
    const auto now = effective_config(context_.facts.tree, config_source(detection_), detection_.containerd);
    const auto then = effective_config(rendered_, config_source(detection_), detection_.containerd);
    for (const auto& registry : context_.intent.registries) {
      const auto name = registry.name == "*" ? unnamed_registry : std::string_view(registry.name);
      const auto urls = [&](const FileTree& tree, const EffectiveConfig& config) {
        std::vector<std::string> out;
        for (const auto& endpoint : resolve_chain(tree, config, name).endpoints) out.push_back(endpoint.url());
        return out;
      };
      if (urls(context_.facts.tree, now) != urls(rendered_, then)) return registry.name;
    }
    return {};
  }

  const PlanContext& context_;
  const Detection& detection_;
  RegistriesYamlNode node_;
  std::optional<ConfigTemplate> template_;
  std::string certificates_;
  std::vector<std::string> kept_;
  std::string after_;
  bool changed_ = false;
  FileTree rendered_;
  Draft draft_;
};

}  // namespace

Result<Draft> plan_registries_yaml(const PlanContext& context) { return Planner(context).run(); }

}  // namespace rf
