#include "host/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/file_tree.h"
#include "base/text.h"

namespace rf {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ > 2) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error io_error(std::string_view action, const std::string& path) {
  return {.kind = ErrorKind::io, .message = fmt::format("cannot {} {}: {}", action, path, std::strerror(errno))};
}

std::string size_text(std::size_t bytes) {
  return bytes < (1U << 20) ? fmt::format("{} KiB", bytes >> 10U) : fmt::format("{} MiB", bytes >> 20U);
}

Result<std::string> read_all(int fd, const std::string& path, std::size_t most) {
  std::string text;
  std::string block(64U << 10, '\0');
  for (;;) {
    const auto got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", path);
    if (got == 0) return text;
    text.append(block, 0, static_cast<std::size_t>(got));
    if (text.size() > most) return unread_error("larger than " + size_text(most), Location{path, 0, 0});
  }
}

Result<void> make_parents(const std::string& path) {
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto directory = path.substr(0, slash);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST && errno != EISDIR && errno != EROFS &&
        errno != EACCES) {
      return io_error("create the directory", directory);
    }
  }
  return {};
}

}  // namespace

Result<LocalFile> read_local_file(const std::string& path, std::size_t most) {
  if (path == "-") {
    RF_TRY(auto text, read_all(STDIN_FILENO, "standard input", most));
    return LocalFile{.path = "standard input", .text = std::move(text), .mode_bits = 0};
  }
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return io_error("read", path);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return io_error("read", path);
  if (S_ISDIR(facts.st_mode)) return Error{.kind = ErrorKind::io, .message = path + " is a directory"};
  RF_TRY(auto text, read_all(file.get(), path, most));
  return LocalFile{.path = path, .text = std::move(text), .mode_bits = facts.st_mode & 07777U};
}

Result<void> write_local_file(const std::string& path, std::string_view text, unsigned mode_bits) {
  RF_CHECK(make_parents(path));
  std::string beside = path + ".XXXXXX";
  const Descriptor file(::mkostemp(beside.data(), O_CLOEXEC));
  if (file.get() < 0) return io_error("write", path);
  const auto fail = [&] {
    auto error = io_error("write", path);
    ::unlink(beside.c_str());
    return error;
  };
  for (std::size_t done = 0; done < text.size();) {
    const auto wrote = ::write(file.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail();
    done += static_cast<std::size_t>(wrote);
  }
  if (::fchmod(file.get(), mode_bits) != 0 || ::fsync(file.get()) != 0) return fail();
  if (::rename(beside.c_str(), path.c_str()) != 0) return fail();
  return {};
}

bool local_file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<std::vector<std::string>> list_local_files(const std::string& directory, std::string_view suffix) {
  DIR* opened = ::opendir(directory.c_str());
  if (!opened) return io_error("read the directory", directory);
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(opened)) {
    const std::string name = entry->d_name;
    const bool ends =
        name.size() > suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
    if (ends && name[0] != '.') names.push_back(name);
  }
  ::closedir(opened);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return std::string(value);
}

std::string home_directory() {
  if (auto home = environment("HOME")) return *home;
  const auto* user = ::getpwuid(::getuid());
  return user && user->pw_dir ? user->pw_dir : "/";
}

std::string absolute_path(const std::string& path) {
  if (!path.empty() && path[0] == '/') return normal_path(path);
  char* here = ::getcwd(nullptr, 0);
  const std::string directory = here ? here : "/";
  std::free(here);
  return normal_path(join_path(directory, path));
}

std::string expand_home(std::string_view path) {
  if (path == "~" || path.substr(0, 2) == "~/") return home_directory() + std::string(path.substr(1));
  return std::string(path);
}

std::optional<std::string> find_intent_file(const std::string& given) {
  if (!given.empty()) return given == "-" ? given : expand_home(given);
  if (auto named = environment("REGFALLBACK_CONFIG")) return named;
  const auto user = environment("XDG_CONFIG_HOME").value_or(home_directory() + "/.config") + "/regfallback/config.yaml";
  for (const auto& path : {std::string("regfallback.yaml"), user, std::string("/etc/regfallback/config.yaml")}) {
    if (local_file_exists(path)) return path;
  }
  return std::nullopt;
}

}  // namespace rf
