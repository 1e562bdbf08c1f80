/* Absent is only what something says is not there: a pack that nobody installed, since installations are events; a runtime that
 * does not answer; a package whose removal was recorded; memory that a profile measured. All else is unknown. */
#include "projections/ready/requires.h"

#include <stdio.h>

#include "base/mp.h"
#include "base/version.h"
#include "projections/fold/fold.h"
#include "projections/machine/capability.h"
#include "projections/ready/pack.h"
#include "projections/rows/list.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

#define NAME(text) REASON_PART(text, 60)

struct judging {
    struct state_view *view;
    struct requirement *ret;
    uint64_t bytes;
    bool unsure; /* something of the name is there, and nobody knows what */
};

static void say_absent(struct judging *j, const char *words, struct bytes text) {
    if (j->ret->reason.n > 0) return; /* the first one is enough */
    j->ret->is = REQUIRES_ABSENT;
    reason_say(&j->ret->reason, "%s%.*s", words, NAME(text));
}

/* ---- packs ------------------------------------------------------------------------------------------------------------ */

static bool is_installed(const struct row *row) {
    return row_has(row, PACK_STEP) && !row_is(row, PACK_STEP, "removed");
}

static bool provides(const struct row *row, struct bytes name) {
    struct list list;
    struct bytes item, text;
    bool found = false;
    list_open(&list, row_list(row, PACK_PROVIDES));
    while (!found && list_next(&list, &item)) {
        found = list_name(item, "name", &text) && bytes_eq(text, name);
    }
    return found;
}

static void take_version(struct judging *j, const struct row *row) {
    struct bytes version = row_text(row, PACK_VERSION);
    bool any = j->ret->version.n == 0, fits = any || version_in(VERSION_SEMVER, version, j->ret->version);
    reason_cite_cell(&j->ret->reason, row, PACK_VERSION_SEQ, PACK_VERSION_AT);
    if (fits) {
        j->ret->is = REQUIRES_THERE;
    } else {
        say_absent(j, "it is version ", version);
    }
}

/* A pack whose installation does not list what it provides may stand for any name. */
static int find_provider(struct judging *j, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    bool untold = false;
    int rc = look_rows(j->view, "packs", NULL, 0, &rows, err);
    while (rc == 0 && j->ret->is != REQUIRES_THERE && (rc = look_next(rows, &row, err)) == 0) {
        if (!is_installed(row) || bytes_eq(row_text(row, PACK_NAME), j->ret->name)) continue;
        untold = untold || !row_has(row, PACK_PROVIDES);
        if (provides(row, j->ret->name)) take_version(j, row);
    }
    state_rows_close(rows);
    j->unsure = untold;
    return rc == 1 ? 0 : rc;
}

static int judge_pack(struct judging *j, struct err *err) {
    struct row row;
    int rc = look_stored(j->view, "packs", &j->ret->name, 1, &row, NULL, err);
    bool there = rc == 0 && is_installed(&row);
    if (there) {
        take_version(j, &row);
    }
    if (rc == 0 && j->ret->is != REQUIRES_THERE) rc = find_provider(j, err);
    if (rc == 0 && j->ret->is == REQUIRES_UNKNOWN && !there && !j->unsure) {
        bool removed = row_is(&row, PACK_STEP, "removed");
        say_absent(j, removed ? "it was removed" : "it is not installed", (struct bytes){0});
        if (removed) reason_cite_cell(&j->ret->reason, &row, PACK_REMOVED_SEQ, PACK_BASE + FOLD_SINCE);
    }
    row_done(&row);
    return rc;
}

/* ---- runtimes and packages -------------------------------------------------------------------------------------------- */

int requires_look(struct state_view *view, enum requires_source source, struct bytes name, requires_fn *each, void *ctx,
                  enum requires_is *ret, struct reason *cite, struct err *err) {
    static const struct {
        const char *table, *there[2], *gone; /* states */
    } words[] = {[REQUIRES_RUNTIME] = {"runtimes", {"up", "up"}, "unreachable"},
                 [REQUIRES_PACKAGE] = {"installs", {"installed", "observed"}, "removed"}};
    const struct bytes of_dpkg[] = {bytes_of("dpkg"), name};
    bool package = source == REQUIRES_PACKAGE;
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, words[source].table, package ? of_dpkg : &name, package ? 2 : 1, &rows, err);
    *ret = REQUIRES_UNKNOWN;
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        bool there = named_is(row, "state", words[source].there[0]) || named_is(row, "state", words[source].there[1]);
        bool gone = named_is(row, "state", words[source].gone);
        if (there) {
            rc = each(ctx, named_text(row, "version"), err);
            *ret = REQUIRES_THERE;
        } else if (*ret == REQUIRES_UNKNOWN && gone) {
            *ret = REQUIRES_ABSENT;
        }
        if (there || gone) {
            reason_cite(cite, (uint64_t)named_int(row, "since_seq"), (uint64_t)named_int(row, "since"));
        }
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static int take_debian(void *ctx, struct bytes version, struct err *err) {
    struct judging *j = ctx;
    struct bytes range = j->ret->version;
    (void)err;
    if (range.n == 0 || (version.n > 0 && version_in(VERSION_DEBIAN, version, range))) {
        j->ret->is = REQUIRES_THERE;
    } else if (version.n == 0) {
        j->unsure = true;
    } else {
        say_absent(j, "it is version ", version);
    }
    return 0;
}

static int judge_known(struct judging *j, enum requires_source source, struct err *err) {
    enum requires_is said = REQUIRES_UNKNOWN;
    int rc = requires_look(j->view, source, j->ret->name, take_debian, j, &said, &j->ret->reason, err);
    if (rc == 0 && said == REQUIRES_ABSENT) {
        say_absent(j, source == REQUIRES_RUNTIME ? "it does not answer" : "it was removed", (struct bytes){0});
    }
    return rc;
}

/* ---- hardware --------------------------------------------------------------------------------------------------------- */

/* Tiers are in the order of the policy, the highest first. */
static void judge_tier(struct judging *j, const struct capability *c) {
    struct capability_tiers tiers;
    struct capability_tier tier;
    bool known = false, reached = false, passed = false;
    capability_open(&tiers, bytes_of_buf(&c->list));
    while (capability_next(&tiers, &tier)) {
        passed = passed || (c->known && bytes_eq(tier.name, c->tier.name));
        if (bytes_eq(tier.name, j->ret->name)) {
            known = true;
            reached = passed;
        }
    }
    if (!known) {
        say_absent(j, "the policy has no such tier", (struct bytes){0});
    } else if (c->known && !reached) {
        say_absent(j, "the machine's is ", c->tier.name);
    } else if (c->known) {
        j->ret->is = REQUIRES_THERE;
    }
}

static void judge_bytes(struct judging *j, int64_t has, bool unsure) {
    char words[64];
    if (has >= 0 && (uint64_t)has >= j->bytes) {
        j->ret->is = REQUIRES_THERE;
    } else if (has >= 0 && !unsure) {
        (void)snprintf(words, sizeof(words), "the machine has %lld", (long long)has);
        say_absent(j, words, (struct bytes){0});
    }
}

static int judge_hardware(struct judging *j, struct err *err) {
    struct capability_host host;
    struct capability c = {0};
    int rc = capability_host(j->view, (struct bytes){0}, &host, err);
    if (rc == 0) rc = capability_judge(j->view, host.gpu_bytes, host.memory_bytes, &c, err);
    if (rc == 0 && host.seq != LOG_NO_SEQ) reason_cite(&j->ret->reason, host.seq, 0);
    if (rc == 0 && bytes_is(j->ret->sort, "tier")) {
        if (c.seq != LOG_NO_SEQ) reason_cite(&j->ret->reason, c.seq, 0);
        judge_tier(j, &c);
    } else if (rc == 0 && bytes_is(j->ret->sort, "memory")) {
        judge_bytes(j, host.memory_bytes, false);
    } else if (rc == 0) {
        judge_bytes(j, host.gpu_bytes, host.gpus_unknown > 0);
    }
    capability_done(&c);
    return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static uint64_t read_bytes(struct bytes item) {
    double bytes = 0;
    return list_real(item, "bytes", &bytes) && bytes > 0 && bytes < 0x1p63 ? (uint64_t)bytes : 0;
}

static void say_what(struct judging *j) {
    struct requirement *r = j->ret;
    bool memory = bytes_is(r->sort, "memory"), vram = bytes_is(r->sort, "vram");
    if (memory || vram) {
        (void)snprintf(r->what, sizeof(r->what), "%llu bytes of %smemory", (unsigned long long)j->bytes,
                       vram ? "graphics " : "");
    } else {
        (void)snprintf(r->what, sizeof(r->what), "the %s%.*s '%.*s'%s%.*s", bytes_is(r->sort, "tier") ? "capability " : "",
                       REASON_PART(r->sort, 20), NAME(r->name), r->version.n > 0 ? " " : "", REASON_PART(r->version, 40));
    }
}

int requires_judge(struct state_view *view, struct bytes item, struct requirement *ret, struct err *err) {
    struct judging j = {.view = view, .ret = ret, .bytes = read_bytes(item)};
    int rc = 0;
    *ret = (struct requirement){.is = REQUIRES_UNKNOWN};
    reason_init(&ret->reason);
    list_text(item, "sort", &ret->sort);
    list_text(item, "name", &ret->name);
    list_text(item, "version", &ret->version);
    say_what(&j);
    if (bytes_is(ret->sort, "pack")) {
        rc = judge_pack(&j, err);
    } else if (bytes_is(ret->sort, "runtime")) {
        rc = judge_known(&j, REQUIRES_RUNTIME, err);
    } else if (bytes_is(ret->sort, "package")) {
        rc = judge_known(&j, REQUIRES_PACKAGE, err);
    } else if (bytes_is(ret->sort, "tier") || bytes_is(ret->sort, "memory") || bytes_is(ret->sort, "vram")) {
        rc = judge_hardware(&j, err);
    }
    ret->is = ret->is == REQUIRES_ABSENT && j.unsure ? REQUIRES_UNKNOWN : ret->is;
    return rc;
}
