/* The probe "chain": what a verification of the ledger found. The verification itself runs in a process of its own, which the
 * caller starts (lib/isolate/): a damaged database can kill the process that reads it. */
#include <stdio.h>

#include "doctor/probe/probe.h"

/* The first finding, or the aspect's own words. */
static const char *words_of(const struct log_report *report, enum log_aspect aspect) {
    for (size_t i = 0; i < log_findings_kept(report); i++) {
        if (report->findings[i].aspect == aspect) return report->findings[i].reason;
    }
    return report->aspect[aspect].text;
}

static enum log_aspect first_fault(const struct log_report *report) {
    for (int i = 0; i < LOG_ASPECTS; i++) {
        if (report->aspect[i].state == LOG_ASPECT_FAULT) return (enum log_aspect)i;
    }
    return LOG_INTEGRITY;
}

void probe_chain(const struct log_report *report, const struct err *failed, struct probe_out *out) {
    struct probe_check chain = PROBE_CHECK("ledger-chain", "ok"), trust = PROBE_CHECK("ledger-trust", "ok");
    if (failed != NULL) {
        chain.status = "error";
        chain.detail = failed->msg;
        probe_say(out, &chain);
        return;
    }
    chain.target = trust.target = report->origin;
    chain.unit = "events";
    chain.value = report->head.size - report->from; /* read, of all */
    chain.limit = report->head.size;
    if (report->verdict == LOG_INVALID) {
        chain.status = "invalid";
        chain.detail = words_of(report, first_fault(report));
    }
    probe_say(out, &chain);
    if (report->verdict == LOG_CONTRADICTS || report->verdict == LOG_NOT_ANCHORED) {
        trust.status = report->verdict == LOG_CONTRADICTS ? "contradicts" : "not_anchored";
        trust.detail = words_of(report, LOG_ANCHORING);
    }
    if (report->verdict != LOG_INVALID) {
        probe_say(out, &trust);
    }
}
