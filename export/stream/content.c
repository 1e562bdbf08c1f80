/* What leaves of an event for receivers that do not verify: the body as a map, and the private fields that were named. */
#include <string.h>

#include "base/mp.h"
#include "export/cut/cut.h"
#include "export/stream/writer.h"
#include "ledger/event/private.h"

struct choosing {
    const struct cut *cut;
    struct buf *pairs;
    uint32_t n;
};

static int choose(void *ctx, const struct private_field *field, struct err *err) {
    struct choosing *c = ctx;
    if (field->erased || !cut_discloses_field(c->cut, field->name)) return 0;
    mp_put_str(c->pairs, field->name);
    buf_put_bytes(c->pairs, field->value);
    c->n++;
    return buf_check(c->pairs, "private fields", err);
}

int stream_content(struct stream *s, const struct stream_event *e, struct log_event *ret, struct bytes *ret_private,
                   struct err *err) {
    struct private_view view;
    struct buf pairs = {.max = EVENT_PRIVATE_MAX};
    struct choosing choosing = {.cut = e->walk->cut, .pairs = &pairs};
    int rc = cut_walk_whole(e->walk, e->event, ret, err);
    if (rc != 0) return rc;
    buf_clear(&s->text);
    if (e->fate == STREAM_HELD) {
        ret->body = ret->payload = (struct bytes){0};
    } else if (ret->has_private && s->claim.n_private > 0 && e->fate == STREAM_SHOWN) {
        rc = cut_walk_private(e->walk, e->event, &view, err);
        if (rc == 0) rc = private_each(&view, choose, &choosing, err);
        if (rc == 0 && choosing.n > 0) {
            mp_put_map(&s->text, choosing.n);
            buf_put_bytes(&s->text, bytes_of_buf(&pairs));
            rc = buf_check(&s->text, "private fields", err);
        }
    }
    buf_done(&pairs);
    *ret_private = bytes_of_buf(&s->text);
    return rc;
}
