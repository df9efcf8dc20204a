# Which intent and which nodes of an earlier apply are used is said; what needs no secret does not stop at one that is not set.
mkdir -p home/.local/state/regfallback
cat >home/secret.yaml <<'END'
version: 1
registries:
  docker.io:
    mirrors: [https://harbor.corp]
endpoints:
  harbor.corp:
    auth: { username: robot, password: { env: HARBOR_TOKEN } }
END
printf 'node anubis\nintent %s/home/secret.yaml\n' "$PWD" >home/.local/state/regfallback/last-apply
cd home
regfallback status --facts ../managed.facts
regfallback status --check -q --facts ../managed.facts; echo "exit $?"
HARBOR_TOKEN=hunter2 regfallback status --facts ../managed.facts
regfallback doctor --facts ../managed.facts --severity error
regfallback explain nginx --facts ../managed.facts >out; echo "exit $?"
# Without --facts the nodes are those of the last apply, too.
regfallback test --timeout 1s --identity nowhere; echo "exit $?"
regfallback plan; echo "exit $?"
# A file that is not readable any more is told, and no reason to stop.
echo 'version: one' >secret.yaml
regfallback status --facts ../managed.facts
rm secret.yaml
regfallback status --facts ../managed.facts
