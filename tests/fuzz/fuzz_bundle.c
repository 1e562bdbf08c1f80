/* Bundle and tail records. The first byte selects how the rest is used: 0 a tail record, 1 a bundle record, 2 the content
 * of a bundle, which is packed here with matching leaf prefixes, so that a fuzzer need not find checksums and hashes. What
 * is accepted must encode to a record that gives the same events. */
#include <stdlib.h>
#include <string.h>

#include "base/archive/zst.h"
#include "ledger/event/group.h"
#include "ledger/event/group_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AS_TAIL, AS_BUNDLE, AS_CONTENT };

#define INDEX 3

static void tail(struct bytes record) {
    struct bytes header, payload;
    enum group_payload where;
    struct buf again;
    if (group_tail_decode(record, &header, &payload, &where, NULL) != 0) return;
    buf_init(&again, record.n + 1);
    if (group_tail_encode(&again, header, payload, where, group_tail_salt(record)) != 0 ||
        !bytes_eq(bytes_of_buf(&again), record)) {
        abort();
    }
    buf_done(&again);
}

/* Headers are rebuilt from arbitrary middles: only if all of them are headers can they be encoded again. */
static bool headers_good(const struct group *group) {
    for (size_t i = 0; i < group->n; i++) {
        struct event_header h;
        if (event_header_decode(group->event[i].header, &h, NULL) != 0) return false;
    }
    return true;
}

static void encode_again(struct group *group) {
    struct group *other = group_new();
    struct buf again;
    buf_init(&again, GROUP_PLAIN_MAX);
    if (other == NULL || group_encode(group, &again, NULL) != 0 ||
        group_decode(other, INDEX, bytes_of_buf(&again), NULL, NULL) != 0) {
        abort();
    }
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        if (!bytes_eq(group->event[i].header, other->event[i].header) ||
            !bytes_eq(group->event[i].payload, other->event[i].payload) ||
            memcmp(group->event[i].leaf, other->event[i].leaf, EVENT_HASH) != 0) {
            abort();
        }
    }
    buf_done(&again);
    group_free(other);
}

static void bundle(struct group *group, struct buf *record, bool mend) {
    size_t bad = SIZE_MAX;
    struct err err = {0};
    int rc = group_decode(group, INDEX, bytes_of_buf(record), &bad, &err);
    while (rc == ERR_TAMPERED && mend && bad < EVENT_GROUP) {
        uint8_t *prefix = record->p + 2 + 2 * EVENT_HASH + bad * GROUP_LEAF_PREFIX;
        size_t before = bad;
        memcpy(prefix, group->event[bad].leaf, GROUP_LEAF_PREFIX);
        rc = group_decode(group, INDEX, bytes_of_buf(record), &bad, &err);
        if (rc == ERR_TAMPERED && bad <= before) {
            abort(); /* what was repaired must be good now */
        }
    }
    if (rc == 0 && headers_good(group)) {
        encode_again(group);
    } else if (rc != 0 && err.msg[0] == '\0') {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct bytes rest = {data + 1, size - 1};
    if (data[0] == AS_TAIL) {
        tail(rest);
        return 0;
    }
    struct group *group = group_new();
    struct buf record;
    buf_init(&record, 2 * GROUP_PLAIN_MAX);
    if (data[0] == AS_CONTENT) {
        static const uint8_t fixed[GROUP_FIXED] = {GROUP_RECORD_VERSION};
        buf_put(&record, fixed, sizeof(fixed));
        zst_compress(&record, rest, 1, NULL);
    } else {
        buf_put_bytes(&record, rest);
    }
    if (group != NULL && record.fail == 0) {
        bundle(group, &record, data[0] == AS_CONTENT);
    }
    buf_done(&record);
    group_free(group);
    return 0;
}
