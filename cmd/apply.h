// An intent carried out on the nodes of a setup: planned, shown, agreed to, applied, verified.
#pragma once
#include <string>

#include "line/context.h"
#include "setup.h"

namespace rf::cmd {

struct ApplyManner {
  std::string command;     // for messages and the receipts
  bool remembered = true;  // as the last apply, whose nodes `status` and `test` take
  std::string again = {};  // the command with what it was given, without nodes; see ChangeReport
};
// The exit code; everything has been said. Whether somebody can be asked has been looked at before: check_consent().
int apply_intent(Context& context, const Setup& setup, const ApplyManner& manner);

}  // namespace rf::cmd
