#!/usr/bin/env bash
# stats --metrics over random histories, some of whose events are illegal or corrected, against tests/cli/metrics_reference.py.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

seed=${LEDGER_TEST_SEED:-$RANDOM$RANDOM}
echo "LEDGER_TEST_SEED=$seed"
for round in 1 2; do
    BOX=$T/box$round
    run 0 -C "$BOX" init --no-trust --origin "test.example/box$round"
    python3 -B "$ROOT/tests/cli/metrics_reference.py" make "$seed.$round" >"$T/random"
    box 0 ingest jsonl "$T/random"
    RANDOM=$((seed % 32768 + round))
    for _ in 1 2 3 4 5 6; do
        run_seq=$((RANDOM % 700 + 1))
        setsid -w "$LEDGER" -C "$BOX" correct "$run_seq" --reason mistake >"$T/.out" 2>"$T/.err" </dev/null || true # twice is refused
    done

    mkdir -p "$T/m$round"
    cd "$T/m$round"
    files=()
    for clock in source ledger; do
        for days in all '03 05' '10 20' '01 28' '28 28'; do
            read -r from to <<<"$days"
            name=m.$clock.all.all
            period=()
            if [[ $from != all ]]; then
                first=$(date -u -d "2026-01-$from" +%s)
                last=$(($(date -u -d "2026-01-$to" +%s) + 86399))
                name=m.$clock.${first}000000000.${last}000000000
                period=(--since "@$first" --until "@$last")
            fi
            box 0 stats --metrics --json --clock "$clock" "${period[@]}"
            cp "$T/.out" "$name"
            files+=("$name")
        done
    done
    box 0 query --last 0 --format jsonl
    cp "$T/.out" events
    box 0 tool list --json
    cp "$T/.out" tools
    box 0 state promotions --json
    cp "$T/.out" promotions
    python3 -B "$ROOT/tests/cli/metrics_reference.py" check . "${files[@]}" >"$T/.out" || fail "seed $seed.$round"
    cd "$T"
done

finish
