// The nodes of one command as a run: reached as the flags say, with progress on standard error and questions to the
// user; and as the rows of reports.
#pragma once
#include <vector>

#include "line/context.h"
#include "report/plan.h"
#include "report/status.h"
#include "run/run.h"
#include "setup.h"

namespace rf::cmd {

// Connects to every node and reads it, or takes the facts of --facts. An Error is about all of them. An earlier
// transaction that had to end first is told.
Result<Run> open_nodes(Context& context, const Setup& setup, Run::Purpose purpose = Run::Purpose::look,
                       Run::Detecting detecting = Run::Detecting::needed);

std::vector<PlanRow> plan_rows(const Run& run);
std::vector<StatusRow> status_rows(const Run& run);
bool any_failed(const Run& run);
// Of nodes that were read and have no registry configuration: which, and what to try. A note; nothing where there are
// none.
bool is_configured(const RunNode& node);
void note_unconfigured(Context& context, const Run& run);
bool any_changes(const Run& run);

}  // namespace rf::cmd
