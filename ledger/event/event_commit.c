/* The commitments that bind an event together: leaf, salts, body, private fields, and what an author signs. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "ledger/event/event.h"

enum { TAG_LEAF = 0x00, TAG_BODY = 0x02, TAG_SALT = 0x03, TAG_PRIVATE = 0x04, TAG_FIELD = 0x05, TAG_FIELD_SALT = 0x06 };

#define AUTHOR_CONTEXT "ledger/author/v1"
#define FEW_FIELDS     16 /* of an event; the digests of up to this many need no allocation */

void event_leaf(uint8_t ret[EVENT_HASH], struct bytes header) {
    hash_tagged(ret, TAG_LEAF, header);
}

/* Hashes one joined input instead of two parts: one call less. */
void event_salt(uint8_t ret[EVENT_HASH], const uint8_t group_seed[EVENT_HASH], uint64_t seq) {
    uint8_t input[1 + EVENT_HASH + 8] = {TAG_SALT};
    const struct bytes all = {input, sizeof(input)};
    memcpy(input + 1, group_seed, EVENT_HASH);
    be64_put(input + 1 + EVENT_HASH, seq);
    hash_parts(ret, &all, 1);
}

void event_body_commit(uint8_t ret[EVENT_HASH], const uint8_t salt[EVENT_HASH], struct bytes payload) {
    uint8_t head[1 + EVENT_HASH] = {TAG_BODY};
    const struct bytes parts[] = {{head, sizeof(head)}, payload};
    memcpy(head + 1, salt, EVENT_HASH);
    hash_parts(ret, parts, 2);
}

void event_field_salt(uint8_t ret[EVENT_HASH], const uint8_t event_salt[EVENT_HASH], struct bytes name) {
    hash_tagged2(ret, TAG_FIELD_SALT, (struct bytes){event_salt, EVENT_HASH}, name);
}

void event_field_digest(uint8_t ret[EVENT_HASH], const uint8_t field_salt[EVENT_HASH], struct bytes field) {
    hash_tagged2(ret, TAG_FIELD, (struct bytes){field_salt, EVENT_HASH}, field);
}

void event_private_commit_digests(uint8_t ret[EVENT_HASH], const uint8_t *digests, size_t n) {
    hash_tagged(ret, TAG_PRIVATE, (struct bytes){digests, n * EVENT_HASH});
}

int event_private_commit(uint8_t ret[EVENT_HASH], const uint8_t event_salt[EVENT_HASH], struct bytes private_map,
                         struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    uint8_t few[FEW_FIELDS * EVENT_HASH], *digests = few;
    mp_reader_init(&r, private_map);
    if (mp_next(&r, &item, err) != 0 || item.type != MP_MAP || item.count == 0) {
        return err_set(err, ERR_CORRUPT, "private fields are not a map with entries");
    }
    uint32_t count = item.count; /* never more than there are bytes */
    int rc = 0;
    if (count > FEW_FIELDS && (digests = malloc((size_t)count * EVENT_HASH)) == NULL) {
        return err_set(err, ERR_NOMEM, "private fields: out of memory");
    }
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        static const uint8_t pair = 0x92; /* the head of an array of 2 */
        uint8_t salt[EVENT_HASH];
        const uint8_t *entry = r.p;
        struct bytes value;
        rc = mp_next(&r, &item, err);
        if (rc != 0 || item.type != MP_STR) {
            rc = err_set(err, ERR_CORRUPT, "a private field has no name");
            break;
        }
        struct bytes name = item.data;
        rc = mp_skip(&r, 1, &value, err);
        if (rc == 0) {
            /* d_i over the canonical array [name, value]: its head, then the map entry's own bytes. */
            event_field_salt(salt, event_salt, name);
            const struct bytes parts[] = {
                {(const uint8_t[]){TAG_FIELD}, 1}, {salt, EVENT_HASH}, {&pair, 1}, {entry, (size_t)(r.p - entry)}};
            hash_parts(digests + (size_t)i * EVENT_HASH, parts, 4);
        }
    }
    if (rc == 0) {
        event_private_commit_digests(ret, digests, count);
    }
    if (digests != few) {
        free(digests);
    }
    return rc;
}

int event_author_message(struct buf *out, const uint8_t genesis[EVENT_HASH], struct bytes origin,
                         const struct event_header *h, struct bytes body) {
    buf_put(out, AUTHOR_CONTEXT, sizeof(AUTHOR_CONTEXT)); /* with its NUL */
    mp_put_array(out, 10);
    mp_put_bin(out, (struct bytes){genesis, EVENT_HASH});
    mp_put_str(out, origin);
    mp_put_str(out, h->kind);
    mp_put_uint(out, h->schema);
    mp_put_str(out, h->subject);
    mp_put_str(out, h->actor);
    mp_put_str(out, h->run);
    mp_put_str(out, h->key);
    if (h->private_ == NULL) {
        mp_put_nil(out);
    } else {
        mp_put_bin(out, (struct bytes){h->private_, EVENT_HASH});
    }
    buf_put_bytes(out, body);
    return out->fail;
}
