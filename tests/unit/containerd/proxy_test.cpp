// Which endpoints containerd asks through a proxy.
#include "containerd/pull/proxy.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "base/ip_address.h"

using namespace rf;

TEST_CASE("an endpoint is asked through the proxy of its scheme, unless NO_PROXY excepts it", "[proxy]") {
  struct Case {
    const char* no_proxy;
    const char* scheme;
    const char* host;
    const char* proxy;  // "" for none
  };
  constexpr auto tls = "http://p:3128";
  constexpr auto plain = "http://q:8080";
  const auto c = GENERATE_COPY(values<Case>({
      {"", "https", "ghcr.io", tls},
      {"", "http", "anubis:32000", plain},
      {"", "https", "localhost:5000", ""},
      {"", "https", "127.1.2.3", ""},
      {"", "https", "[::1]:5000", ""},
      {"ghcr.io", "https", "ghcr.io", ""},
      {"ghcr.io", "https", "pkg.ghcr.io", ""},
      {"ghcr.io", "https", "notghcr.io", tls},
      {".ghcr.io", "https", "ghcr.io", tls},
      {"*.ghcr.io", "https", "pkg.ghcr.io", ""},
      {"*.ghcr.io", "https", "ghcr.io", tls},
      {" a , GHCR.io ", "https", "ghcr.io", ""},
      {"a ghcr.io", "https", "ghcr.io", tls},        // blanks part nothing
      {"https://ghcr.io", "https", "ghcr.io", tls},  // an entry has no scheme
      {"ghcr.io:443", "https", "ghcr.io", ""},
      {"ghcr.io:5000", "https", "ghcr.io", tls},
      {"anubis:32000", "http", "anubis:32000", ""},
      {"anubis:80", "http", "anubis", ""},
      {"10.0.0.0/8", "http", "10.1.2.3:5000", ""},
      {"10.0.0.0/8", "http", "anubis", plain},  // a name that resolves into it is none of it
      {"10.0.0.0/8", "http", "11.1.2.3", plain},
      {"10.0.*", "http", "10.0.1.2", plain},
      {"10.1.2.3", "http", "10.1.2.3:5000", ""},
      {"10.1.2.3:5000", "http", "10.1.2.3:5001", plain},
      {"fd00::/8", "http", "[fd00::1]:5000", ""},
      {"[fd00::1]:5000", "http", "[fd00::1]:5000", ""},
      {"[fd00::1]", "http", "[fd00::1]:5000", plain},
      {"fd00::1", "http", "[fd00::1]:5000", ""},
      {"x,*", "https", "ghcr.io", ""},
      {":443", "https", "ghcr.io", tls},
  }));
  INFO(c.no_proxy << " for " << c.scheme << "://" << c.host);
  const ProxyEnvironment environment{{"HTTPS_PROXY", "p:3128"}, {"http_proxy", plain}, {"NO_PROXY", c.no_proxy}};
  const auto proxy = proxy_of(environment, c.scheme, c.host);
  CHECK((proxy ? proxy->url : "") == c.proxy);
}

TEST_CASE("capitals come first, empty ones count as unset, ALL_PROXY is not read, a password is masked", "[proxy]") {
  const ProxyEnvironment both{
      {"HTTPS_PROXY", ""}, {"https_proxy", "http://robot:hunter2@p:1"}, {"no_proxy", "ghcr.io"}};
  const auto proxy = proxy_of(both, "https", "quay.io");
  REQUIRE(proxy);
  CHECK(proxy->variable == "https_proxy");
  CHECK(proxy->url.find("hunter2") == std::string::npos);
  CHECK_FALSE(proxy_of(both, "https", "ghcr.io"));
  CHECK_FALSE(proxy_of({{"ALL_PROXY", "http://p:1"}}, "https", "quay.io"));
  // Only one of the two lists counts.
  CHECK(proxy_of({{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", "a"}, {"no_proxy", "quay.io"}}, "https", "quay.io"));
}
