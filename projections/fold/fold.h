/* What a fold sees: one event, and rows of its own projection's tables to read and change.
 *
 * A fold takes any event: the log takes facts from outside, so fields may be absent (bodies can be erased), steps may be
 * illegal, and an event may mention an entity that was never introduced. An illegal step is recorded in the row
 * (fold_violation) and is not a failure. Changed rows are kept when the fold returns 0, and none of them when it fails. */
#ifndef PROJECTIONS_FOLD_FOLD_H
#define PROJECTIONS_FOLD_FOLD_H

#include "ledger/log.h"
#include "projections/rows/row.h"

#define FOLD_ROWS_MAX 1280 /* rows that one event may touch */

struct fold;

/* ---- the event ---- */

const struct log_event *fold_event(const struct fold *fold);
/* The part of the kind after the first '.': "granted" of "permission.granted". */
struct bytes fold_step(const struct fold *fold);
/* The part of the subject after its first '/', whatever is before it: "dpkg/curl" of "package/dpkg/curl". */
struct bytes fold_subject(const struct fold *fold);
/* Fields of the open body, after upcasting to the catalog's newest schema. Absent, null or of another type: false, *ret
 * untouched. */
bool fold_text(const struct fold *fold, const char *name, struct bytes *ret);
bool fold_int(const struct fold *fold, const char *name, int64_t *ret);
bool fold_real(const struct fold *fold, const char *name, double *ret); /* an integer too */
bool fold_bool(const struct fold *fold, const char *name, bool *ret);
bool fold_raw(const struct fold *fold, const char *name, struct bytes *ret); /* one msgpack item, not nil */
/* The field is there and null: its source does not know it. */
bool fold_null(const struct fold *fold, const char *name);
/* The name of the entity the event is about: from its subject, in the words of the text field `name` where the two agree
 * (ledger/kinds/subject.h), or from the field alone when the subject has none. In older events the field may name another
 * entity: the subject holds, in every fold. Empty when there is neither. */
struct bytes fold_name(const struct fold *fold, const char *name);
/* The same for a part of the subject. */
struct bytes fold_agreed(const struct fold *fold, struct bytes part, const char *name);
/* When it happened: the body's `at` where the source gives one, else the event's time. */
uint64_t fold_at(const struct fold *fold);
/* The same, but never after the event was recorded. Times in rows come from this. */
uint64_t fold_when(const struct fold *fold);

/* ---- rows ---- */

/* The row of this key in the projection's table number `table`, created when absent (row->absent is set until the fold
 * ends; its key columns are then set from `parts`, in the order of the table's COLUMN_KEY columns). Valid until the fold
 * returns; asking again gives the same row. ERR_LIMIT: past FOLD_ROWS_MAX. */
int fold_row(struct fold *fold, size_t table, const struct bytes *parts, size_t n, struct row **ret, struct err *err);
/* The same, but *ret is NULL when there is no such row. */
int fold_find(struct fold *fold, size_t table, const struct bytes *parts, size_t n, struct row **ret, struct err *err);
/* Whether there is such a row, without opening it: does not count towards FOLD_ROWS_MAX. */
int fold_has(struct fold *fold, size_t table, const struct bytes *parts, size_t n, bool *ret, struct err *err);
/* The row was only read: what was set in it since it was opened is forgotten, which is cheaper than storing it unchanged.
 * Asking for it again opens it again. */
void fold_leave(struct row *row);
/* Deletes the row. */
void fold_drop(struct row *row);

/* Copies a body field into a column of the same type when the event has it; a CELL_TEXT column takes text, CELL_INT
 * integers, CELL_REAL numbers, CELL_LIST arrays and maps. */
void fold_copy(struct fold *fold, struct row *row, size_t column, const char *field);
/* The same, but the column becomes NULL when the event does not have the field. */
void fold_replace(struct fold *fold, struct row *row, size_t column, const char *field);

/* Columns of every table of entities with a state, as a macro so that they are the same everywhere: put FOLD_COLUMNS at the
 * END of the columns; `base` is the index of the first of them.
 *
 *   since          time of the event that brought the present state
 *   since_seq      its seq
 *   updated_seq    the newest event that touched the row
 *   violations     how many events were illegal steps
 *   violation      the newest one, in words
 *   violation_seq  its seq
 *   evidence       seqs that decide the state */
enum {
    FOLD_SINCE,
    FOLD_SINCE_SEQ,
    FOLD_UPDATED_SEQ,
    FOLD_VIOLATIONS,
    FOLD_VIOLATION,
    FOLD_VIOLATION_SEQ,
    FOLD_EVIDENCE,
    FOLD_N
};
/* clang-format off */
#define FOLD_COLUMNS                                                                                                      \
    {"since", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it entered its present state"},                                  \
    {"since_seq", CELL_INT, COLUMN_SEQ, "the event that caused this state"},                                              \
    {"updated_seq", CELL_INT, COLUMN_SEQ, "the newest event about it"},                                                   \
    {"violations", CELL_INT, 0, "events that were not a legal step"},                                                     \
    {"violation", CELL_TEXT, 0, "the newest of these, in words"},                                                         \
    {"violation_seq", CELL_INT, COLUMN_SEQ, "its sequence number"},                                                       \
    {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "the events that decide its state"}
/* clang-format on */

/* Dates the row by this event: since_seq, and since, which is fold_when but not before the previous since. */
void fold_since(struct fold *fold, struct row *row, size_t base);
/* From here on this event alone decides the row's state: sets `state_column` to `state`, calls fold_since when that changes
 * it, and makes this event the only evidence. */
void fold_state(struct fold *fold, struct row *row, size_t base, size_t state_column, const char *state);
/* This event is one of those that decide: adds it to the evidence and sets updated_seq. */
void fold_cite(struct fold *fold, struct row *row, size_t base);
/* This event touched the row: sets updated_seq. */
void fold_touch(struct fold *fold, struct row *row, size_t base);
/* The step was not legal: "it is planned, and may not be promoted: ...". Counts the violation and cites the event. */
void fold_violation(struct fold *fold, struct row *row, size_t base, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- observations ---- */

/* Observations, as opposed to decisions, are ordered by their source's time (decision 080): one older than the newest seen
 * for the row, whose time is in the column `at`, does not replace it. A time in whole seconds covers the whole second. */
/* The last moment that such a time covers. */
int64_t fold_named_until(int64_t when);
bool fold_is_late(const struct fold *fold, const struct row *row, size_t at);
/* False: the observation is late; it is counted in the column `late`, decides nothing and is not cited. True: `at` now has
 * its time. */
bool fold_is_news(struct fold *fold, struct row *row, size_t base, size_t at, size_t late);

/* ---- legal steps, as a table ---- */

/* From a state, by a step, to a state. `from` and `step` may be "*". The first row that matches applies. With `why` the
 * step is a violation in those words, taken nevertheless when `to` is not NULL. If no row matches, the state stays and it
 * is a violation. */
struct fold_step_rule {
    const char *from; /* "": no row yet */
    const char *step;
    const char *to; /* NULL: stays */
    const char *why;
};
/* The rule for a step; NULL: none. Also for decide.h, which refuses what would be a violation. */
const struct fold_step_rule *fold_rule(const struct fold_step_rule *rules, size_t n, struct bytes from, struct bytes step);
/* Applies the event's step to the row by the rules: state, since, evidence, violation. False: the step was not taken, so
 * the event's other fields must not be taken over either. */
bool fold_take_step(struct fold *fold, struct row *row, size_t base, size_t state_column,
                    const struct fold_step_rule *rules, size_t n);

#endif
