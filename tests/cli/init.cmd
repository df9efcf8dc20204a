regfallback init --nodes anubis,babel -m ghcr.io=http://anubis:32000 new.yaml && cat new.yaml
regfallback init new.yaml
regfallback plan --config new.yaml --facts nodes/containerd-2.x.facts -q | tail -n 5
