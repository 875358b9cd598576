# Compiler settings that hold for every target of this project.

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(OFFLOAD_CCACHE ccache)
if(OFFLOAD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${OFFLOAD_CCACHE})
endif()

find_program(OFFLOAD_MOLD mold)
if(OFFLOAD_MOLD AND NOT OFFLOAD_LTO)
    add_link_options(-fuse-ld=mold)
endif()

if(OFFLOAD_LTO)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()

if(OFFLOAD_SANITIZE)
    # Reports need lines, and no more: full debug information costs a fifth of the build.
    add_compile_options(-fsanitize=${OFFLOAD_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all -g1)
    add_link_options(-fsanitize=${OFFLOAD_SANITIZE})
endif()

# What checks while it is tested under sanitizers: the standard library's own bounds and
# preconditions.
if(OFFLOAD_SANITIZE OR OFFLOAD_FUZZ)
    add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()

# What users run meets input from outside. tests/support/check_hardening.py looks at the binary.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT OFFLOAD_SANITIZE)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES CXX)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(OFFLOAD_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link -fno-omit-frame-pointer -g1)
    if(OFFLOAD_FUZZ_QUICKLY)
        add_compile_options(-O2)
    else()
        add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -O1)
        add_link_options(-fsanitize=address,undefined)
    endif()
endif()

# Warnings belong to our own targets only; offload_module() and the tests link this.
add_library(offload_warnings INTERFACE)
target_compile_options(offload_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    $<$<BOOL:${OFFLOAD_WERROR}>:-Werror>)
# GCC 12 takes its own string concatenation for an overlapping copy when it optimises (its bug
# 105651), and believes that an empty std::optional may be read after it was asked (80635).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13
   AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(offload_warnings INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
