# What a secret went into is printed in no form, and written for its owner alone.
cat > intent.yaml <<'END'
version: 1
registries:
  docker.io: { mirrors: [https://registry.corp] }
endpoints:
  registry.corp:
    auth: { username: robot, password: { env: TOK } }
END
chmod 600 intent.yaml
export TOK='pa"ss\w0rd'
for form in talos bottlerocket eks kubespray cloud-init kind-cluster hosts-dir k3s microk8s; do
  regfallback render --for $form -c intent.yaml > printed 2> said
  echo "$form: exit $?, $(wc -c < printed) bytes, $(grep -c 'contains secrets, which are never printed' said) refusal"
  regfallback render --for $form -c intent.yaml -o json -q 2> said | grep -c '"content": null'
done
regfallback render --for eks -c intent.yaml --directory out -q 2> said && stat -c '%a %n' out/*
# A header is a secret by its name.
sed 's/auth:.*/headers: { X-Session: abcdefgh }/' intent.yaml > header.yaml
chmod 600 header.yaml
regfallback render --for cloud-init -c header.yaml 2> said; echo "exit $?"
regfallback render --distribution containerd -c header.yaml 2> said | grep -E 'X-Session|0600'
sed 's/auth:.*/headers: { X-Team: infra }/' intent.yaml > header.yaml
regfallback render --for cloud-init -c header.yaml 2> said | head -n 2
