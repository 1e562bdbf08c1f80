/* A finding makes its aspect faulty and the verdict invalid; a faulty or absent aspect keeps its text. */
#include "ledger/verify/report.h"

#include <stdio.h>
#include <string.h>

const char *log_aspect_name(enum log_aspect aspect) {
    static const char *const names[LOG_ASPECTS] = {"container", "integrity", "seals", "anchoring", "completeness",
                                                   "authors",   "erasures",  "gaps",  "states",    "derived"};
    return names[aspect];
}

size_t log_findings_kept(const struct log_report *report) {
    return report->n_findings < LOG_FINDINGS_MAX ? (size_t)report->n_findings : LOG_FINDINGS_MAX;
}

void report_begin(struct log_report *report, unsigned aspects, enum log_aspect_state state, const char *text) {
    for (unsigned i = 0; i < LOG_ASPECTS; i++) {
        bool there = (aspects & REPORT_BIT(i)) != 0;
        report->aspect[i].state = there ? state : LOG_ASPECT_ABSENT;
        snprintf(report->aspect[i].text, sizeof(report->aspect[i].text), "%s", there ? text : "");
    }
}

void report_add(struct log_report *report, const struct log_finding *finding, bool in_order) {
    size_t n = log_findings_kept(report), at = n;
    while (in_order && at > 0 && report->findings[at - 1].seq > finding->seq) {
        at--;
    }
    report->verdict = LOG_INVALID;
    report->aspect[finding->aspect].state = LOG_ASPECT_FAULT;
    report->n_findings++;
    if (at < LOG_FINDINGS_MAX) {
        size_t keep = n < LOG_FINDINGS_MAX ? n : LOG_FINDINGS_MAX - 1;
        memmove(&report->findings[at + 1], &report->findings[at], (keep - at) * sizeof(*finding));
        report->findings[at] = *finding;
    }
}

void report_contradict(struct log_report *report, const char *rule, enum log_aspect aspect, const char *text) {
    if (report->contradicts[0] == '\0') {
        snprintf(report->contradicts, sizeof(report->contradicts), "%s", rule);
    }
    report->verdict = report->verdict < LOG_CONTRADICTS ? LOG_CONTRADICTS : report->verdict;
    report->aspect[aspect].state = LOG_ASPECT_FAULT;
    snprintf(report->aspect[aspect].text, sizeof(report->aspect[aspect].text), "%s", text);
}

void report_vsay(struct log_report *report, enum log_aspect aspect, enum log_aspect_state state, const char *fmt,
                 va_list ap) {
    if (report->aspect[aspect].state == LOG_ASPECT_FAULT || report->aspect[aspect].state == LOG_ASPECT_ABSENT) return;
    vsnprintf(report->aspect[aspect].text, sizeof(report->aspect[aspect].text), fmt, ap);
    report->aspect[aspect].state = state;
}

void report_say(struct log_report *report, enum log_aspect aspect, enum log_aspect_state state, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    report_vsay(report, aspect, state, fmt, ap);
    va_end(ap);
}
