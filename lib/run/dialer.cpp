#include "run/dialer.h"

#include "transport/ssh/ssh.h"
#include "transport/ways/container.h"
#include "transport/ways/local.h"
#include "transport/ways/openssh.h"

namespace rf {
namespace {

SshOptions::UnknownHostKey unknown_host_key(Reach::NewHosts new_hosts) {
  switch (new_hosts) {
    case Reach::NewHosts::refuse: return SshOptions::UnknownHostKey::refuse;
    case Reach::NewHosts::ask: return SshOptions::UnknownHostKey::ask;
    case Reach::NewHosts::accept: return SshOptions::UnknownHostKey::accept;
  }
  return SshOptions::UnknownHostKey::refuse;
}

Access access_of(const Reach& reach) { return {.privilege = Privilege::root, .sudo_password = reach.sudo_password}; }
ConnectLimits limits_of(const Reach& reach) { return {.connect = reach.timeout}; }

SshOptions ssh_options(const Reach& reach, RunObserver& observer) {
  SshOptions ssh{.config = {.path = reach.ssh_config}, .access = access_of(reach), .limits = limits_of(reach)};
  ssh.unknown_host_key = unknown_host_key(reach.new_hosts);
  ssh.confirm_host_key = [ask = reach.accept_host_key](NewHostKey key) -> asio::awaitable<bool> {
    co_return ask&& ask(key);
  };
  ssh.on_accepted = [&observer](const NewHostKey& key) { observer.accepted(key); };
  if (reach.ask_secret) {
    ssh.ask_secret = [ask = reach.ask_secret](std::string question) -> asio::awaitable<Result<Secret>> {
      co_return ask(question);
    };
  }
  return ssh;
}

OpensshOptions openssh_options(const Reach& reach) {
  using Options = OpensshOptions;
  return {
      .config_file = reach.ssh_config,
      .unknown_host_key = reach.new_hosts == Reach::NewHosts::accept ? Options::UnknownHostKey::accept
                                                                     : Options::UnknownHostKey::refuse,
      .prompts = reach.prompts == Reach::Prompts::on_terminal ? Options::Prompts::on_terminal : Options::Prompts::never,
      .limits = limits_of(reach)};
}

class NodeDialer : public Dialer {
 public:
  NodeDialer(const asio::any_io_executor& executor, const Reach& reach, RunObserver& observer)
      : reach_(reach), ssh_(executor, ssh_options(reach, observer)) {}

  asio::awaitable<Result<std::unique_ptr<Shell>>> open(const NodeSpec& spec) override {
    const Container container{.engine = spec.kind == NodeSpec::Kind::podman ? "podman" : "docker", .name = spec.name};
    switch (spec.kind) {
      case NodeSpec::Kind::local: co_return co_await open_local(access_of(reach_));
      case NodeSpec::Kind::docker:
      case NodeSpec::Kind::podman: co_return co_await open_container(container, access_of(reach_));
      case NodeSpec::Kind::kind_cluster:
      case NodeSpec::Kind::ssh: break;
    }
    if (reach_.transport == Reach::Transport::openssh)
      co_return co_await open_openssh(target_of(spec), access_of(reach_), openssh_options(reach_));
    co_return co_await ssh_.connect(target_of(spec));
  }

 private:
  // A node's own identity counts more than the one for all, as its user and port do.
  Target target_of(const NodeSpec& spec) const {
    return {.host = spec.name,
            .user = spec.user,
            .port = spec.port,
            .identity = spec.identity.empty() ? reach_.identity : spec.identity,
            .jump = spec.jump};
  }

  const Reach reach_;
  SshClient ssh_;
};

}  // namespace

std::unique_ptr<Dialer> make_dialer(const asio::any_io_executor& executor, const Reach& reach, RunObserver& observer) {
  return std::make_unique<NodeDialer>(executor, reach, observer);
}

}  // namespace rf
