/* One row of a state told whole: how it is, why, and by which events. For people as text, for programs as JSON.
 *
 *   story.c             the row, its fields, its lists, its evidence
 *   story_corrected.c   corrections that it rests on
 *   story_moved.c       names that moved
 *   story_parts.c       rows of other tables that belong to it: the routes and permissions of a pack, the pack of a route
 *   story_run.c, story_pair.c   a run alone, and beside another one
 */
#ifndef CLI_STORY_H
#define CLI_STORY_H

#include "cli/asof.h"
#include "cli/corrected.h"
#include "cli/damage.h"
#include "cli/when.h"

struct story {
    struct asof *view;
    enum when_style style;
    bool whole; /* every field; else what explains the state, and the parts with theirs */
    uint64_t now, told;
    struct damage damage;
    struct ledger_reader *reader;
    struct corrected corrected; /* once events are shown */
    bool has_corrected;
    uint64_t also[ROW_SEQS_MAX]; /* events that what was told of the row rests on as well */
    size_t n_also;
    struct obj list; /* in JSON */
};

/* `story` is filled but for what begins with 0. */
void story_init(struct story *story, struct asof *view, enum when_style style, bool whole);
/* Tells a row: prints it, or adds it to the JSON document. People are told so many, and how many there are more. A
 * thing_fn, the context is the story. */
int story_row(void *story, const struct row *row, struct err *err);
/* Prints the JSON document, if it is one, and frees. Returns the exit code: EXIT_INVALID when some events could not be
 * read. */
int story_end(struct story *story, const char *schema, size_t table);

/* The story's `corrected`, read when it is asked for first; what cannot be read is noted. */
int story_corrected(struct story *story, struct err *err);
/* The event is listed with those that the row rests on. */
void story_also(struct story *story, uint64_t seq);
/* So are the corrections of evaluations that these events are about: a score that was taken back has no row to cite them.
 */
int story_also_corrected(struct story *story, const uint64_t *seqs, size_t n, struct err *err);
/* "event 9 was corrected by event 12: oops", or the same as an item of a list. */
void story_print_corrected(struct story *story, const struct corrected_one *one);
void story_put_corrected(const struct corrected_one *one, struct obj *list);
/* Reads an event of the log. 1: it cannot be read, which was said. */
int story_event(struct story *story, uint64_t seq, struct ledger_event *ret, struct err *err);

/* Appends "ready", "declared-not-proven: model drift". */
void story_state(const struct row *row, struct buf *out);
/* Does the row list what it lacks, "route/r" among it? `about` empty: anything. */
bool story_lacks(const struct row *row, struct bytes about);

/* Of a name that it came to lead elsewhere; of a model which names came to lead to it, or away from it. */
int story_moved(struct story *story, const struct row *row, struct err *err);

/* ---- story_parts.c ---- */

#define PARTS_MAX 40

struct part {
    struct buf name, state;
    size_t state_n; /* of these are the state, without its reason */
    uint64_t evidence[ROW_SEQS_MAX];
    size_t n_evidence;
    bool decides; /* belongs to it; else it belongs to the part */
};

struct parts {
    struct part part[PARTS_MAX];
    size_t n;
    uint64_t more; /* that had no room */
};

int parts_find(struct asof *view, const struct row *row, struct parts *ret, struct err *err);
void parts_done(struct parts *parts);

#endif
