/* Reading events in order. A reader keeps a tree size, not a transaction: its database snapshot is renewed every second, so
 * that a long read does not hold old pages. A group is loaded whole, checked, and given out event by event. */
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/core.h"
#include "ledger/private.h"

#define RENEW_NS CLOCK_NS_PER_S

struct ledger_reader {
    struct core_view view;
    struct group *group;
    bool loaded;                /* group holds the group of seq */
    uint64_t seq, to;           /* next to give; end */
    uint64_t renewed;           /* boot clock at the last renewal */
    struct event_header header; /* of the event last given */
    struct buf payload;         /* an external payload */
    struct buf private_;        /* scratch */
};

int ledger_reader_open(struct ledger *ledger, uint64_t from, uint64_t to, struct ledger_reader **ret, struct err *err) {
    struct ledger_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL || (reader->group = group_new()) == NULL) {
        free(reader);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = core_view_begin(ledger, &reader->view, err);
    if (rc != 0) {
        group_free(reader->group);
        free(reader);
        return rc;
    }
    buf_init(&reader->payload, EVENT_PAYLOAD_MAX);
    buf_init(&reader->private_, 2 * EVENT_PRIVATE_MAX);
    reader->seq = from;
    reader->to = to < reader->view.head.size ? to : reader->view.head.size;
    reader->renewed = clock_boot_ns();
    *ret = reader;
    return 0;
}

void ledger_reader_close(struct ledger_reader *reader) {
    if (reader != NULL) {
        core_view_end(&reader->view);
        group_free(reader->group);
        buf_done(&reader->payload);
        buf_done(&reader->private_);
        free(reader);
    }
}

static int renew(struct ledger_reader *reader, struct err *err) {
    uint64_t now = clock_boot_ns();
    if (now - reader->renewed < RENEW_NS) {
        return 0;
    }
    reader->renewed = now;
    core_view_release(&reader->view);
    int rc = db_renew(reader->view.txn, err);
    return rc != 0 ? rc : core_head_get(reader->view.txn, &reader->view.head, err);
}

/* A full group's root against the stored tree. */
static int check_root(struct ledger_reader *reader, uint64_t index, struct err *err) {
    uint8_t stored[EVENT_HASH], root[EVENT_HASH];
    if (reader->group->n < EVENT_GROUP) {
        return 0;
    }
    int rc = core_node(&reader->view, 8, index, stored, err);
    if (rc != 0) {
        return rc;
    }
    group_root(reader->group, root);
    if (memcmp(root, stored, EVENT_HASH) != 0) {
        return err_set(err, ERR_TAMPERED, "events %llu..%llu: their leaves do not give the stored tree's hash",
                       (unsigned long long)(index * EVENT_GROUP), (unsigned long long)(index * EVENT_GROUP + 255));
    }
    return 0;
}

static int load(struct ledger_reader *reader, struct err *err) {
    uint64_t index = reader->seq / EVENT_GROUP;
    int rc = renew(reader, err);
    rc = rc != 0 ? rc : core_group_load(reader->view.txn, &reader->view.head, index, reader->group, NULL, err);
    rc = rc != 0 ? rc : check_root(reader, index, err);
    reader->loaded = rc == 0;
    if (rc == ERR_CORRUPT || rc == ERR_TAMPERED) {
        reader->seq = (index + 1) * EVENT_GROUP; /* the next call goes on behind it */
    }
    return rc;
}

static int load_payload(struct ledger_reader *reader, const struct event_header *h, const uint8_t salt[EVENT_HASH],
                        struct bytes *ret, struct err *err) {
    uint8_t commit[EVENT_HASH];
    buf_clear(&reader->payload);
    int rc = core_payload_get(reader->view.txn, h->seq, &reader->payload, err);
    if (rc != 0) {
        return rc;
    }
    event_body_commit(commit, salt, bytes_of_buf(&reader->payload));
    if (memcmp(commit, h->body, EVENT_HASH) != 0) {
        return err_set(err, ERR_TAMPERED, "event %llu is not what was written: its payload differs from its commitment",
                       (unsigned long long)h->seq);
    }
    *ret = bytes_of_buf(&reader->payload);
    return 0;
}

static int give(struct ledger_reader *reader, const struct group_event *e, struct ledger_event *ret, struct err *err) {
    struct event_header *h = &reader->header;
    struct event_author author = {0};
    struct bytes payload = e->payload, body = {NULL, 0};
    struct ledger_event out;
    int rc = event_header_decode(e->header, h, err);
    if (rc != 0) {
        return rc;
    }
    event_salt(out.salt, reader->group->seed, h->seq);
    if (e->where == GROUP_EXTERNAL) {
        rc = load_payload(reader, h, out.salt, &payload, err);
    }
    if (rc == 0 && e->where != GROUP_ERASED) {
        rc = event_payload_decode(payload, &body, &author, err);
    }
    if (rc != 0) {
        return rc;
    }
    out.seq = h->seq;
    out.time = h->time;
    out.schema = h->schema;
    out.kind = h->kind;
    out.subject = h->subject;
    out.actor = h->actor;
    out.source = h->source;
    out.grade = h->grade;
    out.run = h->run;
    out.key = h->key;
    out.has_cause = h->has_cause;
    out.cause = h->cause;
    out.header = e->header;
    out.payload = payload;
    out.body = body;
    out.author = author.name;
    memcpy(out.leaf, e->leaf, EVENT_HASH);
    out.has_private = h->private_ != NULL;
    *ret = out;
    return 0;
}

int ledger_reader_next(struct ledger_reader *reader, struct ledger_event *ret, struct err *err) {
    if (reader->seq >= reader->to) {
        return 1;
    }
    if (!reader->loaded || reader->group->index != reader->seq / EVENT_GROUP) {
        int rc = load(reader, err);
        if (rc != 0) {
            return rc;
        }
    }
    size_t at = (size_t)(reader->seq % EVENT_GROUP);
    reader->seq++;
    return give(reader, &reader->group->event[at], ret, err);
}

int ledger_reader_private(struct ledger_reader *reader, struct buf *out, struct err *err) {
    struct bytes record, map;
    const struct event_header *h = &reader->header;
    if (h->private_ == NULL) {
        mp_put_map(out, 0);
        return buf_check(out, "private fields", err);
    }
    int rc = db_get_u64(reader->view.txn, T_PRIVATE, h->seq, &record, err);
    if (rc == ERR_NOTFOUND) {
        rc = err_set(err, ERR_CORRUPT, "the private fields are missing");
    }
    rc = rc != 0 ? rc : private_decode(record, h->private_, &reader->private_, &map, err);
    if (rc != 0) {
        err_prefix(err, "event %llu", (unsigned long long)h->seq);
        return rc;
    }
    return buf_put_bytes(out, map) != 0 ? buf_check(out, "private fields", err) : 0;
}
