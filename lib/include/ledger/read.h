/* Reading events: one, or one after another; as values and as JSON. Every event that is returned has been recomputed up
 * to its leaf and compared with the stored tree. */
#ifndef LEDGER_READ_H
#define LEDGER_READ_H

#include <ledger/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The head: all events, and what seals them. This struct never changes. */
struct ledger_head {
    uint64_t events;           /* number of events */
    uint64_t time;             /* of the newest */
    uint8_t root[LEDGER_HASH]; /* RFC 6962 root over their leaves */
};
int ledger_get_head(struct ledger *ledger, struct ledger_head *ret, struct ledger_error *error);

/* ---- an event ---- */

/* Borrowed from its source until that is asked for the next one. */
struct ledger_event;

uint64_t ledger_event_seq(const struct ledger_event *event);
uint64_t ledger_event_time(const struct ledger_event *event);
uint32_t ledger_event_schema(const struct ledger_event *event);
uint64_t ledger_event_cause(const struct ledger_event *event); /* LEDGER_NO_SEQ: none */
int ledger_event_has_private(const struct ledger_event *event);
int ledger_event_is_erased(const struct ledger_event *event); /* its body is gone */

enum ledger_part {
    LEDGER_PART_KIND,
    LEDGER_PART_SUBJECT,
    LEDGER_PART_ACTOR,
    LEDGER_PART_SOURCE,
    LEDGER_PART_GRADE,
    LEDGER_PART_RUN,     /* empty: none */
    LEDGER_PART_KEY,     /* empty: none */
    LEDGER_PART_AUTHOR,  /* name of the key that signed it; empty: none */
    LEDGER_PART_HEADER,  /* the leaf's bytes */
    LEDGER_PART_PAYLOAD, /* canonical MessagePack [body, author]; empty: erased */
    LEDGER_PART_BODY,    /* canonical MessagePack: the open fields; empty: erased */
    LEDGER_PART_SALT,    /* of the commitment to the payload; empty: erased */
    LEDGER_PART_LEAF     /* the hash of its leaf */
};
/* Empty for an unknown `part`. */
struct ledger_bytes ledger_event_part(const struct ledger_event *event, int part);

/* One field of the body by its name; LEDGER_NULL when it has none. Borrowed as the event is. */
int ledger_event_field(const struct ledger_event *event, const char *name, struct ledger_value *ret,
                       struct ledger_error *error);
/* The whole event as `ledger show --json` prints it. Times are texts. With LEDGER_JSON_PRIVATE, the member "private" has
 * the private fields that are not erased. Free the text with ledger_free. */
int ledger_event_json(const struct ledger_event *event, unsigned json_flags, char **ret_json, size_t *ret_n,
                      struct ledger_error *error);

/* ---- events in order ---- */

/* Events [from, to) as of the size at opening; `to` is limited to it. One thread at a time; memory is bounded. Starts a
 * thread that reads ahead, which ends with ledger_reader_close. */
struct ledger_reader;
int ledger_reader_open(struct ledger *ledger, uint64_t from, uint64_t to, struct ledger_reader **ret,
                       struct ledger_error *error);
/* 0, or LEDGER_END. LEDGER_ERR_CORRUPT, LEDGER_ERR_TAMPERED: some events are damaged, the message has their range; the next
 * call continues after them. */
int ledger_reader_next(struct ledger_reader *reader, const struct ledger_event **ret, struct ledger_error *error);
/* Makes this event the next one. */
void ledger_reader_seek(struct ledger_reader *reader, uint64_t seq);
void ledger_reader_close(struct ledger_reader *reader); /* NULL is fine */

/* One event as JSON: a reader, an event, its text in one call. LEDGER_ERR_NOTFOUND: the event does not exist. */
int ledger_read_json(struct ledger *ledger, uint64_t seq, unsigned json_flags, char **ret_json, size_t *ret_n,
                     struct ledger_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
