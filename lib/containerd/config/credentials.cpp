#include "containerd/config/credentials.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <utility>

#include "base/names.h"
#include "base/text.h"
#include "containerd/go/go_url.h"

namespace rf {

Result<OfferedCredentials> offered_credentials(const RequestAuth& request, std::string_view host) {
  if (!request.server_address.empty()) {
    RF_TRY(const auto url, parse_go_url(request.server_address).doing("parse server address"));
    if (url.host != host) return OfferedCredentials{};
  }
  if (!request.username.empty()) return OfferedCredentials{request.username, request.password};
  if (!request.identity_token.empty()) return OfferedCredentials{"", request.identity_token};
  if (request.auth.empty()) return OfferedCredentials{};
  std::string decoded;
  if (!base64_decode(request.auth.expose(), decoded))
    return Error{.kind = ErrorKind::parse, .message = "auth is not base64 of USER:PASSWORD"};
  const auto colon = decoded.find(':');
  if (colon == decoded.npos)
    return Error{.kind = ErrorKind::parse, .message = "auth has no ':' between user and password"};
  auto password = decoded.substr(colon + 1);
  while (password.ends_with('\0')) password.pop_back();
  return OfferedCredentials{decoded.substr(0, colon), Secret(std::move(password))};
}

RequestAuth request_auth(const RegistryAuth& configured) {
  return {.username = configured.username,
          .password = configured.password,
          .auth = configured.auth,
          .identity_token = configured.identity_token};
}

std::string configured_credentials(const EffectiveConfig& config, std::string_view host) {
  const auto found = config.auths.find(host);
  if (found == config.auths.end()) return "";
  const auto offered = offered_credentials(request_auth(found->second), host);
  const std::string_view fault = !offered ? "unusable: " : offered->none() ? "empty" : "";
  return fmt::format("configs.\"{}\".auth ({}){}{}{}", host,
                     to_string(Location{found->second.where.file, found->second.where.line, 0}),
                     fault.empty() ? "" : ", ", fault, offered ? "" : offered.error().message);
}

}  // namespace rf
