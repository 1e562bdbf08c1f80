#!/usr/bin/env bash
# tap model: every byte is passed, each call is recorded as it ended, secrets stay out, and a stop loses nothing.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_proxy.sh
. "$ROOT/tests/cli/lib_proxy.sh"

# returned FILTER: what jq makes of the bodies of run.model_returned, on one line.
returned() {
    "$LEDGER" -C "$BOX" log -n 0 --json --kind run.model_returned | jq -r ".body | $1" | paste -sd,
}

start --listen 127.0.0.1:0 --content
python3 "$ROOT/tests/cli/proxy_client.py" "$address" "$(<port)" seen
stop
same "$(jq -r '[.lost, .refused] | join(" ")' <<<"$report")" "0 21"
calls=$(jq -r .calls <<<"$report")
same "$(jq -r .written <<<"$report")" $((2 * calls))
same "$(returned '.outcome' | tr , '\n' | sort | uniq -c | awk '{print $2 ":" $1}' | paste -sd' ')" "aborted:7 error:7 ok:$((calls - 14))"

# How each ended.
same "$(returned 'select(.ok | not) | .error' | tr , '\n' | sort | uniq -c | awk '{print $2 ":" $1}' | paste -sd' ')" \
    "client_gone:2 cut:3 no_end:2 protocol:2 redirect:1 server:1 status:1 too_large:1 unavailable_error:1"
same "$(returned 'select(.status == 503) | .outcome')" error
same "$(returned 'select(.remote_host) | [.remote_host, .egress] | join(" ")')" "https://ollama.com:443 true"

# Numbers are the server's own; what it does not state is not there.
same "$(returned 'select(.tokens_in == 44) | [.tokens_out, .tokens_cached, .prompt_ms, .generate_ms, .tool_calls, .finish] | join(" ")' |
    cut -d, -f1)" "3 40 30.958 61.5 0 stop"
same "$(returned 'select(.runtime == "ollama" and .tokens_in == 26) | [.tokens_out, .load_ms, .tool_calls] | join(" ")' | cut -d, -f1)" "282 1.334 1"
same "$(returned 'select(.served == "m") | has("tokens_in") or has("tokens_out")' | tr , '\n' | sort -u)" false
same "$(returned 'select(.runtime == "lmstudio") | [.tokens_in, .tokens_out] | join(" ")')" "9 2"
same "$(returned 'select(.runtime == "llamacpp") | [.tokens_in, .tokens_out, .finish] | join(" ")')" "11 4 eos"
same "$(returned 'select(.served == "m2") | [.tokens_in, .tokens_out, .tool_calls] | join(" ")')" "5 6 1"
same "$(returned 'select(.served == "q4.gguf") | .tool_calls' | tr , '\n' | sort -u)" 2 # a path's last part
same "$(returned 'select(.first_token_ms != null and .first_token_ms > .latency_ms) | .call')" ""
box 0 log -n 0 --json --kind run.model_called
same "$(jq -r '[.body.model, .body.operation] | join(" ")' <"$T/.out" | sort -u | paste -sd,)" \
    "llama3.2:3b chat,llama3.2:3b completion,llama3.2:3b embedding"
same "$(jq -r 'select(.body.parameters) | .body.parameters | tostring' <"$T/.out" | sort -u)" '{"temperature":0.2}'
same "$(jq -r .grade <"$T/.out" | sort -u)" measured

# Prompts and answers are private fields, and secrets are in none.
box 0 log -n 0 --json
out_lacks 'my key is'
python3 "$ROOT/tests/cli/proxy_client.py" secrets 0 0 >all
same "$(sort -u all | wc -l)" 35
mapfile -t planted <all
for secret in "${planted[@]}"; do
    ! grep -rqaF -e "$secret" "$BOX" || fail "a secret is in the ledger: $secret"
    ! grep -qF -e "$secret" out err || fail "a secret is in a message: $secret"
done
seq=$(jq -r 'select(.kind == "run.model_called") | .seq' <"$T/.out" | head -n 1)
box 0 show "$seq"
out_has 'prompt'
out_has 'hello'
box 0 verify

# Without --content no private field has a prompt; a trace is a run; --run wins.
start --listen 127.0.0.1:0
curl -s -o /dev/null -H 'X-Scenario: good' -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' \
    -d '{"model":"/home/alice/m.gguf","messages":[{"content":"a secret plan"}]}' "http://$address/v1/chat/completions"
stop
box 0 log -n 2 --json
same "$(jq -r '[.run, .body.parent, .body.model, .private_commitment] | join(" ")' <"$T/.out" | sort -u)" \
    "0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 m.gguf "
same "$(jq -r '.cause' <"$T/.out" | tail -n 1)" "$(jq -r .seq <"$T/.out" | head -n 1)"
start --listen 127.0.0.1:0 --run my-run --runtime box
curl -s -o /dev/null -H 'X-Scenario: good' -d '{"model":"m"}' "http://$address/v1/chat/completions"
# A stop: what is open has its time, and is recorded as aborted after it.
curl -s -o /dev/null -N -H 'X-Scenario: endless' -d '{"model":"m"}' "http://$address/v1/chat/completions" &
until grep -c endless seen | grep -q 2; do sleep 0.02; done
stop
box 0 log -n 0 --json --kind run.model_returned
same "$(jq -r 'select(.run == "my-run") | [.body.runtime, .body.outcome, .body.error] | join(" ")' <"$T/.out" | paste -sd,)" "box ok ,box aborted stopped"

# Nobody listens upstream.
exec 9>&-
start --listen 127.0.0.1:0
until ! curl -s -o /dev/null "http://127.0.0.1:$(<port)/x"; do sleep 0.02; done
same "$(curl -s -o body -w '%{http_code}' -d '{"model":"m"}' "http://$address/v1/chat/completions")" 502
same "$(jq -r .error.type <body)" unreachable
stop
same "$(returned .error | tr , '\n' | tail -n 1)" unreachable
