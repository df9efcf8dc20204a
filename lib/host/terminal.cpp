#include "host/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "host/files.h"

namespace rf {
namespace {

constexpr std::size_t longest_line = 4096;

int width_of(int descriptor) {
  if (const auto columns = environment("COLUMNS")) {
    const int width = std::atoi(columns->c_str());
    if (width >= 20) return width;
  }
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  return ::isatty(descriptor) == 1 ? 80 : 0;
}

// Echo off for as long as it lives; what is typed too early stays readable.
class EchoOff {
 public:
  explicit EchoOff(int descriptor) : descriptor_(descriptor) {
    if (::tcgetattr(descriptor_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(descriptor_, TCSANOW, &quiet) == 0;
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  ~EchoOff() {
    if (changed_) ::tcsetattr(descriptor_, TCSANOW, &before_);
  }
  bool ok() const { return changed_; }

 private:
  int descriptor_;
  termios before_{};
  bool changed_ = false;
};

// Whichever thread a signal meets: the one that asks looks here, and is woken.
std::atomic<int> noted_signal{0};

// Never closed: a signal may be on its way still.
int wake_descriptor() {
  static const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor;
}

void note_signal(int number) {
  const int before = errno;
  noted_signal = number;
  const std::uint64_t one = 1;
  (void)!::write(wake_descriptor(), &one, sizeof one);
  errno = before;
}

// While it lives, signals that would end or stop the program only interrupt wait_for(), in whichever thread that is
// called; then the last of them is raised again, unless it was Ctrl-C as a reply. It must outlive EchoOff: nobody shall
// be left with a terminal that shows nothing. One at a time.
class SignalsHeld {
 public:
  enum class CtrlC { is_passed_on, is_a_reply };
  explicit SignalsHeld(CtrlC ctrl_c) : ctrl_c_(ctrl_c) {
    noted_signal = 0;
    std::uint64_t earlier = 0;
    (void)!::read(wake_descriptor(), &earlier, sizeof earlier);
    struct sigaction note {};
    note.sa_handler = note_signal;
    note.sa_flags = SA_RESTART;  // other threads are not disturbed
    for (std::size_t i = 0; i < signals.size(); ++i) {
      ::sigaction(signals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) ::sigaction(signals[i], &note, nullptr);
    }
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() {
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
    const int number = noted_signal;
    const bool replied = ctrl_c_ == CtrlC::is_a_reply && number == SIGINT;
    if (number != 0 && !replied) ::raise(number);
  }
  // Until there is something to read; false when a signal came.
  bool wait_for(int descriptor) const {
    std::array<pollfd, 2> inputs{pollfd{.fd = descriptor, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = wake_descriptor(), .events = POLLIN, .revents = 0}};
    while (noted_signal == 0) {
      const int ready = ::poll(inputs.data(), inputs.size(), -1);
      if (ready < 0 && errno != EINTR) return false;
      if (ready > 0 && inputs[1].revents == 0) return true;
    }
    return false;
  }
  static bool stopped() { return noted_signal == SIGTSTP; }
  static bool interrupted() { return noted_signal != 0; }

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  const CtrlC ctrl_c_;
  std::array<struct sigaction, signals.size()> before_{};
};

// One line, a byte at a time, so that nothing of the next one is taken.
bool read_line(int descriptor, std::string& line, const SignalsHeld& held) {
  char byte = 0;
  for (;;) {
    if (!held.wait_for(descriptor)) return false;
    const auto got = ::read(descriptor, &byte, 1);
    if (got < 0) return false;  // also an interrupted question is no answer
    if (got == 0) return !line.empty();
    if (byte == '\n') return true;
    if (line.size() < longest_line) line += byte;
  }
}

void say(int descriptor, std::string_view text) {
  OutStream stream(descriptor);
  stream.write(text);
}

// Of this process; below 0 where it has none.
int open_terminal() { return ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY); }

}  // namespace

TerminalFacts terminal_facts(int descriptor, ColorWish wish) {
  const bool terminal = ::isatty(descriptor) == 1;
  const bool dumb = environment("TERM").value_or(terminal ? "dumb" : "") == "dumb";
  TerminalFacts facts{.live = terminal && !dumb, .width = width_of(descriptor), .color = false};
  facts.color = wish == ColorWish::always || (wish == ColorWish::automatic && facts.live && !environment("NO_COLOR"));
  return facts;
}

void OutStream::write(std::string_view text) {
  while (!text.empty() && failure_ == 0) {
    const auto wrote = ::write(descriptor_, text.data(), text.size());
    if (wrote >= 0) {
      text.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno != EINTR && errno != EAGAIN) {
      failure_ = errno;
    }
  }
}

Result<void> OutStream::finish() {
  if (failure_ == 0 || failure_ == EPIPE) return {};
  return Error{.kind = ErrorKind::io, .message = std::string("cannot write the result: ") + std::strerror(failure_)};
}

bool can_ask() {
  const int tty = open_terminal();
  if (tty >= 0) ::close(tty);
  return tty >= 0;
}

Result<Secret> ask_secret(std::string_view question) {
  const int tty = open_terminal();
  if (tty < 0) {
    return Error{.kind = ErrorKind::usage,
                 .message = "cannot ask for a password without a terminal",
                 .hint = "run it from a terminal, use a key or an agent, or configure sudo without a password"};
  }
  std::string line;
  line.reserve(longest_line);  // no copy of it is left behind
  bool answered = false, interrupted = false;
  for (bool again = true; again;) {  // after Ctrl-Z and `fg`
    const SignalsHeld held(SignalsHeld::CtrlC::is_passed_on);
    const EchoOff quiet(tty);
    if (!quiet.ok()) break;
    say(tty, question);
    answered = read_line(tty, line, held);
    say(tty, "\n");
    interrupted = SignalsHeld::interrupted();
    again = !answered && SignalsHeld::stopped();
  }
  ::close(tty);
  Secret answer(line);
  explicit_bzero(line.data(), line.size());
  if (!answered)
    return Error{.kind = interrupted ? ErrorKind::interrupted : ErrorKind::auth, .message = "no password was given"};
  return answer;
}

Reply ask_yes(std::string_view question) {
  const int tty = open_terminal();
  if (tty < 0) return Reply::nobody_to_ask;
  std::string line;
  bool answered = false;
  for (bool again = true; again;) {  // after Ctrl-Z and `fg`
    const SignalsHeld held(SignalsHeld::CtrlC::is_a_reply);
    line.clear();
    say(tty, question);
    answered = read_line(tty, line, held);
    if (!answered) say(tty, "\n");
    again = !answered && SignalsHeld::stopped();
  }
  ::close(tty);
  if (!answered) return Reply::interrupted;
  const auto answer = lower(trim(line));
  return answer == "y" || answer == "yes" ? Reply::yes : Reply::no;
}

}  // namespace rf
