/* One pass over the headers up to the head, and the bodies of the few that are ledger.erased. */
#include "export/erasures.h"

#include <stdlib.h>

#include "base/mp.h"

static bool is_wanted(const struct cut *cut, uint64_t seq) {
    return cut->options->seqs != NULL ? cut_chosen_from(cut->options, seq) == seq
                                      : seq >= cut->counts.from && seq < cut->counts.to;
}

static int add(struct erasures *e, const struct cut *cut, const struct mp_item *item, uint64_t by, struct err *err) {
    if (item->type != MP_UINT || !is_wanted(cut, item->uint)) {
        return 0;
    }
    if (e->n == BUNDLE_ERASED_MAX) {
        return err_set(err, ERR_LIMIT, "the range has more than %zu erased events", BUNDLE_ERASED_MAX);
    }
    if (e->n == e->cap) {
        size_t cap = e->cap == 0 ? 64 : 2 * e->cap;
        struct erasure *grown = realloc(e->of, cap * sizeof(*grown));
        if (grown == NULL) {
            return err_set(err, ERR_NOMEM, "out of memory");
        }
        e->of = grown;
        e->cap = cap;
    }
    e->of[e->n++] = (struct erasure){item->uint, by};
    return 0;
}

static int take(struct erasures *e, const struct cut *cut, const struct ledger_event *event, struct err *err) {
    struct bytes raw;
    struct mp_item item;
    struct mp_reader r;
    if (mp_map_get(event->body, "what", &raw) != 0 || mp_scalar(raw, &item) != 0 || item.type != MP_STR ||
        !bytes_is(item.data, "body")) {
        return 0;
    }
    if (mp_map_get(event->body, "seq", &raw) == 0) {
        return mp_scalar(raw, &item) != 0 ? 0 : add(e, cut, &item, event->seq, err);
    }
    if (mp_map_get(event->body, "seqs", &raw) != 0) {
        return 0;
    }
    int rc = 0;
    mp_reader_init(&r, raw);
    uint32_t n = mp_next(&r, &item, NULL) == 0 && item.type == MP_ARRAY ? item.count : 0;
    for (; n > 0 && rc == 0 && mp_next(&r, &item, NULL) == 0; n--) {
        rc = add(e, cut, &item, event->seq, err);
    }
    return rc;
}

static int by_seq(const void *a, const void *b) {
    const struct erasure *x = a, *y = b;
    return x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : x->by < y->by ? -1 : x->by > y->by;
}

int erasures_find(struct erasures *e, const struct cut *cut, struct err *err) {
    struct ledger_reader *reader;
    struct ledger_event event;
    int rc = ledger_reader_open(cut->ledger, cut->counts.from, cut->counts.head.size, &reader, err);
    if (rc != 0) {
        return rc;
    }
    while ((rc = ledger_reader_next(reader, &event, err)) == 0) {
        if (cut->options->stop != NULL && *cut->options->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
            break;
        }
        rc = bytes_is(event.kind, "ledger.erased") ? take(e, cut, &event, err) : 0;
        if (rc != 0) {
            break;
        }
    }
    ledger_reader_close(reader);
    if (e->n > 1) {
        qsort(e->of, e->n, sizeof(*e->of), by_seq);
    }
    return rc < 0 ? rc : 0;
}

void erasures_done(struct erasures *e) {
    free(e->of);
}

int erasures_by(const struct erasures *e, uint64_t seq, uint64_t *ret_by, struct err *err) {
    for (size_t from = 0, to = e->n; from < to;) {
        size_t at = from + (to - from) / 2;
        if (e->of[at].seq == seq) {
            *ret_by = e->of[at].by;
            return 0;
        }
        from = e->of[at].seq < seq ? at + 1 : from;
        to = e->of[at].seq < seq ? to : at;
    }
    return err_set(err, ERR_CONFLICT, "the body of event %llu was erased while it was exported: export again",
                   (unsigned long long)seq);
}

static int compare_u64(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int put_one(struct lines *lines, struct cut *cut, struct ledger_reader *reader, struct core_view *view, uint64_t seq,
                   struct err *err) {
    struct merkle_proof inclusion;
    struct ledger_event event;
    ledger_reader_seek(reader, seq);
    int rc = ledger_reader_next(reader, &event, err);
    rc = rc != 0 ? rc : merkle_prove_inclusion(seq, cut->counts.head.size, core_node, view, &inclusion, err);
    rc = rc != 0 ? rc : cut_look_at(cut, &event, err);
    return rc != 0 ? rc : lines_put_key(lines, &event, &inclusion, NULL, (struct bytes){0}, true, err);
}

int erasures_put(struct lines *lines, const struct erasures *e, struct cut *cut, struct err *err) {
    struct core_view view;
    struct ledger_reader *reader = NULL;
    uint64_t *by = calloc(e->n + 1, sizeof(*by));
    if (by == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < e->n; i++) {
        by[i] = e->of[i].by;
    }
    qsort(by, e->n, sizeof(*by), compare_u64);
    int rc = core_view_begin(cut->ledger, &view, err);
    if (rc == 0) {
        rc = ledger_reader_open(cut->ledger, 0, cut->counts.head.size, &reader, err);
        for (size_t i = 0; i < e->n && rc == 0; i++) {
            rc = i > 0 && by[i] == by[i - 1] ? 0 : put_one(lines, cut, reader, &view, by[i], err);
        }
        ledger_reader_close(reader);
        core_view_end(&view);
    }
    free(by);
    return rc;
}
