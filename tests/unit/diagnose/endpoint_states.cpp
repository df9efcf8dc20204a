#include "patient.h"

namespace rf::test {
namespace {

const std::string root = "/etc/containerd/certs.d";
const std::string file = root + "/docker.io/hosts.toml";
const std::string server = "server = \"https://registry-1.docker.io\"\n";
Patient with(std::string version, std::string content) {
  return Patient::with(std::move(version), live_v2).hosts("docker.io", std::move(content));
}
Patient in_container(std::string content) {
  auto patient = with("1.7.24", std::move(content));
  patient.facts.in_container = true;
  return patient;
}
std::string host(const std::string& url, const std::string& keys = "") {
  return server + "[host.\"" + url + "\"]\n" + keys;
}
Patient legacy(std::string version, const std::string& endpoints) {
  return Patient::with(
      std::move(version),
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = [" + endpoints +
          "]\n");
}

std::vector<State> url_states() {
  return {
      {"Harbor's project without override_path",
       "path-without-override",
       with("1.7.24", host("https://harbor.corp/v2/docker.io")),
       file + ":2",
       {"/v2/docker.io/v2/NAME/manifests/TAG", "write override_path = true below line 2"}},
      {"as a server",
       "path-without-override",
       with("2.1.9", "server = \"https://harbor.corp/v2/proxy\"\n[host.\"https://m1:5000\"]\n"),
       file + ":1",
       {"write override_path = true below line 1"}},
      {"an organisation of GHCR",
       "path-without-override",
       with("1.7.24", host("https://ghcr.io/your-org")),
       file + ":2",
       {"with \"https://ghcr.io/v2/your-org\" on line 2", "override_path = true"},
       Severity::warning},
      {"a repository of Artifactory, which is served so",
       "path-without-override",
       with("1.7.24", host("https://art.corp/artifactory/api/docker/hub")),
       file + ":2",
       {},
       Severity::note},
      {"with override_path", "path-without-override",
       with("1.7.24", host("https://harbor.corp/v2/docker.io", "override_path = true\n")), ""},
      {"a path that was written with /v2 at its end", "path-without-override",
       with("1.7.24", host("https://art.corp/artifactory/api/docker/hub/v2")), ""},

      {"override_path without /v2",
       "path-without-v2",
       with("1.7.24", host("https://harbor.corp/proxy", "override_path = true\n")),
       file + ":2",
       {"/proxy/NAME/manifests/TAG", "https://harbor.corp/v2/proxy"}},
      {"a slash behind a mirror's port",
       "path-without-v2",
       legacy("1.7.24", "\"http://m1:5000/\""),
       "/etc/containerd/config.toml:3",
       {"http://m1:5000", "taken as written"}},
      {"override_path with /v2", "path-without-v2",
       with("1.7.24", host("https://harbor.corp/v2/proxy", "override_path = true\n")), ""},
      {"a mirror without a path", "path-without-v2", legacy("1.7.24", "\"http://m1:5000\""), ""},

      {"server docker.io behind a mirror that pulls",
       "docker-hub-web-page",
       with("1.7.24", "server = \"https://docker.io\"\n[host.\"https://m1:5000\"]\ncapabilities = [\"pull\"]\n"),
       file + ":1",
       {"with \"https://registry-1.docker.io\" on line 1", "text/html"}},
      {"as MicroK8s ships it",
       "docker-hub-web-page",
       with("1.7.24", "server = \"https://docker.io\"\n[host.\"https://registry-1.docker.io\"]\n"),
       file + ":1",
       {},
       Severity::note},
      {"registry-1.docker.io", "docker-hub-web-page", with("1.7.24", mirror_hosts), ""},

      {"capital letters in the scheme",
       "endpoint-unusable",
       with("1.7.24", host("HTTPS://m1:5000")),
       file + ":2",
       {"https:// before everything"}},
      {"nothing but a name and a password",
       "endpoint-unusable",
       with("1.7.24", host("https://u@")),
       file + ":2",
       {"write https://HOST or http://HOST"}},
      {"a name that begins with http",
       "endpoint-unusable",
       with("1.7.24", host("httpd.example")),
       file + ":2",
       {"becomes a path"}},
      {"a bare name", "endpoint-unusable", with("1.7.24", host("m1:5000")), ""},

      {"a bare localhost",
       "localhost-endpoint",
       with("1.7.24", host("localhost:5000")),
       file + ":2",
       {"is https", "http://localhost:5000"},
       Severity::warning},
      {"http on localhost", "localhost-endpoint", with("1.7.24", host("http://localhost:5000")), ""},
      {"localhost in a container",
       "localhost-endpoint",
       in_container(host("http://localhost:5000")),
       file + ":2",
       {"is this node itself"},
       Severity::note},
      {"a NodePort in a container", "localhost-endpoint", in_container(host("http://localhost:32000")), ""},
  };
}

std::vector<State> scheme_states() {
  auto both = with("1.7.24", host("http://anubis:32000"));
  both.hosts("anubis:32000", "server = \"https://anubis:32000\"\n[host]\n");
  auto by_default = with("1.7.24", host("http://anubis:32000"));
  by_default.hosts("anubis:32000", "[host.\"https://m1:5000\"]\n");
  auto agreed = with("1.7.24", host("http://anubis:32000"));
  agreed.hosts("anubis:32000", "server = \"http://anubis:32000\"\n[host]\n");
  const std::string insecure =
      "version = "
      "2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"reg.corp:5000\".tls]\ninsecure_skip_verify = "
      "true\n";
  return {
      {"skip_verify on http",
       "tls-options-on-http",
       with("1.7.24", host("http://m1:5000", "skip_verify = true\n")),
       file + ":3",
       {"asks https://m1:5000 first"},
       Severity::warning},
      {"skip_verify on http before 1.6.25",
       "tls-options-on-http",
       with("1.6.20", host("http://m1:5000", "skip_verify = true\n")),
       file + ":3",
       {"has no effect"},
       Severity::warning},
      {"dial_timeout on 2.0.7",
       "tls-options-on-http",
       with("2.0.7", host("http://m1:5000", "dial_timeout = \"2s\"\n")),
       file + ":3",
       {"dial_timeout"},
       Severity::warning},
      {"dial_timeout on 2.1", "tls-options-on-http", with("2.1.9", host("http://m1:5000", "dial_timeout = \"2s\"\n")),
       ""},

      {"https here, http there",
       "https-and-http",
       both,
       root + "/anubis:32000/hosts.toml:1",
       {"with \"http://anubis:32000\" on line 1", "server gave HTTP response to HTTPS client"}},
      {"https by default",
       "https-and-http",
       by_default,
       root + "/anubis:32000",
       {"by default", "write server = \"http://anubis:32000\""}},
      {"http first, and https as what is asked last",
       "https-and-http",
       Patient::with("1.7.24", live_v2).hosts("reg.corp:5000", "[host.\"http://reg.corp:5000\"]\n"),
       root + "/reg.corp:5000",
       {"asks http://reg.corp:5000 first"},
       Severity::note},
      {"no scheme, and http as the server: https comes first",
       "https-and-http",
       Patient::with("2.1.9", live_v2).hosts("h:5000", "server = \"http://h:5000\"\n[host.\"h:5000\"]\n"),
       root + "/h:5000/hosts.toml:2",
       {"because it is written without a scheme", "asks https://h:5000 first", "with \"http://h:5000\" on line 2"},
       Severity::warning},
      {"http as a host, and https as the server",
       "https-and-http",
       Patient::with("1.7.24", live_v2).hosts("h:5000", "server = \"https://h:5000\"\n[host.\"http://h:5000\"]\n"),
       root + "/h:5000/hosts.toml:1",
       {"asks http://h:5000 first"},
       Severity::note},
      {"http in both places", "https-and-http", agreed, ""},

      {"a port and no scheme",
       "endpoint-without-scheme",
       with("2.1.9", host("m1:5000", "[host.\"m1:5000\".header]\nX-Team = \"a\"\n")),
       file + ":2",
       {"asks https://m1:5000", "replace \"m1:5000\" with \"https://m1:5000\" on line 2", "on line 3",
        "or http://m1:5000"},
       Severity::note},
      {"the same in config.toml",
       "endpoint-without-scheme",
       legacy("1.7.24", "\"m1:5000\""),
       "/etc/containerd/config.toml:3",
       {"asks https://m1:5000"},
       Severity::note},
      {"a name without a dot",
       "endpoint-without-scheme",
       with("2.1.9", host("mirror")),
       file + ":2",
       {"asks https://mirror"},
       Severity::note},
      {"a name of the DNS without a port", "endpoint-without-scheme", with("2.1.9", host("harbor.corp")), ""},
      {"a port of TLS", "endpoint-without-scheme", with("2.1.9", host("harbor.corp:8443")), ""},
      {"localhost, which is told of otherwise", "endpoint-without-scheme", with("2.1.9", host("localhost:5000")), ""},

      {"a mirror that is nothing as a registry",
       "http-mirror-as-registry",
       with("1.7.24", host("http://anubis:32000")),
       file + ":2",
       {"anubis:32000/app"},
       Severity::note},
      {"a mirror that is a registry too", "http-mirror-as-registry", agreed, ""},

      {"skip_verify on a port of its own",
       "skip-verify-is-not-http",
       with("1.7.24", host("https://m1:5000", "skip_verify = true\n")),
       file + ":2",
       {"the scheme of the URL decides", "with \"http://m1:5000\" on line 2, and remove line 3"},
       Severity::note},
      {"insecure_skip_verify of a guide",
       "skip-verify-is-not-http",
       Patient::with("1.7.24", insecure),
       "/etc/containerd/config.toml:2",
       {"the scheme of the URL decides", "http://reg.corp:5000"},
       Severity::note},
      {"skip_verify on 443", "skip-verify-is-not-http",
       with("1.7.24", host("https://harbor.corp", "skip_verify = true\n")), ""},
      {"insecure_skip_verify for a mirror by http", "skip-verify-is-not-http",
       Patient::with("1.7.24", insecure + "[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"reg.corp:5000\"]"
                                          "\nendpoint = [\"http://reg.corp:5000\"]\n"),
       ""},
  };
}

Patient mutual_tls(std::string hosts) {
  auto patient = Patient::with("1.7.24", live_v2);
  return patient.hosts("reg.corp", std::move(hosts))
      .put(root + "/reg.corp/c.cert", client_certificate)
      .put(root + "/reg.corp/c.key", client_key, 0600);
}

std::vector<State> order_states() {
  return {
      {"a mirror that may only pull",
       "mirror-does-not-resolve",
       with("1.7.24", host("https://m1:5000", "capabilities = [\"pull\"]\n")),
       file + ":3",
       {"tags are resolved at https://registry-1.docker.io/v2", "[\"pull\", \"resolve\"]"},
       Severity::warning},
      {"nobody resolves",
       "mirror-does-not-resolve",
       with("1.7.24", server + "capabilities = [\"pull\"]\n[host.\"https://m1:5000\"]\ncapabilities = [\"pull\"]\n"),
       file + ":2",
       {"no tag can be pulled"}},
      {"a mirror of every other registry that may only pull",
       "mirror-does-not-resolve",
       Patient::with("1.7.24", live_v2).hosts("_default", "[host.\"https://m1:5000\"]\ncapabilities = [\"pull\"]\n"),
       root + "/_default/hosts.toml:2",
       {"tags are resolved at the registry itself"},
       Severity::warning},
      {"pull and resolve", "mirror-does-not-resolve", with("1.7.24", mirror_hosts), ""},

      {"skip_verify above the header",
       "root-settings-are-servers",
       Patient::with("1.7.24", live_v2)
           .hosts("reg.corp:5000",
                  "server = \"https://reg.corp:5000\"\nskip_verify = true\n[host.\"https://reg.corp:5000\"]\n"),
       root + "/reg.corp:5000/hosts.toml:2",
       {"line 3 has none", "write skip_verify = true below line 3"},
       Severity::warning},
      {"in both places", "root-settings-are-servers",
       Patient::with("1.7.24", live_v2)
           .hosts("reg.corp:5000",
                  "server = \"https://reg.corp:5000\"\nskip_verify = "
                  "true\n[host.\"https://reg.corp:5000\"]\nskip_verify = true\n"),
       ""},
      {"for a server that is another registry", "root-settings-are-servers",
       with("1.7.24", "server = \"https://reg.corp:5000\"\nskip_verify = true\n[host.\"https://m1:5000\"]\n"), ""},

      {"a client certificate in the table of the registry itself",
       "appended-host-without-tls",
       mutual_tls("[host.\"https://reg.corp\"]\nclient = [[\"c.cert\", \"c.key\"]]\n"),
       root + "/reg.corp/hosts.toml:2",
       {"appends reg.corp", "without client", "write client = [[\"c.cert\", \"c.key\"]] above line 1"},
       Severity::warning},
      {"the same with a server",
       "appended-host-without-tls",
       mutual_tls("server = \"https://reg.corp\"\n[host.\"https://reg.corp\"]\nclient = [[\"c.cert\", \"c.key\"]]\n"),
       root + "/reg.corp/hosts.toml:3",
       {"without client"},
       Severity::warning},
      {"several settings, told once",
       "appended-host-without-tls",
       mutual_tls("[host.\"https://reg.corp\"]\nskip_verify = true\nclient = [[\"c.cert\", \"c.key\"]]\n"),
       root + "/reg.corp/hosts.toml:2",
       {"skip_verify and client of the [host] table", "asks it there without skip_verify and client",
        "write skip_verify = true above line 1, and write client"},
       Severity::warning},
      {"above the header too", "appended-host-without-tls",
       mutual_tls("client = [[\"c.cert\", \"c.key\"]]\n[host.\"https://reg.corp\"]\nclient = [[\"c.cert\", "
                  "\"c.key\"]]\n"),
       ""},
      {"of a mirror", "appended-host-without-tls",
       mutual_tls("[host.\"https://m1:5000\"]\nclient = [[\"c.cert\", \"c.key\"]]\n"), ""},

      {"the registry itself first",
       "mirror-behind-upstream",
       with("1.7.24", "server = \"https://m1:5000\"\n[host.\"https://registry-1.docker.io\"]\n"),
       file + ":1",
       {"https://registry-1.docker.io/v2"},
       Severity::note},
      {"the mirror first", "mirror-behind-upstream", with("1.7.24", mirror_hosts), ""},
      {"as MicroK8s ships it", "mirror-behind-upstream",
       with("1.7.24", "server = \"https://docker.io\"\n[host.\"https://registry-1.docker.io\"]\n"), ""},

      {"a mirror on 1.7",
       "mirror-can-hang",
       with("1.7.24", mirror_hosts),
       file + ":3",
       {"cancels the pull after 5 minutes", "--probe"},
       Severity::note},
      {"a mirror on 1.6",
       "mirror-can-hang",
       with("1.6.20", mirror_hosts),
       file + ":3",
       {"waits forever"},
       Severity::note},
      {"a mirror on 2.1, whose transfer service has no limit",
       "mirror-can-hang",
       with("2.1.9", host("https://m1:5000", "dial_timeout = \"2s\"\n")),
       file + ":2",
       {"waits forever"},
       Severity::note},
      {"a mirror on 2.3",
       "mirror-can-hang",
       with("2.3.4", host("https://m1:5000", "dial_timeout = \"2s\"\n")),
       file + ":2",
       {"after 30 s"},
       Severity::note},
      {"a mirror that no-dial-timeout tells of", "mirror-can-hang", with("2.1.9", mirror_hosts), ""},
      {"the registry alone", "mirror-can-hang", with("1.7.24", server + "[host]\n"), ""},

      {"a mirror without dial_timeout on 2.1",
       "no-dial-timeout",
       with("2.1.9", mirror_hosts),
       file + ":3",
       {"dial_timeout = \"2s\"", "drops packets", "waits forever"},
       Severity::note},
      {"a mirror on 1.7, which has none", "no-dial-timeout", with("1.7.24", mirror_hosts), ""},
      {"a mirror on 1.7, which has no dial_timeout",
       "mirror-can-hang",
       with("1.7.24", mirror_hosts),
       file + ":3",
       {"drops packets", "from 2.0.7 and 2.1 on"},
       Severity::note},
      {"a mirror with dial_timeout", "no-dial-timeout",
       with("2.1.9", host("https://m1:5000", "dial_timeout = \"2s\"\n")), ""},

      {"hosts and a server",
       "server-is-asked-last",
       with("2.1.9", mirror_hosts),
       file + ":1",
       {"https://registry-1.docker.io/v2"},
       Severity::note},
      {"hosts without a server",
       "server-is-asked-last",
       with("1.7.24", "[host.\"https://m1:5000\"]\n"),
       file,
       {"although there is no server", "make the last mirror the server"},
       Severity::note},
      {"a server that docker-hub-web-page tells of", "server-is-asked-last",
       with("1.7.24", "server = \"https://docker.io\"\n[host.\"https://registry-1.docker.io\"]\n"), ""},
      {"a server that is the host again", "server-is-asked-last",
       with("1.7.24", "server = \"https://m1:5000\"\n[host.\"https://m1:5000\"]\n"), ""},
      {"a server alone", "server-is-asked-last", with("1.7.24", server + "[host]\n"), ""},
  };
}

}  // namespace

std::vector<State> endpoint_states() {
  std::vector<State> all;
  for (const auto part : {url_states, scheme_states, order_states})
    for (auto& state : part()) all.push_back(std::move(state));
  return all;
}

}  // namespace rf::test
