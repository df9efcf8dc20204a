# The rooms and what each may use (its own headers and those of the rooms named). The CMake links follow this table, and the
# `architecture` test holds every #include against it: arrows go one way, a room that is not listed here does not exist, and a
# permission that nothing uses is refused.
# rf_room(NAME PURE|IO uses...): a PURE room includes no file, thread, clock or socket header.
rf_room(base       PURE)
rf_room(yaml       PURE base)
rf_room(intent     PURE base yaml)
rf_room(containerd PURE base yaml)
rf_room(node       PURE base yaml containerd)
rf_room(plan       PURE base yaml containerd intent node)
rf_room(diagnose   PURE base yaml containerd intent node)
rf_room(transport  IO   base)
rf_room(apply      IO   base node plan transport)
rf_room(fleet      IO   base)
rf_room(probe      IO   base containerd transport)
rf_room(report     PURE base containerd node plan apply probe diagnose)
rf_room(host       IO   base intent node transport fleet)
rf_room(run        IO   base intent node plan transport apply fleet probe)

# The folders of a room that has several layers, held in the same way. Files at the top of a room are its folder ".".
# rf_folder(ROOM/NAME uses...)
rf_folder(containerd/toml)
rf_folder(containerd/go)
rf_folder(containerd/config toml go)
rf_folder(containerd/chain  toml go config)
rf_folder(containerd/pull   toml go config chain)
rf_folder(containerd/k3s    toml go config)

rf_folder(plan/.)
rf_folder(plan/registries_yaml .)
rf_folder(plan/render          . registries_yaml)
rf_folder(plan/migrate         . registries_yaml)

rf_folder(transport/shell)
rf_folder(transport/keys        shell)
rf_folder(transport/known_hosts keys)
rf_folder(transport/config      shell known_hosts)
rf_folder(transport/ssh         shell keys known_hosts config)
rf_folder(transport/ways        shell config)
