// Files that a distribution makes anew from others, and files it does not look at.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/config_edits.h"
#include "diagnose/distribution.h"
#include "diagnose/endpoints.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"
#include "node/after_start.h"

namespace rf {
namespace {

std::vector<std::string> urls_of(const Chain& chain) {
  std::vector<std::string> urls;
  for (const auto& endpoint : chain.endpoints) urls.push_back(shown_url(endpoint));
  return urls;
}

void look_for_not_rendered(const View& view, Findings& found) {
  if (!renders(view) || !view.config_is_known()) return;
  for (const auto& chain : view.chains()) {
    auto now = resolve_chain(view.facts().tree, view.config(),
                             chain.registry == "*" ? unnamed_registry : std::string_view(chain.registry),
                             view.subject().chain);
    if (now.error || chain.error || urls_of(now) == urls_of(chain)) continue;
    const auto where = line_of(view, {"mirrors", chain.registry});
    found.add(
        {.cause = fmt::format("{} was not restarted since {} was changed for {}, or the files it rendered were edited",
                              title(view), view.registries_file(), chain.registry),
         .where = where.line != 0
                      ? where
                      : Location{now.hosts_dir ? *now.hosts_dir + "/hosts.toml" : view.registries_file(), 0, 0},
         .effect = fmt::format("{} asks {} now, and {} after the next start of {}", view.who(), listed(urls_of(now)),
                               listed(urls_of(chain)), title(view)),
         .fix = restart_fix(view, {})});
  }
}

void look_at_template(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  std::vector<std::string> hosts;
  for (const auto& [host, config] : registries->configs)
    if (config.auth) hosts.push_back(host);
  const auto own = config_template(view.facts().tree, view.detection().config_file, view.containerd());
  if (!own) return;
  const auto lost = auth_lost_in_template(hosts, own->text);
  if (!lost.empty())
    found.add({.cause = fmt::format("{} replaces the built-in template and omits the credentials of {}", own->file,
                                    listed(lost)),
               .where = Location{own->file, 1, 0},
               .also = {line_of(view, {"configs", lost.front()})},
               .effect = fmt::format(
                   "{} does not write them into config.toml: these hosts are asked without credentials", title(view)),
               .fix = fmt::format("begin the template with {{{{ template \"base\" . }}}}, and add only what is new{}",
                                  then_restart(view))});
}

// The header and the keys below it, where it says nothing but where hosts.toml files are; those of K3s are elsewhere.
Fix template_fix(const View& view, const ConfigTemplate& own, const TemplateFault& fault) {
  const int line = fault.where.line;
  if (line == 0)
    return words_then_restart(view, ByHand::choice,
                              fmt::format("{}, and declare registries in {}", fault.fix, view.registries_file()));
  const auto all = lines(own.text);
  const auto text_of_line = [&](int number) { return trim(all[static_cast<std::size_t>(number - 1)]); };
  if (!fault.path.empty())
    if (auto written = quoted_on(text_of_line(line), fault.path); !written.empty())
      return restart_fix(
          view, {EditLines{own.file, {substitute(line, std::move(written), toml_quote(view.detection().hosts_dir))}}});
  int first = line, last = line;
  if (text_of_line(line).starts_with('['))
    while (last < static_cast<int>(all.size()) && text_of_line(last + 1).starts_with("config_path")) ++last;
  const bool more = last < static_cast<int>(all.size()) && text_of_line(line).starts_with('[') &&
                    text_of_line(last + 1).find('=') != std::string_view::npos;
  if (text_of_line(first).find("mirrors") != std::string_view::npos || more)
    return words_then_restart(
        view, ByHand::content,
        fmt::format("remove the table and its keys from the template, and declare what they say in "
                    "{}",
                    view.registries_file()));
  auto fix = restart_fix(view, {EditLines{own.file, {remove_lines(first, last)}}});
  fix.text += fmt::format("; registries are declared in {}", view.registries_file());
  return fix;
}

void look_for_registry_in_template(const View& view, Findings& found) {
  if (!renders(view)) return;
  const auto own = config_template(view.facts().tree, view.detection().config_file, view.containerd());
  const auto fault = own ? registry_fault(*own, registries_yaml_node(view.facts(), view.detection())) : std::nullopt;
  if (fault)
    found.add({.cause = fmt::format("{}: {}", own->file, fault->cause),
               .where = fault->where,
               .effect = fault->effect,
               .fix = template_fix(view, *own, *fault)});
}

// Settings in a file that the distribution makes anew.
void look_for_lost_edits(const View& view, Findings& found) {
  const auto& config = view.config();
  if (!view.config_is_known() || config.cri_disabled || view.is_copy()) return;
  const auto& file = config.config_file;
  const auto source = view.source_of(file);
  const bool made = source != file && !renders(view);
  if (!made && !view.era().config_managed && !renders(view)) return;
  const auto after = made            ? effective_config(view.facts().tree, {.file = source}, view.containerd())
                     : renders(view) ? effective_config(view.tree(), {.file = file}, view.containerd())
                                     : EffectiveConfig{};
  std::vector<std::string> lost;
  std::optional<Location> first;
  const auto add = [&](const std::string& name, const Location& where) {
    if (where.file != file) return;
    lost.push_back(fmt::format("{} (line {})", name, where.line));
    if (!first) first = Location{where.file, where.line, 0};
  };
  for (const auto& [host, mirror] : config.mirrors)
    if (!after.mirrors.contains(host)) add(fmt::format("mirrors.\"{}\"", host), mirror.where);
  for (const auto& [host, auth] : config.auths)
    if (!after.auths.contains(host)) add(fmt::format("configs.\"{}\".auth", host), auth.where);
  for (const auto& [host, tls] : config.tls)
    if (!after.tls.contains(host)) add(fmt::format("configs.\"{}\".tls", host), tls.where);
  if (!first) return;
  found.add(
      {.cause = fmt::format("{} in {} {} missing from the source that {} generates this file from", listed(lost), file,
                            lost.size() == 1 ? "is" : "are", title(view)),
       .where = first,
       .effect = made || renders(view) ? fmt::format("they apply now and are lost at the next start of {}", title(view))
                                       : fmt::format("they apply until {} writes the file again", title(view)),
       .fix = renders(view) ? fmt::format("declare them in {}{}", view.registries_file(), then_restart(view))
              : made        ? fmt::format("write them into {}{}", source, then_restart(view))
                     : fmt::format("regfallback migrate, or 'regfallback render --for {}' for the system's own form",
                                   view.detection().profile.name)});
}

// registries.yaml under a name or in a directory that nothing reads.
void look_for_elsewhere(const View& view, Findings& found) {
  const auto& tree = view.facts().tree;
  auto files = tree.glob("/etc/rancher/*/registries.y*ml");
  for (auto& file : tree.glob("/etc/rancher/registries.y*ml")) files.push_back(std::move(file));
  for (const auto& file : files) {
    if (renders(view) && tree.real_path(file) == tree.real_path(view.registries_file())) continue;
    const auto program = base_name(parent_path(file));
    if (!renders(view) && view.facts().processes.contains(program)) continue;  // told by what it was started with
    found.add(
        renders(view) ? Severity::error : Severity::note,
        {.cause = renders(view)
                      ? fmt::format("{} exists, but {} reads {}", file, title(view), view.registries_file())
                      : fmt::format("{} exists, but the kubelet's containerd belongs to {}", file, title(view)),
         .where = Location{file, 1, 0},
         .effect = "its mirrors and credentials have no effect",
         .fix = !renders(view) ? fix_by_hand(ByHand::choice,
                                             "none is needed if it is a leftover; otherwise regfallback "
                                             "apply configures the containerd in use")
                : tree.exists(view.registries_file())
                    ? words_then_restart(view, ByHand::choice,
                                         fmt::format("move what is needed from {} to {}", file, view.registries_file()))
                    : restart_fix(view, {MovePath{file, view.registries_file()}})});
  }
}

Fix drop_in_fix(const View& view, const std::string& file, int version) {
  const auto text = view.facts().tree.read(file).value_or("");
  auto edits = version_edits(text, file, version, view.containerd());
  if (edits.empty())
    edits = rename_registry(text, version == 2 ? cri_plugin_v3 : cri_plugin_v2,
                            version == 2 ? cri_plugin_v2 : cri_plugin_v3);
  if (!edits.empty()) return config_fix(view, file, std::move(edits));
  return words_then_restart(view, ByHand::content,
                            fmt::format("write it with version = {}, and {}", version, view.registry_table(version)));
}

// Drop-ins for a distribution that merges them itself, in the form of another version.
void look_at_drop_ins(const View& view, Findings& found) {
  if (view.era().drop_in.empty() || !view.era().restarts_itself) return;
  const bool newer = view.containerd().major >= 2;
  for (const auto& file : view.facts().tree.glob(parent_path(view.era().drop_in) + "/*.toml")) {
    const auto root = parse_toml(view.facts().tree.read(file).value_or(""), file);
    const auto* plugins = root ? root->find("plugins") : nullptr;
    const auto* other = plugins != nullptr ? plugins->find(newer ? cri_plugin_v2 : cri_plugin_v3) : nullptr;
    const auto* version = root ? root->find("version") : nullptr;
    const bool wrong_version = version != nullptr && (newer ? version->integer < 3 : version->integer > 2);
    if (other == nullptr && !wrong_version) continue;
    found.add(
        {.cause = wrong_version ? fmt::format("{} has version = {}", file, version->integer)
                                : fmt::format("{} has a table of \"{}\"", file, newer ? cri_plugin_v2 : cri_plugin_v3),
         .where = Location{file, wrong_version ? version->where.line : std::max(other->where.line, 1), 0},
         .effect = newer ? fmt::format("{} with {} refuses to start on drop-ins of version 2", title(view), view.who())
                         : fmt::format("{} with {} merges only drop-ins of version 2: this one has no effect",
                                       title(view), view.who()),
         .fix = drop_in_fix(view, file, newer ? 3 : 2)});
  }
}

const std::array distribution{
    Rule{.id = "registries-yaml-elsewhere", .severity = Severity::error, .look = look_for_elsewhere},
    Rule{.id = "drop-in-for-another-release", .severity = Severity::error, .look = look_at_drop_ins},
    Rule{.id = "registries-yaml-not-rendered", .severity = Severity::warning, .look = look_for_not_rendered},
    Rule{.id = "template-drops-credentials",
         .severity = Severity::error,
         .by_hand = ByHand::content,
         .look = look_at_template},
    Rule{.id = "registry-in-template", .severity = Severity::error, .look = look_for_registry_in_template},
    Rule{
        .id = "edits-are-lost", .severity = Severity::warning, .by_hand = ByHand::content, .look = look_for_lost_edits},
};

}  // namespace

std::span<const Rule> distribution_rules() { return distribution; }

}  // namespace rf
