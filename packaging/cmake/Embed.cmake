# rf_embed(TARGET NAME ROOT file...): compiles files into TARGET byte for byte. Each is reachable as
# rf::embedded::NAME() -> span of {path relative to ROOT, content}, declared in base/embedded.h.
set(RF_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/EmbedFiles.cmake)
function(rf_embed target name root)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.cpp)
  list(JOIN ARGN "|" files)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DROOT=${root} -DOUT=${out} "-DFILES=${files}" -P ${RF_EMBED_SCRIPT}
    DEPENDS ${ARGN} ${RF_EMBED_SCRIPT} VERBATIM)
  set_source_files_properties(${out} TARGET_DIRECTORY ${target} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${out})
endfunction()
