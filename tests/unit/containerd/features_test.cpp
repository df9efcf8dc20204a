// The versions at which containerd does something otherwise: the rows of the table that the tests of hosts.toml leave
// out.
#include "containerd/config/features.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

using namespace rf;

TEST_CASE("what later versions do otherwise begins at the version of the table") {
  struct Case {
    Feature feature;
    std::vector<std::string> with;
    std::vector<std::string> without;
  };
  const auto c = GENERATE(
      Case{Feature::override_path, {"1.6.0", "2.4.0-beta.0"}, {"1.5.18"}},
      Case{Feature::referrers, {"2.2.0", "2.4.0-beta.0"}, {"1.7.34", "2.1.9"}},
      Case{Feature::token_server_headers, {"2.1.0", "2.4.0-beta.0"}, {"1.7.34", "2.0.11"}},
      Case{Feature::localhost_https_first, {"1.6.25", "1.7.7", "2.0.0"}, {"1.5.18", "1.6.24", "1.7.0", "1.7.6"}},
      Case{Feature::fallback_on_refused, {"1.7.24", "2.0.0"}, {"1.6.39", "1.7.23"}},
      Case{Feature::fallback_is_sticky, {"1.6.32", "1.7.16", "2.0.0"}, {"1.6.31", "1.7.0", "1.7.15"}},
      Case{Feature::toml_v2, {"2.0.0", "2.4.0-beta.0"}, {"1.5.18", "1.7.34"}},
      Case{Feature::refuses_config_version,
           {"1.6.32", "1.7.17", "2.0.0", "2.4.0-beta.0"},
           {"1.5.18", "1.6.31", "1.7.0", "1.7.16"}},
      Case{Feature::transfer_service, {"2.1.0"}, {"1.7.34", "2.0.11"}},
      Case{Feature::registry_tls_configs, {"1.5.18", "1.7.34"}, {"2.0.0", "2.4.0-beta.0"}},
      Case{Feature::pull_progress_timeout, {"1.7.0", "2.4.0-beta.0"}, {"1.5.18", "1.6.39"}},
      Case{Feature::response_timeout, {"2.3.0", "2.4.0-beta.0"}, {"1.7.34", "2.2.7"}},
      Case{Feature::retry_server_errors, {"2.1.0", "2.3.4"}, {"1.7.34", "2.0.11"}},
      Case{Feature::retry_transport, {"2.3.2"}, {"2.3.1", "2.2.7"}},
      Case{Feature::forbidden_get, {"2.3.3", "2.4.0-beta.0"}, {"2.3.2", "2.2.7"}},
      Case{Feature::ranked_errors, {"2.0.0"}, {"1.7.34"}},
      Case{Feature::unexpected_status_text, {"1.6.25", "1.7.0", "2.0.0"}, {"1.5.18", "1.6.24"}});
  INFO(feature_text(c.feature));
  for (const auto& version : c.with) CHECK(has_feature(*parse_version(version), c.feature));
  for (const auto& version : c.without) CHECK_FALSE(has_feature(*parse_version(version), c.feature));
}
