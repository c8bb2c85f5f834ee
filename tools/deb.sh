#!/bin/bash
# Builds the Debian package of what is committed, in a copy of the tree: tools/deb.sh FOLDER [VERSION]
# The package (and .changes, .buildinfo) is in FOLDER afterwards. VERSION: another than debian/changelog has.
set -eu
cd "$(dirname "$0")/.."
folder=$(mkdir -p "$1" && cd "$1" && pwd)
version=${2:-}

# A Python or a pip of one's own would be built with: what counts is Debian's.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
for program in dpkg-buildpackage dh pybuild; do
    command -v "$program" >/dev/null || {
        echo "$program is not installed: sudo apt-get install --no-install-recommends dpkg-dev debhelper dh-python \\"
        echo "    pybuild-plugin-pyproject bash-completion; then sudo apt-get build-dep ."
        exit 1
    } >&2
done

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
mkdir "$tree/dog-gateway"
git archive HEAD | tar -x -C "$tree/dog-gateway"
cd "$tree/dog-gateway"
test -z "$version" || sed -i "1s/(.*)/($version)/" debian/changelog
dpkg-buildpackage --build=binary --no-sign
cp "$tree"/dog-gateway_* "$folder/"
