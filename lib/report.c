/* Two kinds of report behind one set of getters. */
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

int ledger_report_verdict(const struct ledger_report *report) {
    return (int)(report->is_bundle ? report->bundle.verdict : report->log.verdict);
}

const char *ledger_report_verdict_name(const struct ledger_report *report) {
    return report_verdict_name((enum log_verdict)ledger_report_verdict(report));
}

const char *ledger_report_origin(const struct ledger_report *report) {
    return report->is_bundle ? report->bundle.origin : report->log.origin;
}

uint64_t ledger_report_events(const struct ledger_report *report) {
    return report->is_bundle ? report->bundle.head.size : report->log.head.size;
}

const char *ledger_report_rule(const struct ledger_report *report) {
    bool bundle = report->is_bundle, any = ledger_report_findings(report) > 0;
    const char *broken = !any ? "" : bundle ? report->bundle.findings[0].rule : report->log.findings[0].rule;
    return report_rule((enum log_verdict)ledger_report_verdict(report), broken,
                       bundle ? report->bundle.contradicts : report->log.contradicts);
}

/* ---- aspects ---- */

size_t ledger_report_aspects(const struct ledger_report *report) {
    return report->is_bundle ? EXPORT_ASPECTS : LOG_ASPECTS;
}

static const char *aspect_name(const struct ledger_report *report, size_t i) {
    return report->is_bundle ? export_aspect_name((enum export_aspect)i) : log_aspect_name((enum log_aspect)i);
}

const char *ledger_report_aspect_name(const struct ledger_report *report, size_t i) {
    return i < ledger_report_aspects(report) ? aspect_name(report, i) : NULL;
}

int ledger_report_aspect_state(const struct ledger_report *report, size_t i) {
    return i >= ledger_report_aspects(report) ? -1
           : report->is_bundle                ? (int)report->bundle.aspect[i].state
                                              : (int)report->log.aspect[i].state;
}

const char *ledger_report_aspect_text(const struct ledger_report *report, size_t i) {
    return i >= ledger_report_aspects(report) ? NULL
           : report->is_bundle                ? report->bundle.aspect[i].text
                                              : report->log.aspect[i].text;
}

/* ---- findings ---- */

uint64_t ledger_report_findings_total(const struct ledger_report *report) {
    return report->is_bundle ? report->bundle.n_findings : report->log.n_findings;
}

size_t ledger_report_findings(const struct ledger_report *report) {
    uint64_t n = report->log.n_findings;
    return report->is_bundle ? report_bundle_kept(&report->bundle) : n < LOG_FINDINGS_MAX ? (size_t)n : LOG_FINDINGS_MAX;
}

const char *ledger_report_finding_aspect(const struct ledger_report *report, size_t i) {
    return i >= ledger_report_findings(report) ? NULL
           : report->is_bundle                 ? aspect_name(report, (size_t)report->bundle.findings[i].aspect)
                                               : aspect_name(report, (size_t)report->log.findings[i].aspect);
}

uint64_t ledger_report_finding_seq(const struct ledger_report *report, size_t i) {
    return i >= ledger_report_findings(report) ? LEDGER_NO_SEQ
           : report->is_bundle                 ? report->bundle.findings[i].seq
                                               : report->log.findings[i].seq;
}

const char *ledger_report_finding_place(const struct ledger_report *report, size_t i) {
    return i >= ledger_report_findings(report) ? NULL
           : report->is_bundle                 ? report->bundle.findings[i].member
                                               : report->log.findings[i].table;
}

const char *ledger_report_finding_rule(const struct ledger_report *report, size_t i) {
    return i >= ledger_report_findings(report) ? NULL
           : report->is_bundle                 ? report->bundle.findings[i].rule
                                               : report->log.findings[i].rule;
}

const char *ledger_report_finding_reason(const struct ledger_report *report, size_t i) {
    return i >= ledger_report_findings(report) ? NULL
           : report->is_bundle                 ? report->bundle.findings[i].reason
                                               : report->log.findings[i].reason;
}

int ledger_report_json(const struct ledger_report *report, unsigned json_flags, char **ret_json, size_t *ret_n,
                       struct ledger_error *error) {
    struct err err = {0};
    struct obj obj = {0};
    if (report->is_bundle) {
        report_put_bundle(&obj, report->what, &report->bundle, &report->question);
    } else {
        report_put(&obj, report->what, &report->log);
    }
    return facade_end(facade_json(0, &obj, json_flags, ret_json, ret_n, &err), &err, error);
}
