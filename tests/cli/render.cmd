# The files of a distribution, without a node.
regfallback render --distribution containerd --containerd-version 1.7.24 --directory out && find out -type f -exec stat -c '%a %n' {} + | sort && cat out/etc/containerd/config.toml
regfallback render --distribution k3s
# What a node's own distribution will generate.
regfallback render --from-node --facts nodes/k3s-agent.facts
regfallback render --from-node --facts nodes/k3s-agent.facts -o json
regfallback render --from-node --facts nodes/containerd-1.7.facts
regfallback render --distribution k4s
