# Two nodes with the same fault and one with another; a copy of a node's files; what is behind a finding.
mkdir -p node/etc/containerd/certs.d/docker.io node/etc/containerd/certs.d/ghcr.io node/etc/containerd/certs.d/_default
cat > node/etc/containerd/config.toml <<'END'
version = 2
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
[plugins."io.containerd.grpc.v1.cri".registry.configs."docker.io".auth]
  username = "u"
  password = "never shown"
END
chmod 600 node/etc/containerd/config.toml
cat > node/etc/containerd/certs.d/docker.io/hosts.toml <<'END'
server = "https://docker.io"
[host."https://harbor.corp/v2/proxy"]
  capabilities = ["pull"]
END
cat > node/etc/containerd/certs.d/_default/hosts.toml <<'END'
[host."http://m1:5000"]
  skip_verify = "true"
END
regfallback doctor --root node --containerd-version 1.7.24
regfallback doctor --root node --containerd-version 2.1.9 --severity error --ignore docker-hub-web-page -o json
regfallback doctor --root node --containerd-version 1.7.24 --ignore docker-hub-web-pages
regfallback doctor --root node
regfallback doctor --root node --containerd-version 1.7.24 --probe
regfallback doctor --explain config-path-list
regfallback doctor --explain config-path
