/* Rows are judged before the conditions are applied, because in many tables the state is a judgement. For the newest few,
 * a walk keeps their keys in a heap with the oldest on top. */
#include "cli/view/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/call/opt.h"
#include "cli/print/cell.h"
#include "cli/print/pager.h"
#include "cli/print/say.h"
#include "cli/print/table.h"
#include "cli/view/entity.h"
#include "projections/walk/since.h"

#define WITH_MAX   64
#define STATES_MAX 12 /* listed when no row has a requested state */
#define KEYS_MAX   ((size_t)1 << 16)
#define LAST_MAX   100000

struct with {
    size_t column; /* SIZE_MAX: the pack named by the row's first key */
    const char *words[WITH_MAX];
    size_t n;
};

struct kept {
    int64_t seq;
    struct buf key; /* its parts with be32 lengths */
};

struct listing {
    struct asof *view;
    size_t number;
    const struct state_table *table;
    struct with with[WITH_MAX];
    size_t n_with;
    size_t columns[ROW_COLUMNS_MAX], n_columns;
    bool failed;   /* only rows in a bad state */
    bool unnamed;  /* one row stands for all calls that named no tool */
    uint64_t lone; /* model calls recorded without a run, which are left out */
    size_t reason; /* column; SIZE_MAX: none */
    bool since;    /* the start of a judged state is shown or asked for: that takes a walk */
    struct rows_column heads[ROW_COLUMNS_MAX];
    struct buf texts[ROW_COLUMNS_MAX]; /* lists, for a table */
    enum rows_format format;
    enum when_style style;
    struct pager pager;
    struct rows *rows;
    uint64_t last, now;
    struct kept *kept;
    size_t n_kept, room;
    bool newest_first; /* evaluations: their ids say nothing of their order */
    char states[STATES_MAX][64];
    size_t n_states;
    uint64_t n_calls, n_without; /* in tables with a tier: what the conditions on other columns leave */
    uint64_t n_illegal;          /* rows with an illegal step */
    struct buf illegal;          /* name of the first */
};

/* ---- the command line ---- */

static struct with *with_of(struct listing *l, size_t column) {
    for (size_t i = 0; i < l->n_with; i++) {
        if (l->with[i].column == column) return &l->with[i];
    }
    l->with[l->n_with] = (struct with){.column = column};
    return &l->with[l->n_with++];
}

static int add(struct listing *l, size_t column, const char *word, struct err *err) {
    struct with *with = l->n_with < WITH_MAX ? with_of(l, column) : NULL;
    if (!with || with->n == WITH_MAX) {
        return err_set(err, ERR_LIMIT, "these are more than %d conditions", WITH_MAX);
    }
    with->words[with->n++] = word;
    return 0;
}

static int no_column(const struct listing *l, struct text_near *near, struct err *err) {
    return err_set(err, ERR_INVALID, "%s have no column '%.60s'%s ('ledger state --markdown' describes them)",
                   l->table->name, near->text, text_near_words(near));
}

static int read_with(struct listing *l, const char *text, struct err *err) {
    const char *eq = strchr(text, '=');
    char name[64];
    struct text_near near = {.text = name};
    if (!eq || eq == text || eq - text >= (ptrdiff_t)sizeof(name)) {
        return err_set(err, ERR_INVALID, "--with '%.100s': expected COLUMN=VALUE", text);
    }
    snprintf(name, sizeof(name), "%.*s", (int)(eq - text), text);
    size_t column = cell_find(l->table, &near);
    return column == SIZE_MAX ? no_column(l, &near, err) : add(l, column, eq + 1, err);
}

/* A pack has a column of its own, or is the row's first key as "pack/NAME". */
static int read_pack(struct listing *l, const char *pack, struct err *err) {
    size_t column = projection_column(l->table, "pack"), who = projection_column(l->table, "who");
    if (column == SIZE_MAX && who == SIZE_MAX) {
        return err_set(err, ERR_INVALID, "%s have no pack", l->table->name);
    }
    return add(l, column, pack, err);
}

static int read_conditions(struct listing *l, const struct opt_args *args, const struct opt *options, struct err *err) {
    const char *text;
    size_t at = 0;
    int rc = 0;
    while (rc == 0 && (text = opt_next(args, &options[L_STATE], &at)) != NULL) {
        size_t state = entity_state(l->table);
        rc = state == SIZE_MAX ? err_set(err, ERR_INVALID, "%s have no state", l->table->name) : add(l, state, text, err);
    }
    at = 0;
    while (rc == 0 && (text = opt_next(args, &options[L_PACK], &at)) != NULL) {
        rc = read_pack(l, text, err);
    }
    at = 0;
    while (rc == 0 && (text = opt_next(args, &options[L_WITH], &at)) != NULL) {
        rc = read_with(l, text, err);
    }
    l->failed = opt_has(args, &options[L_FAILED]);
    if (rc == 0 && l->failed && entity_state(l->table) == SIZE_MAX) {
        rc = err_set(err, ERR_INVALID, "%s have no state", l->table->name);
    }
    if (rc == 0) rc = opt_u64(args, &options[L_LAST], &l->last, err);
    if (rc == 0 && opt_has(args, &options[L_LAST]) && (l->last < 1 || l->last > LAST_MAX)) {
        rc = err_set(err, ERR_INVALID, "--last is from 1 to %d", LAST_MAX);
    }
    return rc;
}

static void add_column(struct listing *l, size_t column) {
    for (size_t i = 0; i < l->n_columns; i++) {
        if (l->columns[i] == column) return;
    }
    l->columns[l->n_columns++] = column;
}

static int read_fields(struct listing *l, const char *list, struct err *err) {
    char name[64];
    for (const char *c = list;; c++) {
        struct text_near near = {.text = name};
        size_t n = strcspn(c, ",");
        snprintf(name, sizeof(name), "%.*s", (int)(n < 63 ? n : 63), c);
        size_t column = cell_find(l->table, &near);
        if (strcmp(name, "all") == 0) {
            for (size_t i = 0; i < l->table->n_columns; i++) {
                add_column(l, i);
            }
        } else if (column == SIZE_MAX) {
            return no_column(l, &near, err);
        } else {
            add_column(l, column);
        }
        c += n;
        if (!*c) return 0;
    }
}

static bool is_shown(const struct listing *l, size_t column) {
    return l->format != ROWS_TABLE || (l->table->columns[column].flags & (COLUMN_KEY | COLUMN_MAIN)) != 0;
}

/* A narrow terminal has room for a judgement's reason only when the entity and its state are the other columns. */
static bool may_be_omitted(const struct listing *l, size_t column) {
    static const char *const names[] = {"reason", "verdict", "since"};
    const struct state_column *c = &l->table->columns[column];
    size_t state = entity_state(l->table);
    bool judged = state != SIZE_MAX && (l->table->columns[state].flags & COLUMN_JUDGED) && l->reason != SIZE_MAX &&
                  (l->table->columns[l->reason].flags & COLUMN_MAIN);
    bool one = (c->flags & COLUMN_KEY) != 0 || column == state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        one = one || strcmp(c->name, names[i]) == 0;
    }
    return judged && !one;
}

/* Without --fields: for people the keys and the main columns, the longest last; for programs all columns. */
static int read_columns(struct listing *l, const struct opt_args *args, const struct opt *options, struct err *err) {
    const char *list;
    size_t at = 0;
    int rc = 0;
    while (rc == 0 && (list = opt_next(args, &options[L_FIELDS], &at)) != NULL) {
        rc = read_fields(l, list, err);
    }
    for (size_t i = 0; rc == 0 && !opt_has(args, &options[L_FIELDS]) && i < l->table->n_columns; i++) {
        if (is_shown(l, i) && (l->format != ROWS_TABLE || i != l->reason)) {
            add_column(l, i);
        }
    }
    if (rc == 0 && !opt_has(args, &options[L_FIELDS]) && l->reason != SIZE_MAX && is_shown(l, l->reason)) {
        add_column(l, l->reason);
    }
    for (size_t i = 0; i < l->n_columns; i++) {
        cell_column(&l->table->columns[l->columns[i]], &l->heads[i]);
        if (l->format == ROWS_TABLE) {
            cell_head(&l->table->columns[l->columns[i]], &l->heads[i]);
        }
        l->heads[i].how |= may_be_omitted(l, l->columns[i]) ? TABLE_NARROW : 0U;
        if (l->columns[i] == l->reason && l->newest_first) { /* many findings: whole, however many */
            l->heads[i].how |= TABLE_NARROW | TABLE_BELOW | TABLE_ALL;
        }
        if (opt_has(args, &options[L_FIELDS])) { /* the user asked for them */
            l->heads[i].how &= ~(unsigned)(TABLE_SPARE | TABLE_NARROW);
        }
    }
    return rc;
}

static int read_all(struct listing *l, const struct opt_args *args, const struct opt *options, struct err *err) {
    const char *format = opt_text(args, &options[L_FORMAT]), *style = opt_text(args, &options[L_TIME]);
    l->format = l->view->cli->json ? ROWS_JSON : ROWS_TABLE;
    l->reason = projection_column(l->table, "reason");
    l->newest_first = entity_is_eval(l->table);
    int rc = format ? rows_format(format, &l->format, err) : 0;
    if (rc == 0 && style) rc = when_style(style, &l->style, err);
    if (rc == 0) rc = read_conditions(l, args, options, err);
    if (rc == 0) rc = read_columns(l, args, options, err);
    for (size_t i = 0; i < l->n_columns; i++) {
        l->since = l->since || since_is(l->table, l->columns[i]);
    }
    for (size_t i = 0; i < l->n_with; i++) {
        l->since = l->since || since_is(l->table, l->with[i].column);
    }
    return rc;
}

/* ---- rows ---- */

/* Collects the states that exist, for the message when nothing matched. */
static void note_state(struct listing *l, const struct row *row, size_t column) {
    struct bytes state = row_text(row, column);
    char text[64];
    snprintf(text, sizeof(text), "%.*s", (int)(state.n < 63 ? state.n : 63), state.n > 0 ? (const char *)state.p : "");
    for (size_t i = 0; i < l->n_states; i++) {
        if (strcmp(l->states[i], text) == 0) return;
    }
    if (l->n_states < STATES_MAX) {
        snprintf(l->states[l->n_states++], sizeof(l->states[0]), "%s", text);
    }
}

static bool is_pack(const struct row *row, const char *pack) {
    struct bytes who = row_text(row, projection_column(row->table, "who"));
    size_t n = strlen(pack);
    if (!bytes_has_prefix(who, "pack/")) return false;
    who = (struct bytes){who.p + 5, who.n - 5};
    return n > 0 && pack[n - 1] == '*' ? bytes_starts(who, (struct bytes){(const uint8_t *)pack, n - 1})
                                       : bytes_is(who, pack);
}

/* A single model call that names no run, such as one of a server's saved answers, is not listed as a run. */
static bool is_lone_call(const struct listing *l, const struct row *row) {
    size_t events = projection_column(row->table, "events"), calls = projection_column(row->table, "model_calls");
    return strcmp(l->view->cli->command, "run list") == 0 && l->n_with == 0 && events != SIZE_MAX && calls != SIZE_MAX &&
           bytes_is(row_text(row, entity_state(row->table)), "observed") && row_int(row, events) == 1 &&
           row_int(row, calls) == 1;
}

static bool is_tier(const struct listing *l, size_t column) {
    return column != SIZE_MAX && strstr(l->table->columns[column].name, "tier") != NULL;
}

/* No condition on the tier finds rows without one, so they are counted, tools by their calls. */
static void count_tier(struct listing *l, const struct row *row) {
    size_t tier = projection_column(row->table, "judged_tier"), calls = projection_column(row->table, "calls");
    uint64_t n = calls == SIZE_MAX ? 1 : (uint64_t)row_int(row, calls);
    if (tier != SIZE_MAX) {
        l->n_calls += n;
        l->n_without += row_has(row, tier) ? 0 : n;
    }
}

static bool matches(struct listing *l, const struct row *row) {
    bool all = !l->failed || out_state(row_text(row, entity_state(l->table))) == OUT_RED, others = all;
    for (size_t i = 0; i < l->n_with; i++) {
        const struct with *with = &l->with[i];
        bool any = false;
        for (size_t k = 0; k < with->n && !any; k++) {
            any = with->column == SIZE_MAX ? is_pack(row, with->words[k]) : cell_is(row, with->column, with->words[k]);
        }
        if (!any && with->column != SIZE_MAX && with->column == entity_state(l->table)) {
            note_state(l, row, with->column);
        }
        all = all && any;
        others = others && (any || is_tier(l, with->column));
    }
    if (others) {
        count_tier(l, row);
    }
    if (all && is_lone_call(l, row)) {
        l->lone++;
        return false;
    }
    return all;
}

static void see_violation(struct listing *l, const struct row *row) {
    size_t column = projection_column(row->table, "violations");
    if (column != SIZE_MAX && row_int(row, column) > 0 && l->n_illegal++ == 0) {
        entity_name(row, &l->illegal);
    }
}

/* For display: lists as words, short digests, numbers with their units, and a mark for an empty key. */
static void print_cell(struct listing *l, const struct row *row, size_t i, struct query_value *value) {
    size_t column = l->columns[i];
    bool key = (row->table->columns[column].flags & COLUMN_KEY) && entity_key_columns(row->table) == 1;
    buf_clear(&l->texts[i]);
    if (cell_unit(row, column, &l->texts[i])) {
        *value = (struct query_value){.type = QUERY_TEXT, .text = bytes_of_buf(&l->texts[i])};
        return;
    }
    if (value->type == QUERY_OTHER || value->type == QUERY_TEXT) {
        buf_clear(&l->texts[i]);
        cell_text(l->view->cli, row, column, l->style, l->now, &l->texts[i]);
        if (key && l->texts[i].n == 0) {
            buf_put_str(&l->texts[i], CELL_NO_KEY);
        }
        cell_short(l->view->cli, &l->texts[i], 0);
        *value = (struct query_value){.type = QUERY_TEXT, .text = bytes_of_buf(&l->texts[i])};
    }
}

/* Agents' answers may name no tool; their decisions are gathered in one row. */
static bool is_unnamed(const struct row *row) {
    struct bytes parts[KEY_PARTS_MAX] = {{0}};
    entity_parts(row, parts);
    return bytes_is(parts[0], "tool/unknown");
}

static void print(struct listing *l, const struct row *row) {
    struct query_value values[ROW_COLUMNS_MAX];
    see_violation(l, row);
    l->unnamed = l->unnamed || is_unnamed(row);
    for (size_t i = 0; i < l->n_columns; i++) {
        values[i] = cell_value(l->view->cli, row, l->columns[i], &l->texts[i]);
        if (l->format == ROWS_TABLE) {
            print_cell(l, row, i, &values[i]);
        }
    }
    rows_values(l->rows, values);
}

/* ---- the newest few ---- */

static int64_t newest_seq(const struct row *row) {
    static const char *const names[] = {"finished_seq", "started_seq", "updated_seq", "seq", "at"};
    for (size_t i = entity_is_eval(row->table) ? 0 : 2; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t column = projection_column(row->table, names[i]);
        if (column != SIZE_MAX && row_has(row, column)) return row_int(row, column);
    }
    return 0;
}

static void sift_down(struct kept *kept, size_t n, size_t at) {
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && kept[child + 1].seq < kept[child].seq ? 1 : 0;
        if (kept[at].seq <= kept[child].seq) return;
        struct kept other = kept[at];
        kept[at] = kept[child];
        kept[child] = other;
    }
}

static void lift(struct kept *kept, size_t at) {
    for (; at > 0 && kept[at].seq < kept[(at - 1) / 2].seq; at = (at - 1) / 2) {
        struct kept other = kept[at];
        kept[at] = kept[(at - 1) / 2];
        kept[(at - 1) / 2] = other;
    }
}

static int keep(struct listing *l, const struct row *row, struct err *err) {
    struct bytes parts[KEY_PARTS_MAX];
    int64_t seq = newest_seq(row);
    bool full = l->last > 0 && l->n_kept == l->last;
    if (full && seq <= l->kept[0].seq) return 0;
    int rc = full ? 0 : array_room(&l->kept, l->n_kept + 1, &l->room, sizeof(*l->kept), err);
    if (rc != 0) return rc;
    struct kept *kept = full ? &l->kept[0] : &l->kept[l->n_kept++];
    if (!full) {
        buf_init(&kept->key, KEYS_MAX);
    }
    buf_clear(&kept->key);
    kept->seq = seq;
    for (size_t i = 0, n = entity_parts(row, parts); i < n; i++) {
        buf_put_be32(&kept->key, (uint32_t)parts[i].n);
        buf_put_bytes(&kept->key, parts[i]);
    }
    if (full) {
        sift_down(l->kept, l->n_kept, 0);
    } else {
        lift(l->kept, l->n_kept - 1);
    }
    return 0;
}

static int by_seq(const void *a, const void *b) {
    const struct kept *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq ? 1 : bytes_cmp(bytes_of_buf(&x->key), bytes_of_buf(&y->key));
}

static int print_kept(struct listing *l, struct err *err) {
    struct row row;
    int rc = 0;
    row_init(&row, l->table);
    if (l->n_kept > 0) {
        qsort(l->kept, l->n_kept, sizeof(*l->kept), by_seq);
    }
    for (size_t i = 0; rc == 0 && i < l->n_kept && out_good(l->view->cli); i++) {
        const struct buf *key = &l->kept[l->newest_first ? l->n_kept - 1 - i : i].key;
        struct bytes parts[KEY_PARTS_MAX];
        size_t n = 0;
        rc = buf_check(key, "a key", err);
        for (size_t at = 0; rc == 0 && at < key->n && n < KEY_PARTS_MAX; n++) {
            parts[n] = (struct bytes){key->p + at + 4, be32_get(key->p + at)};
            at += 4 + parts[n].n;
        }
        if (rc == 0) rc = state_get(l->view->state, l->number, parts, n, &row, err);
        if (rc == 0 && l->since) rc = since_find(l->view->state, &row, err);
        if (rc == 0) {
            print(l, &row);
        }
    }
    row_done(&row);
    return rc;
}

/* ---- answering ---- */

static int walk(struct listing *l, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    const bool keeps = l->last > 0 || l->newest_first;
    int rc = state_rows_open(l->view->state, l->number, NULL, 0, &rows, err);
    while (rc == 0 && out_good(l->view->cli) && (rc = state_rows_next(rows, &row, err)) == 0) {
        if (*l->view->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
            break;
        }
        rc = l->since ? since_find_next(rows, err) : 0;
        if (rc != 0 || !matches(l, row)) continue;
        if (keeps) {
            rc = keep(l, row, err);
        } else {
            print(l, row);
        }
    }
    state_rows_close(rows);
    rc = rc == 1 ? 0 : rc;
    if (rc == 0 && keeps) rc = print_kept(l, err);
    return rc;
}

static void say_nothing(const struct listing *l) {
    struct buf states = {.max = 4096};
    struct err damage = {0};
    if (state_whole(l->view->state, &damage) != 0) {
        return; /* unknown */
    }
    for (size_t i = 0; i < l->n_states; i++) {
        buf_put_str(&states, i == 0 ? "; the states of the others are " : ", ");
        text_safe(&states, bytes_of(l->states[i]));
    }
    cli_note(l->view->cli, "ledger: %s: nothing matched%.*s%s", l->view->cli->command, (int)states.n,
             states.n > 0 ? (const char *)states.p : "",
             state_at(l->view->state) == 0 ? ": at that time the log had not begun" : "");
    buf_done(&states);
}

static void say_illegal(const struct listing *l) {
    struct buf name = {.max = 4 * KEYS_MAX};
    if (l->n_illegal == 0 || l->format != ROWS_TABLE) return;
    cli_self(l->view->cli, &name);
    buf_put_str(&name, " why ");
    text_safe(&name, bytes_of_buf(&l->illegal));
    cli_note(l->view->cli, "ledger: %s: %llu of these took a step that is not legal: '%.*s' tells it%s",
             l->view->cli->command, (unsigned long long)l->n_illegal, (int)name.n, name.n > 0 ? (const char *)name.p : "",
             l->n_illegal > 1 ? " of the first" : "");
    buf_done(&name);
}

static int answer(struct listing *l) {
    struct cli *cli = l->view->cli;
    struct err err = {0};
    struct obj head = {0};
    asof_put(l->view, l->number, &head);
    obj_text(&head, "table", l->table->name);
    obj_text(&head, "noun", l->table->noun);
    struct rows_options options = {.format = l->format,
                                   .style = l->style,
                                   .schema = "ledger.states/1",
                                   .list = "states",
                                   .head = &head,
                                   .pager = &l->pager,
                                   .n = l->n_columns,
                                   .columns = l->heads};
    l->rows = rows_begin(cli, &options);
    obj_done(&head);
    int rc = l->rows ? walk(l, &err) : err_set(&err, ERR_NOMEM, "no memory for the answer");
    uint64_t found = l->rows ? rows_count(l->rows) : 0;
    struct obj tail = {0};
    bool tiers = projection_column(l->table, "judged_tier") != SIZE_MAX,
         calls = projection_column(l->table, "calls") != SIZE_MAX;
    if (tiers) {
        obj_uint(&tail, calls ? "tool_calls" : l->table->name, l->n_calls);
        obj_uint(&tail, "without_tier", l->n_without);
    }
    int exit_code = rows_end(l->rows, &tail);
    obj_done(&tail);
    pager_end(&l->pager, cli);
    if (rc != 0 && out_good(cli)) return cli_fail(cli, &err);
    if (exit_code == 0) {
        say_illegal(l);
        if (l->n_without > 0) {
            const char *what = calls ? "tool call" : l->table->noun;
            cli_note(cli, "ledger: %s: %llu of %llu %s%s %s no tier by the policies", cli->command,
                     (unsigned long long)l->n_without, (unsigned long long)l->n_calls, what, text_s(l->n_calls),
                     text_has(l->n_without, l->n_calls));
        }
    }
    if (exit_code == 0 && l->unnamed) {
        cli_note(cli, "ledger: %s: 'tool/unknown' stands for all answers that named no tool, of whichever", cli->command);
    }
    if (exit_code == 0 && l->lone > 0) {
        cli_note(cli, "ledger: %s: %llu run%s of a single model call left out ('--state observed' lists %s)", cli->command,
                 (unsigned long long)l->lone, l->lone == 1 ? "" : "s", l->lone == 1 ? "it" : "them");
    }
    if (exit_code == 0 && found == 0) {
        say_nothing(l);
        exit_code = EXIT_NO;
    }
    return exit_code;
}

int listing_run(struct asof *view, size_t table, const struct opt_args *args, const struct opt *options) {
    struct err err = {0};
    int exit_code;
    struct listing *l = calloc(1, sizeof(*l));
    if (!l) return cli_fail(view->cli, &(struct err){.code = ERR_NOMEM, .msg = "out of memory"});
    *l = (struct listing){.view = view, .number = table, .table = state_table(view->state, table), .now = clock_wall_ns()};
    l->pager.wanted = true;
    for (size_t i = 0; i < ROW_COLUMNS_MAX; i++) {
        buf_init(&l->texts[i], 2 * ROW_BYTES_MAX);
    }
    buf_init(&l->illegal, KEYS_MAX);
    if (read_all(l, args, options, &err) != 0) {
        exit_code = cli_usage(view->cli, "%s", err.msg);
    } else {
        asof_warn(view, table);
        l->pager.wanted = l->pager.wanted && l->format != ROWS_MSGPACK;
        exit_code = answer(l);
    }
    for (size_t i = 0; i < ROW_COLUMNS_MAX; i++) {
        buf_done(&l->texts[i]);
    }
    for (size_t i = 0; i < l->n_kept; i++) {
        buf_done(&l->kept[i].key);
    }
    buf_done(&l->illegal);
    free(l->kept);
    free(l);
    return exit_code;
}

int listing_refuse(struct cli *cli, const struct opt_args *args, const struct opt *options) {
    static const int lists[] = {L_STATE, L_FAILED, L_PACK, L_WITH, L_LAST, L_FIELDS, L_FORMAT};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (opt_has(args, &options[lists[i]])) {
            return cli_usage(cli, "--%s is for lists", options[lists[i]].name);
        }
    }
    return 0;
}
