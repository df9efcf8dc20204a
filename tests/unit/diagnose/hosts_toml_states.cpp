#include "patient.h"

namespace rf::test {
namespace {

const std::string file = "/etc/containerd/certs.d/docker.io/hosts.toml";
const std::string server = "server = \"https://registry-1.docker.io\"\n";
Patient with(std::string version, std::string content) {
  return Patient::with(std::move(version), live_v2).hosts("docker.io", std::move(content));
}
Patient of_mode(unsigned mode, const std::string& config = live_v2) {
  return Patient::with("1.7.24", config).put(file, mirror_hosts, mode);
}

}  // namespace

std::vector<State> hosts_toml_states() {
  const std::string host = "[host.\"https://m1:5000\"]\n";
  return {
      {"an open quote",
       "hosts-toml-does-not-parse",
       with("2.1.9", server + "[host.\"https://m1:5000]\n"),
       file + ":2",
       {"ignored as a whole", "docker.io is asked directly", "repair line 2"}},
      {"a host that stands twice",
       "hosts-toml-does-not-parse",
       with("1.7.24", server + host + host),
       file + ":3",
       {"ignored as a whole"}},
      {"an address in brackets on 1.7",
       "hosts-toml-does-not-parse",
       with("1.7.24", server + "[host.\"http://[fd00::1]:5000\"]\n"),
       file + ":2",
       {"a host name"}},
      {"a file that parses", "hosts-toml-does-not-parse", with("2.1.9", mirror_hosts), ""},

      {"a byte order mark on 2.1",
       "hosts-toml-byte-order-mark",
       with("2.1.9", "\xEF\xBB\xBF" + mirror_hosts),
       file + ":1",
       {"remove the first three bytes"}},
      {"a byte order mark on 1.7", "hosts-toml-byte-order-mark", with("1.7.24", "\xEF\xBB\xBF" + mirror_hosts), ""},

      {"referrers on 2.1",
       "hosts-toml-unknown-capability",
       with("2.1.9", server + host + "capabilities = [\"pull\", \"resolve\", \"referrers\"]\n"),
       file + ":3",
       {"with [\"pull\", \"resolve\"] on line 3"}},
      {"a capability in other letters",
       "hosts-toml-unknown-capability",
       with("1.7.24", server + host + "capabilities = [\"pull\", \"resolv\"]\n"),
       file + ":3",
       {"with [\"pull\", \"resolve\"] on line 3"}},
      {"referrers on 2.2", "hosts-toml-unknown-capability",
       with("2.2.4", server + host + "capabilities = [\"pull\", \"resolve\", \"referrers\"]\n"), ""},

      {"a text for skip_verify",
       "hosts-toml-wrong-value",
       with("1.7.24", server + host + "skip_verify = \"true\"\n"),
       file + ":3",
       {"replace skip_verify = \"true\" with skip_verify = true on line 3"}},
      {"a text for capabilities",
       "hosts-toml-wrong-value",
       with("2.1.9", server + host + "capabilities = \"pull\"\n"),
       file + ":3",
       {"capabilities = [\"pull\", \"resolve\"]"}},
      {"a number for dial_timeout",
       "hosts-toml-wrong-value",
       with("2.1.9", server + host + "dial_timeout = 5\n"),
       file + ":3",
       {"with dial_timeout = \"5s\" on line 3"}},
      {"the same where dial_timeout is not known", "hosts-toml-wrong-value",
       with("1.7.24", server + host + "dial_timeout = 5\n"), ""},

      {"server alone on 1.7.24",
       "hosts-toml-no-host-table",
       with("1.7.24", "server = \"https://m1:5000\"\n"),
       file,
       {"invalid `host` tree", "write [host] at the end"}},
      {"hosts for host",
       "hosts-toml-no-host-table",
       with("1.7.24", server + "[hosts.\"https://m1:5000\"]\n"),
       file,
       {"replace [hosts.\"https://m1:5000\"] with [host.\"https://m1:5000\"] on line 2"}},
      {"server alone on 1.7.32", "hosts-toml-no-host-table", with("1.7.32", "server = \"https://m1:5000\"\n"), ""},
      {"server alone on 2.1", "hosts-toml-no-host-table", with("2.1.9", "server = \"https://m1:5000\"\n"), ""},

      {"server below [host] beside a host",
       "hosts-toml-crashes-containerd",
       with("1.7.24", "[host]\nserver = \"https://m1:5000\"\n" + host),
       file + ":2",
       {"panic", "move line 2"}},
      {"server below a host's own header", "hosts-toml-crashes-containerd", with("1.7.24", host + server), ""},

      {"zero bytes", "hosts-toml-empty", with("1.7.24", ""), file, {"treats it as absent", "rm -r"}, Severity::warning},
      {"a link to nothing",
       "hosts-toml-empty",
       [] {
         auto patient = Patient::with("2.1.9", live_v2);
         patient.link(file, "../gone.toml");
         return patient;
       }(),
       file,
       {"../gone.toml, which does not exist"},
       Severity::warning},
      {"a comment", "hosts-toml-empty", with("2.1.9", "# nothing yet\n"), ""},

      {"server behind a host",
       "server-after-host",
       with("1.7.24", host + server),
       file + ":2",
       {"move line 2 above line 1"}},
      {"server before it", "server-after-host", with("1.7.24", mirror_hosts), ""},

      {"an inline host on 2.1",
       "inline-hosts-ignored",
       with("2.1.9", server + "[host]\n\"https://m1:5000\" = { capabilities = [\"pull\", \"resolve\"] }\n"),
       file + ":3",
       {"remove line 3, and write [host.\"https://m1:5000\"] at the end"}},
      {"dotted keys on 2.1",
       "inline-hosts-ignored",
       with("2.1.9", server + "host.\"https://m1:5000\".capabilities = [\"pull\", \"resolve\"]\n"),
       file + ":2",
       {"remove line 2, and write [host.\"https://m1:5000\"] at the end"}},
      {"an inline host on 1.7", "inline-hosts-ignored",
       with("1.7.24", server + "[host]\n\"https://m1:5000\" = { capabilities = [\"pull\"] }\n"), ""},

      {"insecure_skip_verify",
       "unknown-hosts-key",
       with("1.7.24", server + host + "insecure_skip_verify = true\n"),
       file + ":3",
       {"replace insecure_skip_verify with skip_verify on line 3"}},
      {"hosts for host on 2.1",
       "unknown-hosts-key",
       with("2.1.9", server + "[hosts.\"https://m1:5000\"]\n"),
       file + ":2",
       {"did you mean host?"}},
      {"a typing error",
       "unknown-hosts-key",
       with("1.7.24", server + host + "capabilites = [\"pull\", \"resolve\"]\n"),
       file + ":3",
       {"did you mean capabilities?"}},
      {"rewrite without K3s",
       "unknown-hosts-key",
       with("1.7.24", server + host + "[host.\"https://m1:5000\".rewrite]\n\"^a\" = \"b\"\n"),
       file + ":3",
       {"only the containerd of K3s and RKE2 rewrites"}},
      {"a header of any name", "unknown-hosts-key",
       with("1.7.24", server + host + "[host.\"https://m1:5000\".header]\nX-Team = \"infra\"\n"), ""},

      {"dial_timeout on 1.7",
       "dial-timeout-too-new",
       with("1.7.24", server + host + "dial_timeout = \"2s\"\n"),
       file + ":3",
       {"does not support", "2.0.7"},
       Severity::warning},
      {"dial_timeout on 2.1", "dial-timeout-too-new", with("2.1.9", server + host + "dial_timeout = \"2s\"\n"), ""},

      {"override_path on 1.5",
       "override-path-too-new",
       with("1.5.18", server + "[host.\"https://m1/v2/x\"]\noverride_path = true\n"),
       file + ":3",
       {"appends /v2", "1.6"}},
      {"override_path on 1.6", "override-path-too-new",
       with("1.6.20", server + "[host.\"https://m1/v2/x\"]\noverride_path = true\n"), ""},

      {"capabilities for a server that is not there",
       "capabilities-without-server",
       with("1.7.24", "capabilities = [\"push\"]\n" + host),
       file + ":1",
       {"server = \"https://registry-1.docker.io\""}},
      {"capabilities of a server", "capabilities-without-server",
       with("1.7.24", server + "capabilities = [\"pull\", \"resolve\"]\n" + host), ""},

      {"mode 0666",
       "hosts-toml-writable-by-others",
       of_mode(0666),
       file,
       {"mode 0666", "chmod 664 " + file},
       Severity::warning},
      {"a link to a file of mode 0646",
       "hosts-toml-writable-by-others",
       [] {
         auto patient = Patient::with("2.1.9", live_v2);
         patient.put("/srv/hosts.toml", mirror_hosts, 0646).link(file, "/srv/hosts.toml");
         return patient;
       }(),
       file,
       {"mode 0646"},
       Severity::warning},
      {"mode 0666 in a copy of a node's files",
       "hosts-toml-writable-by-others",
       [] {
         auto patient = of_mode(0666);
         patient.source = Subject::Source::copy;
         return patient;
       }(),
       file,
       {"mode 0666"},
       Severity::note},
      {"mode 0664", "hosts-toml-writable-by-others", of_mode(0664), ""},
      {"a directory of mode 0777 in its place", "hosts-toml-writable-by-others",
       [] {
         auto patient = Patient::with("1.7.24", live_v2);
         patient.facts.tree.put(file, {.kind = FileEntry::Kind::directory, .mode = 0777});
         return patient;
       }(),
       ""},
      {"mode 0666 without config_path", "hosts-toml-writable-by-others", of_mode(0666, "version = 2\n"), ""},
      {"mode 0666 in a directory that the first one hides", "hosts-toml-writable-by-others",
       Patient::with("1.7.24", "version = 2\n" + v2_table + "config_path = \"/etc/containerd/certs.d:/srv/certs.d\"\n")
           .hosts("docker.io", mirror_hosts)
           .put("/srv/certs.d/docker.io/hosts.toml", mirror_hosts, 0666),
       ""},
  };
}

}  // namespace rf::test
