/* One segment at a time: first what costs nothing (does the field exist, does the range of its values match), then hashes,
 * then columns. When few candidates are left, reading the events is cheaper than unpacking more columns. */
#include "query/index/plan.h"

#include <stdlib.h>
#include <string.h>

#include "query/index/plan_term.h"

#define LARGE 16384 /* events of a segment whose columns are costlier to unpack than two groups of events */
#define FEW   16    /* candidates that are read rather than reduced by further columns */

int plan_init(struct plan *plan, struct ledger *ledger, const struct match *match, enum plan_trust trust, struct err *err) {
    *plan = (struct plan){.match = match, .view = {.events = COLUMNS_EVENTS, .least = COLUMNS_EVENTS}};
    int rc = trust != PLAN_NO_INDEX ? index_view_open(ledger, &plan->view, err) : 0;
    plan->view.proven = trust == PLAN_PROVEN;
    if (rc == 0) {
        plan->bits = calloc(plan->view.events / 64, sizeof(*plan->bits));
        plan->more = calloc(plan->view.events / 64, sizeof(*plan->more));
        if (plan->bits == NULL || plan->more == NULL) rc = err_set(err, ERR_NOMEM, "out of memory");
    }
    return rc;
}

void plan_done(struct plan *plan) {
    for (size_t i = 0; i < FIELD_MAX; i++) {
        if (plan->column[i] != NULL) {
            column_done(plan->column[i]);
            free(plan->column[i]);
        }
    }
    columns_classes_done(&plan->classes);
    free(plan->bits);
    free(plan->more);
    index_view_close(&plan->view);
    *plan = (struct plan){0};
}

void plan_rest(struct plan *plan) {
    index_view_rest(&plan->view);
    plan->held = false;
}

bool plan_hold(struct plan *plan, uint64_t seq) {
    plan->held = plan->view.derived != NULL && index_view_get(&plan->view, seq, &plan->record);
    return plan->held;
}

bool plan_time(struct plan *plan, uint64_t seq, uint64_t *ret) {
    bool there = plan_hold(plan, seq) && plan->record.first == seq;
    if (there) {
        *ret = plan->record.first_time;
    }
    plan_rest(plan);
    return there;
}

bool plan_indexed(struct plan *plan, uint64_t seq) {
    bool there = plan_hold(plan, seq) && plan->record.events == plan->view.events;
    plan_rest(plan);
    return there;
}

/* ---- columns ---- */

static struct column *column_at(struct plan *plan, size_t field) {
    struct column **c = &plan->column[field];
    if (*c == NULL && (*c = malloc(sizeof(**c))) != NULL) {
        column_init(*c);
    }
    return *c;
}

/* The classes come with the kinds, which then need not be loaded again. */
static int load_classes(struct plan *plan, struct err *err) {
    struct column *kinds = column_at(plan, QUERY_KIND);
    if (kinds == NULL) return ERR_NOMEM;
    kinds->form = COLUMNS_NONE;
    int rc = columns_classes(&plan->record, kinds, &plan->classes, err);
    plan->has_classes = rc == 0;
    if (rc == 0 && kinds->form == COLUMNS_DICT) {
        plan->loaded[QUERY_KIND] = PLAN_VALUES;
    }
    return rc;
}

static int load(struct plan *plan, size_t field, enum plan_column wanted, struct err *err);

/* Values that are stored as distances from the times. ERR_CORRUPT: these cannot be had. */
static int add_times(struct plan *plan, struct column *c, struct err *err) {
    if (!c->by_time) return 0;
    int rc = load(plan, QUERY_TIME, PLAN_VALUES, err);
    bool there = rc == 0 && plan->loaded[QUERY_TIME] == PLAN_VALUES && column_add_times(c, plan->column[QUERY_TIME]);
    if (rc == 0 && !there) rc = err_set(err, ERR_CORRUPT, "the index: a column is damaged");
    return rc;
}

/* Loads a column as far as `wanted`. 0, or ERR_NOMEM; what it is then is in plan->loaded. The record is held. */
static int load(struct plan *plan, size_t field, enum plan_column wanted, struct err *err) {
    struct columns_entry entry;
    struct err why = {0};
    uint8_t *state = &plan->loaded[field];
    if (*state != PLAN_UNKNOWN && *state != PLAN_PRESENCE) return 0;
    if (!columns_entry(&plan->record, field, &entry)) {
        *state = PLAN_ABSENT;
        return 0;
    }
    struct column *c = column_at(plan, field);
    if (c == NULL) return err_set(err, ERR_NOMEM, "out of memory for a column");
    int rc = 0;
    if (entry.form != COLUMNS_DICT && entry.form != COLUMNS_NUMBERS) {
        rc = ERR_NOTFOUND;
    } else if (!plan->has_classes) {
        rc = load_classes(plan, &why);
    }
    if (rc == 0 && *state == PLAN_UNKNOWN) {
        const struct columns_classes *classes = &plan->classes;
        rc = field == QUERY_KIND ? columns_load_kind(&plan->record, &entry, c, &why)
                                 : column_load(&plan->record, &entry, classes, c, &why);
        *state = rc == 0 ? PLAN_PRESENCE : *state;
    }
    if (rc == 0 && wanted == PLAN_VALUES && *state == PLAN_PRESENCE) {
        rc = column_load_values(&entry, c, &why);
        if (rc == 0) rc = add_times(plan, c, &why);
        *state = rc == 0 ? PLAN_VALUES : *state;
    }
    if (rc == ERR_NOMEM) return err_set(err, rc, "out of memory for a column");
    *state = rc == 0 ? *state : PLAN_UNREADABLE;
    return 0;
}

/* Loads the record of the current segment again. It may be gone, or replaced by a larger one. */
static bool hold_again(struct plan *plan) {
    const struct columns_record before = plan->record;
    bool same = plan_hold(plan, before.first) && plan->record.first == before.first &&
                plan->record.events == before.events && plan->record.since == before.since &&
                plan->record.until == before.until;
    if (!same) {
        plan_rest(plan);
        plan->record = before;
    }
    return same;
}

int plan_column(struct plan *plan, size_t field, const struct column **ret, struct err *err) {
    uint8_t *state = &plan->loaded[field];
    if (!plan->indexed) return ERR_NOTFOUND;
    if (*state == PLAN_UNKNOWN || *state == PLAN_PRESENCE) {
        bool held = plan->held;
        if (!held && !hold_again(plan)) {
            plan->indexed = false;
            return ERR_NOTFOUND;
        }
        int rc = load(plan, field, PLAN_VALUES, err);
        if (!held) {
            plan_rest(plan);
        }
        if (rc != 0) return rc;
    }
    *ret = *state == PLAN_VALUES ? plan->column[field] : NULL;
    if (field == QUERY_HAPPENED && *state == PLAN_ABSENT) {
        return plan_column(plan, QUERY_TIME, ret, err);
    }
    return *state == PLAN_UNREADABLE ? ERR_NOTFOUND : 0;
}

/* ---- bits ---- */

static void set_range(uint64_t *bits, uint32_t events, uint32_t from, uint32_t to) {
    memset(bits, 0, events / 8);
    for (uint32_t w = from / 64; w < (to + 63) / 64; w++) {
        uint64_t word = UINT64_MAX;
        word &= 64 * w < from ? UINT64_MAX << from % 64 : UINT64_MAX;
        word &= 64 * w + 64 > to ? ~(UINT64_MAX << to % 64) : UINT64_MAX;
        bits[w] = word;
    }
}

/* Sets the bits of all requested events, unless some are excluded already. */
static void set_all(struct plan *plan) {
    if (!plan->set) {
        uint64_t begin = plan->record.first;
        set_range(plan->bits, plan->record.events, (uint32_t)(plan->first - begin), (uint32_t)(plan->end - begin));
        plan->set = true;
    }
}

static uint64_t count_all(const struct plan *plan) {
    return plan_count(plan, plan->first, plan->end);
}

uint64_t plan_count(const struct plan *plan, uint64_t from, uint64_t to) {
    uint64_t begin = plan->record.first, n = 0;
    uint32_t lo = (uint32_t)(from - begin), hi = (uint32_t)(to - begin);
    for (uint32_t w = lo / 64; w < (hi + 63) / 64; w++) {
        uint64_t word = plan->bits[w];
        word &= 64 * w < lo ? UINT64_MAX << lo % 64 : UINT64_MAX;
        word &= 64 * w + 64 > hi ? ~(UINT64_MAX << hi % 64) : UINT64_MAX;
        n += (uint64_t)__builtin_popcountll(word);
    }
    return n;
}

uint64_t plan_next(const struct plan *plan, uint64_t seq) {
    uint64_t begin = plan->record.first;
    if (seq >= plan->end) return LOG_NO_SEQ;
    uint32_t at = (uint32_t)(seq - begin), end = (uint32_t)(plan->end - begin);
    uint64_t word = plan->bits[at / 64] & UINT64_MAX << at % 64;
    for (uint32_t w = at / 64;;) {
        if (word != 0) return begin + 64 * w + (uint64_t)__builtin_ctzll(word);
        if (++w >= (end + 63) / 64) return LOG_NO_SEQ;
        word = plan->bits[w];
    }
}

uint64_t plan_last(const struct plan *plan, uint64_t seq) {
    uint64_t begin = plan->record.first;
    if (seq <= plan->first) return LOG_NO_SEQ;
    uint32_t at = (uint32_t)(seq - 1 - begin);
    uint64_t word = plan->bits[at / 64] & UINT64_MAX >> (63 - at % 64);
    for (uint32_t w = at / 64;; word = plan->bits[w]) {
        if (word != 0) return begin + 64 * w + 63 - (uint64_t)__builtin_clzll(word);
        if (w-- == 0) return LOG_NO_SEQ;
    }
}

/* ---- terms ---- */

/* The field whose column holds this field's values. The record is held. */
static size_t stored_as(const struct plan *plan, size_t field) {
    struct columns_entry entry;
    return field == QUERY_HAPPENED && !columns_entry(&plan->record, field, &entry) ? QUERY_TIME : field;
}

/* Judges without unpacking anything. False: no event of the segment satisfies the term. */
static bool possible(struct plan *plan, const struct match_term *term) {
    struct columns_entry entry;
    size_t field = stored_as(plan, term->field);
    if (field == QUERY_SEQ) return true;
    if (!columns_entry(&plan->record, field, &entry)) {
        plan->loaded[field] = PLAN_ABSENT;
        return false;
    }
    return entry.form != COLUMNS_NUMBERS || plan_term_in_range(term, entry.least, entry.greatest);
}

static void and_bits(struct plan *plan) {
    for (uint32_t w = 0; w < plan->record.events / 64; w++) {
        plan->bits[w] &= plan->more[w];
    }
}

static void set_bit(void *ctx, uint32_t at) {
    ((uint64_t *)ctx)[at / 64] |= UINT64_C(1) << at % 64;
}

#define HITS_MAX 256

struct hits {       /* events that a hash leads to */
    uint64_t *bits; /* once they are too many for the list */
    uint32_t events, n;
    uint16_t at[HITS_MAX];
};

static void on_hit(void *ctx, uint32_t at) {
    struct hits *hits = ctx;
    if (hits->n == HITS_MAX) {
        memset(hits->bits, 0, hits->events / 8);
        for (uint32_t i = 0; i < HITS_MAX; i++) {
            set_bit(hits->bits, hits->at[i]);
        }
    }
    if (hits->n >= HITS_MAX) {
        set_bit(hits->bits, at);
    } else {
        hits->at[hits->n] = (uint16_t)at;
    }
    hits->n++;
}

/* Keeps the events that may have one of the term's values. 1: none; ERR_NOTFOUND: the index cannot tell. */
static int by_hash(struct plan *plan, const struct match_term *term) {
    struct columns_entry entry;
    struct hits hits = {.bits = plan->more, .events = plan->record.events};
    if (term->op != QUERY_EQ || !columns_entry(&plan->record, stored_as(plan, term->field), &entry) ||
        entry.form != COLUMNS_HASHES) {
        return ERR_NOTFOUND;
    }
    for (size_t i = 0; i < term->n_values; i++) {
        if (columns_find(&entry, plan->record.events, columns_hash(&term->values[i]), on_hit, &hits, NULL) != 0) {
            return ERR_NOTFOUND;
        }
    }
    if (hits.n == 0) return 1;
    set_all(plan);
    if (hits.n <= HITS_MAX) {
        memset(plan->more, 0, plan->record.events / 8);
        for (uint32_t i = 0; i < hits.n; i++) {
            set_bit(plan->more, hits.at[i]);
        }
    }
    and_bits(plan);
    return 0;
}

static void by_seq(struct plan *plan, const struct match_term *term) {
    if (term->op != QUERY_EQ) {
        return; /* the range says all of it */
    }
    set_all(plan);
    memset(plan->more, 0, plan->record.events / 8);
    for (size_t i = 0; i < term->n_values; i++) {
        const struct query_value v = value_plain(term->values[i]);
        uint64_t at = (uint64_t)v.int_ - plan->record.first;
        if (v.type == QUERY_INT && v.int_ >= 0 && at < plan->record.events) {
            set_bit(plan->more, (uint32_t)at);
        }
    }
    and_bits(plan);
}

/* A pattern on subjects, by what they begin with. */
static int by_head(struct plan *plan, const struct match_term *term, uint8_t *by, bool *ret_settled, struct err *err) {
    size_t field = FIELD_SUBJECT_HEAD;
    if (term->field != QUERY_SUBJECT || (term->op != QUERY_PREFIX && term->op != QUERY_GLOB)) {
        return 0;
    }
    int rc = load(plan, field, PLAN_VALUES, err);
    if (rc == 0 && plan->loaded[field] == PLAN_VALUES && plan->column[field]->form == COLUMNS_DICT) {
        *ret_settled = plan_term_heads(term, plan->column[field], plan->bits);
        *by |= PLAN_BY_CODE;
    }
    return rc;
}

/* By codes or numbers. *ret_settled: exactly the events that satisfy the term are left. */
static int by_column(struct plan *plan, const struct match_term *term, uint8_t *by, bool *ret_settled, struct err *err) {
    size_t field = stored_as(plan, term->field);
    *ret_settled = false;
    int rc = load(plan, field, PLAN_PRESENCE, err);
    if (rc == 0 && plan->loaded[field] == PLAN_UNREADABLE) {
        return by_head(plan, term, by, ret_settled, err);
    }
    if (rc != 0) return rc;
    const struct column *c = plan->column[field];
    enum plan_term_needs needs = plan_term_presence(term, c, plan->bits);
    if (needs == PLAN_TERM_VALUES) {
        rc = load(plan, field, PLAN_VALUES, err);
        if (rc != 0 || plan->loaded[field] != PLAN_VALUES) return rc;
        plan_term_values(term, c, plan->bits);
    }
    *by |= c->form == COLUMNS_DICT ? PLAN_BY_CODE : PLAN_BY_NUMBER;
    *ret_settled = true;
    return 0;
}

/* The segment's times are all within the range of the term. Every event has them. */
static bool settled_by_times(const struct plan *plan, const struct match_term *term) {
    struct query_value least = {.type = QUERY_INT, .int_ = (int64_t)plan->record.first_time};
    struct query_value greatest = {.type = QUERY_INT, .int_ = (int64_t)plan->record.last_time};
    struct columns_entry entry;
    bool range = term->op == QUERY_LT || term->op == QUERY_LE || term->op == QUERY_GT || term->op == QUERY_GE;
    if (!range || (term->field != QUERY_TIME && term->field != QUERY_HAPPENED)) return false;
    if (term->field == QUERY_HAPPENED && columns_entry(&plan->record, QUERY_HAPPENED, &entry)) {
        if (entry.form != COLUMNS_NUMBERS) return false;
        least = (struct query_value){.type = QUERY_REAL, .real = entry.least};
        greatest = (struct query_value){.type = QUERY_REAL, .real = entry.greatest};
    }
    return match_value(term, &least) && match_value(term, &greatest);
}

static bool any_left(const struct plan *plan) {
    return plan_next(plan, plan->first) != LOG_NO_SEQ;
}

/* Terms that cost little: by seqs, times and hashes. done[i]: term i is settled. False: no event is left. */
static bool thin_quickly(struct plan *plan, bool done[MATCH_TERMS_MAX], bool *ret_hashed) {
    const struct match *m = plan->match;
    for (size_t i = 0; i < m->n_terms; i++) {
        const struct match_term *t = &m->terms[i];
        if (t->field == QUERY_SEQ) {
            by_seq(plan, t);
            plan->by[i] |= PLAN_BY_SEQ;
            done[i] = true;
        } else if (settled_by_times(plan, t)) {
            plan->by[i] |= PLAN_BY_NUMBER;
            done[i] = true;
        } else {
            int rc = by_hash(plan, t);
            done[i] = rc != ERR_NOTFOUND;
            plan->by[i] |= done[i] ? PLAN_BY_HASH : 0;
            plan->certain = plan->certain && !done[i]; /* the event confirms it */
            *ret_hashed = *ret_hashed || done[i];
            if (rc == 1) return false;
        }
    }
    set_all(plan);
    return any_left(plan);
}

/* All remaining events are in two neighbouring groups. */
static bool near_together(const struct plan *plan) {
    uint64_t first = plan_next(plan, plan->first), last = plan_last(plan, plan->end);
    return last / EVENT_GROUP <= first / EVENT_GROUP + 1;
}

/* The record is held and some event of [first, end) is asked for. */
static int thin_out(struct plan *plan, struct err *err) {
    const struct match *m = plan->match;
    bool done[MATCH_TERMS_MAX] = {false}, hashed = false;
    plan->certain = true;
    if (!thin_quickly(plan, done, &hashed)) {
        plan->state = PLAN_NONE;
        return 0;
    }
    if (plan->record.events >= LARGE && near_together(plan)) { /* the events cost no more than a column */
        plan->indexed = false;
        for (size_t i = 0; i < m->n_terms; i++) {
            plan->certain = plan->certain && done[i];
            plan->by[i] |= done[i] ? 0 : PLAN_BY_EVENT;
        }
        return 0;
    }
    if (hashed && count_all(plan) <= FEW) return 0;
    for (size_t i = 0; i < m->n_terms; i++) {
        bool settled;
        if (done[i]) continue;
        int rc = by_column(plan, &m->terms[i], &plan->by[i], &settled, err);
        if (rc != 0) return rc;
        plan->by[i] |= settled ? 0 : PLAN_BY_EVENT;
        plan->certain = plan->certain && settled;
        if (!any_left(plan)) {
            plan->state = PLAN_NONE;
            return 0;
        }
    }
    return 0;
}

/* Widens what has no index around `seq` as far as that continues, within the full segment and [lo, hi). */
static void widen(struct plan *plan, uint64_t seq, uint64_t lo, uint64_t hi) {
    struct columns_record there;
    uint64_t block = seq / plan->view.events * plan->view.events, end = block + plan->view.events;
    uint32_t step = plan->view.least;
    lo = lo > block ? lo : block;
    hi = hi < end ? hi : end;
    while (plan->first > lo && !index_view_get(&plan->view, plan->first - 1, &there)) {
        plan->first = plan->first - lo > step ? plan->first - step : lo;
    }
    while (plan->end < hi && !index_view_get(&plan->view, plan->end, &there)) {
        plan->end = hi - plan->end > step ? plan->end + step : hi;
    }
}

int plan_segment(struct plan *plan, uint64_t seq, uint64_t lo, uint64_t hi, struct err *err) {
    const struct match *m = plan->match;
    bool there = plan_hold(plan, seq);
    uint32_t events = there ? plan->record.events : plan->view.least;
    uint64_t begin = seq / events * events, end = begin + events;
    plan->first = begin > lo ? begin : lo;
    plan->end = end < hi ? end : hi;
    plan->certain = plan->has_classes = plan->indexed = plan->set = false;
    memset(plan->loaded, PLAN_UNKNOWN, sizeof(plan->loaded));
    plan->segments++;
    plan->state = PLAN_SCAN;
    if (!there) {
        plan->scanned++;
        plan->record.first = begin;
        if (plan->view.derived != NULL) {
            widen(plan, seq, lo, hi);
        }
        return 0;
    }
    plan->indexed = true;
    plan->looked++;
    plan->state = PLAN_SOME;
    if (plan->record.first_time > m->time_to || plan->record.last_time < m->time_from) {
        plan->state = PLAN_NONE;
    }
    for (size_t i = 0; i < m->n_terms && plan->state == PLAN_SOME; i++) {
        plan->state = possible(plan, &m->terms[i]) ? PLAN_SOME : PLAN_NONE;
    }
    return plan->state == PLAN_SOME ? thin_out(plan, err) : 0;
}
