/* Options, range, and the walk. A damaged group ends an export: evidence with a hole proves nothing. */
#include "export/cut/cut.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memo.h"
#include "base/text.h"
#include "ledger/read/reader.h"

#define PROGRESS_NS (CLOCK_NS_PER_S / 10)

void export_options_init(struct export_options *options) {
    *options = (struct export_options){.to = LOG_NO_SEQ};
}

/* ---- options ---- */

static int by_field(const void *a, const void *b) {
    const struct export_term *x = a, *y = b;
    int c = strcmp(x->field, y->field);
    if (c == 0) c = bytes_cmp(x->value, y->value);
    return c != 0 ? c : (int)x->op - (int)y->op;
}

static int by_name(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static size_t sort_names(const char **ret, const char *const *names, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        ret[i] = names[i];
    }
    if (n > 0) {
        qsort(ret, n, sizeof(*ret), by_name);
    }
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(ret[i], ret[kept - 1]) != 0) {
            ret[kept++] = ret[i];
        }
    }
    return kept;
}

static void sort_terms(struct cut *cut) {
    size_t n = cut->options->n_terms;
    if (n > 0) {
        qsort(cut->term, n, sizeof(cut->term[0]), by_field);
    }
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || by_field(&cut->term[i], &cut->term[cut->n_terms - 1]) != 0) {
            cut->term[cut->n_terms++] = cut->term[i];
        }
    }
}

int export_term_check(const struct export_term *term, struct err *err) {
    if (bundle_field(term->field) != SIZE_MAX) return 0;
    return err_set(err, ERR_INVALID,
                   "no proof covers '%.60s'; conditions of an export are on kind, subject, run, actor, source, grade, key",
                   term->field);
}

int cut_ask(struct cut *cut, const struct export_options *options, struct err *err) {
    const struct export_options *o = options;
    cut->options = options;
    if (o->n_terms > EXPORT_TERMS_MAX || o->n_private > EXPORT_PRIVATE_MAX || o->n_states > EXPORT_STATES_MAX) {
        return err_set(err, ERR_LIMIT, "at most %d conditions, %d private fields and %d states", EXPORT_TERMS_MAX,
                       EXPORT_PRIVATE_MAX, EXPORT_STATES_MAX);
    }
    for (size_t i = 0; i < o->n_terms; i++) {
        int rc = export_term_check(&o->terms[i], err);
        if (rc != 0) return rc;
        cut->term[i] = o->terms[i];
    }
    sort_terms(cut);
    cut->n_private = sort_names(cut->private_, o->private_, o->n_private);
    cut->n_states = sort_names(cut->states, o->states, o->n_states);
    for (size_t i = 1; i < o->n_seqs; i++) {
        if (o->seqs[i] <= o->seqs[i - 1]) {
            return err_set(err, ERR_INVALID, "the chosen events are not in ascending order");
        }
    }
    if (o->has_since && o->has_until && o->since >= o->until) {
        return err_set(err, ERR_INVALID, "the time range is empty: it ends where it begins, or before");
    }
    return 0;
}

/* ---- range ---- */

int cut_first_at(struct log_reader *reader, uint64_t lo, uint64_t hi, uint64_t time, uint64_t *ret, struct err *err) {
    while (lo < hi) {
        struct log_event event;
        uint64_t middle = lo + (hi - lo) / 2;
        log_reader_seek(reader, middle);
        int rc = log_reader_next(reader, &event, err);
        if (rc != 0) return rc;
        if (event.time < time) {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    *ret = lo;
    return 0;
}

/* Adds one neighbour on each side: their headers prove the bounds. A bound that the whole range satisfies needs none. */
static int narrow_by_time(struct cut *cut, struct err *err) {
    const struct export_options *o = cut->options;
    struct export_counts *c = &cut->counts;
    struct log_reader *reader = NULL;
    uint64_t from = c->from, to = c->to;
    int rc = log_reader_open(cut->ledger, 0, c->head.size, &reader, err);
    if (rc == 0 && o->has_since) rc = cut_first_at(reader, c->from, c->to, o->since, &from, err);
    if (rc == 0 && o->has_until) rc = cut_first_at(reader, from, c->to, o->until, &to, err);
    log_reader_close(reader);
    cut->has_since = o->has_since && (from > c->from || c->from == 0);
    cut->has_until = o->has_until && (to < c->to || c->to == c->head.size);
    c->from = o->has_since && from > c->from ? from - 1 : c->from;
    c->to = o->has_until && to < c->to ? to + 1 : c->to;
    return rc;
}

static int find_range(struct cut *cut, struct err *err) {
    const struct export_options *o = cut->options;
    struct export_counts *c = &cut->counts;
    c->from = o->from;
    c->to = o->to < c->head.size ? o->to : c->head.size;
    if (o->seqs != NULL) {
        cut->has_since = o->has_since;
        cut->has_until = o->has_until;
        if (o->n_seqs > 0 && o->seqs[o->n_seqs - 1] >= c->head.size) {
            return err_set(err, ERR_NOTFOUND, "there is no event %llu, the newest is %llu",
                           (unsigned long long)o->seqs[o->n_seqs - 1], (unsigned long long)(c->head.size - 1));
        }
        c->from = o->n_seqs > 0 ? o->seqs[0] : 0;
        c->to = o->n_seqs > 0 ? o->seqs[o->n_seqs - 1] + 1 : 0;
        return 0;
    }
    if (c->from >= c->to) {
        return err_set(err, ERR_INVALID, "the range is empty: from %llu to %llu of %llu event%s",
                       (unsigned long long)c->from, (unsigned long long)c->to, (unsigned long long)c->head.size,
                       text_s(c->head.size));
    }
    return o->has_since || o->has_until ? narrow_by_time(cut, err) : 0;
}

int cut_open(struct cut *cut, struct ledger *ledger, const struct export_options *options, struct err *err) {
    struct core_view view = {0};
    struct bytes note;
    *cut = (struct cut){.ledger = ledger};
    buf_init(&cut->note, NOTE_MAX);
    for (size_t i = 0; i < CUT_SCANNED; i++) {
        buf_init(&cut->scanned[i], EVENT_HEADER_MAX);
    }
    cut->texts = calloc(1, sizeof(*cut->texts));
    cut->names = calloc(1, sizeof(*cut->names));
    int rc =
        cut->texts == NULL || cut->names == NULL ? err_set(err, ERR_NOMEM, "out of memory") : cut_ask(cut, options, err);
    if (rc == 0) rc = core_view_begin(ledger, &view, err);
    if (rc != 0) return rc;
    rc = core_checkpoint_get(view.txn, &note, err);
    if (rc == 0) {
        buf_put_bytes(&cut->note, note);
        rc = buf_check(&cut->note, "a checkpoint", err);
        cut->counts.head.size = view.head.size;
        cut->counts.head.time = view.head.time;
        merkle_edge_root(&view.head.edge, cut->counts.head.root);
    }
    core_view_end(&view);
    if (rc == 0) rc = find_range(cut, err);
    return rc;
}

void cut_done(struct cut *cut) {
    buf_done(&cut->note);
    for (size_t i = 0; i < CUT_SCANNED; i++) {
        buf_done(&cut->scanned[i]);
    }
    free(cut->texts);
    free(cut->names);
    free(cut->gap);
    free(cut->artifact);
    free(cut->lacking);
}

/* ---- the fate of an event ---- */

bool cut_matches(const struct cut *cut, const struct event_header *h) {
    const struct export_options *o = cut->options;
    return (!cut->has_since || h->time >= o->since) && (!cut->has_until || h->time < o->until) &&
           bundle_matches(cut->term, cut->n_terms, h);
}

enum cut_fate cut_fate(const struct cut *cut, bool matches, bool erased) {
    enum export_bodies bodies = cut->options->bodies;
    if (!matches && bodies != EXPORT_BODIES_ALL) return CUT_HEADER_ONLY;
    return erased ? CUT_ERASED : bodies == EXPORT_BODIES_NONE ? CUT_WITHHELD : CUT_DISCLOSED;
}

bool cut_discloses_field(const struct cut *cut, struct bytes name) {
    for (size_t i = 0; i < cut->n_private; i++) {
        if (bytes_is(name, cut->private_[i])) return true;
    }
    return false;
}

/* ---- the walk ---- */

#define MANY 16 /* groups; below that, threads cost more than they save */

int cut_walk_open(struct cut_walk *walk, struct cut *cut, struct err *err) {
    const struct export_options *o = cut->options;
    uint64_t n = o->seqs != NULL ? o->n_seqs : (cut->counts.to - cut->counts.from) / EVENT_GROUP;
    *walk = (struct cut_walk){.cut = cut, .many = n >= MANY, .next = o->seqs != NULL ? 0 : cut->counts.from};
    return prefetch_new(cut->ledger, &walk->ahead, err);
}

uint64_t cut_chosen_from(const struct export_options *o, uint64_t seq) {
    size_t lo = 0, hi = o->n_seqs;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (o->seqs[middle] < seq) {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    return lo < o->n_seqs ? o->seqs[lo] : LOG_NO_SEQ;
}

static uint64_t group_after(const void *ctx, uint64_t index) {
    const struct cut_walk *walk = ctx;
    uint64_t seq = (index + 1) * EVENT_GROUP;
    if (walk->cut->options->seqs != NULL) {
        seq = cut_chosen_from(walk->cut->options, seq);
    } else if (seq >= walk->cut->counts.to) {
        seq = LOG_NO_SEQ;
    }
    return seq == LOG_NO_SEQ ? seq : seq / EVENT_GROUP;
}

static void show(struct cut_walk *walk, uint64_t done, uint64_t total) {
    const struct export_options *o = walk->cut->options;
    uint64_t now = o->progress != NULL && done % EVENT_GROUP == 0 ? clock_monotonic_ns() : walk->shown;
    if (now - walk->shown >= PROGRESS_NS) {
        walk->shown = now;
        o->progress(o->progress_ctx, done, total);
    }
}

static int load(struct cut_walk *walk, uint64_t index, struct err *err) {
    if (walk->group != NULL && walk->group->index == index) return 0;
    walk->group = NULL;
    walk->header = (struct event_header){0}; /* its bytes are no longer valid */
    return prefetch_group(walk->ahead, index, walk->many, group_after, walk, &walk->reader, &walk->group, err);
}

/* Loads event `seq`; its leaf was checked with its group. */
static int give(struct cut_walk *walk, uint64_t seq, struct cut_event *ret, struct err *err) {
    size_t i = (size_t)(seq % EVENT_GROUP);
    int rc = load(walk, seq / EVENT_GROUP, err);
    if (rc != 0) return rc;
    const struct group *group = walk->group;
    if (i >= group->n) {
        return err_set(err, ERR_CORRUPT, "event %llu no longer exists", (unsigned long long)seq);
    }
    if (!group_header(group, i, &walk->header)) {
        rc = event_header_decode(group->event[i].header, &walk->header, err);
        if (rc == 0) rc = err_set(err, ERR_CORRUPT, "the header of event %llu does not parse", (unsigned long long)seq);
        return rc;
    }
    *ret = (struct cut_event){.header = walk->header, .leaf = group->event[i].header, .at = i, .group = group};
    rc = reader_payload(walk->reader, i, &walk->header, &ret->payload, err);
    ret->erased = group->event[i].where == GROUP_ERASED; /* perhaps only just now */
    return rc;
}

int cut_walk_next(struct cut_walk *walk, struct cut_event *ret, struct err *err) {
    const struct export_options *o = walk->cut->options;
    const struct export_counts *c = &walk->cut->counts;
    uint64_t end = o->seqs != NULL ? o->n_seqs : c->to;
    if (walk->next >= end) return 1;
    if (o->stop != NULL && *o->stop != 0) return err_set(err, ERR_BUSY, "interrupted");
    int rc = give(walk, o->seqs != NULL ? o->seqs[walk->next] : walk->next, ret, err);
    if (rc == 0) {
        walk->next++;
        show(walk, o->seqs != NULL ? walk->next : walk->next - c->from, o->seqs != NULL ? o->n_seqs : c->to - c->from);
    }
    return rc;
}

int cut_walk_whole(struct cut_walk *walk, const struct cut_event *event, struct log_event *ret, struct err *err) {
    return reader_give(walk->reader, event->at, ret, err);
}

int cut_walk_private(struct cut_walk *walk, const struct cut_event *event, struct private_view *ret, struct err *err) {
    struct log_event whole;
    int rc = reader_give(walk->reader, event->at, &whole, err);
    if (rc == 0) rc = reader_private(walk->reader, ret, err);
    return rc;
}

void cut_walk_close(struct cut_walk *walk) {
    prefetch_free(walk->ahead);
    walk->ahead = NULL;
}
