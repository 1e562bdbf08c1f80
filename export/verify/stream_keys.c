/* The keys of a stream: handovers before a section, in its first lines; those within it, as events with their checkpoints. A
 * later section brings them again, and they must be the same. */
#include <string.h>

#include "export/verify/key_line.h"
#include "ledger/signing/epoch.h"

/* The epoch that began with this event must be the one that is known. */
static int same_epoch(struct checking *c, uint64_t seq, const uint8_t leaf[EVENT_HASH]) {
    const struct check_epoch *known = check_epoch_of(c, seq);
    if (known->seq == seq && memcmp(known->leaf, leaf, EVENT_HASH) == 0) return 0;
    return check_fault(c, "S6", LOG_SEALS, seq, "it is not the event that began this epoch in an earlier section");
}

static int begin_epoch(struct checking *c, const struct key_line *l, struct err *err) {
    uint8_t before[EVENT_HASH];
    if (!epoch_is_kind(l->h.kind) || bytes_is(l->h.kind, "ledger.created")) {
        return check_fault(c, "S4", LOG_SEALS, l->seq, "it is neither a rotation nor a restore");
    }
    key_line_before(l, before);
    return key_line_epoch(c, l, before, err);
}

/* A handover before the section: proven in the tree of its checkpoint, which is a prefix of the first `size` events. */
static int take_earlier(struct checking *c, struct key_line *l, uint64_t size, const uint8_t root[EVENT_HASH],
                        struct err *err) {
    struct checkpoint point;
    if (!l->has_checkpoint) {
        return check_fault(c, "S4", LOG_SEALS, l->seq, "a handover has no checkpoint");
    }
    int rc = check_take_note(c, bytes_of_buf(&l->note), c->other, &point, err);
    if (rc != 0) return rc;
    if (point.size != l->seq + 1) {
        return check_fault(c, "S4", LOG_SEALS, l->seq, "its checkpoint is of size %llu", (unsigned long long)point.size);
    }
    if (!merkle_check_inclusion(l->seq, point.size, l->leaf, &l->inclusion, point.root)) {
        return check_fault(c, "F7", LOG_SEALS, l->seq, "it is not in the tree of its checkpoint");
    }
    if (!merkle_check_consistency(point.size, size, &l->consistency, point.root, root)) {
        return check_fault(c, "F8", LOG_SEALS, l->seq,
                           "the tree of size %llu is not proven to be a prefix of that of size %llu",
                           (unsigned long long)point.size, (unsigned long long)size);
    }
    rc = c->epoch[c->n_epochs - 1].seq >= l->seq ? same_epoch(c, l->seq, l->leaf) : begin_epoch(c, l, err);
    if (rc == 0) rc = check_note(c, c->other, &point, err);
    if (rc == 0) {
        memcpy(c->epoch[check_epoch_of(c, l->seq) - c->epoch].root, point.root, EVENT_HASH);
    }
    return rc;
}

static int take_first(struct checking *c, struct key_line *l, uint64_t size, const uint8_t root[EVENT_HASH],
                      struct err *err) {
    int rc = c->n_epochs > 0 && l->seq == 0 ? same_epoch(c, 0, l->leaf) : key_line_genesis(c, l, err);
    if (rc == 0 && (l->has_checkpoint || l->consistency.n > 0)) {
        rc = check_fault(c, "S4", LOG_SEALS, 0, "the line of the first event has a checkpoint or a consistency proof");
    }
    if (rc == 0 && !merkle_check_inclusion(0, size, l->leaf, &l->inclusion, root)) {
        rc = check_fault(c, "F7", LOG_SEALS, 0, "it is not in the tree of size %llu", (unsigned long long)size);
    }
    return rc;
}

int check_stream_keys(struct checking *c, uint64_t n, uint64_t size, const uint8_t root[EVENT_HASH],
                      void (*before)(struct checking *c), struct err *err) {
    struct key_line l;
    uint64_t last = 0;
    int rc = 0;
    key_line_init(&l);
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        before(c);
        rc = key_line_take(c, &l, false, err);
        if (rc == 0) rc = key_line_check(c, &l, err);
        if (rc == 0 && (i == 0 ? l.seq != 0 : l.seq <= last || l.seq >= size)) {
            rc = check_fault(c, "S4", LOG_SEALS, l.seq, "the keys of the section are out of order");
        }
        if (rc == 0) rc = i == 0 ? take_first(c, &l, size, root, err) : take_earlier(c, &l, size, root, err);
        last = l.seq;
    }
    key_line_done(&l);
    return rc;
}

int check_stream_handover(struct checking *c, const struct check_slot *slot, struct bytes body,
                          const uint8_t before[EVENT_HASH], struct err *err) {
    struct key_line l = {.seq = slot->h.seq, .h = slot->h, .body = body};
    memcpy(l.leaf, slot->leaf, EVENT_HASH);
    if (c->n_epochs > 0 && c->epoch[c->n_epochs - 1].seq >= l.seq) return same_epoch(c, l.seq, l.leaf);
    if (l.seq == 0) return key_line_genesis(c, &l, err);
    if (bytes_is(l.h.kind, "ledger.created")) {
        return check_fault(c, "F15", LOG_SEALS, l.seq, "a second ledger.created");
    }
    return key_line_epoch(c, &l, before, err);
}

int check_stream_checkpoint(struct checking *c, struct bytes text, struct note *note, struct checkpoint *ret, uint64_t size,
                            const uint8_t root[EVENT_HASH], struct err *err) {
    int rc = check_take_note(c, text, note, ret, err);
    if (rc != 0) return rc;
    if (ret->size != size) {
        return check_fault(c, "S10", LOG_SEALS, LOG_NO_SEQ, "a checkpoint of size %llu, after %llu events",
                           (unsigned long long)ret->size, (unsigned long long)size);
    }
    if (memcmp(ret->root, root, EVENT_HASH) != 0) {
        return check_fault(c, "S10", LOG_INTEGRITY, size - 1, "the lines up to here do not give the root that was sealed");
    }
    rc = check_note(c, note, ret, err);
    if (rc == 0 && c->epoch[c->n_epochs - 1].seq + 1 == size) {
        memcpy(c->epoch[c->n_epochs - 1].root, root, EVENT_HASH);
    }
    return rc;
}
