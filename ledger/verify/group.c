/* The checks that need only the group itself: bytes, payloads, private fields, authors' signatures, its key run, its tree,
 * the signatures of the checkpoints kept within it.
 *
 * In a full check, on the caller's thread and in order, each fault becomes a finding. A quiet check, on any thread, ends at
 * the first fault; the group then gets the full check. In a quiet check the group is a bundle: group_decode has built its
 * headers around their stored middles, so only the middles are decoded.
 *
 * Unusually large content is unpacked into one of a few spaces that the threads share. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive/zst.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/dedup/keyrun.h"
#include "ledger/event/private.h"
#include "ledger/signing/epoch.h"
#include "ledger/verify/verify.h"

int verify_space_init(struct verify_space *space, struct err *err) {
    space->group = group_new();
    buf_init(&space->payload, EVENT_PAYLOAD_MAX);
    buf_init(&space->private_, PRIVATE_SCRATCH_MAX);
    return space->group != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

void verify_space_done(struct verify_space *space) {
    group_free(space->group);
    buf_done(&space->payload);
    buf_done(&space->private_);
}

static void use_own(struct verify_checker *c) {
    c->group = c->own.group;
    c->payload = &c->own.payload;
    c->private_ = &c->own.private_;
}

struct verify_checker *verify_checker_new(struct verify *v) {
    struct verify_checker *c = calloc(1, sizeof(*c));
    if (c == NULL || verify_space_init(&c->own, NULL) != 0) {
        free(c);
        return NULL;
    }
    c->v = v;
    use_own(c);
    buf_init(&c->key_run, 65536);
    return c;
}

void verify_checker_free(struct verify_checker *c) {
    if (c != NULL) {
        verify_space_done(&c->own);
        buf_done(&c->key_run);
        free(c);
    }
}

static void fault(struct verify_checker *c, const char *rule, enum log_aspect aspect, uint64_t seq, const char *table,
                  const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* `rule` "": a fault of storage. `table` NULL: the table that holds the event. */
static void fault(struct verify_checker *c, const char *rule, enum log_aspect aspect, uint64_t seq, const char *table,
                  const char *fmt, ...) {
    va_list ap;
    c->noticed = true;
    if (!c->quiet) {
        va_start(ap, fmt);
        verify_vfault(c->v, rule, aspect, seq, table == NULL ? VERIFY_PLACE(c->v, seq) : table, fmt, ap);
        va_end(ap);
    }
}

/* ---- large content ---- */

/* The unpacked size in bytes of a record of the table payload or private. */
static uint64_t unpacked(struct bytes record) {
    return record.n < 1 || record.p[0] != 1 ? record.n : zst_declared((struct bytes){record.p + 1, record.n - 1});
}

/* True: this thread now holds a large space and must give it back. */
static bool take_large(struct verify_checker *c) {
    if (c->large != NULL) return false;
    c->large = verify_space_take(c->spaces);
    c->payload = &c->large->payload;
    c->private_ = &c->large->private_;
    return true;
}

static void give_large(struct verify_checker *c) {
    verify_space_give(c->spaces, c->large);
    c->large = NULL;
    use_own(c);
}

/* The same, when an event's record is large; call before unpacking it. */
static bool take_for_record(struct verify_checker *c, enum core_table table, uint64_t seq) {
    struct bytes record;
    return c->spaces != NULL && db_get_u64(c->view->txn, table, seq, &record, NULL) == 0 &&
           unpacked(record) >= verify_large_record(c->spaces) && take_large(c);
}

/* ---- authors ---- */

static int check_author(struct verify_checker *c, const struct event_header *h, struct bytes body,
                        const struct event_author *author, struct err *err) {
    struct bytes sig = {author->sig, CRYPT_SIGNATURE_LEN};
    const struct note_vkey *key = trust_author_find(c->v->options->trust, author->name, author->id);
    c->counts.authored++;
    if (key != NULL) {
        struct buf *message = c->private_;
        buf_clear(message);
        event_author_message(message, c->genesis, bytes_of(c->origin), h, body);
        int rc = buf_check(message, "an author's message", err);
        if (rc != 0) return rc;
        if (crypt_verify(sig.p, bytes_of_buf(message), key->public_key)) {
            c->counts.author_good++;
        } else {
            fault(c, "F14", LOG_AUTHORS, h->seq, NULL, "the signature of its author '%s' is bad", key->name);
        }
    }
    if (h->key.n == 0) {
        fault(c, "F13", LOG_AUTHORS, h->seq, NULL, "it is signed by an author and has no key");
        return 0;
    }
    c->author[c->n_authors++] =
        (struct verify_signed){.hash = keyrun_author_hash(author->name, author->id, h->key), .seq = h->seq};
    return 0;
}

/* ---- one event ---- */

static int load_external(struct verify_checker *c, const struct group_event *e, const struct event_header *h,
                         struct err *err) {
    uint8_t salt[EVENT_HASH], commit[EVENT_HASH];
    struct err *why = &c->why;
    c->counts.external++;
    buf_clear(c->payload);
    int rc = core_payload_get(c->view->txn, h->seq, c->payload, why);
    if (err_is_system(rc)) return err_set(err, rc, "%s", why->msg);
    group_salt(c->group, (size_t)(e - c->group->event), salt);
    event_body_commit(commit, salt, bytes_of_buf(c->payload));
    if (rc != 0 || memcmp(commit, h->body, EVENT_HASH) != 0) {
        fault(c, "F3", LOG_INTEGRITY, h->seq, "payload", "%s",
              rc != 0 ? why->msg : "its payload differs from its commitment");
        return 1;
    }
    return 0;
}

/* Missing content is judged at the end; a quiet check cannot judge it. Content that the ledger depends on is never
 * erased. 1: the absence is reported or noted. */
static int note_absent(struct verify_checker *c, const struct event_header *h, bool body, struct err *err) {
    c->noticed = true;
    if (body && epoch_is_kept(h->kind)) {
        fault(c, "F27", LOG_ERASURES, h->seq, NULL, "its body is missing, which cannot be erased");
        return 1;
    }
    int rc = c->quiet ? 0 : verify_absent(c->v, h->seq, body, err);
    if (rc == 0) rc = 1;
    return rc;
}

/* 1: there is no payload to continue with, and that has been reported or noted. */
static int check_payload(struct verify_checker *c, const struct group_event *e, const struct event_header *h,
                         struct bytes *ret_body, struct event_author *ret_author, struct err *err) {
    struct bytes payload = e->payload;
    if (e->where == GROUP_ERASED) return note_absent(c, h, true, err);
    if (e->where == GROUP_EXTERNAL) {
        int rc = load_external(c, e, h, err);
        if (rc != 0) return rc;
        payload = bytes_of_buf(c->payload);
    }
    if (event_payload_decode(payload, ret_body, ret_author, c->quiet ? NULL : &c->why) != 0) {
        fault(c, "F2", LOG_INTEGRITY, h->seq, NULL, "%s", c->why.msg);
        return 1;
    }
    return 0;
}

static int check_private(struct verify_checker *c, const struct event_header *h, struct err *err) {
    struct bytes record;
    struct private_view view = {.n_erased = 0};
    struct err *why = &c->why;
    if (h->private_ == NULL) return 0;
    c->counts.private_++;
    int rc = db_get_u64(c->view->txn, T_PRIVATE, h->seq, &record, why);
    if (rc == ERR_NOTFOUND) {
        fault(c, "", LOG_INTEGRITY, h->seq, "private", "its private fields are missing");
        return 0;
    }
    if (rc == 0) rc = private_open(record, h->private_, c->private_, &view, why);
    if (err_is_system(rc)) return err_set(err, rc, "%s", why->msg);
    if (rc != 0) {
        fault(c, "F4", LOG_INTEGRITY, h->seq, "private", "%s", why->msg);
        return 0;
    }
    if (view.map.n > EVENT_PRIVATE_MAX) {
        fault(c, "F4", LOG_INTEGRITY, h->seq, "private", "its private fields have %zu bytes; at most %zu are allowed",
              view.map.n, EVENT_PRIVATE_MAX);
    }
    if (view.n_erased > 0) rc = note_absent(c, h, false, err);
    return err_is_system(rc) ? rc : 0;
}

static void check_order(struct verify_checker *c, const struct event_header *h, uint64_t seq) {
    struct verify_chain *chain = c->chain;
    if (h->seq != seq) {
        fault(c, "F5", LOG_INTEGRITY, seq, NULL, "its header says seq %llu", (unsigned long long)h->seq);
    }
    if (chain->prev_known && memcmp(h->prev, chain->prev, EVENT_HASH) != 0) {
        fault(c, "F5", LOG_INTEGRITY, seq, NULL, "its prev is not the leaf of the event before");
    }
    if (h->time < chain->time) {
        fault(c, "F6", LOG_INTEGRITY, seq, NULL, "its time is before the event before");
    }
    if (h->has_cause && h->cause >= seq) {
        fault(c, "F6", LOG_INTEGRITY, seq, NULL, "its cause is not an earlier event");
    }
    if (seq == 0 && !bytes_is(h->kind, "ledger.created")) {
        fault(c, "F15", LOG_INTEGRITY, 0, NULL, "the first event is not ledger.created");
    }
    chain->time = h->time;
}

static int put_pair(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct buf *out = ctx;
    buf_put_u8(out, (uint8_t)(seq % EVENT_GROUP));
    buf_put_be64(out, hash);
    return buf_check(out, "a key run", err);
}

static bool is_own_kind(const struct event_header *h) {
    return bytes_has_prefix(h->kind, "ledger.");
}

bool verify_digest_get(struct bytes body, const char *name, uint8_t ret[EVENT_HASH]) {
    struct bytes raw;
    struct mp_item item;
    return mp_map_get(body, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR &&
           item.data.n == 7 + 2 * EVENT_HASH && bytes_has_prefix(item.data, "sha256:") &&
           text_unhex(ret, EVENT_HASH, (struct bytes){item.data.p + 7, item.data.n - 7}) == 0;
}

/* Notes an artifact that was put, which must exist or be erased, or a cursor, which must exist. */
static void note_stored(struct verify_checker *c, const struct event_header *h, struct bytes body) {
    struct verify_stored *stored = &c->stored[c->n_stored];
    stored->seq = h->seq;
    stored->cursor = bytes_is(h->kind, "ledger.imported");
    if (verify_digest_get(body, stored->cursor ? "cursor" : "digest", stored->digest)) {
        c->n_stored++;
    } else if (!stored->cursor) {
        fault(c, "", LOG_INTEGRITY, h->seq, NULL, "it does not say which artifact was put");
    }
}

/* Checks the body and everything that depends on it. */
static int check_body(struct verify_checker *c, const struct group_event *e, const struct event_header *h,
                      struct err *err) {
    struct event_author author = {0};
    struct bytes body;
    int rc = check_payload(c, e, h, &body, &author, err);
    if (rc != 0) return rc;
    if (is_own_kind(h)) {
        c->noticed = c->noticed || verify_is_epoch_event(h); /* a quiet check cannot judge these */
        rc = c->quiet ? 0 : verify_epoch_event(c->v, h, body, err);
        if (bytes_is(h->kind, "ledger.stored") || bytes_is(h->kind, "ledger.imported")) {
            note_stored(c, h, body);
        } else if (bytes_is(h->kind, "ledger.erased")) {
            c->noticed = true;
            if (rc == 0 && !c->quiet) rc = verify_claim(c->v, h, body, err);
        }
    }
    if (rc == 0 && author.name.n != 0) rc = check_author(c, h, body, &author, err);
    if (rc == 0 && c->build_run) rc = keyrun_of_decoded(h, &author, put_pair, &c->key_run, err);
    return rc;
}

static int check_decoded(struct verify_checker *c, const struct group_event *e, const struct event_header *h, uint64_t seq,
                         struct err *err) {
    check_order(c, h, seq);
    if (seq == 0 && !c->quiet) {
        memcpy(c->v->genesis, e->leaf, EVENT_HASH);
    }
    bool large = (e->where == GROUP_EXTERNAL && take_for_record(c, T_PAYLOAD, seq)) ||
                 (h->private_ != NULL && take_for_record(c, T_PRIVATE, seq));
    int rc = check_body(c, e, h, err);
    rc = rc < 0 ? rc : check_private(c, h, err);
    if (large) {
        give_large(c);
    }
    if (is_own_kind(h) && bytes_is(h->kind, "ledger.gap")) {
        c->counts.first_gap = c->counts.gaps == 0 ? seq : c->counts.first_gap;
        c->counts.gaps++;
    }
    return rc;
}

int verify_check_event(struct verify_checker *c, size_t i, struct err *err) {
    struct event_header h;
    const struct group_event *e = &c->group->event[i];
    uint64_t seq = c->group->index * EVENT_GROUP + i;
    int rc = event_header_decode(e->header, &h, &c->why);
    if (rc != 0) {
        fault(c, "F1", LOG_INTEGRITY, seq, NULL, "%s", c->why.msg);
    } else {
        rc = check_decoded(c, e, &h, seq, err);
    }
    memcpy(c->chain->prev, e->leaf, EVENT_HASH);
    c->chain->prev_known = true;
    return err_is_system(rc) ? rc : 0;
}

/* ---- key runs ---- */

static int compare_key_run(struct verify_checker *c, uint64_t first, struct err *err) {
    struct bytes record = {NULL, 0};
    int rc = db_get_u64(c->view->txn, T_KEYRUN, first, &record, err);
    if (rc != 0 && rc != ERR_NOTFOUND) return rc;
    /* a snapshot taken later may have moved older runs to derived data already */
    bool moved = rc == ERR_NOTFOUND && first < c->view->head.keyed_from;
    if (!moved && !bytes_eq(record, bytes_of_buf(&c->key_run))) {
        fault(c, "", LOG_INTEGRITY, first, "keyrun", "the keys of events %llu..%llu are not those of the events",
              (unsigned long long)first, (unsigned long long)(first + EVENT_GROUP - 1));
    }
    return 0;
}

int verify_check_key_run(struct verify_checker *c, struct err *err) {
    uint64_t first = c->group->index * EVENT_GROUP;
    if (c->group->n < EVENT_GROUP) return 0;
    buf_clear(&c->key_run);
    int rc = first < c->v->head.keyed_from ? 0 : keyrun_of_group(c->view->txn, c->group, put_pair, &c->key_run, &c->why);
    if (rc != 0) {
        return err_is_system(rc) ? err_set(err, rc, "%s", c->why.msg) : 0; /* a damaged payload: reported already */
    }
    return compare_key_run(c, first, err);
}

/* ---- the quiet check of a whole group ---- */

/* The chain within the group needs no check: group_decode built it. */
static int check_events(struct verify_checker *c) {
    struct event_header h = {0};
    uint64_t first = c->group->index * EVENT_GROUP;
    int rc = 0;
    buf_clear(&c->key_run);
    for (size_t i = 0; i < EVENT_GROUP && rc == 0 && !c->noticed; i++) {
        rc = group_header(c->group, i, &h) ? check_decoded(c, &c->group->event[i], &h, first + i, NULL) : ERR_CORRUPT;
    }
    if (rc == 0 && !c->noticed) rc = buf_check(&c->key_run, "a key run", NULL);
    if (rc == 0 && !c->noticed) rc = compare_key_run(c, first, NULL);
    return rc;
}

/* The compact range over the group's first n leaves. */
static size_t edge_of(const struct verify_checker *c, size_t n, uint8_t (*ret)[EVENT_HASH]) {
    size_t count = 0, at = 0;
    for (size_t width = EVENT_GROUP / 2; width > 0; width /= 2) {
        if ((n & width) != 0) {
            memcpy(ret[count++], c->tree[(EVENT_GROUP + at) / width], EVENT_HASH);
            at += width;
        }
    }
    return count;
}

static bool take_mark(struct verify_checker *c, const struct verify_known *known, uint64_t size, struct bytes record,
                      struct verify_part *ret) {
    if (ret->n_marks == VERIFY_MARKS) return false;
    struct verify_mark *m = &ret->mark[ret->n_marks++];
    m->size = size;
    m->at = ret->records.n;
    m->n = record.n;
    m->n_edge = edge_of(c, (size_t)(size - c->group->index * EVENT_GROUP) % EVENT_GROUP, m->edge);
    verify_judge_keys(record.n < 1 ? record : (struct bytes){record.p + 1, record.n - 1}, known, &c->note, &m->judged);
    return buf_put_bytes(&ret->records, record) == 0;
}

/* Takes the kept checkpoints whose sizes end in this group. */
static bool take_marks(struct verify_checker *c, const struct verify_known *known, struct verify_part *ret) {
    struct db_cursor *cursor;
    struct bytes key, record;
    uint8_t from[8], end[8];
    uint64_t first = c->group->index * EVENT_GROUP;
    if (db_cursor_open(c->view->txn, T_CHECKPOINT, &cursor, NULL) != 0) return false;
    be64_put(from, first + 1);
    be64_put(end, first + EVENT_GROUP + 1);
    int rc = db_cursor_seek(cursor, (struct bytes){from, sizeof(from)}, &key, &record, NULL);
    for (uint64_t last = first; rc == 0 && bytes_cmp(key, (struct bytes){end, sizeof(end)}) < 0;) {
        uint64_t size = key.n == sizeof(from) ? be64_get(key.p) : 0;
        bool good = size > last && take_mark(c, known, size, record, ret); /* a damaged table may loop */
        rc = good ? db_cursor_next(cursor, &key, &record, NULL) : ERR_CORRUPT;
        last = size;
    }
    db_cursor_close(cursor);
    return rc >= 0;
}

static bool check_group(struct verify_checker *c, uint64_t index, const struct verify_known *known,
                        struct verify_part *ret) {
    struct group *group = c->group;
    if (index >= c->view->head.size / EVENT_GROUP ||
        core_group_load(c->view->txn, &c->view->head, index, group, NULL, NULL) != 0 || check_events(c) != 0 ||
        c->noticed) {
        return false;
    }
    group_tree(group, c->tree);
    memcpy(ret->prev, group->prev, EVENT_HASH);
    memcpy(ret->last, group->event[EVENT_GROUP - 1].leaf, EVENT_HASH);
    memcpy(ret->root, c->tree[1], EVENT_HASH);
    ret->first_time = group->event[0].facts.time;
    ret->last_time = group->event[EVENT_GROUP - 1].facts.time;
    ret->counts = c->counts;
    ret->n_authors = c->n_authors;
    memcpy(ret->author, c->author, c->n_authors * sizeof(c->author[0]));
    ret->n_stored = c->n_stored;
    memcpy(ret->stored, c->stored, c->n_stored * sizeof(c->stored[0]));
    return take_marks(c, known, ret);
}

void verify_check_quietly(struct verify_checker *c, uint64_t index, const struct verify_known *known,
                          struct verify_part *ret) {
    struct verify_chain chain = {0};
    struct bytes record;
    c->quiet = true;
    c->noticed = false;
    c->chain = &chain;
    c->genesis = known->genesis;
    c->origin = known->origin;
    c->build_run = index * EVENT_GROUP >= c->v->head.keyed_from;
    c->n_authors = c->n_stored = 0;
    memset(&c->counts, 0, sizeof(c->counts));
    buf_clear(&ret->records);
    ret->n_marks = 0;
    ret->known = known->version;
    ret->good = false;
    if (verify_view_renew(c->view, c->renewed, NULL) != 0 ||
        db_get_u64(c->view->txn, T_BUNDLE, index, &record, NULL) != 0) {
        return;
    }
    bool large = group_declared(record) >= verify_large_group(c->spaces) && take_large(c);
    c->group = large ? c->large->group : c->group;
    ret->good = check_group(c, index, known, ret);
    if (large) {
        give_large(c);
    }
}
