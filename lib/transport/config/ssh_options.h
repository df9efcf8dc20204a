// Every option of ssh_config(5), and what a session of ours makes of it. packaging/doc/ssh.md is the same list for
// people. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rf {

struct SshOption {
  std::string_view name;  // as ssh_config(5) writes it
  enum class Use {
    followed,  // as ssh follows it
    stricter,  // ssh would let more hosts in than we do
    refused,   // we cannot follow it: a node for which it is set is refused
    ignored,   // it cannot keep a host out
  } use = Use::ignored;
};
std::span<const SshOption> ssh_options();

// A line of `ssh -G`.
struct SshWord {
  std::string option;  // in lower case
  std::string value;
  bool operator==(const SshWord&) const = default;
};
std::vector<SshWord> parse_ssh_words(std::string_view text);

// An Error of kind `unsupported` for the first option that is set and cannot be followed.
Result<void> check_ssh_options(const std::vector<SshWord>& words);
// The words whose option nobody here knows: of an ssh that is newer than this list.
std::vector<SshWord> unknown_ssh_words(const std::vector<SshWord>& words);

}  // namespace rf
