#include "dialer.h"

#include <csignal>

#include "base/text.h"
#include "host/files.h"
#include "transport/ways/container.h"
#include "transport/ways/local.h"
#include "transport/ways/openssh.h"

namespace rf::cmd {
namespace {

// A node's own identity counts more than the one of the command line, as its user and port do.
Target target_of(const NodeSpec& spec, const Options& options) {
  return {.host = spec.name,
          .user = spec.user,
          .port = spec.port,
          .identity = expand_home(spec.identity.empty() ? options.identity : spec.identity),
          .jump = spec.jump};
}

SshOptions ssh_options(Context& context, const Access& access, const ConnectLimits& limits) {
  const auto& options = context.options;
  const bool person = options.facts.empty() && can_ask();
  using Unknown = SshOptions::UnknownHostKey;
  SshOptions ssh{.config = {.path = expand_home(options.ssh_config)}, .access = access, .limits = limits};
  ssh.unknown_host_key = options.accept_new_host_keys ? Unknown::accept : person ? Unknown::ask : Unknown::refuse;
  ssh.confirm_host_key = [](NewHostKey key) -> asio::awaitable<bool> {
    const auto question = "The host key of " + terminal_safe(key.host) + " is not known: " + terminal_safe(key.type) +
                          " " + terminal_safe(key.fingerprint) + "\nAccept and remember it? [y/N] ";
    const auto reply = ask_yes(question);
    if (reply == Reply::interrupted) std::raise(SIGINT);  // ends the run, not only this question
    co_return reply == Reply::yes;
  };
  ssh.on_accepted = [&context](const NewHostKey& key) {
    context.note(key.host + ": remembered host key " + key.fingerprint);
  };
  if (person) {
    ssh.ask_secret = [](std::string question) -> asio::awaitable<Result<Secret>> {
      co_return ask_secret(terminal_safe(question));
    };
  }
  return ssh;
}

OpensshOptions openssh_options(const Options& options, const ConnectLimits& limits) {
  using Unknown = OpensshOptions::UnknownHostKey;
  return {.config_file = expand_home(options.ssh_config),
          .unknown_host_key = options.accept_new_host_keys ? Unknown::accept : Unknown::refuse,
          .prompts = can_ask() ? OpensshOptions::Prompts::on_terminal : OpensshOptions::Prompts::never,
          .limits = limits};
}

}  // namespace

Dialer::Dialer(const asio::any_io_executor& executor, Context& context, Access access, ConnectLimits limits)
    : context_(context),
      access_(std::move(access)),
      limits_(limits),
      ssh_(executor, ssh_options(context, access_, limits_)) {}

asio::awaitable<Result<std::unique_ptr<Shell>>> Dialer::open(const NodeSpec& spec) {
  const Container container{.engine = spec.kind == NodeSpec::Kind::podman ? "podman" : "docker", .name = spec.name};
  switch (spec.kind) {
    case NodeSpec::Kind::local: co_return co_await open_local(access_);
    case NodeSpec::Kind::docker:
    case NodeSpec::Kind::podman: co_return co_await open_container(container, access_);
    case NodeSpec::Kind::kind_cluster:
    case NodeSpec::Kind::ssh: break;
  }
  if (context_.options.transport == "openssh") {
    co_return co_await open_openssh(target_of(spec, context_.options), access_,
                                    openssh_options(context_.options, limits_));
  }
  co_return co_await ssh_.connect(target_of(spec, context_.options));
}

}  // namespace rf::cmd
