/* Restricts a statement to reading, and to its limits. */
#ifndef QUERY_SQL_GUARD_H
#define QUERY_SQL_GUARD_H

#include <pthread.h>

#include "query/sql/state.h"

struct sql_guard {
    struct sqlite3 *db;
    bool selects;      /* the statement reads something */
    char refused[256]; /* what the statement wanted beyond reading; empty: nothing */
    /* the watch: a thread, while a statement runs that has a time limit, or may get stuck */
    bool watching, done;
    uint64_t steps;           /* counts entering and leaving SQLite: odd while inside */
    void (*stuck)(void *ctx); /* called when the statement should end and SQLite stays within one step; NULL: do nothing */
    void *stuck_ctx;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t deadline_ns;           /* clock_monotonic_ns; 0: none. Put off by the watch while SQLite is not at work */
    const volatile int *asked_stop; /* the caller's */
    volatile int stop;              /* for cursors: set by the caller's stop or the deadline */
    uint64_t memory;                /* the limit */
    bool limited;                   /* the heap */
};

/* Allows only reading, bounds lengths, and reserves a part of the memory for what is not spilled. */
int sql_guard_install(struct sql_guard *guard, struct sqlite3 *db, uint64_t memory, struct err *err);
/* Starts the limits. *ret_stop is for cursors. */
int sql_guard_begin(struct sql_guard *guard, uint64_t time_ns, uint64_t memory, const volatile int *stop,
                    const volatile int **ret_stop, struct err *err);
/* Before and after each step. */
void sql_guard_step(struct sql_guard *guard);
void sql_guard_end(struct sql_guard *guard);  /* also after a begin that failed */
void sql_guard_done(struct sql_guard *guard); /* before the connection is closed */
/* The time limit has passed. */
bool sql_guard_late(const struct sql_guard *guard);
/* A single allocation was larger than the memory limit. */
bool sql_guard_greedy(const struct sql_guard *guard);
bool sql_guard_stopped(const struct sql_guard *guard);
/* The names of the allowed functions, sorted; NULL at the end. */
const char *const *sql_guard_functions(void);

#endif
