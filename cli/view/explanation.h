/* One row of a state explained: its state, why, and by which events. For people as text, for programs as JSON.
 *
 *   explain.c            the row, its fields, its lists, its evidence
 *   explain_before.c     what changed shortly before a state that is not the good one
 *   explain_corrected.c  corrections that it rests on
 *   explain_moved.c      names that moved
 *   explain_parts.c      rows of other tables that belong to it: the routes and permissions of a pack, the pack of a route
 *   run_summary.c        of a run: what went wrong
 *   run_pair.c           how it differs from another one, such as the last good one
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
    bool whole; /* show every field; else what explains the state, and the parts with theirs */
    bool said;  /* the row's name and state are printed already: only what they rest on is missing */
    uint64_t now;
    uint64_t shown; /* rows so far */
    struct damage damage;
    struct log_reader *reader;
    struct corrected corrected; /* loaded when events are shown */
    bool has_corrected;
    uint64_t also[ROW_SEQS_MAX]; /* events that its parts rest on */
    size_t n_also;
    struct obj list; /* in JSON */
};

/* Fills in all of `explanation`; counters and lists are empty. */
void explanation_init(struct explanation *explanation, struct asof *view, enum when_style style, bool whole);

/* Loads its `corrected` on first use; what cannot be read is noted. */
int explanation_corrected(struct explanation *explanation, struct err *err);
/* Lists the event with those that the row rests on. */
void explanation_cite(struct explanation *explanation, uint64_t seq);

/* Reads an event of the log. 1: it cannot be read, which was reported. */
int explanation_event(struct explanation *explanation, uint64_t seq, struct log_event *ret, struct err *err);

/* The text in the reader's language where the row's name and state were printed in it, else in English. */
const char *explanation_words(const struct explanation *explanation, const char *english);

/* Appends "ready", "declared-not-proven: model drift". */
void explanation_state(const struct row *row, struct buf *out);
/* Does the row list `about` ("route/r") among what it lacks? `about` empty: anything. */
bool explanation_lacks(const struct row *row, struct bytes about);

#endif
