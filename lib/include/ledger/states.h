/* States: what is true now, or was at a moment, computed from the events. docs/states.md lists tables and columns. */
#ifndef LEDGER_STATES_H
#define LEDGER_STATES_H

#include <ledger/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum ledger_states_base {
    LEDGER_STATES_STORED,   /* stored rows, unchecked: quick, and as trustworthy as the directory's permissions */
    LEDGER_STATES_ATTESTED, /* stored rows that a sealed event vouches for, otherwise the events */
    LEDGER_STATES_EVENTS    /* the events alone */
};

struct ledger_states_options {
    size_t size;
    uint64_t at;      /* events [0, at) count; LEDGER_NO_SEQ: all */
    uint64_t at_time; /* not 0: events at or before this time count, and states are judged as of it; `at` is ignored */
    int base;         /* enum ledger_states_base */
    int no_write;     /* does not store what it folds */
    const volatile int *stop;
    ledger_progress *progress; /* of ledger_states_open only */
    void *progress_ctx;
};
#define LEDGER_STATES_OPTIONS_INIT                                                                                         \
    { sizeof(struct ledger_states_options), LEDGER_NO_SEQ, 0, 0, 0, NULL, NULL, NULL }

/* All states as of one moment. Holds a snapshot of derived data while it is open; one thread at a time. Folds the events
 * that are not folded yet; that may start a thread, which has ended when it returns. */
struct ledger_states;
int ledger_states_open(struct ledger *ledger, const struct ledger_states_options *options, struct ledger_states **ret,
                       struct ledger_error *error);
void ledger_states_close(struct ledger_states *states); /* NULL is fine */

uint64_t ledger_states_at(const struct ledger_states *states);  /* number of events that count */
uint64_t ledger_states_now(const struct ledger_states *states); /* the time as of which states are judged */
/* 0: every projection has folded all events that count. LEDGER_ERR_VERSION: some are stale; LEDGER_ERR_INVALID: one
 * stopped at an event that it cannot process; LEDGER_ERR_TAMPERED: events cannot be read, and states end before them. */
int ledger_states_whole(const struct ledger_states *states, struct ledger_error *error);

/* Tables, by index; SIZE_MAX and NULL: none. Static texts. */
size_t ledger_states_tables(const struct ledger_states *states);
const char *ledger_states_table_name(const struct ledger_states *states, size_t table);        /* "permissions" */
size_t ledger_states_table_find(const struct ledger_states *states, const char *name_or_noun); /* "permission" too */
size_t ledger_states_columns(const struct ledger_states *states, size_t table);
const char *ledger_states_column_name(const struct ledger_states *states, size_t table, size_t column);

/* Rows of a table, in the order of their keys. */
struct ledger_state_row; /* borrowed until the next one */
struct ledger_state_rows;
int ledger_state_rows_open(struct ledger_states *states, size_t table, struct ledger_state_rows **ret,
                           struct ledger_error *error);
/* 0, or LEDGER_END. */
int ledger_state_rows_next(struct ledger_state_rows *rows, const struct ledger_state_row **ret, struct ledger_error *error);
void ledger_state_rows_close(struct ledger_state_rows *rows); /* NULL is fine; before the states */

/* One cell; LEDGER_NULL also for an unknown column. Lists are LEDGER_MSGPACK. */
void ledger_state_row_value(const struct ledger_state_row *row, size_t column, struct ledger_value *ret);
/* The events that decide the row's state: at most `max`, ascending. Returns their total number. */
size_t ledger_state_row_evidence(const struct ledger_state_row *row, uint64_t *ret, size_t max);
/* All columns, including evidence, as an object. Free the text with ledger_free. */
int ledger_state_row_json(const struct ledger_state_row *row, unsigned json_flags, char **ret_json, size_t *ret_n,
                          struct ledger_error *error);

/* One row as JSON, by its key of one to three texts, with the time since which it has its state. LEDGER_ERR_NOTFOUND: no
 * such row, or the table was not found. Free the text with ledger_free. */
int ledger_states_get_json(struct ledger_states *states, size_t table, const char *const *key, size_t n_key,
                           unsigned json_flags, char **ret_json, size_t *ret_n, struct ledger_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
