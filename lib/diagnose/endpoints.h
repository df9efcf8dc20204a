// What the rules about endpoints share. Internal to the room.
#pragma once
#include <string>
#include <string_view>

#include "diagnose/view.h"

namespace rf {

// Every endpoint that a line names; containerd's own default is none.
template <class Visit>
void each_endpoint(const View& view, Visit visit) {
  for (const auto& chain : view.chains())
    for (const auto& endpoint : chain.endpoints)
      if (endpoint.source) visit(chain, endpoint);
}

bool may(const ChainEndpoint& endpoint, std::string_view capability);
bool is_local(const ChainEndpoint& endpoint);
bool is_last(const Chain& chain, const ChainEndpoint& endpoint);
// The registry itself rather than a mirror of it.
bool is_own(const Chain& chain, const ChainEndpoint& endpoint);
std::string name_of(const Chain& chain);  // "docker.io", "every other registry"

}  // namespace rf
