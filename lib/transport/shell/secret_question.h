// What a connection may have to ask a person for.
#pragma once
#include <string>

namespace rf {

struct SecretQuestion {
  enum class What {
    passphrase,
    password,
    sudo_password,
    of_ssh,  // whatever the system's ssh wants, in its words
  } what = What::password;
  std::string node;    // as the user named it
  std::string of;      // whose: a key's file, user@host; or the words of ssh
  bool again = false;  // the answer before was wrong
};

// A yes or no for the system's ssh.
struct ConfirmQuestion {
  std::string node;   // as the user named it
  std::string words;  // of ssh; lines
};

}  // namespace rf
