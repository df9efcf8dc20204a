// Writes facts in the form templates/node/facts prints, so that saved facts are read by the same parser.
#include <algorithm>

#include "base/secret.h"
#include "base/text.h"
#include "node/facts.h"
#include "node/mask.h"

namespace rf {
namespace {

// A value as the rest of one line. No blank stands for a line break: a blank may part words.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, '?');
  return line;
}

bool can_stand_in_a_line(std::string_view path) { return path.find_first_of("\n\r\\") == path.npos; }

std::string hex(unsigned number) {
  std::string text;
  for (; number != 0 || text.empty(); number >>= 4) text.insert(text.begin(), "0123456789abcdef"[number & 15]);
  return text;
}

class FactsWriter {
 public:
  FactsWriter(const Facts& facts, FactSecrets secrets) : facts_(facts), secrets_(secrets) {}

  std::string write() {
    text_ = "facts 1\n";
    optional("hostname ", facts_.hostname);
    optional("kernel ", facts_.kernel);
    optional("arch ", facts_.arch);
    optional("init ", facts_.init);
    line("uid " + std::to_string(facts_.uid));
    if (!facts_.asked) line("unasked");
    if (facts_.in_container) line("container yes");
    if (facts_.sudo_log.input) line("sudo-log input");
    if (facts_.sudo_log.output) line("sudo-log output");
    for (const auto& [key, value] : facts_.os_release) line("os " + key + "=\"" + one_line(value) + "\"");
    processes();
    optional("endpoint ", facts_.kubelet_endpoint);
    optional("endpoint-source ", facts_.kubelet_source);
    for (const auto& [name, path] : facts_.tools) line("tool " + name + " " + one_line(path));
    for (const auto& [name, text] : facts_.versions) line("version " + name + " " + one_line(text));
    for (const auto& [unit, state] : facts_.services)
      line("service " + unit + " " + or_dash(to_string(state.active)) + " " + or_dash(to_string(state.enabled)));
    tree();
    receipts();
    if (facts_.unfinished) line("unfinished " + one_line(to_string(*facts_.unfinished)));
    optional("busy ", facts_.busy);
    for (const auto& path : facts_.traces) line("trace ." + one_line(path));
    if (facts_.under_way) {
      line("under-way");
      receipt_lines(*facts_.under_way);
    }
    line("end");
    return std::move(text_);
  }

 private:
  void line(std::string_view text) { text_.append(text).append("\n"); }
  void optional(std::string_view key, const std::string& value) {
    if (!value.empty()) line(std::string(key) + one_line(value));
  }
  static std::string or_dash(std::string_view text) { return text.empty() ? "-" : one_line(text); }

  void arguments(const std::string& pid, const std::vector<std::string>& argv) {
    for (const auto& arg : secrets_ == FactSecrets::mask ? mask_arguments(argv) : argv)
      line("arg " + pid + " " + one_line(arg));
  }

  void processes() {
    int highest = 0;
    for (const auto& runtime : facts_.runtimes) {
      highest = std::max(highest, runtime.pid);
      const auto pid = std::to_string(runtime.pid);
      line("process " + pid + " containerd");
      optional("exe " + pid + " ", runtime.exe);
      optional("parent " + pid + " ", runtime.parent_exe);
      optional("unit " + pid + " ", runtime.unit);
      optional("config " + pid + " ", runtime.config_file);
      optional("address " + pid + " ", runtime.address);
      for (const auto& path : runtime.apart) line("apart " + pid + " " + one_line(path));
      for (const auto& [name, value] : runtime.proxy)
        line("proxy " + pid + " " + name + "=" +
             one_line(secrets_ == FactSecrets::mask ? masked_proxy(name, value) : value));
      optional("containerd " + pid + " ", runtime.version);
      for (const auto& [plugin, state] : runtime.plugins)
        line("plugin " + pid + " " + plugin + " " + std::string(to_string(state)));
      arguments(pid, runtime.argv);
    }
    for (const auto& [name, argv] : facts_.processes) {
      const auto pid = std::to_string(++highest);
      line("process " + pid + " " + name);
      arguments(pid, argv);
    }
  }

  void tree() {
    std::vector<std::pair<std::string, std::string>> files;  // path, what is written of it
    std::string masked;
    for (const auto& [path, entry] : facts_.tree.entries()) {
      if (!can_stand_in_a_line(path)) continue;
      using Kind = FileEntry::Kind;
      if (entry.kind == Kind::symlink) {
        line("link ." + path + "\ntarget " + one_line(entry.target));
        continue;
      }
      const auto content = secrets_ == FactSecrets::mask ? mask_secrets(entry.content) : entry.content;
      const unsigned type = entry.kind == Kind::directory ? 0040000 : entry.kind == Kind::other ? 0140000 : 0100000;
      line("inode " + hex(type | entry.mode) + " " + std::to_string(entry.uid) + " " + std::to_string(entry.gid) + " " +
           std::to_string(content.size()) + " ." + path);
      if (entry.kind == Kind::unreadable) line("unreadable ." + path);
      if (entry.kind != Kind::file) continue;
      files.emplace_back(path, content);
      if (entry.sha256 != sha256_hex(content)) masked += "masked " + or_dash(entry.sha256) + " ." + path + "\n";
    }
    for (const auto& path : facts_.truncated) line("truncated ." + path);
    if (files.empty()) return;
    line("sums");
    std::string content;
    for (const auto& [path, text] : files) {
      line(sha256_hex(text) + "  ." + path);
      content += text;
    }
    line(".");
    text_ += masked;
    line("content\n" + base64_encode(content) + "\n.");
  }

  void receipts() {
    for (const auto& receipt : facts_.receipts) {
      line("receipt " + std::to_string(receipt.sequence) + " " + std::string(to_string(receipt.result)));
      receipt_lines(receipt);
    }
  }
  void receipt_lines(const ReceiptSummary& receipt) {
    optional("id ", receipt.id);
    optional("time ", receipt.time);
    optional("tool ", receipt.tool_version);
    optional("reason ", receipt.reason);
    optional("run ", receipt.run);
    optional("by ", receipt.by);
    for (const auto& id : receipt.undoes) optional("undo ", id);
    for (const auto& file : receipt.files) line("file " + file.before + " " + file.after + " " + one_line(file.path));
    line(".");
  }

  const Facts& facts_;
  const FactSecrets secrets_;
  std::string text_;
};

}  // namespace

std::string serialize_facts(const Facts& facts, FactSecrets secrets) { return FactsWriter(facts, secrets).write(); }

}  // namespace rf
