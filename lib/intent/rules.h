// What holds between the parts of an intent; the shape of each part is checked before.
#pragma once
#include "intent/intent.h"

namespace rf {

// Adds problems and warnings, each with its place. `mode_bits` as in IntentText.
void check_rules(IntentOrProblems& out, unsigned mode_bits);
// Of one registry alone: an empty chain, an endpoint twice, what "*" cannot have.
std::vector<Error> registry_problems(const Registry& registry);

}  // namespace rf
