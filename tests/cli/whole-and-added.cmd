# A file is the whole: what it does not name any more is removed, and counted. Flags add.
cat >quay.yaml <<'END'
version: 1
registries:
  quay.io:
    mirrors: [http://anubis:32000]
END
regfallback plan --config quay.yaml --facts managed.facts
regfallback plan -m quay.io=http://anubis:32000 --fallback quay.io=ghcr.io --facts managed.facts
# A file without nodes does not mean this machine.
regfallback plan --config quay.yaml; echo "exit $?"
regfallback status --config quay.yaml; echo "exit $?"
