# Recorded nodes: K3s takes no hosts.toml files, others no registries.yaml; both are written out for another node.
mkdir two && cp nodes/k3s-server.facts nodes/containerd-1.7.facts two/
regfallback migrate --facts two; echo "exit $?"
regfallback migrate --to registries-yaml --facts two; echo "exit $?"
regfallback migrate --facts nodes/k3s-server.facts --write-to out; echo "exit $?"
regfallback migrate --to registries-yaml --facts nodes/microk8s-1.35.facts --write-to out; echo "exit $?"
regfallback migrate --to registries-yaml --facts nodes/microk8s-1.35.facts --write-to out --accept-differences --dry-run; echo "exit $?"
ls out 2>&1
regfallback migrate --to registries-yaml --facts nodes/microk8s-1.35.facts --write-to out --accept-differences -q | tail -n 1
find out -type f
try() { echo "\$ regfallback migrate $*"; regfallback migrate "$@"; echo "-> $?"; }
try --root a --config-path b
try --config-path a
try --registries-yaml a --to registries-yaml
try --to registries-yaml --credentials headers --root a
try --for k3s --root a
try --root a
mkdir a
try --root a
try --registries-yaml nowhere --containerd-version 2.1.9
try --to hosts.toml
