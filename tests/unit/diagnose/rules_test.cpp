// Every rule: a state it finds, with the line and the way out, and a near miss it is silent about; and its page.
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/embedded.h"
#include "containerd/chain/hosts_dir.h"
#include "patient.h"
#include "try_fix.h"

using namespace rf;
using namespace rf::test;

namespace {

std::vector<State> all_states() {
  std::vector<State> all;
  for (const auto family : {config_states, config_name_states, directory_states, hosts_toml_states, endpoint_states,
                            certificate_states, distribution_states, node_states})
    for (auto& state : family()) all.push_back(std::move(state));
  return all;
}

std::string text_of(const Finding& finding) {
  return finding.cause + "\n" + finding.effect + "\n" + finding.fix.text +
         (finding.where ? "\nat " + to_string(*finding.where) : "");
}

const Finding* find(const std::vector<Finding>& findings, const State& state) {
  const Finding* first = nullptr;
  for (const auto& finding : findings) {
    if (finding.rule != state.rule) continue;
    if (first == nullptr) first = &finding;
    if (finding.where && to_string(*finding.where) == state.where) return &finding;
  }
  return first;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("every rule finds its state at the right line, and says the way out") {
  for (const auto& state : all_states()) {
    if (state.where.empty()) continue;
    INFO(state.rule << ": " << state.name);
    const auto findings = state.patient.findings();
    const auto* finding = find(findings, state);
    if (finding == nullptr) {
      FAIL_CHECK("not found");
      continue;
    }
    INFO(text_of(*finding));
    CHECK((finding->where ? to_string(*finding->where) : "-") == state.where);
    CHECK(to_string(finding->severity) == to_string(state.severity));
    CHECK_FALSE(finding->cause.empty());
    CHECK_FALSE(finding->effect.empty());
    CHECK_FALSE(finding->fix.text.empty());
    for (const auto& part : state.says) {
      INFO(part);
      CHECK(text_of(*finding).find(part) != std::string::npos);
    }
  }
}

TEST_CASE("every rule is silent about what only looks like its state") {
  for (const auto& state : all_states()) {
    if (!state.where.empty()) continue;
    INFO(state.rule << ": " << state.name);
    const auto findings = state.patient.findings();
    const auto* finding = find(findings, state);
    if (finding != nullptr) FAIL_CHECK(text_of(*finding));
  }
}

TEST_CASE("every rule has a state it finds and one it does not, and an id of its own") {
  std::set<std::string_view> found, missed, ids;
  for (const auto& state : all_states()) {
    if (find_rule(state.rule) == nullptr) FAIL_CHECK("no rule " << state.rule);
    (state.where.empty() ? missed : found).insert(state.rule);
  }
  for (const auto& rule : rules()) {
    INFO(rule.id);
    CHECK(ids.insert(rule.id).second);
    CHECK(found.contains(rule.id));
    CHECK(missed.contains(rule.id));
    CHECK(rule.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == rule.id.npos);
  }
}

namespace {

std::map<std::string, int> counted_by_rule(const std::vector<Finding>& findings, Severity least) {
  std::map<std::string, int> counts;
  for (const auto& finding : findings)
    if (finding.severity <= least) ++counts[finding.rule];
  return counts;
}

// What is said after the fix and was not said before it.
std::string added(const std::vector<Finding>& before, const std::vector<Finding>& after) {
  std::string text;
  auto known = counted_by_rule(before, Severity::warning);
  for (const auto& finding : after)
    if (finding.severity != Severity::note && --known[finding.rule] < 0)
      text += finding.rule + ": " + text_of(finding) + "\n";
  return text;
}

}  // namespace

// A fix that a program can carry out is carried out: the finding is gone, and no error or warning comes in its place.
// Notes may: they tell of files that had no effect before.
TEST_CASE("every fix that a program can carry out removes its finding and adds none") {
  std::set<std::string> tried;
  for (const auto& state : all_states()) {
    INFO(state.rule << ": " << state.name);
    const auto before = state.patient.findings();
    for (const auto& finding : before) {
      INFO("of " << finding.rule << ", " << text_of(finding));
      CHECK(finding.fix.steps.empty() == finding.fix.by_hand.has_value());
    }
    const auto* finding = state.where.empty() ? nullptr : find(before, state);
    if (finding == nullptr || finding->fix.steps.empty()) continue;
    tried.insert(finding->rule);
    INFO("fix: " << finding->fix.text);
    try {
      const auto after = treated(state.patient, finding->fix).findings();
      const auto own = finding->rule;
      CHECK(counted_by_rule(after, Severity::note)[own] < counted_by_rule(before, Severity::note)[own]);
      CHECK(added(before, after) == "");
    } catch (const Misfit& misfit) {
      FAIL_CHECK(misfit.what());
    }
  }
  for (const auto& rule : rules()) {
    INFO(rule.id);
    CHECK(tried.contains(std::string(rule.id)) != rule.by_hand.has_value());
  }
}

TEST_CASE("every rule has a page and every page a rule, of the same severity") {
  std::set<std::string> pages;
  for (const auto& file : embedded::doctor_pages()) {
    INFO(file.path);
    const auto page = parse_rule_page(file.content);
    if (!page) {
      FAIL_CHECK(to_string(page.error()));
      continue;
    }
    CHECK(file.path == page->id + ".md");
    pages.insert(page->id);
    const auto* rule = find_rule(page->id);
    if (rule == nullptr)
      FAIL_CHECK("no rule");
    else
      CHECK(to_string(page->severity) == to_string(rule->severity));
    CHECK_FALSE(page->title.ends_with('.'));
    for (const auto& text : {page->happens, page->why, page->fix, page->versions}) CHECK(text.ends_with('.'));
  }
  for (const auto& rule : rules()) {
    INFO(rule.id);
    CHECK(pages.contains(std::string(rule.id)));
  }
}

// RF_ACCEPT=1 writes the table of the index.
TEST_CASE("the index of the doctor's pages lists them in the order of the rules") {
  std::string table = "| finding | at worst | fix | |\n|---|---|---|---|\n";
  for (const auto& rule : rules())
    table += fmt::format("| [`{0}`](doctor/{0}.md) | {1} | {2} | {3} |\n", rule.id, to_string(rule.severity),
                         rule.by_hand ? to_string(*rule.by_hand) : "tried", page_of(rule).title);
  const std::string path = RF_SOURCE_DIR "/packaging/doc/doctor.md";
  auto index = read(path);
  if (std::getenv("RF_ACCEPT") != nullptr) {
    index = index.substr(0, index.find("| finding |")) + table;
    std::ofstream(path) << index;
  }
  CHECK(index.ends_with("\n\n" + table));
}

TEST_CASE("no secret of a node stands in what is said about it") {
  const std::string secret = "hunter2";
  auto plain = Patient::with(
      "1.7.24", live_v2 + "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"docker.io\".auth]\npassword = \"" +
                    secret + "\"\nauth = \"" + secret +
                    "\"\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"https://u:" + secret +
                    "@h\".auth]\nusername = \"u\"\n");
  plain.hosts("docker.io", "server = \"https://docker.io\"\n[host]\n\"https://u:" + secret +
                               "@m1\" = {}\n[host.\"http://u:" + secret +
                               "@m2\"]\nskip_verify = true\n[host.\"http://u:" + secret +
                               "@m2\".header]\nAuthorization = \"Basic " + secret + "\"\n");
  Patient rendered;
  rendered.runs(k3s_runtime("k3s", "k3s.service")).process("k3s", {"k3s", "server"});
  rendered.put("/etc/rancher/k3s/registries.yaml",
               "mirrors:\n  docker.io:\n    endpoint: [\"ftp://u:" + secret + "@\", \"http://u:" + secret +
                   "@m1\"]\nconfigs:\n  m1:\n    auth:\n      username: u\n      password: " + secret +
                   "\n      u, password6 " + secret + ":\n");
  for (const auto& patient : {plain, rendered}) {
    const auto findings = patient.findings();
    CHECK(findings.size() > 3);
    for (const auto& finding : findings) {
      INFO(text_of(finding));
      CHECK(text_of(finding).find(secret) == std::string::npos);
    }
  }
}

TEST_CASE("no name of ours that stands for another one is shown, and no name is empty") {
  for (const auto& state : all_states())
    for (const auto& finding : state.patient.findings()) {
      INFO(state.rule << ": " << state.name << ": " << text_of(finding));
      CHECK(text_of(finding).find(unnamed_registry) == std::string::npos);
      CHECK(finding.cause.find("  ") == std::string::npos);
      CHECK(finding.effect.find("  ") == std::string::npos);
    }
}

TEST_CASE("on K3s a fix restarts K3s and changes none of the files that it generates") {
  int seen = 0;
  for (const auto& state : distribution_states())
    for (const auto source : {Subject::Source::node, Subject::Source::copy}) {
      if (!state.patient.facts.processes.contains("k3s")) continue;
      Patient patient = state.patient;
      patient.source = source;
      if (source == Subject::Source::copy) {  // files tell neither what runs nor its unit
        patient.facts.runtimes.clear();
        patient.facts.processes.clear();
        patient.facts.versions["containerd"] = "containerd v1.7.23-k3s2";
      }
      for (const auto& finding : patient.findings()) {
        INFO(state.rule << ": " << state.name << ": " << text_of(finding));
        ++seen;
        CHECK(finding.fix.text.find("restart containerd") == std::string::npos);
        for (const auto& step : finding.fix.steps) {
          const auto* edit = std::get_if<EditLines>(&step);
          if (edit != nullptr) CHECK(edit->file.find("/certs.d/") == std::string::npos);
          if (edit != nullptr) CHECK_FALSE(edit->file.ends_with("/config.toml"));
        }
      }
    }
  CHECK(seen > 20);
}

TEST_CASE("rules that one page names in another one exist") {
  for (const auto& rule : rules()) {
    const auto& page = page_of(rule);
    for (const auto& text : {page.happens, page.why, page.fix, page.versions})
      for (auto begin = text.find('('); begin != text.npos; begin = text.find('(', begin + 1)) {
        const auto word = text.substr(begin + 1, text.find(')', begin) - begin - 1);
        const bool id =
            word.find('-') != word.npos && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == word.npos;
        INFO(rule.id << ": " << word);
        if (id) CHECK(find_rule(word) != nullptr);
      }
  }
}
