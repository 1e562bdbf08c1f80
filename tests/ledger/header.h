/* A header as docs/format.md defines it, element by element: what event_header_wrap must produce in one piece. */
#ifndef TESTS_LEDGER_HEADER_H
#define TESTS_LEDGER_HEADER_H

#include "base/mp.h"
#include "ledger/event/event.h"

static inline void put_commitment(struct buf *out, const uint8_t *hash) {
    if (hash == NULL) {
        mp_put_nil(out);
    } else {
        mp_put_bin(out, (struct bytes){hash, EVENT_HASH});
    }
}

static inline int header_encode(struct buf *out, const struct event_header *h) {
    mp_put_array(out, 15);
    mp_put_uint(out, EVENT_FORMAT);
    mp_put_uint(out, h->seq);
    mp_put_uint(out, h->time);
    event_head_encode(out, h);
    if (h->has_cause) {
        mp_put_uint(out, h->cause);
    } else {
        mp_put_nil(out);
    }
    mp_put_str(out, h->key);
    put_commitment(out, h->body);
    put_commitment(out, h->private_);
    put_commitment(out, h->prev);
    return out->fail;
}

#endif
