/* Conditions from the command line: what --kind, --run, --since and the like ask for, as terms of a query or as SQL. */
#ifndef CLI_LOG_ASK_H
#define CLI_LOG_ASK_H

#include "cli/call/cli.h"
#include "cli/call/opt.h"
#include "cli/print/when.h"
#include "query/query.h"

#define ASK_TERMS_MAX 16

/* One option that asks for a field: any of its patterns. */
struct ask_condition {
    size_t field;
    bool glob;             /* patterns are globs; else a '*' at the end makes a prefix */
    bool plain;            /* no pattern has a '*' */
    const char **patterns; /* owned list of borrowed texts */
    size_t n;
};

struct ask {
    struct query query; /* terms for all but `rest` */
    struct ask_condition condition[ASK_TERMS_MAX];
    size_t n_conditions;
    bool rest[ASK_TERMS_MAX]; /* conditions that the query has no term for: several patterns */
    bool has_rest;
    const char *grep; /* in the texts of the body; NULL: anything */
    bool private_;    /* and in those of the private fields */
    size_t clock;     /* QUERY_HAPPENED, the source's clock, or QUERY_TIME, the ledger's */
    bool has_times;
    uint64_t time_from, time_to; /* when has_times: both included, by that clock */
    bool until_now;              /* time_to was not asked for, and is about now */
    struct ask_when {
        const char *text; /* NULL: not given */
        struct when when;
    } since, until;
    /* memory of the query's terms */
    struct query_term term[ASK_TERMS_MAX + 2]; /* those on times last */
    struct query_value *values;
};

/* What an option asks for. A table ends with a row without option. */
struct ask_option {
    const struct opt *option;
    size_t header;    /* a field of the header, or */
    const char *body; /* the name of another one */
};

#define ASK_CLOCK_HELP "times mean when events happened (source, default) or were recorded (ledger)"

/* ERR_NOTFOUND: no event can have a kind that matches this pattern; the nearest is named. */
int ask_kind(const char *pattern, struct err *err);
/* The clock of that name, NULL the source's: QUERY_HAPPENED or QUERY_TIME. ERR_NOTFOUND. */
int ask_clock(const char *name, size_t *ret, struct err *err);

struct ask_options {
    const struct ask_option *fields;
    const struct opt *since, *until, *clock;
    const struct opt *grep, *private_; /* may be NULL */
};

/* Reads the options. ERR_NOTFOUND: there is no such kind, grade or clock, with the nearest, or the range ends before it
 * begins; ERR_INVALID names the option.
 * ask_done frees it in any case. A time without an end continues until now and not beyond, so that what a wrong clock left
 * in the far future is not taken for the newest. */
int ask_read(struct ask *ask, const struct opt_args *args, const struct ask_options *options, struct err *err);
/* Lifts that end, for events that are yet to come. */
void ask_open_end(struct ask *ask);
void ask_done(struct ask *ask);
/* What can only be said with the log of `size` events at hand: ERR_INVALID for a number that is none of its seqs and reads
 * like a time. Says on standard error how local times were understood. */
int ask_check(const struct ask *ask, const struct cli *cli, uint64_t size, struct err *err);
/* Does the row at hand fulfil the conditions that the query has no term for? 1: it does not. */
int ask_rest(const struct ask *ask, struct query_cursor *cursor, struct err *err);
/* Appends all conditions as an SQL expression over the table events ("1" when there are none). */
void ask_sql(const struct ask *ask, struct buf *out);

#endif
