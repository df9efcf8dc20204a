// What `detect` says: what runs on each node, and how its registries are configured now.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "node/facts.h"
#include "node/profile.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct DetectRow {
  std::string node;
  std::optional<Error> error = {};
  const Facts* facts = nullptr;          // null when the node was not reached
  const Detection* detection = nullptr;  // null with an error
};

Value detect_value(std::span<const DetectRow> rows);  // regfallback.detect/v1
std::string detect_text(std::span<const DetectRow> rows, const TextStyle& style);

}  // namespace rf
