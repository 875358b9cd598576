# offload_web_page(<name> FOLDER <folder> SOURCES <files>)
#
# Bundles the page in <folder> into one file, <name> in the build folder, and adds its path to the
# caller's OFFLOAD_JOINED. What bundling takes from npm is installed into the build folder first,
# in the versions of <folder>/package-lock.json.
set(OFFLOAD_LEAST_NODE 18)
find_program(OFFLOAD_NODE NAMES node nodejs)
find_program(OFFLOAD_NPM NAMES npm)
if(NOT OFFLOAD_NODE OR NOT OFFLOAD_NPM)
    message(FATAL_ERROR
        "The HTML report's page is built with node ${OFFLOAD_LEAST_NODE} or newer and npm: "
        "`apt-get install nodejs npm`, or `./dev build`, which installs what is missing")
endif()
execute_process(COMMAND ${OFFLOAD_NODE} --version OUTPUT_VARIABLE OFFLOAD_NODE_VERSION
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "^v" "" OFFLOAD_NODE_VERSION "${OFFLOAD_NODE_VERSION}")
if(OFFLOAD_NODE_VERSION VERSION_LESS OFFLOAD_LEAST_NODE)
    message(FATAL_ERROR
        "${OFFLOAD_NODE} is version ${OFFLOAD_NODE_VERSION}; the HTML report's page is built with "
        "${OFFLOAD_LEAST_NODE} or newer. -DOFFLOAD_NODE=PATH names another one")
endif()

# offload_npm_packages(<output variable> FOLDER <folder> INTO <folder> [WITHOUT_DEVELOPMENT])
#
# A rule that installs them; the variable is the file that stands for it.
function(offload_npm_packages stamp)
    cmake_parse_arguments(PARSE_ARGV 1 arg "WITHOUT_DEVELOPMENT" "FOLDER;INTO" "")
    set(lists ${arg_FOLDER}/package.json ${arg_FOLDER}/package-lock.json)
    set(installer ${PROJECT_SOURCE_DIR}/cmake/install_npm_packages.cmake)
    add_custom_command(
        OUTPUT ${arg_INTO}/packages.stamp
        COMMAND ${CMAKE_COMMAND} -DNPM=${OFFLOAD_NPM} -DFOLDER=${arg_FOLDER} -DINTO=${arg_INTO}
                -DOMIT=$<IF:$<BOOL:${arg_WITHOUT_DEVELOPMENT}>,dev,none> -P ${installer}
        DEPENDS ${lists} ${installer}
        VERBATIM)
    set(${stamp} ${arg_INTO}/packages.stamp PARENT_SCOPE)
endfunction()

function(offload_web_page name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOLDER" "SOURCES")
    set(packages ${CMAKE_CURRENT_BINARY_DIR}/npm)
    offload_npm_packages(stamp FOLDER ${arg_FOLDER} INTO ${packages} WITHOUT_DEVELOPMENT)
    set(page ${CMAKE_CURRENT_BINARY_DIR}/${name})
    list(TRANSFORM arg_SOURCES PREPEND ${arg_FOLDER}/ OUTPUT_VARIABLE sources)
    add_custom_command(
        OUTPUT ${page}
        COMMAND ${OFFLOAD_NODE} ${arg_FOLDER}/build.mjs ${packages}/node_modules ${page}
        DEPENDS ${sources} ${arg_FOLDER}/build.mjs ${stamp}
        VERBATIM)
    set(OFFLOAD_JOINED ${OFFLOAD_JOINED} ${page} PARENT_SCOPE)
endfunction()
