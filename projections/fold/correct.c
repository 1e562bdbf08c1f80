/* A correction is handled like any other event, at its place in the log. To find what it changes, the events from the
 * mistake up to the correction are folded twice, with the mistake and without it, and the differences are taken over:
 *
 *                                  with the mistake
 *   first event ──> the mistake ──<                  >── the correction
 *        rows below, once          without it
 *
 *   rows as of the correction + (fold without the mistake - fold with it) = rows without the mistake
 *
 * Where the correction changed a state, the row's since columns and evidence name the correction. So a correction changes
 * rows like any event: the change goes into the version of its own segment and leaves older versions alone, a view of an
 * earlier moment shows what was held to be true then, and incremental work, rebuilds, attested trees and walks all get the
 * same bytes, because all of them pass through here. The rows below are kept during the pass: the fold without one mistake
 * is the fold with the next one. So a correction of a later event than the previous correction's, which is the usual order,
 * costs one fold from its mistake on. */
#include "projections/fold/correct.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/kinds/kind.h"
#include "projections/fold/fold.h"

static const char kind_text[] = "ledger.corrected";

bool correct_is(struct bytes kind) {
    return kind.n == sizeof(kind_text) - 1 && memcmp(kind.p, kind_text, kind.n) == 0;
}

/* ---- which corrections hold --------------------------------------------------------------------------------------- */

bool correct_names(struct bytes body, uint64_t *ret_seq, uint8_t ret_leaf[LOG_HASH]) {
    struct bytes raw;
    struct mp_item item;
    if (body.n == 0 || mp_map_get(body, "seq", &raw) != 0 || mp_scalar(raw, &item) != 0 || item.type != MP_UINT) {
        return false;
    }
    *ret_seq = item.uint;
    return mp_map_get(body, "leaf", &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR &&
           text_unhex(ret_leaf, LOG_HASH, item.data) == 0;
}

void correct_unload(struct correction *all, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(all[i].kind);
    }
    free(all);
}

/* What ledger.corrected events name, in log order. */
struct named {
    struct replay_part part;
    struct {
        uint64_t seq, by;
        uint8_t leaf[LOG_HASH];
    } * one;
    size_t n, room;
};

static int note_named(void *ctx, const struct log_event *event, struct err *err) {
    struct named *named = ctx;
    int rc = array_room(&named->one, named->n + 1, &named->room, sizeof(*named->one), err);
    if (rc != 0) return rc;
    named->one[named->n].by = event->seq;
    if (correct_names(event->body, &named->one[named->n].seq, named->one[named->n].leaf)) {
        named->n++;
    }
    return 0;
}

static int ignore_event(void *ctx, const struct log_event *event, uint64_t at, struct err *err) {
    (void)ctx;
    (void)event;
    (void)at;
    (void)err;
    return 0;
}

static int fold_nothing(struct fold *fold, struct err *err) {
    (void)fold;
    (void)err;
    return 0;
}

/* Events up to `size` or to the first that cannot be read: named->part.position. */
static int read_named(struct replay *replay, uint64_t size, struct named *named, struct err *err) {
    static const char *const kinds[] = {kind_text, NULL};
    static const struct projection corrections = {.name = "corrections", .kinds = kinds, .fold = fold_nothing};
    const struct rows_base nothing = {NULL, NULL};
    const struct replay_watch watch = {named, note_named, ignore_event};
    const struct replay_limits limits = {0};
    struct replay_part *part = &named->part;
    uint64_t came;
    *part = (struct replay_part){.projection = &corrections, .failed_seq = LOG_NO_SEQ};
    int rc = rows_new(&nothing, &part->rows, err);
    if (rc == 0) rc = fold_new(&corrections, part->rows, &part->fold, err);
    if (rc == 0) {
        replay_watch(replay, &watch);
        replay_parts(replay, &part, 1);
        rc = replay_run(replay, size, &limits, &came, err);
    }
    fold_free(part->fold);
    rows_free(part->rows);
    return rc;
}

/* *ret->kind: NULL when it does not hold. */
static int judge(struct replay *replay, const struct named *named, size_t i, struct correction *all, size_t n,
                 struct correction *ret, struct err *err) {
    uint8_t leaf[LOG_HASH];
    bool may = named->one[i].seq < named->one[i].by;
    *ret = (struct correction){.seq = named->one[i].seq, .by = named->one[i].by};
    for (size_t k = 0; may && k < n; k++) {
        may = all[k].seq != ret->seq;
    }
    int rc = may ? replay_kind(replay, ret->seq, leaf, &ret->kind, err) : 0;
    if (rc == 0 && may && (memcmp(leaf, named->one[i].leaf, LOG_HASH) != 0 || kind_is_final(bytes_of(ret->kind)))) {
        free(ret->kind);
        ret->kind = NULL;
    }
    return rc;
}

int correct_load(struct ledger *ledger, uint64_t size, struct correction **ret, size_t *ret_n, uint64_t *ret_read,
                 struct err *err) {
    struct replay *replay = NULL;
    struct named named = {.one = NULL};
    struct correction *all = NULL;
    size_t n = 0;
    int rc = replay_open(ledger, NULL, &replay, err), found = 0;
    if (rc == 0) rc = read_named(replay, size, &named, err);
    uint64_t read = named.part.position;
    if ((rc == 0 || err_is_damage(rc)) && named.n > 0) {
        all = calloc(named.n, sizeof(*all));
        found = all == NULL ? err_set(err, ERR_NOMEM, "out of memory for corrections") : 0;
    }
    for (size_t i = 0; i < named.n && all != NULL && found == 0; i++) {
        found = judge(replay, &named, i, all, n, &all[n], err);
        read = found != 0 ? named.one[i].by : read;
        n += found == 0 && all[n].kind != NULL;
    }
    rc = found != 0 ? found : rc;
    replay_close(replay);
    free(named.one);
    if (rc != 0 && !err_is_damage(rc)) {
        correct_unload(all, n);
        return rc;
    }
    *ret = all;
    *ret_n = n;
    *ret_read = read;
    return rc;
}

/* ---- folds -------------------------------------------------------------------------------------------------------- */

struct side {
    struct rows *rows;
    struct fold *fold;
    struct replay_part part;
};

/* Of one projection. */
struct trio {
    struct side below;         /* before the mistake */
    struct side with, without; /* over it */
    size_t n_without;          /* corrections that `without` leaves out; `below` leaves out one fewer */
    bool prepared;             /* for the correction at hand */
};

/* What one pass over the log knows of corrections: which of them hold, and the rows used for the last one; the next one
 * continues from them if it corrects a later event. */
struct correct {
    struct ledger *ledger;
    uint64_t size;
    uint64_t read;     /* events that could be read, counted from the first */
    struct err unread; /* why the next one could not */
    struct correction *all;
    size_t n;
    struct trio trio[PROJECTIONS_MAX];
    size_t n_trios;
};

static void side_end(struct side *side) {
    fold_free(side->fold);
    rows_free(side->rows);
    *side = (struct side){0};
}

static int side_begin(struct side *side, const struct projection *projection, const struct rows_base *base,
                      struct err *err) {
    side_end(side);
    int rc = rows_new(base, &side->rows, err);
    if (rc == 0) rc = fold_new(projection, side->rows, &side->fold, err);
    side->part =
        (struct replay_part){.projection = projection, .rows = side->rows, .fold = side->fold, .failed_seq = LOG_NO_SEQ};
    return rc;
}

static void side_skip(struct side *side, const struct correction *all, size_t n) {
    side->part.skip = all;
    side->part.n_skip = n;
}

static void trio_end(struct trio *trio) {
    side_end(&trio->with); /* these rest on it */
    side_end(&trio->without);
    side_end(&trio->below);
    *trio = (struct trio){0};
}

static void correct_close(void *state) {
    struct correct *c = state;
    if (c != NULL) {
        for (size_t i = 0; i < c->n_trios; i++) {
            trio_end(&c->trio[i]);
        }
        correct_unload(c->all, c->n);
        free(c);
    }
}

/* The corrections among the events below `size`, as far as these can be read. */
static int correct_open(struct ledger *ledger, uint64_t size, void **ret, struct err *err) {
    struct correct *c = calloc(1, sizeof(*c));
    if (c == NULL) return err_set(err, ERR_NOMEM, "out of memory for corrections");
    c->ledger = ledger;
    c->size = size;
    int rc = correct_load(ledger, size, &c->all, &c->n, &c->read, &c->unread);
    if (rc != 0 && !err_is_damage(rc)) {
        rc = err_set(err, rc, "%s", c->unread.msg);
        free(c);
        return rc;
    }
    *ret = c;
    return 0;
}

/* ---- what differs ------------------------------------------------------------------------------------------------- */

static int order(const struct rows_entry *a, const struct rows_entry *b) {
    return a->table != b->table ? (a->table < b->table ? -1 : 1) : bytes_cmp(a->key, b->key);
}

static bool same_cell(const struct row *a, const struct row *b, size_t column) {
    struct buf x = {.max = ROW_BYTES_MAX}, y = {.max = ROW_BYTES_MAX};
    row_put_cell(&a->cells[column], &x);
    row_put_cell(&b->cells[column], &y);
    bool same = bytes_eq(bytes_of_buf(&x), bytes_of_buf(&y));
    buf_done(&x);
    buf_done(&y);
    return same;
}

/* Its content differs, not only its since columns and its evidence. */
static bool says_else(const struct row *before, const struct row *after, size_t base) {
    bool same = !before->absent;
    for (size_t i = 0; same && i < after->table->n_columns; i++) {
        same = (i >= base && i < base + FOLD_N) || same_cell(before, after, i);
    }
    return !same;
}

/* The current row also cites earlier corrections, which neither fold knows of: those that its own events do not account
 * for. */
static void keep_cited(const struct row *now, const struct row *before, struct row *after, size_t column) {
    uint64_t cited[ROW_SEQS_MAX], own[ROW_SEQS_MAX];
    size_t n = now->absent || before->absent ? 0 : row_seqs(now, column, cited, ROW_SEQS_MAX);
    size_t m = row_seqs(before, column, own, ROW_SEQS_MAX);
    for (size_t i = 0; i < n && i < ROW_SEQS_MAX; i++) {
        bool is_own = false;
        for (size_t k = 0; k < m && k < ROW_SEQS_MAX && !is_own; k++) {
            is_own = own[k] == cited[i];
        }
        if (!is_own) {
            row_cite(after, column, cited[i]);
        }
    }
}

/* What the correction changed is so since the correction; what it left unchanged keeps its since. */
static void cite(const struct log_event *event, const struct row *now, const struct row *before, struct row *after) {
    size_t base = projection_column(after->table, "since"), dated = projection_dated(after->table);
    if (base == SIZE_MAX) return;
    keep_cited(now, before, after, base + FOLD_EVIDENCE);
    if (says_else(before, after, base)) {
        row_cite(after, base + FOLD_EVIDENCE, event->seq);
    }
    if (dated == SIZE_MAX || !row_has(after, dated)) return;
    if (!now->absent && same_cell(now, after, dated)) {
        after->cells[base + FOLD_SINCE] = now->cells[base + FOLD_SINCE];
        after->cells[base + FOLD_SINCE_SEQ] = now->cells[base + FOLD_SINCE_SEQ];
    } else {
        row_set_int(after, base + FOLD_SINCE, (int64_t)event->time);
        row_set_int(after, base + FOLD_SINCE_SEQ, (int64_t)event->seq);
    }
}

static int decode(struct row *row, const struct state_table *table, struct bytes bytes, struct err *err) {
    row_init(row, table);
    row->absent = bytes.n == 0;
    return bytes.n == 0 ? 0 : row_decode(row, bytes, NULL, 0, err);
}

/* One row that differs. */
static int put_row(struct rows *to, const struct state_table *table, const struct log_event *event,
                   const struct rows_entry *one, struct bytes before, struct bytes after, struct err *err) {
    struct row row[3];
    struct bytes there;
    struct buf out = {.max = ROW_BYTES_MAX};
    if (after.n == 0) return rows_put(to, one->table, one->key, after, err);
    int rc = rows_get(to, one->table, one->key, &there, err);
    int a = decode(&row[0], table, rc == 0 ? there : (struct bytes){NULL, 0}, err);
    int b = decode(&row[1], table, before, err), c = decode(&row[2], table, after, err);
    if (rc == 0) rc = a != 0 ? a : b != 0 ? b : c;
    if (rc == 0) {
        cite(event, &row[0], &row[1], &row[2]);
        rc = row_encode(&row[2], &out, err);
    }
    if (rc == 0) rc = rows_put(to, one->table, one->key, bytes_of_buf(&out), err);
    for (size_t i = 0; i < 3; i++) {
        row_done(&row[i]);
    }
    buf_done(&out);
    return rc;
}

/* A row that the other side has not changed is the one before both. */
static int side_row(struct rows *rows, const struct rows_entry *own, const struct rows_entry *one, struct bytes *ret,
                    struct err *err) {
    *ret = own != NULL ? own->bytes : (struct bytes){NULL, 0};
    return own != NULL ? 0 : rows_get(rows, one->table, one->key, ret, err);
}

int correct_take_over(struct rows *rows, const struct projection *projection, const struct log_event *event,
                      struct rows *with, struct rows *without, struct err *err) {
    const struct rows_entry **a = NULL, **b = NULL;
    size_t n = 0, m = 0, i = 0, k = 0;
    int rc = rows_sorted(with, SIZE_MAX, &a, &n, err);
    if (rc == 0) rc = rows_sorted(without, SIZE_MAX, &b, &m, err);
    while (rc == 0 && (i < n || k < m)) {
        int c = i == n ? 1 : k == m ? -1 : order(a[i], b[k]);
        const struct rows_entry *one = c <= 0 ? a[i] : b[k];
        struct bytes before, after;
        rc = side_row(with, c <= 0 ? a[i] : NULL, one, &before, err);
        if (rc == 0) rc = side_row(without, c >= 0 ? b[k] : NULL, one, &after, err);
        if (rc == 0 && !bytes_eq(before, after)) {
            rc = put_row(rows, &projection->tables[one->table], event, one, before, after, err);
        }
        i += c <= 0;
        k += c >= 0;
    }
    free(a);
    free(b);
    return rc;
}

/* ---- one correction ----------------------------------------------------------------------------------------------- */

static int fold_to(struct ledger *ledger, uint64_t to, struct replay_part *const *parts, size_t n, struct err *err) {
    const struct replay_limits limits = {0};
    struct replay *replay = NULL;
    uint64_t came = 0;
    int rc = replay_open(ledger, NULL, &replay, err);
    if (rc == 0) {
        replay_parts(replay, parts, n);
        rc = replay_run(replay, to, &limits, &came, err);
    }
    replay_close(replay);
    return rc;
}

static struct trio *trio_of(struct correct *c, const struct projection *projection) {
    size_t i = 0;
    while (i < c->n_trios && c->trio[i].below.part.projection != projection) {
        i++;
    }
    if (i == c->n_trios) {
        c->trio[c->n_trios++].below.part.projection = projection;
    }
    return &c->trio[i];
}

/* Correction number `at`: the index in c->all; c->n: it does not hold. */
static size_t number_of(const struct correct *c, uint64_t by) {
    size_t at = 0;
    while (at < c->n && c->all[at].by < by) {
        at++;
    }
    return at < c->n && c->all[at].by == by ? at : c->n;
}

/* Are the rows as of before the mistake, and does `without` leave out all that was corrected since and is of their
 * kinds? */
static bool goes_on(const struct correct *c, const struct trio *trio, size_t at) {
    const struct replay_part *below = &trio->below.part;
    bool good =
        trio->without.rows != NULL && !below->stopped && !trio->without.part.stopped && below->position <= c->all[at].seq;
    for (size_t i = trio->n_without; good && i < at; i++) {
        good = !projection_takes(below->projection, bytes_of(c->all[i].kind));
    }
    return good;
}

/* The fold without the last mistake is the one with this one: both leave out the earlier corrections. */
static int trio_begin(struct correct *c, struct trio *trio, const struct projection *projection, size_t at,
                      struct err *err) {
    const struct rows_base nothing = {NULL, NULL};
    int rc = 0;
    side_end(&trio->with);
    if (goes_on(c, trio, at)) {
        trio->with = trio->without;
        trio->without = (struct side){0};
    } else {
        side_end(&trio->without);
        rc = side_begin(&trio->below, projection, &nothing, err);
    }
    side_skip(&trio->below, c->all, at);
    side_skip(&trio->with, c->all, at);
    trio->n_without = at + 1;
    return rc;
}

static int get_below(void *below, size_t table, struct bytes key, struct buf *out, struct err *err) {
    struct bytes bytes;
    int rc = rows_get(below, table, key, &bytes, err);
    if (rc == 0 && bytes.n == 0) return ERR_NOTFOUND;
    if (rc == 0) {
        buf_put_bytes(out, bytes);
    }
    return rc;
}

/* Continues from the position of the rows below. */
static int side_fork(struct side *side, const struct trio *trio, const struct correction *skip, size_t n, struct err *err) {
    const struct replay_part *below = &trio->below.part;
    const struct rows_base base = {get_below, trio->below.rows};
    int rc = side_begin(side, below->projection, &base, err);
    side->part.position = below->position;
    memcpy(side->part.leaf, below->leaf, LOG_HASH);
    side_skip(side, skip, n);
    return rc;
}

/* Brings the rows below up to the mistake. The rows over them fold each event first, so that they have read what it is
 * about to change: both fold the same event from the same rows, so both change the same rows. */
static int fold_below(struct correct *c, struct trio *const *trios, size_t n, size_t at, struct err *err) {
    struct replay_part *parts[PROJECTIONS_MAX];
    size_t n_parts = 0;
    for (size_t i = 0; i < n; i++) {
        if (trios[i]->with.rows != NULL) {
            parts[n_parts++] = &trios[i]->with.part;
        }
    }
    for (size_t i = 0; i < n; i++) {
        parts[n_parts++] = &trios[i]->below.part;
    }
    return fold_to(c->ledger, c->all[at].seq, parts, n_parts, err);
}

/* Some trios: at most half of what a replay takes. */
static int prepare(struct correct *c, struct trio *const *trios, size_t n, size_t at, struct err *err) {
    struct replay_part *parts[PROJECTIONS_MAX];
    size_t n_parts = 0;
    int rc = fold_below(c, trios, n, at, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct trio *trio = trios[i];
        trio->prepared = true;
        if (trio->below.part.stopped) continue;
        rc = trio->with.rows != NULL ? 0 : side_fork(&trio->with, trio, c->all, at, err);
        if (rc == 0) rc = side_fork(&trio->without, trio, c->all, at + 1, err);
        parts[n_parts++] = &trio->with.part;
        parts[n_parts++] = &trio->without.part;
    }
    if (rc == 0 && n_parts != 0) rc = fold_to(c->ledger, c->all[at].by, parts, n_parts, err);
    return rc;
}

static int correct_prepare(void **state, struct ledger *ledger, uint64_t size, const struct log_event *event,
                           struct replay_part *const *parts, size_t n, struct err *err) {
    struct trio *trios[PROJECTIONS_MAX / 2];
    struct correct *c = *state;
    int rc = 0;
    if (c == NULL || c->size <= event->seq) {
        correct_close(c);
        *state = NULL;
        rc = correct_open(ledger, size, state, err);
    }
    if (rc != 0) return rc;
    c = *state;
    size_t at = number_of(c, event->seq), n_trios = 0;
    rc = event->seq < c->read ? 0 : err_set(err, c->unread.code, "%s", c->unread.msg);
    for (size_t i = 0; i < c->n_trios; i++) {
        c->trio[i].prepared = false;
    }
    for (size_t i = 0; i < n && rc == 0 && at < c->n; i++) {
        if (projection_takes(parts[i]->projection, bytes_of(c->all[at].kind))) {
            struct trio *trio = trios[n_trios++] = trio_of(c, parts[i]->projection);
            rc = trio_begin(c, trio, parts[i]->projection, at, err);
        }
        if (rc == 0 && (n_trios == PROJECTIONS_MAX / 2 || (i + 1 == n && n_trios > 0))) {
            rc = prepare(c, trios, n_trios, at, err);
            n_trios = 0;
        }
    }
    return rc;
}

static int correct_apply(void *state, const struct log_event *event, struct replay_part *part, struct err *ret_why,
                         struct err *err) {
    struct correct *c = state;
    size_t i = 0, at = number_of(c, event->seq);
    while (i < c->n_trios && c->trio[i].below.part.projection != part->projection) {
        i++;
    }
    if (at == c->n || i == c->n_trios || !c->trio[i].prepared) return 0;
    struct trio *trio = &c->trio[i];
    const struct replay_part *sides[] = {&trio->below.part, &trio->with.part, &trio->without.part};
    for (size_t k = 0; k < 3; k++) {
        if (sides[k]->stopped) {
            err_set(ret_why, ERR_INVALID, "without event %llu, event %llu: %s", (unsigned long long)c->all[at].seq,
                    (unsigned long long)sides[k]->failed_seq, sides[k]->failed);
            return 1;
        }
    }
    return correct_take_over(part->rows, part->projection, event, trio->with.rows, trio->without.rows, err);
}

const struct replay_effect correct_effect = {correct_is, correct_prepare, correct_apply, correct_close};
