// bench_bare: the least a libssh2 client can do to run scripts on many nodes at once: one thread, poll, one channel a
// node. The yardstick regfallback is measured against; it checks no host key and knows no errors but "failed".
//
// usage: bench_bare USER KEY SCRIPT_DIR PORT...   node k runs SCRIPT_DIR/<port> (or `true` where there is none) on
// 127.0.0.1:PORT
//        --keep as first argument keeps all sessions open until the last one is done.
// Prints "nodes N failed N wall_ms N cpu_ms N rss_kb N".
#include <arpa/inet.h>
#include <fcntl.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

enum class Step { connect, handshake, auth, open, exec, write, eof, read, done, failed };

struct Node {
  int port = 0;
  int fd = -1;
  Step step = Step::connect;
  LIBSSH2_SESSION* session = nullptr;
  LIBSSH2_CHANNEL* channel = nullptr;
  std::string script;
  std::size_t sent = 0;
};

std::string user;
std::string key;

bool again(int rc) { return rc == LIBSSH2_ERROR_EAGAIN; }

void end(Node& node, Step how, bool keep) {
  node.step = how;
  if (keep && how == Step::done) return;
  if (node.session != nullptr) libssh2_session_free(node.session);
  close(node.fd);
  node.session = nullptr;
  node.fd = -1;
}

bool start(Node& node) {
  node.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(node.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(node.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(node.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 || errno == EINPROGRESS;
}

// One step forward; false when the socket must be waited for.
bool advance(Node& node, bool keep) {
  const int on = 1;
  setsockopt(node.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  int rc = 0;
  switch (node.step) {
    case Step::connect:
      node.session = libssh2_session_init();
      libssh2_session_set_blocking(node.session, 0);
      libssh2_session_method_pref(node.session, LIBSSH2_METHOD_KEX, "curve25519-sha256");
      libssh2_session_method_pref(node.session, LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr");
      libssh2_session_method_pref(node.session, LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr");
      node.step = Step::handshake;
      return true;
    case Step::handshake: rc = libssh2_session_handshake(node.session, node.fd); break;
    case Step::auth:
      rc = libssh2_userauth_publickey_fromfile(node.session, user.c_str(), nullptr, key.c_str(), nullptr);
      break;
    case Step::open:
      node.channel = libssh2_channel_open_session(node.session);
      rc = node.channel != nullptr ? 0 : libssh2_session_last_errno(node.session);
      break;
    case Step::exec: rc = libssh2_channel_exec(node.channel, node.script.empty() ? "true" : "exec /bin/sh -s"); break;
    case Step::write: {
      if (node.sent == node.script.size()) break;
      const auto wrote =
          libssh2_channel_write(node.channel, node.script.data() + node.sent, node.script.size() - node.sent);
      if (wrote < 0)
        rc = static_cast<int>(wrote);
      else
        node.sent += static_cast<std::size_t>(wrote);
      if (rc == 0 && node.sent < node.script.size()) return true;
      break;
    }
    case Step::eof: rc = libssh2_channel_send_eof(node.channel); break;
    case Step::read: {
      char buffer[16384];
      const auto got = libssh2_channel_read(node.channel, buffer, sizeof buffer);
      if (got > 0) return true;
      if (got < 0)
        rc = static_cast<int>(got);
      else if (libssh2_channel_eof(node.channel) == 0)
        rc = LIBSSH2_ERROR_EAGAIN;
      break;
    }
    case Step::done:
    case Step::failed: return false;
  }
  if (again(rc)) return false;
  if (rc != 0)
    end(node, Step::failed, keep);
  else if (node.step == Step::read)
    end(node, Step::done, keep);
  else
    node.step = static_cast<Step>(static_cast<int>(node.step) + 1);
  return true;
}

bool running(const Node& node) { return node.step != Step::done && node.step != Step::failed; }

void run(std::vector<Node>& nodes, bool keep) {
  for (auto& node : nodes)
    if (!start(node)) end(node, Step::failed, keep);
  for (;;) {
    std::vector<pollfd> waits;
    std::vector<Node*> owners;
    for (auto& node : nodes) {
      if (!running(node)) continue;
      short events = POLLIN;
      if (node.step == Step::connect)
        events = POLLOUT;
      else if ((libssh2_session_block_directions(node.session) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0)
        events |= POLLOUT;
      waits.push_back({node.fd, events, 0});
      owners.push_back(&node);
    }
    if (waits.empty()) return;
    if (poll(waits.data(), waits.size(), 30'000) <= 0) {
      for (auto* node : owners) end(*node, Step::failed, keep);
      return;
    }
    for (std::size_t i = 0; i < waits.size(); ++i)
      if (waits[i].revents != 0)
        while (running(*owners[i]) && advance(*owners[i], keep)) {
        }
  }
}

}  // namespace

int main(int argc, char** argv) {
  int first = 1;
  const bool keep = argc > 1 && std::strcmp(argv[1], "--keep") == 0;
  if (keep) ++first;
  if (argc < first + 4) {
    std::fputs("usage: bench_bare [--keep] USER KEY SCRIPT_DIR PORT...\n", stderr);
    return 2;
  }
  user = argv[first];
  key = argv[first + 1];
  const std::string directory = argv[first + 2];
  std::vector<Node> nodes;
  for (int i = first + 3; i < argc; ++i) {
    std::ifstream file(directory + "/" + argv[i], std::ios::binary);
    nodes.push_back({.port = std::atoi(argv[i]), .script = {std::istreambuf_iterator<char>(file), {}}});
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  libssh2_init(0);
  const auto began = std::chrono::steady_clock::now();
  run(nodes, keep);
  const auto wall =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& t) { return t.tv_sec * 1000 + t.tv_usec / 1000; };
  int failed = 0;
  for (const auto& node : nodes) failed += node.step == Step::failed ? 1 : 0;
  std::printf("nodes %zu failed %d wall_ms %ld cpu_ms %ld rss_kb %ld\n", nodes.size(), failed, static_cast<long>(wall),
              static_cast<long>(ms(usage.ru_utime) + ms(usage.ru_stime)), usage.ru_maxrss);
  return failed == 0 ? 0 : 1;
}
