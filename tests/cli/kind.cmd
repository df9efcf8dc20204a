mkdir bin
cat > bin/docker <<'END'
#!/bin/sh
# Stands in for docker: one cluster with a stopped node.
case "$1" in
ps) printf 'dev\tcontrol-plane\tExited (0) 2 days ago\tdev-control-plane\ndev\texternal-load-balancer\tUp 2 days\tdev-lb\n' ;;
*) echo "docker stand-in: $*" >&2; exit 1 ;;
esac
END
printf '#!/bin/sh\necho "Cannot connect to Podman" >&2\nexit 125\n' > bin/podman
chmod +x bin/docker bin/podman
PATH=$PWD/bin:$PATH
regfallback kind
regfallback kind start
regfallback kind registry --cluster=-x
regfallback kind registry --registry-image=--privileged
regfallback kind registry --registry-port 70000
regfallback kind registry --cluster dev
regfallback kind registry --cluster nowhere --yes
regfallback kind registry --cluster dev --yes
regfallback detect --nodes kind:dev
regfallback kind status --cluster nowhere
regfallback kind status --cluster dev -o json
