#include "line/version.h"

#include <fmt/core.h>
#include <libssh2.h>
#include <openssl/crypto.h>
#include <CLI/Version.hpp>
#include <asio/version.hpp>
#include <nlohmann/detail/abi_macros.hpp>
#if __has_include(<toml++/impl/version.hpp>)
#include <toml++/impl/version.hpp>
#else
#include <toml++/impl/version.h>
#endif

namespace rf::cmd {

std::string version_text() {
  const auto line = [](std::string_view name, std::string_view version) {
    return fmt::format("  {:<12}{}\n", name, version);
  };
  std::string out = "regfallback " RF_VERSION "\n";
  out += line("libssh2", libssh2_version(0));
  out += line("OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING));
  out += line("fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  out += line("yaml-cpp", RF_YAML_CPP_VERSION);
  out += line("toml++", fmt::format("{}.{}.{}", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH));
  out += line("CLI11", CLI11_VERSION);
  out += line("nlohmann", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                      NLOHMANN_JSON_VERSION_PATCH));
  out += line("asio", fmt::format("{}.{}.{}", ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100));
  return out;
}

}  // namespace rf::cmd
