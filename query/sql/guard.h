/* What keeps a statement within reading and within its limits. */
#ifndef QUERY_SQL_GUARD_H
#define QUERY_SQL_GUARD_H

#include <pthread.h>

#include "query/sql/state.h"

struct sql_guard {
    struct sqlite3 *db;
    bool selects;      /* the statement reads anything at all */
    char refused[256]; /* what the statement wanted beyond reading; empty: nothing */
    /* the watch: a thread, while a statement runs that has a time limit, or may get stuck */
    bool watching, done;
    uint64_t steps;           /* into SQLite and out of it again: odd within */
    void (*stuck)(void *ctx); /* the statement was told to end, and SQLite has not come out of a step; NULL: never mind */
    void *stuck_ctx;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t deadline_ns;           /* clock_monotonic_ns; 0: none. Put off by the watch while SQLite is not at work */
    const volatile int *asked_stop; /* the caller's */
    volatile int stop;              /* ours, for cursors: the caller's or the deadline */
    uint64_t memory;                /* the limit */
    bool limited;                   /* the heap */
};

/* Allows reading alone, bounds lengths, and has a part of the memory for what is not put aside. */
int sql_guard_install(struct sql_guard *guard, struct sqlite3 *db, uint64_t memory, struct err *err);
/* From here on the limits count. *ret_stop is for cursors. */
int sql_guard_begin(struct sql_guard *guard, uint64_t time_ns, uint64_t memory, const volatile int *stop,
                    const volatile int **ret_stop, struct err *err);
/* Before and after each step. */
void sql_guard_step(struct sql_guard *guard);
void sql_guard_end(struct sql_guard *guard);  /* also after a begin that failed */
void sql_guard_done(struct sql_guard *guard); /* before the connection is closed */
/* The time is over. */
bool sql_guard_late(const struct sql_guard *guard);
/* More memory was asked for at a time than there may be in all. */
bool sql_guard_greedy(const struct sql_guard *guard);
bool sql_guard_stopped(const struct sql_guard *guard);
/* The names of the functions that are allowed, sorted; NULL at the end. */
const char *const *sql_guard_functions(void);

#endif
