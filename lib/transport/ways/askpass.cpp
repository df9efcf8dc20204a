#include "transport/ways/askpass.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

#include "base/text.h"
#include "transport/ways/askpass_question.h"

namespace rf {
namespace {

using AskpassStream = asio::local::stream_protocol::socket;

// 128 bits: nobody else can ask in the name of a connection.
Result<std::string> new_askpass_token() {
  std::array<char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return Error{.kind = ErrorKind::io, .message = "the system gave no random bytes"};
  return base64_encode({bytes.data(), bytes.size()});
}

bool is_of_this_user(AskpassStream& stream) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return ::getsockopt(stream.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

// Another user's, as sudo may leave it in the environment, is not used: its owner could exchange what is in it.
std::string runtime_directory() {
  const char* directory = std::getenv("XDG_RUNTIME_DIR");
  struct stat status = {};
  const bool ours = directory != nullptr && *directory == '/' && ::stat(directory, &status) == 0 &&
                    S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
  return ours ? directory : "/tmp";
}

// Up to the third NUL.
asio::awaitable<Result<AskpassQuestion>> read_question(AskpassStream& stream) {
  std::string bytes(longest_askpass_question, '\0');
  const auto left = [&bytes](std::error_code failed, std::size_t size) -> std::size_t {
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(size);
    return failed || std::count(bytes.begin(), end, '\0') >= 3 ? 0 : bytes.size() - size;
  };
  std::error_code failed;
  const auto size =
      co_await asio::async_read(stream, asio::buffer(bytes), left, asio::redirect_error(asio::use_awaitable, failed));
  co_return parse_askpass_question(std::string_view(bytes).substr(0, size));
}

asio::awaitable<void> wait_for_end(AskpassStream& stream) {
  char byte = 0;
  std::error_code failed;
  co_await asio::async_read(stream, asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, failed));
}

}  // namespace

struct Askpass::Client {
  std::string node;
  std::string token;
  SshProgramSettings::ServerQuestions server_questions;
  std::shared_ptr<Asking> asking = std::make_shared<Asking>();
  std::map<std::string, int> told = {};  // by words: which answer was given
  bool answered = false;                 // by a person
};

struct Askpass::State : std::enable_shared_from_this<Askpass::State> {
  struct Answer {
    std::optional<Secret> text;  // none: it was asked in vain, and is not asked any more
    int number = 0;              // from 1 on
  };
  State(const asio::any_io_executor& on, AskpassOptions how) : options(std::move(how)), acceptor(on) {}

  Result<void> listen();
  void close();
  static asio::awaitable<void> serve(std::shared_ptr<State> self);
  static asio::awaitable<void> take(std::shared_ptr<State> self, AskpassStream stream);
  asio::awaitable<std::optional<Secret>> answer(std::shared_ptr<Client> client, SshPrompt prompt);
  asio::awaitable<Result<Secret>> ask(const Client& client, const SshPrompt& prompt, bool again);

  const AskpassOptions options;
  asio::local::stream_protocol::acceptor acceptor;
  std::string directory;
  std::string path;
  std::map<std::string, std::shared_ptr<Client>> clients;         // by token
  std::map<std::pair<std::string, std::string>, Answer> answers;  // by node, "" for all, and words
  Semaphore one_at_a_time{1};
};

Result<void> Askpass::State::listen() {
  if (!path.empty()) return {};
  std::string made = runtime_directory() + "/regfallback-XXXXXX";
  if (::mkdtemp(made.data()) == nullptr) {
    return Error{.kind = ErrorKind::io,
                 .message = "cannot make the directory " + made + " for the questions of ssh: " + std::strerror(errno)};
  }
  directory = made;
  const std::string socket = directory + "/askpass";
  std::error_code failed;
  try {
    const asio::local::stream_protocol::endpoint endpoint(socket);  // throws for a path that is too long
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (!failed && ::chmod(socket.c_str(), S_IRUSR | S_IWUSR) != 0)
      failed = std::error_code(errno, std::generic_category());
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  } catch (const std::system_error& thrown) {
    failed = thrown.code();
  }
  path = socket;
  if (failed) {
    close();
    return Error{.kind = ErrorKind::io,
                 .message = "cannot take the questions of ssh at " + socket + ": " + failed.message()};
  }
  asio::co_spawn(acceptor.get_executor(), serve(shared_from_this()), asio::detached);
  return {};
}

void Askpass::State::close() {
  std::error_code ignored;
  acceptor.close(ignored);
  if (!path.empty()) ::unlink(path.c_str());
  if (!directory.empty()) ::rmdir(directory.c_str());
  path.clear();
  directory.clear();
}

asio::awaitable<void> Askpass::State::serve(std::shared_ptr<State> self) {
  const auto executor = self->acceptor.get_executor();
  while (self->acceptor.is_open()) {
    AskpassStream stream(executor);
    std::error_code failed;
    co_await self->acceptor.async_accept(stream, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) break;
    if (is_of_this_user(stream)) asio::co_spawn(executor, take(self, std::move(stream)), asio::detached);
  }
}

asio::awaitable<void> Askpass::State::take(std::shared_ptr<State> self, AskpassStream stream) {
  const auto question = co_await read_question(stream);
  const auto found = question ? self->clients.find(question->token) : self->clients.end();
  if (found == self->clients.end()) co_return;
  const auto client = found->second;
  const auto prompt = parse_ssh_prompt(*question, client->server_questions);
  const Asking::Question open(client->asking);
  if (prompt.kind == SshPrompt::Kind::notice) {
    if (self->options.on_notice) self->options.on_notice(client->node + ": " + terminal_safe(prompt.words));
    co_return co_await wait_for_end(stream);
  }
  const auto answer = co_await self->answer(client, prompt);
  if (!answer) co_return;
  const Secret reply(askpass_answer_mark + std::string(answer->expose()));
  const auto text = reply.expose();
  std::error_code failed;
  co_await asio::async_write(stream, asio::buffer(text), asio::redirect_error(asio::use_awaitable, failed));
}

// Whoever asks in the same words waits for the answer, and takes it. The same process asks again because the answer
// was wrong.
asio::awaitable<std::optional<Secret>> Askpass::State::answer(std::shared_ptr<Client> client, SshPrompt prompt) {
  const auto place = co_await one_at_a_time.enter();
  auto& known = answers[{prompt.answer == SshPrompt::Answer::for_all ? "" : client->node, prompt.words}];
  auto& told = client->told[prompt.words];
  const bool in_vain = known.number > 0 && !known.text;
  if (known.number == told && !in_vain) {
    auto given = co_await ask(*client, prompt, told > 0);
    known.text.reset();
    if (given) known.text = *std::move(given);
    ++known.number;
    client->answered = client->answered || known.text;
  }
  told = known.number;
  co_return known.text;
}

asio::awaitable<Result<Secret>> Askpass::State::ask(const Client& client, const SshPrompt& prompt, bool again) {
  if (prompt.kind == SshPrompt::Kind::confirmation) {
    ConfirmQuestion question{.node = client.node, .words = prompt.words};
    RF_CO_TRY(const bool yes, co_await options.confirm(std::move(question)));
    co_return Secret(yes ? "yes" : "no");
  }
  SecretQuestion question{
      .what = SecretQuestion::What::of_ssh, .node = client.node, .of = prompt.words, .again = again};
  co_return co_await options.ask_secret(std::move(question));
}

Askpass::Askpass(const asio::any_io_executor& executor, AskpassOptions options)
    : state_(std::make_shared<State>(executor, std::move(options))) {}

Askpass::~Askpass() { state_->close(); }

Result<std::unique_ptr<Askpass::Connection>> Askpass::connect(const std::string& node,
                                                              SshProgramSettings::ServerQuestions server_questions) {
  RF_TRY(auto token, new_askpass_token());
  RF_CHECK(state_->listen());
  auto client = std::make_shared<Client>(Client{.node = node, .token = token, .server_questions = server_questions});
  state_->clients[token] = client;
  return std::make_unique<Connection>(state_, std::move(client));
}

Askpass::Connection::~Connection() { state_->clients.erase(client_->token); }

std::vector<std::string> Askpass::Connection::environment() const {
  const auto set = [](std::string_view name, std::string_view value) {
    return std::string(name) + "=" + std::string(value);
  };
  std::vector<std::string> all{set("SSH_ASKPASS", state_->options.program), set("SSH_ASKPASS_REQUIRE", "force"),
                               set(askpass_socket_variable, state_->path), set(askpass_token_variable, client_->token)};
  // Before OpenSSH 8.4 there is no SSH_ASKPASS_REQUIRE, and the program is run only where there seems to be a display.
  const bool may_be_old = client_->server_questions == SshProgramSettings::ServerQuestions::unmarked;
  if (may_be_old && std::getenv("DISPLAY") == nullptr) all.push_back(set("DISPLAY", ":"));
  return all;
}

std::shared_ptr<Asking> Askpass::Connection::asking() const { return client_->asking; }
bool Askpass::Connection::answered() const { return client_->answered; }

}  // namespace rf
