regfallback explain docker.io/library/nginx:1.27 --facts nodes/containerd-2.x.facts --assume registry-1.docker.io=503
regfallback explain ghcr.io/org/app:1 --facts nodes/microk8s-1.35.facts -o json
mkdir both && cp nodes/containerd-1.7.facts both/a.facts && echo broken > both/b.facts
regfallback explain ghcr.io/org/app:1 --facts both; echo "exit $?"
regfallback explain nginx --nodes a --root /; echo "exit $?"
printf 'Host gone\n  HostName 127.0.0.1\n  Port 1\n' > ssh_config
regfallback explain nginx --nodes gone -F "$PWD/ssh_config" --timeout 2s -q; echo "exit $?"
printf 'version: 1\nnodes: [gone]\nregistries:\n  docker.io: { mirrors: ["http://m:5000"] }\n' > intent.yaml
regfallback explain nginx --config intent.yaml -F "$PWD/ssh_config" --timeout 2s -q; echo "exit $?"
