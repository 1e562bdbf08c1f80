/* The report of a verification (struct log_report): adds findings and aspects to it. Bundles use it as well. */
#ifndef LEDGER_VERIFY_REPORT_H
#define LEDGER_VERIFY_REPORT_H

#include <stdarg.h>

#include "ledger/log.h"

/* The aspects of a ledger or proof, and of a bundle: one bit each. */
#define REPORT_BIT(aspect) (1U << (aspect))
#define REPORT_OF_LEDGER   (~(REPORT_BIT(LOG_CONTAINER) | REPORT_BIT(LOG_STATES)))
#define REPORT_OF_BUNDLE   (~REPORT_BIT(LOG_DERIVED))

/* Gives a zeroed report these aspects, with this state and text; the others are absent. */
void report_begin(struct log_report *report, unsigned aspects, enum log_aspect_state state, const char *text);
/* Adds a finding: its aspect becomes faulty, the verdict invalid. `in_order`: sorted by sequence number, findings about no
 * event last; otherwise in the order in which they are added. The first LOG_FINDINGS_MAX are kept. */
void report_add(struct log_report *report, const struct log_finding *finding, bool in_order);
/* Records that the aspect contradicts known facts, by this rule of docs/format.md; the first rule is kept. */
void report_contradict(struct log_report *report, const char *rule, enum log_aspect aspect, const char *text);
/* Sets an aspect's state and text, unless it is faulty or absent. */
void report_say(struct log_report *report, enum log_aspect aspect, enum log_aspect_state state, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void report_vsay(struct log_report *report, enum log_aspect aspect, enum log_aspect_state state, const char *fmt,
                 va_list ap) __attribute__((format(printf, 4, 0)));

#endif
