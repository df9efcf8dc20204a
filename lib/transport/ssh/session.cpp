#include "transport/ssh/session.h"

#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/post.hpp>
#include <cerrno>

#include "base/text.h"
#include "transport/keys/wire.h"
#include "transport/ssh/ssh_stream.h"
#include "transport/ssh/tunnel.h"

namespace rf {
namespace {

std::string last_message(LIBSSH2_SESSION* session) {
  char* text = nullptr;
  int size = 0;
  libssh2_session_last_error(session, &text, &size, 0);
  return text == nullptr ? "" : terminal_safe({text, static_cast<std::size_t>(size)});
}

// The signature libssh2 asks for in the middle of a call: first it is told to come again, then there is an answer for
// it.
struct Signing {
  enum class State { idle, wanted, ready, failed } state = State::idle;
  std::string data;
  std::string signature;
};

int on_sign(LIBSSH2_SESSION*, unsigned char** signature, std::size_t* size, const unsigned char* data,
            std::size_t data_size, void** abstract) {
  auto& signing = *static_cast<Signing*>(*abstract);
  if (signing.state == Signing::State::idle) {
    signing.data.assign(reinterpret_cast<const char*>(data), data_size);
    signing.state = Signing::State::wanted;
    return LIBSSH2_ERROR_EAGAIN;
  }
  if (signing.state == Signing::State::wanted) return LIBSSH2_ERROR_EAGAIN;
  if (signing.state == Signing::State::failed) return -1;
  *size = signing.signature.size();
  *signature = static_cast<unsigned char*>(malloc(*size));  // libssh2 frees it
  if (*signature == nullptr) return -1;
  signing.signature.copy(reinterpret_cast<char*>(*signature), *size);
  return 0;
}

// What is signed names the algorithm (RFC 4252 §7): session id, type, user, service, method, TRUE, algorithm, key.
std::string algorithm_in(std::string_view data) {
  WireReader reader(data);
  reader.string();
  reader.byte();
  reader.string();
  reader.string();
  reader.string();
  reader.byte();
  return std::string(reader.string());
}

}  // namespace

SshSession::SshSession(const asio::any_io_executor& executor, int fd, Link link)
    : socket_(executor, fd), wake_(executor), link_(link), beat_(executor) {
  static const int started = libssh2_init(0);
  session_ = started == 0 ? libssh2_session_init_ex(nullptr, nullptr, nullptr, this) : nullptr;
  if (session_ == nullptr) {
    close();
    return;
  }
  libssh2_session_set_blocking(session_, 0);
  libssh2_session_callback_set2(session_, LIBSSH2_CALLBACK_RECV,
                                reinterpret_cast<libssh2_cb_generic*>(&SshSession::on_receive));
  libssh2_session_callback_set2(session_, LIBSSH2_CALLBACK_SEND,
                                reinterpret_cast<libssh2_cb_generic*>(&SshSession::on_send));
  for (const int direction : {LIBSSH2_METHOD_COMP_CS, LIBSSH2_METHOD_COMP_SC})
    libssh2_session_method_pref(session_, direction, "none");
}

SshSession::~SshSession() {
  close();
  if (session_ != nullptr) libssh2_session_free(session_);  // sends nothing: the callbacks fail once closed
}

void SshSession::close() {
  if (closed_) return;
  closed_ = true;
  std::error_code ignored;
  if (socket_.is_open()) ::shutdown(socket_.native_handle(), SHUT_RDWR);
  socket_.close(ignored);
  wake_.cancel();
  beat_.cancel();
  if (tunnels_) tunnels_->stop();
}

long SshSession::on_receive(int, void* buffer, std::size_t size, int flags, void** abstract) {
  return static_cast<SshSession*>(*abstract)->receive(buffer, size, flags);
}
long SshSession::on_send(int, const void* buffer, std::size_t size, int flags, void** abstract) {
  return static_cast<SshSession*>(*abstract)->send(buffer, size, flags);
}

// Counts what comes in: see ServerLimits.
long SshSession::receive(void* buffer, std::size_t size, int flags) {
  if (closed_ || limits_.fault() != nullptr) return -ECONNRESET;
  if (!limits_.room()) {
    turn_used_up_ = true;
    return -EAGAIN;
  }
  const long got = ::recv(socket_.native_handle(), buffer, size, flags);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) broken_ = true;
  if (got < 0) return -errno;
  received_ += static_cast<std::uint64_t>(got);
  return limits_.take({static_cast<const char*>(buffer), static_cast<std::size_t>(got)}) ? got : -ECONNRESET;
}

long SshSession::send(const void* buffer, std::size_t size, int flags) {
  if (closed_) return -ECONNRESET;
  const long sent = ::send(socket_.native_handle(), buffer, size, flags | MSG_NOSIGNAL);
  if (sent < 0) return -errno;
  sent_ += static_cast<std::uint64_t>(sent);
  return sent;
}

asio::awaitable<void> SshSession::wait_for_socket() {
  const auto self = shared_from_this();
  if (turn_used_up_) {
    co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    co_return;
  }
  if (link_ == Link::tcp) {
    // The server may hold its next packet back until our acknowledgement, which the kernel would delay by 40 ms.
    const int on = 1;
    setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }
  std::error_code woken;
  const bool wants_to_send = (libssh2_session_block_directions(session_) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
  if (!wants_to_send) {
    co_await socket_.async_wait(socket_.wait_read, asio::redirect_error(asio::use_awaitable, woken));
    co_return;
  }
  wake_.expires_after(std::chrono::hours(24));
  const auto wake = [self](std::error_code) { self->wake_.cancel(); };
  socket_.async_wait(socket_.wait_read, wake);
  socket_.async_wait(socket_.wait_write, wake);
  co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

namespace {

struct Driving {
  explicit Driving(int& count) : count_(count) { ++count_; }
  ~Driving() { --count_; }
  Driving(const Driving&) = delete;
  Driving& operator=(const Driving&) = delete;
  int& count_;
};

}  // namespace

asio::awaitable<long> SshSession::drive(std::function<long()> step) {
  const Driving driving(driving_);
  while (!closed_) {
    begin_turn();
    const long rc = step();
    if (rc != LIBSSH2_ERROR_EAGAIN) co_return rc;
    co_await wait_for_socket();
  }
  co_return LIBSSH2_ERROR_SOCKET_DISCONNECT;
}

Error SshSession::failure(std::string doing, ErrorKind kind) const {
  std::string why = !ended_because_.empty()          ? ended_because_
                    : limits_.fault() != nullptr     ? limits_.fault()
                    : closed_ || session_ == nullptr ? "the connection was closed"
                                                     : last_message(session_);
  return {.kind = kind, .message = std::move(doing) + (why.empty() ? "" : ": " + why)};
}

asio::awaitable<Result<void>> SshSession::handshake(const OfferedAlgorithms& algorithms) {
  const auto self = shared_from_this();
  if (session_ == nullptr) co_return failure("libssh2 could not start", ErrorKind::internal);
  // The extension names (server-sig-algs, strict key exchange) are added by libssh2 itself.
  for (const auto& [which, names] :
       {std::pair(LIBSSH2_METHOD_KEX, &algorithms.key_exchange),
        std::pair(LIBSSH2_METHOD_HOSTKEY, &algorithms.host_keys),
        std::pair(LIBSSH2_METHOD_CRYPT_CS, &algorithms.ciphers),
        std::pair(LIBSSH2_METHOD_CRYPT_SC, &algorithms.ciphers), std::pair(LIBSSH2_METHOD_MAC_CS, &algorithms.macs),
        std::pair(LIBSSH2_METHOD_MAC_SC, &algorithms.macs),
        std::pair(LIBSSH2_METHOD_SIGN_ALGO, &algorithms.rsa_signatures)}) {
    if (!names->empty()) libssh2_session_method_pref(session_, which, names->c_str());
  }
  const long rc = co_await drive([this] { return libssh2_session_handshake(session_, socket_.native_handle()); });
  if (rc == LIBSSH2_ERROR_KEX_FAILURE || rc == LIBSSH2_ERROR_METHOD_NONE) {
    Error error = failure("no common algorithm with the server, or the key exchange failed", ErrorKind::connect);
    error.hint = "we offer " + algorithms.key_exchange + "; " + algorithms.ciphers + "; " + algorithms.macs +
                 "; and host keys by " + algorithms.host_keys + ". --transport openssh may offer more";
    co_return error;
  }
  if (rc != 0) co_return failure(saw_banner() ? "the key exchange failed" : "no ssh banner", ErrorKind::connect);
  co_return Result<void>();
}

std::string SshSession::host_key() const {
  std::size_t size = 0;
  int type = 0;
  const char* blob = libssh2_session_hostkey(session_, &size, &type);
  return blob == nullptr ? "" : std::string(blob, size);
}

std::string SshSession::describe() const {
  const auto method = [this](int which) {
    const char* name = libssh2_session_methods(session_, which);
    return std::string(name == nullptr ? "?" : name);
  };
  const char* banner = libssh2_session_banner_get(session_);
  return terminal_safe(banner == nullptr ? "" : banner) + " " + method(LIBSSH2_METHOD_KEX) + " " +
         method(LIBSSH2_METHOD_HOSTKEY) + " " + method(LIBSSH2_METHOD_CRYPT_CS) + " " + method(LIBSSH2_METHOD_MAC_CS);
}

asio::awaitable<Result<AuthOutcome>> SshSession::authenticate_key(const std::string& user, const std::string& blob,
                                                                  const Signer& sign) {
  const auto self = shared_from_this();
  Signing signing;
  void* abstract = &signing;
  Error failed{.kind = ErrorKind::auth, .message = ""};
  long rc = LIBSSH2_ERROR_EAGAIN;
  while (rc == LIBSSH2_ERROR_EAGAIN) {
    rc = co_await drive([&] {
      const int step = libssh2_userauth_publickey(
          session_, user.c_str(), reinterpret_cast<const unsigned char*>(blob.data()), blob.size(), on_sign, &abstract);
      return step == LIBSSH2_ERROR_EAGAIN && signing.state == Signing::State::wanted ? 1 : step;
    });
    if (rc != 1) break;
    auto signature = co_await sign(signing.data, algorithm_in(signing.data));
    signing.state = signature ? Signing::State::ready : Signing::State::failed;
    if (signature) {
      signing.signature = *std::move(signature);
    } else {
      failed = std::move(signature).error();
    }
    rc = LIBSSH2_ERROR_EAGAIN;
  }
  if (signing.state == Signing::State::failed) co_return failed;
  if (rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED || rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED)
    co_return AuthOutcome::refused;
  if (rc != 0) co_return failure("authentication ended", ErrorKind::auth);
  limits_.log_in();
  co_return AuthOutcome::accepted;
}

asio::awaitable<std::vector<std::string>> SshSession::methods(const std::string& user) {
  const auto self = shared_from_this();
  const char* list = nullptr;
  co_await drive([&] {
    list = libssh2_userauth_list(session_, user.c_str(), static_cast<unsigned>(user.size()));
    return list == nullptr && libssh2_session_last_errno(session_) == LIBSSH2_ERROR_EAGAIN ? LIBSSH2_ERROR_EAGAIN : 0;
  });
  std::vector<std::string> names;
  if (list != nullptr && !closed_) {
    for (const auto name : split(list, ',')) names.emplace_back(name);
  }
  co_return names;
}

asio::awaitable<Result<AuthOutcome>> SshSession::authenticate_password(const std::string& user,
                                                                       const Secret& password) {
  const auto self = shared_from_this();
  const auto text = password.expose();
  const long rc = co_await drive([&] {
    return libssh2_userauth_password_ex(session_, user.c_str(), static_cast<unsigned>(user.size()), text.data(),
                                        static_cast<unsigned>(text.size()), nullptr);
  });
  if (rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED) co_return AuthOutcome::refused;
  if (rc == LIBSSH2_ERROR_PASSWORD_EXPIRED)
    co_return Error{
        .kind = ErrorKind::auth, .message = "the password has expired", .hint = "log in by hand and change it"};
  if (rc != 0) co_return failure("authentication ended", ErrorKind::auth);
  limits_.log_in();
  co_return AuthOutcome::accepted;
}

namespace {

struct Answer {
  std::string_view password;
  bool given = false;
};

void on_prompts(const char*, int, const char*, int, int count, const LIBSSH2_USERAUTH_KBDINT_PROMPT* prompts,
                LIBSSH2_USERAUTH_KBDINT_RESPONSE* responses, void** abstract) {
  auto& answer = *static_cast<Answer*>(static_cast<SshSession*>(*abstract)->prompt_answer());
  for (int i = 0; i < count; ++i) {
    const bool ours = count == 1 && prompts[i].echo == 0 && !answer.given;
    const std::string_view text = ours ? answer.password : std::string_view();
    responses[i].text = static_cast<char*>(calloc(text.size() + 1, 1));  // libssh2 frees it
    if (responses[i].text != nullptr) text.copy(responses[i].text, text.size());
    responses[i].length = responses[i].text == nullptr ? 0 : static_cast<unsigned>(text.size());
    answer.given = answer.given || ours;
  }
}

}  // namespace

asio::awaitable<Result<AuthOutcome>> SshSession::authenticate_interactive(const std::string& user,
                                                                          const Secret& password) {
  const auto self = shared_from_this();
  Answer answer{password.expose()};
  prompt_answer_ = &answer;
  const long rc = co_await drive([&] {
    return libssh2_userauth_keyboard_interactive_ex(session_, user.c_str(), static_cast<unsigned>(user.size()),
                                                    on_prompts);
  });
  prompt_answer_ = nullptr;
  if (rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED) co_return AuthOutcome::refused;
  if (rc != 0) co_return failure("authentication ended", ErrorKind::auth);
  limits_.log_in();
  co_return AuthOutcome::accepted;
}

asio::awaitable<Result<std::unique_ptr<ByteStream>>> SshSession::exec(const std::string& command) {
  const auto self = shared_from_this();
  LIBSSH2_CHANNEL* channel = nullptr;
  long rc = co_await drive([&] {
    channel = libssh2_channel_open_session(session_);
    return channel == nullptr ? libssh2_session_last_errno(session_) : 0;
  });
  if (rc != 0 || channel == nullptr) co_return failure("the server did not open a session", ErrorKind::connect);
  rc = co_await drive([&] {
    return libssh2_channel_process_startup(channel, "exec", 4, command.data(), static_cast<unsigned>(command.size()));
  });
  if (rc != 0) co_return failure("the server refused to run a command", ErrorKind::connect);
  co_return std::unique_ptr<ByteStream>(std::make_unique<SshStream>(self, channel));
}

std::shared_ptr<Tunnels> SshSession::tunnels() {
  if (!tunnels_) tunnels_ = std::make_shared<Tunnels>(*this);
  return tunnels_;
}

}  // namespace rf
