# From the text of a failed pull to its cause: a copy of a node's files, an event, a log, a text that says nothing, and what cannot be meant.
mkdir -p node/etc/containerd/certs.d/docker.io
cat > node/etc/containerd/config.toml <<'END'
version = 3
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'
END
cat > node/etc/containerd/certs.d/docker.io/hosts.toml <<'END'
server = "https://registry-1.docker.io"
[host."https://anubis:32000"]
  capabilities = ["pull", "resolve"]
END
cat > describe.txt <<'END'
Events:
  Type     Reason   Age                From     Message
  ----     ------   ----               ----     -------
  Normal   Pulling  8s (x2 over 22s)   kubelet  Pulling image "nginx:1.27"
  Warning  Failed   8s (x2 over 22s)   kubelet  Failed to pull image "nginx:1.27": failed to pull and unpack image "docker.io/library/nginx:1.27": failed to resolve image: failed to do request: Head "https://anubis:32000/v2/library/nginx/manifests/1.27?ns=%5BREDACTED%5D": http: server gave HTTP response to HTTPS client
  Warning  Failed   8s (x2 over 22s)   kubelet  Error: ErrImagePull
  Normal   BackOff  7s (x2 over 21s)   kubelet  Back-off pulling image "nginx:1.27"
  Warning  Failed   7s (x2 over 21s)   kubelet  Error: ImagePullBackOff
END
regfallback doctor --root node --containerd-version 2.1.9 --error - < describe.txt
echo "exit code $?"
regfallback doctor --root node --containerd-version 2.1.9 --error - -o json < describe.txt
echo "exit code $?"
regfallback explain --root node --containerd-version 2.1.9 --error 'ctr: failed to resolve image: failed to do request: Head "https://registry-1.docker.io/v2/library/nginx/manifests/1": dial tcp 10.0.0.1:443: i/o timeout' --error 'failed to pull and unpack image "docker.io/library/nginx:1": failed to resolve image: docker.io/library/nginx:1: not found'
echo "exit code $?"
# Recorded nodes: the one that the journal names, of several; a node that does not ask the endpoint.
regfallback doctor --facts nodes --error 'Nov 27 21:54:23 babel containerd[500]: time="2026-11-27T21:54:23Z" level=info msg="trying next host" error="failed to do request: Head \"https://m2.test/v2/\": EOF" host=m2.test' -o yaml | tail -20
regfallback doctor --root node --containerd-version 2.1.9 --error 'the cat sat on the mat'
echo "exit code $?"
regfallback doctor --root node --containerd-version 2.1.9 --error '' || echo "exit code $?"
regfallback explain nginx --root node --containerd-version 2.1.9 --error x || echo "exit code $?"
regfallback doctor --root node --containerd-version 2.1.9 --error x --probe || echo "exit code $?"
