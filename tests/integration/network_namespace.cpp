#include "network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "sshd.h"

namespace rf {

NetworkNamespace::NetworkNamespace()
    : network_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)),
      mounts_(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
  if (network_ < 0 || mounts_ < 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return;
  entered_ = mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  sh("ip link set lo up");
}

NetworkNamespace::~NetworkNamespace() {
  if (entered_) {
    setns(network_, CLONE_NEWNET);
    setns(mounts_, CLONE_NEWNS);
  }
  close(network_);
  close(mounts_);
}

void NetworkNamespace::name(const std::string& name, const std::string& address) const {
  sh("ip address add " + address + "/32 dev lo; echo " + address + " " + name +
     " | cat /etc/hosts - >/tmp/rf-hosts.$$ && mount --bind /tmp/rf-hosts.$$ /etc/hosts && rm /tmp/rf-hosts.$$");
}

}  // namespace rf
