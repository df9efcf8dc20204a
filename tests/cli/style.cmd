# A style that is asked for, where it works and where it cannot.
for n in containerd-1.7 k3s-agent; do
  regfallback plan --style config-toml --facts nodes/$n.facts --mirror docker.io=http://anubis:32000; echo "$?"
done
regfallback plan --style registries-yaml --facts nodes/containerd-1.7.facts --mirror docker.io=http://anubis:32000
