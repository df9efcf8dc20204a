#include "host/terminal.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>

using namespace rf;

namespace {

// 7 when it is "hunter2".
int status_of_secret() {
  const auto answer = ask_secret("secret: ");
  return answer && answer->expose() == "hunter2" ? 7 : 8;
}

// The reply, also where standard streams are no terminal: `apply 2>&1 | tee log`, `echo n | apply`.
int status_of_question() {
  if (dup(0) < 0) return -1;  // stays open: a terminal that nobody has open hangs up
  const int elsewhere = open("/dev/null", O_RDWR);
  for (const int stream : {0, 1, 2}) dup2(elsewhere, stream);
  return static_cast<int>(ask_yes("sure? [y/N] "));
}

// A child on a terminal of its own that asks, and ends with what `ask` returns.
class Asked {
 public:
  enum class From { nowhere, a_shell };
  explicit Asked(From from = From::nowhere, int (*ask)() = status_of_secret) {
    pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    REQUIRE(pid_ >= 0);
    if (pid_ != 0) return;
    alarm(20);
    // Those of the test's framework would report to the terminal instead.
    for (const int number : {SIGINT, SIGTERM}) signal(number, SIG_DFL);
    if (from == From::a_shell) be_a_shell();
    _exit(ask());
  }
  ~Asked() { close(terminal_); }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  void wait_for(std::string_view text) {
    char buffer[256];
    while (said_.find(text) == said_.npos) {
      const auto got = read(terminal_, buffer, sizeof buffer);
      REQUIRE(got > 0);
      said_.append(buffer, static_cast<std::size_t>(got));
    }
    said_.erase(0, said_.find(text) + text.size());
  }
  bool shows_what_is_typed() const {
    termios now{};
    REQUIRE(tcgetattr(terminal_, &now) == 0);
    return (now.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
  }
  void type(const std::string& text) const {
    REQUIRE(write(terminal_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  int wait_status(int options) const {
    int status = 0;
    REQUIRE(waitpid(pid_, &status, options) == pid_);
    return status;
  }
  pid_t pid() const { return pid_; }

 private:
  // Goes on as a job of this process, which lets it go on when it was stopped.
  static void be_a_shell() {
    signal(SIGTTOU, SIG_IGN);
    const pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      tcsetpgrp(STDIN_FILENO, getpid());
      signal(SIGTTOU, SIG_DFL);
      return;
    }
    int status = 0;
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
      termios now{};
      tcgetattr(STDIN_FILENO, &now);
      const char* const said =
          (now.c_lflag & static_cast<tcflag_t>(ECHO)) != 0 ? "stopped, and what is typed is shown\n" : "stopped\n";
      if (write(STDOUT_FILENO, said, strlen(said)) < 0) _exit(9);
      kill(job, SIGCONT);
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 9);
  }

  std::string said_;  // and not waited for yet
  int terminal_ = -1;
  pid_t pid_ = -1;
};

}  // namespace

TEST_CASE("a secret is typed unseen, and the terminal is as before afterwards") {
  Asked asked;
  asked.wait_for("secret: ");
  CHECK_FALSE(asked.shows_what_is_typed());
  asked.type("hunter2\n");
  const int status = asked.wait_status(0);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
  CHECK(asked.shows_what_is_typed());
}

TEST_CASE("Ctrl-C at a question ends the program and leaves a terminal that shows what is typed") {
  const int number = GENERATE(SIGINT, SIGTERM, SIGHUP);
  INFO(number);
  Asked asked;
  asked.wait_for("secret: ");
  if (number == SIGINT)
    asked.type("\x03");
  else
    kill(asked.pid(), number);
  const int status = asked.wait_status(0);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == number));
  CHECK(asked.shows_what_is_typed());
}

TEST_CASE("Ctrl-Z at a question gives the terminal back, and the question comes again") {
  Asked asked(Asked::From::a_shell);
  asked.wait_for("secret: ");
  asked.type("\x1a");
  asked.wait_for("stopped, and what is typed is shown");
  asked.wait_for("secret: ");
  CHECK_FALSE(asked.shows_what_is_typed());
  asked.type("hunter2\n");
  const int status = asked.wait_status(0);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
}

TEST_CASE("a question is asked on the terminal, wherever the standard streams go") {
  const auto [typed, reply] = GENERATE(table<std::string, Reply>({{"y\n", Reply::yes},
                                                                  {" YES \n", Reply::yes},
                                                                  {"n\n", Reply::no},
                                                                  {"\n", Reply::no},
                                                                  {"yesterday\n", Reply::no},
                                                                  {"\x04", Reply::interrupted},
                                                                  {"\x03", Reply::interrupted},
                                                                  {"y\x03", Reply::interrupted}}));
  CAPTURE(typed);
  Asked asked(Asked::From::nowhere, status_of_question);
  asked.wait_for("sure? [y/N] ");
  asked.type(typed);
  const int status = asked.wait_status(0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == static_cast<int>(reply));
}

TEST_CASE("without a terminal nobody can be asked") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    setsid();
    _exit(!can_ask() && ask_yes("sure? ") == Reply::nobody_to_ask && !ask_secret("secret: ") ? 7 : 8);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
}
