// Rewrites of repositories: Go's expressions and templates, and where the chain has them.
#include "containerd/chain/rewrite.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "chain_builder.h"

using namespace rf;

TEST_CASE("a repository is rewritten as Go's regexp does it", "[rewrite]") {
  struct Case {
    Rewrites rules;
    const char* repository;
    const char* asked;
  };
  const auto c = GENERATE(values<Case>({
      {{{"(.*)", "proj/$1"}}, "library/nginx", "proj/library/nginx"},
      {{{"^library/(.*)", "hub/$1"}}, "library/nginx", "hub/nginx"},
      {{{"^library/(.*)", "hub/$1"}}, "bitnami/redis", "bitnami/redis"},
      {{{"(?P<org>[a-z]+)/(?P<name>.*)", "${org}-$name"}}, "a/b", "a-b"},
      {{{"a", "$$1"}}, "a/b", "$1/b"},
      {{{"a", "$1x"}}, "a/b", "/b"},  // the group "1x", which there is not
      {{{"(a)", "${1}x"}}, "a/b", "ax/b"},
      {{{"a", "$"}}, "a", "$"},
      {{{"a*", "x"}}, "baac", "xbxcx"},  // empty matches count, but not right behind a match
      {{{"/", "-"}}, "a/b/c", "a-b-c"},
      {{{"(", "x"}}, "a", "a"},      // no expression
      {{{"(?!a)", "x"}}, "a", "a"},  // none for Go
      {{{"^a/", "x/"}, {"^b/", "y/"}}, "b/c", "y/c"},
      {{{"((a{1000}){1000}){1000}", "x"}}, "a", "a"},
  }));
  INFO(c.rules.begin()->first << " -> " << c.rules.begin()->second << " of " << c.repository);
  CHECK(rewritten(c.rules, c.repository) == c.asked);
}

TEST_CASE("only rules that put one prefix before everything are the end of a URL", "[rewrite]") {
  CHECK(rewrite_prefix({{"^(.*)$", "a/b/$1"}}) == "a/b");
  CHECK(rewrite_prefix({{"(.+)", "a/${1}"}}) == "a");
  for (const Rewrites& more : std::vector<Rewrites>{{},
                                                    {{"^a/(.*)", "b/$1"}},
                                                    {{"(.*)", "b-$1"}},
                                                    {{"(.*)", "../$1"}},
                                                    {{"(.*)", "B/$1"}},
                                                    {{"(.*)", "a/$1"}, {"x", "y"}}})
    CHECK(rewrite_prefix(more) == std::nullopt);
}

TEST_CASE("K3s' containerd rewrites at the hosts that say so, upstream's ignores it", "[rewrite]") {
  const auto tree = with_hosts_toml(
      "docker.io",
      "server = \"https://registry-1.docker.io/v2\"\n[host.\"https://m\"]\n[host.\"https://m\".rewrite]\n\"^library/(.*)\" = "
      "\"hub/$1\"\n");
  auto config = config_for("2.1.5", "/c");
  const auto image = *parse_image("nginx");
  const auto plain = resolve_chain(tree, config, "docker.io");
  CHECK(plain.endpoints.front().rewrites.empty());
  CHECK(plain.ignored.size() == 1);
  config.fork.rewrites = true;
  const auto chain = resolve_chain(tree, config, "docker.io");
  CHECK(chain.ignored.empty());
  CHECK(chain.endpoints.front().plain_url() == std::nullopt);
  CHECK(chain.endpoints.back().plain_url() == "https://registry-1.docker.io/v2");
  const auto asked = predict_pull(chain, image, assume({"m=404"}), config);
  CHECK(asked.requests[0].url == "https://m/v2/hub/nginx/manifests/latest?ns=docker.io");
  CHECK(asked.requests[1].url == "https://registry-1.docker.io/v2/library/nginx/manifests/latest");
}

TEST_CASE("mirrors in config.toml rewrite at the registry itself too", "[rewrite]") {
  FileTree tree;
  tree.put_file("/k3s.toml",
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\n  endpoint = "
                "[\"https://m\"]\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\".rewrite]\n  "
                "\"(.*)\" = \"hub/$1\"\n");
  ConfigSource source{.file = "/k3s.toml"};
  const auto version = *parse_version("1.7.11");
  CHECK(effective_config(tree, source, version).ignored.size() == 1);
  source.fork.rewrites = true;
  const auto config = effective_config(tree, source, version);
  CHECK(config.ignored.empty());
  const auto chain = resolve_chain(tree, config, "docker.io");
  REQUIRE(chain.endpoints.size() == 2);
  CHECK(chain.endpoints[0].plain_url() == "https://m/v2/hub");
  CHECK(chain.endpoints[1].plain_url() == "https://registry-1.docker.io/v2/hub");
}

TEST_CASE("releases in which a mirror of every registry has no fallback", "[rewrite]") {
  const auto tree = with_hosts_toml("_default", "[host]\n[host.\"https://m\"]\n");
  auto config = config_for("2.0.2", "/c");
  CHECK(urls(resolve_chain(tree, config, "quay.io")) == "https://m/v2, https://quay.io/v2");
  config.fork.wildcard_is_last = true;
  CHECK(urls(resolve_chain(tree, config, "quay.io")) == "https://m/v2");
  CHECK(urls(resolve_chain(with_hosts_toml("quay.io", "[host.\"https://m\"]\n"), config, "quay.io")) ==
        "https://m/v2, https://quay.io/v2");
}
