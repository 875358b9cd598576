# offload_joined_python(<name> MODULES <names>)
#
# Joins the modules of the package <name>/ beside the caller's CMakeLists.txt into one file,
# <name>.py in the build folder, and adds its path to the caller's OFFLOAD_JOINED. See
# join_python.py for what such a package may look like.
function(offload_joined_python name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "MODULES")
    set(joiner ${PROJECT_SOURCE_DIR}/cmake/join_python.py)
    set(package ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    set(joined ${CMAKE_CURRENT_BINARY_DIR}/${name}.py)
    list(TRANSFORM arg_MODULES REPLACE "(.+)" "${package}/\\1.py" OUTPUT_VARIABLE sources)
    add_custom_command(
        OUTPUT ${joined}
        COMMAND Python3::Interpreter ${joiner} ${package} ${joined} ${arg_MODULES}
        DEPENDS ${sources} ${joiner}
        VERBATIM)
    set(OFFLOAD_JOINED ${OFFLOAD_JOINED} ${joined} PARENT_SCOPE)
endfunction()
