/* Conditions between SQLite and the index: their estimated selectivity for a plan, and their values when it runs.
 * */
#ifndef QUERY_SQL_CONDITIONS_H
#define QUERY_SQL_CONDITIONS_H

#include "query/sql/state.h"

struct sqlite3_value;

/* How table.c, which plans, tells cursor.c, which runs, what it took over: idxStr has an operator and a decimal column for
 * each argument, "=3;", in the order of the arguments; idxNum has flags. */
enum sql_push {
    SQL_PUSH_EQ = '=',
    SQL_PUSH_IN = 'I', /* a list at once */
    SQL_PUSH_LT = '<',
    SQL_PUSH_LE = '{',
    SQL_PUSH_GT = '>',
    SQL_PUSH_GE = '}',
    SQL_PUSH_LIKE = 'L',
    SQL_PUSH_GLOB = 'G',
    SQL_PUSH_THERE = 'X' /* IS NOT NULL */
};
#define SQL_PUSH_MAX        48 /* conditions at most */
#define SQL_PLAN_DESCENDING 1
#define SQL_PLAN_POINT      2 /* one seq = ? */
#define SQL_PLAN_WHOLE      4 /* leaf, body or private are requested: events that cannot be read have no row */

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
    bool never;                     /* nothing can satisfy them */
    bool complete;                  /* SQLite need not check any itself */
    struct buf values;              /* struct query_value each */
    struct buf texts;               /* what they borrow */
    size_t first[2 * SQL_PUSH_MAX]; /* of a term's values */
};

/* Takes the arguments of xFilter. Borrows them. SQLite's code. */
int sql_conditions_init(struct sql_conditions *c, struct sql_state *state, const char *pushed, int n,
                        struct sqlite3_value **args);
void sql_conditions_done(struct sql_conditions *c);

#endif
