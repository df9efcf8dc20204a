// Private keys in PEM: PKCS#8 and the older forms of OpenSSL, encrypted or not. Read here and not by OpenSSL's own
// reader, which would stretch a passphrase for as long as the file says.
#pragma once
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace rf {

// The first private key in the text; it is the caller's. A wrong passphrase is an Error of kind auth, everything else
// `unsupported`.
Result<evp_pkey_st*> read_pem_key(std::string_view text, const Secret& passphrase);

}  // namespace rf
