#include "host/secrets.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "host/command_output.h"
#include "host/docker_config.h"
#include "host/files.h"
#include "host/pem.h"

namespace rf {
namespace {

// One line break at the end is the editor's, not the secret's.
std::string without_line_break(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

Result<Secret> usable(std::string text, const std::string& what) {
  Secret secret(std::move(text));
  if (secret.empty()) return intent_error(what + " is empty", "a password has at least one character");
  for (const char c : secret.expose())
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return intent_error(what + " contains a line break or a control character", "it must be a single line");
  return secret;
}

class Resolver {
 public:
  explicit Resolver(const SecretLimits& limits) : limits_(limits) {}

  void endpoint(const EndpointOptions& options) {
    ResolvedEndpoint out;
    out.username = options.username;
    if (options.password) {
      auto password = resolve(*options.password, options.host, out.username);
      if (password)
        out.password = *std::move(password);
      else
        problem(std::move(password.error()), options.password->where);
    }
    if (!options.ca_file.empty()) out.ca_pem = certificates(options.ca_file, options.where);
    if (!options.client_cert_file.empty()) client(options, out);
    result_.endpoints.emplace(options.host, std::move(out));
  }
  ResolvedOrProblems take() { return std::move(result_); }

 private:
  void problem(Error error, const Location& where) {
    if (!error.where) error.where = where;
    result_.problems.push_back(std::move(error));
  }

  Result<Secret> resolve(const SecretRef& reference, const std::string& host, std::string& username) {
    switch (reference.kind) {
      case SecretRef::Kind::literal: return Secret(reference.value);
      case SecretRef::Kind::env: return from_environment(reference.value);
      case SecretRef::Kind::file: return from_file(reference.value);
      case SecretRef::Kind::command: return from_command(reference.value);
      case SecretRef::Kind::docker_config: break;
    }
    RF_TRY(auto credentials, docker_credentials(reference.value, host, limits_.command));
    username = credentials.username;
    return std::move(credentials.password);
  }

  static Result<Secret> from_environment(const std::string& name) {
    auto value = environment(name.c_str());
    if (!value)
      return intent_error(fmt::format("the environment variable {} is not set", name),
                          fmt::format("export {}=...", name));
    return usable(*std::move(value), fmt::format("the environment variable {}", name));
  }
  Result<Secret> from_file(const std::string& written) {
    const auto path = expand_home(written);
    RF_TRY(auto file, read_local_file(path));
    if ((file.mode_bits & 077) != 0)
      result_.warnings.push_back(fmt::format("{} has mode {:04o}: others on this machine can read it (chmod 600 {})",
                                             path, file.mode_bits & 07777, path));
    return usable(without_line_break(std::move(file.text)), path);
  }
  // The same command line is run once, however many endpoints use it.
  Result<Secret> from_command(const std::string& line) {
    if (const auto known = commands_.find(line); known != commands_.end()) return known->second;
    const auto what = "the output of the command for the password";
    RF_TRY(auto output,
           command_output({"/bin/sh", "-c", line}, limits_.command).doing("running the command for a password"));
    Secret text(without_line_break(std::move(output.text)));
    if (output.rc != 0)
      return intent_error(fmt::format("the command for the password ended with status {}", output.rc),
                          output.complaint.empty()
                              ? "run it by hand to see why"
                              : fmt::format("it said: {}", terminal_safe(trim(output.complaint).substr(0, 300))));
    RF_TRY(auto secret, usable(std::string(text.expose()), what));
    commands_.emplace(line, secret);
    return secret;
  }

  std::string certificates(const std::string& written, const Location& where) {
    const auto path = expand_home(written);
    auto file = read_local_file(path);
    if (!file) {
      problem(std::move(file.error()), where);
      return {};
    }
    auto checked = check_certificates(file->text);
    if (!checked) {
      checked.error().message = fmt::format("{}: {}", path, checked.error().message);
      problem(std::move(checked.error()), where);
      return {};
    }
    if (!checked->warning.empty()) result_.warnings.push_back(fmt::format("{}: {}", path, checked->warning));
    return file->text;
  }

  void client(const EndpointOptions& options, ResolvedEndpoint& out) {
    out.client_cert_pem = certificates(options.client_cert_file, options.where);
    const auto path = expand_home(options.client_key_file);
    auto file = read_local_file(path);
    if (!file) return problem(std::move(file.error()), options.where);
    out.client_key_pem = Secret(std::move(file->text));
    if (out.client_cert_pem.empty()) return;
    if (auto checked = check_key(out.client_cert_pem, out.client_key_pem.expose()); !checked) {
      checked.error().message = fmt::format("{}: {}", path, checked.error().message);
      problem(std::move(checked.error()), options.where);
    }
  }

  const SecretLimits& limits_;
  std::map<std::string, Secret, std::less<>> commands_;
  ResolvedOrProblems result_;
};

}  // namespace

ResolvedOrProblems resolve_secrets(const Intent& intent, const SecretLimits& limits) {
  std::set<std::string, std::less<>> used;
  for (const auto& registry : intent.registries)
    for (const auto& endpoint : registry.chain()) used.insert(endpoint.host);
  Resolver resolver(limits);
  for (const auto& [host, options] : intent.endpoints)
    if (used.contains(host)) resolver.endpoint(options);
  return resolver.take();
}

}  // namespace rf
