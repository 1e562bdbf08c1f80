/* Spans and log records into events: which kind, which field. docs/ingest.md has the tables for their users.
 *
 *   record (canonical MessagePack) + who reported it  -->  one, two or more events, handed to `emit` one by one
 *
 * No ledger is needed for that. What is mapped is in open or private fields of the catalog; every attribute, event and
 * member that has no field of its own goes, as it is, into the private fields `attributes`, `events`, `links`, ... */
#ifndef INGEST_OTLP_MAP_H
#define INGEST_OTLP_MAP_H

#include "base/mp_map.h"
#include "ingest/driver/intake.h"
#include "ingest/otlp/read.h"

#define OTLP_TRACE_LEN 33 /* hex and NUL */
#define OTLP_SPAN_LEN  17
#define OTLP_NAME_LEN  160 /* of subjects, runs and keys that are made here, and NUL */

enum otlp_cause {
    OTLP_NO_CAUSE,
    OTLP_BY_PARENT, /* the span that otlp_event.parent names, when it is known */
    OTLP_BY_FIRST   /* the first event of the same record */
};

struct otlp_event {
    const char *kind, *subject, *run, *key;
    struct bytes actor; /* may be empty */
    struct bytes body, private_;
    uint64_t at; /* or INGEST_NO_TIME */
    enum otlp_cause cause;
    const char *trace, *span, *parent; /* hex, "" when there is none. `span` is set where this event stands for the span */
    struct bytes session;              /* whose records are numbered; empty: they are not */
    uint64_t sequence;                 /* the number */
};

/* Who reported a record: its resource and scope. */
struct otlp_from {
    char actor[OTLP_NAME_LEN];   /* "service:<name>"; "" when it has no name that may be in a header */
    char service[OTLP_NAME_LEN]; /* the name; "" likewise */
    char digest[72];             /* "sha256:<hex>" over resource and scope; "" when there is neither */
};

struct otlp_map {
    void *ctx;
    int (*emit)(void *ctx, const struct otlp_event *event, struct err *err);
    bool failed;                /* the code that a function below gave came from emit */
    const uint8_t *secret;      /* of hashes in headers, see keyed_hash.h */
    char group[OTLP_GROUP_LEN]; /* what the last ERR_INVALID of a record is counted under; "": its message */
    /* scratch */
    struct mp_map body, private_;
    struct buf body_out, private_out, text, note;
    struct otlp_attributes attributes, inner;
    struct otlp_unknown unknown;
};
void otlp_map_init(struct otlp_map *map);
void otlp_map_done(struct otlp_map *map);

/* Describes who reports, and emits run.reporter_observed, but for nobody: when resource and scope (canonical items) are
 * both empty. ERR_INVALID: they are not what OTLP says. */
int otlp_map_from(struct otlp_map *map, struct bytes resource, struct bytes scope, struct otlp_from *ret, struct err *err);
/* ERR_INVALID (with failed unset): the record is wrong, nothing was emitted. Other codes: emit's, ERR_NOMEM, ERR_LIMIT. */
int otlp_map_span(struct otlp_map *map, const struct otlp_from *from, struct bytes record, struct err *err);
int otlp_map_log(struct otlp_map *map, const struct otlp_from *from, struct bytes record, struct err *err);

/* ---- for the files that map (map.c) ---- */

#define OTLP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum otlp_form {
    OTLP_TEXT,    /* open text: at most 256 bytes without control characters */
    OTLP_WORD,    /* the same without blanks: what is meant for machines */
    OTLP_WORDS,   /* an array of such words, joined by commas */
    OTLP_INT,     /* also as text */
    OTLP_NUM,     /* also as text */
    OTLP_BOOL,    /* also as text */
    OTLP_SECONDS, /* a number of seconds that becomes milliseconds */
    OTLP_PRIVATE, /* text that is private */
    OTLP_CONTENT, /* private, whatever it is; its digest and size are open (see otlp_row) */
    OTLP_MESSAGES /* the same for a field of text: anything else stays an attribute, and has its digest */
};

/* One attribute and its field. Of rows next to each other with the same field the first that fits counts. */
struct otlp_row {
    const char *attribute, *field;
    enum otlp_form form;
    const char *digest, *bytes; /* OTLP_CONTENT: fields of these; NULL: none */
};

/* Clears what the record before left. */
void otlp_begin(struct otlp_map *map);
/* NULL when there is none with this key, or it is used already. */
struct otlp_attribute *otlp_find(struct otlp_attributes *attributes, const char *key);
/* Its text; empty when there is none or it is no text. */
struct bytes otlp_find_text(struct otlp_attributes *attributes, const char *key);
/* Puts what the rows say and marks it as used. What does not have the form stays unused. */
void otlp_rows(struct otlp_map *map, struct otlp_attributes *attributes, const struct otlp_row *rows, size_t n);
/* Nanoseconds as milliseconds, exactly. */
void otlp_put_ms(struct mp_map *fields, const char *name, uint64_t ns);
void otlp_put_at(struct mp_map *fields, const struct otlp_member *m, uint64_t *ret_at);
/* Puts what is left of the attributes, and unknown members, into the private fields. */
int otlp_put_rest(struct otlp_map *map, struct err *err);
/* Writes both maps into the event, emits it, and clears them for the next. */
int otlp_emit(struct otlp_map *map, struct otlp_event *event, struct err *err);
bool otlp_is_open_text(struct bytes text);
bool otlp_is_word(struct bytes text);
/* `prefix` and the text when it may be in a header; else a hash of it. */
void otlp_name(const struct otlp_map *map, char ret[OTLP_NAME_LEN], const char *prefix, struct bytes text);
/* eval.scored out of attributes of gen_ai.evaluation.result; false when they have no name of a metric. */
bool otlp_put_score(struct otlp_map *map, struct otlp_attributes *attributes);

#endif
