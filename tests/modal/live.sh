#!/usr/bin/env bash
# Runs Offload against Modal itself and checks what comes back. Needs a token (`modal token new`),
# and uv or a python3 with the modal package; costs a few cents.
#
#     ./dev build && tests/modal/live.sh [BINARY]
#
# The tests run it, too, against their own server: MODAL_SERVER_URL says which.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=$(realpath "${1-$root/build/release/bin/offload}")
[[ -x $binary ]] || {
    echo "there is no $binary: run ./dev build" >&2
    exit 1
}
export OFFLOAD_MODAL_APP=offload-live-test
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
said=$folder/said
mkdir "$folder/project"
cd "$folder/project"

say() { printf '\n==> %s\n' "$*"; }
fail() {
    echo "FAILED: $*" >&2
    exit 1
}
# expect STATUS ARGUMENT…: runs Offload; what it says is in $said.
expect() {
    local wanted=$1 status=0
    shift
    "$binary" "$@" 2>&1 | tee "$said" || status=${PIPESTATUS[0]}
    ((status == wanted)) || fail "offload $*: exit status $status instead of $wanted"
}
cases() { grep -c '<testcase ' test-results/junit.xml; }

mkdir tests
cat >Dockerfile <<'END'
FROM python:3.12-slim
RUN pip install --quiet pytest
COPY requirements.txt /app/
END
echo "# none" >requirements.txt
cat >tests/test_live.py <<'END'
import os, pathlib, sys
import pytest

@pytest.mark.parametrize("n", range(40))
def test_case(n):
    assert os.getcwd() == os.environ["OFFLOAD_ROOT"] == "/app"

def test_environment():
    assert os.environ["ONE"] == "it's"

def test_artefact():
    pathlib.Path("out").mkdir()
    pathlib.Path("out/data.bin").write_bytes(bytes(range(256)) * 1000)

def test_init_command():
    assert pathlib.Path("made").read_text() == "made\n"
END
cat >offload.toml <<'END'
[offload]
max_parallel = 8
test_timeout_secs = 120
sandbox_project_root = "/app"
sandbox_init_cmd = "echo made > made"

[provider]
type = "modal"
dockerfile = "Dockerfile"
include_cwd = true
env = { ONE = "it's" }

[framework]
type = "pytest"
command = "python3 -m pytest"

[groups.all]
retry_count = 1

[report]
download_globs = ["out/*.bin"]
END
python3 -m pytest --version >/dev/null || fail "discovery needs pytest here, too"

say "A first run builds the image"
expect 0 run
(($(cases) == 43)) || fail "$(cases) cases instead of 43"
cmp -s test-results/sb-*/batch-*/out/data.bin \
    <(python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 1000)') ||
    fail "the artefact differs"

say "A second run takes the image as it is"
expect 0 run
grep -q "is up to date" "$said" || fail "the image was built again"

say "An edited test runs as edited, and its failure is told"
echo 'def test_added(): assert "edited" == ""' >>tests/test_live.py
expect 1 run
grep -q "test_added" "$said" || fail "the failure was not told"
sed -i '$d' tests/test_live.py

say "Ctrl-C leaves nothing behind"
cat >tests/test_slow.py <<'END'
import time
def test_slow(): time.sleep(300)
END
"$binary" run >"$said" 2>&1 &
pid=$!
for ((i = 0; i < 120; i++)); do
    if grep -q '"sb-' test-results/journal.ndjson 2>/dev/null; then break; fi
    sleep 1
done
sleep 5
kill -INT "$pid"
status=0
wait "$pid" || status=$?
((status == 130)) || fail "exit status $status instead of 130: $(cat "$said")"
expect 0 cleanup
rm tests/test_slow.py

say "A Dockerfile that does not build shows why"
echo 'RUN echo the compiler says no; exit 3' >>Dockerfile
expect 1 run
grep -q "the compiler says no" "$said" || fail "the build's log is missing"

say "All is well"
