/* What `ledger export` was asked for, as options of the export room. */
#ifndef CLI_EVIDENCE_CUT_ARGS_H
#define CLI_EVIDENCE_CUT_ARGS_H

#include "cli/call/opt.h"
#include "cli/log/seqs.h"
#include "cli/log/tier_count.h"
#include "export/export.h"
#include "lib/handover/narrow.h"

enum {
    CUT_OUTPUT,
    CUT_KIND,
    CUT_SUBJECT,
    CUT_RUN,
    CUT_ACTOR,
    CUT_SOURCE,
    CUT_GRADE,
    CUT_KEY,
    CUT_SINCE,
    CUT_UNTIL,
    CUT_WHOLE,
    CUT_BODIES,
    CUT_PRIVATE,
    CUT_ARTIFACTS,
    CUT_STATES,
    CUT_SPARSE,
    CUT_SQL,
    CUT_PLAIN,
    CUT_DRY_RUN,
    CUT_RECIPIENT,
    CUT_NOTE,
    CUT_OPTIONS
};
extern const struct opt cut_options[CUT_OPTIONS + 1];

struct cut_args {
    struct export_options options; /* borrows from the members below and from the command line */
    struct export_term term[EXPORT_TERMS_MAX];
    struct buf names; /* NUL-terminated names of --private and --states */
    const char *private_[EXPORT_PRIVATE_MAX], *states[EXPORT_STATES_MAX];
    struct seqs seqs;
    bool given;              /* a range was given */
    struct tier_count tiers; /* of the log, when --sql asks about tiers */
};
/* ERR_INVALID names the option and what it accepts. */
int cut_args_read(const struct opt_args *args, struct ledger *ledger, struct cut_args *ret, struct err *err);
/* Calls narrow_range unless a range was given. */
int cut_args_narrow(struct cut_args *args, struct ledger *ledger, bool build, struct err *err);
/* The conditions that `n` options give, named after header fields. ERR_INVALID. */
int cut_args_terms(const struct opt_args *args, const struct opt *options, size_t n, struct export_term *terms,
                   size_t *ret_n, struct err *err);
/* The names of a comma-separated list, each once, sorted; they are kept in `own`, which must have all its room already. */
int cut_args_names(const struct opt_args *args, const struct opt *opt, struct buf *own, const char **names, size_t max,
                   size_t *ret_n, struct err *err);
void cut_args_done(struct cut_args *args); /* a zeroed one is fine */

#endif
