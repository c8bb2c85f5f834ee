#!/bin/sh
# Make the virtual environment if there is none, and install Dog into it (editable) with the extras named, each in its
# newest release:   tools/venv.sh yaml,fast
# PYTHON names the interpreter to use, VENV the folder (default .venv). Needs network.
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}

complain() {
    printf '\nDog can not be set up: %s\n' "$1" >&2
    exit 1
}

recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if ! recent "$venv/bin/python"; then
    python=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        if recent "$candidate"; then
            python=$candidate
            break
        fi
    done
    [ -n "$python" ] || complain "Python 3.11 or newer is missing. On Debian 12 and newer:
    sudo apt-get install python3 python3-venv"

    rm -rf "$venv"
    echo "Making $venv with $("$python" --version)"
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv "$venv"
    elif "$python" -c 'import venv, pip' 2>/dev/null; then
        # Debian without python3-venv, but with python3-pip: pip can install itself into an environment without it.
        "$python" -m venv --without-pip "$venv"
        if ! "$python" -m pip --python "$venv/bin/python" install --quiet pip; then
            rm -rf "$venv"
            complain "pip could not be installed into $venv (see above)."
        fi
    else
        case $(basename "$python") in
            python3.*) package=$(basename "$python")-venv ;;
            *) package=python3-venv ;;
        esac
        complain "this Python can not make virtual environments (its modules venv and ensurepip are split off).
    sudo apt-get install $package"
    fi
fi

echo "Installing into $venv, newest releases: dog-gateway[$1]"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$1]"
