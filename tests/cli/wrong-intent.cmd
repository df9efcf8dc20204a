# Every problem at once, each with its place and the way out; nothing is touched.
regfallback plan --config wrong.yaml --facts nodes/containerd-2.x.facts
