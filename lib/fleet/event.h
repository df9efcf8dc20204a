// What happens to the nodes of a run, as it happens. Pure.
#pragma once
#include <cstddef>
#include <functional>
#include <string>

namespace rf {

struct FleetEvent {
  std::size_t node = 0;
  enum class Kind {
    started,
    progress,  // `text` is what the node is doing now
    succeeded,
    failed,       // `text` is the error's message
    skipped,      // never started; `text` says why
    interrupted,  // ended by the user while it ran
  } kind = Kind::progress;
  std::string text = {};
};
using OnFleetEvent = std::function<void(const FleetEvent&)>;

}  // namespace rf
