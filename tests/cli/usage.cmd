# What goes wrong before anything is touched.
try() { echo "\$ regfallback $*" >&2; regfallback "$@"; echo "-> $?" >&2; }
try apply --mirror docker.io=http://a --config regfallback.yaml
try apply --serial 0 --facts nodes/containerd-2.x.facts
try apply --timeout soon
try apply --probe --facts nodes/containerd-2.x.facts -m docker.io=http://a
try detect --nodes -oProxyCommand=x
try detect --facts nothing-here
try detect --facts nodes --distribution k4s
try plan --config nothing.yaml
try test --facts nodes
try test --image 'a b'
try rollback --facts nodes
try rollback --undo 3 --run 1f2e3d4c
try rollback --run 'a b'
try uninstall --facts nodes
try plan --parallel many
try apply --nodes local -m docker.io=http://a
try rollback --nodes local
try uninstall --nodes local
try migrate --nodes local
try detect --nodes a --identity nowhere
try detect --nodes a -F nowhere
try doctor --root nowhere --containerd-version 2.1.4
try explain nginx --root nowhere --containerd-version 2.1.4
try explain nginx --facts nodes/containerd-2.x.facts --assume mirror.tset=404
try explain nginx --facts nodes/containerd-2.x.facts --containerd-version two
try apply --max-failures 101% --facts nodes/containerd-2.x.facts
try apply --dry-rum
try detect --check
(cd home && try plan)
