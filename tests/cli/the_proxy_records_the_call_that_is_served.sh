#!/usr/bin/env bash
# tap model: no way of writing a request makes its call go unrecorded, or recorded as another one.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_proxy.sh
. "$ROOT/tests/cli/lib_proxy.sh"

start --listen 127.0.0.1:0

# code WANTED PATH: of a call for a model.
code() {
    same "$(curl -s -o body -w '%{http_code}' -H 'X-Scenario: good' -d '{"model":"m"}' "http://$address$2")" "$1"
}
code 400 /v1/chat/%63ompletions
same "$(jq -r .error.message <body)" "the path has '%63', which needs no escape and is not passed on"
code 200 /v1/chat/completions/
code 200 '/V1/Chat/Completions/?a=%63'
code 200 /API/CHAT
code 200 '/v1/chat/completions%20' # another path
stop
same "$(jq -r '[.calls, .others, .refused] | join(" ")' <<<"$report")" "3 1 1"
exec 9>&-
