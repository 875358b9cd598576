# offload_module(<name>
#     HEADERS  <public headers, below include/offload/<name>/>
#     SOURCES  <sources and private headers>
#     PUBLIC   <targets whose headers ours include>
#     PRIVATE  <targets that only our sources use>)
#
# Makes the static library offload_<name> with the alias offload::<name>. What a module links is
# what it may include: the list is its permission to know of others. Its own headers are named from
# its folder on: "pytest/reader.hpp".
function(offload_module name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;PUBLIC;PRIVATE")
    list(TRANSFORM arg_HEADERS PREPEND include/offload/${name}/)
    if(arg_SOURCES)
        add_library(offload_${name} STATIC ${arg_SOURCES})
        target_include_directories(offload_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
        target_sources(offload_${name} PUBLIC FILE_SET HEADERS BASE_DIRS include
                                              FILES ${arg_HEADERS})
        target_link_libraries(offload_${name} PUBLIC ${arg_PUBLIC}
                                              PRIVATE ${arg_PRIVATE} offload_warnings)
    else()
        add_library(offload_${name} INTERFACE)
        target_sources(offload_${name} INTERFACE FILE_SET HEADERS BASE_DIRS include
                                                 FILES ${arg_HEADERS})
        target_link_libraries(offload_${name} INTERFACE ${arg_PUBLIC})
    endif()
    set_target_properties(offload_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    add_library(offload::${name} ALIAS offload_${name})
endfunction()

# offload_unit_test(<module> SOURCES <files> [LINK <more targets>])
#
# Makes the test executable <module>_test, one CTest entry unit/<module>/<suite>.<case> per case,
# labelled with the module.
function(offload_unit_test module)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
    add_executable(${module}_test ${arg_SOURCES})
    target_link_libraries(${module}_test PRIVATE
        offload::${module} offload_test_support ${arg_LINK} GTest::gmock_main offload_warnings)
    gtest_discover_tests(${module}_test TEST_PREFIX "unit/${module}/" DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 300 LABELS ${module})
endfunction()
