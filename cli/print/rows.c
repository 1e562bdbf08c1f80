/* Every format is written from the same values. JSON is converted from MessagePack, the program's one data model; CSV is RFC
 * 4180; tables are printed by cli/print/table.c.
 *
 * Text of events is hostile. In a table, in JSON and, on a terminal, in CSV it is made safe. CSV ends up in spreadsheets,
 * which take some texts for formulas (base/text.h text_is_formula): these are prefixed with '. */
#include "cli/print/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mp.h"
#include "base/text.h"
#include "cli/print/say.h"
#include "cli/print/summary.h"
#include "cli/print/table.h"

#define ROW_MAX   ((size_t)256 << 20)
#define HEAD_MAX  (8 * FIELD_NAME_MAX) /* a name made safe */
#define BAR_CELLS 32                   /* at most; on a terminal at most a quarter of it */
#define BAR_MIN   8

struct rows {
    struct cli *cli;
    struct rows_options o;
    struct table *table;
    struct table_column *heads; /* of the table */
    char (*names)[HEAD_MAX];
    size_t kind;         /* the column of the kind; SIZE_MAX: none */
    struct buf mp, text; /* of the current row */
    struct buf head;     /* the beginning of a JSON document, until it is printed */
    struct bytes remark; /* on the next row */
    bool begun;
    struct err err; /* the first error */
    uint64_t count, now;
    uint32_t members; /* of a row's JSON object */
    size_t bar;       /* cells of a whole one */
};

static const char *const format_names[] = {
    [ROWS_TABLE] = "table", [ROWS_JSON] = "json", [ROWS_JSONL] = "jsonl", [ROWS_CSV] = "csv", [ROWS_MSGPACK] = "msgpack"};

int rows_format(const char *name, enum rows_format *ret, struct err *err) {
    struct text_near near = {.text = name};
    size_t i = text_near_find(&near, format_names, sizeof(format_names) / sizeof(format_names[0]));
    if (i == SIZE_MAX) {
        return err_set(err, ERR_INVALID, "unknown format '%.40s'%s (expected table, json, jsonl, csv or msgpack)", name,
                       text_near_words(&near));
    }
    *ret = (enum rows_format)i;
    return 0;
}

static void note(struct rows *rows, const struct err *err) {
    if (rows->err.code == 0) {
        rows->err = *err;
    }
}

/* ---- beginning ---- */

/* The JSON document up to its rows. */
static void make_json_head(struct rows *rows) {
    struct obj head = {0};
    obj_text(&head, "schema", rows->o.schema);
    if (rows->o.head) {
        buf_put_bytes(&head.items, bytes_of_buf(&rows->o.head->items));
        head.n += rows->o.head->n;
    }
    if (obj_json(&head, JSON_LINE, &rows->head, &rows->err) == 0) {
        rows->head.n--; /* the brace */
        buf_printf(&rows->head, ",\"%s\":[", rows->o.list);
    }
    obj_done(&head);
}

static void put_csv_text(struct rows *rows, struct bytes text);

/* Prints the CSV row in rows->text. */
static void put_csv_line(struct rows *rows) {
    if (rows->cli->out_tty) {
        out_safe(rows->cli, bytes_of_buf(&rows->text));
        out_str(rows->cli, "\n");
    } else {
        buf_put_str(&rows->text, "\r\n");
        out_data(rows->cli, bytes_of_buf(&rows->text));
    }
}

static void put_csv_head(struct rows *rows) {
    for (size_t i = 0, n = 0; i < rows->o.n; i++) {
        if (!rows->o.columns[i].is_bar) {
            buf_put_str(&rows->text, n++ > 0 ? "," : "");
            put_csv_text(rows, bytes_of(rows->o.columns[i].name));
        }
    }
    put_csv_line(rows);
}

/* Before the first byte, so that no empty pager is shown while the first row is searched for. */
static void begin_output(struct rows *rows) {
    if (rows->begun) return;
    rows->begun = true;
    if (rows->o.pager) {
        pager_begin(rows->o.pager, rows->cli);
    }
    if (rows->o.format == ROWS_JSON) {
        out_json(rows->cli, bytes_of_buf(&rows->head));
    } else if (rows->o.format == ROWS_CSV) {
        put_csv_head(rows);
    }
}

/* A column's heading: in capitals, except for names from an SQL statement. */
static void put_head(const struct rows_column *column, char ret[HEAD_MAX]) {
    struct buf safe = {.max = HEAD_MAX - 1};
    text_safe(&safe, bytes_of(column->is_bar ? "" : column->name));
    for (size_t i = 0; i < safe.n && !column->is_bytes; i++) {
        safe.p[i] = safe.p[i] >= 'a' && safe.p[i] <= 'z' ? (uint8_t)(safe.p[i] - 'a' + 'A') : safe.p[i];
    }
    snprintf(ret, HEAD_MAX, "%.*s", (int)safe.n, safe.n > 0 ? (const char *)safe.p : "");
    buf_done(&safe);
}

/* Columns that are meaningless when cut. */
static bool is_kept(const struct rows_column *column) {
    static const char *const names[] = {"kind", "at", "day", "hour", "minute"};
    bool kept = column->is_time || column->is_bar;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !kept; i++) {
        kept = strcmp(column->name, names[i]) == 0;
    }
    return kept;
}

static bool new_table(struct rows *rows) {
    size_t line = out_width(rows->cli) / 4;
    rows->bar = line > BAR_CELLS ? BAR_CELLS : line < BAR_MIN ? BAR_MIN : line;
    rows->heads = calloc(rows->o.n + 1, sizeof(*rows->heads));
    rows->names = calloc(rows->o.n + 1, sizeof(*rows->names));
    for (size_t i = 0; rows->heads && rows->names && i < rows->o.n; i++) {
        const char *name = rows->o.columns[i].name;
        size_t max = strcmp(name, "kind") == 0 ? 30 : strcmp(name, "subject") == 0 ? 36 : 0;
        put_head(&rows->o.columns[i], rows->names[i]);
        rows->heads[i] = (struct table_column){.name = rows->names[i], .tty_max = max};
        rows->heads[i].how = rows->o.columns[i].how | (is_kept(&rows->o.columns[i]) ? TABLE_KEEP : 0);
        rows->heads[i].how |= strcmp(name, "subject") == 0 ? TABLE_TAIL : 0;
    }
    rows->table = rows->heads && rows->names ? table_new(rows->cli, rows->heads, rows->o.n) : NULL;
    return rows->table != NULL;
}

static void rows_free(struct rows *rows) {
    buf_done(&rows->mp);
    buf_done(&rows->text);
    buf_done(&rows->head);
    free(rows->heads);
    free(rows->names);
    free(rows);
}

struct rows *rows_begin(struct cli *cli, const struct rows_options *options) {
    struct rows *rows = calloc(1, sizeof(*rows));
    if (!rows) return NULL;
    *rows = (struct rows){.cli = cli, .o = *options, .kind = SIZE_MAX, .now = clock_wall_ns()};
    buf_init(&rows->mp, ROW_MAX);
    buf_init(&rows->text, ROW_MAX);
    buf_init(&rows->head, ROW_MAX);
    for (size_t i = 0; i < rows->o.n; i++) {
        rows->kind = strcmp(rows->o.columns[i].name, "kind") == 0 ? i : rows->kind;
        rows->members += rows->o.columns[i].is_bar ? 0 : 1;
    }
    if (rows->o.format == ROWS_TABLE && !new_table(rows)) {
        rows_free(rows);
        return NULL;
    }
    if (rows->o.format == ROWS_JSON) {
        make_json_head(rows);
    }
    if (rows->o.head) {
        obj_done(rows->o.head);
        rows->o.head = NULL;
    }
    return rows;
}

/* ---- values as MessagePack and JSON ---- */

static void put_mp_text(struct buf *out, struct bytes text) {
    if (text_utf8_valid(text.p, text.n) == text.n) {
        mp_put_str(out, text);
        return;
    }
    struct buf safe = {.max = ROW_MAX};
    text_safe(&safe, text);
    mp_put_str(out, bytes_of_buf(&safe));
    buf_done(&safe);
}

static void put_mp_real(struct buf *out, double v) {
    v = v == 0 ? 0 : v; /* no negative zero */
    if (mp_float_ok(v)) {
        mp_put_float(out, v);
    } else {
        mp_put_str(out, bytes_of(isnan(v) ? "nan" : v > 0 ? "inf" : "-inf"));
    }
}

static void put_mp(struct rows *rows, const struct rows_column *column, const struct query_value *v, struct buf *out) {
    char ns[24];
    switch (v->type) {
    case QUERY_NULL:
        mp_put_nil(out);
        break;
    case QUERY_BOOL:
        mp_put_bool(out, v->boolean);
        break;
    case QUERY_INT:
        if (column->is_time && rows->o.format != ROWS_MSGPACK) { /* a JSON number would lose ns */
            snprintf(ns, sizeof(ns), "%lld", (long long)v->int_);
            mp_put_str(out, bytes_of(ns));
        } else {
            mp_put_int(out, v->int_);
        }
        break;
    case QUERY_REAL:
        put_mp_real(out, v->real);
        break;
    case QUERY_TEXT:
        put_mp_text(out, v->text);
        break;
    case QUERY_OTHER:
        if (column->is_bytes) {
            mp_put_bin(out, v->text);
        } else {
            buf_put_bytes(out, v->text);
        }
    }
}

/* Prints the item in rows->mp in the format. */
static void put_item(struct rows *rows) {
    struct err err = {0};
    if (buf_check(&rows->mp, "a row", &err) != 0) {
        note(rows, &err);
        return;
    }
    if (rows->o.format == ROWS_MSGPACK) {
        out_data(rows->cli, bytes_of_buf(&rows->mp));
        return;
    }
    buf_clear(&rows->text);
    if (json_from_mp(bytes_of_buf(&rows->mp), JSON_LINE, &rows->text, &err) != 0) {
        note(rows, &err);
        return;
    }
    out_str(rows->cli, rows->o.format == ROWS_JSONL ? "" : rows->count > 0 ? ",\n" : "\n");
    out_json(rows->cli, bytes_of_buf(&rows->text));
    out_str(rows->cli, rows->o.format == ROWS_JSONL ? "\n" : "");
}

/* ---- values as text ---- */

static void put_number(struct buf *out, const struct query_value *v) {
    struct buf mp = {.max = 64};
    if (v->type == QUERY_INT) {
        mp_put_int(&mp, v->int_);
    } else {
        put_mp_real(&mp, v->real);
    }
    size_t at = out->n;
    json_from_mp(bytes_of_buf(&mp), JSON_LINE, out, NULL);
    if (out->n > at && out->p[at] == '"') { /* not a number in JSON */
        memmove(out->p + at, out->p + at + 1, out->n - at - 2);
        out->n -= 2;
    }
    buf_done(&mp);
}

/* All types except text, which the caller handles. */
static void put_plain(const struct rows_column *column, const struct query_value *v, struct buf *out) {
    struct err err = {0};
    switch (v->type) {
    case QUERY_BOOL:
        buf_put_str(out, v->boolean ? "true" : "false");
        break;
    case QUERY_INT:
    case QUERY_REAL:
        put_number(out, v);
        break;
    case QUERY_OTHER:
        if (column->is_bytes) {
            text_base64(out, v->text.p, v->text.n);
        } else {
            json_from_mp(v->text, JSON_LINE, out, &err);
        }
        break;
    default:
        break;
    }
}

/* What a spreadsheet or a terminal shows may not deceive: format characters are visible escapes, JSON's own in JSON. */
static void put_csv_safe(struct rows *rows, struct bytes text, bool json) {
    struct buf safe = {.max = 6 * text.n + 16};
    if (text_is_safe(text, true)) {
        put_csv_text(rows, text);
        return;
    }
    int rc = json ? text_safe_json(&safe, text) : text_safe_format(&safe, text);
    if (rc == 0) {
        put_csv_text(rows, bytes_of_buf(&safe));
    } else {
        rows->text.fail = rc;
    }
    buf_done(&safe);
}

static void put_csv_text(struct rows *rows, struct bytes text) {
    struct buf *out = &rows->text;
    bool formula = text_is_formula(text);
    bool quote = text.n == 0 || text.p[0] == ' ' || text.p[text.n - 1] == ' ';
    for (size_t i = 0; i < text.n && !quote; i++) {
        quote = text.p[i] == '"' || text.p[i] == ',' || text.p[i] == '\r' || text.p[i] == '\n';
    }
    buf_put_str(out, quote ? "\"" : "");
    buf_put_str(out, formula ? "'" : "");
    while (text.n > 0) {
        const uint8_t *mark = memchr(text.p, '"', text.n);
        size_t n = mark ? (size_t)(mark - text.p) + 1 : text.n;
        buf_put(out, text.p, n);
        buf_put_str(out, mark ? "\"" : "");
        text.p += n;
        text.n -= n;
    }
    buf_put_str(out, quote ? "\"" : "");
}

static void put_csv(struct rows *rows, const struct query_value *values) {
    char time[TEXT_TIME_MAX];
    buf_clear(&rows->text);
    for (size_t i = 0, n = 0; i < rows->o.n; i++) {
        const struct rows_column *column = &rows->o.columns[i];
        const struct query_value *v = &values[i];
        if (column->is_bar) continue;
        buf_put_str(&rows->text, n++ > 0 ? "," : "");
        if (v->type == QUERY_TEXT) {
            put_csv_safe(rows, v->text, false);
        } else if (v->type == QUERY_INT && column->is_time && v->int_ >= 0) {
            text_time(time, (uint64_t)v->int_);
            buf_put_str(&rows->text, time);
        } else if (v->type == QUERY_OTHER) {
            buf_clear(&rows->mp);
            put_plain(column, v, &rows->mp);
            put_csv_safe(rows, bytes_of_buf(&rows->mp), true);
        } else {
            put_plain(column, v, &rows->text);
        }
    }
    struct err err = {0};
    if (buf_check(&rows->text, "a row", &err) != 0) {
        note(rows, &err);
    } else {
        put_csv_line(rows);
    }
}

/* A bar, in eighths of a cell if the terminal can draw them. */
static void put_bar(struct rows *rows, double part) {
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    bool fine = out_utf8(rows->cli);
    unsigned n = (unsigned)(part * (double)rows->bar * 8 + 0.5);
    n = n == 0 && part > 0 ? 1 : n;
    for (unsigned i = 0; i < n / 8; i++) {
        buf_put_str(&rows->text, fine ? "█" : "#");
    }
    buf_put_str(&rows->text, fine ? eighths[n % 8] : n % 8 >= 4 || n < 8 ? "#" : "");
}

/* A number for people: 15 significant digits, instead of the 0.30000000000000004 that programs get. */
static double for_people(double v) {
    char text[32];
    snprintf(text, sizeof(text), "%.15g", v);
    return strtod(text, NULL);
}

static void put_cell(struct rows *rows, size_t i, const struct query_value *values) {
    const struct rows_column *column = &rows->o.columns[i];
    const struct query_value *v = &values[i];
    struct query_value rounded;
    if (v->type == QUERY_REAL) {
        rounded = (struct query_value){.type = QUERY_REAL, .real = for_people(v->real)};
        v = &rounded;
    }
    buf_clear(&rows->text);
    if (column->is_bar) {
        put_bar(rows, v->type == QUERY_REAL ? v->real : 0);
    } else if (v->type == QUERY_TEXT) {
        table_color(rows->table, column->is_state ? out_state(v->text) : OUT_PLAIN);
        table_cell(rows->table, v->text);
        return;
    } else if (v->type == QUERY_INT && column->is_time && v->int_ >= 0) {
        when_text(&rows->text, (uint64_t)v->int_, rows->o.style, rows->now);
    } else if (column->in_line && (v->type == QUERY_OTHER || v->type == QUERY_NULL)) {
        struct bytes kind =
            rows->kind != SIZE_MAX && values[rows->kind].type == QUERY_TEXT ? values[rows->kind].text : (struct bytes){0};
        summary_put(kind, v->type == QUERY_OTHER ? v->text : (struct bytes){0}, NULL, &rows->text);
        buf_put_str(&rows->text, rows->text.n > 0 && rows->remark.n > 0 ? " " : "");
        buf_put_bytes(&rows->text, rows->remark);
    } else {
        put_plain(column, v, &rows->text);
        if (v->type == QUERY_INT || v->type == QUERY_REAL) {
            table_number(rows->table, bytes_of_buf(&rows->text));
            return;
        }
    }
    table_cell(rows->table, bytes_of_buf(&rows->text));
}

/* ---- rows ---- */

void rows_remark(struct rows *rows, struct bytes remark) {
    rows->remark = remark;
}

void rows_values(struct rows *rows, const struct query_value *values) {
    begin_output(rows);
    if (rows->o.format == ROWS_CSV) {
        put_csv(rows, values);
    } else if (rows->o.format == ROWS_TABLE) {
        for (size_t i = 0; i < rows->o.n; i++) {
            put_cell(rows, i, values);
        }
        rows->remark = (struct bytes){0};
    } else {
        buf_clear(&rows->mp);
        mp_put_map(&rows->mp, rows->members);
        for (size_t i = 0; i < rows->o.n; i++) {
            if (!rows->o.columns[i].is_bar) {
                mp_put_str(&rows->mp, bytes_of(rows->o.columns[i].name));
                put_mp(rows, &rows->o.columns[i], &values[i], &rows->mp);
            }
        }
        put_item(rows);
    }
    rows->count++;
}

void rows_event(struct rows *rows, const struct log_event *event, struct bytes private_, uint64_t corrected_by) {
    const struct log_event_marks marks = {.corrected_by = corrected_by};
    struct err err = {0};
    begin_output(rows);
    buf_clear(&rows->text);
    int rc = log_event_json_marked(event, private_, &marks, false, &rows->text, &err);
    if (rc == 0 && rows->o.format == ROWS_MSGPACK) {
        buf_clear(&rows->mp);
        rc = json_to_mp(bytes_of_buf(&rows->text), &rows->mp, &err);
        out_data(rows->cli, bytes_of_buf(&rows->mp));
    } else if (rc == 0) {
        out_str(rows->cli, rows->o.format == ROWS_JSONL ? "" : rows->count > 0 ? ",\n" : "\n");
        out_json(rows->cli, bytes_of_buf(&rows->text));
        out_str(rows->cli, rows->o.format == ROWS_JSONL ? "\n" : "");
    }
    if (rc != 0) {
        note(rows, &err);
    }
    rows->count++;
}

uint64_t rows_count(const struct rows *rows) {
    return rows->count;
}

void rows_flush(struct rows *rows) {
    begin_output(rows);
    if (rows->table) {
        table_flush(rows->table);
    }
    out_flush(rows->cli);
}

static void put_json_tail(struct rows *rows, struct obj *tail) {
    struct obj all = {0};
    struct buf text = {.max = ROW_MAX};
    obj_uint(&all, "rows", rows->count);
    if (tail) {
        buf_put_bytes(&all.items, bytes_of_buf(&tail->items));
        all.n += tail->n;
    }
    if (obj_json(&all, JSON_LINE, &text, &rows->err) == 0) {
        out_str(rows->cli, rows->count > 0 ? "\n]," : "],");
        out_json(rows->cli, (struct bytes){text.p + 1, text.n - 1});
        out_str(rows->cli, "\n");
    }
    buf_done(&text);
    obj_done(&all);
}

int rows_end(struct rows *rows, struct obj *tail) {
    if (!rows) return 0;
    if (rows->o.format == ROWS_JSON || rows->o.format == ROWS_CSV) {
        begin_output(rows);
    }
    if (rows->o.format == ROWS_JSON) {
        put_json_tail(rows, tail);
    }
    if (tail) {
        obj_done(tail);
    }
    struct cli *cli = rows->cli;
    int exit_code = rows->count > 0 ? table_end(rows->table) : 0;
    if (rows->count == 0) {
        table_drop(rows->table);
    }
    if (exit_code == 0 && rows->err.code != 0) {
        exit_code = cli_fail(cli, &rows->err);
    }
    rows_free(rows);
    return exit_code;
}
