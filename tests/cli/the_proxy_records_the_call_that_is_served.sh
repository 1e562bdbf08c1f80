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

# Chunks that are none: the proxy itself refuses the request, and says so in its record; the client has not gone.
start --listen 127.0.0.1:0 --run chunks
for chunk in '5\nhello\n0\n\n' '-1\r\nhello\r\n0\r\n\r\n' '0x5\r\nhello\r\n0\r\n\r\n'; do
    exec 8<>"/dev/tcp/${address%:*}/${address##*:}"
    # shellcheck disable=SC2059 # its escapes are meant
    printf "POST /v1/chat/completions HTTP/1.1\r\nHost: $address\r\nTransfer-Encoding: chunked\r\n\r\n$chunk" >&8
    read -r status <&8
    same "$status" $'HTTP/1.1 400 Bad Request\r'
    exec 8<&- 8>&-
done
stop
box 0 log -n 0 --json --kind run.model_returned
same "$(jq -r 'select(.run == "chunks") | [.body.outcome, .body.error] | join(" ")' <"$T/.out" | sort | uniq -c | awk '{print $1, $2, $3}')" \
    "3 error bad_request"

# Which of two names is served, only the server knows: Go folds case, and the last one wins.
start --listen 127.0.0.1:0 --run twice
for body in '{"model":"small","Model":"BIG"}' '{"model":"a","model":"bbb"}' '{"model":"a","\u004dodel":["b"]}' \
    '{"model":"one","stream":false,"\u017ftream":true}' '{"Model":"one","stream":false}'; do
    curl -s -o /dev/null -H 'X-Scenario: good' -d "$body" "http://$address/v1/chat/completions"
done
stop
box 0 log -n 0 --json --kind run.model_called
same "$(jq -r 'select(.run == "twice") | .body | [.model, .stream, .error] | map(tostring) | join(" ")' <"$T/.out" | paste -sd,)" \
    "null false ambiguous_request,null false ambiguous_request,null false ambiguous_request,one null ambiguous_request,one false null"
same "$("$LEDGER" -C "$BOX" log -n 0 --json --kind run.model_returned | jq -r 'select(.run == "twice") | .body.model | tostring' | paste -sd,)" \
    "null,null,null,one,one"
box 0 verify
exec 9>&-
