/* Authors' signatures: those by keys that the caller named are checked, and no idempotency key of an author may be used
 * twice. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"
#include "export/verify/checking.h"
#include "ledger/trust/trust.h"

int check_payload(struct bytes payload, struct bytes *ret_body, struct event_author *ret_author, struct err *err) {
    struct event_author author;
    struct bytes body;
    int rc = event_payload_decode(payload, &body, &author, err);
    if (rc == 0 && author.name.n > 0 && note_check_name(author.name, NULL) != 0) {
        rc = err_set(err, ERR_CORRUPT, "the payload's author does not have the name of a key");
    }
    if (rc == 0) {
        *ret_body = body;
        *ret_author = author;
    }
    return rc;
}

static int check_signature(struct checking *c, const struct check_slot *slot, const struct event_author *author,
                           struct bytes body, struct err *err) {
    const struct note_vkey *key = trust_author_find(c->options->trust, author->name, author->id);
    struct buf message = {.max = EVENT_BODY_MAX + 2 * EVENT_HEADER_MAX};
    if (key == NULL) return 0;
    event_author_message(&message, c->genesis, bytes_of(check_epoch_of(c, slot->h.seq)->origin), &slot->h, body);
    int rc = buf_check(&message, "an author's message", err);
    if (rc == 0 && crypt_verify(author->sig, bytes_of_buf(&message), key->public_key)) {
        c->author_good++;
    } else if (rc == 0) {
        check_fault(c, "F14", LOG_AUTHORS, slot->h.seq, "the signature of its author '%s' is bad", key->name);
    }
    buf_done(&message);
    return rc;
}

int check_author(struct checking *c, const struct check_slot *slot, const struct event_author *author, struct bytes body,
                 struct err *err) {
    uint8_t digest[HASH_LEN], length[4];
    int rc = check_signature(c, slot, author, body, err);
    c->authored++;
    if (slot->h.key.n == 0) {
        check_fault(c, "F13", LOG_AUTHORS, slot->h.seq, "it is signed by an author but has no key");
    }
    if (rc != 0 || slot->h.key.n == 0 || c->n_author_keys == CHECK_AUTHORS_MAX) return rc;
    rc = array_room(&c->author_key, c->n_author_keys + 1, &c->cap_author_keys, CHECK_KEY, err);
    if (rc == 0) {
        be32_put(length, (uint32_t)author->name.n);
        hash_parts(digest, (struct bytes[]){{length, 4}, author->name, {author->id, NOTE_KEY_ID_LEN}, slot->h.key}, 4);
        memcpy(c->author_key[c->n_author_keys++], digest, CHECK_KEY);
    }
    return rc;
}

static int by_bytes(const void *a, const void *b) {
    return memcmp(a, b, CHECK_KEY);
}

void check_authors_end(struct checking *c) {
    if (c->n_author_keys > 0) {
        qsort(c->author_key, c->n_author_keys, CHECK_KEY, by_bytes);
    }
    for (size_t i = 1; i < c->n_author_keys; i++) {
        if (memcmp(c->author_key[i - 1], c->author_key[i], CHECK_KEY) == 0) {
            check_fault(c, "F13", LOG_AUTHORS, LOG_NO_SEQ,
                        "an author's signed event appears twice: its key was used again");
            break;
        }
    }
    unsigned long long n = c->authored, good = c->author_good;
    if (n == 0) {
        check_say(c, LOG_AUTHORS, LOG_ASPECT_GOOD, "no disclosed event is signed by an author");
    } else if (good == n) {
        check_say(c, LOG_AUTHORS, LOG_ASPECT_GOOD, "%llu event%s signed by authors you named; " EVENT_NOT_AUTHORS, n,
                  n == 1 ? "" : "s");
    } else {
        check_say(c, LOG_AUTHORS, LOG_ASPECT_NOTE,
                  "%llu event%s signed by authors: %llu by ones you named, %llu not checked; " EVENT_NOT_AUTHORS, n,
                  n == 1 ? "" : "s", good, n - good);
    }
    if (c->authored > c->n_author_keys && c->n_author_keys == CHECK_AUTHORS_MAX) {
        check_say(c, LOG_AUTHORS, LOG_ASPECT_NOTE,
                  "%llu event%s signed by authors, %llu by ones you named; whether a key was used twice is only known for "
                  "the first %zu; " EVENT_NOT_AUTHORS,
                  n, text_s(n), good, CHECK_AUTHORS_MAX);
    }
}
