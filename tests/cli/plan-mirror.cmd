# Without a file, for K3s: registries.yaml in place of hosts.toml.
regfallback plan --facts nodes/k3s-server.facts -m docker.io=http://anubis:32000
