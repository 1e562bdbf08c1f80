/* What a fold sees: one event, and rows of its own projection's tables to read and change.
 *
 * A fold takes the event as it is: the log takes facts from outside, so fields may be absent (bodies can be erased), steps
 * may be illegal, things may be mentioned that nobody introduced. What is illegal shows in the row (fold_violation), it
 * does not fail. Rows that were changed are kept when the fold returns 0, and none of them when it fails. */
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
/* Which thing the event is about: what its subject is about, in the words of the text field `name` where that says the same
 * (ledger/kinds/subject.h), or says it alone. An older event may name another one there: the subject holds, in every fold.
 * Empty when there is neither. */
struct bytes fold_name(const struct fold *fold, const char *name);
/* The same of a part of the subject. */
struct bytes fold_agreed(const struct fold *fold, struct bytes part, const char *name);
/* When it happened: the body's `at` where the source gives one, else the event's time. */
uint64_t fold_at(const struct fold *fold);
/* The same as far as it is believed: nothing happened after it was recorded. What a row tells of time goes by this. */
uint64_t fold_when(const struct fold *fold);

/* ---- rows ---- */

/* The row of this key in the projection's table number `table`, made when it is absent (row->absent says so until the fold
 * ends; key columns are set then from `parts`, in the order of the table's COLUMN_KEY columns). Valid until the fold
 * returns; asking again gives the same row. ERR_LIMIT: past FOLD_ROWS_MAX. */
int fold_row(struct fold *fold, size_t table, const struct bytes *parts, size_t n, struct row **ret, struct err *err);
/* The same, but *ret is NULL when there is no such row. */
int fold_find(struct fold *fold, size_t table, const struct bytes *parts, size_t n, struct row **ret, struct err *err);
/* Whether there is such a row, without asking for it: of how many may be found out costs nothing of FOLD_ROWS_MAX. */
int fold_has(struct fold *fold, size_t table, const struct bytes *parts, size_t n, bool *ret, struct err *err);
/* The row was only read, and what was set in it since it was asked for is forgotten: that costs less than to keep it as it
 * was. Asking for it again makes it one that is kept. */
void fold_leave(struct row *row);
/* The row is gone. */
void fold_drop(struct row *row);

/* Copies a body field into a column of the same type when the event has it; a CELL_TEXT column takes text, CELL_INT
 * integers, CELL_REAL numbers, CELL_LIST arrays and maps. */
void fold_copy(struct fold *fold, struct row *row, size_t column, const char *field);
/* The same, but the column becomes NULL when the event does not have the field. */
void fold_replace(struct fold *fold, struct row *row, size_t column, const char *field);

/* Columns that a table of things with a state has, by macro, so that they are the same everywhere: FOLD_COLUMNS at the END
 * of the columns; `base` is the number of the first of them.
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
#define FOLD_COLUMNS                                                                                                     \
    {"since", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when its state became what it is"},                                 \
    {"since_seq", CELL_INT, COLUMN_SEQ, "the event that made it so"},                                                   \
    {"updated_seq", CELL_INT, COLUMN_SEQ, "the newest event about it"},                                                 \
    {"violations", CELL_INT, 0, "events that were no legal step"},                                                      \
    {"violation", CELL_TEXT, 0, "the newest of these, in words"},                                                       \
    {"violation_seq", CELL_INT, COLUMN_SEQ, "its seq"},                                                                 \
    {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "the events that decide its state"}
/* clang-format on */

/* What dates the row has changed by this event: since_seq, and since: fold_when, but not before what it follows. */
void fold_since(struct fold *fold, struct row *row, size_t base);
/* The row's state is decided by this event alone from here on: sets `state_column` to `state`, and fold_since when that is
 * another one than before; evidence is this event only. */
void fold_state(struct fold *fold, struct row *row, size_t base, size_t state_column, const char *state);
/* This event is one of those that decide: cited beside the others; updated_seq. */
void fold_cite(struct fold *fold, struct row *row, size_t base);
/* This event touched the row: updated_seq. */
void fold_touch(struct fold *fold, struct row *row, size_t base);
/* It was no legal step: "promoted from planned: verifying must come before". Counts and cites. */
void fold_violation(struct fold *fold, struct row *row, size_t base, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- observations ---- */

/* What tells how a thing is, as against what somebody decided about it, goes by its source's time (decision 080): news that
 * is older than the newest that the row was told, whose time is in the column `at`, does not replace that. A time in whole
 * seconds names all of its second. */
/* The end of what a time names. */
int64_t fold_named_until(int64_t when);
bool fold_is_late(const struct fold *fold, const struct row *row, size_t at);
/* False: it is late, which is counted in the column `late`; then it decides nothing, and is not cited. True: from here on
 * `at` has its time. */
bool fold_is_news(struct fold *fold, struct row *row, size_t base, size_t at, size_t late);

/* ---- legal steps, as a table ---- */

/* From a state, by a step, to a state. `from` or `step` may be "*". The first row that fits holds. `why` not NULL: the step
 * is taken nevertheless when `to` is not NULL, and is a violation in those words. No row fits: the state stays, a
 * violation. */
struct fold_step_rule {
    const char *from; /* "" is: not there yet */
    const char *step;
    const char *to; /* NULL: stays */
    const char *why;
};
/* The rule for a step; NULL: none. Also for decide.h, which refuses what is a violation. */
const struct fold_step_rule *fold_rule(const struct fold_step_rule *rules, size_t n, struct bytes from, struct bytes step);
/* Applies the event's step to the row by the rules: state, since, evidence, violation. False: the step was not taken, so
 * nothing that its event says may be taken over either. */
bool fold_take_step(struct fold *fold, struct row *row, size_t base, size_t state_column,
                    const struct fold_step_rule *rules, size_t n);

#endif
