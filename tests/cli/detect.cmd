# Recorded nodes, as a table, and one of them for a program.
mkdir three && cp nodes/containerd-1.6.facts nodes/k3s-server.facts nodes/microk8s-1.35.facts three/
regfallback detect --facts three
regfallback detect --facts nodes/containerd-1.7.facts -o json
regfallback detect --facts nodes/containerd-1.7.facts -o yaml
