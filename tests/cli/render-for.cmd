regfallback render --for kind -m docker.io=http://m1:5000 --containerd-version 2.1.3
regfallback render --for kind -m docker.io=http://localhost:5000 --containerd-version 2.2.0 -o json
regfallback render --for kind -m docker.io=http://m1:5000 --directory out -q && cat out/kind-cluster.yaml
regfallback render --for bottlerocket -m docker.io=http://m1:5000
regfallback render --for kindd -m docker.io=http://m1:5000
regfallback render --for kind --distribution kind -m docker.io=http://m1:5000
