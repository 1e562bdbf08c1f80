#!/usr/bin/env bash
# A program needs nothing but what was installed: the examples are compiled as C and as C++ with pkg-config's flags, linked
# with both libraries, and run; the Python package uses the shared one. Neither library exports a name that is not in the headers.
set -eu
root=$PWD build=$(realpath "$(dirname "${LEDGER:?}")")
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

if [[ ! -e $build/libledger.so ]] || nm "$build/libledger.so" | grep -qE '__(a|t|ub)san|__gcov'; then
    echo "ok: an instrumented library is not for other programs # skipped"
    exit 0
fi
D=$T/root
make -s -C "$root" B="$build" DESTDIR="$D" PREFIX=/usr install-only >make.log 2>&1 || fail "make install-only: $(cat make.log)"
export PKG_CONFIG_PATH=$D/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$D LD_LIBRARY_PATH=$D/usr/lib
same "$(pkg-config --modversion libledger)" "$("$LEDGER" version | sed -n 's/^ledger //p')"
read -r -a shared <<<"$(pkg-config --cflags --libs libledger)"
read -r -a static <<<"$(pkg-config --cflags --libs --static libledger)"
include=$D/usr/include/ledger-1
CC=${CC:-cc} CXX=${CXX:-c++}

# ---- headers and names ----
for header in "$include"/ledger/*.h; do
    printf '#include <ledger/%s>\nint a_definition;\n' "${header##*/}" >alone.c
    check "$CC" -std=c99 -Wall -Wextra -Werror -pedantic -I"$include" -fsyntax-only alone.c
    check "$CXX" -x c++ -std=c++11 -Wall -Wextra -Werror -pedantic -I"$include" -fsyntax-only alone.c
done
echo '#include <ledger/ledger.h>' | "$CC" -E -P -I"$include" - | grep -v typedef | grep -oE '\bledger_[a-z_]+\(' | tr -d '(' | sort -u >declared
nm -D --defined-only "$D/usr/lib/libledger.so" | awk '{ print $3 }' | sort >exported
check diff declared exported
nm -g --defined-only "$D/usr/lib/libledger.a" | awk 'NF == 3 { print $3 }' | sort >global
check diff declared global

# ---- programs ----
for example in "$root"/share/examples/*.c; do
    name=$(basename "$example" .c)
    check "$CC" -std=gnu11 -Wall -Wextra -Werror -pedantic -o "$name" "$example" "${shared[@]}"
    check "$CXX" -x c++ -std=c++11 -Wall -Wextra -Werror -pedantic -o "$name-cxx" "$example" "${shared[@]}"
done
check "$CC" -std=gnu11 -o record-static "$root/share/examples/record.c" "${static[@]/#-lledger/-l:libledger.a}"

# shellcheck disable=SC2016 # a fence of Markdown
sed -n '/^```c$/,/^```$/p' "$root/docs/library.md" | sed '1d;$d' >greeting.c
check "$CC" -std=c11 -Wall -Wextra -Werror -pedantic -o greeting greeting.c "${shared[@]}"

# as CODE PROGRAM ARGS...
as() {
    local want=$1 got=0
    shift
    "$@" >"$T/.out" 2>"$T/.err" || got=$?
    out=$(cat "$T/.out")
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: $*"
}
for kind in record record-cxx record-static; do
    as 0 "./$kind" "$kind.box"
    out_has 'event 1 is sealed'
    out_has 'event 1 was there'
    out_has 'events 2 to 4 are sealed'
    out_has "refused: unknown kind 'run.strated', did you mean 'run.started'?"
done
as 0 ./greeting
same "$out" 'event 1 is sealed'
ln -s record.box "$BOX"
as 0 ./read "$BOX"
out_has '2 x.acme.note model=m1'
out_has '"private":{"prompt":"what is true?"}'
as 0 ./prove "$BOX" 1 one
key=$out
run 0 verify --no-trust-file --key "$key" --leaf one.leaf --payload one.payload one.tlog-proof
as 10 ./verify "$BOX"
out_has 'not anchored'
as 0 ./verify "$BOX" "$key"
as 0 ./query "$BOX" r-1
out_has $'event 2\nevent 3\nevent 4\nx.acme.note 3'
out_has '{"seq":1,"kind":"x.acme.greeting"}'
as 0 ./states "$BOX"
out_has 'by 1 events, the first is 5: {"who":"pack/pdf-ops"'
out_has "table 'packs' has no row 'pdf-ops'"
as 0 ./export "$BOX" r-1 run.tar.zst
out_has '3 headers, 3 bodies, 3 private fields would leave'
out_has 'the bundle is good'
run 0 verify --no-trust-file --key "$key" run.tar.zst
as 1 ./export "$BOX" r-1 run.tar.zst
as 0 ./care "$BOX" 4 backup
out_has 'corrected by event 7, erased by event 8, 9 events'
as 10 ./verify-cxx backup
as 0 ./read-cxx "$BOX"
as 0 ./query-cxx "$BOX" r-1

# A truncated file kills the child that reads it, not the program.
cp -r record-cxx.box cut
truncate -s 8192 cut/evidence/data.mdb
as 30 ./verify cut
out_has 'invalid'

# Python finds the package where it was installed, and the library by its name.
cat >record.py <<'PY'
import sys
import ledger

ledger.create(sys.argv[1], origin="example.org/box-3")
with ledger.open(sys.argv[1]) as box, box.run("greet") as run:
    print("ledger", ledger.__version__, "from", ledger.__file__)
print(ledger.verify(sys.argv[1])["verdict"])
PY
as 0 env -u LEDGER_LIBRARY PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$D/usr/lib/python3/dist-packages" python3 record.py python.box
out_has "ledger $(pkg-config --modversion libledger) from $D/usr/lib/python3/dist-packages/ledger/"
out_has 'not anchored'

finish
