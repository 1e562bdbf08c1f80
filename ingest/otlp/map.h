/* Maps spans and log records to events: their kind and fields. docs/ingest.md has the tables.
 *
 *   record (canonical MessagePack) + who reported it  -->  one or more events, handed to `emit` one by one
 *
 * No ledger is needed. Known attributes go into open or private fields of the catalog; every other attribute, event and
 * member goes, unchanged, into the private fields `attributes`, `events`, `links`, ... */
#ifndef INGEST_OTLP_MAP_H
#define INGEST_OTLP_MAP_H

#include "base/mp_map.h"
#include "ingest/driver/intake.h"
#include "ingest/otlp/read.h"

#define OTLP_TRACE_LEN 33 /* hex and NUL */
#define OTLP_SPAN_LEN  17
#define OTLP_NAME_LEN  160 /* of subjects, runs and keys made here, and NUL */

enum otlp_cause {
    OTLP_NO_CAUSE,
    OTLP_BY_PARENT, /* the span named by otlp_event.parent, when it is known */
    OTLP_BY_FIRST   /* the first event of the same record */
};

struct otlp_event {
    const char *kind, *subject, *run, *key;
    struct bytes actor; /* may be empty */
    struct bytes body, private_;
    uint64_t at; /* or INGEST_NO_TIME */
    enum otlp_cause cause;
    const char *trace, *span, *parent; /* hex, "" when absent. `span` is set on the event that represents the span */
    struct bytes session;              /* whose records are numbered; empty: they are not */
    uint64_t sequence;                 /* the number */
};

/* Who reported a record: its resource and scope. */
struct otlp_from {
    char actor[OTLP_NAME_LEN];   /* "service:<name>"; "" when it has no name fit for a header */
    char service[OTLP_NAME_LEN]; /* the name; "" likewise */
    char digest[72];             /* "sha256:<hex>" over resource and scope; "" when there is neither */
};

struct otlp_map {
    void *ctx;
    int (*emit)(void *ctx, const struct otlp_event *event, struct err *err);
    bool failed;                /* the returned error is emit's */
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

/* Describes the reporter and emits run.reporter_observed, unless resource and scope (canonical items) are both empty.
 * ERR_INVALID: they are not valid OTLP. */
int otlp_map_from(struct otlp_map *map, struct bytes resource, struct bytes scope, struct otlp_from *ret, struct err *err);
/* ERR_INVALID (with failed unset): the record is wrong, nothing was emitted. Other codes: emit's, ERR_NOMEM, ERR_LIMIT. */
int otlp_map_span(struct otlp_map *map, const struct otlp_from *from, struct bytes record, struct err *err);
int otlp_map_log(struct otlp_map *map, const struct otlp_from *from, struct bytes record, struct err *err);

/* ---- for the files that map (map.c) ---- */

#define OTLP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum otlp_form {
    OTLP_TEXT,    /* open text: at most 256 bytes without control characters */
    OTLP_WORD,    /* the same without blanks: for machines */
    OTLP_WORDS,   /* an array of such words, joined by commas */
    OTLP_INT,     /* also as text */
    OTLP_NUM,     /* also as text */
    OTLP_BOOL,    /* also as text */
    OTLP_SECONDS, /* a number of seconds, stored as milliseconds */
    OTLP_PRIVATE, /* private text */
    OTLP_CONTENT, /* private, of any type; its digest and size are open (see otlp_row) */
    OTLP_MESSAGES /* the same for a text field: another type stays an attribute, with its digest in the field */
};

/* One attribute and its field. Of adjacent rows with the same field the first match counts. */
struct otlp_row {
    const char *attribute, *field;
    enum otlp_form form;
    const char *digest, *bytes; /* OTLP_CONTENT: fields of these; NULL: none */
};

/* Clears what the record before left. */
void otlp_begin(struct otlp_map *map);
/* NULL when no attribute has this key, or it is used already. */
struct otlp_attribute *otlp_find(struct otlp_attributes *attributes, const char *key);
/* Its text; empty when it is absent or not text. */
struct bytes otlp_find_text(struct otlp_attributes *attributes, const char *key);
/* Puts the rows' attributes into their fields and marks them as used. One of another form stays unused. */
void otlp_rows(struct otlp_map *map, struct otlp_attributes *attributes, const struct otlp_row *rows, size_t n);
/* Nanoseconds as milliseconds, exactly. */
void otlp_put_ms(struct mp_map *fields, const char *name, uint64_t ns);
void otlp_put_at(struct mp_map *fields, const struct otlp_member *m, uint64_t *ret_at);
/* Puts the unused attributes and unknown members into the private fields. */
int otlp_put_rest(struct otlp_map *map, struct err *err);
/* Writes both maps into the event, emits it, and clears them for the next. */
int otlp_emit(struct otlp_map *map, struct otlp_event *event, struct err *err);
bool otlp_is_open_text(struct bytes text);
bool otlp_is_word(struct bytes text);
/* Texts, the last one NULL, one after another; what has no room is left out. */
void otlp_join(char ret[OTLP_NAME_LEN], const char *const *texts);
/* `prefix` and the text when it is fit for a header; else a hash of it. */
void otlp_name(const struct otlp_map *map, char ret[OTLP_NAME_LEN], const char *prefix, struct bytes text);
/* eval.scored from the attributes of gen_ai.evaluation.result; false when they do not name a metric. */
bool otlp_put_score(struct otlp_map *map, struct otlp_attributes *attributes);

#endif
