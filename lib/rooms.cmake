# The rooms and what each may use (its own headers and those of the rooms named). The CMake links follow this table, and the
# `architecture` test holds every #include against it. Arrows go one way; a room not listed here does not exist.
# rf_room(NAME PURE|IO uses...): a PURE room includes no file, thread, clock or socket header.
rf_room(base      PURE)
rf_room(intent    PURE base)
rf_room(containerd PURE base)
rf_room(node      PURE base containerd)
rf_room(plan      PURE base containerd intent node)
rf_room(diagnose  PURE base containerd intent node)
rf_room(transport IO   base)
rf_room(apply     IO   base containerd intent node plan transport)
rf_room(fleet     IO   base transport apply node plan)
rf_room(probe     IO   base containerd intent node transport)
rf_room(report    PURE base containerd intent node plan apply probe diagnose)
rf_room(host      IO   base containerd intent node transport)
