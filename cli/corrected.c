/* What events of the kind ledger.corrected say, in order of what they name. */
#include "cli/corrected.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mp.h"
#include "cli/kind_events.h"

static uint64_t number_of(struct bytes body, const char *name) {
    struct bytes raw;
    struct mp_item item;
    bool there = body.n > 0 && mp_map_get(body, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_UINT;
    return there ? item.uint : LEDGER_NO_SEQ;
}

static void take(const struct ledger_event *e, struct corrected_one *ret) {
    struct bytes raw;
    struct mp_item item;
    *ret = (struct corrected_one){number_of(e->body, "seq"), e->seq, number_of(e->body, "replaced_by"), ""};
    if (e->body.n > 0 && mp_map_get(e->body, "reason", &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR) {
        snprintf(ret->reason, sizeof(ret->reason), "%.*s", (int)(item.data.n < 200 ? item.data.n : 200),
                 (const char *)item.data.p);
    }
}

static int by_seq(const void *a, const void *b) {
    const struct corrected_one *x = a, *y = b;
    return x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : x->by < y->by ? -1 : x->by > y->by;
}

static int add(void *ctx, const struct ledger_event *event, struct err *err) {
    struct corrected *all = ctx;
    struct corrected_one *more = realloc(all->one, (all->n + 1) * sizeof(*more));
    if (more == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    all->one = more;
    take(event, &all->one[all->n++]);
    return 0;
}

int corrected_load(struct ledger *ledger, uint64_t from, struct corrected *ret, struct err *err) {
    struct corrected all = {0};
    int rc = kind_events(ledger, "ledger.corrected", from, add, &all, err);
    if (rc < 0) {
        corrected_done(&all);
        return rc;
    }
    if (all.n > 1) {
        qsort(all.one, all.n, sizeof(*all.one), by_seq);
    }
    *ret = all;
    return 0;
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

void corrected_words(const struct corrected_one *one, char ret[CORRECTED_WORDS_MAX]) {
    int n = snprintf(ret, CORRECTED_WORDS_MAX, "corrected by event %llu: %s", (unsigned long long)one->by, one->reason);
    if (one->replaced_by != LEDGER_NO_SEQ && n > 0) {
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
