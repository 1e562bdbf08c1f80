#!/usr/bin/env bash
# `ledger serve`: the API gives the answers of the commands of the same names, to who has a token with the scope; what it describes is what
# it answers; what was read and refused is recorded, counted, and nothing else is.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
new_box
box 0 append run.started -s run/r-1 agent=claude-code
box 0 append run.tool_called -s run/r-1 -r r-1 tool=bash call=c1
box 0 append run.finished -s run/r-1 -r r-1 outcome=ok ok=true
box 0 permit grant tool/bash exec --tier T1
note one
box 0 correct 5 --reason wrong_subject
note 'private and <b>open</b>' secret=PLANTED1X
box 0 append route.declared -s route/extract model=qwen2.5:7b
box 0 append -g measured eval.sampled -s eval/e-1 model=qwen2.5:7b
box 0 append -g measured eval.scored -s eval/e-1 model=qwen2.5:7b task=extract metric=accuracy value=0.5
box 0 append install.installed -s package/dpkg/zstd package=zstd version=1.5
box 0 append runtime.observed -s runtime/ollama status=ok version=0.5 endpoint=127.0.0.1:11434
box 0 token new reader
TOKEN=$out
box 0 token new narrow --scope read:states
NARROW=$out
box 0 token new checker --scope verify --scope read:jobs
CHECKER=$out
"$LEDGER" -C "$BOX" serve --listen 127.0.0.1:0 --json 2>serve.err &
SERVER=$!
listens serve.err

# get CODE PATH [TOKEN [CURL ARGS...]]: the body is in .out, the head in head.
get() {
    local want=$1 path=$2 token=${3-$TOKEN} got
    shift $(($# < 3 ? $# : 3))
    : >"$T/.out"
    got=$(curl -sS -o "$T/.out" -D "$T/head" -w '%{http_code}' ${token:+-H "Authorization: Bearer $token"} "$@" "$address$path" 2>"$T/.err")
    out=$(<"$T/.out")
    [[ $got == "$want" ]] || fail "status $got, wanted $want: $path"
}
# as COMMAND...: what the API said is what the command prints, but for the moment of the question.
as() {
    local wanted
    wanted=$(LEDGER_GUEST=1 "$LEDGER" -C "$BOX" --json "$@" | jq -cS 'del(.now, .size, .at)') || true
    [[ $(jq -cS 'del(.now, .size, .at)' <"$T/.out") == "$wanted" ]] || fail "the answer differs from: ledger $*"
}

get 200 /health ''
json .status ok
get 200 /v1/head
json .size "$("$LEDGER" -C "$BOX" stats --json | jq .events)"
json .root "$("$LEDGER" -C "$BOX" stats --json | jq -r .root)"
for seq in 0 1 5 6 7; do # 5 was corrected: the answer says so, as `show` does
    get 200 "/v1/events/$seq"
    same "$(jq -cS . <"$T/.out")" "$("$LEDGER" -C "$BOX" show "$seq" --json | jq -cS 'del(.private)')"
done
get 200 /v1/events/5
json .corrected_by 6
get 200 '/v1/events?kind=run.*&first=2'
as query --kind=run.* --first=2
get 200 '/v1/events?by=kind'
as query --by=kind
get 200 '/v1/events?sql=SELECT%20count(*)%20AS%20n%20FROM%20events'
as query --sql='SELECT count(*) AS n FROM events'
get 200 /v1/events/3/proof
as prove 3
get 200 /v1/why/run%2Fr-1
as why run/r-1
get 200 /v1/timeline/r-1
as timeline r-1
get 200 /v1/states
as state
get 200 /v1/states/permissions
as state permissions
get 200 /v1/states/runs?at=2
as state --at=2 runs
get 200 /v1/doctor
as doctor --no-probe
get 200 /v1/verify "$CHECKER"
json .integrity null
json '.aspects.integrity.state' good
# A single row is answered by the server itself: every row of every table is the one that the command shows.
"$LEDGER" -C "$BOX" state --markdown >tables.md
python3 - "$LEDGER" "$BOX" "${address#http://}" "$TOKEN" <<'P' >compared || fail 'a row differs'
import http.client, json, re, subprocess, sys, urllib.parse
ledger, box, address, token = sys.argv[1:]
def command(*words):  # remedies name the ledger only where a command was told which one
    said = subprocess.run([ledger, "-C", box, "--json", *words], capture_output=True, check=False).stdout
    return json.loads(said.replace(b"ledger -C " + box.encode() + b" ", b"ledger "))
keys = {}
for section in re.split("^### ", open("tables.md").read(), flags=re.M)[1:]:
    keys[section.split("\n")[0]] = re.findall(r"^\| `(\w+)` \| \w+ \| key", section, re.M)
server, compared = http.client.HTTPConnection(address), 0
for projection in command("state")["projections"]:
    for table in projection["tables"]:
        for row in command("state", table)["states"]:
            parts = [str(row[k] or "") for k in keys[table]]
            if not parts[0]:
                continue  # a segment is not empty
            path = "/v1/states/%s/%s" % (table, urllib.parse.quote(parts[0], safe=""))
            if parts[1:]:
                path += "?" + urllib.parse.urlencode([("key", p) for p in parts[1:]])
            server.request("GET", path, headers={"Authorization": "Bearer " + token})
            answer = json.loads(server.getresponse().read())
            if answer.get("row") != row:
                sys.exit("%s: %s, not %s" % (path, answer, row))
            compared += 1
for _ in range(400):  # a row costs little: the limit of questions is not for it
    server.request("GET", "/v1/states/runs/r-1", headers={"Authorization": "Bearer " + token})
    answer = server.getresponse()
    answer.read()
    if answer.status != 200:
        sys.exit("status %d" % answer.status)
print(compared)
P
check test "$(<compared)" -ge 12

# Read at once: what was recorded before the question counts in the answer.
for i in 1 2 3; do
    box 0 append run.started -s "run/new-$i" agent=x
    get 200 "/v1/states/runs/new-$i"
    json .row.state running
done

# An erasure takes effect at once, and is not held back by the server.
note 'to be erased' --key to-erase
seq=$(($("$LEDGER" -C "$BOX" stats --json | jq .events) - 1))
get 200 "/v1/events/$seq"
out_has 'to be erased'
get 200 /v1/states/runs/r-1
box 0 erase "$seq" --body --reason test --yes
out_lacks 'still'
[[ $err != *still* ]] || fail "the erasure was held back"
get 200 "/v1/events/$seq"
out_lacks 'to be erased'
json '.erased_by[0].what' body
get 200 /v1/states/runs/r-1

# A client that has the answer gets no second copy.
get 200 /v1/events/1
tag=$(grep -i '^etag:' head | cut -d' ' -f2 | tr -d '\r')
get 304 /v1/events/1 "$TOKEN" -H "If-None-Match: $tag"
out_empty
get 200 /v1/events/1 "$TOKEN" -H 'If-None-Match: "0-0"'
get 200 /v1/doctor "$TOKEN" -I

# Who may not: one answer for all tokens that are not accepted, and a problem document each time.
get 401 /v1/head ''
json .code no-token
check grep -qi '^www-authenticate: bearer' head
check grep -qi '^content-type: application/problem+json' head
same "$(jq -r .request <"$T/.out")" "$(grep -i '^x-request-id' head | cut -d' ' -f2 | tr -d '\r')"
get 401 /v1/head "${TOKEN%?}0x"
unknown=$(jq -r .detail <"$T/.out")
box 0 token new brief --expires-in 1s
brief=$out
box 0 token new gone
gone=$out
sleep 1.2
get 200 /v1/head "$gone"
box 0 token revoke gone --reason 'lost'
for _ in $(seq 100); do # servers look at the file some ten times a second
    [[ $(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $gone" "$address/v1/head") == 200 ]] || break
    sleep 0.05
done
for token in "$brief" "$gone"; do
    get 401 /v1/head "$token"
    json .detail "$unknown"
done
get 403 /v1/events/1 "$NARROW"
json .code not-allowed
get 200 /v1/head "$NARROW"
get 403 /v1/verify
get 401 "/v1/head?token=$TOKEN" '' # only the header counts
get 404 /v1/nothing
json .status 404
get 405 /v1/head "$TOKEN" -X DELETE
check grep -qi '^allow: GET, HEAD' head
get 404 /v1/states/runs/none
json .detail "there is no run 'none'"
get 404 /v1/events/99999
get 400 /v1/events/x
get 400 '/v1/events?kindd=x'
json .detail "'query' has no argument 'kindd', did you mean 'kind'?"
get 400 '/v1/events?first=x'
json .detail "argument 'first' is not an integer from 1 to 500"
get 404 /v1/why/pack%2Fnone
json .detail "there is no pack 'none'"
get 200 '/v1/events?sql=SELECT%20DISTINCT%20private%20FROM%20events'
json '.records | length' 1
json '.records[0].private' null
get 400 /v1/events/1%00
get 404 /v1/events//1
get 400 /v1/events/%2e%2e
get 400 /v1/head "$TOKEN" -H 'Content-Length: 5' -d hello -X GET

# Private fields are in no answer.
get 200 '/v1/events?last=500'
out_lacks PLANTED1X
get 200 /v1/events/7
out_lacks PLANTED1X

# Web pages of others cannot ask, nor can names that lead here (DNS rebinding).
get 403 /v1/head "$TOKEN" -H 'Origin: http://evil.example'
get 403 /v1/head "$TOKEN" -H 'Sec-Fetch-Site: cross-site'
get 403 /v1/head "$TOKEN" -H 'Host: evil.example'
get 200 /v1/head "$TOKEN" -H 'Sec-Fetch-Site: none'

# What it describes is what it answers: each operation is there, and its answer is of the type that it names.
get 200 /v1/openapi.json ''
cp "$T/.out" openapi.json
json .openapi 3.1.0
jq -r '.paths | to_entries[] | .key as $p | .value | to_entries[] | [.key, $p, (.value.responses["200"].content | keys[0])] | @tsv' openapi.json >operations
check test "$(wc -l <operations)" -ge 18
jq -e '.paths["/v1/jobs/{id}/{step}"].post | .responses["201"] and .requestBody.required and ([.parameters[].name] == ["id", "step"])' openapi.json \
    >/dev/null || fail 'the steps of jobs are not described'
while IFS=$'\t' read -r method path type; do
    [[ $method == get ]] || continue
    at=${path//\{seq\}/1}
    at=${at//\{what\}/run%2Fr-1}
    at=${at//\{table\}/runs}
    at=${at//\{key\}/r-1}
    [[ $path != /v1/timeline/* ]] || at=/v1/timeline/r-1
    token=$TOKEN
    [[ $path != /v1/verify && $path != /v1/jobs/* ]] || token=$CHECKER
    [[ $path != /v1/jobs/* ]] || at=/v1/jobs/run%2Fr-1
    got=$(curl -sS -m 2 -o /dev/null -w '%{http_code} %{content_type}' -H "Authorization: Bearer $token" "$address$at" 2>/dev/null) || true
    [[ $got == "200 $type"* ]] || fail "$path: '$got', described as $type"
done <operations
jq -e '[.paths[][] | .responses.default.content | has("application/problem+json")] | all' openapi.json >/dev/null || fail 'no problem documents'
jq -e '.paths["/v1/events"].get.parameters | map(.name) | index("kind") != null and index("where") != null' openapi.json >/dev/null ||
    fail 'parameters are missing'
get 200 /metrics
out_has 'ledger_http_requests_total{status="4xx"}'

# The stream says what is new, once a second at most.
(timeout 5 curl -sSN -H "Authorization: Bearer $TOKEN" "$address/v1/stream" >stream || true) &
sleep 1.2
for i in 1 2 3 4 5; do note "live $i"; done
wait $!
events=$(grep -c '^event: head' stream)
((events >= 2 && events <= 6)) || fail "$events events in the stream"
check grep -q '^data: {"size":' stream

# Too much: questions are limited for each token.
curl -sSZ --parallel-max 50 -o /dev/null -w '%{http_code} %header{retry-after} %{content_type}\n' -H "Authorization: Bearer $NARROW" \
    "$address/v1/doctor?only=keys&at=[1-9]&only=[1-30]" >codes 2>/dev/null
check grep -q '^429 [1-9][0-9]* application/problem+json' codes
get 200 /v1/head "$NARROW" # what costs little has a limit of its own

kill -INT "$SERVER"
wait "$SERVER" || fail "it did not end well: $(tail -c 4000 ./*.err)"
box 0 verify
box 0 query --kind 'access.*' --format jsonl --last 0
cp "$T/.out" events
has() { check test "$(jq -c "select($2)" events | wc -l)" -eq "$1"; }
has 1 '.kind == "access.read" and .body.name == "reader" and .actor == "token:reader" and .source == "api" and .body.requests > 50'
has 1 '.kind == "access.read" and .body.name == "narrow"'
for reason in no_token unknown_token expired revoked scope rate origin; do
    has 1 '.kind == "access.refused" and .body.reason == "'$reason'" and .body.count > 0'
done
has 1 '.kind == "access.refused" and .body.reason == "expired" and .body.peers == ["127.0.0.1"]'
check test "$(jq -r 'select(.kind | startswith("access.re")) | .kind' events | grep -c 'read\|refused')" -le 14

# On a socket of this user, where no web page can ask.
"$LEDGER" -C "$BOX" serve --listen "unix:$T/s" --json 2>unix.err &
SERVER=$!
listens unix.err
same "$(stat -c %a s)" 600
same "$(curl -sS --unix-socket s -H "Authorization: Bearer $TOKEN" http://localhost/v1/events/1 | jq -r .kind)" run.started
same "$(curl -sS --unix-socket s -o /dev/null -w '%{http_code}' http://localhost/v1/events/1)" 401
box 4 serve --listen "unix:$T/s"
# A question that has no end is ended with the server.
endless='WITH%20RECURSIVE%20c(n)%20AS%20(SELECT%201%20UNION%20ALL%20SELECT%20n%2B1%20FROM%20c)%20SELECT%20count(*)%20FROM%20c'
curl -sS --unix-socket s -o /dev/null -H "Authorization: Bearer $TOKEN" "http://localhost/v1/events?sql=$endless" 2>/dev/null &
sleep 0.5
kill -INT "$SERVER"
wait "$SERVER" || fail "it did not end well: $(tail -c 4000 ./*.err)"
check test ! -e s
box 0 query --kind access.refused --format jsonl --last 1
json '.body.peers[0]' "uid $(id -u)"

box 3 serve --listen 0.0.0.0:7117
err_has 'remote connections are not accepted'
box 2 serve --time-limit nonsense
run 3 -C "$T/none" serve
finish
