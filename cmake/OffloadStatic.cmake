# A program that needs nothing of the machine it runs on but the kernel: what packages carry.

if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    message(FATAL_ERROR "OFFLOAD_STATIC goes with CMAKE_BUILD_TYPE=Release alone")
endif()
set(CMAKE_CXX_LINK_OPTIONS_PIE -static-pie)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)

# What Debian has as headers and as a shared library alone. The definitions are those of its own
# targets: so the objects are the same as a release's, and come out of the compiler's cache.
find_path(OFFLOAD_FMT_FOLDER fmt/format-inl.h REQUIRED)
add_library(offload_fmt STATIC ${PROJECT_SOURCE_DIR}/packaging/fmt.cpp)
target_include_directories(offload_fmt SYSTEM PUBLIC ${OFFLOAD_FMT_FOLDER})
target_compile_definitions(offload_fmt PUBLIC FMT_SHARED)
add_library(fmt::fmt ALIAS offload_fmt)

find_path(OFFLOAD_TOML_FOLDER toml++/toml.h REQUIRED)
add_library(tomlplusplus::tomlplusplus INTERFACE IMPORTED)
target_include_directories(tomlplusplus::tomlplusplus SYSTEM INTERFACE ${OFFLOAD_TOML_FOLDER})
target_compile_definitions(tomlplusplus::tomlplusplus INTERFACE TOML_HEADER_ONLY=1)
