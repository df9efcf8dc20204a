#include "transport/ssh/keyring.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "transport/config/ssh_algorithms.h"

namespace rf {
namespace {

// The file's text, or why not; nothing at all where there is no file.
std::optional<Result<Secret>> read_key_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (fd < 0) return Error{.kind = ErrorKind::io, .message = std::strerror(errno)};
  struct stat about = {};
  fstat(fd, &about);
  std::string text(64u << 10, '\0');
  const ssize_t got = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (got < 0) return Error{.kind = ErrorKind::io, .message = std::strerror(errno)};
  if ((about.st_mode & 077) != 0 && about.st_uid == getuid())
    return Error{.kind = ErrorKind::refused, .message = "others can read it; run chmod 600 on it"};
  text.resize(static_cast<std::size_t>(got));
  return Secret(std::move(text));
}

// The public key beside a private one, for formats that hide it.
std::string public_key_beside(const std::string& path) {
  const int fd = ::open((path + ".pub").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return "";
  char buffer[16 << 10];
  const ssize_t got = ::read(fd, buffer, sizeof buffer);
  ::close(fd);
  const auto words = split(trim({buffer, got > 0 ? static_cast<std::size_t>(got) : 0}), ' ');
  std::string blob;
  return words.size() >= 2 && base64_decode(words[1], blob) ? blob : "";
}

// Why the configuration keeps this key from being offered; "" when it does not.
std::string not_admitted(const SshSettings& settings, std::string_view blob) {
  const auto type = key_type(blob);
  if (!admits_key(settings.algorithms, type)) return "PubkeyAcceptedAlgorithms does not allow " + type;
  const auto bits = rsa_bits(blob);
  if (bits == 0 || bits >= settings.required_rsa_bits) return "";
  return std::to_string(bits) + " bits, and RequiredRSASize is " + std::to_string(settings.required_rsa_bits);
}

}  // namespace

bool Keyring::can_ask(const SshSettings& settings) const {
  return ask_ && settings.questions == SshSettings::Questions::may_be_asked;
}

asio::awaitable<Result<Secret>> Keyring::ask(const SshSettings& settings, SecretQuestion question) {
  if (!ask_) co_return Error{.kind = ErrorKind::auth, .message = "there is no terminal for a prompt"};
  if (!can_ask(settings))
    co_return Error{.kind = ErrorKind::auth, .message = "BatchMode is yes in your ssh configuration"};
  question.node = settings.name;
  co_return co_await ask_(std::move(question));
}

asio::awaitable<std::shared_ptr<Keyring::AgentKeys>> Keyring::agent_keys(std::string path) {
  auto& slot = agents_[path];
  if (!slot) {
    slot = std::make_shared<AgentKeys>();
    slot->agent = std::make_unique<Agent>(executor_, path, agent_limits_);
  }
  const auto agent = slot;
  const auto place = co_await agent->one_at_a_time.enter();
  if (!std::exchange(agent->listed, true)) {
    if (auto keys = co_await agent->agent->keys()) {
      agent->keys = *std::move(keys);
    } else {
      agent->failed = std::move(keys).error();
    }
  }
  co_return agent;
}

std::shared_ptr<Keyring::File> Keyring::file(const std::string& path) {
  auto& slot = files_[path];
  if (slot) return slot;
  slot = std::make_shared<File>();
  slot->path = path;
  auto text = read_key_file(path);
  if (!text) return slot;
  if (!*text) {
    slot->failed = std::move(*text).error();
    return slot;
  }
  slot->text = **std::move(text);
  if (auto about = inspect_private_key(slot->text.expose())) {
    slot->encryption = about->encryption;
    slot->blob = about->public_blob.empty() ? public_key_beside(path) : about->public_blob;
  } else {
    slot->failed = std::move(about).error();
  }
  return slot;
}

asio::awaitable<Result<std::shared_ptr<const PrivateKey>>> Keyring::unlock(std::shared_ptr<File> file,
                                                                           const SshSettings& settings) {
  const auto place = co_await file->one_at_a_time.enter();
  if (file->key) co_return file->key;
  if (file->failed) co_return *file->failed;
  auto key = file->encryption == KeyFile::Encryption::none
                 ? load_private_key(file->text.expose(), Secret())
                 : Error{.kind = ErrorKind::auth, .message = "the key is encrypted"};
  for (int attempt = 0; attempt < 3 && !key && key.error().kind == ErrorKind::auth; ++attempt) {
    SecretQuestion question{
        .what = SecretQuestion::What::passphrase, .node = {}, .of = file->path, .again = attempt > 0};
    auto passphrase = co_await ask(settings, std::move(question));
    if (!passphrase) {
      Error error{passphrase.error().kind, "the key " + file->path + " is encrypted, and " + passphrase.error().message,
                  "add it to the agent with `ssh-add " + file->path + "`"};
      if (can_ask(settings)) file->failed = error;  // nor is anybody asked for the next node
      co_return error;
    }
    key = load_private_key(file->text.expose(), *passphrase);
  }
  if (!key) {
    file->failed = std::move(key).error();
    co_return *file->failed;
  }
  file->key = *key;
  file->text = Secret();
  co_return file->key;
}

Identity Keyring::identity_of(std::shared_ptr<File> file, const SshSettings& settings) {
  Identity identity{file->path, file->blob, {}};
  identity.sign = [this, file, &settings](std::string data,
                                          std::string algorithm) -> asio::awaitable<Result<std::string>> {
    RF_CO_TRY(const auto key, co_await unlock(file, settings));
    co_return key->sign(data, algorithm);
  };
  return identity;
}

Identity Keyring::identity_of(std::shared_ptr<AgentKeys> agent, const AgentKey& key) {
  Identity identity{"agent key " + terminal_safe(key.comment), key.blob, {}};
  identity.sign = [agent, blob = key.blob](std::string data, std::string algorithm) {
    return agent->agent->sign(blob, std::move(data), std::move(algorithm));
  };
  return identity;
}

asio::awaitable<std::vector<Identity>> Keyring::identities(const SshSettings& settings,
                                                           std::vector<std::string>& problems) {
  std::vector<std::shared_ptr<File>> files;
  for (const auto& path : settings.identity_files) {
    const auto entry = file(path);
    if (entry->failed) problems.push_back(path + ": " + entry->failed->message);
    if (entry->blob.empty())
      entry->blob = public_key_beside(path);  // the agent may hold the key whose file is not here
    if (!entry->blob.empty()) files.push_back(entry);
  }
  std::shared_ptr<AgentKeys> agent;
  if (!settings.agent.empty()) agent = co_await agent_keys(settings.agent);
  if (agent && agent->failed) problems.push_back(agent->failed->message);
  const auto held = [&](const std::string& blob) -> const AgentKey* {
    if (!agent) return nullptr;
    const auto found =
        std::find_if(agent->keys.begin(), agent->keys.end(), [&](const AgentKey& key) { return key.blob == blob; });
    return found == agent->keys.end() ? nullptr : &*found;
  };
  std::vector<Identity> all;
  for (const auto& entry : files) {
    if (const AgentKey* key = held(entry->blob)) all.push_back(identity_of(agent, *key));
  }
  if (agent && settings.identities == SshSettings::Identities::any) {
    for (const auto& key : agent->keys) {
      const bool listed =
          std::any_of(files.begin(), files.end(), [&](const auto& entry) { return entry->blob == key.blob; });
      if (!listed) all.push_back(identity_of(agent, key));
    }
  }
  for (const auto& entry : files) {
    if (held(entry->blob) == nullptr && (entry->key || !entry->text.empty()))
      all.push_back(identity_of(entry, settings));
  }
  std::erase_if(all, [&](const Identity& identity) {
    const auto why = not_admitted(settings, identity.blob);
    if (!why.empty()) problems.push_back(identity.name + ": " + why);
    return !why.empty();
  });
  std::stable_partition(all.begin(), all.end(),
                        [this](const Identity& identity) { return identity.blob == accepted_; });
  co_return all;
}

}  // namespace rf
