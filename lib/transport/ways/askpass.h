// The questions of the system's ssh. For each it runs a program (SSH_ASKPASS), which is this program again and hands
// the question over a private socket to the process that started ssh. So they come as all others do, and ssh needs no
// terminal.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/config/ssh_settings.h"
#include "transport/shell/asking.h"
#include "transport/shell/question.h"

namespace rf {

struct AskpassOptions {
  std::string program;  // that ssh runs for a question
  AskSecret ask_secret = {};
  AskConfirmation confirm = {};
  std::function<void(const std::string&)> on_notice = {};  // "NODE: confirm user presence for key ..."
};

// One for a run. Its socket is in a directory of this user's alone and takes questions only of this user's processes
// that know a token; both go away with this.
class Askpass {
  struct State;
  struct Client;

 public:
  Askpass(const asio::any_io_executor& executor, AskpassOptions options);
  ~Askpass();
  Askpass(const Askpass&) = delete;
  Askpass& operator=(const Askpass&) = delete;

  // The questions of one ssh process, taken for as long as this lives.
  class Connection {
   public:
    Connection(std::shared_ptr<State> state, std::shared_ptr<Client> client)
        : state_(std::move(state)), client_(std::move(client)) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    std::vector<std::string> environment() const;  // "NAME=VALUE", for ssh
    std::shared_ptr<Asking> asking() const;
    bool answered() const;  // a person gave an answer, which is not asked for again when the connection is made again

   private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Client> client_;
  };
  // `node` as the user named it.
  Result<std::unique_ptr<Connection>> connect(const std::string& node,
                                              SshProgramSettings::ServerQuestions server_questions);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace rf
