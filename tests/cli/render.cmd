# The files of a distribution, without a node.
regfallback render --distribution containerd --containerd-version 1.7.24 --directory out && find out -type f -exec stat -c '%a %n' {} + | sort && cat out/etc/containerd/config.toml
regfallback render --distribution k3s
regfallback render --distribution k4s
