#!/usr/bin/env bash
# --grep finds texts of bodies together with other conditions; private fields are counted, and shown and searched on
# request.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
for i in 1 2; do box 0 append x.test.note -s "thing/$i" --open text text='not quite'; done
box 0 append x.test.note -s thing/3 --open text text='nothing'
box 0 append x.test.secretive -s thing/9 --open text text='Quite OPEN' inner:='{"deep":["under Water"]}' hidden=pelican
box 0 query --grep 'quite open' --fields subject --format csv
same "$(tr -d '\r' <"$T/.out" | tail -n +2)" thing/9
box 0 log --grep QUITE --subject 'thing/*' --count
same "$out" 3
box 0 log --grep quite -n 2 --json
same "$(jq -sr 'map(.subject) | join(" ")' <"$T/.out")" 'thing/2 thing/9'
box 1 query --grep inner # that is a name
box 1 query --grep pelican
box 0 query --grep pelican --private --json
json '.events[0].private.hidden' pelican
box 0 query --grep 'under water' --private --count
same "$out" 1
box 0 log -n 1
out_has '(2 private)'
out_lacks pelican
box 0 log -n 1 --private
out_has 'private: hidden=pelican'
box 0 query --kind x.test.secretive --format csv --private
out_has pelican
box 2 query --grep a --where 'ok = 1'
err_has "LIKE '%TEXT%'"
box 3 query --grep ''

finish
