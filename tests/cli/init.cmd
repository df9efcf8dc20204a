regfallback init --nodes anubis,babel -m ghcr.io=http://anubis:32000 new.yaml && cat new.yaml
regfallback init new.yaml
regfallback plan --config new.yaml --facts nodes/containerd-2.x.facts -q | tail -n 5
regfallback init --found --facts managed.facts found.yaml && cat found.yaml && regfallback plan --config found.yaml --facts managed.facts | tail -n 1
regfallback init --found --facts nodes/microk8s-1.35.facts | sed -n '1,20p'
