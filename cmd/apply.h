// An intent carried out on the nodes of a setup: planned, shown, agreed to, applied, verified.
#pragma once
#include <string>

#include "line/context.h"
#include "plan/plan.h"
#include "setup.h"

namespace rf::cmd {

struct ApplyManner {
  std::string reason;  // for the receipts
  PlanOptions::Undeclared undeclared = PlanOptions::Undeclared::remove;
  bool remembered = true;  // as the last apply, whose nodes `status` and `test` take
};
struct ApplyEnd {
  int code = 0;           // the exit code; everything has been said
  bool declined = false;  // the user said no, and nothing was changed
};
ApplyEnd apply_intent(Context& context, Setup& setup, const ApplyManner& manner);

}  // namespace rf::cmd
