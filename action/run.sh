#!/usr/bin/env bash
# offload run $OFFLOAD_ARGUMENTS, or offload merge $OFFLOAD_MERGE, with its exit status, which also
# becomes the output `status`.
set -euo pipefail

# xargs takes quotes as a shell does, and expands nothing: what a branch is called is no command.
split() { xargs -r printf '%s\0' <<<"$1"; }

if [[ -n ${OFFLOAD_MERGE-} ]]; then
    # Folders that a pattern names are here, as the shell would have found them.
    command=(merge)
    while IFS= read -r -d '' word; do
        mapfile -t found < <(compgen -G "$word" || printf '%s\n' "$word")
        command+=("${found[@]}")
    done < <(split "$OFFLOAD_MERGE")
else
    command=(run)
fi
mapfile -d '' -t arguments < <(split "${OFFLOAD_ARGUMENTS-}")
# The first run of all knows none.
if [[ -n ${OFFLOAD_DURATIONS-} && -s $OFFLOAD_DURATIONS ]]; then
    command+=(--durations "$OFFLOAD_DURATIONS")
fi

status=0
offload "${command[@]}" "${arguments[@]}" || status=$?
echo "status=$status" >>"$GITHUB_OUTPUT"
exit "$status"
