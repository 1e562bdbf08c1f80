/* Getters of a report. */
#include "lib/report.h"

#include <ledger/verify.h>
#include <stdlib.h>
#include <string.h>

#include "lib/facade.h"
#include "lib/json/report.h"

_Static_assert((int)LEDGER_VERDICT_NOT_ANCHORED == (int)LOG_NOT_ANCHORED &&
                   (int)LEDGER_VERDICT_CONTRADICTS == (int)LOG_CONTRADICTS &&
                   (int)LEDGER_VERDICT_INVALID == (int)LOG_INVALID && (int)LEDGER_ASPECT_FAULT == (int)LOG_ASPECT_FAULT,
               "");

struct ledger_report *report_new(const char *what, bool is_bundle) {
    struct ledger_report *report = calloc(1, sizeof(*report));
    if (report != NULL) {
        report->is_bundle = is_bundle;
        report->what = strdup(what);
        if (report->what == NULL) {
            free(report);
            report = NULL;
        }
    }
    return report;
}

void ledger_report_free(struct ledger_report *report) {
    if (report != NULL) {
        export_question_done(&report->question);
        free(report->what);
        free(report);
    }
}

static const struct log_report *log_of(const struct ledger_report *report) {
    return &report->found.log;
}

int ledger_report_verdict(const struct ledger_report *report) {
    return (int)log_of(report)->verdict;
}

const char *ledger_report_verdict_name(const struct ledger_report *report) {
    return report_verdict_name(log_of(report)->verdict);
}

const char *ledger_report_origin(const struct ledger_report *report) {
    return log_of(report)->origin;
}

uint64_t ledger_report_events(const struct ledger_report *report) {
    return log_of(report)->head.size;
}

const char *ledger_report_rule(const struct ledger_report *report) {
    return report_rule(log_of(report));
}

/* ---- aspects ---- */

/* The i-th aspect that the report has; LOG_ASPECTS: it has fewer. */
static size_t aspect_at(const struct ledger_report *report, size_t i) {
    size_t at = 0;
    for (; at < LOG_ASPECTS; at++) {
        if (log_of(report)->aspect[at].state == LOG_ASPECT_ABSENT) continue;
        if (i-- == 0) break;
    }
    return at;
}

size_t ledger_report_aspects(const struct ledger_report *report) {
    size_t n = 0;
    while (aspect_at(report, n) < LOG_ASPECTS) {
        n++;
    }
    return n;
}

const char *ledger_report_aspect_name(const struct ledger_report *report, size_t i) {
    size_t at = aspect_at(report, i);
    return at < LOG_ASPECTS ? log_aspect_name((enum log_aspect)at) : NULL;
}

int ledger_report_aspect_state(const struct ledger_report *report, size_t i) {
    size_t at = aspect_at(report, i);
    return at < LOG_ASPECTS ? (int)log_of(report)->aspect[at].state : -1;
}

const char *ledger_report_aspect_text(const struct ledger_report *report, size_t i) {
    size_t at = aspect_at(report, i);
    return at < LOG_ASPECTS ? log_of(report)->aspect[at].text : NULL;
}

/* ---- findings ---- */

static const struct log_finding *finding_at(const struct ledger_report *report, size_t i) {
    return i < log_findings_kept(log_of(report)) ? &log_of(report)->findings[i] : NULL;
}

uint64_t ledger_report_findings_total(const struct ledger_report *report) {
    return log_of(report)->n_findings;
}

size_t ledger_report_findings(const struct ledger_report *report) {
    return log_findings_kept(log_of(report));
}

const char *ledger_report_finding_aspect(const struct ledger_report *report, size_t i) {
    const struct log_finding *finding = finding_at(report, i);
    return finding != NULL ? log_aspect_name(finding->aspect) : NULL;
}

uint64_t ledger_report_finding_seq(const struct ledger_report *report, size_t i) {
    const struct log_finding *finding = finding_at(report, i);
    return finding != NULL ? finding->seq : LEDGER_NO_SEQ;
}

const char *ledger_report_finding_place(const struct ledger_report *report, size_t i) {
    const struct log_finding *finding = finding_at(report, i);
    return finding != NULL ? finding->place : NULL;
}

const char *ledger_report_finding_rule(const struct ledger_report *report, size_t i) {
    const struct log_finding *finding = finding_at(report, i);
    return finding != NULL ? finding->rule : NULL;
}

const char *ledger_report_finding_reason(const struct ledger_report *report, size_t i) {
    const struct log_finding *finding = finding_at(report, i);
    return finding != NULL ? finding->reason : NULL;
}

int ledger_report_json(const struct ledger_report *report, unsigned json_flags, char **ret_json, size_t *ret_n,
                       struct ledger_error *error) {
    struct err err = {0};
    struct obj obj = {0};
    if (report->is_bundle) {
        report_put_bundle(&obj, report->what, &report->found, &report->question);
    } else {
        report_put(&obj, report->what, log_of(report));
    }
    return facade_end(facade_json(0, &obj, json_flags, ret_json, ret_n, &err), &err, error);
}
