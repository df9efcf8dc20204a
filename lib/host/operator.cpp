#include "host/operator.h"

#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/files.h"

namespace rf {
namespace {

std::string user_name() {
  const auto uid = ::getuid();
  // sudo changes the user and says who it was; anybody else's $SUDO_USER proves nothing.
  if (uid == 0)
    if (auto before = environment("SUDO_USER")) return *std::move(before);
  if (const auto* entry = ::getpwuid(uid); entry != nullptr && entry->pw_name[0] != '\0') return entry->pw_name;
  return std::to_string(uid);
}

}  // namespace

std::string operator_name() {
  utsname system{};
  if (::uname(&system) != 0 || system.nodename[0] == '\0') return user_name();
  return user_name() + "@" + system.nodename;
}

}  // namespace rf
