/* timeline: a run as a tree of what led to what, with how long it took and how it ended. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/damage.h"
#include "cli/out.h"
#include "cli/pager.h"
#include "cli/rows.h"
#include "cli/stop.h"
#include "cli/table.h"
#include "cli/tree.h"

enum { T_SINCE, T_UNTIL, T_TIME, T_NO_PAGER };
static const struct opt options[] = {
    [T_SINCE] = {"since", 0, "WHEN", "from a seq (118), a time, a date, or so long ago (2h, 7d)"},
    [T_UNTIL] = {"until", 0, "WHEN", "up to a seq, a time, the end of a date, or so long ago"},
    [T_TIME] = {"time", 0, "HOW", "times: since the beginning (default with RUN), utc, local, relative"},
    [T_NO_PAGER] = {"no-pager", 0, NULL, "no pager, also on a terminal"},
    {0},
};

#define DEPTH_SHOWN    24 /* deeper events stand where this depth stands */
#define LINE_MAX_BYTES ((size_t)64 << 10)

struct timeline {
    struct cli *cli;
    struct ledger *ledger;
    struct tree tree;
    struct damage damage;
    const char *about; /* the run or subject; NULL: all of a span of time */
    bool of_run, since_start;
    enum when_style style;
    uint64_t now, size;
    size_t errors, gaps, shown;
};

/* ---- the events ---- */

static int add_subject(struct timeline *t, const struct query *base, struct err *err) {
    struct bytes text = bytes_of(t->about);
    struct query_value value = {.type = QUERY_TEXT, .text = text};
    struct query_term terms[4];
    struct query q = *base;
    bool prefix = text.n > 0 && text.p[text.n - 1] == '*';
    value.text.n -= prefix ? 1 : 0;
    if (base->n_terms > 0) {
        memcpy(terms, base->terms, base->n_terms * sizeof(terms[0])); /* two for times at most */
    }
    terms[q.n_terms++] = (struct query_term){
        .field = QUERY_SUBJECT, .op = prefix ? QUERY_PREFIX : QUERY_EQ, .values = &value, .n_values = 1};
    q.terms = terms;
    return tree_add_query(&t->tree, t->ledger, &q, damage_note, &t->damage, err);
}

/* Gaps between the first event and the last one. */
static int add_gaps(struct timeline *t, const struct query *base, struct err *err) {
    struct query_value gap = {.type = QUERY_TEXT, .text = bytes_of("ledger.gap")};
    const struct query_term term = {.field = QUERY_KIND, .op = QUERY_EQ, .values = &gap, .n_values = 1};
    struct query q = *base;
    uint64_t first = LEDGER_NO_SEQ, last = 0;
    for (size_t i = 0; i < t->tree.n; i++) {
        first = t->tree.nodes[i].seq < first ? t->tree.nodes[i].seq : first;
        last = t->tree.nodes[i].seq > last ? t->tree.nodes[i].seq : last;
    }
    if (t->tree.n == 0 || !t->about) {
        return 0;
    }
    q.terms = &term;
    q.n_terms = 1;
    q.from = first;
    q.to = last + 1;
    return tree_add_query(&t->tree, t->ledger, &q, damage_note, &t->damage, err);
}

static int load(struct timeline *t, const struct query *base, struct err *err) {
    static const char prefix[] = "run/";
    int rc;
    if (!t->about) {
        rc = tree_add_query(&t->tree, t->ledger, base, damage_note, &t->damage, err);
    } else if (strncmp(t->about, prefix, sizeof(prefix) - 1) == 0 && !strchr(t->about, '*')) {
        rc = tree_add_run(&t->tree, t->ledger, bytes_of(t->about + sizeof(prefix) - 1), base, damage_note, &t->damage, err);
        t->of_run = true;
    } else if (strchr(t->about, '/')) {
        rc = add_subject(t, base, err);
    } else {
        rc = tree_add_run(&t->tree, t->ledger, bytes_of(t->about), base, damage_note, &t->damage, err);
        t->of_run = true;
    }
    rc = rc != 0 ? rc : add_gaps(t, base, err);
    return rc != 0 ? rc : tree_link(&t->tree, err);
}

/* Gaps stand within the run that they are a gap of: under its root, where they happened. */
static void hang_gaps(struct timeline *t) {
    size_t root = 0;
    while (root < t->tree.n && (t->tree.nodes[root].mark != TREE_EVENT || t->tree.nodes[root].parent != SIZE_MAX)) {
        root++;
    }
    for (size_t i = root + 1; t->of_run && i < t->tree.n; i++) {
        struct tree_node *node = &t->tree.nodes[i];
        if (node->mark != TREE_EVENT && node->parent == SIZE_MAX) {
            node->parent = root;
        }
    }
}

/* ---- for people ---- */

static enum out_color color_of(const struct tree_node *node) {
    return node->mark == TREE_GAP ? OUT_YELLOW : node->state == TREE_BAD ? OUT_RED : OUT_PLAIN;
}

static const char *mark_of(const struct tree_node *node, bool fine) {
    if (node->mark == TREE_GAP) {
        return fine ? "◌ " : "~ ";
    }
    if (node->mark == TREE_UNREADABLE) {
        return "? ";
    }
    return node->state == TREE_BAD ? (fine ? "✗ " : "! ") : "";
}

/* The lines from the parents down to the node. */
static void put_branches(const struct timeline *t, size_t i, bool fine, struct buf *out) {
    const char *lines[DEPTH_SHOWN];
    const struct tree_node *nodes = t->tree.nodes;
    size_t n = 0;
    for (unsigned depth = nodes[i].depth; depth > DEPTH_SHOWN; depth--) {
        i = nodes[i].parent;
    }
    for (size_t at = i; nodes[at].parent != SIZE_MAX && n < DEPTH_SHOWN; at = nodes[at].parent) {
        bool last = nodes[at].next == SIZE_MAX;
        const char *branch = fine ? (last ? "└─ " : "├─ ") : last ? "`- " : "|- ";
        lines[n++] = at == i ? branch : last ? "   " : fine ? "│  " : "|  ";
    }
    while (n > 0) {
        buf_put_str(out, lines[--n]);
    }
}

static void put_part(const struct timeline *t, const char *before, struct tree_text text, struct buf *out) {
    if (text.n > 0) {
        buf_put_str(out, before);
        buf_put_bytes(out, tree_text(&t->tree, text));
    }
}

/* Not where it only says again which run this is. */
static bool shows_subject(const struct timeline *t, const struct tree_node *node) {
    struct bytes subject = tree_text(&t->tree, node->subject), run = tree_text(&t->tree, node->run);
    bool own = bytes_has_prefix(subject, "run/") && bytes_eq((struct bytes){subject.p + 4, subject.n - 4}, run);
    return !own || bytes_is(tree_text(&t->tree, node->kind), "run.started") || (!t->of_run && node->parent == SIZE_MAX);
}

static void put_line(struct timeline *t, struct table *table, size_t i, uint64_t start) {
    const struct tree_node *node = &t->tree.nodes[i];
    bool fine = out_utf8(t->cli), unreadable = node->mark == TREE_UNREADABLE;
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    if (unreadable) {
        table_text(table, "");
    } else {
        table_uint(table, node->seq);
    }
    if (!t->since_start && !unreadable) {
        when_text(&text, node->at, t->style, t->now);
    } else if (!unreadable) {
        when_length(&text, node->at >= start ? (double)(node->at - start) / 1e6 : 0);
    }
    table_cell(table, bytes_of_buf(&text));
    buf_clear(&text);
    if (node->ms >= 0) {
        when_length(&text, node->ms);
    }
    table_cell(table, bytes_of_buf(&text));
    buf_clear(&text);
    put_branches(t, i, fine, &text);
    buf_put_str(&text, mark_of(node, fine));
    buf_put_bytes(&text, tree_text(&t->tree, node->kind));
    put_part(t, " ", node->name, &text);
    put_part(t, fine ? " → " : " -> ", node->outcome, &text);
    if (shows_subject(t, node)) {
        put_part(t, "  ", node->subject, &text);
    }
    put_part(t, unreadable ? "" : "  ", node->rest, &text);
    if (node->returned != SIZE_MAX && t->tree.nodes[node->returned].hidden) {
        put_part(t, node->rest.n > 0 ? " " : "  ", t->tree.nodes[node->returned].rest, &text);
    }
    table_color(table, color_of(node));
    table_cell(table, bytes_of_buf(&text));
    buf_done(&text);
}

static void put_count(struct timeline *t, size_t n, const char *one, const char *many, enum out_color color) {
    if (n > 0) {
        out_printf(t->cli, ", %s%zu %s%s", out_color(t->cli, color), n, n == 1 ? one : many, out_color(t->cli, OUT_PLAIN));
    }
}

/* The first line: what, how many, from when on, how long, how it went. */
static void put_title(struct timeline *t, size_t root) {
    const struct tree_node *top = &t->tree.nodes[root];
    uint64_t first = UINT64_MAX, last = 0;
    struct buf text;
    size_t n = 0;
    for (size_t i = 0; i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        if (node->mark != TREE_UNREADABLE) {
            first = node->at < first ? node->at : first;
            last = node->at > last ? node->at : last;
            n++;
        }
    }
    buf_init(&text, LINE_MAX_BYTES);
    buf_put_str(&text, t->of_run && strncmp(t->about, "run/", 4) != 0 ? "run " : "");
    buf_put_str(&text, t->about ? t->about : "all");
    buf_printf(&text, ": %zu events", n);
    if (n > 0) {
        buf_put_str(&text, ", ");
        when_text(&text, first, t->style, t->now);
        buf_put_str(&text, ", ");
        when_length(&text, (double)(last - first) / 1e6);
    }
    if (t->of_run && top->outcome.n > 0 && bytes_is(tree_text(&t->tree, top->kind), "run.started")) {
        buf_put_str(&text, ", ");
        buf_put_bytes(&text, tree_text(&t->tree, top->outcome));
    }
    out_str(t->cli, out_color(t->cli, OUT_BOLD));
    out_safe(t->cli, bytes_of_buf(&text));
    out_str(t->cli, out_color(t->cli, OUT_PLAIN));
    put_count(t, t->errors, "error", "errors", OUT_RED);
    put_count(t, t->gaps, "gap", "gaps", OUT_YELLOW);
    out_str(t->cli, "\n");
    buf_done(&text);
}

static int print_text(struct timeline *t, size_t root) {
    static const struct table_column columns[] = {
        {"SEQ", true, 0}, {"AT", true, 0}, {"TOOK", true, 0}, {"EVENT", false, 0}};
    uint64_t start = UINT64_MAX;
    struct table *table = table_new(t->cli, columns, sizeof(columns) / sizeof(columns[0]));
    if (!table) {
        return cli_fail(t->cli, &(struct err){.code = ERR_NOMEM, .msg = "no memory for the table"});
    }
    for (size_t i = 0; i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        start = node->mark == TREE_EVENT && node->at < start ? node->at : start;
    }
    put_title(t, root);
    for (size_t i = root; i != SIZE_MAX && out_good(t->cli); i = tree_next(&t->tree, i)) {
        put_line(t, table, i, start);
    }
    return table_end(table);
}

/* ---- for programs ---- */

static struct query_value text_value(const struct timeline *t, struct tree_text text) {
    return (struct query_value){.type = text.n > 0 ? QUERY_TEXT : QUERY_NULL, .text = tree_text(&t->tree, text)};
}

static struct query_value seq_value(const struct timeline *t, size_t i) {
    return i == SIZE_MAX ? (struct query_value){.type = QUERY_NULL}
                         : (struct query_value){.type = QUERY_INT, .int_ = (int64_t)t->tree.nodes[i].seq};
}

static struct query_value name_value(const char *name) {
    return (struct query_value){.type = name ? QUERY_TEXT : QUERY_NULL, .text = bytes_of(name)};
}

static struct query_value ms_value(double ms) {
    if (ms < 0) {
        return (struct query_value){.type = QUERY_NULL};
    }
    return ms < 1e15 && ms == floor(ms) ? (struct query_value){.type = QUERY_INT, .int_ = (int64_t)ms}
                                        : (struct query_value){.type = QUERY_REAL, .real = ms};
}

static int print_json(struct timeline *t, size_t root) {
    static const struct rows_column columns[] = {{.name = "seq"},
                                                 {.name = "time", .is_time = true},
                                                 {.name = "at", .is_time = true},
                                                 {.name = "kind"},
                                                 {.name = "subject"},
                                                 {.name = "run"},
                                                 {.name = "depth"},
                                                 {.name = "parent"},
                                                 {.name = "via"},
                                                 {.name = "name"},
                                                 {.name = "outcome"},
                                                 {.name = "ok"},
                                                 {.name = "duration_ms"},
                                                 {.name = "end"},
                                                 {.name = "mark"},
                                                 {.name = "text"}};
    static const char *const marks[] = {[TREE_EVENT] = NULL, [TREE_GAP] = "gap", [TREE_UNREADABLE] = "unreadable"};
    struct obj head, tail;
    obj_init(&head);
    obj_init(&tail);
    obj_uint(&head, "size", t->size);
    struct rows_options o = {.format = ROWS_JSON,
                             .schema = "ledger.timeline/1",
                             .list = "events",
                             .head = &head,
                             .n = sizeof(columns) / sizeof(columns[0]),
                             .columns = columns};
    struct rows *rows = rows_new(t->cli, &o);
    obj_done(&head);
    for (size_t i = root; rows && i != SIZE_MAX && out_good(t->cli); i = tree_next(&t->tree, i)) {
        const struct tree_node *n = &t->tree.nodes[i];
        const struct query_value values[] = {
            n->mark == TREE_UNREADABLE ? (struct query_value){.type = QUERY_NULL} : seq_value(t, i),
            {.type = QUERY_INT, .int_ = (int64_t)n->time},
            {.type = n->has_at ? QUERY_INT : QUERY_NULL, .int_ = (int64_t)n->at},
            text_value(t, n->kind),
            text_value(t, n->subject),
            text_value(t, n->run),
            {.type = QUERY_INT, .int_ = n->depth},
            seq_value(t, n->parent),
            name_value(n->parent == SIZE_MAX ? NULL : tree_via_name(n->via)),
            text_value(t, n->name),
            text_value(t, n->outcome),
            {.type = n->state == TREE_UNKNOWN ? QUERY_NULL : QUERY_BOOL, .boolean = n->state == TREE_GOOD},
            ms_value(n->ms),
            seq_value(t, n->returned),
            name_value(marks[n->mark]),
            text_value(t, n->rest)};
        rows_values(rows, values);
    }
    obj_uint(&tail, "errors", t->errors);
    obj_uint(&tail, "gaps", t->gaps);
    damage_put(&t->damage, &tail);
    int exit_code = rows ? rows_end(rows, &tail) : EXIT_SYSTEM;
    obj_done(&tail);
    return exit_code;
}

/* ---- the command ---- */

static int print(struct timeline *t) {
    size_t root = SIZE_MAX;
    struct err err = {0};
    if (t->tree.n == 0) {
        err_set(&err, ERR_NOTFOUND, "there are no events of '%.200s'", t->about ? t->about : "that time");
        return t->damage.n > 0 ? EXIT_INVALID : cli_fail_lookup(t->cli, &err);
    }
    hang_gaps(t);
    int rc = tree_order(&t->tree, &root, &err);
    if (rc != 0) {
        return cli_fail(t->cli, &err);
    }
    for (size_t i = 0; i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        t->gaps += node->mark == TREE_GAP ? 1 : 0;
        t->errors += node->mark == TREE_EVENT && !node->hidden && node->state == TREE_BAD &&
                             !bytes_is(tree_text(&t->tree, node->kind), "run.started")
                         ? 1
                         : 0;
    }
    int exit_code = t->cli->json ? print_json(t, root) : print_text(t, root);
    return exit_code == 0 && t->damage.n > 0 ? EXIT_INVALID : exit_code;
}

static int answer(struct timeline *t, const struct ask *ask) {
    struct err err = {0};
    struct ledger_head head = {0};
    struct query q = ask->query;
    q.stop = stop_catch();
    int rc = ledger_head(t->ledger, &head, &err);
    t->size = head.size;
    rc = rc != 0 ? rc : load(t, &q, &err);
    return rc != 0 ? cli_fail(t->cli, &err) : print(t);
}

static int timeline(struct cli *cli, const struct opt_args *args) {
    static const struct ask_option none[] = {{NULL, 0, NULL}};
    const char *style = opt_text(args, &options[T_TIME]);
    struct timeline t = {.cli = cli, .about = args->n_args > 0 ? args->args[0] : NULL, .now = clock_wall_ns()};
    struct ask ask;
    struct pager pager;
    struct err err = {0};
    if (!t.about && !opt_has(args, &options[T_SINCE])) {
        return cli_usage(cli, "of what? a run, a subject, or --since WHEN");
    }
    if (style && when_style(style, &t.style, &err) != 0) {
        return cli_usage(cli, "%s", err.msg);
    }
    t.since_start = !style && t.about;
    if (ask_read(&ask, args, none, &options[T_SINCE], &options[T_UNTIL], &err) != 0) {
        ask_done(&ask);
        return cli_fail_input(cli, &err);
    }
    int exit_code = cli_open(cli, CLI_READ, &t.ledger);
    if (exit_code == 0) {
        tree_init(&t.tree);
        damage_init(&t.damage, cli);
        pager_begin(&pager, cli, !opt_has(args, &options[T_NO_PAGER]));
        exit_code = answer(&t, &ask);
        pager_end(&pager, cli);
        damage_done(&t.damage);
        tree_done(&t.tree);
    }
    ledger_close(t.ledger);
    ask_done(&ask);
    return exit_code;
}

const struct spec spec_timeline = {
    .synopsis = "RUN | SUBJECT | --since WHEN [--until WHEN]",
    .about = "Shows a run as a tree of what led to what, a line an event: seq, time since its beginning, how\n"
             "long it took, what it was and how it ended. Events hang on their cause; where none is recorded,\n"
             "on what their bodies say of calls, spans and runs. A call and its return are one line. Runs that\n"
             "the run started are shown with it. Errors are marked, and so are gaps (ledger.gap) between its\n"
             "first event and its last. With a SUBJECT (it has a '/'; a prefix with * at its end), or with a\n"
             "time alone, all events of these. Exit code 1 when there are none, 30 when some cannot be read.",
    .examples = "ledger timeline 4f1c\nledger timeline pack/pdf-ops-pack --since 7d\nledger timeline --since 15m --json",
    .opts = options,
    .max_args = 1,
    .run = timeline,
};
