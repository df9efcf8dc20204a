// A secret that a connection may have to ask a person for.
#pragma once
#include <string>

namespace rf {

struct SecretQuestion {
  enum class What { passphrase, password, sudo_password } what = What::password;
  std::string node;    // as the user named it
  std::string of;      // whose: a key's file, user@host
  bool again = false;  // the answer before was wrong
};

}  // namespace rf
