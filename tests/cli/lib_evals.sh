# shellcheck shell=bash
# What scenarios of evaluations share; after lib.sh.

# eval_server: tests/evals/eval_server.py beside the scenario; its port is in $port, its room is the directory 'served'. It
# ends with the scenario, because its standard input does.
eval_server() {
    mkdir -p served
    weights 11
    coproc EVAL_SERVER { exec python3 "$ROOT/tests/evals/eval_server.py" "$T/served"; }
    # shellcheck disable=SC2034 # for the scenario
    read -r port <&"${EVAL_SERVER[0]}"
}

# server_up: the same as a process of its own, $server, which may be killed and started again at the same $port.
server_up() {
    mkdir -p served
    [[ -e served/weights ]] || weights 11
    [[ -e served/ends ]] || mkfifo served/ends
    [[ -n ${ends:-} ]] || exec {ends}<>served/ends # open as long as the scenario runs, in no server
    : >served/port
    python3 "$ROOT/tests/evals/eval_server.py" "$T/served" ${port:+"$port"} <served/ends >served/port {ends}>&- &
    server=$!
    while [[ ! -s served/port ]]; do sleep 0.05; done
    read -r port <served/port
}

# server_down: it is gone, in the middle of whatever it did.
server_down() {
    kill -KILL "$server"
    wait "$server" 2>/dev/null || true
}

# hold: slow questions after the next six are not answered before `let_go`.
hold() { echo $(($(asked) + 6)) >served/hold.new && mv served/hold.new served/hold; }
let_go() { rm -f served/hold; }

# weights XX: the digest of the model's weights, of 64 digits, from now on.
weights() { printf "$1%.0s" {1..32} >served/weights; }

# asked: how often the model was asked.
asked() { if [[ -e served/asked ]]; then wc -l <served/asked; else echo 0; fi; }

# suite FILE THRESHOLD CASE...: a suite of questions, each with the answer that is expected: "TEXT=ANSWER". Each has $within,
# or longer than a busy machine needs.
suite() {
    local file=$1 threshold=$2 n=0 one name
    name=$(basename "$1" .yaml)
    shift 2
    {
        echo 'schema: ledger-suite/v0'
        echo "name: $name"
        echo 'settings: {temperature: 0}'
        echo 'thresholds:'
        echo "  - {metric: pass_rate_lower, at_least: $threshold}"
        echo 'cases:'
        for one in "$@"; do
            n=$((n + 1))
            echo "  - {id: c$n, text: '${one%%=*}', timeout: ${within:-60s}, tags: [t$((n % 2))], expect: [{check: equals, text: '${one#*=}'}]}"
        done
    } >"$file"
}

# repeated N CASE: so many of it, as words of an array.
# shellcheck disable=SC2034 # for the scenario
repeated() {
    many=()
    for ((i = 0; i < $1; i++)); do many+=("$2"); done
}

# events FILTER: of all events of the ledger, private fields included.
events() { "$LEDGER" -C "$BOX" query --private --format jsonl 2>/dev/null | jq -r "$1"; }
