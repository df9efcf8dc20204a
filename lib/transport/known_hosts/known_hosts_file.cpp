#include "transport/known_hosts/known_hosts_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/file_tree.h"

namespace rf {
namespace {

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

Error io_error(const std::string& file, const char* doing) {
  return {.kind = ErrorKind::io,
          .message = std::string(doing) + ": " + std::strerror(errno),
          .hint = "",
          .where = Location{file, 0, 0}};
}

Result<std::string> read_all(int fd, const std::string& file) {
  std::string text;
  char buffer[16 << 10];
  while (true) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(file, "cannot be read");
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > (64u << 20))
      return Error{
          .kind = ErrorKind::io, .message = "is larger than 64 MiB", .hint = "", .where = Location{file, 0, 0}};
  }
}

}  // namespace

Result<KnownHosts> read_known_hosts(const std::vector<std::string>& files) {
  KnownHosts known;
  for (const auto& file : files) {
    const Descriptor open_file(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (open_file.fd < 0 && (errno == ENOENT || errno == ENOTDIR)) continue;
    if (open_file.fd < 0) {
      Error error = io_error(file, "cannot be read");
      error.hint = "host keys cannot be checked without it";
      return error;
    }
    RF_TRY(const std::string text, read_all(open_file.fd, file));
    parse_known_hosts(text, file, known);
  }
  return known;
}

Result<RevokedKeys> read_revoked_keys(const std::vector<std::string>& files) {
  RevokedKeys revoked;
  for (const auto& file : files) {
    const Descriptor open_file(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    auto content =
        open_file.fd < 0 ? Result<std::string>(io_error(file, "cannot be read")) : read_all(open_file.fd, file);
    if (!content) {
      Error error = std::move(content).error();
      error.kind = ErrorKind::host_key;
      error.message = "RevokedHostKeys names a file that " + error.message;
      error.hint = "ssh refuses every host until the file exists";
      return error;
    }
    RF_CHECK(parse_revoked_keys(*content, file, revoked));
  }
  return revoked;
}

Result<void> add_known_host(const std::string& file, const HostName& name, std::string_view blob, NewNames names) {
  if (const auto directory = parent_path(file); ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return io_error(directory, "cannot be created");
  }
  const Descriptor open_file(::open(file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (open_file.fd < 0) return io_error(file, "cannot be written");
  if (::flock(open_file.fd, LOCK_EX) != 0) return io_error(file, "cannot be locked");
  RF_TRY(const std::string text, read_all(open_file.fd, file));
  KnownHosts there;
  parse_known_hosts(text, file, there);
  if (judge_host_key(there, name, blob).status == HostKeyVerdict::Status::match) return {};  // another run was faster
  std::string salt;
  if (there.hashed || names == NewNames::hashed) {
    salt.resize(20);
    if (getrandom(salt.data(), salt.size(), 0) != static_cast<ssize_t>(salt.size()))
      return io_error(file, "no random bytes");
  }
  std::string line = known_hosts_line(name, blob, salt);
  if (!text.empty() && text.back() != '\n') line.insert(line.begin(), '\n');
  if (::write(open_file.fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return io_error(file, "cannot be written");
  return {};
}

}  // namespace rf
