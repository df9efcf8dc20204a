# Headers that most files need, parsed once. -DRF_PCH=OFF builds without them, which shows a file that relies on another's include.
option(RF_PCH "precompile the headers that most files need" ON)

set(RF_STD_HEADERS <algorithm> <array> <charconv> <chrono> <cstdint> <functional> <map> <memory> <optional> <set> <span> <string>
  <string_view> <utility> <variant> <vector> <fmt/format.h>)
set(RF_LOOP_HEADERS <asio/any_io_executor.hpp> <asio/awaitable.hpp> <asio/co_spawn.hpp> <asio/detached.hpp> <asio/io_context.hpp>
  <asio/post.hpp> <asio/redirect_error.hpp> <asio/steady_timer.hpp> <asio/this_coro.hpp> <asio/use_awaitable.hpp>)

# rf_precompile(TARGET GROUP header...): the first target of a GROUP compiles the headers, later ones take what it made. Targets of one
# group are compiled with the same options and are all of one type (libraries and programs differ in -fPIC).
function(rf_precompile target group)
  if(NOT RF_PCH)
    return()
  endif()
  get_property(owner GLOBAL PROPERTY RF_PCH_${group})
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    set_property(GLOBAL PROPERTY RF_PCH_${group} ${target})
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()
