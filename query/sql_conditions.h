/* Conditions on their way from SQLite to the index: what they are worth when a plan is made, and their values when it runs.
 */
#ifndef QUERY_SQL_CONDITIONS_H
#define QUERY_SQL_CONDITIONS_H

#include "query/sql_table.h"

/* ---- worth ---- */

struct sql_guess {
    double events;    /* in the log */
    double unindexed; /* of these */
    double span;      /* share of the log that conditions on seq and time leave */
    double rows;      /* share of that span that the other conditions leave */
    bool seq;         /* one seq */
    bool indexed;     /* a condition that the index serves */
};

int sql_guess_begin(struct sql_guess *guess, struct sql_state *state, struct err *err);
void sql_guess_condition(struct sql_guess *guess, size_t column, char op);
void sql_guess_end(const struct sql_guess *guess, double *ret_cost, long long *ret_rows);

/* ---- values ---- */

struct sql_conditions {
    struct query_term terms[2 * SQL_PUSH_MAX];
    size_t n;
    bool never;                     /* nothing can fulfil them */
    bool complete;                  /* none was left to SQLite alone */
    struct buf values;              /* struct query_value each */
    struct buf texts;               /* what they borrow */
    size_t first[2 * SQL_PUSH_MAX]; /* of a term's values */
};

/* Takes the arguments of xFilter. Borrows them. SQLite's code. */
int sql_conditions_init(struct sql_conditions *c, struct sql_state *state, const char *pushed, int n,
                        struct sqlite3_value **args);
void sql_conditions_done(struct sql_conditions *c);

#endif
