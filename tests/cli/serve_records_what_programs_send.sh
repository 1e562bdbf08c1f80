#!/usr/bin/env bash
# `ledger serve` records events of programs: those that their tokens may append, judged as `append --checked` judges them, once for each key,
# durable when they are acknowledged, even if the server is killed; and the steps of jobs.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
new_box
box 0 token new app --scope append --scope read:events --kind 'run.*' --kind 'x.*'
TOKEN=$out
box 0 token new other --scope append --kind 'x.*'
OTHER=$out
box 0 token new jobs --scope read:jobs --scope write:jobs
JOBS=$out
box 0 token new reader
READER=$out
box 2 token new bad --scope append
err_has '--kind is missing'
box 2 token new bad --kind 'x.*'
err_has '--kind is for --scope append'
box 2 token new bad --scope append --kind 'a*b'
err_has "is no kind"
box 1 token new app
box 1 token revoke none
box 0 token list --json
json '.tokens | length' 4
json '.tokens[0].kinds | join(" ")' 'run.* x.*'
LEDGER_GUEST=1 box 4 token new guest
start() {
    "$LEDGER" -C "$BOX" serve --listen 127.0.0.1:0 --json 2>serve.err &
    SERVER=$!
    listens serve.err
}
start

# post CODE PATH JSON [TOKEN [CURL ARGS...]]
post() {
    local want=$1 path=$2 body=$3 token=${4-$TOKEN} got
    shift $(($# < 4 ? $# : 4))
    : >"$T/.out"
    got=$(curl -sS -o "$T/.out" -D "$T/head" -w '%{http_code}' ${token:+-H "Authorization: Bearer $token"} -H 'Content-Type: application/json' \
        -d "$body" "$@" "$address$path" 2>"$T/.err")
    out=$(<"$T/.out")
    [[ $got == "$want" ]] || fail "status $got, wanted $want: $path $body"
}

post 201 /v1/events '{"kind":"run.started","subject":"run/r-1","body":{"agent":"me"}}'
seq=$(jq .seq "$T/.out")
box 0 show "$seq" --json
json .actor token:app
json .source api
json .grade reported
json .body.agent me
json .leaf "$(jq -r .leaf <<<"$out")"
post 201 /v1/events '{"kind":"run.logged","subject":"run/r-1","run":"r-1","cause":'"$seq"',"grade":"declared","body":{"level":"info"},"private":{"message":"SECRETWORD"}}'
box 0 show "$(jq .seq "$T/.out")" --json
json .cause "$seq"
json .grade declared
json .private.message SECRETWORD

# Once for each key; a key is the token's own, and stands for one event.
post 201 /v1/events '{"kind":"x.a.b","subject":"thing/1","key":"k","body":{"n":1}}'
json .duplicate false
first=$(jq .seq "$T/.out")
post 200 /v1/events '{"kind":"x.a.b","subject":"thing/1","key":"k","body":{"n":1}}'
json .duplicate true
json .seq "$first"
post 200 /v1/events '{"kind":"x.a.b","subject":"thing/1","body":{"n":1}}' "$TOKEN" -H 'Idempotency-Key: k'
json .seq "$first"
post 409 /v1/events '{"kind":"x.a.b","subject":"thing/2","key":"k","body":{"n":1}}'
post 409 /v1/events '{"kind":"x.a.b","subject":"thing/1","key":"k","body":{"n":2}}'
post 201 /v1/events '{"kind":"x.a.b","subject":"thing/1","key":"k","body":{"n":1}}' "$OTHER"
post 400 /v1/events '{"kind":"x.a.b","subject":"thing/1","key":"k"}' "$TOKEN" -H 'Idempotency-Key: k'

# Judged, and conditional: a call needs the permission that it uses.
post 409 /v1/events '{"kind":"run.tool_called","subject":"run/r-1","run":"r-1","body":{"tool":"bash","call":"c1"}}'
json .detail "refused: the call of 'bash' names no group: which permission it uses cannot be told"
post 409 /v1/events '{"kind":"run.started","subject":"run/r-1","body":{"agent":"me"}}'
json .code conflict
post 409 /v1/events '{"kind":"x.a.b","subject":"thing/1","none_after":0}'
post 201 /v1/events '{"kind":"x.a.b","subject":"thing/new","none_after":0}'

# What a token may not.
post 403 /v1/events '{"kind":"run.started","subject":"run/r-9"}' "$OTHER"
post 403 /v1/events '{"kind":"run.started","subject":"run/r-9"}' "$READER"
post 401 /v1/events '{"kind":"run.started","subject":"run/r-9"}' ''
for kind in permission.granted promotion.promoted policy.declared doctor.judged ledger.gap recovery.tripcode_issued access.granted setup.applied; do
    post 403 /v1/events '{"kind":"'$kind'","subject":"x/1"}'
done
post 400 /v1/events '{"kind":"x.a.b","subject":"thing/1","grade":"measured"}'
post 400 /v1/events '{"kind":"x.a.b","subject":"thing/1","actor":"user:root"}'
json .detail "there is no member 'actor'"
post 400 /v1/events '{"kind":"x.a.b"}'
post 400 /v1/events '{"kind":7,"subject":"thing/1"}'
post 400 /v1/events '{"kind":"x.a.b","subject":"thing/1","body":[]}'
post 400 /v1/events '{"kind":"x.a.b","subject":"thing/1","cause":-1}'
post 400 /v1/events '{"kind":"x.a.b","subject":"thing/1","body":{"a":1,"a":2}}'
post 400 /v1/events '{"kind":"run.nonsense","subject":"run/1"}'
post 400 /v1/events 'nonsense'
post 400 /v1/events ''
same "$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $TOKEN" -d 'kind=x' "$address/v1/events")" 415
head -c 17000000 /dev/zero | tr '\0' ' ' >large
got=$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' --data-binary @large "$address/v1/events" 2>/dev/null) || true
same "$got" 413

# Jobs: recorded, not run. The same request again is the same job.
post 201 /v1/jobs '{"job":"train","queue":"gpu","input":{"secret":"SECRETWORD"}}' "$JOBS" -H 'Idempotency-Key: j1'
job=$(jq -r .subject "$T/.out")
post 200 /v1/jobs '{"job":"train","queue":"gpu","input":{"secret":"SECRETWORD"}}' "$JOBS" -H 'Idempotency-Key: j1'
json .subject "$job"
post 201 "/v1/jobs/${job#job/}/start" '{"worker":"w1","attempt":1}' "$JOBS"
post 201 "/v1/jobs/${job#job/}/progress" '{"done":5,"total":10,"unit":"samples"}' "$JOBS"
post 400 "/v1/jobs/${job#job/}/progress" '{"total":10}' "$JOBS"
post 201 "/v1/jobs/${job#job/}/finish" '{"outcome":"ok"}' "$JOBS"
post 404 "/v1/jobs/${job#job/}/dance" '{}' "$JOBS"
post 403 /v1/jobs '{}'
curl -sS -H "Authorization: Bearer $JOBS" "$address/v1/jobs/job%2F${job#job/}" >"$T/.out"
json '[.events[].kind] | join(" ")' 'job.queued job.started job.progressed job.finished'
check test "$(grep -c SECRETWORD "$T/.out")" -eq 0

# Many at once; killed in the middle: what was acknowledged is there, once, and nothing is broken.
cat >many.py <<'P'
import http.client, json, sys, threading, time
address, token, name = sys.argv[1:]
acked, lock = [], threading.Lock()
def send(server, key, c, i):
    body = json.dumps({"kind": "x.many.sent", "subject": "thing/%d" % (c % 5), "key": key, "body": {"n": i}})
    server.request("POST", "/v1/events", body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    answer = server.getresponse()
    return answer.status, json.loads(answer.read())
def client(c):
    server = http.client.HTTPConnection(address, timeout=100)
    for i in range(400):
        key = "%s-%d-%d" % (name, c, i)
        for _ in range(100):  # who is asked to come again does, with the same key
            try:
                status, said = send(server, key, c, i)
            except (OSError, http.client.HTTPException) as e:
                if name == "one":
                    print(repr(e), file=sys.stderr)
                return
            if status != 503:
                break
            time.sleep(0.1)
        if status not in (200, 201):
            print("status", status, said, file=sys.stderr)
            return
        with lock:
            acked.append((said["seq"], "app/" + key))
threads = [threading.Thread(target=client, args=(c,)) for c in range(24)]
for t in threads: t.start()
for t in threads: t.join()
print(json.dumps(acked))
P
python3 many.py "${address#http://}" "$TOKEN" one >one.json 2>one.err
same "$(<one.err)" ''
same "$(jq length one.json)" 9600
# The same steps from many at once: of each run one start is legal, whoever comes first.
cat >race.py <<'P'
import http.client, json, sys, threading
address, token = sys.argv[1:]
statuses, lock = [], threading.Lock()
def client():
    server = http.client.HTTPConnection(address, timeout=100)
    for i in range(40):
        body = json.dumps({"kind": "run.started", "subject": "run/race-%d" % i, "body": {"agent": "a"}})
        status = 503
        while status == 503:
            server.request("POST", "/v1/events", body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
            answer = server.getresponse()
            answer.read()
            status = answer.status
        with lock:
            statuses.append(status)
threads = [threading.Thread(target=client) for _ in range(12)]
for t in threads: t.start()
for t in threads: t.join()
print(statuses.count(201), statuses.count(409), len(statuses))
P
same "$(python3 race.py "${address#http://}" "$TOKEN")" '40 440 480'
python3 many.py "${address#http://}" "$TOKEN" two >two.json 2>two.err &
for _ in $(seq 400); do
    written=$("$LEDGER" -C "$BOX" query --kind x.many.sent --count) || written=0
    ((written <= 9600)) || break
    sleep 0.02
done
kill -9 "$SERVER"
wait "$SERVER" 2>/dev/null || true
wait $! || true
check test ! -s two.err
check test "$(jq length two.json)" -gt 0
box 0 verify
"$LEDGER" -C "$BOX" query --kind x.many.sent --last 0 --fields seq,key --format jsonl | jq -c '[.seq, .key]' | sort >there
jq -c '.[]' one.json two.json | sort >acknowledged
same "$(comm -13 there acknowledged | wc -l)" 0
same "$(cut -d, -f2 there | sort | uniq -d | wc -l)" 0

start
post 201 /v1/events '{"kind":"x.a.b","subject":"thing/after"}'
post 403 /v1/events '{"kind":"ledger.gap","subject":"x/1"}'
kill -TERM "$SERVER"
wait "$SERVER" || fail "it did not end well: $(tail -c 4000 ./*.err)"
box 0 query --kind access.refused --format jsonl --last 0
check test "$(jq -c 'select(.body.reason == "scope")' "$T/.out" | wc -l)" -ge 1
finish
