#!/usr/bin/env bash
# Puts offload into the PATH of the steps that follow: the program $OFFLOAD_BINARY, or one out of the
# package $OFFLOAD_PACKAGE, or else one that is built here.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
place=${RUNNER_TEMP:?not a job of GitHub Actions}/offload-action

die() {
    printf '::error title=Offload could not be installed::%s\n' "$*"
    exit 1
}

fetch() {
    local name=${1%%\?*}
    curl --fail --location --silent --show-error --retry 3 --proto =https \
        --output "$place/${name##*/}" "$1" || die "$1 could not be fetched"
    package=$place/${name##*/}
}

# The first program called offload below a folder.
find_program() { find "$1" -type f -name offload -perm -u+x -print -quit; }

install_package() {
    local package=$1
    case $package in https://*) fetch "$package" ;; esac
    [[ -f $package ]] || die "there is no package $package"
    case $package in
        *.deb)
            dpkg-deb --extract "$package" "$place/unpacked" || die "$package cannot be unpacked"
            ;;
        *.tar.gz | *.tgz)
            mkdir -p "$place/unpacked"
            tar -xzf "$package" -C "$place/unpacked" || die "$package cannot be unpacked"
            ;;
        *.whl)
            { python3 -m venv "$place/unpacked" &&
                "$place/unpacked/bin/python" -m pip install --quiet --no-index "$package"; } ||
                die "$package cannot be installed"
            ;;
        *) die "$package is neither .deb nor .whl nor .tar.gz" ;;
    esac
    program=$(find_program "$place/unpacked")
    [[ -n $program ]] || die "there is no program offload in $package"
}

mkdir -p "$place/bin"
rm -rf "$place/unpacked" # of another package, in an earlier step
if [[ -n ${OFFLOAD_BINARY-} ]]; then
    program=$(realpath -e "$OFFLOAD_BINARY") || die "there is no program $OFFLOAD_BINARY"
elif [[ -n ${OFFLOAD_PACKAGE-} ]]; then
    install_package "$OFFLOAD_PACKAGE"
else
    echo "::group::Building Offload"
    built=yes
    (cd "$source_folder" && CCACHE_DIR=$HOME/.cache/ccache ./dev build) || built=
    echo "::endgroup::"
    [[ -n $built ]] || die "it could not be built: the log has the reason"
    program=$source_folder/build/release/bin/offload
fi
version=$("$program" --version) || die "$program does not run on this machine"
ln -sfn "$program" "$place/bin/offload"
echo "$place/bin" >>"$GITHUB_PATH"
echo "$version"
