/* One row of a state explained: how it is, why, and by which events. For people as text, for programs as JSON.
 *
 *   explain.c         the row, its fields, its lists, its evidence
 *   explain_corrected.c  corrections that it rests on
 *   explain_moved.c   names that moved
 *   explain_parts.c   rows of other tables that belong to it: the routes and permissions of a pack, the pack of a route
 *   run_summary.c     of a run: what went wrong
 *   run_pair.c        how it differs from another one, as the last good one
 */
#ifndef CLI_VIEW_EXPLANATION_H
#define CLI_VIEW_EXPLANATION_H

#include "base/obj.h"
#include "cli/log/corrected.h"
#include "cli/log/damage.h"
#include "cli/print/when.h"
#include "cli/view/asof.h"

struct explanation {
    struct asof *view;
    enum when_style style;
    bool whole; /* every field; else what explains the state, and the parts with theirs */
    uint64_t now;
    uint64_t shown; /* rows so far */
    struct damage damage;
    struct log_reader *reader;
    struct corrected corrected; /* once events are shown */
    bool has_corrected;
    uint64_t also[ROW_SEQS_MAX]; /* events that its parts rest on */
    size_t n_also;
    struct obj list; /* in JSON */
};

/* `explanation` is filled but for what begins with 0. */
void explanation_init(struct explanation *explanation, struct asof *view, enum when_style style, bool whole);

/* Its `corrected`, read when it is asked for first; what cannot be read is noted. */
int explanation_corrected(struct explanation *explanation, struct err *err);
/* The event is listed with those that the row rests on. */
void explanation_cite(struct explanation *explanation, uint64_t seq);

/* Reads an event of the log. 1: it cannot be read, which was said. */
int explanation_event(struct explanation *explanation, uint64_t seq, struct log_event *ret, struct err *err);

/* Appends "ready", "declared-not-proven: model drift". */
void explanation_state(const struct row *row, struct buf *out);
/* Does the row list what it lacks, "route/r" among it? `about` empty: anything. */
bool explanation_lacks(const struct row *row, struct bytes about);

#endif
