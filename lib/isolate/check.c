/* Each difference is a finding, and the aspect's text has their number. */
#include "lib/isolate/check.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ledger/derived/derived.h"
#include "ledger/verify/report.h"
#include "projections/store/rebuild.h"
#include "query/query.h"

typedef void check_progress(void *ctx, uint64_t done, uint64_t total);

static void add_fault(struct log_report *report, uint64_t seq, const char *table, const char *what, const char *reason) {
    struct log_finding finding = {.aspect = LOG_DERIVED, .seq = seq};
    snprintf(finding.place, sizeof(finding.place), "%s", table);
    snprintf(finding.reason, sizeof(finding.reason), "%s: %.400s", what, reason);
    report_add(report, &finding, true);
}

struct differing {
    struct log_report *report;
    uint64_t n;
};

static void on_differs(void *ctx, uint64_t first, const char *why) {
    struct differing *differing = ctx;
    differing->n++;
    add_fault(differing->report, first, "column",
              first == LOG_NO_SEQ ? "the index" : "the segment of the index that begins there", why);
}

static void on_state_differs(void *ctx, const struct projection *projection, const char *why) {
    struct differing *differing = ctx;
    char what[64];
    differing->n++;
    snprintf(what, sizeof(what), "the projection '%.32s'", projection->name);
    add_fault(differing->report, LOG_NO_SEQ, "projection", what, why);
}

/* A failure to open was reported already, and an absence stated. */
static bool is_there(struct ledger *ledger, int *ret_rc, struct err *err) {
    struct err why = {0};
    struct db *db;
    int rc = derived_look(ledger, &db, &why);
    bool told = rc == ERR_NOTFOUND || rc == ERR_CORRUPT || rc == ERR_VERSION;
    *ret_rc = rc == 0 || told ? 0 : err_set(err, rc, "%s", why.msg);
    return rc == 0;
}

/* Replays the index that queries use as well. */
static int check_index(struct ledger *ledger, check_progress *progress, struct log_report *report, struct err *err) {
    const struct query_index_progress seen = {progress, NULL};
    struct differing differing = {.report = report};
    char *text = report->aspect[LOG_DERIVED].text;
    size_t max = sizeof(report->aspect[LOG_DERIVED].text), n;
    uint64_t covered = 0;
    int rc = query_index_check(ledger, &seen, on_differs, &differing, &covered, err);
    n = strlen(text);
    if (rc == 0 && differing.n > 0) {
        snprintf(text + n, max - n, "%s%llu segment%s of the index %s", n > 0 ? "; " : "", (unsigned long long)differing.n,
                 text_s(differing.n), differing.n == 1 ? "is not what its events say" : "are not what their events say");
    } else if (rc == 0 && covered > 0) {
        snprintf(text + n, max - n, "%sthe index of %llu event%s replayed and equal", n > 0 ? "; " : "",
                 (unsigned long long)covered, text_s(covered));
    }
    return rc;
}

/* Unreadable events are a fault of the evidence, which was reported already: then nothing can be compared. */
static int not_replayed(struct log_report *report, const struct err *why) {
    char *text = report->aspect[LOG_DERIVED].text;
    size_t max = sizeof(report->aspect[LOG_DERIVED].text), n = strlen(text);
    if (report->verdict != LOG_INVALID) {
        add_fault(report, LOG_NO_SEQ, "projection", "replaying the events", why->msg);
    } else if (report->aspect[LOG_DERIVED].state != LOG_ASPECT_FAULT) {
        report->aspect[LOG_DERIVED].state = LOG_ASPECT_UNCHECKED;
    }
    snprintf(text + n, max - n, "%sprojections not compared: some events cannot be read", n > 0 ? "; " : "");
    return 0;
}

/* Replays the projections as well. Stale or unstored ones do not count as differences. */
static int check_states(struct ledger *ledger, const volatile int *stop, check_progress *progress,
                        struct log_report *report, struct err *err) {
    struct state_options how;
    struct differing differing = {.report = report};
    char *text = report->aspect[LOG_DERIVED].text;
    size_t max = sizeof(report->aspect[LOG_DERIVED].text), n;
    struct err why = {0};
    uint64_t rows = 0;
    uint32_t which = 0;
    for (size_t i = 0; projection_all[i]; i++) {
        which |= UINT32_C(1) << i;
    }
    state_options_init(&how);
    how.no_write = true;
    how.stop = stop;
    how.progress = progress;
    int rc = rebuild_check(ledger, &how, which, on_state_differs, &differing, &rows, NULL, &why);
    if (err_is_damage(rc)) return not_replayed(report, &why);
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    n = strlen(text);
    if (differing.n > 0) {
        snprintf(text + n, max - n, "%s%llu difference%s between projections and their events", n > 0 ? "; " : "",
                 (unsigned long long)differing.n, text_s(differing.n));
    } else if (rows > 0) {
        snprintf(text + n, max - n, "%sprojections replayed, %llu row%s equal", n > 0 ? "; " : "", (unsigned long long)rows,
                 text_s(rows));
    }
    return rc;
}

int check_derived(struct ledger *ledger, const volatile int *stop, check_progress *progress, struct log_report *report,
                  struct err *err) {
    int rc = 0;
    if (is_there(ledger, &rc, err)) {
        rc = check_index(ledger, progress, report, err);
        if (rc == 0) rc = check_states(ledger, stop, progress, report, err);
    }
    return rc;
}
