// Owners of a C library's objects: Owned<EVP_PKEY, EVP_PKEY_free>.
#pragma once
#include <memory>

namespace rf {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;

}  // namespace rf
