/* The changes are searched by projections/walk/causes.h, for few rows and for bad states only: it takes two walks. */
#include "cli/view/explain_before.h"

#include <string.h>

#include "cli/print/cell.h"
#include "cli/print/table.h"
#include "cli/view/entity.h"
#include "cli/view/phrase.h"
#include "projections/walk/matters.h"

#define ROWS_MAX   3 /* of one command */
#define LINES_MAX  3
#define VALUES_MAX 2 /* of one change */
#define TEXT_BYTES ((size_t)1 << 20)

static bool is_one_of(const char *name, const char *const *names, size_t n) {
    bool is = false;
    for (size_t i = 0; i < n; i++) {
        is = is || strcmp(name, names[i]) == 0;
    }
    return is;
}

static bool is_good(const struct row *row) {
    static const char *const others[] = {"missing", "stale", "offline", "absent"};
    size_t state = entity_state(row->table);
    if (state == SIZE_MAX || !row_has(row, state)) return true;
    bool good = out_state(row_text(row, state)) == OUT_PLAIN;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        good = good && !row_is(row, state, others[i]);
    }
    return good;
}

/* Somebody decided its state: what else happened then is no cause of it. */
static bool is_decided(const struct state_table *table) {
    static const char *const names[] = {"permissions", "promotions", "debates", "memories", "tripcodes", "guards"};
    return is_one_of(table->name, names, sizeof(names) / sizeof(names[0]));
}

/* What came into a good state made nothing worse, and what only turned up beside is no cause either; a repair is an answer. */
static bool may_be_cause(const struct cause *cause) {
    static const char *const well[] = {"up", "ready", "pass", "ok", "granted", "loaded", "promoted", "finished"};
    size_t state = entity_state(cause->table);
    bool good = false;
    for (size_t i = 0; i < sizeof(well) / sizeof(well[0]) && state != SIZE_MAX; i++) {
        good = good || row_is(&cause->after, state, well[i]);
    }
    bool turned = cause->n > 0 && cause->columns[0] == state;
    if (strcmp(cause->table->name, "repairs") == 0) return false;
    return !good || (cause->before.absent ? cause->direct : !turned);
}

/* Those that may be it come first; *ret_n: how many they are. */
static void sort_out(struct causes *causes, size_t *ret_n) {
    size_t n = 0;
    for (size_t i = 0; i < causes->n; i++) {
        if (!may_be_cause(&causes->list[i])) continue;
        struct cause kept = causes->list[i];
        memmove(&causes->list[n + 1], &causes->list[n], (i - n) * sizeof(kept));
        causes->list[n++] = kept;
    }
    *ret_n = n;
}

/* *ret_n: how many of them are shown. */
static int search(struct explanation *s, const struct row *row, struct causes *ret, size_t *ret_n, bool *ret_searched,
                  struct err *err) {
    static const char *const also[] = {"clauses", "verdicts"};
    bool tells = matters_table(row->table) || is_one_of(row->table->name, also, sizeof(also) / sizeof(also[0]));
    *ret_searched = !s->whole && tells && s->shown < ROWS_MAX && !is_good(row);
    *ret = (struct causes){0};
    *ret_n = 0;
    size_t n = 0;
    int rc = *ret_searched ? causes_find(s->view->state, row, NULL, ret, err) : 0;
    if (rc == 0) {
        sort_out(ret, &n);
    }
    while (*ret_n < n && (ret->list[*ret_n].direct || !is_decided(row->table))) {
        (*ret_n)++;
    }
    if (is_decided(row->table)) {
        ret->more = 0;
    }
    return rc;
}

/* ---- text ---- */

static void put_reason(struct explanation *s, const struct row *row, size_t column, struct buf *out) {
    struct buf text = {.max = TEXT_BYTES};
    cell_brief(s->view->cli, row, column, s->style, s->now, &text);
    phrase_put(bytes_of_buf(&text), out);
    buf_done(&text);
}

/* "ready -> partial: a route is missing, version 1 -> 2" */
static void put_values(struct explanation *s, const struct cause *cause, struct buf *out) {
    size_t state = entity_state(cause->table), reason = projection_column(cause->table, "reason");
    bool of_state = cause->n > 0 && cause->columns[0] == state;
    size_t start = out->n;
    for (size_t i = 0, n = 0; i < cause->n && n < VALUES_MAX; i++) {
        size_t column = cause->columns[i];
        if (column == reason && !row_has(&cause->after, reason)) continue;
        buf_put_str(out, out->n == start ? "" : column == reason && of_state && n == 1 ? ": " : ", ");
        if (column != state && !(column == reason && of_state)) {
            buf_printf(out, "%s ", cause->table->columns[column].name);
        }
        if (column != reason) {
            cell_brief(s->view->cli, &cause->before, column, s->style, s->now, out);
            buf_put_str(out, " -> ");
        }
        if (column == reason && s->said) {
            put_reason(s, &cause->after, column, out);
        } else {
            cell_brief(s->view->cli, &cause->after, column, s->style, s->now, out);
        }
        n++;
    }
}

static void put_change(struct explanation *s, const struct cause *cause, struct buf *out) {
    size_t state = entity_state(cause->table);
    if (cause->after.absent) {
        buf_put_str(out, explanation_words(s, "went"));
    } else if (cause->before.absent) {
        buf_put_str(out, explanation_words(s, "appeared"));
        if (state != SIZE_MAX && row_has(&cause->after, state)) {
            buf_put_str(out, ": ");
            cell_brief(s->view->cli, &cause->after, state, s->style, s->now, out);
        }
    } else {
        put_values(s, cause, out);
    }
}

static void print_one(struct explanation *s, struct table *table, const struct cause *cause) {
    struct buf text = {.max = TEXT_BYTES};
    entity_name(cause->after.absent ? &cause->before : &cause->after, &text);
    cell_short(s->view->cli, &text, 0);
    table_cell(table, bytes_of_buf(&text));
    if (cause->seq == LOG_NO_SEQ) {
        table_text(table, explanation_words(s, "by time"));
    } else {
        table_uint(table, cause->seq);
    }
    buf_clear(&text);
    when_text(&text, cause->time, s->style, s->now);
    table_cell(table, bytes_of_buf(&text));
    table_text(table, cause->kind ? cause->kind : "");
    table_text(table, cause->direct ? explanation_words(s, "read") : explanation_words(s, "near"));
    buf_clear(&text);
    put_change(s, cause, &text);
    table_cell(table, bytes_of_buf(&text));
    buf_done(&text);
}

static void put_more(struct explanation *s, const char *words, uint64_t more) {
    const struct message_arg n = message_int("n", (int64_t)more);
    struct buf text = {.max = TEXT_BYTES};
    message_fill(words, &n, 1, &text);
    out_safe(s->view->cli, bytes_of_buf(&text));
    out_str(s->view->cli, "\n");
    buf_done(&text);
}

int explain_before_print(struct explanation *s, const struct row *row, struct err *err) {
    const struct table_column columns[] = {{explanation_words(s, "SHORTLY BEFORE"), TABLE_TAIL, 0},
                                           {"SEQ", TABLE_RIGHT | TABLE_WHOLE, 0},
                                           {"TIME", TABLE_KEEP, 0},
                                           {"KIND", TABLE_NARROW | TABLE_SPARE, 0},
                                           {explanation_words(s, "LINK"), TABLE_WHOLE, 0},
                                           {explanation_words(s, "CHANGE"), TABLE_WRAP, 0}};
    struct causes causes;
    size_t n;
    bool searched;
    int rc = search(s, row, &causes, &n, &searched, err);
    if (rc == 0 && n > 0) {
        size_t lines = n < LINES_MAX ? n : LINES_MAX;
        uint64_t more = causes.more + (n - lines);
        out_str(s->view->cli, "\n");
        struct table *table = table_new(s->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
        for (size_t i = 0; i < lines; i++) {
            print_one(s, table, &causes.list[i]);
        }
        table_end(table);
        if (more > 0) {
            const char *text =
                causes.whole ? explanation_words(s, "and {n} more") : explanation_words(s, "and {n} more at least");
            put_more(s, text, more);
        }
    }
    causes_done(&causes);
    return rc;
}

int explain_before_each(struct explanation *s, const struct row *row, explain_before_fn *each, void *ctx, struct err *err) {
    struct buf name = {.max = TEXT_BYTES}, change = {.max = TEXT_BYTES};
    struct causes causes;
    size_t n;
    bool searched;
    int rc = search(s, row, &causes, &n, &searched, err);
    size_t shown = n < LINES_MAX ? n : LINES_MAX;
    for (size_t i = 0; rc == 0 && i < shown; i++) {
        const struct cause *cause = &causes.list[i];
        buf_clear(&name);
        buf_clear(&change);
        entity_name(cause->after.absent ? &cause->before : &cause->after, &name);
        cell_short(s->view->cli, &name, 0);
        put_change(s, cause, &change);
        each(ctx, cause, bytes_of_buf(&name), bytes_of_buf(&change));
    }
    causes_done(&causes);
    buf_done(&name);
    buf_done(&change);
    return rc;
}

/* ---- JSON ---- */

static void put_one(struct explanation *s, const struct cause *cause, struct obj *list) {
    struct obj one = {0}, sides[2] = {0};
    const struct row *rows[] = {&cause->before, &cause->after};
    static const char *const names[] = {"before", "after"};
    struct buf name = {.max = TEXT_BYTES};
    size_t state = entity_state(cause->table);
    bool turned = cause->before.absent || cause->after.absent;
    entity_name(cause->after.absent ? &cause->before : &cause->after, &name);
    obj_str(&one, "name", bytes_of_buf(&name));
    obj_text(&one, "table", cause->table->name);
    obj_text(&one, "noun", cause->table->noun);
    obj_text(&one, "change", cause->after.absent ? "went" : cause->before.absent ? "appeared" : "changed");
    for (size_t i = 0; i < 2; i++) {
        bool of_state = cause->n > 0 && cause->columns[0] == state;
        if (rows[i]->absent) {
            obj_text(&one, names[i], NULL);
            continue;
        }
        if (turned && !of_state && state != SIZE_MAX) {
            cell_put(s->view->cli, rows[i], state, &sides[i]);
        }
        for (size_t k = 0; k < cause->n; k++) {
            cell_put(s->view->cli, rows[i], cause->columns[k], &sides[i]);
        }
        obj_obj(&one, names[i], &sides[i]);
    }
    obj_bool(&one, "direct", cause->direct);
    obj_uint(&one, "seq", cause->seq);
    obj_time(&one, "time", cause->time);
    obj_text(&one, "kind", cause->kind);
    obj_obj(list, NULL, &one);
    buf_done(&name);
}

int explain_before_put(struct explanation *s, const struct row *row, struct obj *obj, struct err *err) {
    struct obj list = {0};
    struct causes causes;
    size_t n;
    bool searched;
    int rc = search(s, row, &causes, &n, &searched, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        put_one(s, &causes.list[i], &list);
    }
    if (rc == 0 && searched) {
        obj_list(obj, "before", &list);
        obj_uint(obj, "more_before", causes.more);
        obj_bool(obj, "before_whole", causes.whole);
    } else {
        obj_text(obj, "before", NULL);
        obj_done(&list);
    }
    causes_done(&causes);
    return rc;
}
