/* Conditions from the command line (--kind, --run, --since, ...), as terms of a query or as SQL. */
#ifndef CLI_LOG_ASK_H
#define CLI_LOG_ASK_H

#include "cli/call/cli.h"
#include "cli/call/opt.h"
#include "cli/print/when.h"
#include "query/query.h"

#define ASK_TERMS_MAX 16

/* One option: the field matches any of its patterns. */
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
    const char *grep; /* in the texts of the body; NULL: no condition */
    bool private_;    /* and in those of the private fields */
    size_t clock;     /* QUERY_HAPPENED, the source's clock, or QUERY_TIME, the ledger's */
    bool has_times;
    uint64_t time_from, time_to; /* if has_times: inclusive, by that clock */
    bool until_now;              /* time_to was not given, and is about now */
    struct ask_when {
        const char *text; /* NULL: not given */
        struct when when;
    } since, until;
    /* memory of the query's terms */
    struct query_term term[ASK_TERMS_MAX + 2]; /* those on times last */
    struct query_value *values;
};

/* The field that an option is about. A table ends with a row without an option. */
struct ask_option {
    const struct opt *option;
    size_t header;    /* a field of the header, or */
    const char *body; /* the name of a body field */
};

#define ASK_CLOCK_HELP "times mean when events happened (source, default) or were recorded (ledger)"

/* ERR_NOTFOUND: no kind can match this pattern; the nearest is named. */
int ask_kind(const char *pattern, struct err *err);
/* The clock with that name (NULL: the source's): QUERY_HAPPENED or QUERY_TIME. ERR_NOTFOUND. */
int ask_clock(const char *name, size_t *ret, struct err *err);

struct ask_options {
    const struct ask_option *fields;
    const struct opt *since, *until, *clock;
    const struct opt *grep, *private_; /* may be NULL */
};

/* Reads the options. ERR_NOTFOUND: an unknown kind, grade or clock (the nearest is named), or a range that ends before it
 * begins; ERR_INVALID names the option. Free with ask_done in any case. A time range without an end stops at now, so that
 * events that a wrong clock put into the far future are not taken for the newest. */
int ask_read(struct ask *ask, const struct opt_args *args, const struct ask_options *options, struct err *err);
/* Removes that limit, for events that are still to come. */
void ask_open_end(struct ask *ask);
void ask_done(struct ask *ask);
/* Checks that need the size of the log: ERR_INVALID for a number past its end that looks like a time. Notes on standard error
 * how local times were understood. */
int ask_check(const struct ask *ask, const struct cli *cli, uint64_t size, struct err *err);
/* Does the current row meet the conditions that the query has no term for? 1: it does not. */
int ask_rest(const struct ask *ask, struct query_cursor *cursor, struct err *err);
/* Appends all conditions as an SQL expression over the table events ("1" if there are none). */
void ask_sql(const struct ask *ask, struct buf *out);

#endif
