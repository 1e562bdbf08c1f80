/* A sealed event has its author's signature in its payload; it was erased if it has none. A draft that is judged before it is
 * sealed has no signature yet: then `author` is the verifier key that will sign it (decide/append.c), and the payload is
 * empty. */
#include "projections/fold/author.h"

#include <string.h>

#include "base/text.h"

#define MESSAGE_MAX (2 * EVENT_PAYLOAD_MAX)

int author_open(const struct fold *fold, struct bytes genesis, struct bytes origin, struct author *ret, struct err *err) {
    const struct log_event *event = fold_event(fold);
    struct event_header header;
    struct bytes body;
    uint8_t leaf[LOG_HASH];
    *ret = (struct author){.message = {.max = MESSAGE_MAX}};
    if (event->author.n == 0) return 0;
    if (event->payload.n == 0) {
        ret->draft = event->author;
        return 0;
    }
    bool whole = text_unhex(leaf, sizeof(leaf), genesis) == 0 && event_header_decode(event->header, &header, NULL) == 0 &&
                 event_payload_decode(event->payload, &body, &ret->who, NULL) == 0;
    if (!whole) return 0;
    event_author_message(&ret->message, leaf, origin, &header, body);
    return buf_check(&ret->message, "an author's message", err);
}

bool author_is(const struct author *author, struct bytes vkey) {
    struct note_vkey key;
    if (author->draft.n > 0) return bytes_eq(author->draft, vkey);
    if (author->message.n == 0 || note_vkey_decode(vkey, &key, NULL) != 0 || key.alg != NOTE_ED25519) return false;
    return bytes_eq(bytes_of(key.name), author->who.name) && memcmp(key.id, author->who.id, NOTE_KEY_ID_LEN) == 0 &&
           crypt_verify(author->who.sig, bytes_of_buf(&author->message), key.public_key);
}

void author_done(struct author *author) {
    buf_done(&author->message);
}
