#include "run/dialer.h"

#include "transport/ssh/ssh.h"
#include "transport/ways/container.h"
#include "transport/ways/local.h"
#include "transport/ways/openssh.h"

namespace rf {
namespace {

UnknownHostKey unknown_host_key(Reach::NewHosts new_hosts) {
  switch (new_hosts) {
    case Reach::NewHosts::refuse: return UnknownHostKey::refuse;
    case Reach::NewHosts::ask: return UnknownHostKey::ask;
    case Reach::NewHosts::accept: return UnknownHostKey::accept;
  }
  return UnknownHostKey::refuse;
}

AskSecret secret_asker(const Reach& reach, Questions& questions) {
  if (!reach.ask_secret) return {};
  return [ask = reach.ask_secret, &questions](SecretQuestion question) -> asio::awaitable<Result<Secret>> {
    std::function<Result<Secret>()> person = [ask, question] { return ask(question); };
    co_return co_await questions.ask<Secret>(std::move(person));
  };
}

Access access_of(const Reach& reach, Questions& questions) {
  Access access{.privilege = Privilege::root, .limit = reach.timeout};
  const auto ask = secret_asker(reach, questions);
  if (reach.sudo == Reach::Sudo::may_ask && ask) access.sudo = std::make_shared<SudoPassword>(ask);
  return access;
}

SshOptions ssh_options(const Reach& reach, const Access& access, RunObserver& observer, Questions& questions) {
  SshOptions ssh{.config = {.path = reach.ssh_config}, .access = access};
  ssh.unknown_host_key = unknown_host_key(reach.new_hosts);
  if (reach.accept_host_key) {
    ssh.confirm_host_key = [ask = reach.accept_host_key, &questions](NewHostKey key) -> asio::awaitable<Result<bool>> {
      std::function<Result<bool>()> person = [ask, key] { return ask(key); };
      co_return co_await questions.ask<bool>(std::move(person));
    };
  }
  ssh.on_accepted = [&observer](const NewHostKey& key) { observer.accepted(key); };
  ssh.on_warning = [&observer](const std::string& text) { observer.warned(text); };
  ssh.ask_secret = secret_asker(reach, questions);
  return ssh;
}

std::shared_ptr<Askpass> askpass_of(const asio::any_io_executor& executor, const Reach& reach, RunObserver& observer,
                                    Questions& questions) {
  if (reach.askpass_program.empty() || !reach.ask_secret || !reach.confirm) return nullptr;
  AskpassOptions options{.program = reach.askpass_program, .ask_secret = secret_asker(reach, questions)};
  options.confirm = [ask = reach.confirm, &questions](ConfirmQuestion question) -> asio::awaitable<Result<bool>> {
    std::function<Result<bool>()> person = [ask, question] { return ask(question); };
    co_return co_await questions.ask<bool>(std::move(person));
  };
  options.on_notice = [&observer](const std::string& text) { observer.noted(text); };
  return std::make_shared<Askpass>(executor, std::move(options));
}

OpensshOptions::UnknownHostKey openssh_unknown_host_key(Reach::NewHosts new_hosts) {
  using UnknownHostKey = OpensshOptions::UnknownHostKey;
  switch (new_hosts) {
    case Reach::NewHosts::refuse: return UnknownHostKey::refuse;
    case Reach::NewHosts::ask: return UnknownHostKey::ask;
    case Reach::NewHosts::accept: return UnknownHostKey::accept;
  }
  return UnknownHostKey::refuse;
}

OpensshOptions openssh_options(const Reach& reach, std::shared_ptr<Askpass> askpass) {
  return {.config_file = reach.ssh_config,
          .unknown_host_key = openssh_unknown_host_key(reach.new_hosts),
          .askpass = std::move(askpass)};
}

class NodeDialer : public Dialer {
 public:
  NodeDialer(const asio::any_io_executor& executor, const Reach& reach, RunObserver& observer, Questions& questions)
      : reach_(reach),
        access_(access_of(reach, questions)),
        ssh_(executor, ssh_options(reach, access_, observer, questions)),
        openssh_(openssh_options(reach, askpass_of(executor, reach, observer, questions))) {}

  asio::awaitable<Result<std::unique_ptr<Shell>>> open(const NodeSpec& spec) override {
    const Container container{.engine = spec.kind == NodeSpec::Kind::podman ? "podman" : "docker", .name = spec.name};
    switch (spec.kind) {
      case NodeSpec::Kind::local: co_return co_await open_local(access_, spec.text);
      case NodeSpec::Kind::docker:
      case NodeSpec::Kind::podman: co_return co_await open_container(container, access_);
      case NodeSpec::Kind::kind_cluster:
      case NodeSpec::Kind::ssh: break;
    }
    if (reach_.transport == Reach::Transport::openssh)
      co_return co_await open_openssh(target_of(spec), access_, openssh_);
    co_return co_await ssh_.connect(target_of(spec));
  }

 private:
  // A node's own identity counts more than the one for all, as its user and port do.
  Target target_of(const NodeSpec& spec) const {
    return {.host = spec.name,
            .user = spec.user,
            .port = spec.port,
            .identity = spec.identity.empty() ? reach_.identity : spec.identity,
            .jump = spec.jump,
            .name = spec.text};
  }

  const Reach reach_;
  const Access access_;
  SshClient ssh_;
  const OpensshOptions openssh_;
};

}  // namespace

std::unique_ptr<Dialer> make_dialer(const asio::any_io_executor& executor, const Reach& reach, RunObserver& observer,
                                    Questions& questions) {
  return std::make_unique<NodeDialer>(executor, reach, observer, questions);
}

}  // namespace rf
