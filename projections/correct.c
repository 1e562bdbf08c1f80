/* A correction is met like any other event, in its place in the log. What changes there is found by folding the events
 * before it twice, with the mistake and without, and taking over what differs:
 *
 *   rows as of the correction + (fold without the mistake - fold with it) = rows without the mistake
 *
 * What a row says of since when and by which events its state is what it is, names the correction where that made it so.
 * So a correction is a change of rows like that of any event: it goes into the version of its own segment and leaves older
 * ones alone, whoever looks at an earlier moment sees what was held to be true then, and incremental work, rebuilding,
 * vouched trees and walks all get the same bytes, because all of them pass here. Corrections are rare, and two folds of the
 * log are what an hour of appends costs at most. */
#include "projections/correct.h"

#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"

static const char kind_text[] = "ledger.corrected";

bool correct_is(struct bytes kind) {
    return kind.n == sizeof(kind_text) - 1 && memcmp(kind.p, kind_text, kind.n) == 0;
}

/* ---- which corrections hold --------------------------------------------------------------------------------------- */

bool correct_names(struct bytes body, uint64_t *ret_seq, uint8_t ret_leaf[LEDGER_HASH]) {
    struct bytes raw;
    struct mp_item item;
    if (body.n == 0 || mp_map_get(body, "seq", &raw) != 0 || mp_scalar(raw, &item) != 0 || item.type != MP_UINT) {
        return false;
    }
    *ret_seq = item.uint;
    return mp_map_get(body, "leaf", &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR &&
           text_unhex(ret_leaf, LEDGER_HASH, item.data) == 0;
}

static int holds(struct ledger *ledger, const struct ledger_event *e, const struct correction *all, size_t n,
                 uint64_t *ret_seq, bool *ret, struct err *err) {
    struct ledger_reader *reader = NULL;
    struct ledger_event named;
    uint8_t leaf[LEDGER_HASH];
    *ret = correct_names(e->body, ret_seq, leaf) && *ret_seq < e->seq;
    for (size_t i = 0; *ret && i < n; i++) {
        *ret = all[i].seq != *ret_seq;
    }
    if (!*ret) {
        return 0;
    }
    int rc = ledger_reader_open(ledger, *ret_seq, *ret_seq + 1, &reader, err);
    rc = rc != 0 ? rc : ledger_reader_next(reader, &named, err);
    *ret = rc == 0 && memcmp(named.leaf, leaf, LEDGER_HASH) == 0 && !bytes_has_prefix(named.kind, "ledger.");
    ledger_reader_close(reader);
    return rc < 0 ? rc : 0;
}

int correct_load(struct ledger *ledger, uint64_t size, struct correction **ret, size_t *ret_n, struct err *err) {
    struct ledger_reader *reader = NULL;
    struct correction *all = NULL;
    struct ledger_event e;
    size_t n = 0;
    int rc = ledger_reader_open(ledger, 0, size, &reader, err);
    while (rc == 0 && (rc = ledger_reader_next(reader, &e, err)) == 0) {
        uint64_t seq = 0;
        bool good = false;
        rc = correct_is(e.kind) ? holds(ledger, &e, all, n, &seq, &good, err) : 0;
        if (rc == 0 && good) {
            struct correction *more = realloc(all, (n + 1) * sizeof(*all));
            if (more == NULL) {
                rc = err_set(err, ERR_NOMEM, "out of memory for corrections");
                break;
            }
            all = more;
            all[n++] = (struct correction){seq, e.seq};
        }
    }
    ledger_reader_close(reader);
    if (rc < 0) {
        free(all);
        return rc;
    }
    *ret = all;
    *ret_n = n;
    return 0;
}

/* ---- two folds ---------------------------------------------------------------------------------------------------- */

struct side {
    struct rows *rows;
    struct fold *fold;
    struct replay_part part;
};

static int side_begin(struct side *side, const struct projection *projection, const struct correction *skip, size_t n,
                      struct err *err) {
    const struct rows_base nothing = {NULL, NULL};
    int rc = rows_new(&nothing, &side->rows, err);
    rc = rc != 0 ? rc : fold_new(projection, side->rows, &side->fold, err);
    side->part = (struct replay_part){.projection = projection,
                                      .rows = side->rows,
                                      .fold = side->fold,
                                      .failed_seq = LEDGER_NO_SEQ,
                                      .skip = skip,
                                      .n_skip = n};
    return rc;
}

static void side_end(struct side *side) {
    fold_free(side->fold);
    rows_free(side->rows);
}

static int order(const struct rows_entry *a, const struct rows_entry *b) {
    return a->table != b->table ? (a->table < b->table ? -1 : 1) : bytes_cmp(a->key, b->key);
}

static bool same_cell(const struct row *a, const struct row *b, size_t column) {
    struct buf x, y;
    buf_init(&x, ROW_BYTES_MAX);
    buf_init(&y, ROW_BYTES_MAX);
    row_put_cell(&a->cells[column], &x);
    row_put_cell(&b->cells[column], &y);
    bool same = bytes_eq(bytes_of_buf(&x), bytes_of_buf(&y));
    buf_done(&x);
    buf_done(&y);
    return same;
}

/* It says something else now, not only since when or by which events. */
static bool says_else(const struct row *before, const struct row *after, size_t base) {
    bool same = !before->absent;
    for (size_t i = 0; same && i < after->table->n_columns; i++) {
        same = (i >= base && i < base + FOLD_N) || same_cell(before, after, i);
    }
    return !same;
}

/* What the correction made so, is so since the correction and by it; what it left as it was, is so since then. */
static void cite(const struct ledger_event *event, const struct row *now, const struct row *before, struct row *after) {
    size_t base = projection_column(after->table, "since"), state = projection_state(after->table);
    if (base == SIZE_MAX) {
        return;
    }
    if (says_else(before, after, base)) {
        row_cite(after, base + FOLD_EVIDENCE, event->seq);
    }
    if (state == SIZE_MAX || (after->table->columns[state].flags & COLUMN_JUDGED) != 0) {
        return;
    }
    if (!now->absent && same_cell(now, after, state)) {
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
static int put_row(struct rows *to, const struct state_table *table, const struct ledger_event *event,
                   const struct rows_entry *one, struct bytes before, struct bytes after, struct err *err) {
    struct row row[3];
    struct bytes there;
    struct buf out;
    if (after.n == 0) {
        return rows_put(to, one->table, one->key, after, err);
    }
    buf_init(&out, ROW_BYTES_MAX);
    int rc = rows_get(to, one->table, one->key, &there, err);
    int a = decode(&row[0], table, rc == 0 ? there : (struct bytes){NULL, 0}, err);
    int b = decode(&row[1], table, before, err), c = decode(&row[2], table, after, err);
    rc = rc != 0 ? rc : a != 0 ? a : b != 0 ? b : c;
    if (rc == 0) {
        cite(event, &row[0], &row[1], &row[2]);
        rc = row_encode(&row[2], &out, err);
    }
    rc = rc != 0 ? rc : rows_put(to, one->table, one->key, bytes_of_buf(&out), err);
    for (size_t i = 0; i < 3; i++) {
        row_done(&row[i]);
    }
    buf_done(&out);
    return rc;
}

int correct_take_over(struct rows *rows, const struct projection *projection, const struct ledger_event *event,
                      struct rows *with, struct rows *without, struct err *err) {
    const struct rows_entry **a = NULL, **b = NULL;
    size_t n = 0, m = 0, i = 0, k = 0;
    int rc = rows_sorted(with, SIZE_MAX, &a, &n, err);
    rc = rc != 0 ? rc : rows_sorted(without, SIZE_MAX, &b, &m, err);
    while (rc == 0 && (i < n || k < m)) {
        int c = i == n ? 1 : k == m ? -1 : order(a[i], b[k]);
        const struct rows_entry *one = c <= 0 ? a[i] : b[k];
        struct bytes before = c <= 0 ? a[i]->bytes : (struct bytes){NULL, 0};
        struct bytes after = c >= 0 ? b[k]->bytes : (struct bytes){NULL, 0};
        if (!bytes_eq(before, after)) {
            rc = put_row(rows, &projection->tables[one->table], event, one, before, after, err);
        }
        i += c <= 0;
        k += c >= 0;
    }
    free(a);
    free(b);
    return rc;
}

static int fold_both(struct ledger *ledger, uint64_t to, struct side *with, struct side *without, struct err *err) {
    struct replay_part *const parts[] = {&with->part, &without->part};
    const struct replay_limits limits = {0};
    struct replay *replay = NULL;
    uint64_t came = 0;
    int rc = replay_open(ledger, &replay, err);
    if (rc == 0) {
        replay_plain(replay);
        replay_parts(replay, parts, 2);
        rc = replay_run(replay, to, &limits, &came, err);
    }
    replay_close(replay);
    return rc;
}

static int kind_of(struct ledger *ledger, uint64_t seq, const struct projection *projection, bool *ret_takes,
                   struct err *err) {
    struct ledger_reader *reader = NULL;
    struct ledger_event e;
    int rc = ledger_reader_open(ledger, seq, seq + 1, &reader, err);
    rc = rc != 0 ? rc : ledger_reader_next(reader, &e, err);
    *ret_takes = rc == 0 && projection_takes(projection, e.kind);
    ledger_reader_close(reader);
    return rc < 0 ? rc : 0;
}

int correct_apply(struct ledger *ledger, const struct correction *all, size_t n, const struct ledger_event *event,
                  struct replay_part *part, struct err *ret_why, struct err *err) {
    uint64_t by = event->seq;
    struct side with = {0}, without = {0};
    size_t before = 0;
    bool takes = false;
    while (before < n && all[before].by < by) {
        before++;
    }
    if (before == n || all[before].by != by) {
        return 0;
    }
    int rc = kind_of(ledger, all[before].seq, part->projection, &takes, err);
    if (rc != 0 || !takes) {
        return rc;
    }
    rc = side_begin(&with, part->projection, all, before, err);
    rc = rc != 0 ? rc : side_begin(&without, part->projection, all, before + 1, err);
    rc = rc != 0 ? rc : fold_both(ledger, by, &with, &without, err);
    if (rc == 0 && (with.part.stopped || without.part.stopped)) {
        err_set(ret_why, ERR_INVALID, "without event %llu, event %llu: %s", (unsigned long long)all[before].seq,
                (unsigned long long)without.part.failed_seq, without.part.failed);
        rc = 1;
    }
    rc = rc != 0 ? rc : correct_take_over(part->rows, part->projection, event, with.rows, without.rows, err);
    side_end(&with);
    side_end(&without);
    return rc;
}
