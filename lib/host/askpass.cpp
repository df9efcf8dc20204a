#include "host/askpass.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/secret.h"
#include "host/files.h"
#include "host/terminal.h"
#include "transport/ways/askpass_question.h"

namespace rf {
namespace {

constexpr int exit_without_answer = 1;

// Below 0 where nobody listens.
int connect_to_askpass(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

// All that comes until the other side closes, which may take as long as a person does.
Secret read_askpass_reply(int fd) {
  std::array<char, 8192> buffer{};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const auto got = ::read(fd, buffer.data() + size, buffer.size() - size);
    if (got == 0 || (got < 0 && errno != EINTR)) break;
    if (got > 0) size += static_cast<std::size_t>(got);
  }
  Secret reply(std::string(buffer.data(), size));
  ::explicit_bzero(buffer.data(), buffer.size());
  return reply;
}

}  // namespace

std::string own_program() {
  std::array<char, PATH_MAX> path{};
  const auto size = ::readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : "";
}

std::optional<int> answer_for_ssh(const std::string& prompt) {
  const auto path = environment(std::string(askpass_socket_variable).c_str());
  const auto token = environment(std::string(askpass_token_variable).c_str());
  if (!path || !token) return std::nullopt;
  const int fd = connect_to_askpass(*path);
  if (fd < 0) return exit_without_answer;
  const AskpassQuestion question{
      .token = *token, .kind = environment("SSH_ASKPASS_PROMPT").value_or(""), .prompt = prompt};
  OutStream(fd).write(print_askpass_question(question));
  const auto reply = read_askpass_reply(fd);
  ::close(fd);
  if (reply.empty() || reply.expose().front() != askpass_answer_mark) return exit_without_answer;
  OutStream out(STDOUT_FILENO);
  out.write(reply.expose().substr(1));
  out.write("\n");
  return out.finish() ? 0 : exit_without_answer;
}

}  // namespace rf
