#!/bin/sh
# discover.sh [FOLDER…]: one test ID a line, the path of a case below cases/ without its ".sh".
set -eu
cd "$(dirname "$0")/cases"
[ $# -gt 0 ] || set -- *
find "$@" -type f -name '*.sh' | sed 's/\.sh$//' | LC_ALL=C sort
