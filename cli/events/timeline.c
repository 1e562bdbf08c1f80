/* timeline: a run as a tree of causes and effects, with durations and outcomes. */
#include "cli/events/timeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/log/ask.h"
#include "cli/open/open.h"
#include "cli/print/rows.h"
#include "cli/print/table.h"

enum { T_SINCE, T_UNTIL, T_CLOCK, T_TIME };
static const struct opt options[] = {
    [T_SINCE] = {"since", 0, "WHEN", "from " WHEN_HELP},
    [T_UNTIL] = {"until", 0, "WHEN", "up to and including this moment; for a date, its end"},
    [T_CLOCK] = {"clock", 0, "CLOCK", "order by when events happened (source, default) or were recorded (ledger)"},
    [T_TIME] = {"time", 0, "HOW", "times: since the beginning (default with RUN), utc, local, relative"},
    {0},
};

#define DEPTH_SHOWN    24 /* deeper events are shown at this depth */
#define LINE_MAX_BYTES ((size_t)64 << 10)

/* ---- for people ---- */

static enum out_color color_of(const struct tree_node *node) {
    return node->mark == TREE_GAP || node->mark == TREE_CORRECTED ? OUT_YELLOW
           : node->state == TREE_BAD                              ? OUT_RED
                                                                  : OUT_PLAIN;
}

static const char *mark_of(const struct tree_node *node, bool fine) {
    if (node->mark == TREE_GAP) return fine ? "◌ " : "~ ";
    if (node->mark == TREE_UNREADABLE) return "? ";
    return node->state == TREE_BAD ? (fine ? "✗ " : "! ") : "";
}

/* The tree lines before a node, which is at most at DEPTH_SHOWN; path has its ancestors. */
static void put_branches(const struct timeline *t, const size_t *path, size_t depth, bool fine, struct buf *out) {
    for (size_t at = 1; at <= depth; at++) {
        bool last = t->tree.nodes[path[at]].next == SIZE_MAX;
        const char *branch = fine ? (last ? "└─ " : "├─ ") : last ? "`- " : "|- ";
        buf_put_str(out, at == depth ? branch : last ? "   " : fine ? "│  " : "|  ");
    }
}

static void put_part(const struct timeline *t, const char *before, struct tree_text text, struct buf *out) {
    if (text.n > 0) {
        buf_put_str(out, before);
        buf_put_bytes(out, tree_text(&t->tree, text));
    }
}

/* On a terminal a long name is cut to leave room for the outcome. */
static void put_name(const struct timeline *t, const struct tree_node *node, struct buf *out) {
    struct bytes name = tree_text(&t->tree, node->name);
    size_t line = out_width(t->cli), took = 0;
    size_t n = line == SIZE_MAX ? name.n : table_fits(name, line / 3, &took);
    buf_put_str(out, name.n > 0 ? " " : "");
    buf_put_bytes(out, (struct bytes){name.p, n});
    buf_put_str(out, n < name.n ? table_mark(t->cli) : "");
}

/* The next field of a rest: a blank, a name, '='. */
static size_t field_end(struct bytes rest) {
    for (size_t at = 1; at < rest.n; at++) {
        size_t name = at;
        while (rest.p[at - 1] == ' ' && name < rest.n &&
               ((rest.p[name] >= 'a' && rest.p[name] <= 'z') || rest.p[name] == '_')) {
            name++;
        }
        if (name > at && name < rest.n && rest.p[name] == '=') return at - 1;
    }
    return rest.n;
}

static bool has_field(struct bytes rest, struct bytes field) {
    while (rest.n > 0) {
        size_t n = field_end(rest);
        if (bytes_eq((struct bytes){rest.p, n}, field)) return true;
        n += n < rest.n ? 1 : 0;
        rest = (struct bytes){rest.p + n, rest.n - n};
    }
    return false;
}

/* The other fields, and those of the return shown with it, unless they repeat. */
static void put_rest(const struct timeline *t, const struct tree_node *node, struct buf *out) {
    struct bytes own = tree_text(&t->tree, node->rest), more = {0};
    size_t start = out->n;
    buf_put_bytes(out, own);
    if (node->returned != SIZE_MAX && t->tree.nodes[node->returned].hidden) {
        more = tree_text(&t->tree, t->tree.nodes[node->returned].rest);
    }
    while (more.n > 0) {
        size_t n = field_end(more);
        if (!has_field(own, (struct bytes){more.p, n})) {
            buf_put_str(out, out->n > start ? " " : "");
            buf_put(out, more.p, n);
        }
        n += n < more.n ? 1 : 0;
        more = (struct bytes){more.p + n, more.n - n};
    }
    if (node->tier != NULL) {
        buf_printf(out, "%sjudged_tier=%s", out->n > start ? " " : "", node->tier);
    }
}

/* The subject, unless it only repeats the run. */
static bool shows_subject(const struct timeline *t, const struct tree_node *node) {
    struct bytes subject = tree_text(&t->tree, node->subject), run = tree_text(&t->tree, node->run);
    bool own = bytes_has_prefix(subject, "run/") && bytes_eq((struct bytes){subject.p + 4, subject.n - 4}, run);
    return !own || bytes_is(tree_text(&t->tree, node->kind), "run.started") || (!t->of_run && node->parent == SIZE_MAX);
}

static void put_line(struct timeline *t, struct table *table, size_t i, size_t *path, uint64_t start) {
    const struct tree_node *node = &t->tree.nodes[i];
    size_t depth = node->depth < DEPTH_SHOWN ? node->depth : DEPTH_SHOWN;
    bool fine = out_utf8(t->cli), unreadable = node->mark == TREE_UNREADABLE;
    struct buf text = {.max = LINE_MAX_BYTES};
    if (unreadable) {
        table_text(table, "");
    } else {
        table_uint(table, node->seq);
    }
    if (!t->since_start && !unreadable) {
        when_text(&text, node->at, t->style, t->now);
    } else if (!unreadable) {
        buf_put_str(&text, node->at < start ? "-" : ""); /* a corrected event or a gap */
        when_length(&text, (double)(node->at >= start ? node->at - start : start - node->at) / 1e6);
    }
    table_cell(table, bytes_of_buf(&text));
    buf_clear(&text);
    if (node->ms >= 0) {
        when_length(&text, node->ms);
    }
    table_cell(table, bytes_of_buf(&text));
    buf_clear(&text);
    if (node->depth <= DEPTH_SHOWN) {
        path[depth] = i;
    }
    put_branches(t, path, depth, fine, &text);
    buf_put_str(&text, mark_of(node, fine));
    buf_put_bytes(&text, tree_text(&t->tree, node->kind));
    put_name(t, node, &text);
    put_part(t, fine ? " → " : " -> ", node->outcome, &text);
    if (shows_subject(t, node)) {
        put_part(t, "  ", node->subject, &text);
    }
    size_t at = text.n;
    buf_put_str(&text, unreadable ? "" : "  ");
    size_t before = text.n;
    put_rest(t, node, &text);
    text.n = text.n > before ? text.n : at;
    table_color(table, color_of(node));
    table_cell(table, bytes_of_buf(&text));
    buf_done(&text);
}

/* "3 errors", if there are any. */
static void count_text(size_t n, const char *what, char ret[64]) {
    ret[0] = '\0';
    if (n > 0) {
        snprintf(ret, 64, "%zu %s%s", n, what, n == 1 ? "" : "s");
    }
}

static void put_count(struct timeline *t, const char *text, enum out_color color) {
    if (text[0] != '\0') {
        out_printf(t->cli, ", %s%s%s", out_color(t->cli, color), text, out_color(t->cli, OUT_PLAIN));
    }
}

/* A part of the title, in bold, cut to `room` columns. Returns the columns used. */
static size_t put_bold(struct timeline *t, struct bytes text, size_t columns) {
    struct buf safe = {.max = LINE_MAX_BYTES};
    size_t took = 0;
    text_safe(&safe, text);
    size_t n = table_fits(bytes_of_buf(&safe), columns, &took);
    bool cut = n < safe.n && columns > 0;
    if (cut) {
        n = table_fits(bytes_of_buf(&safe), columns - 1, &took);
    }
    out_str(t->cli, out_color(t->cli, OUT_BOLD));
    out_bytes(t->cli, (struct bytes){safe.p, n});
    out_str(t->cli, cut ? table_mark(t->cli) : "");
    out_str(t->cli, out_color(t->cli, OUT_PLAIN));
    buf_done(&safe);
    return took + (cut ? 1 : 0);
}

static size_t less(size_t n, size_t by) {
    return n > by ? n - by : 0;
}

/* The total duration, and the events after the end. A run states its duration; otherwise it is from the earliest event to the
 * end of the last one. */
struct span {
    uint64_t first, last;
    double ms; /* negative: unknown */
    size_t n, late;
    uint64_t late_ns; /* how late the last one is */
};

/* The event that ends the run that `top` begins. */
static const struct tree_node *end_of(const struct timeline *t, const struct tree_node *top) {
    const struct tree_node *end = NULL;
    for (size_t i = 0; t->of_run && i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        if (node->mark == TREE_EVENT && bytes_is(tree_text(&t->tree, node->kind), "run.finished") &&
            bytes_eq(tree_text(&t->tree, node->subject), tree_text(&t->tree, top->subject))) {
            end = node;
        }
    }
    return end;
}

/* When it was over: calls and steps are placed at their beginning, ends at their end. */
static uint64_t end_time(const struct timeline *t, const struct tree_node *node) {
    struct bytes kind = tree_text(&t->tree, node->kind);
    bool end =
        bytes_is(kind, "run.finished") || bytes_is(kind, "run.tool_returned") || bytes_is(kind, "run.model_returned");
    return node->ms > 0 && node->ms < 1e12 && !end ? node->at + (uint64_t)(node->ms * 1e6) : node->at;
}

/* Over the events that count: corrected events and gaps do not. If none counts, over all. */
static uint64_t begin_of(const struct timeline *t) {
    uint64_t first = UINT64_MAX, any = UINT64_MAX;
    for (size_t i = 0; i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        if (node->mark != TREE_UNREADABLE && !node->before) {
            any = node->at < any ? node->at : any;
            first = node->mark == TREE_EVENT && node->at < first ? node->at : first;
        }
    }
    return first != UINT64_MAX ? first : any;
}

static void measure(const struct timeline *t, const struct tree_node *top, struct span *ret) {
    const struct tree_node *end = end_of(t, top);
    *ret = (struct span){.first = begin_of(t), .ms = -1};
    for (size_t i = 0; i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        uint64_t last = end_time(t, node);
        if (node->mark == TREE_UNREADABLE || node->before) continue;
        ret->n++;
        if (end && node != end && node->at > end->at && node->mark == TREE_EVENT) {
            ret->late++;
            ret->late_ns = node->at - end->at > ret->late_ns ? node->at - end->at : ret->late_ns;
        } else if (node->mark != TREE_CORRECTED) {
            ret->last = last > ret->last ? last : ret->last;
        }
    }
    if (end && end->ms >= 0) {
        ret->ms = end->ms;
    } else if (end && end->at >= ret->first) {
        ret->ms = (double)(end->at - ret->first) / 1e6;
    } else if (ret->n > 1 || ret->last > ret->first) {
        ret->ms = ret->last > ret->first ? (double)(ret->last - ret->first) / 1e6 : 0;
    }
}

/* The run's outcome, and whether its beginning was corrected. */
static void put_end(const struct timeline *t, const struct tree_node *top, struct buf *out) {
    bool begins = t->of_run && bytes_is(tree_text(&t->tree, top->kind), "run.started");
    bool mistake = begins && top->mark == TREE_CORRECTED;
    const struct tree_node *end = end_of(t, top);
    if (end) {
        put_part(t, ", ", end->outcome, out);
    } else if (begins && !mistake) {
        put_part(t, ", ", top->outcome, out);
    }
    if (mistake) {
        buf_printf(out, ", event %llu ", (unsigned long long)top->seq);
        buf_put_bytes(out, tree_text(&t->tree, top->outcome));
    }
}

/* The first that is of the run itself, not of what it rests on. */
static const struct tree_node *top_of(const struct timeline *t, size_t root) {
    size_t i = root;
    while (i != SIZE_MAX && t->tree.nodes[i].before) {
        i = tree_next(&t->tree, i);
    }
    return &t->tree.nodes[i != SIZE_MAX ? i : root];
}

/* The first line: what, number of events, errors, start, duration, outcome. */
static void put_title(struct timeline *t, size_t root) {
    const struct tree_node *top = top_of(t, root);
    struct span span;
    struct buf text = {.max = LINE_MAX_BYTES};
    char errors[64], gaps[64];
    size_t room = out_width(t->cli);
    measure(t, top, &span);
    buf_put_str(&text, t->of_run && strncmp(t->about, "run/", 4) != 0 ? "run " : "");
    buf_put_str(&text, t->about ? t->about : "all");
    if (span.n > 0) {
        buf_printf(&text, ": %zu event%s", span.n, text_s(span.n));
    } else {
        buf_put_str(&text, ": which events it has cannot be told");
    }
    count_text(t->errors, "error", errors);
    count_text(t->gaps, "gap", gaps);
    room = less(room, errors[0] ? strlen(errors) + 2 : 0);
    room = less(room, gaps[0] ? strlen(gaps) + 2 : 0);
    room = less(room, put_bold(t, bytes_of_buf(&text), room));
    put_count(t, errors, OUT_RED);
    put_count(t, gaps, OUT_YELLOW);
    buf_clear(&text);
    if (span.n > 0) {
        buf_put_str(&text, ", ");
        when_text(&text, span.first, t->style, t->now);
    }
    if (span.ms >= 0) {
        buf_put_str(&text, ", ");
        when_length(&text, span.ms);
    }
    put_end(t, top, &text);
    if (span.late > 0) {
        buf_printf(&text, ", %zu late (up to ", span.late);
        when_length(&text, (double)span.late_ns / 1e6);
        buf_put_str(&text, " after its end)");
    }
    put_bold(t, bytes_of_buf(&text), room);
    out_str(t->cli, "\n");
    buf_done(&text);
}

static int print_text(struct timeline *t, size_t root) {
    static const struct table_column columns[] = {
        {"SEQ", TABLE_RIGHT, 0}, {"AT", TABLE_RIGHT, 0}, {"TOOK", TABLE_RIGHT, 0}, {"EVENT", 0, 0}};
    uint64_t start = begin_of(t);
    size_t path[DEPTH_SHOWN + 1] = {0}; /* the last node shown at each depth */
    struct table *table = table_new(t->cli, columns, sizeof(columns) / sizeof(columns[0]));
    pager_begin(&t->pager, t->cli);
    put_title(t, root);
    for (size_t i = root; i != SIZE_MAX && out_good(t->cli); i = tree_next(&t->tree, i)) {
        put_line(t, table, i, path, start);
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
    if (ms < 0) return (struct query_value){.type = QUERY_NULL};
    return ms < 1e15 && ms == floor(ms) ? (struct query_value){.type = QUERY_INT, .int_ = (int64_t)ms}
                                        : (struct query_value){.type = QUERY_REAL, .real = ms};
}

static const char *const marks[] = {
    [TREE_EVENT] = NULL, [TREE_GAP] = "gap", [TREE_UNREADABLE] = "unreadable", [TREE_CORRECTED] = "corrected"};

static const struct rows_column json_columns[] = {{.name = "seq"},
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
                                                  {.name = "judged_tier"},
                                                  {.name = "text"}};

static int print_json(struct timeline *t, size_t root) {
    struct obj head = {0}, tail = {0};
    struct buf rest = {.max = LINE_MAX_BYTES};
    obj_uint(&head, "size", t->size);
    obj_text(&head, "clock", t->tree.by_seal ? "ledger" : "source");
    struct rows_options o = {.format = ROWS_JSON,
                             .schema = "ledger.timeline/1",
                             .list = "events",
                             .head = &head,
                             .pager = &t->pager,
                             .n = sizeof(json_columns) / sizeof(json_columns[0]),
                             .columns = json_columns};
    struct rows *rows = rows_begin(t->cli, &o);
    obj_done(&head);
    for (size_t i = root; rows && i != SIZE_MAX && out_good(t->cli); i = tree_next(&t->tree, i)) {
        const struct tree_node *n = &t->tree.nodes[i];
        buf_clear(&rest);
        put_rest(t, n, &rest);
        const struct query_value values[] = {
            n->mark == TREE_UNREADABLE ? (struct query_value){.type = QUERY_NULL} : seq_value(t, i),
            {.type = QUERY_INT, .int_ = (int64_t)n->time},
            {.type = n->has_at ? QUERY_INT : QUERY_NULL, .int_ = (int64_t)n->said},
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
            name_value(n->tier),
            {.type = rest.n > 0 ? QUERY_TEXT : QUERY_NULL, .text = bytes_of_buf(&rest)}};
        rows_values(rows, values);
    }
    struct span span;
    measure(t, top_of(t, root), &span);
    obj_uint(&tail, "late", span.late);
    obj_uint(&tail, "errors", t->errors);
    obj_uint(&tail, "gaps", t->gaps);
    tier_count_put(&t->tiers, &tail);
    damage_put(&t->damage, &tail);
    int exit_code = rows ? rows_end(rows, &tail) : EXIT_SYSTEM;
    obj_done(&tail);
    buf_done(&rest);
    return exit_code;
}

/* ---- the command ---- */

#define APART_NS (3600 * CLOCK_NS_PER_S) /* live recording is never this late */

static void say_clock(const struct timeline *t) {
    size_t n = 0;
    for (size_t i = 0; i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        n += node->has_at && (node->said + APART_NS < node->time || node->time + APART_NS < node->said) ? 1 : 0;
    }
    if (n > 0) {
        cli_note(t->cli,
                 "ledger: timeline: %zu event%s recorded at another time than the source gives; '--clock %s' goes by %s", n,
                 n == 1 ? " was" : "s were", t->tree.by_seal ? "source" : "ledger",
                 t->tree.by_seal ? "the source's" : "when they were recorded");
    }
}

/* A run's own outcome is shown in the title; errors inside it are counted, as in lists of runs. */
static bool is_whole_run(struct bytes kind) {
    return bytes_is(kind, "run.started") || bytes_is(kind, "run.finished");
}

static int print(struct timeline *t) {
    size_t root = SIZE_MAX;
    struct err err = {0};
    if (t->tree.n == 0) {
        t->about ? err_set(&err, ERR_NOTFOUND, "there are no events of '%.200s'", t->about)
                 : err_set(&err, ERR_NOTFOUND, "there are no events from that time");
        return t->damage.n > 0 ? EXIT_INVALID : cli_fail_lookup(t->cli, &err);
    }
    timeline_hang_gaps(t);
    timeline_judge(t);
    int rc = tree_order(&t->tree, &root, &err);
    if (rc != 0) return cli_fail(t->cli, &err);
    for (size_t i = 0; i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        t->gaps += node->mark == TREE_GAP ? 1 : 0;
        t->errors += node->mark == TREE_EVENT && !node->hidden && !node->before && node->state == TREE_BAD &&
                             !is_whole_run(tree_text(&t->tree, node->kind))
                         ? 1
                         : 0;
    }
    int exit_code = t->cli->json ? print_json(t, root) : print_text(t, root);
    say_clock(t);
    return exit_code == 0 && t->damage.n > 0 ? EXIT_INVALID : exit_code;
}

static int answer(struct timeline *t, const struct ask *ask) {
    struct err err = {0};
    struct log_head head = {0};
    struct query q = ask->query;
    q.stop = stop_catch();
    int rc = log_head(t->ledger, &head, &err);
    t->size = head.size;
    if (rc == 0 && ask_check(ask, t->cli, t->size, &err) != 0) return cli_fail_input(t->cli, &err);
    if (rc == 0) rc = timeline_load(t, &q, &err);
    return rc != 0 ? cli_fail_lookup(t->cli, &err) : print(t);
}

static int timeline(struct cli *cli, const struct opt_args *args) {
    static const struct ask_option none[] = {{NULL, 0, NULL}};
    static const struct ask_options times = {
        .fields = none, .since = &options[T_SINCE], .until = &options[T_UNTIL], .clock = &options[T_CLOCK]};
    const char *style = opt_text(args, &options[T_TIME]);
    struct timeline t = {.cli = cli, .about = args->n_args > 0 ? args->args[0] : NULL, .now = clock_wall_ns()};
    struct ask ask;
    struct err err = {0};
    if (!t.about && !opt_has(args, &options[T_SINCE])) {
        return cli_usage(cli, "name a run, a subject, or --since WHEN");
    }
    if (style && when_style(style, &t.style, &err) != 0) return cli_usage(cli, "%s", err.msg);
    t.since_start = !style && t.about;
    int rc = ask_read(&ask, args, &times, &err);
    if (rc != 0) {
        ask_done(&ask);
        return rc == ERR_NOTFOUND ? cli_usage(cli, "%s", err.msg) : cli_fail_input(cli, &err);
    }
    int exit_code = cli_open(cli, CLI_READ, &t.ledger);
    if (exit_code == 0) {
        tree_init(&t.tree);
        t.tree.by_seal = ask.clock == QUERY_TIME;
        damage_init(&t.damage, cli);
        buf_init(&t.run, TIMELINE_RUN_MAX);
        t.pager.wanted = true;
        exit_code = answer(&t, &ask);
        pager_end(&t.pager, cli);
        if (t.tiers.without > 0 || t.tiers.corrected > 0) {
            tier_count_say(cli, &t.tiers);
        }
        buf_done(&t.run);
        damage_done(&t.damage);
        tree_done(&t.tree);
    }
    log_close(t.ledger);
    ask_done(&ask);
    return exit_code;
}

const struct spec spec_timeline = {
    .synopsis = "RUN | SUBJECT | --since WHEN [--until WHEN]",
    .about = "Shows a run, and the runs it started, as a tree of causes and effects, one event per line:\n"
             "sequence number, time since the beginning, duration, what it was and how it ended. A prefix of\n"
             "the run's ID is enough. Each event is placed under its cause or, if none is recorded, according\n"
             "to the calls, spans and runs named in its body. A call and its return share a line. Errors are\n"
             "marked, and so are gaps (ledger.gap) between the first event and the last. Above a pack's run is\n"
             "what it rests on: the plan, the installation, the grants and the checks; neither counted nor timed.\n\n"
             "An argument with a '/' is a SUBJECT; a * at its end makes it a prefix. With a SUBJECT, or with\n"
             "times alone, all matching events are shown. Exit code 1 if there are none, 30 if some cannot be\n"
             "read.",
    .examples = "ledger timeline 4f1c\nledger timeline pack/pdf-ops-pack --since 7d\nledger timeline --since 15m --json",
    .opts = options,
    .max_args = 1,
    .run = timeline,
};
