// Going back on nodes, as rollback and uninstall do: shown, asked, carried out.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "line/context.h"
#include "report/apply.h"
#include "run/run.h"
#include "setup.h"

namespace rf::cmd {

struct Undoing {
  std::string command;  // "rollback"
  ChangeAction action;
  std::string reason;    // for the receipts
  std::string again;     // the command with the flags that say what is undone, without nodes
  std::string question;  // without its end: "Roll back 3 nodes"
  std::string nothing;   // what is said where no node has anything to be done
  std::function<void(Run&)> plan;
  std::function<std::vector<NodeResult>(Run&, const Rollout&)> carry_out;
};
// The exit code. Whether somebody can be asked has been looked at before: check_consent().
int undo_on_nodes(Context& context, const Setup& setup, const Undoing& undoing);

}  // namespace rf::cmd
