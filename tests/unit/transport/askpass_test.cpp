#include "transport/ways/askpass.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <deque>
#include <filesystem>

#include "transport/ways/askpass_question.h"

using namespace rf;
using namespace std::chrono_literals;

namespace {

using ServerQuestions = SshProgramSettings::ServerQuestions;
using Stream = asio::local::stream_protocol::socket;
const std::string passphrase_words = "Enter passphrase for key '/k': ";
const std::string host_words = "The authenticity of host 'h' can't be established.\nGo on (yes/no/[fingerprint])? ";

std::string variable(const std::vector<std::string>& environment, std::string_view name) {
  for (const auto& entry : environment)
    if (entry.starts_with(std::string(name) + "=")) return entry.substr(name.size() + 1);
  return "";
}

// What ssh's program does; "" when there is no answer.
asio::awaitable<std::string> ask_at(std::string path, AskpassQuestion question) {
  Stream stream(co_await asio::this_coro::executor);
  const asio::local::stream_protocol::endpoint endpoint(path);
  co_await stream.async_connect(endpoint, asio::use_awaitable);
  const auto text = print_askpass_question(question);
  co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
  std::string answer(100, '\0');
  std::error_code failed;
  const auto size =
      co_await asio::async_read(stream, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, failed));
  answer.resize(size);
  co_return answer;
}

// A person with these answers, and what was asked: "node: words", "again, ...".
struct Person {
  std::deque<std::string> answers;
  std::vector<std::string> asked = {};

  AskpassOptions options() {
    AskpassOptions all{.program = "/program", .ask_secret = {}, .confirm = {}};
    all.ask_secret = [this](SecretQuestion question) -> asio::awaitable<Result<Secret>> {
      asked.push_back((question.again ? "again, " : "") + question.node + ": " + question.of);
      if (answers.empty()) co_return Error{.kind = ErrorKind::auth, .message = "no answer"};
      const std::string answer = answers.front();
      answers.pop_front();
      co_return Secret(answer);
    };
    all.confirm = [this](ConfirmQuestion question) -> asio::awaitable<Result<bool>> {
      asked.push_back(question.node + ": " + question.words);
      co_return true;
    };
    all.on_notice = [this](const std::string& text) { asked.push_back("notice " + text); };
    return all;
  }
};

struct Fixture {
  explicit Fixture(std::deque<std::string> answers) : person{std::move(answers)} {}
  asio::io_context loop{1};
  Person person;
  Askpass askpass{loop.get_executor(), person.options()};

  std::unique_ptr<Askpass::Connection> connect(const std::string& node,
                                               ServerQuestions questions = ServerQuestions::marked) {
    auto connection = askpass.connect(node, questions);
    REQUIRE(connection);
    return *std::move(connection);
  }
  std::string ask(const std::vector<std::string>& environment, const std::string& words, const std::string& kind = "") {
    std::string answer;
    AskpassQuestion question{.token = variable(environment, askpass_token_variable), .kind = kind, .prompt = words};
    const auto path = variable(environment, askpass_socket_variable);
    bool ended = false;
    asio::co_spawn(loop, ask_at(path, question), [&](std::exception_ptr failed, std::string got) {
      REQUIRE_FALSE(failed);
      answer = std::move(got);
      ended = true;
    });
    loop.restart();
    while (!ended) loop.run_one();
    return answer;
  }
  std::string ask(const Askpass::Connection& connection, const std::string& words, const std::string& kind = "") {
    return ask(connection.environment(), words, kind);
  }
};

}  // namespace

TEST_CASE("what is handed over for ssh comes back, and nothing else is a question") {
  const AskpassQuestion question{.token = "t", .kind = "confirm", .prompt = "two\nlines "};
  const auto text = print_askpass_question(question);
  CHECK(*parse_askpass_question(text) == question);
  CHECK_FALSE(parse_askpass_question(""));
  CHECK_FALSE(parse_askpass_question(text + "x"));
  CHECK_FALSE(parse_askpass_question(text.substr(0, text.size() - 1)));
  CHECK_FALSE(parse_askpass_question(std::string("a\0b\0c\0d\0", 8)));
  CHECK_FALSE(
      parse_askpass_question(print_askpass_question({.token = "t", .kind = "", .prompt = std::string(16 << 10, 'x')})));
}

TEST_CASE("ssh's questions are told apart, and which of them are one for all nodes") {
  using Kind = SshPrompt::Kind;
  using Answer = SshPrompt::Answer;
  struct Case {
    const char* kind;
    std::string prompt;
    SshPrompt expected;
  };
  const auto c =
      GENERATE(Case{"", passphrase_words, {Kind::secret, Answer::for_all, "Enter passphrase for key '/k':"}},
               Case{"", "a@h's password: ", {Kind::secret, Answer::for_one_node, "a@h's password:"}},
               Case{"",
                    "(a@h) Enter passphrase for key '/k': ",
                    {Kind::secret, Answer::for_one_node, "(a@h) Enter passphrase for key '/k':"}},
               Case{"", "(a@h) sure (yes/no)? ", {Kind::confirmation, Answer::for_one_node, "(a@h) sure?"}},
               Case{"", "Fine (yes/no)? x", {Kind::secret, Answer::for_one_node, "Fine (yes/no)? x"}},
               Case{"", "Fine (yes/no): ", {Kind::confirmation, Answer::for_all, "Fine?"}},
               Case{"", "new\nGo on (yes/no/[fingerprint])? ", {Kind::confirmation, Answer::for_all, "new\nGo on?"}},
               Case{"confirm", "Add key /k?", {Kind::confirmation, Answer::for_all, "Add key /k?"}},
               Case{"none", "Confirm user presence", {Kind::notice, Answer::for_one_node, "Confirm user presence"}});
  CHECK(parse_ssh_prompt({.token = "", .kind = c.kind, .prompt = c.prompt}, ServerQuestions::marked) == c.expected);
}

TEST_CASE("a passphrase is one question for all nodes, until it was wrong") {
  Fixture f({"wrong", "right"});
  const auto a = f.connect("a"), b = f.connect("b");
  CHECK(f.ask(*a, passphrase_words) == "+wrong");
  CHECK(f.ask(*b, passphrase_words) == "+wrong");
  CHECK(f.ask(*b, passphrase_words) == "+right");
  CHECK(f.ask(*a, passphrase_words) == "+right");
  CHECK(f.person.asked ==
        std::vector<std::string>{"a: Enter passphrase for key '/k':", "again, b: Enter passphrase for key '/k':"});
}

TEST_CASE("a server that has copied the words of ssh gets no passphrase unasked") {
  Fixture f({"one", "two"});
  const auto a = f.connect("a", ServerQuestions::unmarked), b = f.connect("b", ServerQuestions::unmarked);
  CHECK(f.ask(*a, passphrase_words) == "+one");
  CHECK(f.ask(*b, passphrase_words) == "+two");
}

TEST_CASE("a password is for its node alone, and for its next connection") {
  Fixture f({"of a", "of b"});
  auto a = f.connect("a");
  const auto b = f.connect("b");
  CHECK_FALSE(a->answered());
  CHECK(f.ask(*a, "root@h's password: ") == "+of a");
  CHECK(a->answered());
  CHECK(f.ask(*b, "root@h's password: ") == "+of b");
  a = f.connect("a");
  CHECK(f.ask(*a, "root@h's password: ") == "+of a");
  CHECK_FALSE(a->answered());
}

TEST_CASE("no answer is given once, and the question does not come back") {
  Fixture f({});
  const auto a = f.connect("a");
  CHECK(f.ask(*a, "root@h's password: ").empty());
  CHECK(f.ask(*a, "root@h's password: ").empty());
  CHECK(f.person.asked.size() == 1);
  CHECK_FALSE(a->answered());
}

TEST_CASE("a yes is for all who see the same key, and a notice wants no answer") {
  Fixture f({});
  const auto a = f.connect("a"), b = f.connect("b");
  CHECK(f.ask(*a, host_words) == "+yes");
  CHECK(f.ask(*b, host_words) == "+yes");
  CHECK(f.person.asked.size() == 1);
  CHECK(f.person.asked.front() == "a: The authenticity of host 'h' can't be established.\nGo on?");
}

TEST_CASE("nothing is told without the token of a connection that is being opened") {
  Fixture f({"secret"});
  auto a = f.connect("a");
  const auto environment = a->environment();
  auto forged = environment;
  for (auto& entry : forged)
    if (entry.starts_with(askpass_token_variable)) entry.back() = entry.back() == 'x' ? 'y' : 'x';
  CHECK(f.ask(forged, passphrase_words).empty());
  a.reset();
  CHECK(f.ask(environment, passphrase_words).empty());
  CHECK(f.person.asked.empty());
}

TEST_CASE("nothing is told to another user, even with the token") {
  if (geteuid() != 0) SKIP("only root can be another user");
  Fixture f({"secret"});
  const auto a = f.connect("a");
  const std::filesystem::path path(variable(a->environment(), askpass_socket_variable));
  std::filesystem::permissions(path, std::filesystem::perms::all);
  std::filesystem::permissions(path.parent_path(), std::filesystem::perms::all);
  REQUIRE(seteuid(65534) == 0);
  // The credentials that count are those at connect(); the asking and the taking process are the same one here.
  Stream stream(f.loop);
  std::error_code failed;
  stream.connect(asio::local::stream_protocol::endpoint(path.string()), failed);
  REQUIRE(seteuid(0) == 0);
  REQUIRE_FALSE(failed);
  const auto text = print_askpass_question(
      {.token = variable(a->environment(), askpass_token_variable), .kind = "", .prompt = passphrase_words});
  std::error_code ignored;
  asio::write(stream, asio::buffer(text), ignored);
  f.loop.run_for(200ms);
  CHECK(f.person.asked.empty());
}

TEST_CASE("the socket is this user's alone, and goes away with its directory") {
  std::filesystem::path directory;
  {
    Fixture f({});
    const auto a = f.connect("a");
    const std::filesystem::path path(variable(a->environment(), askpass_socket_variable));
    directory = path.parent_path();
    CHECK(std::filesystem::status(directory).permissions() == std::filesystem::perms::owner_all);
    CHECK(std::filesystem::status(path).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(variable(a->environment(), "SSH_ASKPASS") == "/program");
    CHECK(variable(a->environment(), "SSH_ASKPASS_REQUIRE") == "force");
  }
  CHECK_FALSE(std::filesystem::exists(directory));
}

TEST_CASE("no time runs while a question is open") {
  asio::io_context loop(1);
  const auto asking = std::make_shared<Asking>();
  bool passed = false;
  Deadline deadline(loop.get_executor(), 50ms, [&passed] { passed = true; });
  {
    const Asking::Watch watch(asking, deadline);
    const Asking::Question open(asking);
    loop.run_for(200ms);
    CHECK_FALSE(passed);
  }
  loop.restart();
  loop.run_for(200ms);
  CHECK(passed);
}
