# A copy with registries.yaml alone: K3s does not start with the first; the faults of the others are told there, once.
mkdir -p node/etc/rancher/k3s
cat > node/etc/rancher/k3s/registries.yaml <<'END'
configs:
  harbor.corp:
    tls:
      insecure_skip_verify: "true"
END
regfallback doctor --root node --distribution k3s --containerd-version 2.1.4 --severity warning
cat > node/etc/rancher/k3s/registries.yaml <<'END'
mirrors:
  docker.io:
    endpoint: ["registry:5000"]

mirrors:
  registry:
    endpoint: ["registry:5000"]
END
regfallback doctor --root node --distribution k3s --containerd-version 2.1.4 --severity warning
cat > node/etc/rancher/k3s/registries.yaml <<'END'
mirrors:
  "*":
    endpoint: ["http://cache.test:5000"]
  registry.test:
    endpoint:
      - "https://"
END
regfallback doctor --root node --distribution k3s --containerd-version 2.1.4 --severity warning
