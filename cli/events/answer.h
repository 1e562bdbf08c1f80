/* Internal to `ledger query`: one question and how it is answered.
 *
 *   cli/events/query.c  the command line --> struct answer
 *   answer.c         rows: all, the first, the last, those around one, new ones
 *   answer_count.c   counts by fields
 *   answer_sql.c     --where and --sql
 *   answer_tier.c    --tier, and how many tool calls have none
 *   answer_clock.c   which of the two clocks was used, and what difference that makes */
#ifndef CLI_EVENTS_ANSWER_H
#define CLI_EVENTS_ANSWER_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "cli/call/opt.h"
#include "cli/log/ask.h"
#include "cli/log/corrected.h"
#include "cli/log/damage.h"
#include "cli/log/tier_count.h"
#include "cli/print/rows.h"
#include "query/sql/sql.h"

struct answer {
    struct cli *cli;
    struct ledger *ledger;
    struct ask ask;
    struct pick fields; /* to show; empty: whole events */
    struct pick by;
    const char *where, *statement;
    struct buf tier; /* of --tier: a condition on the columns of `tools`; empty: none */
    bool of_tiers;   /* the question involves tiers */
    enum rows_format format;
    enum when_style style;
    uint64_t first, last; /* 0: no limit */
    bool has_last;        /* with last 0: all rows */
    bool is_around, count, follow, explain, no_index;
    uint64_t around, context;
    uint64_t time_limit, memory_limit; /* of SQL: ns, 0: none; bytes, 0: the library's own */
    const volatile int *stop;
    /* while answering */
    struct rows_column columns[PICK_MAX + 3];
    struct rows *rows;
    struct sql *sql;     /* opened when needed */
    struct tally *tally; /* for counting row by row */
    uint64_t size;       /* of the tree */
    struct damage damage;
    struct pager pager;
    struct buf note;                   /* the last sql_note */
    struct buf private_fields, remark; /* of the current row */
    struct corrected corrected;        /* once a row is shown with its body */
    uint64_t corrected_from;           /* loaded from this event on */
    bool has_corrected;
    struct query_cost cost;
    struct tier_count tiers;
    uint64_t start; /* ns */
};

/* ---- answer.c ---- */

typedef int answer_row_fn(struct answer *answer, struct query_cursor *cursor, struct err *err);
/* Calls `each` for the rows of [from, to) in order, at most `limit` of them (0: all). Unreadable events are noted. */
int answer_scan(struct answer *answer, const struct query *query, uint64_t limit, answer_row_fn *each, struct err *err);
/* The same with all conditions of the question, including --where. */
int answer_range(struct answer *answer, uint64_t from, uint64_t to, uint64_t limit, answer_row_fn *each, struct err *err);
void answer_add_cost(struct answer *answer, const struct query_cost *cost);
/* Has output failed, or was Ctrl-C pressed? */
bool answer_over(const struct answer *answer);
/* The first and the last members of the JSON document. */
void answer_head(const struct answer *answer, struct obj *head);
void answer_tail(struct answer *answer, struct obj *tail);
/* Opens answer->rows over the first n columns. */
int answer_open_rows(struct answer *answer, const char *schema, const char *list, size_t n, struct err *err);
/* Describes fields as columns, from `columns` on. */
void answer_columns(const struct pick *fields, struct rows_column *columns);
/* Lists the rows; with --follow, without end. */
int answer_rows(struct answer *answer, struct err *err);

/* ---- answer_count.c ---- */

/* Counts, per field or in total. *ret_total: the number of events. */
int answer_count(struct answer *answer, uint64_t *ret_total, struct err *err);

/* ---- answer_clock.c ---- */

/* Notes on standard error which clock was used for times, if the other one would give a different answer. */
void answer_say_clock(struct answer *answer);

/* ---- answer_tier.c ---- */

/* Reads --tier, and finds out whether the question involves tiers. After a->where and a->statement are set. */
int answer_tier_read(struct answer *answer, const struct opt_args *args, const struct opt *tier, const struct opt *fields,
                     const struct opt *by, struct err *err);
/* Appends the condition to a statement, with its AND. */
void answer_tier_put(const struct answer *answer, struct buf *out);
/* Counts the tool calls that match the other conditions, and those without a tier. */
void answer_tier_count(struct answer *answer);

/* ---- answer_sql.c ---- */

/* Opens answer->sql, unless it is open. */
int answer_sql_open(struct answer *answer, struct err *err);

/* The rows of --sql. The caller frees *ret_columns after the rows have ended. */
int answer_sql(struct answer *answer, struct rows_column **ret_columns, struct err *err);
/* Receives some sequence numbers, in order. 1 ends the walk without an error; a negative value ends it and is returned. */
typedef int answer_seqs_fn(struct answer *answer, const uint64_t *seqs, size_t n, void *ctx, struct err *err);
/* Calls `each` for the sequence numbers in [from, to) that match --where and the other conditions, in order, at most `limit`
 * of them (0: all): the first ones as they are found, or the newest ones all at once. */
int answer_where(struct answer *answer, uint64_t from, uint64_t to, uint64_t limit, bool newest, answer_seqs_fn *each,
                 void *ctx, struct err *err);

#endif
