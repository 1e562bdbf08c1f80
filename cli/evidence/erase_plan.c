/* Each event is read once, its leaf checked, and compared with the request. What log_erase refuses is found here already,
 * so that one event out of many does not refuse the others, and so that people can look before anything is erased. */
#include "cli/evidence/erase_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/signing/epoch.h"

/* ---- one event ---- */

/* Which of the plan's fields are in the private map; *ret_n: how many fields the map has. */
static uint64_t fields_of(const struct erase_plan *plan, struct bytes map, size_t *ret_n) {
    struct mp_reader r;
    struct mp_item item = {0};
    uint64_t mask = 0;
    mp_reader_init(&r, map);
    *ret_n = mp_next(&r, &item, NULL) == 0 && item.type == MP_MAP ? item.count : 0;
    for (size_t i = 0; i < plan->n_fields; i++) {
        struct bytes raw;
        mask |= mp_map_get(map, plan->fields[i], &raw) == 0 ? UINT64_C(1) << i : 0;
    }
    return mask;
}

static int look(const struct erase_plan *plan, struct log_reader *reader, struct buf *private_, struct erase_item *ret,
                enum erase_bar *ret_bar, struct err *err) {
    struct log_event event;
    int rc = log_reader_next(reader, &event, err);
    *ret_bar = ERASE_CAN;
    if (rc != 0) {
        return rc == 1 ? err_set(err, ERR_CORRUPT, "event %llu is missing", (unsigned long long)ret->seq) : rc;
    }
    if (epoch_is_kept(event.kind)) {
        *ret_bar = ERASE_KEPT;
    } else if (plan->what == LOG_ERASE_BODY) {
        *ret_bar = event.payload.n == 0 ? ERASE_GONE : event.author.n > 0 ? ERASE_SIGNED : ERASE_CAN;
    } else if (!event.has_private) {
        *ret_bar = ERASE_NO_PRIVATE;
    } else {
        size_t all = 0;
        buf_clear(private_);
        rc = log_reader_private(reader, private_, err);
        ret->fields = rc == 0 ? fields_of(plan, bytes_of_buf(private_), &all) : 0;
        ret->n_fields = plan->n_fields == 0 ? all : (size_t)__builtin_popcountll(ret->fields);
        *ret_bar = all == 0 ? ERASE_GONE : ret->n_fields == 0 ? ERASE_NO_FIELD : ERASE_CAN;
    }
    return rc;
}

/* ---- all ---- */

static void note_barred(struct erase_plan *plan, enum erase_bar why, uint64_t seq) {
    if (plan->barred[why].n < ERASE_BAR_SEQS) {
        plan->barred[why].seq[plan->barred[why].n] = seq;
    }
    plan->barred[why].n++;
}

int erase_plan_make(struct erase_plan *plan, struct ledger *ledger, const uint64_t *seqs, size_t n, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_head head = {0};
    struct buf private_ = {.max = (size_t)32 << 20};
    plan->item = calloc(n + 1, sizeof(*plan->item));
    int rc = plan->item == NULL ? err_set(err, ERR_NOMEM, "out of memory") : log_head(ledger, &head, err);
    if (rc == 0) rc = log_reader_open(ledger, 0, head.size, &reader, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct erase_item item = {.seq = seqs[i]};
        enum erase_bar why = ERASE_NO_EVENT;
        if (seqs[i] < head.size) {
            log_reader_seek(reader, seqs[i]);
            rc = look(plan, reader, &private_, &item, &why, err);
        }
        if (rc == 0 && why == ERASE_CAN) {
            plan->item[plan->n++] = item;
            plan->n_gone += item.n_fields;
        } else if (rc == 0) {
            note_barred(plan, why, seqs[i]);
        }
    }
    log_reader_close(reader);
    buf_done(&private_);
    return rc;
}

void erase_plan_done(struct erase_plan *plan) {
    free(plan->item);
    *plan = (struct erase_plan){0};
}

/* ---- doing it ---- */

/* Collects the seqs of the next events with these fields, from *at on; at most LOG_ERASE_MAX. */
static size_t gather(const struct erase_plan *plan, uint64_t fields, size_t *at, uint64_t *seqs) {
    size_t n = 0;
    for (; *at < plan->n && n < LOG_ERASE_MAX; (*at)++) {
        if (plan->item[*at].fields == fields) {
            seqs[n++] = plan->item[*at].seq;
        }
    }
    return n;
}

static bool came_before(const struct erase_plan *plan, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (plan->item[i].fields == plan->item[at].fields) return true;
    }
    return false;
}

static int erase_these(const struct erase_plan *plan, struct ledger *ledger, struct log_erase_options *o, uint64_t fields,
                       size_t at, uint64_t *seqs, erase_each_fn *each, void *ctx, struct err *err) {
    const char *names[ERASE_FIELDS_MAX];
    int rc = 0;
    o->n_fields = 0;
    for (size_t i = 0; i < plan->n_fields; i++) {
        if ((fields >> i & 1) != 0) {
            names[o->n_fields++] = plan->fields[i];
        }
    }
    o->fields = names;
    o->seqs = seqs;
    while (rc == 0 && (o->n_seqs = gather(plan, fields, &at, seqs)) > 0) {
        struct log_receipt receipt = {0};
        rc = log_erase(ledger, o, &receipt, err);
        if (rc == 0) {
            each(ctx, o, &receipt);
        }
    }
    return rc;
}

int erase_plan_run(const struct erase_plan *plan, struct ledger *ledger, const struct log_erase_options *options,
                   erase_each_fn *each, void *ctx, struct err *err) {
    struct log_erase_options o = *options;
    uint64_t *seqs = calloc(LOG_ERASE_MAX, sizeof(*seqs));
    int rc = seqs == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    uint64_t last = 0;
    for (size_t i = 0; i < plan->n && rc == 0; i++) {
        uint64_t fields = plan->item[i].fields;
        if (i > 0 && (fields == last || came_before(plan, i))) continue;
        last = fields;
        rc = erase_these(plan, ledger, &o, fields, i, seqs, each, ctx, err);
    }
    free(seqs);
    return rc;
}

/* ---- words ---- */

const char *erase_bar_text(const struct erase_plan *plan, enum erase_bar bar) {
    bool body = plan->what == LOG_ERASE_BODY;
    switch (bar) {
    case ERASE_NO_EVENT:
        return "not in this log";
    case ERASE_KEPT:
        return "of a kind that cannot be erased because the ledger depends on it (ledger.created, ledger.key_rotated, "
               "ledger.restored, ledger.erased, "
               "ledger.corrected)";
    case ERASE_SIGNED:
        return "signed by an author: a signed body cannot be erased, its private fields can";
    case ERASE_GONE:
        return body ? "without a body: it was erased before" : "without private fields: they were erased before";
    case ERASE_NO_FIELD:
        return plan->n_fields == 1 ? "without a private field of that name" : "without private fields of these names";
    case ERASE_NO_PRIVATE:
        return "without private fields";
    default:
        return "";
    }
}

const char *erase_bar_name(enum erase_bar bar) {
    static const char *const names[ERASE_BARS] = {"can",           "no_event", "kept",      "signed",
                                                  "erased_before", "no_field", "no_private"};
    return names[bar];
}

void erase_plan_words(const struct erase_plan *plan, uint64_t fields, uint64_t events, struct buf *out) {
    const char *between = "";
    if (plan->what == LOG_ERASE_BODY) {
        buf_put_str(out, events == 1 ? "the body" : "the bodies");
    } else if (plan->n_fields == 0) {
        buf_put_str(out, "all private fields");
    }
    for (size_t i = 0; i < plan->n_fields; i++) {
        if ((fields >> i & 1) != 0) {
            buf_printf(out, "%s%s", between, plan->fields[i]);
            between = ", ";
        }
    }
    buf_printf(out, " of %llu event%s", (unsigned long long)events, events == 1 ? "" : "s");
}
