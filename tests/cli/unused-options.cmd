# Options for a host that no registry uses are said, and stop nothing.
cat > unused.yaml <<'END'
version: 1
registries:
  docker.io: { mirrors: [http://anubis:32000] }
endpoints:
  anubsi:32000: { dial_timeout: 2s }
END
regfallback plan -c unused.yaml --facts nodes/containerd-1.7.facts >plan.txt
