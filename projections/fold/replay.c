/* A pass over groups. There are few kinds and they come in bursts, so the projections that take a kind are cached by its
 * text; an event that none takes costs no more than its header. */
#include "projections/fold/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/erase/erase.h"
#include "ledger/read/prefetch.h"

#define AHEAD_MIN  16 /* groups; fewer are not worth a thread */
#define KINDS_KEPT 64 /* a power of two */
#define KIND_MAX   64 /* longer ones are not kept */

struct known_kind {
    uint8_t n;
    char text[KIND_MAX];
    uint32_t takers; /* a bit for each part */
};

struct replay {
    struct ledger *ledger;
    struct core_view view; /* the snapshot of when it was opened */
    bool awake;            /* its transaction is open */
    struct log_reader *reader;
    struct prefetch *ahead; /* for long walks; NULL: none yet */
    uint64_t until;         /* all events up to here will be read */
    struct fold_input *input;
    struct replay_part *part[PROJECTIONS_MAX];
    size_t n;
    uint64_t damaged;
    struct buf payload; /* a payload that has its own record */
    const struct replay_watch *watch;
    const struct replay_effect *effect; /* NULL: none */
    void *effect_state;                 /* NULL: none was needed yet */
    struct known_kind kind[KINDS_KEPT];
};

int replay_open(struct ledger *ledger, const struct replay_effect *effect, struct replay **ret, struct err *err) {
    struct replay *r = calloc(1, sizeof(*r));
    if (r == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = core_view_begin(ledger, &r->view, err);
    if (rc != 0) {
        free(r);
        return rc;
    }
    r->ledger = ledger;
    r->effect = effect;
    r->awake = true;
    r->damaged = LOG_NO_SEQ;
    buf_init(&r->payload, EVENT_PAYLOAD_MAX);
    *ret = r;
    return 0;
}

void replay_close(struct replay *r) {
    if (r != NULL) {
        prefetch_free(r->ahead);
        log_reader_close(r->reader);
        core_view_end(&r->view);
        fold_input_free(r->input);
        buf_done(&r->payload);
        if (r->effect != NULL) {
            r->effect->close(r->effect_state);
        }
        free(r);
    }
}

bool replay_may_read(const struct replay *r, uint64_t generation) {
    return erase_is_done(r->view.txn, generation);
}

uint64_t replay_size(const struct replay *r) {
    return r->view.head.size;
}

uint64_t replay_damaged(const struct replay *r) {
    return r->damaged;
}

void replay_expect(struct replay *r, uint64_t until) {
    r->until = until;
}

void replay_watch(struct replay *r, const struct replay_watch *watch) {
    r->watch = watch;
}

bool replay_affected(const struct replay *r) {
    return r->effect_state != NULL;
}

void replay_parts(struct replay *r, struct replay_part *const *parts, size_t n) {
    memcpy(r->part, parts, n * sizeof(parts[0]));
    r->n = n;
    memset(r->kind, 0, sizeof(r->kind));
}

/* ---- looking ---- */

/* The incomplete group, in the snapshot. */
static bool in_tail(const struct replay *r, uint64_t seq) {
    uint64_t size = r->view.head.size;
    return r->awake && seq < size && seq / EVENT_GROUP == size / EVENT_GROUP;
}

/* Releases the snapshot while callers take their time. */
static void let_rest(struct replay *r) {
    if (r->awake) {
        db_rest(r->view.txn);
        r->awake = false;
    }
}

static int group_of(struct replay *r, uint64_t seq, const struct group **ret, struct err *err) {
    int rc = 0;
    let_rest(r);
    if (r->reader == NULL) rc = log_reader_open(r->ledger, 0, LOG_NO_SEQ, &r->reader, err);
    if (rc == 0) rc = reader_group(r->reader, seq / EVENT_GROUP, ret, err);
    if (rc == 0 && seq % EVENT_GROUP >= (*ret)->n) {
        rc = err_set(err, ERR_CORRUPT, "event %llu no longer exists", (unsigned long long)seq);
    }
    return rc;
}

/* Full groups below it will be read. */
static uint64_t groups_to(const struct replay *r) {
    return (r->until < r->view.head.size ? r->until : r->view.head.size) / EVENT_GROUP;
}

static uint64_t group_after(const void *ctx, uint64_t index) {
    return index + 1 < groups_to(ctx) ? index + 1 : LOG_NO_SEQ;
}

/* The same, as the next one of a walk; for a long walk, threads read ahead. */
static int next_group(struct replay *r, uint64_t seq, struct log_reader **ret_reader, const struct group **ret,
                      struct err *err) {
    uint64_t index = seq / EVENT_GROUP, to = groups_to(r);
    if (r->ahead == NULL && index + AHEAD_MIN <= to) {
        int rc = prefetch_new(r->ledger, &r->ahead, err);
        if (rc != 0) return rc;
    }
    if (r->ahead != NULL && index < to) {
        let_rest(r);
        return prefetch_group(r->ahead, index, true, group_after, r, ret_reader, ret, err);
    }
    int rc = group_of(r, seq, ret, err);
    *ret_reader = r->reader;
    return rc;
}

struct tail_event {
    struct event_header header;
    struct bytes bytes, payload;
    enum group_payload where;
    const uint8_t *salt; /* from its record; NULL: derived from the seed */
};

static int read_tail(struct replay *r, uint64_t seq, struct tail_event *ret, struct err *err) {
    struct bytes record;
    int rc = db_get_u64(r->view.txn, T_TAIL, seq, &record, err);
    if (rc == ERR_NOTFOUND) {
        rc = err_set(err, ERR_CORRUPT, "the record of event %llu is missing", (unsigned long long)seq);
    }
    if (rc == 0) rc = group_tail_decode(record, &ret->bytes, &ret->payload, &ret->where, err);
    rc = core_stored(rc != 0 ? rc : event_header_decode(ret->bytes, &ret->header, err), err);
    if (rc == 0 && ret->header.seq != seq) {
        rc = err_set(err, ERR_CORRUPT, "the record of event %llu holds seq %llu", (unsigned long long)seq,
                     (unsigned long long)ret->header.seq);
    }
    if (rc == 0) {
        ret->salt = group_tail_salt(record);
    }
    return rc;
}

int replay_leaf(struct replay *r, uint64_t size, uint8_t ret[LOG_HASH], uint64_t *ret_time, struct err *err) {
    uint8_t leaf[LOG_HASH] = {0};
    const struct group *group;
    struct tail_event event;
    uint64_t time = 0;
    int rc = 0;
    if (size == r->view.head.size) {
        memcpy(leaf, r->view.head.prev, sizeof(leaf));
        time = r->view.head.time;
    } else if (size > 0 && ret_time == NULL && in_tail(r, size)) {
        rc = read_tail(r, size, &event, err); /* the event that follows names it */
        if (rc == 0) {
            memcpy(leaf, event.header.prev, sizeof(leaf));
        }
    } else if (size > 0 && in_tail(r, size - 1)) {
        rc = read_tail(r, size - 1, &event, err);
        if (rc == 0) {
            event_leaf(leaf, event.bytes);
            time = event.header.time;
        }
    } else if (size > 0) {
        rc = group_of(r, size - 1, &group, err);
        if (rc == 0) {
            memcpy(leaf, group->event[(size - 1) % EVENT_GROUP].leaf, sizeof(leaf));
            time = group->event[(size - 1) % EVENT_GROUP].facts.time;
        }
    }
    if (rc == 0 && ret != NULL) {
        memcpy(ret, leaf, sizeof(leaf));
    }
    if (rc == 0 && ret_time != NULL) {
        *ret_time = time;
    }
    return rc;
}

int replay_kind(struct replay *r, uint64_t seq, uint8_t ret_leaf[LOG_HASH], char **ret_kind, struct err *err) {
    struct event_header header = {0};
    struct tail_event event;
    const struct group *group;
    bool tail = in_tail(r, seq);
    int rc = tail ? read_tail(r, seq, &event, err) : group_of(r, seq, &group, err);
    if (rc == 0 && tail) {
        header = event.header;
        event_leaf(ret_leaf, event.bytes);
    } else if (rc == 0) {
        const struct bytes bytes = group->event[seq % EVENT_GROUP].header;
        memcpy(ret_leaf, group->event[seq % EVENT_GROUP].leaf, LOG_HASH);
        rc = core_stored(event_header_decode(bytes, &header, err), err);
    }
    if (rc == 0 && (*ret_kind = strndup((const char *)header.kind.p, header.kind.n)) == NULL) {
        rc = err_set(err, ERR_NOMEM, "out of memory");
    }
    return rc;
}

int replay_same(struct replay *r, uint64_t size, const uint8_t leaf[LOG_HASH], bool *ret, struct err *err) {
    uint8_t there[LOG_HASH];
    if (size > r->view.head.size) {
        *ret = false;
        return 0;
    }
    int rc = replay_leaf(r, size, there, NULL, err);
    if (rc == 0) {
        *ret = memcmp(there, leaf, sizeof(there)) == 0;
    }
    return rc;
}

/* ---- giving ---- */

static bool has_effect(const struct replay *r, struct bytes kind) {
    return r->effect != NULL && r->effect->is(kind);
}

static uint32_t takers_of(struct replay *r, struct bytes kind) {
    uint32_t hash = 2166136261U, takers = 0;
    for (size_t i = 0; i < kind.n; i++) {
        hash = (hash ^ kind.p[i]) * 16777619U;
    }
    struct known_kind *k = &r->kind[(hash ^ hash >> 16) % KINDS_KEPT];
    if (k->n > 0 && k->n == kind.n && memcmp(k->text, kind.p, kind.n) == 0) return k->takers;
    bool affects = has_effect(r, kind); /* it concerns all parts */
    for (size_t i = 0; i < r->n; i++) {
        takers |= (uint32_t)(affects || projection_takes(r->part[i]->projection, kind)) << i;
    }
    if (kind.n > 0 && kind.n <= KIND_MAX) {
        k->n = (uint8_t)kind.n;
        memcpy(k->text, kind.p, kind.n);
        k->takers = takers;
    }
    return takers;
}

/* The parts that have reached this event and can continue. */
static uint32_t ready_of(const struct replay *r, uint64_t seq) {
    uint32_t ready = 0;
    for (size_t i = 0; i < r->n; i++) {
        ready |= (uint32_t)(!r->part[i]->stopped && r->part[i]->position <= seq) << i;
    }
    return ready;
}

static void stop_part(struct replay_part *part, uint64_t seq, const uint8_t *leaf, const struct err *why) {
    part->stopped = true;
    part->position = seq;
    memcpy(part->leaf, leaf, LOG_HASH);
    part->failed_seq = seq;
    size_t n = strnlen(why->msg, sizeof(part->failed) - 1);
    n = text_utf8_valid((const uint8_t *)why->msg, n); /* whole characters only */
    memcpy(part->failed, why->msg, n);
    part->failed[n] = '\0';
}

static int note_damage(struct replay *r, uint64_t seq, int rc) {
    if (err_is_damage(rc)) {
        r->damaged = seq;
    }
    return rc;
}

/* Applies the event's effect to the rows of the parts that are ready. *takers: the parts that then take the event itself.
 * If the log cannot be read where the effect needs it, the pass ends here: the rows would be unknown. */
static int apply_effect(struct replay *r, uint32_t *takers, const struct log_event *event, const uint8_t *before,
                        struct err *err) {
    struct replay_part *part[PROJECTIONS_MAX];
    size_t n = 0;
    for (uint32_t left = *takers; left != 0; left &= left - 1) {
        part[n++] = r->part[__builtin_ctz(left)];
    }
    int rc = r->effect->prepare(&r->effect_state, r->ledger, r->view.head.size, event, part, n, err);
    rc = note_damage(r, event->seq, rc);
    for (uint32_t left = *takers; left != 0 && rc == 0; left &= left - 1) {
        struct replay_part *one = r->part[__builtin_ctz(left)];
        struct err why = {0};
        rc = r->effect->apply(r->effect_state, event, one, &why, err);
        if (rc == 1) {
            stop_part(one, event->seq, before, &why);
            rc = 0;
        }
        if (one->stopped || !projection_takes(one->projection, event->kind)) {
            *takers &= ~(left & -left);
        }
    }
    return rc;
}

static bool is_skipped(const struct replay_part *part, uint64_t seq) {
    size_t i = 0;
    while (i < part->n_skip && part->skip[i].seq != seq) {
        i++;
    }
    return i < part->n_skip;
}

/* `before`: the leaf of the event before. */
static int deliver(struct replay *r, uint32_t takers, const struct log_event *event, const uint8_t *before,
                   struct err *err) {
    struct err why = {0};
    int rc = 0, all = 0;
    if (r->input == NULL) rc = fold_input_new(upcast_all, upcast_count, &r->input, err);
    if (rc == 0 && r->watch != NULL) rc = r->watch->before(r->watch->ctx, event, err);
    if (rc == 0 && has_effect(r, event->kind)) rc = apply_effect(r, &takers, event, before, err);
    all = rc != 0 ? rc : fold_input_set(r->input, event, &why);
    for (; takers != 0 && rc == 0; takers &= takers - 1) {
        struct replay_part *part = r->part[__builtin_ctz(takers)];
        int one = all != 0 ? all : is_skipped(part, event->seq) ? 0 : fold_apply(part->fold, r->input, &why);
        if (err_is_system(one)) { /* the machine failed, not the event */
            rc = err_set(err, one, "%s", why.msg);
        } else if (one != 0) {
            stop_part(part, event->seq, before, &why);
        }
    }
    if (rc == 0 && r->watch != NULL) {
        rc = r->watch->after(r->watch->ctx, event, all == 0 ? fold_input_when(r->input) : event->time, err);
    }
    return rc;
}

/* Body and author from a payload whose hash was checked. Most are unsigned: then the body is everything between the array's
 * head and the nil at its end, and folds parse it themselves. A signature's last 66 bytes are a bin64. */
static int open_payload(struct bytes payload, struct log_event *event, struct err *err) {
    struct event_author author = {0};
    size_t n = payload.n;
    event->payload = payload;
    if (n >= 3 && payload.p[0] == 0x92 && payload.p[n - 1] == 0xc0 &&
        (n < 67 || payload.p[n - 66] != 0xc4 || payload.p[n - 65] != 0x40)) {
        event->body = (struct bytes){payload.p + 1, n - 2};
        return 0;
    }
    int rc = event_payload_decode(payload, &event->body, &author, err);
    event->author = author.name;
    return rc;
}

/* ---- passes ---- */

static const uint8_t *leaf_before(const struct group *group, size_t i) {
    return i == 0 ? group->prev : group->event[i - 1].leaf;
}

/* All parts that are ready are at `seq` now. */
static void set_positions(struct replay *r, uint64_t seq, const uint8_t *leaf) {
    for (size_t i = 0; i < r->n; i++) {
        struct replay_part *part = r->part[i];
        if (!part->stopped && part->position < seq) {
            part->position = seq;
            memcpy(part->leaf, leaf, LOG_HASH);
            part->failed_seq = LOG_NO_SEQ;
            part->failed[0] = '\0';
        }
    }
}

/* Events [seq, to) of one group. */
static int run_group(struct replay *r, uint64_t seq, uint64_t to, struct err *err) {
    struct event_header header = {0};
    struct log_event event;
    struct log_reader *reader;
    const struct group *group;
    int rc = next_group(r, seq, &reader, &group, err);
    uint64_t from = seq;
    if (rc != 0) return note_damage(r, seq, rc);
    for (; seq < to; seq++) {
        size_t i = (size_t)(seq % EVENT_GROUP);
        struct bytes payload = {NULL, 0};
        if (!group_header(group, i, &header)) {
            rc = event_header_decode(group->event[i].header, &header, err);
            if (rc == 0) rc = err_set(err, ERR_CORRUPT, "the header of event %llu does not parse", (unsigned long long)seq);
            rc = note_damage(r, seq, rc);
            break;
        }
        uint32_t takers = takers_of(r, header.kind);
        takers = takers != 0 ? takers & ready_of(r, seq) : 0;
        if (takers == 0) continue;
        event = (struct log_event){0};
        event_of_header(&header, group->event[i].header, group->event[i].leaf, &event);
        rc = group->event[i].where == GROUP_ERASED ? 0 : reader_payload(reader, i, &header, &payload, err);
        rc = note_damage(r, seq, rc != 0 || payload.n == 0 ? rc : open_payload(payload, &event, err));
        if (rc == 0) rc = deliver(r, takers, &event, leaf_before(group, i), err);
        if (rc != 0) break;
    }
    if (seq > from && (rc == 0 || r->damaged == seq)) {
        set_positions(r, seq, group->event[(seq - 1) % EVENT_GROUP].leaf);
    }
    return rc;
}

static int tail_payload(struct replay *r, const struct tail_event *t, struct bytes *payload, struct err *err) {
    const struct event_header *h = &t->header;
    uint8_t salt[EVENT_HASH], commit[EVENT_HASH];
    int rc = 0;
    *payload = t->payload;
    if (t->where == GROUP_EXTERNAL) {
        buf_clear(&r->payload);
        rc = core_payload_get(r->view.txn, h->seq, &r->payload, err);
        *payload = bytes_of_buf(&r->payload);
    }
    event_salt(salt, r->view.head.seed, h->seq);
    event_body_commit(commit, t->salt != NULL ? t->salt : salt, *payload);
    if (rc == 0 && memcmp(commit, h->body, EVENT_HASH) != 0) {
        rc = err_set(err, ERR_TAMPERED, "event %llu is not what was written: its payload differs from its commitment",
                     (unsigned long long)h->seq);
    }
    return rc;
}

static int differs_from_next(uint64_t seq, struct err *err) {
    return err_set(err, ERR_TAMPERED, "event %llu is not what was written: the next event's prev differs from its leaf",
                   (unsigned long long)seq);
}

/* The event after seq, or the head, must name its leaf. */
static int check_leaf(struct replay *r, uint64_t seq, const uint8_t *leaf, struct tail_event *ret_next, struct err *err) {
    if (seq + 1 < r->view.head.size) {
        int rc = read_tail(r, seq + 1, ret_next, err);
        if (rc == 0 && memcmp(ret_next->header.prev, leaf, LOG_HASH) != 0) rc = differs_from_next(seq, err);
        return rc;
    }
    if (memcmp(leaf, r->view.head.prev, LOG_HASH) == 0) return 0;
    return err_set(err, ERR_TAMPERED, "event %llu is not what was written: its leaf is not the head's",
                   (unsigned long long)seq);
}

static int deliver_tail(struct replay *r, uint64_t seq, const struct tail_event *t, const uint8_t *before,
                        const uint8_t *leaf, struct err *err) {
    struct log_event event = {0};
    struct bytes payload;
    uint32_t takers = takers_of(r, t->header.kind) & ready_of(r, seq);
    int rc = 0;
    if (takers == 0) return 0;
    event_of_header(&t->header, t->bytes, leaf, &event);
    if (t->where != GROUP_ERASED) {
        rc = tail_payload(r, t, &payload, err);
        rc = note_damage(r, seq, rc != 0 ? rc : open_payload(payload, &event, err));
    }
    if (rc == 0) rc = deliver(r, takers, &event, before, err);
    return rc;
}

/* Events [seq, to) of the tail, after one whose leaf is `leaf`. Each is delivered only once its successor was seen to name
 * it. */
static int run_tail(struct replay *r, uint64_t seq, uint64_t to, uint8_t leaf[LOG_HASH], struct err *err) {
    struct tail_event event[2];
    uint8_t own[LOG_HASH];
    int rc = seq < to ? read_tail(r, seq, &event[seq % 2], err) : 0;
    if (rc == 0 && seq < to && memcmp(event[seq % 2].header.prev, leaf, LOG_HASH) != 0) {
        rc = differs_from_next(seq - (seq != 0), err);
    }
    rc = note_damage(r, seq, rc);
    for (; rc == 0 && seq < to; seq++) {
        const struct tail_event *this = &event[seq % 2];
        event_leaf(own, this->bytes);
        rc = note_damage(r, seq, check_leaf(r, seq, own, &event[(seq + 1) % 2], err));
        if (rc == 0) rc = deliver_tail(r, seq, this, leaf, own, err);
        if (rc != 0) break;
        memcpy(leaf, own, sizeof(own));
    }
    if (rc == 0 || r->damaged == seq) {
        set_positions(r, seq, leaf);
    }
    return rc;
}

/* The part that is furthest behind; NULL: all have reached `to`. */
static struct replay_part *last_part(const struct replay *r, uint64_t to) {
    struct replay_part *last = NULL;
    for (size_t i = 0; i < r->n; i++) {
        struct replay_part *p = r->part[i];
        if (!p->stopped && p->position < to && (last == NULL || p->position < last->position)) {
            last = p;
        }
    }
    return last;
}

static bool is_enough(const struct replay *r, const struct replay_limits *limits) {
    size_t bytes = 0, rows = 0;
    for (size_t i = 0; i < r->n; i++) {
        bytes += rows_bytes(r->part[i]->rows);
        rows += rows_dirty(r->part[i]->rows);
    }
    return (limits->bytes_max != 0 && bytes >= limits->bytes_max) || (limits->rows_max != 0 && rows >= limits->rows_max);
}

int replay_run(struct replay *r, uint64_t to, const struct replay_limits *limits, uint64_t *ret_to, struct err *err) {
    struct replay_part *last;
    uint64_t done = 0, at = to;
    int rc = 0;
    r->until = r->until > to ? r->until : to;
    while (rc == 0 && (last = last_part(r, to)) != NULL) {
        uint64_t seq = last->position, end = (seq / EVENT_GROUP + 1) * EVENT_GROUP;
        end = end < to ? end : to;
        if (in_tail(r, seq)) {
            uint8_t leaf[LOG_HASH];
            memcpy(leaf, last->leaf, sizeof(leaf));
            rc = run_tail(r, seq, end, leaf, err);
        } else {
            rc = run_group(r, seq, end, err);
        }
        done += end - seq;
        if (rc == 0 && limits->progress != NULL) {
            limits->progress(limits->progress_ctx, done);
        }
        if (rc == 0 && limits->stop != NULL && *limits->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        }
        if (rc == 0 && end < to && is_enough(r, limits)) {
            at = end;
            break;
        }
    }
    if (rc == 0) {
        *ret_to = at;
    }
    return rc;
}
