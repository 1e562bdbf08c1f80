# Completion for ledger in bash. The words come from `ledger help --words`, so this file never lags behind the program.
# shellcheck shell=bash

_ledger_words() {
    local IFS=$' \t\n'
    "${COMP_WORDS[0]}" help --words "$@" 2>/dev/null
}

# Prints what the option $1 takes, from the words on standard input.
_ledger_value_of() {
    local word value help
    while IFS=$'\t' read -r word value help; do
        : "$help"
        if [[ $word == "$1" ]]; then
            printf '%s\n' "$value"
            return
        fi
    done < <(sed 's/\t\t/\t-\t/')
}

_ledger() {
    local cur prev i word words value
    local -a commands=()
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -C | --dir | --passphrase-fd | --passphrase-file) ((i++)) ;;
        -* | =) ;;
        *)
            if ((${#commands[@]} == 0)); then
                commands+=("$word")
            elif ((${#commands[@]} == 1)); then
                case ${commands[0]} in
                key | trust | artifact | model | route | permit | pack | eval | promote | run | tap) commands+=("$word") ;;
                esac
            fi
            ;;
        esac
    done
    words=$(_ledger_words "${commands[@]}")
    if [[ $prev == -* ]]; then
        value=$(_ledger_value_of "$prev" <<<"$words")
        case $value in
        '' | -) ;;
        *FILE)
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            compopt -o filenames 2>/dev/null
            return
            ;;
        DIR)
            mapfile -t COMPREPLY < <(compgen -d -- "$cur")
            compopt -o filenames 2>/dev/null
            return
            ;;
        GLOB)
            mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" kinds --names 2>/dev/null)" -- "$cur")
            return
            ;;
        GRADE)
            mapfile -t COMPREPLY < <(compgen -W 'measured reported declared inferred' -- "$cur")
            return
            ;;
        FORMAT)
            mapfile -t COMPREPLY < <(compgen -W 'table json jsonl csv msgpack' -- "$cur")
            return
            ;;
        TABLE)
            mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" state --names 2>/dev/null)" -- "$cur")
            return
            ;;
        HOW)
            mapfile -t COMPREPLY < <(compgen -W 'utc local relative' -- "$cur")
            return
            ;;
        *) return ;;
        esac
    fi
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(cut -f1 <<<"$words" | grep '^-')" -- "$cur")
        return
    fi
    case "${commands[*]}" in
    '' | key | trust | artifact | model | route | permit | pack | eval | promote | run | tap)
        mapfile -t COMPREPLY < <(compgen -W "$(cut -f1 <<<"$words" | grep -v '^-')" -- "$cur")
        ;;
    help)
        mapfile -t COMPREPLY < <(compgen -W "$(_ledger_words | cut -f1 | grep -v '^-')" -- "$cur")
        ;;
    append | kinds)
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" kinds --names 2>/dev/null)" -- "$cur")
        ;;
    ingest)
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" ingest --sources 2>/dev/null)" -- "$cur")
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
        ;;
    state | rebuild | attest)
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" state --names 2>/dev/null)" -- "$cur")
        ;;
    log | query | timeline | why | diff | index | stats | *' list' | *' show') ;;
    *)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        compopt -o filenames 2>/dev/null
        ;;
    esac
}

complete -F _ledger ledger
