/* The probe "keep": what the ledger needs to go on writing and reading: keys that are nobody else's, quota, index, readers,
 * stored states. */
#include "doctor/probe/keep.h"

#include <stdio.h>
#include <string.h>

#include "doctor/probe/keep_rows.h"
#include "doctor/probe/probe.h"
#include "ledger/derived/derived.h"
#include "projections/rows/projection.h"
#include "query/query.h"

#define LOW_PERCENT  80
#define FULL_PERCENT 95
#define COMPARED_MAX (UINT64_C(1) << 20) /* events */
#define ROWS_MAX     (UINT64_C(1) << 22) /* stored rows that are read: some seconds */
#define BEHIND       (UINT64_C(4) << 16) /* events that a query may have to read: more, and nobody builds the index */
#define WITHOUT      (UINT64_C(1) << 16) /* the same where there is no index at all */
#define STUCK        1000                /* commits by which a reader lags behind */

/* Against what appends may use of it: they are refused before the quota itself is reached. */
static int look_at_quota(struct ledger *ledger, struct probe_out *out, struct err *err) {
    struct probe_check check = PROBE_CHECK("ledger-quota", "ok");
    struct log_stats stats;
    int rc = log_stats(ledger, &stats, err);
    if (rc != 0) return rc;
    uint64_t hundredth = stats.map_usable / 100 > 0 ? stats.map_usable / 100 : 1;
    check.unit = "bytes";
    check.value = stats.map_used;
    check.limit = stats.map_usable;
    check.status = stats.map_used >= FULL_PERCENT * hundredth  ? "full"
                   : stats.map_used >= LOW_PERCENT * hundredth ? "low"
                                                               : "ok";
    probe_say(out, &check);
    return 0;
}

bool keep_is_broken(int code) {
    return err_is_damage(code) || code == ERR_VERSION;
}

int keep_readers(struct ledger *ledger, enum log_database which, struct log_readers *ret, struct err *err) {
    struct err why = {0};
    int rc = log_readers_look(ledger, which, ret, &why);
    if (which == LOG_DERIVED_DATA && keep_is_broken(rc)) {
        *ret = (struct log_readers){0};
        return 0;
    }
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

/* Those of both databases. */
static int look_at_readers(struct ledger *ledger, struct probe_out *out, struct err *err) {
    struct probe_check check = PROBE_CHECK("ledger-readers", "ok");
    uint64_t live = 0, dead = 0, stuck = 0;
    for (int i = 0; i < 2; i++) {
        struct log_readers readers;
        int rc = keep_readers(ledger, i == 0 ? LOG_EVIDENCE : LOG_DERIVED_DATA, &readers, err);
        if (rc != 0) return rc;
        live += readers.live;
        dead += readers.dead;
        stuck = readers.oldest_lag >= STUCK ? readers.oldest_pid : stuck;
    }
    check.status = dead > 0 ? "dead" : stuck > 0 ? "stuck" : "ok";
    check.value = dead > 0 ? dead : stuck > 0 ? stuck : live;
    check.unit = dead == 0 && stuck > 0 ? "process" : "readers";
    probe_say(out, &check);
    return 0;
}

static void on_difference(void *ctx, uint64_t first, const char *why) {
    struct keep_index *index = ctx;
    if (index->why[0] == '\0') {
        snprintf(index->why, sizeof(index->why), "segment of event %llu: %s", (unsigned long long)first, why);
    }
}

int keep_index(struct ledger *ledger, struct keep_index *ret, struct err *err) {
    struct keep_index index = {.status = "damaged"};
    struct log_head head;
    struct err why = {0};
    struct db *db = NULL;
    int rc = log_head(ledger, &head, err);
    if (rc != 0) return rc;
    index.events = head.size;
    rc = derived_look(ledger, &db, &why); /* makes nothing, unlike a query */
    bool none = rc == ERR_NOTFOUND;
    rc = none ? 0 : rc;
    if (rc == 0 && !none) rc = query_index_covered(ledger, &index.covered, &why);
    if (rc == 0 && !none && head.size <= COMPARED_MAX) {
        rc = query_index_check(ledger, NULL, on_difference, &index, &index.covered, &why);
    }
    if (rc != 0 && !keep_is_broken(rc)) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) {
        snprintf(index.why, sizeof(index.why), "%s", why.msg);
    } else if (index.why[0] == '\0') {
        index.status = index.covered == 0 && head.size >= WITHOUT ? "missing"
                       : index.covered + BEHIND < head.size       ? "behind"
                                                                  : "ok";
    }
    *ret = index;
    return 0;
}

static int look_at_index(struct ledger *ledger, struct probe_out *out, struct err *err) {
    struct keep_index index;
    int rc = keep_index(ledger, &index, err);
    if (rc != 0) return rc;
    struct probe_check check = PROBE_CHECK("ledger-index", index.status);
    check.unit = "events";
    check.value = index.covered;
    check.limit = index.events;
    check.detail = index.why;
    probe_say(out, &check);
    return 0;
}

/* Of a file that is as it should be, only that it is there: how many there are changes with each rotation. */
static int look_at_key(void *ctx, const struct log_key_file *file, struct err *err) {
    struct probe_check check = PROBE_CHECK("ledger-keys", "ok");
    const char *name = strrchr(file->path, '/');
    (void)err;
    check.target = name != NULL ? name + 1 : file->path;
    check.path = file->path;
    check.status = !file->exists ? "missing" : !file->regular || !file->ours ? "denied" : file->exposed ? "exposed" : "ok";
    probe_say(ctx, &check);
    return 0;
}

static int look_at_keys(struct ledger *ledger, struct probe_out *out, struct err *err) {
    return log_key_files(ledger, look_at_key, out, err);
}

struct saying {
    struct probe_out *out;
    bool any;
};

/* One that is stale or stopped is judged by its own view. */
static void say_states(void *ctx, size_t projection, enum keep_ill ill) {
    struct saying *saying = ctx;
    struct probe_check check = PROBE_CHECK("ledger-states", "damaged");
    if (ill != KEEP_DAMAGED) return;
    check.target = projection_all[projection]->name;
    probe_say(saying->out, &check);
    saying->any = true;
}

static int look_at_states(struct ledger *ledger, struct probe_out *out, struct err *err) {
    const struct probe_check well = PROBE_CHECK("ledger-states", "ok");
    struct saying saying = {.out = out};
    int rc = keep_rows_look(ledger, ROWS_MAX, NULL, say_states, &saying, err);
    if (rc == 0 && !saying.any) probe_say(out, &well);
    return rc;
}

/* Each by itself: what one of them cannot see says nothing of the others. */
static const struct {
    const char *check;
    int (*look)(struct ledger *ledger, struct probe_out *out, struct err *err);
} looks[] = {{"ledger-readers", look_at_readers}, /* first: asking for statistics clears the dead ones */
             {"ledger-quota", look_at_quota},
             {"ledger-keys", look_at_keys},
             {"ledger-index", look_at_index},
             {"ledger-states", look_at_states}};

int probe_keep(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct ledger *ledger = NULL;
    int rc = box->open(box->ctx, false, &ledger, err);
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]) && rc == 0; i++) {
        struct probe_check check = PROBE_CHECK(looks[i].check, "error");
        struct err why = {0};
        if (looks[i].look(ledger, out, &why) != 0) {
            check.detail = why.msg;
            probe_say(out, &check);
        }
    }
    log_close(ledger);
    return rc;
}
