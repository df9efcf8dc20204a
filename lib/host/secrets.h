// Resolves what an intent refers to: passwords in the environment, in files, printed by commands, in Docker's
// configuration; and certificate files. Once per run, on this machine. Nothing of it is ever printed: messages name the
// reference, not what it holds.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "intent/intent.h"
#include "intent/resolved.h"

namespace rf {

struct SecretLimits {
  std::chrono::milliseconds command{30'000};
};

struct ResolvedOrProblems {
  ResolvedEndpoints endpoints;
  std::vector<Error> problems;        // all at once, each at its place in the intent file
  std::vector<std::string> warnings;  // a secret's file that others can read, a certificate that has ended
  bool ok() const { return problems.empty(); }
};
// Of the endpoints some registry uses; references of others are not looked at, and their commands not run.
ResolvedOrProblems resolve_secrets(const Intent& intent, const SecretLimits& limits = {});

}  // namespace rf
