/* A cell's text, sequence numbers or list are borrowed bytes in one member; lists are canonical MessagePack already. */
#include "cli/print/cell.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/obj.h"
#include "base/text.h"
#include "cli/print/out.h"
#include "cli/print/table.h"
#include "lib/json/cell.h"
#include "projections/rows/list.h"

#define TEXT_MAX     ((size_t)1 << 20)
#define DIGEST_BYTES (sizeof("sha256:") - 1 + 64)
#define DIGEST_SHOWN (sizeof("sha256:") - 1 + 12)

/* ---- remedies ---- */

static void put_reaching(const struct cli *cli, struct bytes map, struct buf *out) {
    struct mp_reader reader;
    struct mp_item head, item;
    struct bytes key, value;
    size_t start = out->n;
    mp_reader_init(&reader, map);
    if (mp_next(&reader, &head, NULL) != 0 || head.type != MP_MAP) {
        buf_put_bytes(out, map);
        return;
    }
    mp_put_map(out, head.count);
    for (uint32_t i = 0; i < head.count; i++) {
        if (mp_skip(&reader, 2, &key, NULL) != 0 || mp_skip(&reader, 2, &value, NULL) != 0) {
            out->n = start;
            buf_put_bytes(out, map);
            return;
        }
        bool is_key = mp_scalar(key, &item) == 0 && item.type == MP_STR && bytes_is(item.data, "remedy");
        buf_put_bytes(out, key);
        if (is_key && mp_scalar(value, &item) == 0 && item.type == MP_STR) {
            struct buf command = {.max = TEXT_MAX};
            cli_command(cli, item.data, &command);
            mp_put_str(out, command.fail ? item.data : bytes_of_buf(&command));
            buf_done(&command);
        } else {
            buf_put_bytes(out, value);
        }
    }
}

struct cell cell_shown(const struct cli *cli, const struct row *row, size_t column, struct buf *room) {
    struct cell cell = row->cells[column];
    const struct state_column *c = &row->table->columns[column];
    struct list list;
    struct bytes item;
    struct buf items = {.max = TEXT_MAX};
    uint32_t n = 0;
    if (!cli || !cli->dir_option || !(c->flags & COLUMN_JUDGED)) return cell;
    buf_clear(room);
    if (cell.type == CELL_TEXT && strcmp(c->name, "remedy") == 0) {
        cli_command(cli, cell.text, room);
    } else if (cell.type == CELL_LIST) {
        for (list_open(&list, cell.text); list_next(&list, &item); n++) {
            put_reaching(cli, item, &items);
        }
        mp_put_array(room, n);
        buf_put_bytes(room, bytes_of_buf(&items));
        room->fail = room->fail ? room->fail : items.fail;
    } else {
        return cell;
    }
    buf_done(&items);
    cell.text = room->fail ? cell.text : bytes_of_buf(room);
    return cell;
}

/* ---- values ---- */

struct query_value cell_value(const struct cli *cli, const struct row *row, size_t column, struct buf *room) {
    struct cell shown = cell_shown(cli, row, column, room), *cell = &shown;
    struct query_value v = {.type = QUERY_NULL};
    switch (cell->type) {
    case CELL_NULL:
        break;
    case CELL_INT:
        v = (struct query_value){.type = QUERY_INT, .int_ = cell->int_};
        break;
    case CELL_REAL:
        v = (struct query_value){.type = QUERY_REAL, .real = cell->real};
        break;
    case CELL_BOOL:
        v = (struct query_value){.type = QUERY_BOOL, .boolean = cell->boolean};
        break;
    case CELL_TEXT:
        v = (struct query_value){.type = QUERY_TEXT, .text = cell->text};
        break;
    case CELL_SEQS:
    case CELL_LIST:
        v = (struct query_value){.type = QUERY_OTHER, .text = cell->text};
        break;
    }
    return v;
}

void cell_column(const struct state_column *column, struct rows_column *ret) {
    static const struct {
        const char *name;
        unsigned how;
    } known[] = {{"state", TABLE_WHOLE}, {"verdict", TABLE_WHOLE}, {"status", TABLE_WHOLE},    {"tier", TABLE_WHOLE},
                 {"reason", TABLE_WRAP}, {"expires", TABLE_SPARE}, {"since", TABLE_SPARE},     {"pack", TABLE_TAIL},
                 {"agent", TABLE_SPARE}, {"errors", TABLE_SPARE},  {"tokens_in", TABLE_SPARE}, {"tokens_out", TABLE_SPARE},
                 {"cost", TABLE_SPARE},  {"error", TABLE_WRAP},    {"scored", TABLE_WRAP}};
    *ret = (struct rows_column){.is_time = (column->flags & COLUMN_TIME) != 0};
    snprintf(ret->name, sizeof(ret->name), "%s", column->name);
    ret->how = (column->flags & COLUMN_KEY) != 0 ? TABLE_TAIL : 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        ret->how = strcmp(column->name, known[i].name) == 0 ? known[i].how : ret->how;
    }
    ret->is_state = (ret->how & TABLE_WHOLE) != 0;
}

static bool ends_in(const char *name, const char *end) {
    size_t n = strlen(name), k = strlen(end);
    return n > k && strcmp(name + n - k, end) == 0;
}

/* The unit of a column's numbers, from its name: durations, sizes. */
static bool is_length(const char *name) {
    return ends_in(name, "_ms");
}

static bool is_size(const char *name) {
    return ends_in(name, "_bytes") || strcmp(name, "bytes") == 0;
}

void cell_head(const struct state_column *column, struct rows_column *ret) {
    const char *name = column->name;
    bool at = (column->flags & COLUMN_TIME) != 0 && ends_in(name, "_at");
    ret->name[strlen(name) - (is_length(name) || at ? 3 : ends_in(name, "_bytes") ? 6 : 0)] = '\0';
    ret->how |= is_length(name) || is_size(name) ? TABLE_RIGHT : 0U;
}

bool cell_unit(const struct row *row, size_t column, struct buf *out) {
    const char *name = row->table->columns[column].name;
    const struct cell *cell = &row->cells[column];
    double v = cell->type == CELL_REAL ? cell->real : cell->type == CELL_INT ? (double)cell->int_ : -1;
    char size[32];
    if (!(v >= 0) || !(is_length(name) || (is_size(name) && cell->type == CELL_INT))) return false;
    if (is_length(name)) {
        when_length(out, v);
    } else {
        out_size(size, (uint64_t)cell->int_);
        buf_put_str(out, size);
    }
    return true;
}

/* An array of texts and integers, separated by commas. False: it contains something else. */
static bool put_plain_list(struct bytes list, struct buf *out) {
    struct mp_reader reader;
    struct mp_item item;
    size_t start = out->n;
    mp_reader_init(&reader, list);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_ARRAY) return false;
    for (uint32_t i = 0, n = item.count; i < n; i++) {
        if (mp_next(&reader, &item, NULL) != 0 || (item.type != MP_STR && item.type != MP_UINT)) {
            out->n = start;
            return false;
        }
        buf_put_str(out, i > 0 ? ", " : "");
        if (item.type == MP_STR) {
            buf_put_bytes(out, item.data);
        } else {
            buf_printf(out, "%llu", (unsigned long long)item.uint);
        }
    }
    return true;
}

void cell_list(struct bytes list, struct buf *out) {
    if (!put_plain_list(list, out)) {
        json_from_mp(list, JSON_LINE, out, NULL);
    }
}

/* A model without a known digest has its name as its key, and the name has its own column. */
static bool is_name_as_digest(const struct row *row, size_t column) {
    size_t of = projection_column(row->table, "digest_of");
    return of != SIZE_MAX && (row->table->columns[column].flags & COLUMN_KEY) && row_is(row, of, "name");
}

void cell_text(const struct cli *cli, const struct row *row, size_t column, enum when_style style, uint64_t now,
               struct buf *out) {
    struct buf mp = {.max = 16}, room = {.max = TEXT_MAX};
    struct cell shown = cell_shown(cli, row, column, &room), *cell = &shown;
    switch (cell->type) {
    case CELL_NULL:
        break;
    case CELL_BOOL:
        buf_put_str(out, cell->boolean ? "true" : "false");
        break;
    case CELL_INT:
        if ((row->table->columns[column].flags & COLUMN_TIME) && cell->int_ >= 0) {
            when_text(out, (uint64_t)cell->int_, style, now);
        } else {
            buf_printf(out, "%lld", (long long)cell->int_);
        }
        break;
    case CELL_REAL:
        if (mp_float_ok(cell->real)) {
            mp_put_float(&mp, cell->real);
            json_from_mp(bytes_of_buf(&mp), JSON_LINE, out, NULL);
        } else {
            buf_printf(out, "%f", cell->real);
        }
        buf_done(&mp);
        break;
    case CELL_TEXT:
        buf_put_bytes(out, is_name_as_digest(row, column) ? bytes_of("-") : cell->text);
        break;
    case CELL_SEQS:
    case CELL_LIST:
        cell_list(cell->text, out);
        break;
    }
    buf_done(&room);
}

static bool is_digest(const uint8_t *p, size_t n) {
    if (n < DIGEST_BYTES || memcmp(p, "sha256:", 7) != 0) return false;
    for (size_t i = 7; i < DIGEST_BYTES; i++) {
        if (!(p[i] >= '0' && p[i] <= '9') && !(p[i] >= 'a' && p[i] <= 'f')) return false;
    }
    return true;
}

void cell_short(const struct cli *cli, struct buf *text, size_t at) {
    const char *mark = table_mark(cli);
    size_t n = strlen(mark), to = at, from = out_width(cli) < TABLE_ROOM ? sizeof("sha256:") - 1 : 0;
    if (out_width(cli) == SIZE_MAX || text->fail) return;
    while (at < text->n) {
        if (!is_digest(text->p + at, text->n - at)) {
            text->p[to++] = text->p[at++];
            continue;
        }
        memmove(text->p + to, text->p + at + from, DIGEST_SHOWN - from);
        to += DIGEST_SHOWN - from;
        memcpy(text->p + to, mark, n);
        to += n;
        at += DIGEST_BYTES;
    }
    text->n = to;
}

void cell_brief(const struct cli *cli, const struct row *row, size_t column, enum when_style style, uint64_t now,
                struct buf *out) {
    size_t at = out->n;
    cell_text(cli, row, column, style, now, out);
    cell_short(cli, out, at);
    buf_put_str(out, out->n == at ? "-" : "");
}

static bool text_is(struct bytes text, const char *word) {
    size_t n = strlen(word);
    if (n > 0 && word[n - 1] == '*') {
        return bytes_starts(text, (struct bytes){(const uint8_t *)word, n - 1});
    }
    return bytes_is(text, word);
}

static bool list_has(struct bytes list, const char *word) {
    struct mp_reader reader;
    struct mp_item item;
    mp_reader_init(&reader, list);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_ARRAY) return false;
    for (uint32_t i = 0, n = item.count; i < n; i++) {
        struct bytes raw;
        if (mp_skip(&reader, 1, &raw, NULL) != 0) return false;
        if (mp_scalar(raw, &item) == 0 && item.type == MP_STR && text_is(item.data, word)) {
            return true;
        }
    }
    return false;
}

bool cell_is(const struct row *row, size_t column, const char *word) {
    const struct cell *cell = &row->cells[column];
    char number[32];
    switch (cell->type) {
    case CELL_NULL:
        return *word == '\0';
    case CELL_BOOL:
        return strcmp(word, cell->boolean ? "true" : "false") == 0;
    case CELL_INT:
        snprintf(number, sizeof(number), "%lld", (long long)cell->int_);
        return text_is(bytes_of(number), word);
    case CELL_TEXT:
        return text_is(cell->text, word);
    case CELL_LIST:
        return list_has(cell->text, word);
    default: {
        struct buf text = {.max = TEXT_MAX};
        cell_text(NULL, row, column, WHEN_UTC, 0, &text);
        bool is = text_is(bytes_of_buf(&text), word);
        buf_done(&text);
        return is;
    }
    }
}

bool cell_same(const struct row *a, const struct row *b, size_t column) {
    const struct cell *x = &a->cells[column], *y = &b->cells[column];
    if (x->type != y->type) return false;
    switch (x->type) {
    case CELL_NULL:
        return true;
    case CELL_INT:
        return x->int_ == y->int_;
    case CELL_REAL:
        return x->real == y->real || (x->real != x->real && y->real != y->real);
    case CELL_BOOL:
        return x->boolean == y->boolean;
    default:
        return bytes_eq(x->text, y->text);
    }
}

void cell_put_as(const struct cli *cli, const struct row *row, size_t column, const char *name, struct obj *obj) {
    struct buf room = {.max = TEXT_MAX};
    struct cell cell = cell_shown(cli, row, column, &room);
    json_cell_put(obj, name, &row->table->columns[column], &cell);
    buf_done(&room);
}

void cell_put(const struct cli *cli, const struct row *row, size_t column, struct obj *obj) {
    cell_put_as(cli, row, column, row->table->columns[column].name, obj);
}

size_t cell_find(const struct state_table *table, struct text_near *name) {
    for (size_t i = 0; i < table->n_columns; i++) {
        if (text_near_offer(name, table->columns[i].name)) return i;
    }
    return SIZE_MAX;
}

struct bytes cell_named(const struct row *row, const char *column) {
    size_t i = projection_column(row->table, column);
    return i != SIZE_MAX && row_has(row, i) ? row_text(row, i) : (struct bytes){0};
}

int64_t cell_number(const struct row *row, const char *column) {
    size_t i = projection_column(row->table, column);
    return i != SIZE_MAX && row_has(row, i) ? row_int(row, i) : -1;
}
