ghcr.io
=== /etc/containerd/config.toml
version = 4
imports = ['/etc/containerd/conf.d/*.toml']

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = ''
=== /etc/containerd/conf.d/a.toml
[plugins."io.containerd.cri.v1.images".registry]
config_path = "/etc/containerd/certs.d"
/// /etc/containerd/certs.d/ghcr.io
--> /etc/containerd/certs.d/_default ghcr.io
