/* There are few kinds, so each text is kept about once: a table of slots by hash finds most of them again. */
#include "cli/states/diff_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/mp.h"
#include "query/condition/field.h"

#define KINDS_BYTES ((size_t)1 << 28)
#define SLOTS       256

struct reading {
    struct diff_events *events;
    struct {
        size_t at, n;
        bool heard;
    } slots[SLOTS];
    size_t *kind_at; /* of each event; the buffer moves while it grows */
};

static bool is_heard(struct bytes kind) {
    /* steps and observations of entities that already exist */
    static const char *const steps[] = {
        "*.upgraded",    "*.configured",  "*.removed",     "*.observed",     "*.changed",
        "*.checked",     "*.parked",      "*.unparked",    "*.expired",      "*.revoked",
        "*.used",        "*.offline",     "*.online",      "*.fell_back",    "*.loaded",
        "*.unloaded",    "*.unreachable", "*.profiled",    "*.aborted",      "*.rolled_back",
        "*.invalidated", "run.finished",  "route.decided", "install.failed", "promotion.tripped"};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (glob_match(bytes_of(steps[i]), kind)) return true;
    }
    return false;
}

/* Returns the number of its slot. */
static size_t keep_kind(struct reading *r, struct bytes kind) {
    struct buf *kinds = &r->events->kinds;
    size_t h = kind.n;
    for (size_t i = 0; i < kind.n; i++) {
        h = 31 * h + kind.p[i];
    }
    h %= SLOTS;
    if (kinds->n == 0 || r->slots[h].n != kind.n || memcmp(kinds->p + r->slots[h].at, kind.p, kind.n) != 0) {
        r->slots[h].at = kinds->n;
        r->slots[h].n = kind.n;
        r->slots[h].heard = is_heard(kind);
        buf_put_bytes(kinds, kind);
    }
    return h;
}

static void add_event(struct reading *r, const struct log_event *event) {
    struct bytes before;
    size_t slot = keep_kind(r, event->kind);
    bool moved = bytes_is(event->kind, "model.alias_set") && mp_map_get(event->body, "digest_before", &before) == 0;
    r->kind_at[r->events->n] = r->slots[slot].at;
    r->events->events[r->events->n++] =
        (struct diff_event){.seq = event->seq,
                            .time = event->time,
                            .happened = (uint64_t)field_happened_of(event->time, event->body).int_,
                            .kind = {NULL, event->kind.n},
                            .heard = moved || r->slots[slot].heard};
}

static int read_all(struct reading *r, struct log_reader *reader, const uint64_t *seqs, size_t n, struct damage *damage,
                    const volatile int *stop, struct err *err) {
    for (size_t i = 0; i < n; i++) {
        struct log_event event;
        struct err why = {0};
        if (*stop != 0) return err_set(err, ERR_BUSY, "interrupted");
        log_reader_seek(reader, seqs[i]);
        int rc = log_reader_next(reader, &event, &why);
        if (err_is_damage(rc)) {
            damage_note(damage, &why);
        } else if (rc < 0) {
            *err = why;
            return rc;
        } else if (rc == 0) {
            add_event(r, &event);
        }
    }
    return buf_check(&r->events->kinds, "the kinds of what changed", err);
}

int diff_events_read(struct diff_events *events, struct ledger *ledger, const uint64_t *seqs, size_t n,
                     struct damage *damage, const volatile int *stop, struct err *err) {
    struct reading r = {.events = events};
    struct log_reader *reader = NULL;
    *events = (struct diff_events){0};
    buf_init(&events->kinds, KINDS_BYTES);
    if (n == 0) return 0;
    events->events = calloc(n, sizeof(*events->events));
    r.kind_at = calloc(n, sizeof(*r.kind_at));
    int rc = events->events && r.kind_at ? log_reader_open(ledger, 0, seqs[n - 1] + 1, &reader, err)
                                         : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) rc = read_all(&r, reader, seqs, n, damage, stop, err);
    for (size_t i = 0; rc == 0 && i < events->n; i++) {
        events->events[i].kind.p = events->kinds.p + r.kind_at[i];
    }
    log_reader_close(reader);
    free(r.kind_at);
    return rc;
}

const struct diff_event *diff_events_find(const struct diff_events *events, uint64_t seq) {
    size_t from = 0, to = events->n;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (events->events[at].seq == seq) return &events->events[at];
        from = events->events[at].seq < seq ? at + 1 : from;
        to = events->events[at].seq < seq ? to : at;
    }
    return NULL;
}

void diff_events_done(struct diff_events *events) {
    free(events->events);
    buf_done(&events->kinds);
    *events = (struct diff_events){0};
}
