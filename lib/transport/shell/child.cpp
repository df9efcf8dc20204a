#include "transport/shell/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "transport/shell/deadline.h"

extern char** environ;

namespace rf {
namespace {

constexpr std::size_t kept_complaint = 4096;
constexpr std::size_t most_in_a_turn = 256u << 10;

// Children that were still ending when their stream was closed.
std::vector<pid_t>& zombies() {
  static std::vector<pid_t> pids;
  return pids;
}

void reap_zombies() {
  std::erase_if(zombies(), [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return Error{.kind = ErrorKind::io, .message = std::string("cannot create a pipe: ") + std::strerror(errno)};
  return Pipe{ends[0], ends[1]};
}

// Our own ends of the child's three streams, and the child. Handlers hold it alive.
struct Child {
  explicit Child(const asio::any_io_executor& executor) : in(executor), out(executor), err(executor), wake(executor) {}
  asio::posix::stream_descriptor in, out, err;
  asio::steady_timer wake;
  pid_t pid = -1;
  std::optional<int> status;
  bool waits_out = false;
  bool waits_err = false;
  bool out_ended = false;
  bool err_ended = false;
  bool closed = false;

  bool reap() {
    int raw = 0;
    if (!status && pid > 0 && waitpid(pid, &raw, WNOHANG) == pid) status = raw;
    return status.has_value();
  }

  void close() {
    if (closed) return;
    closed = true;
    std::error_code ignored;
    in.close(ignored);
    out.close(ignored);
    err.close(ignored);
    wake.cancel();
    if (pid <= 0 || reap()) return;
    kill(pid, SIGKILL);  // fails for a child that became root; it then meets the end of its input
    if (!reap()) zombies().push_back(pid);
  }
};

// Our own environment, but for the variables that the child is given.
std::vector<std::string> child_environment(const std::vector<std::string>& given) {
  std::vector<std::string> all = given;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view own(*entry);
    const auto name = own.substr(0, own.find('=') + 1);
    const auto replaces = [&](const std::string& one) { return one.starts_with(name); };
    if (std::none_of(given.begin(), given.end(), replaces)) all.emplace_back(own);
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (auto& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

Result<pid_t> start(const ChildCommand& command, int in, int out, int err) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in, 0);
  posix_spawn_file_actions_adddup2(&files, out, 1);
  posix_spawn_file_actions_adddup2(&files, err, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  const int session = command.terminal == ChildCommand::Terminal::none ? POSIX_SPAWN_SETSID : 0;
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session));
  std::vector<std::string> words = command.argv;
  std::vector<std::string> variables = child_environment(command.environment);
  const auto argv = pointers(words);
  const auto environment = pointers(variables);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, argv[0], &files, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Error{.kind = failed == ENOENT ? ErrorKind::unsupported : ErrorKind::io,
                 .message = command.argv[0] + " could not be started: " + std::strerror(failed),
                 .hint = failed == ENOENT ? "install " + command.argv[0] : ""};
  }
  return pid;
}

void adopt(asio::posix::stream_descriptor& descriptor, int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  descriptor.assign(fd);
}

Result<std::shared_ptr<Child>> spawn(const asio::any_io_executor& executor, const ChildCommand& command) {
  reap_zombies();
  signal(SIGPIPE, SIG_IGN);  // a child that ended is met as EPIPE
  auto child = std::make_shared<Child>(executor);
  RF_TRY(const Pipe in, make_pipe());
  adopt(child->in, in.write_end);
  auto out = make_pipe();
  auto err = make_pipe();
  Result<pid_t> pid =
      out && err
          ? start(command, in.read_end, out->write_end, err->write_end)
          : Result<pid_t>(Error{.kind = ErrorKind::io, .message = "too many open files", .hint = "lower --parallel"});
  ::close(in.read_end);
  if (out) {
    ::close(out->write_end);
    adopt(child->out, out->read_end);
  }
  if (err) {
    ::close(err->write_end);
    adopt(child->err, err->read_end);
  }
  if (!pid) {
    child->close();
    return std::move(pid).error();
  }
  child->pid = *pid;
  return child;
}

// What can be read now; nothing when that would wait. `ended` is set at the end of the stream.
std::string read_now(asio::posix::stream_descriptor& from, bool& ended) {
  char buffer[32 << 10];
  const ssize_t got = ended || !from.is_open() ? 0 : ::read(from.native_handle(), buffer, sizeof buffer);
  if (got > 0) return {buffer, static_cast<std::size_t>(got)};
  if (got == 0 || (errno != EAGAIN && errno != EINTR)) ended = true;
  return {};
}

// Returns when either stream has something, or after `limit`.
asio::awaitable<void> wait_for_more(std::shared_ptr<Child> child, std::chrono::milliseconds limit) {
  child->wake.expires_after(limit);
  const auto watch = [&child](asio::posix::stream_descriptor& from, bool& waiting, const bool& ended) {
    if (waiting || ended || !from.is_open()) return;
    waiting = true;
    from.async_wait(asio::posix::stream_descriptor::wait_read, [child, &waiting](std::error_code) {
      waiting = false;
      child->wake.cancel();
    });
  };
  watch(child->out, child->waits_out, child->out_ended);
  watch(child->err, child->waits_err, child->err_ended);
  std::error_code ignored;
  co_await child->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

class ChildStream final : public ByteStream {
 public:
  explicit ChildStream(std::shared_ptr<Child> child) : child_(std::move(child)) {}
  ~ChildStream() override { child_->close(); }
  ChildStream(const ChildStream&) = delete;
  ChildStream& operator=(const ChildStream&) = delete;

  asio::awaitable<Result<void>> write(std::string_view bytes) override {
    const auto child = child_;
    std::error_code failed;
    co_await asio::async_write(child->in, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return Error{.kind = ErrorKind::connect, .message = failed.message()};
    co_return Result<void>();
  }

  asio::awaitable<Result<std::string>> read() override {
    const auto child = child_;
    int patience = 3;  // how often to look for last words on standard error once standard output has ended
    std::size_t passed_over = 0;
    while (!child->closed) {
      if (std::string said = read_now(child->err, child->err_ended); !said.empty()) {
        if (errors_ == Errors::in_read) co_return said;
        complaint_ += said;
        if (complaint_.size() > kept_complaint) complaint_.erase(0, complaint_.size() - kept_complaint);
        // A child that complains without end must not keep the loop from its time limit and from the others.
        passed_over += said.size();
        if (passed_over > most_in_a_turn) {
          passed_over = 0;
          co_await asio::post(child->wake.get_executor(), asio::use_awaitable);
        }
        continue;
      }
      if (std::string said = read_now(child->out, child->out_ended); !said.empty()) co_return said;
      if (child->out_ended && (child->err_ended || patience-- == 0)) co_return std::string();
      co_await wait_for_more(child, child->out_ended ? std::chrono::milliseconds(100) : std::chrono::hours(24));
    }
    co_return Error{.kind = ErrorKind::connect, .message = "the stream was closed"};
  }

  void close() override { child_->close(); }
  void set_errors(Errors errors) override { errors_ = errors; }
  std::string take_complaint() override { return std::exchange(complaint_, {}); }

 private:
  std::shared_ptr<Child> child_;
  Errors errors_ = Errors::kept_apart;
  std::string complaint_;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> spawn_child(const asio::any_io_executor& executor, const ChildCommand& command) {
  RF_TRY(auto child, spawn(executor, command));
  return std::unique_ptr<ByteStream>(std::make_unique<ChildStream>(std::move(child)));
}

asio::awaitable<Result<Output>> capture_child(const ChildCommand& command, std::chrono::milliseconds limit) {
  const auto executor = co_await asio::this_coro::executor;
  RF_CO_TRY(const auto child, spawn(executor, command));
  std::error_code ignored;
  child->in.close(ignored);
  ChildStream stream(child);
  Deadline deadline(executor, limit, [&stream] { stream.close(); });
  Output output;
  while (true) {
    auto bytes = co_await stream.read();
    if (deadline.passed() || output.text.size() > (1u << 20)) {
      co_return Error{.kind = ErrorKind::timeout,
                      .message = command.argv[0] + " did not end in time or printed too much"};
    }
    if (!bytes) co_return std::move(bytes).error();
    if (bytes->empty()) break;
    output.text += *bytes;
  }
  output.complaint = stream.take_complaint();
  asio::steady_timer pause(executor);
  while (!child->reap() && !deadline.passed()) {
    pause.expires_after(std::chrono::milliseconds(2));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  output.rc = child->status && WIFEXITED(*child->status) ? WEXITSTATUS(*child->status) : 255;
  co_return output;
}

}  // namespace rf
