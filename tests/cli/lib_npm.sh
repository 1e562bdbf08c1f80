# shellcheck shell=bash
# For scenarios that use programs from npm, sourced after lib.sh. They are not part of `make test`, because they need the network:
#   LEDGER=build/release/ledger bash tests/cli/_NAME.sh
# Without npm or the registry they are skipped with a message. $npm_home, set before lib.sh is sourced, is the user's home: npm's
# settings are there, a registry or a proxy of this machine.

: "${npm_home:?is set before lib.sh is sourced}"

skip() {
    echo "${0##*/}: skipped: $*"
    exit 0
}
command -v npm >/dev/null || skip 'there is no npm'

# from_npm DIR WHAT OPTION...: installs what the lock file in DIR names; WHAT it is, for the message.
from_npm() {
    local dir=$1 what=$2
    shift 2
    (cd "$dir" && HOME=$npm_home timeout 300 npm ci --no-audit --no-fund --loglevel=error "$@") >npm.log 2>&1 ||
        skip "npm cannot install $what: $(tail -n 1 npm.log)"
}
