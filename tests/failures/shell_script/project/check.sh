#!/bin/sh
# Checks one page of the handbook.
set -eu
exec 2>&1
echo "checking $1"
i=0
while [ $i -lt 400 ]; do
    i=$((i + 1))
    echo "  paragraph $i: ok"
done
if ! grep -q "^# " "pages/$1.md"; then
    echo "error: pages/$1.md has no title" >&2
    echo "       (the first line must begin with '# ')" >&2
fi
cat "pages/$1.md.sum"
echo "not reached"
