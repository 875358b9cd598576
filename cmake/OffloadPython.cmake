# offload_joined_python(<name> [PACKED] MODULES <names>)
#
# Joins the modules of the package <name>/ beside the caller's CMakeLists.txt into one file,
# <name>.py in the build folder, and adds its path to the caller's OFFLOAD_JOINED. See
# join_python.py for what such a package may look like. PACKED adds <name>.packed.py as well, a short
# form of the same, without comments (bare_python.py), for commands that carry it (pack_python.py).
function(offload_joined_python name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "PACKED" "" "MODULES")
    set(joiner ${PROJECT_SOURCE_DIR}/cmake/join_python.py)
    set(package ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    set(joined ${CMAKE_CURRENT_BINARY_DIR}/${name}.py)
    list(TRANSFORM arg_MODULES REPLACE "(.+)" "${package}/\\1.py" OUTPUT_VARIABLE sources)
    add_custom_command(
        OUTPUT ${joined}
        COMMAND Python3::Interpreter ${joiner} ${package} ${joined} ${arg_MODULES}
        DEPENDS ${sources} ${joiner}
        VERBATIM)
    list(APPEND OFFLOAD_JOINED ${joined})
    if(arg_PACKED)
        set(stripper ${PROJECT_SOURCE_DIR}/cmake/bare_python.py)
        set(packer ${PROJECT_SOURCE_DIR}/cmake/pack_python.py)
        set(bare ${CMAKE_CURRENT_BINARY_DIR}/bare/${name}.py)
        set(packed ${CMAKE_CURRENT_BINARY_DIR}/${name}.packed.py)
        file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/bare)
        add_custom_command(
            OUTPUT ${packed}
            COMMAND Python3::Interpreter ${stripper} ${joined} ${bare}
            COMMAND Python3::Interpreter ${packer} ${bare} ${packed}
            DEPENDS ${joined} ${stripper} ${packer}
            VERBATIM)
        list(APPEND OFFLOAD_JOINED ${packed})
    endif()
    set(OFFLOAD_JOINED ${OFFLOAD_JOINED} PARENT_SCOPE)
endfunction()
