// One ssh connection through libssh2, non-blocking: the steps of a session as coroutines. The only place that calls
// libssh2.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "transport/config/ssh_algorithms.h"
#include "transport/shell/semaphore.h"
#include "transport/shell/shell.h"
#include "transport/ssh/link_watch.h"
#include "transport/ssh/server_limits.h"

struct _LIBSSH2_SESSION;
struct _LIBSSH2_CHANNEL;

namespace rf {

// Signs `data` with the named algorithm; the key it is for is the caller's matter.
using Signer = std::function<asio::awaitable<Result<std::string>>(std::string data, std::string algorithm)>;

class Tunnels;

enum class AuthOutcome { accepted, refused };

class SshSession : public std::enable_shared_from_this<SshSession> {
 public:
  enum class Link { tcp, pipe };
  // Takes over a connected descriptor.
  SshSession(const asio::any_io_executor& executor, int fd, Link link);
  ~SshSession();
  SshSession(const SshSession&) = delete;
  SshSession& operator=(const SshSession&) = delete;

  // Banner and key exchange.
  asio::awaitable<Result<void>> handshake(const OfferedAlgorithms& algorithms);
  bool saw_banner() const { return limits_.saw_banner(); }
  // The server hung up before its banner: it may be busy (MaxStartups) or angry (PerSourcePenalties), and later take
  // us.
  bool turned_away() const { return !saw_banner() && limits_.fault() == nullptr && !closed_; }
  std::string host_key() const;  // as on the wire, after the handshake
  std::string describe() const;  // server banner and algorithms, for -v

  // Offers the key; `sign` is called only once the server has accepted it.
  asio::awaitable<Result<AuthOutcome>> authenticate_key(const std::string& user, const std::string& blob,
                                                        const Signer& sign);
  // What the server would still take: "publickey,password". Costs a round trip.
  asio::awaitable<std::vector<std::string>> methods(const std::string& user);
  asio::awaitable<Result<AuthOutcome>> authenticate_password(const std::string& user, const Secret& password);
  // Answers one hidden prompt with the password, and nothing else.
  asio::awaitable<Result<AuthOutcome>> authenticate_interactive(const std::string& user, const Secret& password);

  // Starts a command; the stream owns the session from then on.
  asio::awaitable<Result<std::unique_ptr<ByteStream>>> exec(const std::string& command);
  // Connections from the far side to others.
  std::shared_ptr<Tunnels> tunnels();

  // From the log-in on: a link that is cut is noticed, and ends the session.
  void keep_alive(KeepAlive settings);
  // The address of the far side; "" where another host is in between.
  std::string address() const;
  // The far side has ended the connection, whether or not all that it sent has been read.
  bool hung_up() const;

  // Ends it at once; what waits fails.
  void close();
  bool closed() const { return closed_; }
  // After an Error of authenticate_key: may another key be tried on this connection?
  bool usable() const { return !closed_ && limits_.fault() == nullptr && !broken_; }

  void* prompt_answer() const { return prompt_answer_; }  // for libssh2's callback, which only knows the session

 private:
  friend class SshStream;
  friend class Tunnels;
  // Calls `step` until it no longer says EAGAIN.
  asio::awaitable<long> drive(std::function<long()> step);
  asio::awaitable<void> wait_for_socket();
  long receive(void* buffer, std::size_t size, int flags);
  long send(const void* buffer, std::size_t size, int flags);
  void begin_turn() {
    limits_.begin_turn();
    turn_used_up_ = false;
  }
  Error failure(std::string doing, ErrorKind kind) const;
  // Of the keep-alives.
  void rest();
  void beat();
  void look_at_link();
  LinkWatch::Traffic traffic() const;
  static long on_receive(int, void*, std::size_t, int, void**);
  static long on_send(int, const void*, std::size_t, int, void**);

  asio::posix::stream_descriptor socket_;
  asio::steady_timer wake_;
  const Link link_;
  _LIBSSH2_SESSION* session_ = nullptr;
  bool closed_ = false;
  bool broken_ = false;        // the connection failed under us
  bool turn_used_up_ = false;  // more may be waiting in the socket
  ServerLimits limits_;
  asio::steady_timer beat_;
  KeepAlive keep_alive_;
  std::optional<LinkWatch> link_watch_;
  std::chrono::steady_clock::time_point next_look_;
  std::uint64_t received_ = 0, sent_ = 0;  // bytes
  int driving_ = 0;                        // calls of drive() that have not ended
  std::function<void()> read_idle_;        // takes in what has arrived while nobody reads
  std::string ended_because_;
  void* prompt_answer_ = nullptr;
  std::shared_ptr<Tunnels> tunnels_;
};

}  // namespace rf
