# A node nobody has managed, against the intent.
regfallback status --facts nodes/containerd-1.7.facts
regfallback status --facts nodes/containerd-1.7.facts -o json
regfallback status --check --facts nodes/containerd-1.7.facts >out; echo "exit $?"
regfallback rollback --list --facts nodes/containerd-1.7.facts
