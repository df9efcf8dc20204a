// A real sshd on a loopback port, with its own configuration, host keys and user keys, for one test. It runs as the
// current user.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace rf {

// Runs a command line with sh; its output, or a failed test.
std::string sh(const std::string& command);
bool have(const std::string& program);
std::string read_text(const std::string& file);
void write_text(const std::string& file, const std::string& text, unsigned mode = 0600);

// A directory that goes away.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A child of this process that is killed at the end.
class Background {
 public:
  explicit Background(const std::vector<std::string>& argv, const std::string& log = "/dev/null");
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  pid_t pid() const { return pid_; }
  void signal(int number) const;

 private:
  pid_t pid_ = -1;
};

int free_port();
void wait_for_port(int port);

// Why no sshd can run here; "" when one can.
std::string sshd_missing();

class Sshd {
 public:
  struct Options {
    std::vector<std::string> host_keys{"ed25519"};  // "ed25519", "ecdsa", "rsa"
    std::string more = {};                          // lines of sshd_config
    std::string listen = "127.0.0.1";               // address
  };
  Sshd() : Sshd(Options{}) {}
  explicit Sshd(const Options& options);
  ~Sshd();
  Sshd(const Sshd&) = delete;
  Sshd& operator=(const Sshd&) = delete;

  int port() const { return port_; }
  const Scratch& directory() const { return directory_; }
  std::string host_key_line(const std::string& type) const;  // "ssh-ed25519 AAAA…"
  std::string user_key() const { return directory_ / "user_key"; }
  // An ssh_config that reaches it as "node", with its host keys in known_hosts.
  std::string config() const { return directory_ / "config"; }
  std::string known_hosts() const { return directory_ / "known_hosts"; }
  std::string log() const;
  void stop();  // of all it started
  pid_t pid() const { return server_->pid(); }

 private:
  Scratch directory_;
  int port_ = 0;
  Background* server_ = nullptr;
};

}  // namespace rf
