# The same change on three versions of containerd is shown once; CI learns of it by the exit code.
mkdir three && cp nodes/containerd-*.facts three/
regfallback plan --facts three --check
