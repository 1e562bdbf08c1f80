/* {"counters":[{"day":"2026-11-22","kinds":{"run.started":5}}],"format":"ledger-support/1","ledger":{...},
 *  "program":{...},"projections":[{...}],"range":{...},"states":{"packs":{"rows":[{...}],"total":3}}} */
#include "export/support/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "projections/view/state.h"

#define DAY_NS     (86400 * CLOCK_NS_PER_S)
#define TALLY_MAX  20000
#define ROWS_MAX   200 /* of each table; the rest is only counted */
#define REPORT_MAX ((size_t)256 << 20)

/* ---- kinds by day ---- */

static int compare(const struct support_count *count, uint64_t day, struct bytes kind) {
    return count->day != day ? (count->day < day ? -1 : 1) : bytes_cmp(bytes_of(count->kind), kind);
}

int support_tally_add(struct support_tally *tally, uint64_t time, struct bytes kind, struct err *err) {
    size_t lo = 0, hi = tally->n;
    uint64_t day = time / DAY_NS;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (compare(&tally->count[middle], day, kind) < 0) {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    if (lo < tally->n && compare(&tally->count[lo], day, kind) == 0) {
        tally->count[lo].n++;
        return 0;
    }
    if (tally->n == TALLY_MAX) {
        tally->beyond++;
        return 0;
    }
    int rc = array_room(&tally->count, tally->n + 1, &tally->cap, sizeof(*tally->count), err);
    if (rc != 0) return rc;
    char *name = strndup((const char *)kind.p, kind.n);
    if (name == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    memmove(&tally->count[lo + 1], &tally->count[lo], (tally->n - lo) * sizeof(tally->count[0]));
    tally->count[lo] = (struct support_count){day, name, 1};
    tally->n++;
    return 0;
}

void support_tally_done(struct support_tally *tally) {
    for (size_t i = 0; i < tally->n; i++) {
        free(tally->count[i].kind);
    }
    free(tally->count);
    *tally = (struct support_tally){0};
}

/* ---- pieces ---- */

static void put_number(struct buf *out, const char *name, uint64_t v) {
    mp_put_text(out, name);
    if (v > MP_INT_MAX) {
        mp_put_nil(out);
    } else {
        mp_put_uint(out, v);
    }
}

/* The value if the table allows it, otherwise null. */
static void put_allowed(struct support_redact *r, struct buf *out, const char *name, enum support_class class,
                        struct bytes text) {
    struct buf kept;
    buf_init(&kept, text.n + 64);
    mp_put_text(out, name);
    if (support_text(&r->names, class, text, &kept) && kept.fail == 0) {
        mp_put_str(out, bytes_of_buf(&kept));
    } else {
        mp_put_nil(out);
    }
    buf_done(&kept);
}

static void put_time(struct buf *out, const char *name, uint64_t ns) {
    char text[TEXT_TIME_MAX];
    text_time(text, ns);
    mp_pair_text(out, name, text);
}

static void put_counters(struct support_redact *r, const struct support_tally *tally, struct buf *out) {
    uint32_t days = 0;
    for (size_t i = 0; i < tally->n; i++) {
        days += i == 0 || tally->count[i].day != tally->count[i - 1].day;
    }
    mp_put_text(out, "counters");
    mp_put_array(out, days);
    for (size_t i = 0, n; i < tally->n; i += n) {
        char day[TEXT_TIME_MAX];
        for (n = 1; i + n < tally->n && tally->count[i + n].day == tally->count[i].day;) {
            n++;
        }
        text_time(day, tally->count[i].day * DAY_NS);
        day[10] = '\0';
        mp_put_map(out, 2);
        mp_pair_text(out, "day", day);
        mp_put_text(out, "kinds");
        mp_put_map(out, (uint32_t)n);
        for (size_t k = i; k < i + n; k++) {
            struct bytes kind = bytes_of(tally->count[k].kind);
            struct buf name;
            buf_init(&name, kind.n + 64);
            support_text(&r->names, SUPPORT_WORD, kind, &name);
            mp_put_str(out, bytes_of_buf(&name));
            mp_put_uint(out, tally->count[k].n);
            buf_done(&name);
        }
    }
}

static int put_ledger(struct support_redact *r, struct ledger *ledger, struct buf *out, struct err *err) {
    struct log_stats s = {0};
    struct log_head head = {0};
    int rc = log_stats(ledger, &s, err);
    if (rc == 0) rc = log_head(ledger, &head, err);
    mp_put_text(out, "ledger");
    mp_put_map(out, 16);
    put_allowed(r, out, "origin", SUPPORT_ORIGIN, bytes_of(log_origin(ledger)));
    put_number(out, "events", s.events);
    put_time(out, "newest", head.time);
    put_number(out, "groups", s.groups);
    put_number(out, "tail", s.tail);
    put_number(out, "checkpoints", s.checkpoints);
    put_number(out, "epochs", s.epochs);
    put_number(out, "artifacts", s.artifacts);
    put_number(out, "cursors", s.cursors);
    put_number(out, "evidence_bytes", s.evidence_bytes);
    put_number(out, "derived_bytes", s.derived_bytes);
    put_number(out, "artifact_bytes", s.artifact_bytes);
    put_number(out, "map_bytes", s.map_bytes);
    put_number(out, "map_used", s.map_used);
    put_number(out, "readers", s.readers);
    put_number(out, "oldest_reader_commits", s.oldest_reader_commits);
    return rc;
}

static void put_program(struct support_redact *r, const char *system, struct buf *out) {
    mp_put_text(out, "program");
    mp_put_map(out, 4);
    mp_pair_text(out, "name", "ledger");
    mp_pair_text(out, "version", LEDGER_VERSION);
    mp_pair_text(out, "compiler", __VERSION__);
    put_allowed(r, out, "system", SUPPORT_PHRASE, bytes_of(system == NULL ? "" : system));
}

/* ---- projections ---- */

static void put_status(struct support_redact *r, const struct state_status *status, struct buf *out) {
    bool stopped = status->failed_seq != LOG_NO_SEQ;
    mp_put_map(out, 9);
    mp_pair_text(out, "projection", status->projection->name);
    mp_pair_text(out, "condition", stopped ? "stopped" : status->stale ? "stale" : "current");
    put_number(out, "version", status->projection->version);
    put_number(out, "version_stored", status->version);
    put_number(out, "position", status->position);
    put_number(out, "stored", status->stored_position);
    put_number(out, "lag", status->lag);
    put_number(out, "stopped_at", status->failed_seq);
    put_allowed(r, out, "stopped_because", SUPPORT_PHRASE, bytes_of(stopped ? status->failed : ""));
}

static int put_table(struct support_redact *r, struct state_view *view, size_t table, uint64_t *rows_in_all,
                     struct buf *out, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    struct buf kept = {.max = REPORT_MAX};
    uint64_t total = 0;
    int rc = state_rows_open(view, table, NULL, 0, &rows, err);
    if (rc != 0) return rc;
    while ((rc = state_rows_next(rows, &row, err)) == 0) {
        if (total++ < ROWS_MAX) {
            support_row(r, row, &kept);
            (*rows_in_all)++;
        }
    }
    state_rows_close(rows);
    mp_put_text(out, state_table(view, table)->name);
    mp_put_map(out, 2);
    mp_put_text(out, "rows");
    mp_put_array(out, (uint32_t)(total < ROWS_MAX ? total : ROWS_MAX));
    buf_put_bytes(out, bytes_of_buf(&kept));
    put_number(out, "total", total);
    rc = rc == 1 ? buf_check(&kept, "the states", err) : rc;
    buf_done(&kept);
    return rc;
}

static int put_states(struct support_redact *r, const struct support_about *about, struct buf *out, uint64_t *ret_rows,
                      struct err *err) {
    struct state_options options;
    struct state_view *view = NULL;
    uint64_t n = 0;
    state_options_init(&options);
    options.at = about->size;
    options.stop = about->stop;
    int rc = state_open(about->ledger, &options, &view, err);
    if (rc != 0) return rc;
    mp_put_text(out, "projections");
    mp_put_array(out, (uint32_t)state_projections(view));
    for (size_t i = 0; i < state_projections(view); i++) {
        struct state_status status;
        state_status(view, i, &status);
        put_status(r, &status, out);
    }
    mp_put_text(out, "states");
    mp_put_map(out, (uint32_t)state_tables(view));
    for (size_t t = 0; t < state_tables(view) && rc == 0; t++) {
        rc = put_table(r, view, t, &n, out, err);
    }
    state_close(view);
    *ret_rows = n;
    return rc;
}

int support_report(struct support_redact *r, const struct support_about *about, struct buf *out, uint64_t *ret_rows,
                   struct err *err) {
    struct buf mp = {.max = REPORT_MAX};
    mp_put_map(&mp, 8);
    mp_pair_text(&mp, "format", "ledger-support/1");
    put_program(r, about->system, &mp);
    int rc = put_ledger(r, about->ledger, &mp, err);
    mp_put_text(&mp, "range");
    mp_put_map(&mp, 5);
    put_number(&mp, "from", about->from);
    put_number(&mp, "to", about->to);
    put_number(&mp, "events", about->events);
    put_number(&mp, "days", about->days);
    put_time(&mp, "since", about->since);
    put_number(&mp, "counted_beyond", about->tally->beyond);
    put_counters(r, about->tally, &mp);
    if (rc == 0) rc = put_states(r, about, &mp, ret_rows, err);
    if (rc == 0) rc = buf_check(&mp, "the report", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_PRETTY, out, err);
    buf_done(&mp);
    buf_put_str(out, "\n");
    if (rc == 0) rc = buf_check(out, "the report", err);
    return rc;
}
