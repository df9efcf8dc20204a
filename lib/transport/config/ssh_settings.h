// What an ssh configuration says about one host, read from what `ssh -G` prints. Pure.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transport/config/ssh_options.h"
#include "transport/config/target.h"
#include "transport/known_hosts/known_hosts_file.h"

namespace rf {

// The algorithms that may be used, as ssh lists them. Empty: it did not say.
struct SshAlgorithms {
  std::vector<std::string> host_keys;     // HostKeyAlgorithms
  std::vector<std::string> key_exchange;  // KexAlgorithms
  std::vector<std::string> ciphers;
  std::vector<std::string> macs;
  std::vector<std::string> user_keys;  // PubkeyAcceptedAlgorithms
};

// A host that answers nothing for `count` intervals after the first has gone.
struct KeepAlive {
  std::chrono::seconds interval{15};
  int count = 3;
  bool operator==(const KeepAlive&) const = default;
};

// Where connections come from.
struct LocalEnd {
  enum class Family { any, inet, inet6 } family = Family::any;
  std::string address;    // BindAddress
  std::string interface;  // BindInterface
};

struct SshSettings {
  std::string name;  // as the user named the host
  std::string host_name;
  std::string user;
  int port = 22;
  std::vector<std::string> identity_files;  // in order; may not exist
  enum class Identities { any, only_listed } identities = Identities::any;
  std::string agent;          // socket; empty for none
  std::vector<Target> jumps;  // to pass through, first one first
  std::vector<std::string> user_known_hosts;
  std::vector<std::string> global_known_hosts;
  NewNames new_names = NewNames::plain;  // HashKnownHosts
  std::string host_key_alias;
  enum class UnknownHost { ask, refuse, accept } unknown_host = UnknownHost::ask;  // StrictHostKeyChecking
  std::vector<std::string> revoked_host_keys;                                      // files
  enum class AddressCheck { no, yes } address_check = AddressCheck::no;            // CheckHostIP
  std::size_t required_rsa_bits = 1024;
  SshAlgorithms algorithms;
  struct LogIns {  // ways to log in that may be used
    bool key = true;
    bool password = true;
    bool interactive = true;
  } log_ins;
  enum class Questions { may_be_asked, none } questions = Questions::may_be_asked;  // BatchMode
  int connect_timeout = 0;  // seconds, from the name to the end of the handshake; 0: not given
  KeepAlive keep_alive;
  LocalEnd from;
  std::vector<SshWord> unknown;  // options that nobody here knows
};

// What ~ and % stand for in paths.
struct LocalUser {
  std::string name;
  std::string home;
  std::string uid;
  std::string agent;  // $SSH_AUTH_SOCK
};

// Reads the output of `ssh -G`. What only the ssh program itself can follow is an Error of kind `unsupported`.
Result<SshSettings> parse_ssh_settings(std::string_view text, const Target& target, const LocalUser& local);
// What ssh would do without any configuration.
SshSettings default_ssh_settings(const Target& target, const LocalUser& local);

// What counts where the ssh program itself connects, from the same output.
struct SshProgramSettings {
  KeepAlive keep_alive;
  SshSettings::UnknownHost unknown_host = SshSettings::UnknownHost::ask;
  // Whether ssh writes (user@host) before a question of the server, which could pass for one of its own otherwise. It
  // does from OpenSSH 8.5 on, and is known to be at least 8.7 by an option that came with it.
  enum class ServerQuestions { unmarked, marked } server_questions = ServerQuestions::unmarked;
};
// A ServerAliveInterval of 0, which is ssh's default, is ours.
SshProgramSettings parse_ssh_program_settings(std::string_view text);
// "[user@]host[:port],…", "none" or nothing.
Result<std::vector<Target>> parse_jumps(std::string_view text);

}  // namespace rf
