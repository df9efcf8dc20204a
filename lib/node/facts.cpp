// Reads what templates/node/facts prints. The node is not trusted: every number, length and count is bounded.
#include "node/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "node/facts_parts.h"
#include "node/facts_processes.h"

namespace rf {
namespace {

constexpr std::size_t most_bytes = 16u << 20;
constexpr std::ptrdiff_t most_lines = 500'000;
constexpr std::size_t most_receipts = 64;
constexpr std::size_t most_traces = 64;
constexpr std::size_t most_paths = 10'000;
constexpr std::size_t most_entries = 20'000;  // of the tree, with the directories above each path
constexpr std::size_t longest_path = 4096;
constexpr std::size_t deepest_path = 64;

Error bad(std::size_t line, std::string message) {
  Error error{.kind = ErrorKind::parse,
              .message = std::move(message),
              .hint = "the node's answer is not the output of our script"};
  error.where = Location{"facts", static_cast<int>(line), 0};
  return error;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// "./etc/x" -> "/etc/x"; "" for anything else.
std::string path_of(std::string_view text) {
  if (text.size() < 2 || text.substr(0, 2) != "./" || text.size() > longest_path) return "";
  auto path = normal_path(text.substr(1));
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) > deepest_path ? "" : path;
}

std::string unquoted(std::string_view value) {
  value = trim(value);
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
    value = value.substr(1, value.size() - 2);
  return std::string(value);
}

struct Inode {
  unsigned mode = 0, uid = 0, gid = 0;
  std::uint64_t size = 0;
};

class FactsReader {
 public:
  explicit FactsReader(std::string_view text) : lines_(lines(text)) {}

  Result<Facts> read() {
    if (lines_.empty() || lines_[0] != "facts 1") return bad(1, "the first line is not 'facts 1'");
    for (at_ = 1; at_ < lines_.size() && !ended_; ++at_) RF_CHECK(record(lines_[at_]));
    if (!ended_) return bad(lines_.size(), "the last line is not 'end': something is missing");
    RF_CHECK(build_tree());
    const auto kubelet = processes_.end(facts_);
    if (facts_.kubelet_endpoint.empty()) RF_CHECK(find_kubelet_endpoint(facts_, kubelet));
    return std::move(facts_);
  }

 private:
  Result<void> record(std::string_view line) {
    auto rest = line;
    const auto key = take_word(rest);
    if (key == "end")
      ended_ = true;
    else if (key == "os")
      os_release(rest);
    else if (key == "tool" || key == "version")
      named(key, rest);
    else if (key == "service")
      service(rest);
    else if (key == "link")
      return link(rest);
    else if (key == "inode")
      return inode(rest);
    else if (key == "sums")
      return sums();
    else if (key == "content")
      return content();
    else if (key == "masked")
      return masked(rest);
    else if (key == "truncated" || key == "unreadable")
      return not_read(key, rest);
    else if (key == "receipt")
      return receipt(rest);
    else if (key == "under-way")
      return under_way();
    else if (key == "trace")
      return trace(rest);
    else if (key == "unfinished")
      unfinished(rest);
    else if (auto* text = text_field(key))
      *text = rest;
    else if (key == "uid")
      return number(rest, facts_.uid);
    else if (key == "container")
      facts_.in_container = rest == "yes";
    else if (key == "sudo-log")
      (rest == "input" ? facts_.sudo_log.input : facts_.sudo_log.output) = true;
    else if (key == "unasked")
      facts_.asked = false;
    else if (const auto taken = processes_.record(key, rest); !taken)
      return here(taken.error().message);
    return {};
  }

  std::string* text_field(std::string_view key) {
    if (key == "hostname") return &facts_.hostname;
    if (key == "kernel") return &facts_.kernel;
    if (key == "arch") return &facts_.arch;
    if (key == "init") return &facts_.init;
    if (key == "busy") return &facts_.busy;
    if (key == "endpoint") return &facts_.kubelet_endpoint;
    if (key == "endpoint-source") return &facts_.kubelet_source;
    return nullptr;
  }

  Error here(std::string message) const { return bad(at_ + 1, std::move(message)); }

  template <class Number>
  Result<void> number(std::string_view text, Number& out, int base = 10) {
    if (!to_number(text, out, base)) return here("not a number: \"" + terminal_safe(text.substr(0, 40)) + "\"");
    return {};
  }

  void os_release(std::string_view text) {
    const auto equals = text.find('=');
    if (equals != text.npos)
      facts_.os_release.insert_or_assign(std::string(text.substr(0, equals)), unquoted(text.substr(equals + 1)));
  }

  void unfinished(std::string_view rest) {
    facts_.unfinished.emplace();
    facts_.unfinished->id = take_word(rest);
    facts_.unfinished->state = unfinished_state(rest);
  }

  void named(std::string_view key, std::string_view rest) {
    const auto name = take_word(rest);
    (key == "tool" ? facts_.tools : facts_.versions).insert_or_assign(std::string(name), std::string(rest));
  }

  void service(std::string_view rest) {
    const auto unit = take_word(rest);
    const auto active = take_word(rest);
    facts_.services.insert_or_assign(std::string(unit), ServiceState{active_state(active), enabled_state(rest)});
  }

  // --- files ---

  Result<void> link(std::string_view rest) {
    const auto path = path_of(rest);
    if (path.empty() || path == "/") return here("not a path: \"" + terminal_safe(rest.substr(0, 80)) + "\"");
    if (at_ + 1 >= lines_.size() || !lines_[at_ + 1].starts_with("target ")) return here("a link without its target");
    const auto target = lines_[++at_].substr(7);
    if (target.size() > longest_path) return here("a link that leads to no path");
    if (links_.size() < most_paths) links_.insert_or_assign(path, std::string(target));
    return {};
  }

  Result<void> inode(std::string_view rest) {
    Inode inode;
    RF_CHECK(number(take_word(rest), inode.mode, 16));
    RF_CHECK(number(take_word(rest), inode.uid));
    RF_CHECK(number(take_word(rest), inode.gid));
    RF_CHECK(number(take_word(rest), inode.size));
    const auto path = path_of(rest);
    if (path.empty()) return here("not a path: \"" + terminal_safe(rest.substr(0, 80)) + "\"");
    if (inodes_.size() < most_paths) inodes_.insert_or_assign(path, inode);
    return {};
  }

  Result<void> not_read(std::string_view key, std::string_view rest) {
    const auto path = path_of(rest);
    if (path.empty()) return here("not a path: \"" + terminal_safe(rest.substr(0, 80)) + "\"");
    if (key == "truncated" && facts_.truncated.size() < most_paths) facts_.truncated.push_back(path);
    not_read_.insert_or_assign(path, key == "truncated"
                                         ? "larger than 256 KiB, or larger than 4 MiB together with the files before it"
                                         : "no permission");
    return {};
  }

  Result<void> masked(std::string_view rest) {
    const auto sum = take_word(rest);
    const auto path = path_of(rest);
    if (path.empty() || (sum != "-" && !is_sha256(sum))) return here("not a checksum and a path");
    masked_.insert_or_assign(path, sum == "-" ? "" : std::string(sum));
    return {};
  }

  // The next line of a block; nothing at its end.
  Result<std::optional<std::string_view>> block_line() {
    if (++at_ >= lines_.size()) return bad(at_, "a block without its end");
    if (lines_[at_] == ".") return std::optional<std::string_view>();
    return std::optional(lines_[at_]);
  }

  Result<void> sums() {
    for (;;) {
      RF_TRY(const auto line, block_line());
      if (!line) return {};
      // "HEX  ./path" of sha256sum or "HEX *./path" of openssl
      if (line->size() < 67 || !is_sha256(line->substr(0, 64))) return here("not a checksum");
      const auto path = path_of(line->substr(66));
      if (path.empty()) return here("not a path after a checksum");
      if (sums_.size() < most_paths) sums_.emplace_back(path, std::string(line->substr(0, 64)));
    }
  }

  Result<void> content() {
    std::string encoded;
    for (;;) {
      RF_TRY(const auto line, block_line());
      if (!line) break;
      encoded += *line;
    }
    if (encoded == "?")
      return Error{.kind = ErrorKind::refused,
                   .message = "the node has neither base64 nor openssl, so its files cannot be read",
                   .hint = "install one of them there: coreutils and busybox have base64"};
    if (!base64_decode(encoded, content_)) return here("the files' contents are not base64");
    return {};
  }

  Result<void> receipt(std::string_view rest) {
    ReceiptSummary receipt;
    RF_CHECK(number(take_word(rest), receipt.sequence));
    receipt.result = receipt_result(rest);
    RF_CHECK(receipt_lines(receipt));
    if (facts_.receipts.size() < most_receipts) facts_.receipts.push_back(std::move(receipt));
    return {};
  }

  Result<void> receipt_lines(ReceiptSummary& receipt) {
    for (;;) {
      RF_TRY(const auto line, block_line());
      if (!line) return {};
      take_receipt_line(receipt, *line, most_paths);
    }
  }

  Result<void> under_way() { return receipt_lines(facts_.under_way.emplace()); }

  Result<void> trace(std::string_view rest) {
    const auto path = path_of(rest);
    if (path.empty()) return here("not a path: \"" + terminal_safe(rest.substr(0, 80)) + "\"");
    if (facts_.traces.size() < most_traces) facts_.traces.push_back(path);
    return {};
  }

  Result<void> build_tree() {
    for (const auto& [path, target] : links_) {
      facts_.tree.put_symlink(path, target);
      RF_CHECK(within_bounds());
    }
    for (const auto& [path, inode] : inodes_) {
      FileEntry entry{.kind = FileEntry::Kind::other, .mode = inode.mode & 07777, .uid = inode.uid, .gid = inode.gid};
      const auto type = inode.mode & 0170000;
      if (const auto reason = not_read_.find(path); reason != not_read_.end() || type == 0100000) {
        entry.kind = FileEntry::Kind::unreadable;
        if (reason != not_read_.end()) entry.unread = reason->second;
      } else if (type == 0040000)
        entry.kind = FileEntry::Kind::directory;
      put(path, std::move(entry));
      RF_CHECK(within_bounds());
    }
    std::size_t offset = 0;
    for (const auto& [path, sum] : sums_) {
      const auto inode = inodes_.find(path);
      if (inode == inodes_.end() || inode->second.size > content_.size() - offset) return files_changed(path);
      auto text = content_.substr(offset, inode->second.size);
      offset += text.size();
      if (sha256_hex(text) != sum) return files_changed(path);
      const auto mask = masked_.find(path);
      put(path, {.kind = FileEntry::Kind::file,
                 .content = std::move(text),
                 .sha256 = mask == masked_.end() ? sum : mask->second,
                 .mode = inode->second.mode & 07777,
                 .uid = inode->second.uid,
                 .gid = inode->second.gid});
      RF_CHECK(within_bounds());
    }
    if (offset != content_.size()) return files_changed("a file");
    return {};
  }

  Result<void> within_bounds() const {
    if (facts_.tree.entries().size() <= most_entries) return {};
    return Error{
        .kind = ErrorKind::parse,
        .message = "the node's answer has more than " + std::to_string(most_entries) + " files and directories"};
  }

  // The tree holds an entry where its path really leads, so that looking it up through links finds it.
  void put(const std::string& path, FileEntry entry) {
    if (path == "/" || links_.contains(path)) return;
    const auto parent = facts_.tree.real_path(parent_path(path));
    facts_.tree.put(parent + "/" + base_name(path), std::move(entry));
  }

  static Error files_changed(const std::string& path) {
    return {.kind = ErrorKind::conflict, .message = path + " changed while it was read", .hint = "try again"};
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  bool ended_ = false;
  Facts facts_;
  ProcessReader processes_;
  std::map<std::string, std::string> links_;
  std::map<std::string, Inode> inodes_;
  std::map<std::string, std::string> not_read_;  // path, why
  std::map<std::string, std::string> masked_;
  std::vector<std::pair<std::string, std::string>> sums_;
  std::string content_;
};

}  // namespace

Result<Facts> parse_facts(std::string_view text) {
  if (text.size() > most_bytes) return unread_error("the facts are larger than 16 MiB", Location{"facts", 0, 0});
  if (std::count(text.begin(), text.end(), '\n') > most_lines)
    return unread_error("the facts have more than 500,000 lines", Location{"facts", 0, 0});
  return FactsReader(text).read();
}

void complete_facts(Facts& later, const Facts& earlier) {
  if (later.asked) return;
  later.asked = earlier.asked;
  later.versions = earlier.versions;
  later.services = earlier.services;
  later.sudo_log = earlier.sudo_log;
  for (auto& runtime : later.runtimes) {
    for (const auto& known : earlier.runtimes) {
      if (known.exe != runtime.exe) continue;
      runtime.version = known.version;
      if (known.pid == runtime.pid) runtime.plugins = known.plugins;
    }
  }
}

}  // namespace rf
