regfallback plan --facts nodes/containerd-2.x.facts -o json
