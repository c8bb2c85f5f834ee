# bash completion for dogctl (printed by: dogctl completion bash)

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
