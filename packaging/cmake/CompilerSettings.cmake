# Our own flags, on one interface target that our targets link privately; libraries we use never see them.
add_library(rf_settings INTERFACE)
target_include_directories(rf_settings INTERFACE ${CMAKE_SOURCE_DIR}/lib)
target_compile_options(rf_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Wunused -Woverloaded-virtual -fstack-protector-strong $<$<BOOL:${RF_DEVELOPER}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
  # clang 14 has C++20 coroutines but does not announce them, so <coroutine> and Asio would leave them out.
  target_compile_definitions(rf_settings INTERFACE __cpp_impl_coroutine=201902L ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
  target_compile_options(rf_settings INTERFACE -Wno-builtin-macro-redefined)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives of the first two when it inlines std::string and std::variant, of the third in coroutines of Asio.
  target_compile_options(rf_settings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-mismatched-new-delete)
endif()
if(RF_SANITIZE)
  add_compile_options(-fsanitize=${RF_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RF_SANITIZE})
endif()
if(RF_FUZZ)
  # clang 14 cannot put the mark that `function` looks for before a coroutine.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=function -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections -Wl,-z,relro,-z,now -s)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers are cached only when their time and the macros before them do not count.
  set(launcher env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>
    "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
