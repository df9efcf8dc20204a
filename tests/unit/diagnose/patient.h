// Nodes with something wrong with them, and what the doctor says of them.
#pragma once
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../node/node_builder.h"
#include "diagnose/rule.h"

namespace rf::test {

struct Patient : Node {
  Subject::Source source = Subject::Source::node;
  std::optional<std::int64_t> now = {};
  std::optional<Intent> intent = {};
  std::optional<Error> refusal = {};
  std::vector<std::string> warnings = {};
  std::vector<EndpointAnswer> answers = {};

  // A running containerd of this version with this config.toml, and nothing else to say about it.
  static Patient with(std::string version, std::string config) {
    Patient patient;
    patient.containerd(std::move(version), std::move(config));
    return patient;
  }
  Patient& put(std::string_view path, std::string content, unsigned mode = 0644) {
    facts.tree.put_file(path, std::move(content), mode);
    return *this;
  }
  Patient& hosts(const std::string& registry, std::string content) {
    return put("/etc/containerd/certs.d/" + registry + "/hosts.toml", std::move(content));
  }
  Patient& directory(std::string_view path) {
    facts.tree.put_directory(path);
    return *this;
  }

  std::vector<Finding> findings() const {
    const auto detection = detect(facts, built_in_profiles());
    Subject subject{.facts = facts,
                    .profiles = built_in_profiles(),
                    .source = source,
                    .chain = {.missing_certificates = source == Subject::Source::copy ? ChainOptions::Missing::fails
                                                                                      : ChainOptions::Missing::unknown},
                    .now = now,
                    .answers = answers};
    if (detection)
      subject.detection = &*detection;
    else
      subject.undetected = detection.error();
    if (intent || refusal)
      subject.wanted = Wanted{.intent = intent ? &*intent : nullptr, .refusal = refusal, .warnings = warnings};
    return diagnose(subject);
  }
};

// A state of a node and what must be said about it, or must not.
struct State {
  std::string name;
  std::string_view rule;
  Patient patient;
  std::string where = {};              // "/etc/containerd/config.toml:4"; "" for a near miss: the rule must be silent
  std::vector<std::string> says = {};  // parts of cause, effect and fix together
  Severity severity = Severity::error;
};

// The families; each has a file of its own.
std::vector<State> config_states();
std::vector<State> config_name_states();
std::vector<State> directory_states();
std::vector<State> hosts_toml_states();
std::vector<State> endpoint_states();
std::vector<State> certificate_states();
std::vector<State> distribution_states();
std::vector<State> node_states();

inline const std::string v2_table = "[plugins.\"io.containerd.grpc.v1.cri\".registry]\n";
inline const std::string live_v2 = "version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d\"\n";
inline const std::string live_v3 =
    "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d'\n";
inline const std::string mirror_hosts =
    "server = \"https://registry-1.docker.io\"\n\n[host.\"https://m1:5000\"]\n  capabilities = [\"pull\", "
    "\"resolve\"]\n";

// CN=corp-ca, from 2026-11-25 to 2026-12-25.
inline const std::string certificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBeTCCAR+gAwIBAgIURZoRKbjfX9KlQa9oOPO4Yxe1d8MwCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHY29ycC1jYTAeFw0yNjExMjUxNDEyMDJaFw0yNjEyMjUxNDEy\n"
    "MDJaMBIxEDAOBgNVBAMMB2NvcnAtY2EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AARbZPlxuDsU68TlfzmXqmqcOAF2gdQEOTWlXXZC9mO0S+ZivbvmGNgpDC3SoCd/\n"
    "Bcrj+9uc4PIhGcbMclvdAQX9o1MwUTAdBgNVHQ4EFgQUb6QsI7a+FOMgULccpKo4\n"
    "2I3eOggwHwYDVR0jBBgwFoAUb6QsI7a+FOMgULccpKo42I3eOggwDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAibndPTy8sdfli3/gDlAsBgvl3SIM\n"
    "GeMuckNJUVSGWP0CIBI9Ws+Q1ktdIGJ2cZ1vSAhnntaqEHLMXy7Tz5jYJgJJ\n"
    "-----END CERTIFICATE-----\n";
// CN=client, for a hundred years; made for these tests.
inline const std::string client_certificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBeDCCAR+gAwIBAgIUIW7GFCcMw1w3qSYpUVHRQY4MrkkwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGY2xpZW50MCAXDTI2MTEyNzE5NDMzOFoYDzIxMjYxMTAzMTk0\n"
    "MzM4WjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AATktxA/UpmMLBn0rQ8VnnNSbL4XmB1ptKs7MrLKDywAbtu0CVyJ8b6hjWP0HmuM\n"
    "OuQFbhtyfkvdaDXKdjSivKuHo1MwUTAdBgNVHQ4EFgQUHtR5W6L2MEV/+mqhKIhT\n"
    "oFqDTlowHwYDVR0jBBgwFoAUHtR5W6L2MEV/+mqhKIhToFqDTlowDwYDVR0TAQH/\n"
    "BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBQqE/VFb7tWFIkPkIjX6gKQlGQIK3O\n"
    "Vzmm9mQJANWfeAIgFh2A9VHStyylw2jutLdZ3D9J/ISUahent/S+W7Ir+zk=\n"
    "-----END CERTIFICATE-----\n";
inline const std::string client_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJPi6MQgpM4n1YeGw\n"
    "W+mQnTvapHRmTfmWWN4G6SmqTzShRANCAATktxA/UpmMLBn0rQ8VnnNSbL4XmB1p\n"
    "tKs7MrLKDywAbtu0CVyJ8b6hjWP0HmuMOuQFbhtyfkvdaDXKdjSivKuH\n"
    "-----END PRIVATE KEY-----\n";

}  // namespace rf::test
