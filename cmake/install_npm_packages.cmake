# Installs what FOLDER/package-lock.json lists into INTO/node_modules; OMIT is "dev" or "none".
# No package's own scripts are run.
file(MAKE_DIRECTORY ${INTO})
foreach(list IN ITEMS package.json package-lock.json .npmrc)
    file(COPY_FILE ${FOLDER}/${list} ${INTO}/${list})
endforeach()
set(options --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error)
if(OMIT STREQUAL "dev")
    list(APPEND options --omit=dev)
endif()
execute_process(COMMAND ${NPM} ci ${options} WORKING_DIRECTORY ${INTO}
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
    message(FATAL_ERROR
        "npm could not install the packages that ${FOLDER}/package-lock.json lists:\n${output}\n"
        "The HTML report's page is bundled with them. They are fetched from npm's registry once "
        "for each build folder, so that this step needs the network, or a cache that has them: "
        "`npm cache ls` shows it, and `npm config get registry` who is asked.")
endif()
file(TOUCH ${INTO}/packages.stamp)
