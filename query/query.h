/* Queries of the log: which events satisfy some conditions, in which order, how many of each kind.
 *
 *   conditions --> plan --> candidates (index) --> events, their leaves checked --> conditions once more --> rows
 *
 * An index is never trusted without the event itself, except where the index holds the value: values of built segments may
 * come from columns (query/columns/columns.h), which `verify --derived` replays and compares. A proven query, for callers
 * that rely on its answer, takes values only from segments that a holder of the log key vouches for. A missing or stale
 * index costs time and never changes an answer: what it does not cover is scanned.
 *
 * A query sees the log as of one tree size, however long it runs, and holds no database snapshot between two calls. */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "ledger/log.h"

/* ---- fields ----
 *
 * The fields that have a number: the header's elements, and every body field that some kind of the catalog marks as
 * indexed. A body field of one name has one meaning in all kinds. Any other body field has no number; its value is read
 * from the event. */
enum query_header_field {
    QUERY_SEQ,
    QUERY_TIME, /* ns */
    QUERY_KIND,
    QUERY_SCHEMA,
    QUERY_SUBJECT,
    QUERY_ACTOR,
    QUERY_SOURCE,
    QUERY_GRADE,
    QUERY_RUN,
    QUERY_CAUSE,
    QUERY_KEY,
    QUERY_HEADER_FIELDS,
    QUERY_HAPPENED = QUERY_HEADER_FIELDS, /* ns: the source's time (body.at), where it gives one, else QUERY_TIME */
    QUERY_BODY_FIELDS                     /* body fields are numbered from here on, by name */
};

enum query_type { QUERY_NULL, QUERY_INT, QUERY_REAL, QUERY_TEXT, QUERY_BOOL, QUERY_OTHER /* a map, an array, bytes */ };

struct query_value {
    enum query_type type;
    union {
        int64_t int_;
        double real;
        bool boolean;
        struct bytes text; /* QUERY_TEXT; QUERY_OTHER: canonical msgpack. Borrowed */
    };
};

size_t query_field_count(void);
const char *query_field_name(size_t field);
/* The field of that name, or SIZE_MAX. `model` is the body's, `kind` the header's: names are unique (a body field with the
 * name of a header element is "body_<name>"). */
size_t query_field_find(struct bytes name);
/* The nearest known name for a message; NULL: none is near. */
const char *query_field_suggest(struct bytes name);

/* ---- conditions ---- */

enum query_op {
    QUERY_EQ,     /* equals one of the values */
    QUERY_PREFIX, /* text with this prefix (one value) */
    QUERY_GLOB,   /* text that matches a shell pattern of * ? [...] (one value) */
    QUERY_LT,     /* below, ... (one value; numbers with numbers, text bytewise with text; nothing else compares) */
    QUERY_LE,
    QUERY_GT,
    QUERY_GE
};

struct query_term {
    size_t field;
    enum query_op op;
    const struct query_value *values;
    size_t n_values;
};

/* All terms must hold. An absent field satisfies none. */
struct query {
    const struct query_term *terms;
    size_t n_terms;
    uint64_t from, to; /* seqs [from, to); to is cut to the tree's size. {0, LOG_NO_SEQ}: all */
    bool descending;   /* newest first */
    uint64_t limit;    /* rows at most; 0: no limit */
    bool no_index;     /* read every event: what the tests compare with */
    bool proven;       /* only index segments with a voucher (ledger/dedup/vouch.h): for answers that callers rely on */
    bool whole;        /* each row's event will be requested: query_next reads it already, so that damage shows there */
    const volatile int *stop; /* set to something else than 0: calls give ERR_BUSY ("interrupted"). May be NULL */
};
void query_init(struct query *query); /* everything */

/* ---- rows ---- */

struct query_cost {                     /* what an answer took, for --explain */
    char plan[192];                     /* "run by hash; 153 segments of the index", "every event; ..." */
    uint64_t size;                      /* the tree size of the query */
    uint64_t covered;                   /* events [0, covered) have an index */
    uint64_t segments, bundles, events; /* index segments read; groups unpacked; events read */
    uint64_t rows;
};

struct query_cursor;
/* Copies the query. ERR_INVALID: a condition that makes no sense, with words. */
int query_open(struct ledger *ledger, const struct query *query, struct query_cursor **ret, struct err *err);
/* The same over the tree of an earlier size, so that several cursors of one statement see one log. */
int query_open_at(struct ledger *ledger, const struct query *query, uint64_t size, struct query_cursor **ret,
                  struct err *err);
void query_close(struct query_cursor *cursor); /* NULL is fine */
/* 0: a row; 1: the end; ERR_CORRUPT, ERR_TAMPERED: events that may belong to the answer cannot be read (the message has
 * their range); the next call continues after them. */
int query_next(struct query_cursor *cursor, struct err *err);
/* About the current row. */
uint64_t query_seq(const struct query_cursor *cursor);
/* One field; unpacks the event only if no column has it. Borrowed until the next call of query_next. */
int query_get(struct query_cursor *cursor, size_t field, struct query_value *ret, struct err *err);
/* A body field of any name; QUERY_NULL when the body does not have it. */
int query_get_body(struct query_cursor *cursor, struct bytes name, struct query_value *ret, struct err *err);
/* The whole event, its leaf checked. Borrowed until the next call of query_next. */
int query_event(struct query_cursor *cursor, const struct log_event **ret, struct err *err);
/* Its private fields, appended as one canonical map (an empty one when there are none). */
int query_private(struct query_cursor *cursor, struct buf *out, struct err *err);
void query_cost(const struct query_cursor *cursor, struct query_cost *ret);

/* ---- counts ---- */

#define QUERY_BY_MAX 4
/* How many events for each combination of values of `by` (0 to QUERY_BY_MAX fields), largest count first, then by value.
 * Without fields there is one combination, whose count may be 0. The query's limit and order are ignored. Equal numbers are
 * one value, an integer where they are integral. Values are borrowed during the call of `each`; a non-zero result of it
 * ends the counting and is returned. Groups are counted from columns where these are built. Damaged events are counted in
 * *ret_lost (may be NULL), the first of their errors is put into *err, and counting continues. At most QUERY_GROUPS_MAX
 * combinations (ERR_LIMIT). */
#define QUERY_GROUPS_MAX 1000000
typedef int query_count_fn(void *ctx, const struct query_value *values, uint64_t count, struct err *err);
int query_count(struct ledger *ledger, const struct query *query, const size_t *by, size_t n_by, query_count_fn *each,
                void *ctx, struct query_cost *ret_cost, uint64_t *ret_lost, struct err *err);

/* Events that satisfy the conditions and are within [from, to] by one clock but not by the other. */
struct query_clocks {
    uint64_t happened; /* happened in it, and were recorded at another time */
    uint64_t sealed;   /* were recorded in it, and happened at another time */
};
/* Leave conditions on time out of the query. Segments of the index on which the clocks agree cost nothing. Any damage is an
 * error. */
int query_count_clocks(struct ledger *ledger, const struct query *query, uint64_t from, uint64_t to,
                       struct query_clocks *ret, struct err *err);

/* ---- the index ---- */

struct query_index_progress {
    void (*call)(void *ctx, uint64_t done, uint64_t total); /* may be NULL */
    void *ctx;
};
/* Builds what is missing for all full segments of the log. Cheap when nothing is missing. Several processes may call it at
 * once.
 * */
int query_index_build(struct ledger *ledger, const struct query_index_progress *progress, struct err *err);
/* From now on the index is built after the appends of this handle, by a thread of its own, which log_close waits for. Call
 * it once, before the first append; it does nothing on a handle that only reads. */
int query_index_follow(struct ledger *ledger, struct err *err);
/* Events [0, *ret) are indexed. */
int query_index_covered(struct ledger *ledger, uint64_t *ret, struct err *err);
/* Drops the index. */
int query_index_drop(struct ledger *ledger, struct err *err);
/* Replays all segments and compares; calls `differs` with a reason for each that does not match. Stale segments (of another
 * version or another log) are never used and do not count; an unreadable index is reported with LOG_NO_SEQ. Only reads: if
 * there is none, or derived data was never finished, nothing differs. *ret_covered: how many events were compared. */
int query_index_check(struct ledger *ledger, const struct query_index_progress *progress,
                      void (*differs)(void *ctx, uint64_t first, const char *why), void *ctx, uint64_t *ret_covered,
                      struct err *err);

#endif
