cat >secret.yaml <<'END'
version: 1
registries:
  docker.io:
    mirrors: [https://harbor.corp]
endpoints:
  harbor.corp:
    auth: { username: robot, password: { env: HARBOR_TOKEN } }
END
regfallback plan --config secret.yaml --facts nodes/containerd-2.x.facts
HARBOR_TOKEN=hunter2 regfallback plan --config secret.yaml --facts nodes/containerd-2.x.facts
