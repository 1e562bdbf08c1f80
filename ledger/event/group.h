/* A group: 256 events whose seqs share seq / 256, the unit of storage and of the public tile format. While it fills, its
 * events are records of the tail; full, it becomes one compressed bundle record:
 *
 *   off  len   what
 *     0    1   record version, 1
 *     1    1   flags: 0, or 1: some body was erased, so there is a salt for each of the others and no seed
 *     2   32   group seed; 32 zero bytes with flag 1
 *    34   32   prev of the first event
 *    66 1024   the first four bytes of each leaf, so that damage can be traced to an event
 *  1090    …   one zstd frame, content size and checksum in it, of
 *
 *     256 × three uvarints (LEB128): time minus the time of the event before (the first: its time), length of the header's
 *           middle (the encoded elements kind .. key), payload code: 0 is in table payload, 1 erased, n + 2 inline of n
 *           bytes
 *     32 bytes: bit i % 8 of byte i / 8 set when event i has private fields
 *     the middles, one after another
 *     the private commitments of the events that have one
 *     the body commitments of the events with payload code 0 or 1
 *     with flag 1 the salts of the events with a payload code other than 1
 *     the inline payloads
 *
 * What can be recomputed (seq, prev, body commitments of inline payloads) is not stored. The record of a tail event:
 *
 *     0    1   record version, 1
 *     1    1   payload: 0 in table payload, 1 erased, 2 inline; plus 16 when the record has a salt
 *     2    2   length of the header, big-endian
 *     4    …   the salt, if any; the header; the inline payload
 *
 * With the seed one could compute the salt of an erased body, and then find out by guessing what it was. So the first
 * erasure in a group replaces its seed by the salts of the other events. */
#ifndef LEDGER_EVENT_GROUP_H
#define LEDGER_EVENT_GROUP_H

#include "ledger/event/event.h"
#include "ledger/tree/merkle.h"

#define GROUP_INLINE_MAX 16384 /* longer payloads have records of their own */
#define GROUP_PLAIN_MAX  ((size_t)EVENT_GROUP * (GROUP_INLINE_MAX + EVENT_HEADER_MAX) + 65536)

enum group_payload { GROUP_EXTERNAL = 0, GROUP_ERASED = 1, GROUP_INLINE = 2 };

struct group_event {
    struct bytes header;  /* the leaf's bytes */
    struct bytes payload; /* GROUP_INLINE: the bytes; else empty */
    enum group_payload where;
    uint8_t leaf[EVENT_HASH];
    bool salted;   /* its body's salt is in the record and does not follow from the group's seed */
    bool has_salt; /* `salt` is set */
    uint8_t salt[EVENT_HASH];
    struct group_facts {
        uint64_t time;
        uint16_t middle_at, middle_n; /* where the elements kind .. key are in the header */
        bool has_private;
    } facts;
};

/* A decoded or growing group. Views point into its buffers and die with the next load or reset. */
struct group {
    uint64_t index; /* seq / 256 of its events */
    size_t n;       /* events in it */
    uint8_t seed[EVENT_HASH];
    uint8_t prev[EVENT_HASH];     /* of the first event */
    struct buf headers, payloads; /* what the views point into; payloads[payload_at[0] ..] are payloads */
    struct buf plain;             /* scratch of the encoder */
    struct group_event event[EVENT_GROUP];
    size_t header_at[EVENT_GROUP + 1], payload_at[EVENT_GROUP + 1];
};

struct group *group_new(void); /* NULL on no memory */
void group_free(struct group *group);
void group_reset(struct group *group, uint64_t index, const uint8_t seed[EVENT_HASH], const uint8_t prev[EVENT_HASH]);
/* Copies one more event in; the caller supplies its leaf. Only group_views sets the views. */
int group_add(struct group *group, struct bytes header, const struct group_facts *facts, struct bytes payload,
              enum group_payload where, const uint8_t leaf[EVENT_HASH], struct err *err);
/* The facts of a decoded header, whose views borrow from `header`. */
struct group_facts group_facts_of(struct bytes header, const struct event_header *h);
/* Completes an event whose header and inline payload were put straight into the group's buffers. */
void group_close(struct group *group, const struct group_facts *facts, enum group_payload where,
                 const uint8_t leaf[EVENT_HASH]);
/* Sets the salt of the event added last. `own`: it does not follow from the group's seed. */
void group_salt_put(struct group *group, const uint8_t salt[EVENT_HASH], bool own);
/* The salt of event i's body; zero for an erased body, whose salt nobody has. */
void group_salt(const struct group *group, size_t i, uint8_t ret[EVENT_HASH]);
/* Sets the views of all events after the last group_add or group_close. */
void group_views(struct group *group);

/* The bundle record of a full group. */
int group_encode(struct group *group, struct buf *out, struct err *err);
/* Rebuilds headers and leaves from a record and compares each leaf's first four bytes. On ERR_CORRUPT and ERR_TAMPERED
 * *ret_bad gets the first event (0..255) that cannot be recovered as it was written, SIZE_MAX when that is unknown. If
 * ret_bad is NULL, that event is not searched for, which saves memory and time on a damaged frame. */
int group_decode(struct group *group, uint64_t index, struct bytes record, size_t *ret_bad, struct err *err);
/* The declared size of a bundle record's content in bytes; at most GROUP_PLAIN_MAX. */
size_t group_declared(struct bytes record);
/* The header of event i of a decoded bundle. group_decode has built all of it except its middle, so only the middle is
 * decoded, as event_middle_decode does with *header. False: event_header_decode says what is wrong with it. */
bool group_header(const struct group *group, size_t i, struct event_header *header);
/* The tree over the 256 leaves of a full group, 512 nodes as in merkle_complete; its root alone. */
void group_tree(const struct group *group, uint8_t (*ret)[EVENT_HASH]);
void group_root(const struct group *group, uint8_t ret[EVENT_HASH]);

/* `salt`: the body's, if it has one of its own; may be NULL. */
int group_tail_encode(struct buf *out, struct bytes header, struct bytes payload, enum group_payload where,
                      const uint8_t *salt);
/* The salt in a record that group_tail_decode accepts; NULL when there is none. */
const uint8_t *group_tail_salt(struct bytes record);
int group_tail_decode(struct bytes record, struct bytes *ret_header, struct bytes *ret_payload,
                      enum group_payload *ret_where, struct err *err);

#endif
