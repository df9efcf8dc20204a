mkdir -p node/etc/rancher/k3s
cat > node/etc/rancher/k3s/registries.yaml <<'END'
mirrors:
  docker.io:
    endpoint: ["http://anubis:32000"]
  "*":
    endpoint: ["https://harbor.corp/v2/proxy"]
END
regfallback explain nginx ghcr.io/a/b:1 --root node --distribution k3s --distribution-version v1.31.4+k3s1 --containerd-version 1.7.23
regfallback explain 127.0.0.1:5000/a --root node --containerd-version 1.6.20
cat > node/etc/rancher/k3s/registries.yaml <<'END'
mirrors:
  docker.io:
    endpoint: ["https://harbor.corp"]
    rewrite: {"^(.*)$": "dockerhub/$1"}
  "*":
    endpoint: ["https://harbor.corp/v2/proxy"]
END
regfallback explain nginx --root node --distribution k3s --distribution-version v1.26.12+k3s1 --containerd-version 1.7.11 --assume harbor.corp=404
regfallback explain nginx ghcr.io/a/b:1 --root node --distribution k3s --distribution-version v1.32.2+k3s1 --containerd-version 2.0.2
regfallback explain nginx --root node --distribution k4s --containerd-version 1.6.20
