// An intent from the flags --mirror and --fallback.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "intent/intent.h"
#include "intent/names.h"
#include "intent/rules.h"

namespace rf {
namespace {

// All that the flags say of one registry.
struct Flag {
  std::string registry;
  std::vector<Endpoint> list = {};      // of --mirror
  std::vector<Endpoint> fallback = {};  // of --fallback
  bool no_upstream = false;
  bool by_url = false;  // an endpoint of the list was written with its scheme
  Location where;
};

// A registry of the user's own, rather than a public one: its name has a port.
bool is_own(const Flag& flag) {
  const auto name = parse_host_port(flag.registry);
  return name && name->port != 0;
}

struct FlagText {
  std::string_view name;  // "--mirror"
  std::string_view value;
  Location where() const { return {fmt::format("{} {}", name, value), 0, 0}; }
};

Result<Flag*> flag_for(const FlagText& text, std::vector<Flag>& flags) {
  const auto equals = text.value.find('=');
  if (equals == text.value.npos)
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("{} {} has no '='", text.name, text.value),
                 .hint = fmt::format("write {} docker.io=http://anubis:32000", text.name)};
  const auto name = text.value.substr(0, equals);
  RF_CHECK(check_registry_name(name));
  const auto flag = std::find_if(flags.begin(), flags.end(), [&](const Flag& f) { return f.registry == name; });
  if (flag != flags.end()) return &*flag;
  return &flags.emplace_back(Flag{.registry = std::string(name), .where = text.where()});
}

Result<void> read_mirror_flag(const FlagText& text, std::vector<Flag>& flags) {
  RF_TRY(auto* flag, flag_for(text, flags));
  for (auto part : split(text.value.substr(text.value.find('=') + 1), ',')) {
    part = trim(part);
    if (part == "none") {
      flag->no_upstream = true;
      continue;
    }
    RF_TRY(auto endpoint, parse_endpoint(part));
    flag->list.push_back(std::move(endpoint));
    flag->by_url = flag->by_url || part.find("://") != part.npos;
  }
  return {};
}

Result<void> read_fallback_flag(const FlagText& text, std::vector<Flag>& flags) {
  RF_TRY(auto* flag, flag_for(text, flags));
  for (const auto part : split(text.value.substr(text.value.find('=') + 1), ',')) {
    RF_TRY(auto endpoint, parse_endpoint(trim(part)));
    flag->fallback.push_back(std::move(endpoint));
  }
  return {};
}

// The endpoint by which another flag asks this registry's own host. A public registry is often an endpoint of another
// one too; what tells a registry of the user's own is a port in its name, or another URL than the usual.
const Endpoint* asked_elsewhere(const Endpoint& own, const Flag& flag, const std::vector<Flag>& flags) {
  for (const auto& other : flags)
    if (&other != &flag)
      for (const auto& endpoint : other.list)
        if (endpoint.host == own.host && !endpoint.override_path() &&
            (endpoint != own || flag.registry.find(':') != std::string::npos))
          return &endpoint;
  return nullptr;
}

Registry registry_of(const Flag& flag, const std::vector<Flag>& flags) {
  Registry out;
  out.name = flag.registry;
  out.where = flag.where;
  if (flag.registry != "*")
    if (auto own = parse_endpoint(flag.registry)) out.upstream_endpoint = *std::move(own);
  if (flag.registry == "*") out.upstream_endpoint.host.clear();
  if (flag.no_upstream) {
    out.upstream = Registry::Upstream::none;
    out.mirrors = flag.list;
    out.fallback = flag.fallback;
    return out;
  }
  const auto own = std::find_if(flag.list.begin(), flag.list.end(),
                                [&](const Endpoint& e) { return e.host == out.upstream_endpoint.host; });
  if (own != flag.list.end()) {
    out.upstream = Registry::Upstream::given;
    out.mirrors.assign(flag.list.begin(), own);
    out.fallback.assign(own + 1, flag.list.end());
    out.upstream_endpoint = *own;
  } else if (const auto* elsewhere = asked_elsewhere(out.upstream_endpoint, flag, flags)) {
    out.upstream = Registry::Upstream::given;
    out.upstream_endpoint = *elsewhere;
    out.fallback = flag.list;
  } else if (is_own(flag) && !flag.by_url) {
    out.fallback = flag.list;
  } else {
    out.mirrors = flag.list;
  }
  out.fallback.insert(out.fallback.end(), flag.fallback.begin(), flag.fallback.end());
  return out;
}

}  // namespace

IntentOrProblems intent_from_flags(const RegistryFlags& given) {
  IntentOrProblems out;
  std::vector<Flag> flags;
  const auto read_all = [&](std::string_view name, const std::vector<std::string>& values, auto read) {
    for (const auto& value : values) {
      const FlagText text{name, value};
      auto done = read(text, flags);
      if (done) continue;
      done.error().kind = ErrorKind::usage;
      if (!done.error().where) done.error().where = text.where();
      out.problems.push_back(std::move(done.error()));
    }
  };
  read_all("--mirror", given.mirrors, read_mirror_flag);
  read_all("--fallback", given.fallbacks, read_fallback_flag);
  for (const auto& flag : flags) {
    out.intent.registries.push_back(registry_of(flag, flags));
    for (auto& problem : registry_problems(out.intent.registries.back()))
      if (out.problems.empty()) out.problems.push_back(std::move(problem));
  }
  return out;
}

}  // namespace rf
