// The table itself: every key of the intent file with its type and its one-sentence documentation.
#include <array>

#include "intent/names.h"
#include "intent/shape.h"

namespace rf {
namespace {

using Form = Shape::Form;
using Need = Key::Need;

constexpr std::array<std::string_view, 4> capability_words{"pull", "resolve", "push", "referrers"};

constexpr Grammar registry_name{.name = "registry",
                                .what = "a registry as images name it (docker.io, anubis:32000) or \"*\"",
                                .pattern = R"(^(\*|[a-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:]+\](:[0-9]{1,5})?)$)",
                                .check = check_registry_name};
constexpr Grammar endpoint_text{
    .name = "endpoint",
    .what = "an endpoint: a URL (http://anubis:32000) or a host, with or without a path (ghcr.io/your-org)",
    .pattern = R"(^([hH][tT][tT][pP][sS]?://)?(?!.*:/)[\[\]A-Za-z0-9._:-]+(/[A-Za-z0-9._~/-]*)?$)",
    .check = check_endpoint};
constexpr Grammar upstream_text{
    .name = "upstream", .what = "an endpoint, or none", .pattern = endpoint_text.pattern, .check = check_upstream};
constexpr Grammar host_text{.name = "host",
                            .what = "a host, with its port if it has one (harbor.corp, anubis:32000)",
                            .pattern = R"(^[\[\]A-Za-z0-9._:-]+$)",
                            .check = check_endpoint_host};
constexpr Grammar node_text{
    .name = "node",
    .what = "a node: an ssh name, user@host:port, node[01-32], kind:CLUSTER, docker:NAME, podman:NAME or local",
    .pattern = R"(^[^-\s].*$)",
    .check = check_node};
constexpr Grammar duration_text{.name = "duration",
                                .what = "a duration such as 2s or 500ms",
                                .pattern = R"(^([0-9.]+(ns|us|ms|s|m|h))+$)",
                                .check = check_duration};
constexpr Grammar capability_text{
    .name = "capability", .what = "a capability", .pattern = "", .words = capability_words};
constexpr Grammar header_name{.name = "header",
                              .what = "a header name",
                              .pattern = R"(^[!#$%&'*+.^_`|~0-9A-Za-z-]+$)",
                              .check = check_header_name};
constexpr Grammar visible_text{
    .name = "text", .what = "a single line of text", .pattern = R"(^.+$)", .check = check_visible};
constexpr Grammar path_text{.name = "path",
                            .what = "a path, relative to this file, absolute, or starting with ~/",
                            .pattern = R"(^.+$)",
                            .check = check_visible};
constexpr Grammar user_text{
    .name = "username", .what = "a user name", .pattern = R"(^[^:]+$)", .check = check_username};
constexpr Grammar env_text{.name = "variable",
                           .what = "the name of an environment variable",
                           .pattern = R"(^[A-Za-z_][A-Za-z0-9_]*$)",
                           .check = check_env_name};

constexpr Shape one_endpoint{.what = endpoint_text.what, .grammar = &endpoint_text};
constexpr Shape endpoint_list{.form = Form::list, .what = "a list of endpoints", .of = &one_endpoint};
constexpr std::array<const Shape*, 2> endpoints_forms{&endpoint_list, &one_endpoint};
constexpr Shape some_endpoints{.form = Form::either, .what = "a list of endpoints", .forms = endpoints_forms};
constexpr Shape upstream{.what = upstream_text.what, .grammar = &upstream_text};

constexpr std::array registry_keys{
    Key{"mirrors", &some_endpoints, "Endpoints tried before the upstream, in this order.",
        "mirror endpoint endpoints host hosts before"},
    Key{"upstream", &upstream,
        "The registry's own endpoint if it is not https://REGISTRY; with `none` it is never asked.",
        "server origin default"},
    Key{"fallback", &some_endpoints, "Endpoints tried after the upstream, in this order.",
        "fallbacks after then backup"},
};
constexpr Shape registry{
    .form = Form::record, .what = "the endpoints of a registry (mirrors, upstream, fallback)", .keys = registry_keys};
constexpr Shape registries{
    .form = Form::table, .what = "registries, each with its endpoints", .grammar = &registry_name, .of = &registry};

constexpr Shape one_path{.what = path_text.what, .grammar = &path_text};
constexpr Shape one_text{.what = visible_text.what, .grammar = &visible_text};
constexpr Shape one_user{.what = user_text.what, .grammar = &user_text};
constexpr Shape one_variable{.what = env_text.what, .grammar = &env_text};
constexpr Shape truth{.form = Form::truth, .what = "true or false"};
constexpr Shape duration{.what = duration_text.what, .grammar = &duration_text};

constexpr std::array secret_keys{
    Key{"env", &one_variable, "The environment variable that holds the secret.", "environment variable"},
    Key{"file", &one_path, "A file whose content is the secret; one line break at the end is removed.", "path"},
    Key{"command", &one_text, "A command for /bin/sh whose output is the secret; it runs once, for at most 30 s.",
        "cmd exec"},
    Key{"docker-config", &one_path,
        "A Docker client configuration that has credentials for this host, user name included.",
        "docker_config dockerconfig docker"},
};
constexpr Shape secret_reference{
    .form = Form::record,
    .what = "where the secret is: { env: NAME }, { file: PATH }, { command: LINE } or { docker-config: PATH }",
    .keys = secret_keys,
    .count = Shape::Keys::exactly_one};
constexpr std::array<const Shape*, 2> secret_forms{&secret_reference, &one_text};
constexpr Shape secret{
    .form = Form::either,
    .what = "where the secret is: { env: NAME }, { file: PATH }, { command: LINE } or { docker-config: PATH }",
    .forms = secret_forms};

constexpr std::array auth_keys{
    Key{"username", &one_user, "The user name; not with `docker-config`, which has its own.", "user name login"},
    Key{"password", &secret, "Where the password or token is; in clear text only in a file that nobody else can read.",
        "token pass secret", Need::required},
};
constexpr Shape auth{
    .form = Form::record, .what = "credentials: { username: NAME, password: { env: VARIABLE } }", .keys = auth_keys};

constexpr std::array client_keys{
    Key{"cert", &one_path, "The client certificate, a PEM file.", "certificate crt", Need::required},
    Key{"key", &one_path, "Its private key, a PEM file.", "private_key", Need::required},
};
constexpr Shape client{
    .form = Form::record, .what = "a client certificate: { cert: PATH, key: PATH }", .keys = client_keys};
constexpr std::array tls_keys{
    Key{"ca", &one_path, "CA certificates to trust in addition to the node's own, a PEM file.",
        "ca_file cafile cacert"},
    Key{"client", &client, "The client certificate to present to the endpoint.", "cert certificate client_cert"},
    Key{"insecure_skip_verify", &truth, "Accept any certificate; the identity of the endpoint is then not verified.",
        "skip_verify insecure"},
};
constexpr Shape tls{.form = Form::record, .what = "TLS settings: { ca: PATH }", .keys = tls_keys};

constexpr Shape capability{.what = capability_text.what, .grammar = &capability_text};
constexpr Shape capabilities{.form = Form::list, .what = "a list of capabilities", .of = &capability};
constexpr Shape headers{
    .form = Form::table, .what = "headers: { X-Team: infra }", .grammar = &header_name, .of = &one_text};

constexpr std::array endpoint_keys{
    Key{"auth", &auth, "Credentials for the endpoint.", "credentials login"},
    Key{"tls", &tls, "How to verify the endpoint's certificate, and which client certificate to present.", "ssl"},
    Key{"dial_timeout", &duration, "How long to wait for a connection; honoured by containerd 2.0.7 and later.",
        "timeout"},
    Key{"capabilities", &capabilities,
        "What the endpoint is used for (default: pull and resolve, and push for a registry's own upstream).",
        "capability"},
    Key{"headers", &headers, "Headers sent with every request to the endpoint.", "header"},
};
constexpr Shape endpoint_options{
    .form = Form::record,
    .what = "properties of an endpoint host (auth, tls, dial_timeout, capabilities, headers)",
    .keys = endpoint_keys};
constexpr Shape endpoints{.form = Form::table,
                          .what = "endpoint hosts, each with its properties",
                          .grammar = &host_text,
                          .of = &endpoint_options};

constexpr Shape port{.form = Form::integer, .what = "a port", .least = 1, .most = 65535};
constexpr std::array ssh_keys{
    Key{"user", &one_user, "The user to log in as (default: from your ssh configuration).", "username login"},
    Key{"port", &port, "The port of the node's ssh server.", ""},
    Key{"identity", &one_path, "The private key to log in with.", "key identity_file identityfile"},
    Key{"jump", &one_text, "The jump host, as for ssh -J.", "proxyjump proxy_jump bastion via"},
};
constexpr Shape ssh{
    .form = Form::record, .what = "how ssh reaches the node: { identity: PATH, jump: HOST }", .keys = ssh_keys};
constexpr Shape one_node{.what = node_text.what, .grammar = &node_text};
constexpr std::array node_keys{
    Key{"name", &one_node, "The node, in the same syntax as in a plain list of nodes.", "host address node",
        Need::required},
    Key{"ssh", &ssh, "Settings that differ from your ssh configuration.", ""},
};
constexpr Shape node_record{
    .form = Form::record, .what = "a node: { name: ra, ssh: { jump: anubis } }", .keys = node_keys};
constexpr std::array<const Shape*, 2> node_forms{&one_node, &node_record};
constexpr Shape node{
    .form = Form::either, .what = "a node, as a name or as { name: ra, ssh: { jump: anubis } }", .forms = node_forms};
constexpr Shape nodes{.form = Form::list, .what = "a list of nodes", .of = &node};

constexpr Shape version{.form = Form::integer, .what = "the number 1", .least = 1, .most = 1};
constexpr std::array root_keys{
    Key{"version", &version, "The version of this format: 1.", "apiversion", Need::required},
    Key{"nodes", &nodes, "The nodes to configure if --nodes is not given.", "node hosts"},
    Key{"registries", &registries, "For every registry, the endpoints to try.", "registry mirrors", Need::required},
    Key{"endpoints", &endpoints, "Properties of endpoint hosts, wherever they are used.",
        "endpoint configs auth auths tls"},
};
constexpr Shape root{.form = Form::record, .what = "the keys version and registries", .keys = root_keys};

}  // namespace

const Shape& intent_shape() { return root; }

}  // namespace rf
