/* The event's bytes: header (the leaf), payload, private fields, and the commitments that bind them.
 *
 *   header  = canonical msgpack array of exactly 15:
 *             [format=1, seq, time, kind, schema, subject, actor, source, grade, run, cause|nil, key,
 *              bin32 body, bin32 private|nil, bin32 prev]
 *   payload = canonical array [body map, author]; author = nil | [key name, bin4 key id, bin64 sig]
 *   leaf    = SHA-256(00 || header)
 *   salt    = SHA-256(03 || group seed || be64 seq)          body    = SHA-256(02 || salt || payload)
 *   salt_i  = SHA-256(06 || event salt || name)              d_i     = SHA-256(05 || salt_i || [name, value])
 *   private = SHA-256(04 || d_1 || ... || d_n) by name in byte order */
#ifndef LEDGER_EVENT_EVENT_H
#define LEDGER_EVENT_EVENT_H

#include <string.h>

#include "base/bytes.h"
#include "ledger/log.h"
#include "ledger/tree/note.h"

#define EVENT_FORMAT      1
#define EVENT_HASH        32
#define EVENT_HEADER_MAX  4096
#define EVENT_SUBJECT_MAX 512
#define EVENT_STRING_MAX  256
#define EVENT_BODY_MAX    ((size_t)1 << 20)
#define EVENT_PRIVATE_MAX ((size_t)1 << 20)
#define EVENT_AUTHOR_MAX  512 /* maximum bytes that an author adds to a payload */
#define EVENT_PAYLOAD_MAX (EVENT_BODY_MAX + EVENT_AUTHOR_MAX)
#define EVENT_GROUP       256

struct event_header {
    uint64_t seq, time;
    uint32_t schema;
    struct bytes kind, subject, actor, source, grade, run, key; /* borrowed */
    bool has_cause;
    uint64_t cause;
    const uint8_t *body;     /* EVENT_HASH bytes, borrowed */
    const uint8_t *private_; /* EVENT_HASH bytes or NULL */
    const uint8_t *prev;
};

struct event_author {
    struct bytes name;  /* empty: no author */
    const uint8_t *id;  /* NOTE_KEY_ID_LEN bytes */
    const uint8_t *sig; /* CRYPT_SIGNATURE_LEN bytes */
};

/* One private field: open, or erased or withheld (digest only). */
struct event_field {
    struct bytes raw; /* canonical [name, value]; empty when only the digest is known */
    uint8_t digest[EVENT_HASH];
};

/* Only the elements kind .. run, which do not depend on the log. */
void event_head_encode(struct buf *out, const struct event_header *h);
/* A header around the elements kind .. key, which are already encoded: of *h only seq, time and the three hashes are used.
 * *ret_middle_at: where those elements are in it. Appends; returns out's failure. */
int event_header_wrap(struct buf *out, const struct event_header *h, struct bytes middle, size_t *ret_middle_at);
/* Strict: canonical, exactly 15 elements, every limit of the format. ERR_CORRUPT. Views borrow from `bytes`. */
int event_header_decode(struct bytes bytes, struct event_header *ret, struct err *err);
/* Copies what a decoded header says of its event, the bytes that it borrows from, and its leaf. Payload, body, author and
 * salt are left unchanged. */
static inline void event_of_header(const struct event_header *h, struct bytes bytes, const uint8_t *leaf,
                                   struct log_event *ret) {
    ret->seq = h->seq;
    ret->time = h->time;
    ret->schema = h->schema;
    ret->kind = h->kind;
    ret->subject = h->subject;
    ret->actor = h->actor;
    ret->source = h->source;
    ret->grade = h->grade;
    ret->run = h->run;
    ret->key = h->key;
    ret->has_cause = h->has_cause;
    ret->cause = h->has_cause ? h->cause : 0;
    ret->header = bytes;
    ret->has_private = h->private_ != NULL;
    memcpy(ret->leaf, leaf, EVENT_HASH);
}
/* Decodes the elements kind .. key alone, which fill `middle`, just as strictly; the other fields of *header are left
 * unchanged. *header is all zero, or was filled this way from another middle whose bytes still exist: a string with the
 * same bytes as then is not checked again. False, with *header unusable: event_header_decode would refuse a header with
 * this middle, and say why. */
bool event_middle_decode(struct bytes middle, struct event_header *header);
/* ERR_INVALID when a header string breaks its rule: length, UTF-8, control characters, emptiness, grammar of kind, grade.
 */
int event_header_check(const struct event_header *h, struct err *err);

int event_payload_encode(struct buf *out, struct bytes body, const struct event_author *author);
/* ERR_CORRUPT unless it is canonical and has this form. */
int event_payload_decode(struct bytes payload, struct bytes *ret_body, struct event_author *ret_author, struct err *err);

void event_leaf(uint8_t ret[EVENT_HASH], struct bytes header);
void event_salt(uint8_t ret[EVENT_HASH], const uint8_t group_seed[EVENT_HASH], uint64_t seq);
void event_body_commit(uint8_t ret[EVENT_HASH], const uint8_t salt[EVENT_HASH], struct bytes payload);
void event_field_salt(uint8_t ret[EVENT_HASH], const uint8_t event_salt[EVENT_HASH], struct bytes name);
/* `field` is the canonical array [name, value]. */
void event_field_digest(uint8_t ret[EVENT_HASH], const uint8_t field_salt[EVENT_HASH], struct bytes field);
/* The commitment to all entries of a canonical private map under `event_salt`. ERR_CORRUPT when it is not a map. */
int event_private_commit(uint8_t ret[EVENT_HASH], const uint8_t event_salt[EVENT_HASH], struct bytes private_map,
                         struct err *err);
/* The commitment over consecutive digests, n * EVENT_HASH bytes. */
void event_private_commit_digests(uint8_t ret[EVENT_HASH], const uint8_t *digests, size_t n);

/* For readers of an author's signature; the same is true of seq and prev, of course. */
#define EVENT_NOT_AUTHORS "grade, source, cause and time are the ledger's word"
/* What an author signs: "ledger/author/v1\0" || canonical [leaf of seq 0, origin, kind, schema, subject, actor, run, key,
 * private commitment|nil, body map]. */
int event_author_message(struct buf *out, const uint8_t genesis[EVENT_HASH], struct bytes origin,
                         const struct event_header *h, struct bytes body);

#endif
