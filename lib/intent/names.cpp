#include "intent/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/names.h"
#include "base/text.h"
#include "intent/intent.h"

namespace rf {
namespace {

constexpr std::string_view alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view digits = "0123456789";

bool only(std::string_view text, std::string_view allowed) { return text.find_first_not_of(allowed) == text.npos; }

bool is_label(std::string_view label) {
  const auto edge = [](char c) { return alphanumeric.find(c) != alphanumeric.npos; };
  return !label.empty() && label.size() <= 63 && edge(label.front()) && edge(label.back()) &&
         std::all_of(label.begin(), label.end(), [&](char c) { return edge(c) || c == '-' || c == '_'; });
}

Result<int> parse_port(std::string_view text, std::string_view whole) {
  int port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || port > 65535)
      port = 65536;
    else
      port = port * 10 + (c - '0');
  }
  if (text.empty() || port < 1 || port > 65535)
    return intent_error(fmt::format("{} is not a port (in {})", toml_quote(text), toml_quote(whole)),
                        "a port is a number from 1 to 65535");
  return port;
}

}  // namespace

bool is_ipv6(std::string_view text) {
  if (text.size() > 39 || text.find("::") != text.rfind("::") || text.find(":::") != text.npos) return false;
  const bool compressed = text.find("::") != text.npos;
  std::size_t groups = 0, empty = 0;
  for (const auto group : split(text, ':')) {
    if (group.empty())
      ++empty;
    else if (group.size() <= 4 && only(group, "0123456789abcdefABCDEF"))
      ++groups;
    else
      return false;
  }
  if (!compressed) return groups == 8 && empty == 0;
  const bool edge = text.starts_with("::") || text.ends_with("::");
  return groups <= 7 && empty <= (text == "::" ? 3u : edge ? 2u : 1u);
}

Result<HostPort> parse_host_port(std::string_view text) {
  HostPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos || !is_ipv6(text.substr(1, end - 1)))
      return intent_error(fmt::format("{} is not an IPv6 address in brackets", toml_quote(text)),
                          "write [2001:db8::1] or [2001:db8::1]:5000");
    out.host = lower(text.substr(0, end + 1));
    rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':')
      return intent_error(fmt::format("{} has text after the bracket", toml_quote(text)), "write [ADDRESS]:PORT");
  } else {
    if (std::count(text.begin(), text.end(), ':') > 1 && is_ipv6(text))
      return intent_error(fmt::format("{} is an IPv6 address without brackets", toml_quote(text)),
                          fmt::format("write [{}]", text));
    const auto colon = text.find(':');
    out.host = lower(text.substr(0, colon));
    rest = colon == text.npos ? "" : text.substr(colon);
    if (out.host.empty())
      return intent_error(fmt::format("{} has no host name", toml_quote(text)), "write HOST or HOST:PORT");
    if (only(out.host, digits))
      return intent_error(fmt::format("{} is a number, not a host", toml_quote(text)),
                          fmt::format("write HOST:{}, or the host's name", out.host));
    for (const auto label : split(out.host, '.'))
      if (!is_label(label))
        return intent_error(fmt::format("{} is not a host name", toml_quote(text)),
                            "letters, digits, '-' and '.'; a part between dots starts and ends with a letter or digit");
  }
  if (!rest.empty()) {
    RF_TRY(out.port, parse_port(rest.substr(1), text));
  }
  if (out.text().size() > 253)
    return intent_error("this host name is longer than 253 characters", "host names cannot be longer");
  return out;
}

bool is_docker_hub_alias(std::string_view registry) {
  const auto name = parse_host_port(registry);
  return name && lower(registry) == registry && is_hub(name->host) && name->host != hub_registry;
}

Result<void> check_registry_name(std::string_view text) {
  if (text == "*") return {};
  if (text == default_directory || text == "default")
    return intent_error(fmt::format("{} is not a registry", toml_quote(text)), "write \"*\" for every other registry");
  if (const auto scheme = text.find("://"); scheme != text.npos)
    return intent_error(
        fmt::format("{} is a URL; a registry is the part before the first / of an image", toml_quote(text)),
        fmt::format("write {}", text.substr(scheme + 3, text.find('/', scheme + 3) - scheme - 3)));
  if (const auto slash = text.find('/'); slash != text.npos)
    return intent_error(fmt::format("{} has a path; containerd chooses endpoints by registry only, never by repository",
                                    toml_quote(text)),
                        fmt::format("write {}", text.substr(0, slash)));
  if (lower(text) != text)
    return intent_error(fmt::format("{} has capital letters", toml_quote(text)), fmt::format("write {}", lower(text)));
  RF_TRY(const auto name, parse_host_port(text));
  if (is_docker_hub_alias(text))
    return intent_error(fmt::format("{} is Docker Hub, whose images are looked up as docker.io", toml_quote(text)),
                        "write docker.io");
  if (name.host.find('_') != std::string::npos)
    return intent_error(
        fmt::format("{} has an underscore, which no image reference may have before its first /", toml_quote(text)),
        "give the host a name without it");
  if (name.port == 0 && name.host != localhost && name.host.find('.') == std::string::npos &&
      !name.host.starts_with('['))
    return intent_error(fmt::format("{0} is not a registry: the image {0}/app means docker.io/{0}/app", text),
                        fmt::format("write the port, as images do ({}:5000), or a name with a dot", text));
  if (!text.starts_with('[') && name.text() != text)
    return intent_error(fmt::format("{} writes its port in an unusual way", toml_quote(text)),
                        fmt::format("write {}", name.text()));
  return {};
}

Result<std::string> endpoint_host(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != text.npos)
    return intent_error(fmt::format("{} is a URL; options belong to a host, wherever it is used", toml_quote(text)),
                        fmt::format("write {}", text.substr(scheme + 3, text.find('/', scheme + 3) - scheme - 3)));
  if (const auto slash = text.find('/'); slash != text.npos)
    return intent_error(fmt::format("{} has a path; options belong to a host", toml_quote(text)),
                        fmt::format("write {}", text.substr(0, slash)));
  RF_TRY(const auto endpoint, parse_endpoint(text));
  return endpoint.host;
}

Result<void> check_upstream(std::string_view text) { return text == "none" ? Result<void>{} : check_endpoint(text); }
Result<void> check_endpoint(std::string_view text) {
  RF_CHECK(parse_endpoint(text));
  return {};
}
Result<void> check_endpoint_host(std::string_view text) {
  RF_CHECK(endpoint_host(text));
  return {};
}
Result<void> check_node(std::string_view text) {
  RF_CHECK(parse_nodes(text));
  return {};
}

Result<void> check_duration(std::string_view text) {
  const auto fault = [&] {
    return intent_error(fmt::format("{} is not a duration", toml_quote(text)), !text.empty() && only(text, digits)
                                                                                   ? fmt::format("write {}s", text)
                                                                                   : "write 500ms, 2s or 1m30s");
  };
  double nanoseconds = 0;
  std::string_view rest = text;
  if (text.empty() || text.size() > 32) return fault();
  while (!rest.empty()) {
    const auto number = rest.substr(0, rest.find_first_not_of("0123456789."));
    if (number.empty() || std::count(number.begin(), number.end(), '.') > 1 || only(number, ".")) return fault();
    rest.remove_prefix(number.size());
    const auto name = rest.substr(0, rest.find_first_of("0123456789."));
    constexpr std::array<std::pair<std::string_view, double>, 6> units{
        {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}}};
    const auto unit = std::find_if(units.begin(), units.end(), [&](const auto& one) { return one.first == name; });
    if (unit == units.end()) return fault();
    double amount = 0;
    std::from_chars(number.data(), number.data() + number.size(), amount);
    nanoseconds += amount * unit->second;
    rest.remove_prefix(name.size());
  }
  constexpr double longest = 9e18;  // Go counts nanoseconds in 63 bits
  if (nanoseconds > longest)
    return intent_error(fmt::format("{} is longer than containerd can represent", toml_quote(text)),
                        "write 2s, or leave it out");
  if (nanoseconds < 1) return intent_error("a duration of zero", "remove the key to set no limit, or write 2s");
  return {};
}

Result<void> check_header_name(std::string_view text) {
  constexpr std::string_view other = "!#$%&'*+-.^_`|~";
  const bool token = !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return alphanumeric.find(c) != alphanumeric.npos || other.find(c) != other.npos;
  });
  if (!token)
    return intent_error(fmt::format("{} is not a header name", toml_quote(text)),
                        "letters, digits and '-', as in X-Team");
  if (lower(text) == "authorization")
    return intent_error("an Authorization header is made from `auth`",
                        "write auth: { username: NAME, password: { env: VARIABLE } }");
  if (lower(text) == "host") return intent_error("the Host header is made from the endpoint's URL", "remove it");
  return {};
}

Result<void> check_visible(std::string_view text) {
  if (text.empty()) return intent_error("empty", "write a value, or remove the key");
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return intent_error("contains a control character or a line break", "write it on one line");
  return {};
}

Result<void> check_username(std::string_view text) {
  RF_CHECK(check_visible(text));
  if (text.find(':') != text.npos)
    return intent_error("a user name cannot contain ':'", "write the password under its own key");
  return {};
}

Result<void> check_env_name(std::string_view text) {
  if (text.empty() || digits.find(text[0]) != digits.npos ||
      !only(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
    return intent_error(fmt::format("{} is not the name of an environment variable", toml_quote(text)),
                        text.starts_with('$') ? fmt::format("write it without the $: {}", text.substr(1))
                                              : "letters, digits and '_', as in HARBOR_TOKEN");
  return {};
}

}  // namespace rf
