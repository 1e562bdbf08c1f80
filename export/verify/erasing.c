/* Events that erased something, as lines that are proven in the tree of the head; and what they account for. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp.h"
#include "export/verify/key_line.h"
#include "ledger/event/erased.h"

/* What a line erases. */
struct erasing {
    struct checking *c;
    uint64_t by;
    bool private_, all;
    uint64_t mask; /* of the names in the manifest */
};

static int add_erased(void *ctx, uint64_t seq, struct err *err) {
    const struct erasing *what = ctx;
    struct checking *c = what->c;
    if (seq < c->manifest.from || seq >= c->manifest.to) return 0;
    if (c->n_erased + c->n_fields == BUNDLE_ERASED_MAX) {
        c->rule = "B12";
        return err_set(err, ERR_CORRUPT, "more than %zu erased events", BUNDLE_ERASED_MAX);
    }
    int rc = what->private_ ? array_room(&c->fields, c->n_fields + 1, &c->cap_fields, sizeof(*c->fields), err)
                            : array_room(&c->erased, c->n_erased + 1, &c->cap_erased, sizeof(*c->erased), err);
    if (rc == 0 && what->private_) {
        c->fields[c->n_fields++] = (struct check_fields){seq, what->by, what->mask, what->all};
    } else if (rc == 0) {
        c->erased[c->n_erased++] = (struct check_erased){seq, what->by};
    }
    return rc;
}

/* Without `fields`, all are erased. */
static int take_field_names(const struct key_line *l, struct erasing *what, struct err *err) {
    const struct manifest *m = &what->c->manifest;
    struct bytes raw;
    struct mp_item item;
    struct mp_reader r;
    what->all = mp_map_get(l->body, "fields", &raw) != 0;
    if (what->all) return 0;
    mp_reader_init(&r, raw);
    bool list = mp_next(&r, &item, NULL) == 0 && item.type == MP_ARRAY;
    for (uint32_t n = list ? item.count : 0; n > 0 && list; n--) {
        list = mp_next(&r, &item, NULL) == 0 && item.type == MP_STR;
        for (size_t i = 0; list && i < m->n_private; i++) {
            what->mask |= bytes_eq(item.data, m->private_[i]) ? UINT64_C(1) << i : 0;
        }
    }
    return list ? 0 : err_set(err, ERR_CORRUPT, "its fields are not a list of names");
}

/* A body says what was erased, and in which events. */
static int take_erased(struct checking *c, const struct key_line *l, struct err *err) {
    struct erasing erasing = {.c = c, .by = l->seq};
    enum log_erase_what what;
    c->rule = "F26";
    int rc = erased_what(l->body, &what, err);
    if (rc == 0 && what == LOG_ERASE_ARTIFACT) {
        rc = err_set(err, ERR_CORRUPT, "the event erases neither a body nor private fields");
    }
    erasing.private_ = rc == 0 && what == LOG_ERASE_PRIVATE;
    if (rc == 0 && erasing.private_) rc = take_field_names(l, &erasing, err);
    if (rc == 0) rc = erased_events(l->body, l->seq, add_erased, &erasing, err);
    return rc == 0 || err_is_system(rc) ? rc : check_fault(c, c->rule, LOG_ERASURES, l->seq, "%s", err->msg);
}

static int by_seq(const void *a, const void *b) {
    const struct check_erased *x = a, *y = b;
    return x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : x->by < y->by ? -1 : x->by > y->by;
}

bool check_is_erased(const struct checking *c, uint64_t seq, uint64_t by) {
    struct check_erased want = {seq, by};
    return c->n_erased > 0 && bsearch(&want, c->erased, c->n_erased, sizeof(want), by_seq) != NULL;
}

static int by_event(const void *a, const void *b) {
    const struct check_fields *x = a, *y = b;
    return x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : x->by < y->by ? -1 : x->by > y->by;
}

/* Records the erasing events: sorted, without duplicates, only the first ones. */
static void note_by(struct export_counts *counts, uint64_t by) {
    size_t at = 0;
    while (at < counts->n_erased_by && counts->erased_by[at] < by) {
        at++;
    }
    if (at == EXPORT_ERASED_BY || (at < counts->n_erased_by && counts->erased_by[at] == by)) return;
    counts->n_erased_by += counts->n_erased_by < EXPORT_ERASED_BY;
    memmove(&counts->erased_by[at + 1], &counts->erased_by[at],
            (counts->n_erased_by - 1 - at) * sizeof(counts->erased_by[0]));
    counts->erased_by[at] = by;
}

void check_erased_fields(struct checking *c, uint64_t seq) {
    struct export_counts *counts = &c->found->counts;
    size_t from = 0, to = c->n_fields;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (c->fields[at].seq < seq) {
            from = at + 1;
        } else {
            to = at;
        }
    }
    for (; from < c->n_fields && c->fields[from].seq == seq; from++) {
        const struct check_fields *f = &c->fields[from];
        counts->private_erased += (uint64_t)__builtin_popcountll(f->mask);
        counts->private_all += f->all;
        if (f->mask != 0 || f->all) {
            note_by(counts, f->by);
        }
    }
}

int check_erasures(struct checking *c, struct err *err) {
    struct key_line l;
    uint64_t last = 0;
    if (!check_is_at(c, BUNDLE_ERASURES)) return 0;
    key_line_init(&l);
    scan_member(&c->scan);
    int rc = check_expect(c, BUNDLE_ERASURES, BUNDLE_ERASURES_MAX, err);
    do {
        if (rc == 0) rc = key_line_take(c, &l, true, err);
        if (rc == 0) rc = key_line_check(c, &l, err);
        if (rc == 0 && (l.seq <= last || !bytes_is(l.h.kind, "ledger.erased"))) {
            rc = check_fault(c, "B12", LOG_ERASURES, l.seq, "it is not a ledger.erased event, or it is out of order");
        }
        if (rc == 0 && !merkle_check_inclusion(l.seq, c->point.size, l.leaf, &l.inclusion, c->point.root)) {
            rc = check_fault(c, "F7", LOG_ERASURES, l.seq, "it is not in the tree of the head");
        }
        if (rc == 0) rc = take_erased(c, &l, err);
        last = l.seq;
    } while (rc == 0 && reading_left(c->reading) > 0);
    key_line_done(&l);
    if (rc == 0 && c->n_erased > 0) {
        qsort(c->erased, c->n_erased, sizeof(*c->erased), by_seq);
    }
    if (rc == 0 && c->n_fields > 0) {
        qsort(c->fields, c->n_fields, sizeof(*c->fields), by_event);
    }
    if (rc == 0) rc = check_subject(c, err);
    return rc;
}
