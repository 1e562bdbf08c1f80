/* One pass over the headers up to the head, and the bodies of the few that are ledger.erased. */
#include "export/cut/erasures.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/mp.h"

static bool is_wanted(const struct cut *cut, uint64_t seq) {
    return cut->options->seqs != NULL ? cut_chosen_from(cut->options, seq) == seq
                                      : seq >= cut->counts.from && seq < cut->counts.to;
}

static int add(struct erasures *e, const struct cut *cut, const struct mp_item *item, uint64_t by, struct err *err) {
    if (item->type != MP_UINT || !is_wanted(cut, item->uint)) return 0;
    if (e->n == BUNDLE_ERASED_MAX) {
        return err_set(err, ERR_LIMIT, "the range has more than %zu erased events", BUNDLE_ERASED_MAX);
    }
    int rc = array_room(&e->of, e->n + 1, &e->cap, sizeof(*e->of), err);
    if (rc != 0) return rc;
    e->of[e->n++] = (struct erasure){item->uint, by};
    return 0;
}

static bool is_of(const struct log_event *event, const char *what) {
    struct bytes raw;
    struct mp_item item;
    return mp_map_get(event->body, "what", &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR &&
           bytes_is(item.data, what);
}

static int take(struct erasures *e, struct cut *cut, const struct log_event *event, struct err *err) {
    struct bytes raw;
    struct mp_item item;
    struct mp_reader r;
    if (mp_map_get(event->body, "seq", &raw) == 0) {
        return mp_scalar(raw, &item) != 0 ? 0 : add(e, cut, &item, event->seq, err);
    }
    if (mp_map_get(event->body, "seqs", &raw) != 0) return 0;
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

typedef int take_fn(struct erasures *e, struct cut *cut, const struct log_event *event, struct err *err);

/* Passes each `ledger.erased` of this `what`, from there to the head, to `take_one`. */
static int each_of(struct erasures *e, struct cut *cut, uint64_t from, const char *what, take_fn *take_one,
                   struct err *err) {
    struct log_reader *reader;
    struct log_event event;
    int rc = log_reader_open(cut->ledger, from, cut->counts.head.size, &reader, err);
    if (rc != 0) return rc;
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0) {
        if (cut->options->stop != NULL && *cut->options->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        } else if (bytes_is(event.kind, "ledger.erased") && is_of(&event, what)) {
            rc = take_one(e, cut, &event, err);
        }
    }
    log_reader_close(reader);
    return rc < 0 ? rc : 0;
}

int erasures_find(struct erasures *e, struct cut *cut, struct err *err) {
    int rc = each_of(e, cut, cut->counts.from, "body", take, err);
    if (e->n > 1) {
        qsort(e->of, e->n, sizeof(*e->of), by_seq);
    }
    return rc;
}

void erasures_done(struct erasures *e) {
    free(e->of);
    free(e->by_fields);
}

/* ---- private fields ---- */

static int compare_u64(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* How many of the requested fields the event says were erased; *ret_all: it names none, so all were. */
static uint64_t fields_asked_for(const struct cut *cut, struct bytes body, bool *ret_all) {
    struct bytes raw;
    struct mp_item item;
    struct mp_reader r;
    uint64_t n = 0;
    *ret_all = mp_map_get(body, "fields", &raw) != 0;
    if (!*ret_all) {
        mp_reader_init(&r, raw);
        uint32_t count = mp_next(&r, &item, NULL) == 0 && item.type == MP_ARRAY ? item.count : 0;
        for (; count > 0 && mp_next(&r, &item, NULL) == 0; count--) {
            n += item.type == MP_STR && cut_discloses_field(cut, item.data);
        }
    }
    return n;
}

static bool lacks(const struct cut *cut, uint64_t seq) {
    return cut->n_lacking > 0 && bsearch(&seq, cut->lacking, cut->n_lacking, sizeof(seq), compare_u64) != NULL;
}

/* How many of the events that it names lack fields. */
static uint64_t lacking_of(const struct cut *cut, struct bytes body) {
    struct bytes raw;
    struct mp_item item;
    struct mp_reader r;
    uint64_t n = 0;
    if (mp_map_get(body, "seq", &raw) == 0) {
        return mp_scalar(raw, &item) == 0 && item.type == MP_UINT && lacks(cut, item.uint);
    }
    if (mp_map_get(body, "seqs", &raw) == 0) {
        mp_reader_init(&r, raw);
        uint32_t count = mp_next(&r, &item, NULL) == 0 && item.type == MP_ARRAY ? item.count : 0;
        for (; count > 0 && mp_next(&r, &item, NULL) == 0; count--) {
            n += item.type == MP_UINT && lacks(cut, item.uint);
        }
    }
    return n;
}

static int take_fields(struct erasures *e, struct cut *cut, const struct log_event *event, struct err *err) {
    bool all;
    uint64_t fields = fields_asked_for(cut, event->body, &all), n = lacking_of(cut, event->body);
    if (n == 0 || (fields == 0 && !all)) return 0;
    int rc = array_room(&e->by_fields, e->n_by_fields + 1, &e->cap_by_fields, sizeof(*e->by_fields), err);
    if (rc != 0) return rc;
    e->by_fields[e->n_by_fields++] = event->seq;
    cut->counts.private_erased += fields * n;
    cut->counts.private_all += all ? n : 0;
    if (cut->counts.n_erased_by < EXPORT_ERASED_BY) {
        cut->counts.erased_by[cut->counts.n_erased_by++] = event->seq;
    }
    return 0;
}

int erasures_of_fields(struct erasures *e, struct cut *cut, struct err *err) {
    return cut->n_lacking == 0 ? 0 : each_of(e, cut, cut->lacking[0], "private", take_fields, err);
}

void export_erased_words(const struct export_counts *c, struct buf *out) {
    uint64_t n = c->private_erased, all = c->private_all;
    if (n + all == 0) return;
    if (n > 0) {
        buf_printf(out, "%llu private field%s%s", (unsigned long long)n, n == 1 ? "" : "s", all > 0 ? " and " : "");
    }
    if (all > 0) {
        buf_printf(out, "all private fields of %llu event%s", (unsigned long long)all, all == 1 ? "" : "s");
    }
    buf_printf(out, " %s erased (event%s ", n == 1 && all == 0 ? "was" : "were", c->n_erased_by == 1 ? "" : "s");
    for (size_t i = 0; i < c->n_erased_by; i++) {
        buf_printf(out, "%s%llu", i == 0 ? "" : ", ", (unsigned long long)c->erased_by[i]);
    }
    buf_put_str(out, c->n_erased_by == EXPORT_ERASED_BY ? ", ...)" : ")");
}

/* ---- their lines ---- */

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

static int put_one(struct lines *lines, struct cut *cut, struct log_reader *reader, struct core_view *view, uint64_t seq,
                   struct err *err) {
    struct merkle_proof inclusion;
    struct log_event event;
    log_reader_seek(reader, seq);
    int rc = log_reader_next(reader, &event, err);
    if (rc == 0) rc = merkle_prove_inclusion(seq, cut->counts.head.size, core_node, view, &inclusion, err);
    if (rc == 0) rc = cut_look_at(cut, &event, err);
    if (rc == 0) rc = lines_put_key(lines, &event, &inclusion, NULL, (struct bytes){0}, true, err);
    return rc;
}

int erasures_put(struct lines *lines, const struct erasures *e, struct cut *cut, struct err *err) {
    struct core_view view;
    struct log_reader *reader = NULL;
    size_t n = 0;
    uint64_t *by = calloc(e->n + e->n_by_fields + 1, sizeof(*by));
    if (by == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < (cut->counts.erased > 0 ? e->n : 0); i++) {
        by[n++] = e->of[i].by;
    }
    for (size_t i = 0; i < e->n_by_fields; i++) {
        by[n++] = e->by_fields[i];
    }
    qsort(by, n, sizeof(*by), compare_u64);
    int rc = core_view_begin(cut->ledger, &view, err);
    if (rc == 0) {
        rc = log_reader_open(cut->ledger, 0, cut->counts.head.size, &reader, err);
        for (size_t i = 0; i < n && rc == 0; i++) {
            rc = i > 0 && by[i] == by[i - 1] ? 0 : put_one(lines, cut, reader, &view, by[i], err);
        }
        log_reader_close(reader);
        core_view_end(&view);
    }
    free(by);
    return rc;
}
