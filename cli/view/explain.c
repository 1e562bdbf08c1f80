/* A headline, what explains it, and the events that decide it. Each event is read from the log and its leaf checked, so
 * that the evidence itself is shown, not what a projection made of it. */
#include "cli/view/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "cli/print/cell.h"
#include "cli/print/say.h"
#include "cli/print/summary.h"
#include "cli/print/table.h"
#include "cli/view/entity.h"
#include "cli/view/explain_before.h"
#include "cli/view/explain_corrected.h"
#include "cli/view/explain_moved.h"
#include "cli/view/explain_parts.h"
#include "cli/view/run_summary.h"
#include "projections/rows/list.h"

#define EVENTS_MAX   (4 * ROW_SEQS_MAX)
#define MEMBERS_MAX  16
#define ENTITIES_MAX 20 /* shown to people */
#define TEXT_BYTES   ((size_t)4 << 20)

struct cited {
    uint64_t seq[EVENTS_MAX];
    size_t n;
};

/* A row without a state is shown by its main columns: "accepted 12, rejected 0". */
static void put_main(struct explanation *s, const struct row *row, struct buf *out) {
    for (size_t i = 0; i < row->table->n_columns; i++) {
        const struct state_column *column = &row->table->columns[i];
        size_t at = out->n;
        if (!(column->flags & COLUMN_MAIN) || (column->flags & COLUMN_KEY) || !row_has(row, i)) {
            continue;
        }
        buf_printf(out, "%s%s ", at > 0 ? ", " : "", column->name);
        size_t value = out->n;
        cell_text(s->view->cli, row, i, s->style, s->now, out);
        out->n = out->n == value ? at : out->n;
    }
}

/* ---- events ---- */

static void add_seqs(struct cited *seqs, const uint64_t *more, size_t n) {
    for (size_t i = 0; i < n && seqs->n < EVENTS_MAX; i++) {
        size_t at = seqs->n;
        while (at > 0 && seqs->seq[at - 1] >= more[i]) {
            at--;
        }
        if (at < seqs->n && seqs->seq[at] == more[i]) continue;
        memmove(&seqs->seq[at + 1], &seqs->seq[at], (seqs->n - at) * sizeof(seqs->seq[0]));
        seqs->seq[at] = more[i];
        seqs->n++;
    }
}

/* Adds the events that the parts cite, and corrections that no row cites. */
static int add_also(struct explanation *s, struct cited *seqs, struct err *err) {
    int rc = explain_corrected(s, seqs->seq, seqs->n, err);
    add_seqs(seqs, s->also, s->n_also);
    return rc;
}

static int print_events(struct explanation *s, const struct cited *seqs, struct err *err) {
    static const struct table_column columns[] = {{"SEQ", TABLE_RIGHT, 0},
                                                  {"TIME", TABLE_KEEP, 0},
                                                  {"KIND", TABLE_KEEP, 30},
                                                  {"SUBJECT", TABLE_TAIL, 36},
                                                  {"BODY", 0, 0}};
    struct table *table = seqs->n > 0 ? table_new(s->view->cli, columns, sizeof(columns) / sizeof(columns[0])) : NULL;
    struct log_event event;
    struct buf text = {.max = TEXT_BYTES};
    int rc = seqs->n == 0 ? 0 : explanation_corrected(s, err);
    out_str(s->view->cli, seqs->n > 0 ? "\n" : s->said ? "" : "\nno events\n");
    for (size_t i = 0; rc >= 0 && i < seqs->n; i++) {
        rc = explanation_event(s, seqs->seq[i], &event, err);
        if (rc == 0) {
            table_uint(table, event.seq);
            buf_clear(&text);
            when_text(&text, event.time, s->style, s->now);
            table_cell(table, bytes_of_buf(&text));
            table_cell(table, event.kind);
            table_cell(table, event.subject);
            buf_clear(&text);
            corrected_put(&s->corrected, event.seq, &text);
            summary_put(event.kind, event.body, NULL, &text);
            cell_short(s->view->cli, &text, 0);
            table_cell(table, bytes_of_buf(&text));
        }
    }
    buf_done(&text);
    table_end(table);
    return rc < 0 ? rc : 0;
}

static int put_events(struct explanation *s, const struct cited *seqs, struct obj *ret, struct err *err) {
    struct log_event event;
    struct buf json = {.max = LOG_BATCH_BYTES_MAX}, mp = {.max = LOG_BATCH_BYTES_MAX};
    int rc = 0;
    for (size_t i = 0; rc >= 0 && i < seqs->n; i++) {
        rc = explanation_event(s, seqs->seq[i], &event, err);
        if (rc == 0) {
            buf_clear(&json);
            buf_clear(&mp);
            rc = log_event_json(&event, (struct bytes){0}, false, &json, err);
            if (rc == 0) rc = json_to_mp(bytes_of_buf(&json), &mp, err);
            if (rc == 0) {
                obj_raw(ret, NULL, bytes_of_buf(&mp));
            }
        }
    }
    buf_done(&mp);
    buf_done(&json);
    return rc < 0 ? rc : 0;
}

/* ---- lists of maps, as a verdict's clauses ---- */

/* What the reason says as well, for programs (projections/verdict/messages.h). */
#define MESSAGES "messages"

/* Adds a member that none of the earlier maps had. */
static void add_member(struct bytes ret[MEMBERS_MAX], size_t *n, struct bytes name) {
    size_t i = 0;
    if (bytes_is(name, MESSAGES)) return;
    while (i < *n && !bytes_eq(ret[i], name)) {
        i++;
    }
    if (i == *n && *n < MEMBERS_MAX) {
        ret[(*n)++] = name;
    }
}

/* The columns of a table of the maps: every member of any map, identity and state first. */
static size_t read_members(struct bytes list, struct bytes ret[MEMBERS_MAX], uint32_t *ret_maps) {
    static const char *const front[] = {"id",        "name", "task",  "metric",  "value",
                                        "threshold", "side", "state", "verdict", "reason"};
    struct mp_reader reader;
    struct mp_item item;
    size_t n = 0, placed = 0;
    mp_reader_init(&reader, list);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_ARRAY || item.count == 0) return 0;
    *ret_maps = item.count;
    for (uint32_t map = 0; map < *ret_maps; map++) {
        if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_MAP) return 0;
        for (uint32_t i = 0, count = item.count; i < count; i++) {
            if (mp_next(&reader, &item, NULL) != 0 || mp_skip(&reader, 2, NULL, NULL) != 0) {
                return 0;
            }
            add_member(ret, &n, item.data);
        }
    }
    for (size_t f = 0; f < sizeof(front) / sizeof(front[0]); f++) {
        for (size_t i = placed; i < n; i++) {
            if (bytes_is(ret[i], front[f])) {
                struct bytes found = ret[i];
                memmove(&ret[placed + 1], &ret[placed], (i - placed) * sizeof(*ret));
                ret[placed++] = found;
            }
        }
    }
    for (size_t i = placed; i + 1 < n; i++) {
        if (bytes_is(ret[i], "remedy")) { /* the longest, and a conclusion from all others */
            struct bytes found = ret[i];
            memmove(&ret[i], &ret[i + 1], (n - 1 - i) * sizeof(*ret));
            ret[n - 1] = found;
        }
    }
    return n;
}

/* A narrow terminal has room only for what decides; the events are listed below anyway. */
static unsigned how_of(struct bytes member) {
    return bytes_is(member, "state") || bytes_is(member, "verdict") || bytes_is(member, "id") ? TABLE_WHOLE
           : bytes_is(member, "remedy")                                                       ? TABLE_BELOW
           : bytes_is(member, "reason")                                                       ? TABLE_WRAP
           : bytes_is(member, "question") || bytes_is(member, "evidence")                     ? TABLE_NARROW
                                                                                              : 0;
}

/* A remedy shared by consecutive findings is printed once. */
static void put_remedy(struct bytes remedy, struct buf *before, struct buf *out) {
    if (!bytes_eq(remedy, bytes_of_buf(before))) {
        buf_put_bytes(out, remedy);
    }
    buf_clear(before);
    buf_put_bytes(before, remedy);
}

static void print_maps(struct explanation *s, struct bytes list) {
    struct bytes member[MEMBERS_MAX], map, value;
    char heads[MEMBERS_MAX][64];
    struct table_column columns[MEMBERS_MAX] = {{0}};
    struct mp_reader reader;
    struct mp_item item;
    struct buf text = {.max = TEXT_BYTES}, before = {.max = TEXT_BYTES};
    uint32_t maps = 0;
    size_t n = read_members(list, member, &maps);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        for (; k < member[i].n && k < sizeof(heads[0]) - 1; k++) {
            uint8_t c = member[i].p[k];
            heads[i][k] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c > 0x20 && c < 0x7f ? (char)c : '?';
        }
        heads[i][k] = '\0';
        columns[i].name = heads[i];
        columns[i].how = how_of(member[i]);
    }
    struct table *table = n > 0 ? table_new(s->view->cli, columns, n) : NULL;
    if (!table) return;
    out_str(s->view->cli, "\n");
    mp_reader_init(&reader, list);
    mp_next(&reader, &item, NULL);
    for (uint32_t m = 0; m < maps && mp_skip(&reader, 1, &map, NULL) == 0; m++) {
        for (size_t i = 0; i < n; i++) {
            char name[64];
            snprintf(name, sizeof(name), "%.*s", (int)(member[i].n < 63 ? member[i].n : 63), (const char *)member[i].p);
            buf_clear(&text);
            bool is_text = mp_map_get(map, name, &value) == 0 && mp_scalar(value, &item) == 0 && item.type == MP_STR;
            if (is_text && strcmp(name, "remedy") == 0) {
                put_remedy(item.data, &before, &text);
            } else if (is_text) {
                buf_put_bytes(&text, item.data);
            } else if (mp_map_get(map, name, &value) == 0 && !(value.n == 1 && value.p[0] == 0xc0)) {
                cell_list(value, &text);
            }
            table_color(table, bytes_is(member[i], "state") ? out_state(bytes_of_buf(&text)) : OUT_PLAIN);
            table_cell(table, bytes_of_buf(&text));
        }
    }
    buf_done(&before);
    buf_done(&text);
    table_end(table);
}

/* ---- text ---- */

static void print_headline(struct explanation *s, const struct row *row) {
    struct cli *cli = s->view->cli;
    size_t since = projection_column(row->table, "since"), since_seq = projection_column(row->table, "since_seq");
    struct buf text = {.max = TEXT_BYTES};
    entity_name(row, &text);
    out_str(cli, s->shown > 0 ? "\n" : "");
    out_str(cli, out_color(cli, OUT_BOLD));
    out_safe(cli, bytes_of_buf(&text));
    out_str(cli, out_color(cli, OUT_PLAIN));
    buf_clear(&text);
    size_t state = entity_state(row->table);
    if (state != SIZE_MAX && explanation_lacks(row, (struct bytes){0})) {
        buf_put_bytes(&text, row_text(row, state)); /* the reasons are listed below */
    } else {
        explanation_state(row, &text);
    }
    enum out_color color = out_state(bytes_of_buf(&text));
    if (entity_state(row->table) == SIZE_MAX) {
        put_main(s, row, &text);
    }
    if (text.n > 0) {
        out_str(cli, ": ");
        out_str(cli, color == OUT_PLAIN ? "" : out_color(cli, color));
        out_safe(cli, bytes_of_buf(&text));
        out_str(cli, color == OUT_PLAIN ? "" : out_color(cli, OUT_PLAIN));
    }
    if (since != SIZE_MAX && row_has(row, since)) {
        buf_clear(&text);
        cell_text(s->view->cli, row, since, s->style, s->now, &text);
        out_printf(cli, "\nsince %.*s", (int)text.n, (const char *)text.p);
    }
    if (since_seq != SIZE_MAX && row_has(row, since_seq)) {
        out_printf(cli, ", event %lld", (long long)row_int(row, since_seq));
    } else if (since != SIZE_MAX && row_has(row, since)) {
        out_str(cli, ", by time alone");
    }
    out_str(cli, "\n");
    buf_done(&text);
}

static void print_violation(struct explanation *s, const struct row *row) {
    size_t violation = projection_column(row->table, "violation"), count = projection_column(row->table, "violations");
    size_t seq = projection_column(row->table, "violation_seq");
    if (violation == SIZE_MAX || count == SIZE_MAX || seq == SIZE_MAX || row_int(row, count) <= 0) {
        return;
    }
    out_printf(s->view->cli, "%lld illegal step%s, the newest by event %lld: ", (long long)row_int(row, count),
               row_int(row, count) == 1 ? "" : "s", (long long)row_int(row, seq));
    out_safe(s->view->cli, row_text(row, violation));
    out_str(s->view->cli, "\n");
}

/* A judged list of maps, such as a verdict's clauses, has a table of its own. */
static bool is_below(const struct row *row, size_t column) {
    struct bytes member[MEMBERS_MAX];
    uint32_t maps = 0;
    return (row->table->columns[column].flags & COLUMN_JUDGED) && row->cells[column].type == CELL_LIST &&
           strcmp(row->table->columns[column].name, MESSAGES) != 0 &&
           read_members(row->cells[column].text, member, &maps) > 0;
}

static void print_fields(struct explanation *s, const struct row *row) {
    static const struct table_column columns[] = {
        {"FIELD", TABLE_KEEP, 0}, {"VALUE", TABLE_WRAP | TABLE_ALL, 0}, {"WHAT IT IS", TABLE_WRAP, 0}};
    struct table *table = table_new(s->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
    struct buf text = {.max = TEXT_BYTES};
    out_str(s->view->cli, "\n");
    for (size_t i = 0; i < row->table->n_columns; i++) {
        buf_clear(&text);
        if (is_below(row, i)) {
            buf_put_str(&text, "(below)");
        } else {
            cell_text(s->view->cli, row, i, s->style, s->now, &text);
        }
        table_text(table, row->table->columns[i].name);
        table_cell(table, row_has(row, i) ? bytes_of_buf(&text) : bytes_of("-"));
        table_text(table, row->table->columns[i].help);
    }
    buf_done(&text);
    table_end(table);
}

static void print_lists(struct explanation *s, const struct row *row) {
    struct buf room = {.max = TEXT_BYTES};
    for (size_t i = 0; i < row->table->n_columns; i++) {
        if (is_below(row, i)) {
            print_maps(s, cell_shown(s->view->cli, row, i, &room).text);
        }
    }
    buf_done(&room);
}

static void put_seqs(struct buf *out, const uint64_t *seqs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s%llu", i > 0 ? ", " : "", (unsigned long long)seqs[i]);
    }
}

/* The reason for a part's state is in the list of what the whole lacks, or is explained with the part itself. */
static struct bytes part_state(const struct row *row, const struct part *part) {
    struct bytes name = bytes_of_buf(&part->name), state = bytes_of_buf(&part->state);
    bool shown = explanation_lacks(row, name) ||
                 (explanation_lacks(row, (struct bytes){0}) && (!part->decides || bytes_has_prefix(name, "verdict")));
    return (struct bytes){state.p, shown ? part->state_n : state.n};
}

static void print_parts(struct explanation *s, const struct row *row, const struct parts *parts) {
    static const struct table_column columns[] = {
        {"RELATED", TABLE_TAIL, 0}, {"EVENTS", TABLE_SPARE, 40}, {"STATE", TABLE_WRAP, 0}};
    struct table *table = parts->n > 0 ? table_new(s->view->cli, columns, sizeof(columns) / sizeof(columns[0])) : NULL;
    struct buf text = {.max = TEXT_BYTES};
    if (parts->n == 0) return;
    out_str(s->view->cli, "\n");
    for (size_t i = 0; i < parts->n; i++) {
        buf_clear(&text);
        buf_put_bytes(&text, bytes_of_buf(&parts->part[i].name));
        cell_short(s->view->cli, &text, 0);
        table_cell(table, bytes_of_buf(&text));
        buf_clear(&text);
        put_seqs(&text, parts->part[i].evidence, parts->part[i].n_evidence);
        table_cell(table, bytes_of_buf(&text));
        table_color(table, out_state(bytes_of_buf(&parts->part[i].state)));
        table_cell(table, part_state(row, &parts->part[i]));
    }
    buf_done(&text);
    table_end(table);
    if (parts->more > 0) {
        out_printf(s->view->cli, "and %llu more\n", (unsigned long long)parts->more);
    }
}

/* ---- JSON ---- */

static void put_parts(const struct parts *parts, struct obj *obj) {
    struct obj list = {0}, one = {0}, seqs = {0};
    for (size_t i = 0; i < parts->n; i++) {
        const struct part *part = &parts->part[i];
        obj_str(&one, "name", bytes_of_buf(&part->name));
        obj_str(&one, "state", bytes_of_buf(&part->state));
        obj_bool(&one, "decides", part->decides);
        for (size_t k = 0; k < part->n_evidence; k++) {
            obj_uint(&seqs, NULL, part->evidence[k]);
        }
        obj_list(&one, "evidence", &seqs);
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "parts", &list);
    obj_uint(obj, "more_parts", parts->more);
}

static int put_row(struct explanation *s, const struct row *row, const struct parts *parts, struct cited *seqs,
                   struct err *err) {
    struct obj one = {0}, fields = {0}, events = {0};
    struct buf name = {.max = TEXT_BYTES};
    size_t state = entity_state(row->table), reason = projection_column(row->table, "reason");
    entity_name(row, &name);
    obj_str(&one, "name", bytes_of_buf(&name));
    obj_text(&one, "table", row->table->name);
    obj_text(&one, "noun", row->table->noun);
    if (state != SIZE_MAX && row_has(row, state)) {
        obj_str(&one, "state", row_text(row, state));
    } else {
        obj_text(&one, "state", NULL);
    }
    if (reason != SIZE_MAX && row_has(row, reason)) {
        obj_str(&one, "reason", row_text(row, reason));
    } else {
        obj_text(&one, "reason", NULL);
    }
    for (size_t i = 0; i < row->table->n_columns; i++) {
        cell_put(s->view->cli, row, i, &fields);
    }
    obj_obj(&one, "fields", &fields);
    if (!s->whole) {
        put_parts(parts, &one);
    }
    int rc = s->whole ? 0 : explain_before_put(s, row, &one, err);
    if (rc == 0 && !s->whole && run_summary_is(row)) rc = run_summary(s, row, &one, err);
    if (rc == 0) rc = add_also(s, seqs, err);
    if (rc == 0) rc = put_events(s, seqs, &events, err);
    obj_list(&one, "events", &events);
    obj_obj(&s->list, NULL, &one);
    buf_done(&name);
    return rc;
}

/* ---- a row ---- */

/* The row's own evidence and, where its state is a judgement of its parts, theirs. */
static void gather(const struct row *row, const struct parts *parts, struct cited *ret) {
    uint64_t own[ROW_SEQS_MAX];
    size_t state = entity_state(row->table);
    bool judged = state != SIZE_MAX && (row->table->columns[state].flags & COLUMN_JUDGED);
    ret->n = 0;
    add_seqs(ret, own, entity_evidence(row, own));
    for (size_t i = 0; judged && i < parts->n; i++) {
        if (parts->part[i].decides) {
            add_seqs(ret, parts->part[i].evidence, parts->part[i].n_evidence);
        }
    }
}

int explain_row(void *ctx, const struct row *row, struct err *err) {
    struct explanation *s = ctx;
    if (!s->view->cli->json && s->shown >= ENTITIES_MAX) {
        s->shown++;
        return 0;
    }
    struct parts *parts = calloc(1, sizeof(*parts));
    s->n_also = 0;
    struct cited *seqs = calloc(1, sizeof(*seqs));
    int rc = parts && seqs ? 0 : err_set(err, ERR_NOMEM, "no memory for the answer");
    if (rc == 0 && !s->whole) rc = explain_parts(s->view, row, parts, err);
    if (rc == 0) {
        gather(row, parts, seqs);
    }
    if (rc == 0 && s->view->cli->json) {
        rc = put_row(s, row, parts, seqs, err);
    } else if (rc == 0) {
        if (!s->said) print_headline(s, row);
        rc = explain_moved(s, row, err);
        print_violation(s, row);
        if (rc == 0 && !s->whole && run_summary_is(row)) rc = run_summary(s, row, NULL, err);
        if (rc == 0 && s->whole) {
            print_fields(s, row);
        } else if (rc == 0) {
            print_parts(s, row, parts);
            rc = explain_before_print(s, row, err);
        }
        print_lists(s, row);
        if (rc == 0) rc = add_also(s, seqs, err);
        if (rc == 0) rc = print_events(s, seqs, err);
    }
    s->shown++;
    if (parts) {
        explain_parts_done(parts);
    }
    free(seqs);
    free(parts);
    return rc;
}

int explain_end(struct explanation *s, const char *schema, size_t table) {
    struct obj whole = {0};
    int exit_code = 0;
    if (s->view->cli->json && s->shown > 0) {
        obj_text(&whole, "schema", schema);
        asof_put(s->view, table, &whole);
        obj_list(&whole, "things", &s->list);
        damage_put(&s->damage, &whole);
        exit_code = cli_print(s->view->cli, &whole, false);
    }
    if (!s->view->cli->json && s->shown > ENTITIES_MAX && table != SIZE_MAX) {
        cli_note(s->view->cli, "ledger: %s: %llu more have this name: 'ledger state %s' lists them", s->view->cli->command,
                 (unsigned long long)(s->shown - ENTITIES_MAX), state_table(s->view->state, table)->name);
    }
    if (exit_code == 0 && s->damage.n > 0) {
        exit_code = EXIT_INVALID;
    }
    log_reader_close(s->reader);
    corrected_done(&s->corrected);
    damage_done(&s->damage);
    obj_done(&s->list);
    return exit_code;
}
