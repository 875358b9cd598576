# Compiles the sources of a folder in groups, each as one: most of the time goes into what the standard
# library's templates become, and sources that stand beside each other ask for the same. A whole build
# takes less than half of the time for it. What it asks of the sources: a name in an unnamed namespace
# may stand only once in a folder. -DOFFLOAD_GROUPS=OFF compiles each on its own.

option(OFFLOAD_GROUPS "Compile the sources of a folder in groups" ON)

# So many sources at most: enough to share, and few enough for all cores to have work.
set(OFFLOAD_GROUP_SIZE 8)

# offload_group_sources(<folder>): for all targets of the folder and below it, once they are known.
function(offload_group_sources folder)
    if(NOT OFFLOAD_GROUPS)
        return()
    endif()
    get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
        get_target_property(type ${target} TYPE)
        if(type MATCHES "^(STATIC_LIBRARY|EXECUTABLE)$")
            offload_group_sources_of(${target})
        endif()
    endforeach()
    get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
    foreach(below IN LISTS folders)
        offload_group_sources(${below})
    endforeach()
endfunction()

function(offload_group_sources_of target)
    get_target_property(sources ${target} SOURCES)
    get_target_property(home ${target} SOURCE_DIR)
    list(FILTER sources INCLUDE REGEX "\\.cpp$")
    set(places "")
    foreach(source IN LISTS sources)
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${home})
        cmake_path(GET source PARENT_PATH place)
        cmake_path(RELATIVE_PATH place BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
        string(MAKE_C_IDENTIFIER ${place} place)
        list(APPEND places ${place})
        list(APPEND of_${place} ${source})
    endforeach()
    list(REMOVE_DUPLICATES places)
    foreach(place IN LISTS places)
        list(LENGTH of_${place} count)
        math(EXPR groups "(${count} + ${OFFLOAD_GROUP_SIZE} - 1) / ${OFFLOAD_GROUP_SIZE}")
        set(position 0)
        foreach(source IN LISTS of_${place})
            math(EXPR group "${position} * ${groups} / ${count}")
            set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES
                                        UNITY_GROUP ${place}_${group})
            math(EXPR position "${position} + 1")
        endforeach()
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
