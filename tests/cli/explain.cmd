mkdir -p node/etc/containerd/certs.d/docker.io
cat > node/etc/containerd/config.toml <<'END'
version = 2
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
[plugins."io.containerd.grpc.v1.cri".registry.configs."m1:5000".auth]
  username = "u"
  password = "never shown"
[plugins."io.containerd.grpc.v1.cri".registry.headers]
  X-Team = ["infra"]
  X-Auth-Token = ["never shown"]
END
cat > node/etc/containerd/certs.d/docker.io/hosts.toml <<'END'
server = "https://registry-1.docker.io"
[host."http://m1:5000"]
  capabilities = ["pull", "resolve"]
  skip_verify = true
  dial_timeout = "2s"
  [host."http://m1:5000".header]
    Authorization = "Basic bmV2ZXIgc2hvd24="
[host."https://m2/x"]
  capabilites = ["pull"]
END
regfallback explain nginx:1.27 --root node --containerd-version 1.6.20
regfallback explain nginx:1.27 --root node --containerd-version 2.1.9 --assume m1:5000=503 --assume m2=refused
regfallback explain nginx:1.27 --root node --containerd-version 2.1.9 --assume m1:5000/blobs=404 --assume m2=http --assume m2/manifests=200
regfallback explain nginx:1.27 --root node --containerd-version 2.3.4 -o json --assume '*=429'
regfallback explain nginx:1.27 --root node
regfallback explain nginx:1.27 --root node --containerd-version 1.7.24 --pull-mode transfer
regfallback explain 'nginx@sha256:1' --root node --containerd-version 1.7.24
regfallback explain nginx --root node --containerd-version 1.7.24 --assume m1=200x
regfallback explain nginx --root node --containerd-version 1.7.24 --assume m1/layers=404
