#!/usr/bin/env bash
# 42 secrets of as many forms come in by every door: hooks, telemetry, the tap, the proxy, settings, sources, files of other programs, and errors.
# None is in any file of the ledger, in what it prints, shows or follows, or in an archive for others.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
command -v python3 >/dev/null || {
    echo 'python3 is needed' >&2
    exit 1
}
umask 022
unset CLAUDE_CONFIG_DIR CODEX_HOME OTEL_EXPORTER_OTLP_ENDPOINT HF_HOME HF_HUB_CACHE
PLANTED=(python3 -B "$ROOT/tests/cli/planted.py")
P=$T/planted
mkdir "$P" said
"${PLANTED[@]}" write "$P"
new_box
pids=()
trap '((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true; wait; chmod -R u+rwX "$T"; rm -rf "$T"' EXIT

# said ARGS...: the program, with whatever exit code; what it prints is kept.
n=0
said() {
    n=$((n + 1))
    setsid -w "$LEDGER" -C "$BOX" "$@" >"said/$n.out" 2>"said/$n.err" </dev/null || true
}
# accepted WORDS...: the door took something, or the scenario proves nothing.
accepted() {
    local before after
    before=$("$LEDGER" -C "$BOX" stats --json | jq .events)
    said "$@"
    after=$("$LEDGER" -C "$BOX" stats --json | jq .events)
    ((after > before)) || fail "nothing was recorded by: $* ($(head -c 300 "said/$n.err"))"
}

# Files of other programs.
for agent in claude-code codex gemini-cli opencode acp goose; do
    accepted ingest hook --lenient --actor "agent:$agent" "$P/hook/$agent"
done
accepted ingest otlp "$P/otlp/all.jsonl"
accepted ingest promptfoo "$P/promptfoo/r.json"
accepted ingest inspect "$P/inspect/l.json"
accepted ingest lm-eval "$P/lm-eval"
accepted ingest llama-bench "$P/llama-bench/b.jsonl"
accepted ingest weights "$P/weights/m.gguf"
accepted ingest weights "$P/weights/m.safetensors"
accepted ingest bom "$P/bom/b.json"
accepted ingest journal --unit '*' "$P/journal/j.export"
accepted ingest kubernetes "$P/kubernetes/a.log"
accepted ingest tailscale --from "$P/tailscale/s.json"
accepted ingest ollama --from "$P/ollama/calls.jsonl"
accepted ingest ollama --from "$P/ollama/lists.jsonl"
accepted ingest openai --from "$P/openai/r.jsonl"
accepted ingest jsonl "$P/jsonl/e.jsonl"
said ingest dpkg "$P/dpkg/dpkg.log"
accepted ingest huggingface "$P/hub"

# A receiver, and requests to it that are fine, broken, and full of headers.
"$LEDGER" -C "$BOX" ingest otlp --listen 127.0.0.1:0 --json >said/otlp.out 2>said/otlp.err &
pids+=($!)
listens said/otlp.err
"${PLANTED[@]}" post "$address" "$P" otlp
kill -INT "${pids[0]}"
wait "${pids[0]}" || fail 'the receiver failed'
pids=()
(($(jq .accepted said/otlp.out) > 80)) || fail "the receiver took $(<said/otlp.out)"

# A server of models behind the proxy.
"${PLANTED[@]}" models "$P" >models.port &
pids+=($!)
until [[ -s models.port ]]; do sleep 0.02; done
"$LEDGER" -C "$BOX" tap model --json --content --listen 127.0.0.1:0 --upstream "http://127.0.0.1:$(<models.port)" >said/model.out 2>said/model.err &
pids+=($!)
listens said/model.err
"${PLANTED[@]}" post "$address" "$P" model
kill -TERM "${pids[@]}"
wait "${pids[1]}" || fail 'the proxy failed'
pids=()
(($("$LEDGER" -C "$BOX" log -n 0 --format jsonl --kind run.model_called | jq -c 'select(.actor == "service:proxy")' | wc -l) > 30)) || fail 'the proxy recorded few calls'

# A server of MCP behind the tap: in calls, results, errors, what is no message, the command line and the environment.
python3 -B - "$P" >session <<'PY'
import json, sys
texts = json.load(open(sys.argv[1] + "/texts/mcp-arguments"))
say = lambda i, m, **p: print(json.dumps({"jsonrpc": "2.0", "id": i, "method": m, "params": p}))
say(100, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": texts[2], "version": texts[3]})
say(101, "tools/list")
for i, t in enumerate(texts):
    say(i, "tools/call", name="f" if i % 4 else t, arguments={"a": t, t: [t]}, _meta={"progressToken": t, "x": t})
print("no message " + texts[5])
PY
mapfile -t command < <(jq -r '.[]' "$P/texts/mcp-command")
for tap in tap-passes tap-enforces; do
    enforce=()
    [[ $tap == tap-passes ]] || enforce=(--enforce)
    before=$("$LEDGER" -C "$BOX" stats --json | jq .events)
    API_KEY=${command[2]} setsid -w "$LEDGER" -C "$BOX" tap mcp --name "$tap" "${enforce[@]}" -- "${PLANTED[@]}" mcp "$P" "${command[@]}" <session >tap.out 2>"said/$tap.err" || true
    (("$("$LEDGER" -C "$BOX" stats --json | jq .events)" > before + 40)) || fail "$tap recorded too little: $(head -c 300 "said/$tap.err")"
    check test -s tap.out # what passes is no word of the ledger
done

# Settings that are edited, and undone; broken ones.
mkdir -p "$HOME/.claude" "$HOME/.codex" "$HOME/.gemini" "$XDG_CONFIG_HOME/opencode"
cp "$P/settings/claude.json" "$HOME/.claude/settings.json"
cp "$P/settings/codex.toml" "$HOME/.codex/config.toml"
cp "$P/settings/gemini.json" "$HOME/.gemini/settings.json"
accepted setup --root "$T/none" --apply --json --otlp 127.0.0.1:4318
same "$(jq -r '[.agents[] | select(.state == "connected") | .name] | join(" ")' "said/$n.out")" 'claude-code codex gemini-cli opencode'
said setup --root "$T/none" --json
said setup --root "$T/none" --undo
check cmp "$P/settings/codex.toml" "$HOME/.codex/config.toml"
cp "$P/settings/broken.json" "$HOME/.claude/settings.json"
cp "$P/settings/broken.json" "$HOME/.gemini/settings.json"
cp "$P/settings/broken.toml" "$HOME/.codex/config.toml"
said setup --root "$T/none" --apply
said setup --root "$T/none" --apply --json
rm -r "$HOME/.claude" "$HOME/.codex" "$HOME/.gemini"

# sources.conf, as someone wrote it, and as arguments. It holds what it holds: what is said of it does not.
for conf in "$P"/conf/*; do
    cp "$conf" "$BOX/sources.conf"
    chmod 600 "$BOX/sources.conf"
    said sources check
done
said sources --json
said sources run
rm "$BOX/sources.conf"
mapfile -t texts < <(jq -r '.[]' "$P/texts/arguments")
for text in "${texts[@]}"; do
    said sources add x ollama "http://x.example/$text" --every 30s
done
for i in 1 2 9 12 31 32 33 34 35; do
    said ingest ollama "${texts[i]}"
    said ingest jsonl "/none/${texts[i]}"
    said append x.test.note -s "thing/${texts[i]}" --open text "text=${texts[i]}" "more=${texts[i]}"
    said query --subject "${texts[i]}"
done
mapfile -t texts < <(jq -r '.[]' "$P/texts/environment")
OPENAI_API_KEY=${texts[9]} HF_TOKEN=${texts[12]} ANTHROPIC_API_KEY=${texts[9]} OTEL_EXPORTER_OTLP_ENDPOINT=${texts[31]} OTEL_EXPORTER_OTLP_HEADERS="authorization=${texts[36]}" OLLAMA_HOST=${texts[31]} \
    setsid -w "$LEDGER" -C "$BOX" setup --root "$T/none" --json >said/environment.out 2>said/environment.err </dev/null || true

# Broken inputs, tried by every source: their errors quote no secret.
for source in jsonl hook otlp promptfoo inspect lm-eval llama-bench weights bom journal kubernetes dpkg; do
    said ingest "$source" "$P"/broken/*.json
done
for source in ollama openai tailscale; do
    said ingest "$source" --from "$P/broken/1.json" --from "$P/broken/9.json" --from "$P/broken/31.json"
done

# Where it could be: every file of the ledger and of its keys, what is shown, followed and handed on.
box 0 verify
said log -n 0 --private --format jsonl
shown=$n
same "$(jq -c 'select(.kind != null)' "said/$n.out" | wc -l)" "$("$LEDGER" -C "$BOX" stats --json | jq .events)"
said log -n 0
said query --format jsonl
said follow --once --from 0
said follow --once --from 0 --format otlp
said follow --once --from 0 --format syslog
for table in $("$LEDGER" -C "$BOX" state --names); do
    said state "$table" --fields all --json
done
said doctor --json
said sources --json
said stats
# Without compression, or the search would be blind; with every private field that there is.
private=$(jq -r '.private | objects | keys[]' "said/$shown.out" | grep -x '[a-z_0-9]*' | sort -u | paste -sd,)
[[ $private == *arguments* ]] || fail "the private fields are '$private'"
box 0 export --whole --bodies all --private "$private" --plain -o said/all.bundle
box 0 export --whole --plain -o said/whole.bundle
box 0 support --plain -o said/support.tar
box 0 support --dry-run
cp "$T/.out" said/support.out
mapfile -d '' -t files < <(find "$BOX" "$XDG_CONFIG_HOME" "$HOME" said -type f -print0)
((${#files[@]} > 300)) || fail "only ${#files[@]} files were looked at"
"${PLANTED[@]}" look "$P" "${files[@]}" >found || fail "there are secrets in:
$(head -n 60 found)"
# The search finds what is there.
[[ $("${PLANTED[@]}" look "$P" "$P/hook/codex" | wc -l) == 42 ]] || fail 'the search is blind'
finish
