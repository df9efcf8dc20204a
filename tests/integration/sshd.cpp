#include "sshd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/text.h"

namespace rf {

std::string sh(const std::string& command) {
  FILE* pipe = popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> buffer{};
  for (std::size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), got);
  const int status = pclose(pipe);
  INFO(command << "\n" << out);
  REQUIRE(status == 0);
  return out;
}

bool have(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

std::string read_text(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::string& file, const std::string& text, unsigned mode) {
  std::ofstream(file, std::ios::trunc) << text;
  REQUIRE(chmod(file.c_str(), mode) == 0);
}

Scratch::Scratch() {
  char name[] = "/tmp/rf-test-XXXXXX";
  path_ = mkdtemp(name);
}
Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Background::Background(const std::vector<std::string>& argv, const std::string& log) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int none = open("/dev/null", O_RDONLY);
    dup2(none, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    ::signal(SIGPIPE, SIG_DFL);
    execvp(pointers[0], pointers.data());
    _exit(127);
  }
  REQUIRE(pid_ > 0);
}
Background::~Background() {
  signal(SIGCONT);
  signal(SIGTERM);
  for (int i = 0; i < 100; ++i) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
}
void Background::signal(int number) const { kill(pid_, number); }

namespace {
int loopback_socket(int port, sockaddr_in& address) {
  address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<unsigned short>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
}  // namespace

int free_port() {
  sockaddr_in address;
  const int fd = loopback_socket(0, address);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

void wait_for_port(int port) {
  for (int i = 0; i < 500; ++i) {
    sockaddr_in address;
    const int fd = loopback_socket(port, address);
    const bool open = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (open) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL("nothing listens on port " << port);
}

std::string sshd_missing() {
  if (access("/usr/sbin/sshd", X_OK) != 0) return "sshd is not installed";
  if (!have("ssh-keygen")) return "ssh-keygen is not installed";
  if (geteuid() == 0 && access("/run/sshd", F_OK) != 0 && mkdir("/run/sshd", 0755) != 0) return "/run/sshd is missing";
  return "";
}

namespace {
// OpenSSH from 9.8 on turns away for a while who failed often; these tests fail on purpose.
std::string without_penalties() {
  static const bool known = !sh("grep -a persourcepenalties /usr/sbin/sshd | head -c 1").empty();
  return known ? "PerSourcePenalties no\n" : "";
}
}  // namespace

Sshd::Sshd(const Options& options) : port_(free_port()) {
  std::string config = "ListenAddress " + options.listen + ":" + std::to_string(port_) +
                       "\nPidFile none\nUsePAM no\nStrictModes no\nAuthorizedKeysFile " +
                       (directory_ / "authorized_keys") + "\nLogLevel DEBUG1\nMaxStartups 500\n" + without_penalties();
  std::string known;
  for (const auto& type : options.host_keys) {
    const std::string file = directory_ / ("host_" + type);
    sh("ssh-keygen -q -N '' -C '' -t " + type + (type == "rsa" ? " -b 2048" : "") + " -f " + file);
    config += "HostKey " + file + "\n";
    known += "[127.0.0.1]:" + std::to_string(port_) + " " + host_key_line(type) + "\n";
  }
  sh("ssh-keygen -q -N '' -C user-key -t ed25519 -f " + user_key());
  sh("cat " + user_key() + ".pub >" + (directory_ / "authorized_keys"));
  write_text(known_hosts(), known);
  write_text(directory_ / "sshd_config", config + options.more + "\n");
  const std::string user = std::string(trim(sh("id -un")));
  write_text(this->config(), "Host node\n  HostName 127.0.0.1\n  Port " + std::to_string(port_) + "\n  User " + user +
                                 "\n  IdentityFile " + user_key() +
                                 "\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile " + known_hosts() +
                                 "\n  GlobalKnownHostsFile none\n  HashKnownHosts no\n");
  server_ = new Background({"/usr/sbin/sshd", "-D", "-f", directory_ / "sshd_config", "-E", directory_ / "log"});
  wait_for_port(port_);
}
Sshd::~Sshd() { stop(); }
void Sshd::stop() {
  delete server_;
  server_ = nullptr;
}
std::string Sshd::host_key_line(const std::string& type) const {
  return std::string(trim(read_text(directory_ / ("host_" + type + ".pub"))));
}
std::string Sshd::log() const { return read_text(directory_ / "log"); }

}  // namespace rf
