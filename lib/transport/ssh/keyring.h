// The keys of a run: the agent's and those in files, each read once and each passphrase asked for once, whatever the
// number of nodes.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "transport/config/ssh_config.h"
#include "transport/keys/agent.h"
#include "transport/keys/private_key.h"
#include "transport/shell/question.h"
#include "transport/shell/semaphore.h"
#include "transport/ssh/session.h"

namespace rf {

struct Identity {
  std::string name;  // for messages: a file, or "agent key COMMENT"
  std::string blob;
  Signer sign;
};

class Keyring {
 public:
  Keyring(const asio::any_io_executor& executor, AskSecret ask, AgentLimits agent)
      : executor_(executor), ask_(std::move(ask)), agent_limits_(agent) {}
  // The keys to offer, in OpenSSH's order: listed ones that the agent holds, the agent's others, then files; without
  // those that the settings do not admit. `problems` tells which exist but cannot be used. `settings` must live as long
  // as the result.
  asio::awaitable<std::vector<Identity>> identities(const SshSettings& settings, std::vector<std::string>& problems);
  // Whether a question about this host has somebody to answer it.
  bool can_ask(const SshSettings& settings) const;
  asio::awaitable<Result<Secret>> ask(const SshSettings& settings, SecretQuestion question);
  // A key that a node accepted is offered first to the next one: servers count refused keys as failed attempts.
  void note_accepted(const std::string& blob) { accepted_ = blob; }

 private:
  struct File {
    std::string path;
    Secret text;
    std::string blob;
    KeyFile::Encryption encryption = KeyFile::Encryption::none;
    std::shared_ptr<const PrivateKey> key;
    std::optional<Error> failed;
    Semaphore one_at_a_time{1};
  };
  struct AgentKeys {
    std::unique_ptr<Agent> agent;
    std::vector<AgentKey> keys;
    std::optional<Error> failed;
    bool listed = false;
    Semaphore one_at_a_time{1};
  };
  asio::awaitable<std::shared_ptr<AgentKeys>> agent_keys(std::string path);
  std::shared_ptr<File> file(const std::string& path);
  asio::awaitable<Result<std::shared_ptr<const PrivateKey>>> unlock(std::shared_ptr<File> file,
                                                                    const SshSettings& settings);
  Identity identity_of(std::shared_ptr<File> file, const SshSettings& settings);
  static Identity identity_of(std::shared_ptr<AgentKeys> agent, const AgentKey& key);

  asio::any_io_executor executor_;
  AskSecret ask_;
  const AgentLimits agent_limits_;
  std::string accepted_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<std::string, std::shared_ptr<AgentKeys>> agents_;
};

}  // namespace rf
