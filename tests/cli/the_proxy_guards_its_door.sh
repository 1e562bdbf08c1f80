#!/usr/bin/env bash
# tap model: who may connect and how, what its options need, and what many clients at once cost.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_proxy.sh
. "$ROOT/tests/cli/lib_proxy.sh"

model=(tap model --upstream "$upstream")

box 2 tap
box 2 tap model
err_has '--listen ADDRESS:PORT and --upstream URL are needed'
box 2 "${model[@]}" --listen 127.0.0.1:0 --run '../x'
err_has 'is not a run'
box 3 "${model[@]}" --listen 0.0.0.0:0
err_has "listening there needs --token-file FILE"
box 3 "${model[@]}" --listen nonsense
box 3 tap model --listen 127.0.0.1:0 --upstream ftp://x
err_has '--upstream: the address does not begin with http:// or https://'
box 3 tap model --listen 127.0.0.1:0 --upstream "http://user:pass@127.0.0.1:1"
err_has 'has a user part'
[[ $err != *pass@* ]] || fail 'a password is in a message'
echo 'correct-horse-battery' >token
chmod 644 token
box 3 "${model[@]}" --listen 0.0.0.0:0 --token-file token
err_has '--token-file'
[[ $err != *battery* ]] || fail 'a token is in a message'
chmod 600 token

# code WANTED ARGS...: what curl gets.
code() {
    local want=$1
    shift
    same "$(curl -s -o body -w '%{http_code}' "$@")" "$want"
}

# Any address, with a token; the token stays here.
start --listen 0.0.0.0:0 --token-file token --host 'box.example:1'
port=${address##*:}
code 401 -H "Host: $address" "http://127.0.0.1:$port/x"
same "$(jq -r .error.code <body)" 401
code 401 -H 'Authorization: Bearer wrong' "http://localhost:$port/x"
code 403 -H 'Authorization: Bearer correct-horse-battery' -H 'Host: evil.example' "http://127.0.0.1:$port/x"
code 200 -H 'Authorization: Bearer correct-horse-battery' "http://localhost:$port/x"
code 200 -H 'Authorization: Bearer correct-horse-battery' -H 'Host: box.example:1' "http://127.0.0.1:$port/x"
! grep -q correct-horse seen || fail "the proxy's token reached the upstream"
stop

# A Unix socket: of its user alone, and gone afterwards.
start --listen "unix:$T/s.sock" --origin https://pages.example
same "$(stat -c %a s.sock)" 600
code 200 --unix-socket s.sock http://anything/x
code 200 --unix-socket s.sock -H 'Origin: https://pages.example' http://anything/x
code 403 --unix-socket s.sock -H 'Origin: https://other.example' http://anything/x
box 4 "${model[@]}" --listen "unix:$T/s.sock"
err_has 'another process listens'
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
[[ -S s.sock ]] || fail "the socket is gone"
start --listen "unix:$T/s.sock" # one that nobody listens to any more is replaced
stop
[[ ! -e s.sock ]] || fail "the socket stayed"
echo precious >s.sock
box 3 "${model[@]}" --listen "unix:$T/s.sock"
same "$(<s.sock)" precious

start --listen 127.0.0.1:0
python3 "$ROOT/tests/cli/proxy_crowd.py" "$address" "$pid"
stop
same "$(jq -r .lost <out)" 0
box 0 verify
exec 9>&-
