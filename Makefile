# One Makefile for everything. `make` builds the program as build/release/ledger; `make help` lists the other targets.
#
# CONFIG=release|debug|asan|tsan|cov|fuzz builds side by side in build/CONFIG. V=1 shows the commands. CI=1 turns
# compiler warnings into errors. CC, CFLAGS and LDFLAGS are respected: they are appended to our own flags.

# The layers, bottom first, and what each folder may see; tools/lint enforces them.
LAYERS           := base ledger projections ingest query export lib serve work packs evals doctor capture cli
SEES_base        := base
SEES_ledger      := ledger base
SEES_projections := projections ledger base
SEES_ingest      := ingest ledger base
SEES_query       := query projections ledger base
SEES_export      := export projections ledger base
SEES_lib         := lib export query projections ledger base
SEES_serve       := serve lib export query projections ledger base
SEES_work        := work base
SEES_packs       := packs work ingest projections ledger base
SEES_evals       := evals packs work ingest query export projections ledger base
SEES_doctor      := doctor work ingest query export projections ledger base
SEES_capture     := capture work ingest export projections ledger base
SEES_cli         := cli serve lib packs evals doctor capture work ingest query export projections ledger base

# The rooms of a floor: its folders, bottom first. A file includes from its own room and from those before it; a|b|c do
# not see one another; `.` stands for the floor's own files. Each room has a room.h, a page about it.
ROOMS_base        := . name rpc edit yaml archive answer personal secret http tree
ROOMS_serve       := guest access mcp tools pages web
ROOMS_ledger      := . store tree kinds event signing core read dedup write derived erase trust verify care
ROOMS_work        := . inside seccomp limits egress confine run model look
ROOMS_projections := rows fold store view walk attest permissions recovery machine council ready decide act verdict .
ROOMS_ingest      := input driver bom|dpkg|hardware|hook|huggingface|inspect|journal|jsonl|kubernetes|llamabench|lmeval|ollama|openai|otlp|promptfoo|tailscale|weights .
ROOMS_query       := . condition columns index rows sql
ROOMS_export      := . cut verify stream support
ROOMS_lib         := include/ledger json isolate handover .
ROOMS_packs       := tree manifest resolve depot life run
ROOMS_evals       := suite check|stat load sample score run|compare gate
ROOMS_doctor      := probe round fix
ROOMS_capture     := find|sources setup pass|tap proxy|streamable
ROOMS_cli         := call print open log view act record|events|states|evidence|care|help packs|guards|evals|promote|memory|doctor|capture|serve .

CONFIG    ?= release
B         := build/$(CONFIG)
PREFIX    ?= /usr/local
VERSION   := $(shell sed -n 's/^\#define LEDGER_VERSION *"\(.*\)"/\1/p' ledger/version.h)
ifeq ($(VERSION),)
$(error ledger/version.h does not define LEDGER_VERSION)
endif
SOVERSION := 0
OBJCOPY   ?= objcopy
Q         := $(if $(V),,@)
GOALS     := $(or $(MAKECMDGOALS),all)
say        = @$(if $(V),:,printf '  %-5s %s\n' $(1) $(2))
, := ,
ifeq ($(CONFIG)$(origin CC),fuzzdefault)
CC := clang
endif

## make             builds the program, the static and the shared library, the SQLite extension
.PHONY: all
all:

## make deps        installs missing Debian packages (as root or with sudo)
.PHONY: deps
deps:
	@tools/deps install

## make help        prints this text
.PHONY: help
help:
	@sed -n 's/^## //p' Makefile

## make clean       removes build/
.PHONY: clean
clean:
	rm -rf build

# ---- a bare machine: install first, then start over, because pkg-config is called below ---------------------------------

MISSING := $(if $(filter-out deps help clean deb test-deb,$(GOALS)),$(if $(PACKAGED),,$(shell tools/deps missing $(filter bench,$(GOALS)))))
ifneq ($(MISSING),)
ifneq ($(or $(INSTALLED),$(if $(filter test demo bench,$(GOALS)),,no)),)
$(error missing: $(MISSING); 'make deps' installs them)
endif
.PHONY: $(GOALS)
$(firstword $(GOALS)):
	@echo "missing: $(MISSING)"
	@tools/deps install $(filter bench,$(GOALS))
	@$(MAKE) --no-print-directory INSTALLED=yes $(GOALS)
$(wordlist 2,99,$(GOALS)): $(firstword $(GOALS)) ; @:
else

# ---- how things are compiled ------------------------------------------------------------------------------------------

# On Debian 12 pkg-config calls msgpack-c `msgpack`, newer releases `msgpack-c`.
PKGS       := lmdb $(shell pkg-config --exists msgpack-c && echo msgpack-c || echo msgpack) libzstd libsodium libcrypto \
              jansson zlib
# Loaded at first use, not linked: only their headers are needed here.
PKGS_LOADED := libcurl sqlite3 yaml-0.1 libseccomp libpcre2-8 libarchive
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) $(PKGS_LOADED))
PKG_LIBS   := $(shell pkg-config --libs $(PKGS)) -pthread
# The program links the few libcrypto functions it uses statically: it starts twice as fast (decision 027).
CRYPTO_A   := $(filter /%,$(shell $(CC) -print-file-name=libcrypto.a))
EXE_LIBS   := $(if $(CRYPTO_A),$(patsubst -lcrypto,$(CRYPTO_A),$(PKG_LIBS)),$(PKG_LIBS))
TEST_LIBS   = $(PKG_LIBS) $(shell pkg-config --libs cmocka) -lm
# Linking hundreds of them takes a third of the time without debugging information, by the gold linker where there is one.
TEST_LINK  := $(if $(filter release,$(CONFIG)),-Wl$(,)-S $(shell $(CC) -fuse-ld=gold -Wl$(,)--version >/dev/null 2>&1 && echo -fuse-ld=gold))

# For instrumented code, gcc gives false "uninitialized" warnings, so there warnings are not errors.
STRICT := $(if $(filter asan tsan cov fuzz,$(CONFIG)),,-Werror)
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wwrite-strings -Wvla -Wundef -Wpointer-arith -Wcast-qual -Wformat=2 $(if $(CI),$(STRICT))
OPT_release := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
OPT_debug   := -O0 -g3
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_tsan    := -O1 -g -fsanitize=thread
OPT_cov     := -O0 -g --coverage
OPT_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
OPT         := $(or $(OPT_$(CONFIG)),$(error CONFIG=$(CONFIG); expected one of release debug asan tsan cov fuzz))
# Test programs run once, so optimising them costs more time than it saves.
OPT_TESTS   := $(if $(filter release asan tsan,$(CONFIG)),-Og)
COMPILE     := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread -I. -Ilib/include $(WARN) $(OPT) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK        := $(filter -fsanitize% --coverage,$(OPT)) $(LDFLAGS)
LINK_EXE    := $(if $(filter release,$(CONFIG)),-pie -Wl$(,)-z$(,)relro$(,)-z$(,)now) $(LINK)

# Objects compiled with other flags or another compiler are compiled again.
.PHONY: FORCE
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(COMPILE) $(OPT_TESTS) $(LINK)' | cmp -s - $@ || printf '%s\n' '$(CC) $(COMPILE) $(OPT_TESTS) $(LINK)' >$@

# Objects have their own folder, because $(B)/ledger is the program.
$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(COMPILE) $(if $(filter tests/%,$<),$(OPT_TESTS)) $(ALSO) -MMD -MP -c -o $@ $<

# ---- one archive per folder, the program, the libraries -----------------------------------------------------------------

# The keeper is a program of its own, carried inside the others.
KEEPER   := work/inside/main.c
files    = $(filter-out $(KEEPER),$(sort $(foreach l,$(1),$(wildcard $(l)/*.c $(l)/*/*.c $(l)/*/*/*.c))))
obj      = $(patsubst %.c,$(B)/obj/%.o,$(call files,$(1)))
PRESENT := $(foreach l,$(LAYERS),$(if $(call files,$(l)),$(l)))
LIBDIRS := $(filter-out cli,$(PRESENT))
# What the public library is made of: nothing that acts.
PUBLIC  := $(filter $(SEES_lib),$(PRESENT))
archive  = $(B)/lib$(1)-floor.a
archives = $(foreach l,$(1),$(if $(filter $(l),$(PRESENT)),$(call archive,$(l))))
in_group = -Wl,--start-group $(filter %.a,$(1)) -Wl,--end-group

define floor
$(call archive,$(1)): $(call obj,$(1))
	@rm -f $$@
	$$(Q)$$(AR) rcsP $$@ $$^
endef
$(foreach l,$(PRESENT),$(eval $(call floor,$(l))))

# The first process of a sandbox: static, of plain flags in every configuration, because nothing else is there with it.
$(B)/work-keeper: $(KEEPER) work/inside/plan.h $(B)/flags
	$(call say,CC,$@)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -I. $(WARN) -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -static -s -o $@ $<
$(B)/obj/work/inside/image.o: $(B)/work-keeper
$(B)/obj/serve/pages/files.o: $(wildcard share/serve/*)
$(B)/obj/work/inside/image.o: ALSO := -DWORK_KEEPER='"$(B)/work-keeper"'

$(B)/ledger: $(call archives,$(SEES_cli))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_EXE) -o $@ $(call in_group,$^) $(EXE_LIBS) -lm

# A single object in which only the public names are global, so that they cannot clash with those of the program.
$(B)/libledger.a: $(foreach l,$(PUBLIC),$(call obj,$(l)))
	$(call say,LINK,$@)
	@rm -f $@
	$(Q)$(LD) -r -o $(B)/libledger.o $^
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='ledger_*' $(B)/libledger.o
	$(Q)$(AR) rcs $@ $(B)/libledger.o
$(B)/libledger.so.$(VERSION): $(foreach l,$(PUBLIC),$(call obj,$(l))) share/libledger.map
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(if $(filter release,$(CONFIG)),-Wl$(,)-z$(,)relro$(,)-z$(,)now) $(LINK) \
	    -Wl,-soname,libledger.so.$(SOVERSION) -Wl,--version-script,share/libledger.map -o $@ $(filter %.o,$^) $(PKG_LIBS) -lm
$(B)/libledger.so: $(B)/libledger.so.$(VERSION)
	$(Q)ln -sf libledger.so.$(VERSION) $(B)/libledger.so.$(SOVERSION)
	$(Q)ln -sf libledger.so.$(SOVERSION) $@

# The loadable SQLite extension contains all the code it needs and exports only its entry point. Once loaded it stays
# loaded, because threads may still be running in it when a connection is closed.
$(B)/ledger-sqlite.so: $(B)/obj/query/sql/extension.o $(call archives,$(SEES_query)) share/ledger-sqlite.map
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(if $(filter release,$(CONFIG)),-Wl$(,)-z$(,)relro$(,)-z$(,)now) $(LINK) -Wl,-z,nodelete -Wl,-Bsymbolic \
	    -Wl,--version-script,share/ledger-sqlite.map -o $@ $< $(call in_group,$^) $(PKG_LIBS) -lm

# Catalogues of words, one per language (decision 106): the program finds them in locale/ beside it, or where they are installed.
LANGS      := $(patsubst po/%.po,%,$(wildcard po/*.po))
CATALOGUES := $(LANGS:%=$(B)/locale/%/LC_MESSAGES/ledger.mo)
$(B)/locale/%/LC_MESSAGES/ledger.mo: po/%.po tools/words
	$(call say,WORDS,$<)
	$(Q)tools/words compile $< $@

# libFuzzer has its own main, and shared libraries would lack its symbols: that configuration builds only its targets.
all: $(B)/ledger $(CATALOGUES) $(if $(filter fuzz,$(CONFIG)),,$(B)/libledger.a $(B)/libledger.so $(B)/ledger-sqlite.so)

# ---- tests: tests/<folder>/test_<module>.c, cmocka programs, each linked with what its folder may see ---------------------

# A test that defines __wrap_x is linked with --wrap=x; WRAP_test_<module> adds other options.
WRAP_test_sql_random = $(shell pkg-config --libs sqlite3)
wraps  = $(shell grep -ho '\b__wrap_[A-Za-z0-9_]*' $(1) | sort -u | sed 's/__wrap_/-Wl,--wrap=/')
TESTS := $(patsubst %.c,$(B)/%,$(foreach t,$(call files,$(PRESENT:%=tests/%)),$(if $(filter test_%,$(notdir $(t))),$(t))))
define test_of
$(B)/tests/$(1)/%: $(B)/obj/tests/$(1)/%.o $(call archives,$(SEES_$(1)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(LINK_EXE) $$(TEST_LINK) -o $$@ $$< $$(call wraps,tests/$(1)/$$*.c) $$(WRAP_$$(@F)) $$(call in_group,$$^) $$(TEST_LIBS)
endef
$(foreach l,$(PRESENT),$(eval $(call test_of,$(l))))

# Each fuzz target replays its corpus, tests/fuzz/corpus/<target>/, as an ordinary test.
FUZZERS := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
REPLAYS := $(FUZZERS:%=$(B)/tests/fuzz/replay_%)
$(B)/tests/fuzz/replay_%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay.o $(call archives,$(LIBDIRS))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_EXE) $(TEST_LINK) -o $@ $(filter %.o,$^) $(call in_group,$^) $(TEST_LIBS)
$(B)/tests/fuzz/fuzz_%: $(B)/obj/tests/fuzz/fuzz_%.o $(call archives,$(LIBDIRS))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_EXE) -fsanitize=fuzzer -o $@ $< $(call in_group,$^) $(TEST_LIBS)

SCENARIOS := $(filter-out tests/cli/lib% tests/cli/_%,$(wildcard tests/cli/*.sh))

## make test        builds and runs all tests; ends with "N passed, M failed". Installs missing packages first.
##                  T='words' runs only tests whose path contains one of the words; CONFIG=asan etc. work too
.PHONY: test
ALL_TESTS := $(TESTS) $(REPLAYS) $(SCENARIOS)
RUN := $(if $(T),$(foreach t,$(ALL_TESTS),$(if $(strip $(foreach w,$(T),$(findstring $(w),$(t)))),$(t))),$(ALL_TESTS))
test: $(CATALOGUES) $(filter $(B)/%,$(RUN)) $(if $(filter %.sh,$(RUN)),all)
	@tools/run-tests --build $(B) --config $(CONFIG) $(RUN)

## make test-system  runs the tests that need a service manager (tests/system/); each says why it is skipped
##                  where something is missing. T='words' as above
.PHONY: test-system
SYSTEM := $(filter-out tests/system/lib%,$(wildcard tests/system/*.sh))
test-system: all
	@tools/run-tests --build $(B) --config $(CONFIG) $(if $(T),$(foreach t,$(SYSTEM),$(if $(strip $(foreach w,$(T),$(findstring $(w),$(t)))),$(t))),$(SYSTEM))

## make check-fast  while you work: builds, runs the unit tests of changed files, and lint, in less than a minute
.PHONY: check-fast
check-fast: all
	@tests=$$(tools/changed-tests | tr '\n' ' ') && if [ -n "$$tests" ]; then $(MAKE) --no-print-directory T="$$tests" test; fi
	@$(MAKE) --no-print-directory lint

## make compile_commands.json  writes build/compile_commands.json, for editors and tools
.PHONY: compile_commands.json
compile_commands.json:
	@mkdir -p build && for f in $(foreach l,$(PRESENT) bench tests/fuzz $(PRESENT:%=tests/%),$(call files,$(l))); do \
	    printf '{"directory": "%s", "file": "%s", "command": "%s"}\n' '$(CURDIR)' "$$f" '$(CC) $(COMPILE) -c '"$$f"; \
	done | sed '1s/^/[/; $$!s/$$/,/; $$s/$$/]/' >build/$@

## make kills       kills KILLS (20000) processes, most of them while they open a ledger, and counts lost events
.PHONY: kills
KILLS ?= 20000
kills: $(B)/tests/ledger/test_kills
	@LEDGER_TEST_KILLS=$(KILLS) $<

## make fuzz        runs each fuzz target FUZZ_SECONDS (10) with libFuzzer; needs clang
.PHONY: fuzz fuzz-run
FUZZ_SECONDS ?= 10
fuzz:
	@$(MAKE) --no-print-directory CONFIG=fuzz $(if $(filter default,$(origin CC)),,CC='$(CC)') fuzz-run
fuzz-run: $(FUZZERS:%=$(B)/tests/fuzz/%)
	@tools/run-fuzz $(B) $(FUZZ_SECONDS) $^

## make bench       compares the ledger with raw LMDB, SQLite and others; SCALE=N events (1000000), BENCH='stages';
##                  writes build/bench.tsv; docs/performance.md explains the rows
.PHONY: bench
SCALE ?= 1000000
BENCH_DIR ?= build
$(B)/bench: $(call obj,bench) $(call archives,$(LIBDIRS))
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_EXE) -o $@ $(filter-out %/workload_main.o,$(filter %.o,$^)) $(call in_group,$^) $(PKG_LIBS) $(shell pkg-config --libs sqlite3) -lm
$(B)/bench-workload: $(B)/obj/bench/workload_main.o $(B)/obj/bench/workload.o $(call archives,$(LIBDIRS))
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_EXE) -o $@ $(filter %.o,$^) $(call in_group,$^) $(PKG_LIBS) -lm
bench: $(B)/bench $(B)/bench-workload $(B)/ledger $(B)/ledger-sqlite.so
	@mkdir -p build && $(B)/bench --scale $(SCALE) --dir $(BENCH_DIR) --tsv build/bench.tsv $(BENCH)

## make demo        runs a guided tour of the program
.PHONY: demo
demo: $(B)/ledger
	@LEDGER=$(abspath $(B)/ledger) tools/demo

## make po-update   writes po/ledger.pot from the sources and merges new texts into each language's catalogue
.PHONY: po-update
po-update:
	@tools/words update

## make lint        checks layers, doors, headers, sizes, names and layout
.PHONY: lint
lint: $(call archives,$(PRESENT)) $(B)/libledger.so
	@CC='$(CC)' COMPILE='$(COMPILE)' tools/lint --build $(B) $(foreach l,$(LAYERS),--sees '$(l): $(SEES_$(l))' \
	    $(if $(ROOMS_$(l)),--rooms '$(l): $(ROOMS_$(l))'))

# ---- Debian packages ----------------------------------------------------------------------------------------------------

## make deb         builds Debian packages into build/deb; needs debhelper. make test-deb installs, upgrades and removes
##                  them in a bare system, as root; needs lintian and mmdebstrap
.PHONY: deb test-deb
deb:
	@packaging/deb build/deb
test-deb:
	@packaging/test build/deb

# ---- the ABI ------------------------------------------------------------------------------------------------------------

## make abi         compares the public headers with the released ABI in share/abi; needs abigail-tools.
##                  make abi-update rewrites it after an intended change
.PHONY: abi abi-update
ABI       := share/abi/libledger-$(SOVERSION).abi
abi:
	@tools/abi compare $(ABI)
abi-update:
	@tools/abi update $(ABI)

# ---- installing -------------------------------------------------------------------------------------------------------

## make install     installs under DESTDIR/PREFIX (/usr/local); make uninstall removes the same files
LIBDIR  ?= $(PREFIX)/lib
HEADERS := $(filter-out %/room.h,$(wildcard lib/include/ledger/*.h)) ledger/version.h
MANS    := $(wildcard man/*.1 man/*.5)
DATA    := $(shell find share -type f -not -path 'share/serve/*' -not -path '*/completions/*' -not -path 'share/abi/*' -not -name '*.in' -not -name '*.map' -not -name '*.pyc')
PYTHON  := $(wildcard python/ledger/*.py python/ledger/py.typed)
# Where Debian's Python looks: for packages of the system, for what its administrator installs.
PYTHONDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/lib/python3/dist-packages,$(PREFIX)/lib/$(shell python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')/dist-packages)
# from:to pairs; `make uninstall` walks the same list.
INSTALLS := $(B)/libledger.a:$(LIBDIR)/libledger.a $(B)/libledger.so.$(VERSION):$(LIBDIR)/libledger.so.$(VERSION) \
    $(B)/ledger-sqlite.so:$(LIBDIR)/ledger/ledger-sqlite.so $(foreach h,$(HEADERS),$(h):$(PREFIX)/include/ledger-1/ledger/$(notdir $(h))) $(B)/libledger.pc:$(LIBDIR)/pkgconfig/libledger.pc \
    $(foreach m,$(MANS),$(m):$(PREFIX)/share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
    $(foreach d,$(DATA),$(d):$(PREFIX)/share/ledger/$(d:share/%=%)) \
    $(foreach p,$(PYTHON),$(p):$(PYTHONDIR)/$(p:python/%=%)) \
    $(foreach l,$(LANGS),$(B)/locale/$(l)/LC_MESSAGES/ledger.mo:$(PREFIX)/share/locale/$(l)/LC_MESSAGES/ledger.mo) \
    $(if $(wildcard share/completions/ledger.bash),share/completions/ledger.bash:$(PREFIX)/share/bash-completion/completions/ledger) \
    $(if $(wildcard share/completions/_ledger),share/completions/_ledger:$(PREFIX)/share/zsh/site-functions/_ledger) \
    $(if $(wildcard share/completions/ledger.fish),share/completions/ledger.fish:$(PREFIX)/share/fish/vendor_completions.d/ledger.fish)
# Files for testing other verifiers, in one directory.
CONFORMANCE     := $(wildcard tests/conformance/samples/*) tests/conformance/run.py tests/conformance/README.md
CONFORMANCE_DIR := $(PREFIX)/share/ledger/conformance
SO_LINKS := $(LIBDIR)/libledger.so.$(SOVERSION) $(LIBDIR)/libledger.so

$(B)/libledger.pc: share/libledger.pc.in Makefile FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@LIBS_PRIVATE@|$(PKG_LIBS) -lm|' $< >$@

.PHONY: install install-only uninstall
install: all
	@$(MAKE) --no-print-directory install-only
# Copies what has been built.
install-only: $(B)/libledger.pc
	install -D -m 755 $(B)/ledger $(DESTDIR)$(PREFIX)/bin/ledger
	@$(foreach i,$(INSTALLS),install -D -m $(if $(filter share/verify_%.py,$(i)),755,644) $(subst :, $(DESTDIR),$(i)) &&) :
	install -d $(DESTDIR)$(CONFORMANCE_DIR)
	@install -m 644 $(CONFORMANCE) $(DESTDIR)$(CONFORMANCE_DIR)
	ln -sf libledger.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libledger.so.$(SOVERSION)
	ln -sf libledger.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libledger.so
uninstall:
	rm -f $(addprefix $(DESTDIR),$(PREFIX)/bin/ledger $(SO_LINKS) $(foreach i,$(INSTALLS),$(lastword $(subst :, ,$(i)))))
	@rm -f $(addprefix $(DESTDIR)$(CONFORMANCE_DIR)/,$(notdir $(CONFORMANCE)))

endif
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
