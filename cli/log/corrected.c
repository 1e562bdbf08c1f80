/* Corrections (events ledger.corrected), in the order of the events they name. */
#include "cli/log/corrected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "cli/log/kind_events.h"
#include "projections/fold/correct.h"

static bool parse_correction(const struct log_event *e, struct corrected_one *ret) {
    struct bytes reason = mp_get_text(e->body, "reason");
    *ret = (struct corrected_one){.by = e->seq, .replaced_by = mp_get_uint(e->body, "replaced_by", LOG_NO_SEQ)};
    snprintf(ret->reason, sizeof(ret->reason), "%.*s", (int)(reason.n < 200 ? reason.n : 200),
             reason.n > 0 ? (const char *)reason.p : "");
    ret->of_eval = bytes_has_prefix(mp_get_text(e->body, "kind"), "eval.");
    return correct_names(e->body, &ret->seq, ret->leaf) && ret->seq < e->seq;
}

static int by_seq(const void *a, const void *b) {
    const struct corrected_one *x = a, *y = b;
    return x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : x->by < y->by ? -1 : x->by > y->by;
}

int corrected_add(struct corrected *all, const struct log_event *event, struct err *err) {
    if (!bytes_is(event->kind, "ledger.corrected")) return 0;
    struct corrected_one *more = realloc(all->one, (all->n + 1) * sizeof(*more));
    if (more == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    all->one = more;
    all->n += parse_correction(event, &all->one[all->n]);
    return 0;
}

static int add(void *ctx, const struct log_event *event, struct err *err) {
    return corrected_add(ctx, event, err);
}

void corrected_order(struct corrected *corrected) {
    if (corrected->n > 1) {
        qsort(corrected->one, corrected->n, sizeof(*corrected->one), by_seq);
    }
}

static int load(struct ledger *ledger, uint64_t from, struct damage *damage, struct corrected *ret, struct err *err) {
    struct corrected all = {0};
    int rc = kind_events(ledger, "ledger.corrected", from, damage, add, &all, err);
    if (rc < 0) {
        corrected_done(&all);
        return rc;
    }
    corrected_order(&all);
    *ret = all;
    return 0;
}

int corrected_load(struct ledger *ledger, uint64_t from, struct corrected *ret, struct err *err) {
    return load(ledger, from, NULL, ret, err);
}

int corrected_load_all(struct ledger *ledger, struct damage *damage, struct corrected *ret, struct err *err) {
    return load(ledger, 0, damage, ret, err);
}

void corrected_done(struct corrected *corrected) {
    free(corrected->one);
    *corrected = (struct corrected){0};
}

const struct corrected_one *corrected_find(const struct corrected *corrected, uint64_t seq) {
    size_t lo = 0, hi = corrected->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (corrected->one[mid].seq < seq) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < corrected->n && corrected->one[lo].seq == seq ? &corrected->one[lo] : NULL;
}

const struct corrected_one *corrected_of(const struct corrected *corrected, const struct log_event *event) {
    const struct corrected_one *one = corrected_find(corrected, event->seq), *end = corrected->one + corrected->n;
    while (one != NULL && one != end && one->seq == event->seq && memcmp(one->leaf, event->leaf, LOG_HASH) != 0) {
        one++;
    }
    bool is = one != NULL && one != end && one->seq == event->seq && !bytes_has_prefix(event->kind, "ledger.");
    return is ? one : NULL;
}

/* Of an event that can be corrected. */
static int leaf_of(struct ledger *ledger, uint64_t seq, bool *ret_there, uint8_t ret[LOG_HASH], struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    struct err why = {0};
    int rc = log_reader_open(ledger, seq, seq + 1, &reader, &why);
    if (rc == 0) rc = log_reader_next(reader, &event, &why);
    *ret_there = rc == 0 && !bytes_has_prefix(event.kind, "ledger.");
    if (*ret_there) {
        memcpy(ret, event.leaf, LOG_HASH);
    }
    log_reader_close(reader);
    return rc >= 0 || err_is_damage(rc) ? 0 : err_set(err, rc, "%s", why.msg);
}

int corrected_holds(const struct corrected *corrected, struct ledger *ledger, uint64_t seq, uint64_t at,
                    const struct corrected_one **ret, struct err *err) {
    const struct corrected_one *one = corrected_find(corrected, seq), *end = corrected->one + corrected->n;
    uint8_t leaf[LOG_HASH];
    bool there = false;
    int rc = one != NULL && one->by < at ? leaf_of(ledger, seq, &there, leaf, err) : 0;
    while (there && one != end && one->seq == seq && one->by < at && memcmp(one->leaf, leaf, LOG_HASH) != 0) {
        one++;
    }
    *ret = there && one != end && one->seq == seq && one->by < at ? one : NULL;
    return rc;
}

void corrected_words(const struct corrected_one *one, char ret[CORRECTED_WORDS_MAX]) {
    int n = snprintf(ret, CORRECTED_WORDS_MAX, "corrected by event %llu: %s", (unsigned long long)one->by, one->reason);
    if (one->replaced_by != LOG_NO_SEQ && n > 0) {
        snprintf(ret + n, CORRECTED_WORDS_MAX - (size_t)n, "; event %llu replaces it",
                 (unsigned long long)one->replaced_by);
    }
}

void corrected_put(const struct corrected *corrected, uint64_t seq, struct buf *out) {
    const struct corrected_one *one = corrected_find(corrected, seq);
    if (one != NULL) {
        buf_printf(out, "(corrected by event %llu) ", (unsigned long long)one->by);
    }
}
