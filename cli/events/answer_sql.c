/* SQL. --where is an expression inside a statement of ours that returns sequence numbers only; rows are then shown as for any
 * other question. --sql is the user's own statement, whose columns are shown unchanged. */
#include "cli/events/answer.h"
#include "cli/print/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "cli/log/expression.h"
#include "cli/print/table.h"

#define STATEMENT_MAX ((size_t)4 << 20)
#define PLACE         "at byte "
#define SEQS_FIRST    16 /* passed on at first by --where; later batches grow */
#define SEQS_GROW     8
#define SEQS_MAX      4096

/* SQLite does not return, so the answer cannot be ended in order. */
static void leave(void *ctx, const struct err *why) {
    const struct answer *a = ctx;
    _exit(cli_fail(a->cli, why));
}

int answer_sql_open(struct answer *a, struct err *err) {
    struct sql_options options = {.time_ns = a->time_limit,
                                  .memory = a->memory_limit,
                                  .no_index = a->no_index,
                                  .no_private = a->cli->guest,
                                  .stop = a->stop,
                                  .stuck = leave,
                                  .stuck_ctx = a};
    return a->sql ? 0 : sql_open(a->ledger, &options, &a->sql, err);
}

/* Once, even if the statement runs several times. */
static void say_note(struct answer *a) {
    const char *note = sql_note(a->sql);
    struct buf safe = {.max = 4096};
    if (!note || bytes_is(bytes_of_buf(&a->note), note)) return;
    buf_clear(&a->note);
    buf_put_str(&a->note, note);
    text_safe(&safe, bytes_of(note));
    cli_note(a->cli, "ledger: %s: %.*s", a->cli->command, (int)safe.n, (const char *)safe.p);
    buf_done(&safe);
}

/* Unreadable events are reported as usual; the rest was answered. */
static int note_sql(struct answer *a, int rc, const struct err *why, struct err *err) {
    struct query_cost cost = {0};
    sql_cost(a->sql, &cost);
    answer_add_cost(a, &cost);
    if (rc >= 0 || err_is_damage(rc)) {
        say_note(a);
    }
    rc = damage_pass(&a->damage, rc, why, err);
    if (rc == ERR_LIMIT && strstr(why->msg, " of memory") != NULL) {
        err_set(err, rc, "%s; --memory-limit sets it", why->msg);
    } else if (rc == ERR_LIMIT && strstr(why->msg, "takes longer") != NULL) {
        err_set(err, rc, "%s; --time-limit sets it", why->msg);
    }
    return rc;
}

/* ---- --where ---- */

/* Places in messages count from the expression, not from the statement around it. */
static void move_place(struct err *err, size_t before, size_t length) {
    struct err moved = {0};
    uint64_t at = 0;
    size_t n = sizeof(PLACE) - 1;
    const char *place = strstr(err->msg, PLACE);
    if (!place) return;
    size_t digits = strspn(place + n, "0123456789");
    if (text_parse_u64((struct bytes){(const uint8_t *)place + n, digits}, &at) != 0) return;
    at = at < before ? 0 : at - before;
    if (at >= length && strstr(err->msg, "syntax error")) { /* the parser reached the text after the expression */
        err_set(err, err->code, "at byte %zu: the expression is not complete", length);
        return;
    }
    at = at < length ? at : length;
    err_set(&moved, err->code, "%.*s%llu%s", (int)(place - err->msg + (ptrdiff_t)n), err->msg, (unsigned long long)at,
            place + n + digits);
    *err = moved;
}

/* Sequence numbers on their way from SQL to the rows. The first batch is small, so that rows appear soon; later ones are large,
 * because a cursor costs more than a row. */
struct seq_batch {
    struct answer *answer;
    answer_seqs_fn *each;
    void *ctx;
    uint64_t *seq;
    size_t n, cap, batch;
    bool newest; /* all of them, backwards */
};

static int flush_seqs(struct seq_batch *seqs, struct err *err) {
    size_t n = seqs->n;
    seqs->n = 0;
    seqs->batch = seqs->batch < SEQS_MAX / SEQS_GROW ? seqs->batch * SEQS_GROW : SEQS_MAX;
    return n > 0 ? seqs->each(seqs->answer, seqs->seq, n, seqs->ctx, err) : 0;
}

static int take_seq(void *ctx, const struct sql_row *row, struct err *err) {
    struct seq_batch *seqs = ctx;
    int rc = array_room(&seqs->seq, seqs->n + 1, &seqs->cap, sizeof(*seqs->seq), err);
    if (rc != 0) return rc;
    seqs->seq[seqs->n++] = (uint64_t)row->values[0].int_;
    return !seqs->newest && seqs->n >= seqs->batch ? flush_seqs(seqs, err) : 0;
}

static void reverse(struct seq_batch *seqs) {
    for (size_t i = 0; i < seqs->n / 2; i++) {
        uint64_t other = seqs->seq[seqs->n - 1 - i];
        seqs->seq[seqs->n - 1 - i] = seqs->seq[i];
        seqs->seq[i] = other;
    }
}

/* The statement; *ret_before: the offset of the expression in it. */
static int put_where(const struct answer *a, uint64_t from, uint64_t to, uint64_t limit, bool newest, struct buf *out,
                     size_t *ret_before, struct err *err) {
    buf_put_str(out, "SELECT seq FROM events WHERE (");
    *ret_before = out->n;
    buf_put_bytes(out, bytes_of(a->where));
    buf_put_str(out, "\n) AND "); /* the line end closes a comment */
    ask_sql(&a->ask, out);
    answer_tier_put(a, out);
    if (from > 0) {
        buf_printf(out, " AND seq >= %llu", (unsigned long long)from);
    }
    buf_printf(out, " AND seq < %llu ORDER BY seq%s", (unsigned long long)(to < INT64_MAX ? to : INT64_MAX),
               newest ? " DESC" : "");
    if (limit > 0) {
        buf_printf(out, " LIMIT %llu", (unsigned long long)limit);
    }
    return buf_check(out, "the condition", err);
}

int answer_where(struct answer *a, uint64_t from, uint64_t to, uint64_t limit, bool newest, answer_seqs_fn *each, void *ctx,
                 struct err *err) {
    struct seq_batch seqs = {.answer = a, .each = each, .ctx = ctx, .batch = SEQS_FIRST, .newest = newest};
    struct buf statement = {.max = STATEMENT_MAX};
    struct bytes where = bytes_of(a->where);
    struct err why = {0};
    size_t before = 0;
    int rc = expression_check(where, err);
    if (rc == 0) rc = answer_sql_open(a, err);
    if (rc != 0) {
        err_prefix(err, "--where");
        return rc;
    }
    rc = put_where(a, from, to, limit, newest, &statement, &before, err);
    if (rc == 0) {
        rc = sql_run(a->sql, bytes_of_buf(&statement), NULL, take_seq, &seqs, &why);
        if (rc == ERR_INVALID) {
            move_place(&why, before, where.n);
            err_prefix(&why, "--where");
        }
        rc = note_sql(a, rc, &why, err);
    }
    if (rc == 0) {
        if (newest) {
            reverse(&seqs);
        }
        rc = flush_seqs(&seqs, err);
    } else if (rc < 0 && !newest && !answer_over(a)) {
        flush_seqs(&seqs, &(struct err){0}); /* what was found before it failed */
    }
    buf_done(&statement);
    free(seqs.seq);
    return rc == 1 ? 0 : rc;
}

/* ---- --sql ---- */

struct table_of {
    struct answer *answer;
    struct rows_column *columns; /* owned */
};

/* Column names may repeat, as in SELECT count(*), count(*); JSON members may not. */
static void name_column(struct rows_column *columns, size_t i, const char *name) {
    snprintf(columns[i].name, sizeof(columns[i].name), "%.*s", FIELD_NAME_MAX - 8, name);
    for (size_t k = 0, n = 1; k < i; k++) {
        if (strcmp(columns[k].name, columns[i].name) == 0) {
            snprintf(columns[i].name, sizeof(columns[i].name), "%.*s:%zu", FIELD_NAME_MAX - 12, name, ++n);
            k = SIZE_MAX; /* from the start: the new name may be in use too */
        }
    }
}

static int take_names(void *ctx, const struct sql_row *row, struct err *err) {
    struct table_of *table = ctx;
    struct answer *a = table->answer;
    struct obj head = {0};
    if (row->n > TABLE_COLUMNS_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d columns", TABLE_COLUMNS_MAX);
    }
    table->columns = calloc(row->n + 1, sizeof(*table->columns));
    if (!table->columns) return err_set(err, ERR_NOMEM, "no memory for the answer");
    for (size_t i = 0; i < row->n; i++) {
        table->columns[i].is_bytes = true;
        name_column(table->columns, i, row->names[i]);
        table->columns[i].is_time = strcmp(table->columns[i].name, "time") == 0;
    }
    answer_head(a, &head);
    struct rows_options options = {.format = a->format,
                                   .style = a->style,
                                   .schema = "ledger.sql/1",
                                   .list = "records",
                                   .head = &head,
                                   .pager = &a->pager,
                                   .n = row->n,
                                   .columns = table->columns};
    a->rows = rows_begin(a->cli, &options);
    obj_done(&head);
    return a->rows ? 0 : err_set(err, ERR_NOMEM, "no memory for the answer");
}

static int take_row(void *ctx, const struct sql_row *row, struct err *err) {
    struct table_of *table = ctx;
    (void)err;
    rows_values(table->answer->rows, row->values);
    return out_good(table->answer->cli) ? 0 : 1;
}

int answer_sql(struct answer *a, struct rows_column **ret_columns, struct err *err) {
    struct table_of table = {.answer = a};
    struct err why = {0};
    int rc = answer_sql_open(a, err);
    if (rc != 0) return rc;
    rc = sql_run(a->sql, bytes_of(a->statement), take_names, take_row, &table, &why);
    *ret_columns = table.columns;
    rc = note_sql(a, rc, &why, err);
    return rc == 1 ? 0 : rc;
}
