#!/usr/bin/env bash
# pack run: a step with network.egress reaches the host and port of its grant, and nothing else; where it connected, what was
# refused and how many bytes went is recorded; and a step that does not use its proxy is told so.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
model_server 127.0.0.1
here=127.0.0.1:$port
make_pack <<EOF
steps:
  - id: through
    route: work
    outputs: [said]
    stdout: said
    arguments: [fetch, http://$here/health, fetch, http://$here/down, fetch, http://localhost:$port/health, fetch,
      http://127.0.0.1:1/health, fetch, http://127.0.0.2:$port/health, fetch, "http://[::ffff:127.0.0.1]:$port/health",
      fetch, http://192.0.2.1/health]
    uses: [network.egress]
    when: input flag missing
  - id: past
    route: work
    arguments: [dial, 192.0.2.1, "80", dial, 127.0.0.1, "$port", exit, "7"]
    uses: [network.egress]
    when: input flag given
  - id: refused
    route: work
    arguments: [fetch, http://127.0.0.1:1/, exit, "7"]
    uses: [network.egress]
    when: input flag given
  - id: without
    route: work
    outputs: [tried]
    stdout: tried
    arguments: [fetch, http://$here/health, dial, 127.0.0.1, "$port"]
    when: input flag missing
EOF
sed -i "/^routes:/i\\  - {group: network.egress, scope: \"$here\", tier: T1, reason: asks}" worker/pack.yaml
install_worker
# last_run CODE ARGS...: the newest run in $run.
last_run() {
    box "$1" pack run worker --demo "${@:2}"
    run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
}
ended() { events "select(.kind == \"run.step\" and .body.step == \"$1\" and .body.status != \"started\") | $2"; }

last_run 1 --out o0
out_has 'through        refused'
out_has "network.egress '$here'"
same "$(jq -r .target requests)" ''

# The one host and port of the grant: an address is not the name that leads to it, and is written in one way.
grant network.egress "$here" T1
last_run 0 --out o1
same "$(sed "s/:$port/:PORT/; s/port $port:/port PORT:/" o1/said)" \
    "fetch http://127.0.0.1:PORT/health 200
fetch http://127.0.0.1:PORT/down 503 {\"error\":{\"code\":503,\"message\":\"Loading model\"}}
fetch http://localhost:PORT/health 403 ledger: 'localhost' port PORT: not granted (network.egress)
fetch http://127.0.0.1:1/health 403 ledger: '127.0.0.1' port 1: not granted (network.egress)
fetch http://127.0.0.2:PORT/health 403 ledger: '127.0.0.2' port PORT: not granted (network.egress)
fetch http://[::ffff:127.0.0.1]:PORT/health 403 ledger: '::ffff:127.0.0.1' port PORT: not granted (network.egress)
fetch http://192.0.2.1/health 403 ledger: '192.0.2.1' port 80: not granted (network.egress)"
same "$(jq -r .target requests)" "/health
/down"
same "$(ended through '.body.network')" proxy
same "$(ended through '.private.attributes.connections[] | [.host, .port == '"$port"', .address, .times, .sent > 90, .received > 190, .refused] | @csv')" \
    '"127.0.0.1",true,"127.0.0.1",2,true,true,
"localhost",true,,1,false,false,"not granted (network.egress)"
"127.0.0.1",false,,1,false,false,"not granted (network.egress)"
"127.0.0.2",true,,1,false,false,"not granted (network.egress)"
"::ffff:127.0.0.1",true,,1,false,false,"not granted (network.egress)"
"192.0.2.1",false,,1,false,false,"not granted (network.egress)"'
same "$(events 'select(.kind == "permission.used" and .body.group == "network.egress").body.scope')" "$here"

# A step that does not name the permission has no network, though its pack holds it; nor has one that goes past its proxy.
same "$(cat o1/tried)" "fetch http://$here/health URLError
dial PermissionError"
same "$(ended without '.body.network')" none
last_run 1 flag=true --out o2
out_has 'it ended with exit code 7; it did not use its proxy (HTTP_PROXY), and has no other network'
out_has "it ended with exit code 7; '127.0.0.1' port 1: not granted (network.egress)"
same "$(ended past '.private.attributes')" null
same "$(jq -r .target requests | wc -l)" 2

# A grant that is taken back closes the way.
box 0 append permission.revoked -s pack/worker group=network.egress scope="$here"
last_run 1 --out o3
out_has 'through        refused'
same "$(jq -r .target requests | wc -l)" 2
box 0 verify
finish
