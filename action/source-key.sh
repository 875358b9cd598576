#!/usr/bin/env bash
# Prints key=DIGEST of all that the program is built from.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
digest=$(find CMakeLists.txt CMakePresets.json assets cmake src web -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
echo "key=${digest%% *}"
