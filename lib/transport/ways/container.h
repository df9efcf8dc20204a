// A container as a node, through `docker exec` or `podman exec`.
#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transport/shell/bootstrap.h"

namespace rf {

struct Container {
  std::string engine = "docker";  // the program: docker or podman
  std::string name;               // name or id
};

asio::awaitable<Result<std::unique_ptr<Shell>>> open_container(const Container& container, const Access& access);

}  // namespace rf
