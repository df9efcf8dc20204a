# Run with -P after a static link: the binary may need libc and what comes with it, and nothing else.
execute_process(COMMAND ${READELF} -d ${BINARY} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "NEEDED[^[]*\\[[^]]*\\]" needed "${dynamic}")
foreach(one IN LISTS needed)
  if(NOT one MATCHES "\\[(libc|libm|libgcc_s|ld-linux[a-z0-9_-]*)\\.so[.0-9]*\\]$")
    message(FATAL_ERROR "${BINARY} needs more than libc: ${one}")
  endif()
endforeach()
