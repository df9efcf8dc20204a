# Recorded nodes: silent without an intent, not as declared with one; a receipt whose file was changed; the list of what can be found.
mkdir away && mv regfallback.yaml away/
regfallback doctor --facts nodes/containerd-1.7.facts && echo nothing
mkdir three && cp nodes/containerd-*.facts three/
regfallback doctor --facts three -c away/regfallback.yaml --severity warning
echo "exit code $?"
regfallback doctor --facts nodes/k3s-agent.facts -m docker.io=http://anubis:32000 -o yaml
regfallback doctor --facts managed.facts --severity warning
# What an upgrade would break.
regfallback doctor --facts managed.facts --containerd-version 1.6.16 --ignore managed-file-changed --severity warning
regfallback doctor --list | head -4
regfallback doctor --explain duplicate-tables -o json
