/* What is counted is the room that a buffer takes, not what it was filled with. */
#include "capture/pass/held.h"

void held_init(struct held *h, size_t max, atomic_llong *left) {
    buf_init(&h->body, max);
    h->left = left;
    h->counted = 0;
}

void held_done(struct held *h) {
    buf_done(&h->body);
    if (h->left != NULL) (void)atomic_fetch_add(h->left, (long long)h->counted);
    h->counted = 0;
}

int held_put(struct held *h, struct bytes piece, struct err *err) {
    if (buf_put_bytes(&h->body, piece) != 0) {
        return h->body.fail == ERR_NOMEM
                   ? err_set(err, ERR_NOMEM, "out of memory")
                   : err_set(err, ERR_LIMIT, "the body is too large; expected at most %zu bytes", h->body.max);
    }
    long long more = (long long)h->body.cap - (long long)h->counted;
    h->counted = h->body.cap;
    if (more == 0 || atomic_fetch_sub(h->left, more) - more >= 0) return 0;
    return err_set(err, ERR_LIMIT, "too many large messages at once; try again");
}
