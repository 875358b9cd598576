#!/bin/sh
# Sandboxes over ssh. $HOSTS: the machines, separated by blanks; $SSH_CONFIG: a file for ssh -F.
set -eu

hosts=${HOSTS:-localhost}
remote() {
    host=$1
    shift
    ssh ${SSH_CONFIG:+-F "$SSH_CONFIG"} -o BatchMode=yes -o ConnectTimeout=10 \
        -o ServerAliveInterval=15 "$host" "$@"
}

command=$1
shift
case $command in
    prepare) # FOLDER: the project as it is here goes to every machine
        for host in $hosts; do
            echo "copying to $host"
            tar -c --exclude=./test-results . |
                remote "$host" "rm -rf '$1' && mkdir -p '$1' && tar -x -C '$1'"
        done
        echo ready
        ;;
    create) # the machines in turn; that one answers is all that is needed
        # shellcheck disable=SC2086
        set -- $hosts
        shift $((OFFLOAD_PARALLEL_INDEX % $#))
        remote "$1" true
        echo "$1"
        ;;
    exec) # SANDBOX COMMAND
        remote "$1" "$2"
        ;;
    destroy) # SANDBOX: what its batches left in their own folder
        remote "$1" "rm -rf '${OFFLOAD_SANDBOX_FOLDER:-/nonexistent}'"
        ;;
esac
