/* Counts. The query room counts by known fields from its index; anything else is counted here, row by row. */
#include "cli/events/answer.h"

#include "base/text.h"
#include "cli/print/out.h"

#include "query/rows/tally.h"

/* The counts, largest first. */
struct counts {
    struct answer *answer;
    uint64_t largest, total, n;
};

static int put_count(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    struct counts *counts = ctx;
    struct answer *a = counts->answer;
    struct query_value row[QUERY_BY_MAX + 2];
    size_t n = a->by.n;
    (void)err;
    counts->total += count;
    counts->largest = counts->largest > 0 ? counts->largest : count;
    if (++counts->n > a->first && a->first > 0) return 0;
    for (size_t i = 0; i < n; i++) {
        row[i] = values[i];
    }
    row[n] = (struct query_value){.type = QUERY_INT, .int_ = (int64_t)count};
    row[n + 1] =
        (struct query_value){.type = QUERY_REAL, .real = counts->largest > 0 ? (double)count / (double)counts->largest : 0};
    if (a->rows) {
        rows_values(a->rows, row);
    }
    return 0;
}

/* From the index, as far as it reaches. */
static int count_known(struct answer *a, struct counts *counts, struct err *err) {
    size_t by[QUERY_BY_MAX];
    uint64_t lost = 0;
    struct query_cost cost = {0};
    struct err why = {0};
    struct query q = a->ask.query;
    q.stop = a->stop;
    q.no_index = a->no_index;
    for (size_t i = 0; i < a->by.n; i++) {
        by[i] = a->by.field[i].number;
    }
    int rc = query_count(a->ledger, &q, by, a->by.n, put_count, counts, &cost, &lost, &why);
    answer_add_cost(a, &cost);
    if (rc != 0) {
        *err = why;
    } else if (lost > 0) {
        struct err said = {0};
        err_set(&said, why.code, "%s; %llu event%s in all could not be counted", why.msg, (unsigned long long)lost,
                text_s(lost));
        damage_note(&a->damage, &said);
    }
    return rc;
}

static int tally_row(struct answer *a, struct query_cursor *cursor, struct err *err) {
    struct query_value values[PICK_MAX];
    int rc = pick_get(&a->by, cursor, values, err);
    if (rc == 0) rc = tally_add(a->tally, values, 1, err);
    return rc;
}

/* Row by row. */
static int count_rows(struct answer *a, struct counts *counts, struct err *err) {
    a->tally = tally_new(a->by.n);
    int rc = a->tally ? 0 : err_set(err, ERR_NOMEM, "no memory for the counts");
    if (rc == 0 && a->by.n == 0) { /* no rows: 0 */
        rc = tally_add(a->tally, NULL, 0, err);
    }
    if (rc == 0) rc = answer_range(a, 0, a->size, 0, tally_row, err);
    if (rc == 0) rc = tally_each(a->tally, put_count, counts, err);
    tally_free(a->tally);
    a->tally = NULL;
    return rc;
}

int answer_count(struct answer *a, uint64_t *ret_total, struct err *err) {
    struct counts counts = {.answer = a};
    size_t n = a->by.n;
    answer_columns(&a->by, a->columns);
    a->columns[n] = (struct rows_column){.name = "events"};
    a->columns[n + 1] = (struct rows_column){.is_bar = true};
    bool bare = n == 0 && a->format == ROWS_TABLE; /* the number alone, for scripts */
    int rc = bare ? 0 : answer_open_rows(a, "ledger.counts/1", "groups", n + (n > 0 ? 2 : 1), err);
    if (rc == 0) {
        bool rows = a->where || a->ask.has_rest || !pick_known(&a->by);
        rc = rows ? count_rows(a, &counts, err) : count_known(a, &counts, err);
    }
    if (rc == 0 && bare) {
        out_printf(a->cli, "%llu\n", (unsigned long long)counts.total);
    }
    *ret_total = counts.total;
    return rc;
}
