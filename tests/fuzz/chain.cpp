// Any tree as a node's configuration, for any version of containerd: what it makes of config.toml with its imports and
// of the hosts directories, the chain of any registry, the requests that follow, and the program that probes them;
// never a crash, and all in bounds. The first byte chooses the version; the head names registries, one a line.
#include <algorithm>
#include <array>

#include "containerd/config/config_edit.h"
#include "containerd/pull/predict.h"
#include "input.h"
#include "intent/intent.h"
#include "plan/found.h"
#include "probe/probe.h"

using namespace rf;
using fuzz::require;

namespace {

constexpr std::array versions{"1.5.18", "1.6.20", "1.7.24", "2.0.7",       "2.1.9",
                              "2.2.0",  "2.2.7",  "2.3.4",  "2.4.0-beta.0"};

void check_prediction(const Chain& chain, const EffectiveConfig& config) {
  const auto image = parse_image("docker.io/library/alpine:3");
  for (const std::string_view answer : {"*=200", "*=503", "*=404", "*=timeout", "*=tls"}) {
    const auto assumed = *parse_assumption(answer);
    const auto prediction = predict_pull(chain, *image, {assumed}, config);
    require(prediction.requests.size() <= 64 * (chain.endpoints.size() + 1) && !prediction.verdict.empty());
    require(!chain.error || prediction.requests.empty());
    for (const auto& request : prediction.requests) require(request.url.find_first_of(" \n\r\t") == std::string::npos);
  }
}

void check_program(const std::vector<Chain>& chains) {
  const ProbeOptions options{.image = *parse_image("docker.io/library/alpine:3")};
  const auto program = probe_program(chains, options);
  // Nothing of a node's files stands in it but as base64.
  for (const char c : program.substr(program.rfind("rf_main() {"))) require(c == '\n' || (c >= 0x20 && c < 0x7F));
  require(program.find('$', program.rfind("rf_main() {")) == program.npos);
  const auto nothing = read_probe("", chains, options);
  require(nothing.ok() && nothing->registries.size() == chains.size());
}

void check_edit(const FileTree& tree, const Version& version) {
  const auto edit = edit_config_path(tree, {}, version, "/etc/containerd/certs.d");
  if (!edit) return;
  auto after = tree;
  after.put_file(edit->file, edit->after);
  const auto config = effective_config(after, {}, version);
  require(!config.load_error && !config.cri_error && config.config_path == "/etc/containerd/certs.d");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const auto version = *parse_version(versions.at(data[0] % versions.size()));
  const auto input = fuzz::tree_input(fuzz::text_of(data + 1, size - 1));
  const auto config = effective_config(input.tree, {}, version);
  require(!config.load_error || !config.load_error->message.empty());
  require(!config.cri_error || !config.cri_error->message.empty());
  std::vector<Chain> chains;
  std::vector<std::string> registries{"docker.io", "localhost:5000"};
  for (const auto line : lines(input.head)) {
    const auto image = parse_image(std::string(line) + "/a:1");
    if (registries.size() < 8 && image.ok()) registries.push_back(image->registry);
  }
  for (const auto& registry : registries) {
    auto chain = resolve_chain(input.tree, config, registry);
    require(chain.error ? chain.endpoints.empty() && !chain.error->empty() : !chain.endpoints.empty());
    check_prediction(chain, config);
    chains.push_back(std::move(chain));
  }
  check_program(chains);
  for (const auto& file : certificate_files(input.tree, config)) require(file.starts_with('/'));
  const auto found = found_intent(input.tree, config);
  const auto starter = parse_intent({.file = "f", .text = starter_intent({}, &found.intent)});
  require(found.intent.registries.empty() || starter.ok());
  check_edit(input.tree, version);
  return 0;
}
