// This process in a network of its own, with a loopback device only, for as long as this lives: links can be cut there.
#pragma once
#include <string>

namespace rf {

class NetworkNamespace {
 public:
  NetworkNamespace();
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;
  bool entered() const { return entered_; }  // false: this user may not
  // Gives the loopback device an address, and the address a name.
  void name(const std::string& name, const std::string& address) const;

 private:
  int network_ = -1;
  int mounts_ = -1;
  bool entered_ = false;
};

}  // namespace rf
