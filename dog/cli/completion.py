"""C{dogctl completion bash|zsh}: prints the shell's completion script.

The scripts know nothing: they ask C{dogctl _words} (L{dog.cli.words}), which knows the commands and asks the gateway.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dog.cli.options import DONE

if TYPE_CHECKING:
    from dog.cli.console import Console

_BASH = r"""# bash completion for dogctl (printed by: dogctl completion bash)

_dogctl() {
    local found
    # The line as typed: bash has taken words apart at : and =, and wants only the part behind those ($2).
    found=$(DOGCTL_LINE="${COMP_LINE:0:COMP_POINT}" DOGCTL_PART="$2" dogctl _words bash 2>/dev/null)
    if [[ $found == "<files>" ]]; then
        compopt -o default
        COMPREPLY=()
    else
        mapfile -t COMPREPLY < <(printf '%s' "$found")
    fi
}

complete -F _dogctl dogctl
"""

_ZSH = r"""#compdef dogctl
# zsh completion for dogctl (printed by: dogctl completion zsh)

_dogctl() {
    local found
    local -a offered
    # One word a line; the last is the one being typed.
    found=$(DOGCTL_LINE="${(F)words[1,CURRENT]}" dogctl _words zsh 2>/dev/null)
    if [[ $found == "<files>" ]]; then
        _files
    elif [[ -n $found ]]; then
        offered=("${(@f)found}")
        _describe dogctl offered
    fi
}

if [[ $funcstack[1] == _dogctl ]]; then
    _dogctl "$@"
else
    compdef _dogctl dogctl
fi
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH}


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "completion",
        help="print a script for the shell's completion",
        description="Prints a completion script. bash: source <(dogctl completion bash) in ~/.bashrc. "
        "zsh: the same with zsh in ~/.zshrc, after compinit; or as a file _dogctl in a folder of $fpath.",
    )
    parser.add_argument("shell", choices=sorted(SCRIPTS), help="which shell")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    console.line(SCRIPTS[arguments.shell].rstrip("\n"))
    return DONE
