// Part of render: the files that a node's own distribution generates.
#pragma once
#include "line/command.h"
#include "line/context.h"

namespace rf::cmd {

int render_from_nodes(Context& context);

}  // namespace rf::cmd
