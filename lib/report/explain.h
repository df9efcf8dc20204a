// What `explain` says: the chain of an image with the reason of every endpoint, and the requests that follow.
#pragma once
#include <string>

#include "containerd/pull/predict.h"
#include "node/condition.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf {

struct Explanation {
  std::string node;  // "" offline
  std::optional<NodeCondition> condition = {};
  ImageReference image;
  EffectiveConfig config;
  Chain chain;
  ProxyEnvironment proxy = {};  // of that containerd; empty where only files are known
  Prediction prediction;
  // Requests are shown only when something was assumed; without, every endpoint is taken to answer and the first one
  // serves all.
  enum class Assumed { nothing, something } assumed = Assumed::nothing;
};

// Schema regfallback.explain/v1. Secret header values are masked.
Value explain_value(const Explanation& explanation);
std::string explain_text(const Explanation& explanation, const TextStyle& style);

}  // namespace rf
