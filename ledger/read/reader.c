/* Reading events in order. A reader keeps a tree size, not a snapshot of the database: a group is loaded whole, checked,
 * and returned event by event; between calls nothing is held, however long the caller takes. Content with records of its
 * own (large payloads, private fields) is fetched on request. */
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/read/reader.h"

#include "ledger/store/db_fault.h"

struct log_reader {
    struct core_view view;
    struct group *group;
    bool loaded;                /* group holds the group of seq */
    uint64_t seq, to;           /* next event to return; end */
    struct event_header header; /* of the event returned last */
    struct buf payload;         /* an external payload */
    struct buf private_;        /* scratch */
};

int log_reader_open(struct ledger *ledger, uint64_t from, uint64_t to, struct log_reader **ret, struct err *err) {
    struct log_reader *reader = calloc(1, sizeof(*reader));
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
    buf_init(&reader->private_, PRIVATE_SCRATCH_MAX);
    reader->seq = from;
    reader->to = to < reader->view.head.size ? to : reader->view.head.size;
    db_rest(reader->view.txn);
    *ret = reader;
    return 0;
}

void log_reader_close(struct log_reader *reader) {
    if (reader != NULL) {
        core_view_end(&reader->view);
        group_free(reader->group);
        buf_done(&reader->payload);
        buf_done(&reader->private_);
        free(reader);
    }
}

#define UNHELD_TRIES 20 /* an unheld snapshot stays whole until the next commit but one */

/* Takes the newest snapshot, until db_rest. */
static int renew(struct log_reader *reader, struct err *err) {
    core_view_release(&reader->view);
    int rc = db_renew(reader->view.txn, err);
    if (rc == 0) rc = core_head_get(reader->view.txn, &reader->view.head, err);
    return rc;
}

int log_reader_again(struct log_reader *reader, uint64_t from, uint64_t to, struct err *err) {
    reader->loaded = false;
    int rc = renew(reader, err);
    if (rc == 0) {
        reader->seq = from;
        reader->to = to < reader->view.head.size ? to : reader->view.head.size;
    }
    db_rest(reader->view.txn);
    return rc;
}

/* Compares a full group's root with the stored tree. */
static int check_root(struct log_reader *reader, uint64_t index, struct err *err) {
    uint8_t stored[EVENT_HASH], root[EVENT_HASH];
    if (reader->group->n < EVENT_GROUP) return 0;
    int rc = core_node(&reader->view, 8, index, stored, err);
    if (rc != 0) return rc;
    group_root(reader->group, root);
    if (memcmp(root, stored, EVENT_HASH) != 0) {
        return err_set(err, ERR_TAMPERED, "events %llu..%llu: their leaves do not give the stored tree's hash",
                       (unsigned long long)(index * EVENT_GROUP), (unsigned long long)(index * EVENT_GROUP + 255));
    }
    return 0;
}

int reader_group(struct log_reader *reader, uint64_t index, const struct group **ret, struct err *err) {
    if (reader->loaded && reader->group->index == index) {
        *ret = reader->group;
        return 0;
    }
    reader->loaded = false;
    struct err why = {0};
    int rc = 0;
    bool unheld = true;
    for (int left = UNHELD_TRIES; unheld && left > 0; left--) {
        rc = renew(reader, &why);
        if (rc == 0) rc = core_group_load(reader->view.txn, &reader->view.head, index, reader->group, NULL, &why);
        if (rc == 0) rc = check_root(reader, index, &why);
        unheld = err_is_damage(rc) && db_is_unheld(reader->view.txn);
        db_rest(reader->view.txn);
    }
    reader->loaded = rc == 0;
    if (rc == 0) {
        *ret = reader->group;
        return 0;
    }
    return unheld ? err_set(err, ERR_BUSY, "'%s': %s", reader->view.ledger->dir, DB_UNHELD)
                  : err_set(err, rc, "%s", why.msg);
}

/* Whether event i of the current group was erased after the group was read. If so, it is marked as erased in the group,
 * which stays in place because others have views of it. */
static bool erased_since(struct log_reader *reader, size_t i) {
    struct group_event *then = &reader->group->event[i];
    struct group *now = group_new();
    int rc = now == NULL ? ERR_NOMEM : renew(reader, NULL);
    if (rc == 0) rc = core_group_load(reader->view.txn, &reader->view.head, reader->group->index, now, NULL, NULL);
    bool erased = rc == 0 && i < now->n && now->event[i].where == GROUP_ERASED &&
                  memcmp(now->event[i].leaf, then->leaf, EVENT_HASH) == 0;
    if (erased) {
        then->where = GROUP_ERASED;
        then->payload = (struct bytes){NULL, 0};
    }
    db_rest(reader->view.txn);
    group_free(now);
    return erased;
}

/* 1: the event has been erased since, and is marked so in the group. */
static int load_payload(struct log_reader *reader, size_t i, const struct event_header *h, const uint8_t salt[EVENT_HASH],
                        struct bytes *ret, struct err *err) {
    struct err why = {0};
    buf_clear(&reader->payload);
    int rc = db_renew(reader->view.txn, err);
    if (rc != 0) return rc;
    rc = core_payload_get(reader->view.txn, h->seq, &reader->payload, &why);
    db_rest(reader->view.txn);
    if (rc == ERR_CORRUPT && erased_since(reader, i)) return 1;
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    *ret = bytes_of_buf(&reader->payload);
    return core_payload_check(h, salt, *ret, err);
}

int reader_payload(struct log_reader *reader, size_t i, const struct event_header *h, struct bytes *ret, struct err *err) {
    const struct group_event *e = &reader->group->event[i];
    uint8_t salt[EVENT_HASH];
    if (e->where != GROUP_EXTERNAL) {
        *ret = e->payload;
        return 0;
    }
    group_salt(reader->group, i, salt);
    int rc = load_payload(reader, i, h, salt, ret, err);
    if (rc == 1) {
        *ret = (struct bytes){NULL, 0};
        return 0;
    }
    return rc;
}

int reader_give(struct log_reader *reader, size_t i, struct log_event *ret, struct err *err) {
    const struct group_event *e = &reader->group->event[i];
    struct event_header *h = &reader->header;
    struct event_author author = {0};
    struct bytes payload = e->payload, body = {NULL, 0};
    struct log_event out;
    int rc = event_header_decode(e->header, h, err);
    if (rc != 0) return rc;
    group_salt(reader->group, i, out.salt);
    if (e->where == GROUP_EXTERNAL && (rc = load_payload(reader, i, h, out.salt, &payload, err)) == 1) {
        group_salt(reader->group, i, out.salt);
        rc = 0;
    }
    if (rc == 0 && e->where != GROUP_ERASED) {
        rc = event_payload_decode(payload, &body, &author, err);
    }
    if (rc != 0) return rc;
    event_of_header(h, e->header, e->leaf, &out);
    out.payload = payload;
    out.body = body;
    out.author = author.name;
    *ret = out;
    return 0;
}

int log_reader_next(struct log_reader *reader, struct log_event *ret, struct err *err) {
    if (reader->seq >= reader->to) return 1;
    const struct group *group;
    uint64_t seq = reader->seq, index = seq / EVENT_GROUP;
    int rc = reader_group(reader, index, &group, err);
    bool damaged = err_is_damage(rc); /* the next call continues after it */
    reader->seq = rc == 0 ? seq + 1 : damaged ? (index + 1) * EVENT_GROUP : seq;
    if (rc == 0) rc = reader_give(reader, (size_t)(seq % EVENT_GROUP), ret, err);
    return rc;
}

void log_reader_seek(struct log_reader *reader, uint64_t seq) {
    reader->seq = seq;
}

int reader_private(struct log_reader *reader, struct private_view *ret, struct err *err) {
    struct bytes record;
    const struct event_header *h = &reader->header;
    int rc = db_renew(reader->view.txn, err);
    if (rc != 0) return rc;
    rc = db_get_u64(reader->view.txn, T_PRIVATE, h->seq, &record, err);
    if (rc == ERR_NOTFOUND) rc = err_set(err, ERR_CORRUPT, "the private fields are missing");
    if (rc == 0) rc = private_open(record, h->private_, &reader->private_, ret, err);
    if (rc != 0) {
        err_prefix(err, "event %llu", (unsigned long long)h->seq);
    }
    db_rest(reader->view.txn);
    return rc;
}

int log_reader_private(struct log_reader *reader, struct buf *out, struct err *err) {
    struct private_view view;
    int rc = 0;
    if (reader->header.private_ == NULL || reader->view.ledger->no_private) {
        mp_put_map(out, 0);
    } else {
        rc = reader_private(reader, &view, err);
        if (rc == 0) {
            buf_put_bytes(out, view.map);
        }
    }
    if (rc == 0) rc = buf_check(out, "private fields", err);
    return rc;
}
