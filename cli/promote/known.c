/* Reads what later steps need from the states, before anything is asked of the write lock: what is legal is judged again
 * inside the transaction. */
#include <stdio.h>
#include <string.h>

#include "cli/print/say.h"
#include "cli/promote/promote.h"
#include "ledger/kinds/check.h"
#include "projections/ready/promotions.h"
#include "projections/view/look.h"

#define ID_MAX 256

int promote_subject(const char *id, char ret[PROMOTE_TEXT + 16], struct err *err) {
    id += strncmp(id, "promotion/", 10) == 0 ? 10 : 0;
    size_t n = strlen(id);
    if (n == 0 || n > ID_MAX)
        return err_set(err, ERR_INVALID, "'%.60s' is not a promotion's id (1 to %d bytes)", id, ID_MAX);
    snprintf(ret, PROMOTE_TEXT + 16, "promotion/%s", id);
    return 0;
}

bool promote_is_digest(const char *text) {
    return kind_is_digest(bytes_of(text));
}

static void copy(const struct row *row, size_t column, char *ret, size_t size) {
    struct bytes text = row_text(row, column);
    snprintf(ret, size, "%.*s", REASON_PART(text, size - 1));
}

static uint64_t seq_of(const struct row *row, size_t column) {
    return row_has(row, column) ? (uint64_t)row_int(row, column) : UINT64_MAX;
}

void promote_take(const struct row *row, struct promote_known *k) {
    struct buf of = {.max = 4 * ROW_TEXT_MAX};
    memset(k, 0, sizeof(*k));
    k->there = true;
    promotions_put_of(row, &of);
    snprintf(k->of, sizeof(k->of), "%.*s", REASON_PART(bytes_of_buf(&of), sizeof(k->of) - 1));
    copy(row, PROMOTIONS_PROMOTION, k->id, sizeof(k->id));
    copy(row, PROMOTIONS_STATE, k->state, sizeof(k->state));
    copy(row, PROMOTIONS_DIGEST, k->digest, sizeof(k->digest));
    copy(row, PROMOTIONS_DIGEST_BEFORE, k->before, sizeof(k->before));
    copy(row, PROMOTIONS_UNAPPLIED, k->unapplied, sizeof(k->unapplied));
    copy(row, PROMOTIONS_APPLIED, k->applied, sizeof(k->applied));
    copy(row, PROMOTIONS_VERSION, k->version, sizeof(k->version));
    copy(row, PROMOTIONS_TIER, k->tier, sizeof(k->tier));
    copy(row, PROMOTIONS_GATE, k->gate, sizeof(k->gate));
    k->linked = row_bool(row, PROMOTIONS_LINKED);
    k->under_way = promotions_is_under_way(row);
    k->planned_seq = seq_of(row, PROMOTIONS_PLANNED_SEQ);
    k->gate_seq = seq_of(row, PROMOTIONS_GATE_SEQ);
    k->simulated_seq = seq_of(row, PROMOTIONS_SIMULATED_SEQ);
    buf_done(&of);
}

struct looking {
    const char *id;
    struct promote_known *ret;
};

static int look(void *ctx, struct state_view *view, struct err *err) {
    struct looking *l = ctx;
    struct promote_known *k = l->ret;
    struct bytes id = bytes_of(l->id);
    struct row row;
    bool there = false;
    memset(k, 0, sizeof(*k));
    int rc = look_stored(view, "promotions", &id, 1, &row, &there, err);
    if (rc == 0 && there) {
        promote_take(&row, k);
        rc = promotions_link_end(view, &row, &k->end, err);
        if (rc == 0) rc = promotions_find_gates(view, &row, &k->gates, err);
    }
    snprintf(k->id, sizeof(k->id), "%s", l->id);
    row_done(&row);
    return rc;
}

static int ask(struct ledger *ledger, int (*fn)(void *ctx, struct state_view *view, struct err *err), void *ctx,
               struct err *err) {
    struct state_options options;
    int rc = state_options_present(ledger, &options, err);
    options.no_write = true;
    return rc == 0 ? state_ask(ledger, &options, fn, ctx, err) : rc;
}

int promote_known(struct ledger *ledger, const char *id, struct promote_known *ret, struct err *err) {
    struct looking l = {id + (strncmp(id, "promotion/", 10) == 0 ? 10 : 0), ret};
    return ask(ledger, look, &l, err);
}

struct living {
    const char *of;
    struct promote_live *ret;
};

/* The last of its rows. */
static int look_live(void *ctx, struct state_view *view, struct err *err) {
    struct living *l = ctx;
    struct bytes of = bytes_of(l->of);
    struct state_rows *rows = NULL;
    const struct row *row;
    *l->ret = (struct promote_live){.seq = UINT64_MAX};
    int rc = look_rows(view, "live_versions", &of, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        copy(row, LIVE_DIGEST, l->ret->digest, sizeof(l->ret->digest));
        copy(row, LIVE_PROMOTION, l->ret->by, sizeof(l->ret->by));
        l->ret->seq = seq_of(row, LIVE_SEQ);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

int promote_live(struct ledger *ledger, const char *of, struct promote_live *ret, struct err *err) {
    struct living l = {of, ret};
    return ask(ledger, look_live, &l, err);
}

int promote_must_be(struct cli *cli, const struct promote_known *known) {
    if (known->there) return EXIT_GOOD;
    return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "there is no promotion '%.120s'", known->id);
}
