# From hosts.toml files to registries.yaml and back, and what is refused.
mkdir -p node/etc/containerd/certs.d/docker.io node/etc/containerd/certs.d/quay.io
cat > node/etc/containerd/config.toml <<'END'
version = 2
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
[plugins."io.containerd.grpc.v1.cri".registry.configs."anubis:32000".auth]
  username = "robot"
  password = "never shown"
END
cat > node/etc/containerd/certs.d/docker.io/hosts.toml <<'END'
server = "https://registry-1.docker.io"
[host."http://anubis:32000"]
  capabilities = ["pull", "resolve"]
END
regfallback migrate --to registries-yaml --root node --containerd-version 1.7.24 --write-to out
stat -c '%a %n' out/etc/rancher/k3s/registries.yaml
grep -c 'password: "never shown"' out/etc/rancher/k3s/registries.yaml
regfallback migrate --registries-yaml out/etc/rancher/k3s/registries.yaml --containerd-version 2.1.9 --write-to back
stat -c '%a %n' back/etc/containerd/config.toml back/etc/containerd/certs.d/docker.io/hosts.toml
regfallback migrate --to registries-yaml --for rke2 --config-path node/etc/containerd/certs.d --containerd-version 1.7.24 -o json | grep '"path"'
printf 'server = "http://quay.io"\n[host]\n' > node/etc/containerd/certs.d/quay.io/hosts.toml
regfallback migrate --to registries-yaml --root node --containerd-version 1.7.24; echo "exit $?"
regfallback migrate --to registries-yaml --root node --containerd-version 1.7.24 --accept-differences | grep warning
# A copy of a K3s node with a directory of the user's own.
own=k3s/var/lib/rancher/k3s/agent/etc/containerd/certs.d/ghcr.io
mkdir -p k3s/etc/rancher/k3s $own
printf '# the cache\nmirrors:\n  docker.io:\n    endpoint: ["http://anubis:32000"]\n' > k3s/etc/rancher/k3s/registries.yaml
printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/var/lib/rancher/k3s/agent/etc/containerd/certs.d"\n' > k3s/var/lib/rancher/k3s/agent/etc/containerd/config.toml
printf 'server = "https://ghcr.io"\n[host."https://m.corp"]\n' > $own/hosts.toml
regfallback migrate --to registries-yaml --root k3s --distribution k3s --containerd-version 1.7.23
regfallback migrate --root k3s --distribution k3s --containerd-version 1.7.23 | sed -n '1,9p'
