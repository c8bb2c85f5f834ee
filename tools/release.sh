#!/bin/bash
# What is published is made, and checked, here: tools/release.sh [FOLDER] (default: dist). Publishes nothing.
# The version is dog/__init__.py's; debian/changelog and NEWS.md have to agree, and everything has to be committed.
# Wheel, sdist and .deb are built twice, in two folders; they are the same to the byte, or there is no release.
set -eu
# Permissions are part of what is published.
umask 022
cd "$(dirname "$0")/.."
folder=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
python=${PYTHON:-python3}

wrong=0
complain() {
    echo "release: $*" >&2
    wrong=1
}

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' dog/__init__.py)
read -r _ packaged suite _ <debian/changelog
packaged=${packaged//[()]/}
# PyPI's 4.0.0.dev0 and 4.0.0rc1 are Debian's 4.0.0~dev0 and 4.0.0~rc1.
debian=$(sed -E 's/\.?(dev|a|b|rc)([0-9]+)$/~\1\2/' <<<"$version")
[ "$debian" = "$packaged" ] || complain "dog/__init__.py says $version, debian/changelog $packaged instead of $debian"
[ "$suite" != "UNRELEASED;" ] || complain "debian/changelog says UNRELEASED: dch --release"
grep -q "^## $version (" NEWS.md || complain "NEWS.md tells nothing of $version: towncrier build --version $version"
news=$(git ls-files 'newsfragments/*.md')
[ -z "$news" ] || complain "news that no release tells of yet: $(wc -l <<<"$news") fragments"
[ -z "$(git status --porcelain)" ] || complain "not everything is committed"
[ "$wrong" -eq 0 ] || exit 1

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for turn in first second/and-longer; do
    mkdir -p "$work/$turn/tree" "$work/$turn/made"
    git archive HEAD | tar -x -C "$work/$turn/tree"
    # What a file's permissions are is the builder's umask otherwise.
    chmod -R u=rwX,go=rX "$work/$turn/tree"
    "$python" -m build --outdir "$work/$turn/made" "$work/$turn/tree" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    # setuptools writes the time of the build into the sdist, of every file that it makes and of the archive.
    for sdist in "$work/$turn"/made/*.tar.gz; do
        mkdir "$work/$turn/sdist"
        tar -xf "$sdist" -C "$work/$turn/sdist"
        (cd "$work/$turn/sdist" && tar --create --sort=name --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 \
            --group=0 --numeric-owner -- * | gzip --no-name --best) >"$sdist"
    done
    tools/deb.sh "$work/$turn/deb" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    cp "$work/$turn"/deb/*.deb "$work/$turn/made/"
done
diff -r "$work/first/made" "$work/second/and-longer/made" || { echo "release: two builds differ" >&2; exit 1; }
"$python" -m twine check --strict "$work"/first/made/*.whl "$work"/first/made/*.tar.gz
"$python" tools/sbom.py "$work/first/made" >"$work/log" || { cat "$work/log"; exit 1; }
cp "$work"/first/made/* "$folder/"
echo "release $version: two builds are the same to the byte"
(cd "$folder" && sha256sum -- *"$version"*.whl *"$version"*.tar.gz "dog-gateway_${debian}_all.deb" "dog-gateway-$version.cdx.json" "dog-gateway_${debian}_all.deb.cdx.json")
