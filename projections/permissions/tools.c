/* Tools by agent, server and name: how often they were called, what their sources said about them, and how far a call can
 * go by the policies.
 *
 * A call counts when it was recorded. Some sources record only answers: these do not count as calls.
 *
 * A source may name a group of permissions with a call, or none. A tool's tier is the highest among its groups, and unknown
 * when one of them is unknown. */
#include "ledger/kinds/scope.h"
#include "projections/fold/fold.h"
#include "projections/permissions/tiers.h"
#include "projections/rows/list.h"

enum {
    AGENT,
    SERVER,
    TOOL,
    JUDGED,
    CALLS = JUDGED + TIERS_COLUMNS_N,
    UNCALLED,
    ANSWERS,
    ERRORS,
    DENIED,
    REQUESTS,
    TOLD_TIER,
    GROUPS,
    FIRST_SEQ,
    LAST_SEQ,
    LAST_AT,
    EVIDENCE,
    COLUMNS
};

static const struct state_column columns[] = {
    [AGENT] = {"agent", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which agent calls it; empty: unknown"},
    [SERVER] = {"server", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "server that offers it; empty: none or unknown"},
    [TOOL] = {"tool", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    TIERS_COLUMNS,
    [CALLS] = {"calls", CELL_INT, COLUMN_MAIN, "calls recorded"},
    [UNCALLED] = {"uncalled", CELL_INT, COLUMN_MAIN | COLUMN_JUDGED, "answers whose calls were not recorded"},
    [ANSWERS] = {"answers", CELL_INT, 0, "answers recorded"},
    [ERRORS] = {"errors", CELL_INT, COLUMN_MAIN, "answers that were errors"},
    [DENIED] = {"denied", CELL_INT, COLUMN_MAIN, "answers and decisions that denied it"},
    [REQUESTS] = {"requests", CELL_INT, 0, "how often permission was requested for it"},
    [TOLD_TIER] = {"told_tier", CELL_TEXT, 0, "the newest tier that its source reported"},
    [GROUPS] = {"groups", CELL_LIST, 0,
                "the permission groups that its sources named; an empty entry: a source named none"},
    [FIRST_SEQ] = {"first_seq", CELL_INT, COLUMN_SEQ, "the first event about it"},
    [LAST_SEQ] = {"last_seq", CELL_INT, COLUMN_SEQ, "the newest event about it"},
    [LAST_AT] = {"last_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when that happened"},
    [EVIDENCE] = {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "the first event about it, and the policy that judges it"},
};

static bool has_group(const struct row *row, struct bytes group) {
    struct list list;
    struct bytes item, text;
    list_open(&list, row_list(row, GROUPS));
    while (list_next(&list, &item)) {
        if (list_name(item, "", &text) && bytes_eq(text, group)) return true;
    }
    return false;
}

/* Groups come from the catalog, so there are few. */
static int add_group(struct fold *fold, struct row *row, struct err *err) {
    struct bytes group = bytes_of(""), item;
    struct list list;
    struct list_out out;
    fold_text(fold, "group", &group);
    if (has_group(row, group)) return 0;
    list_out_init(&out);
    list_open(&list, row_list(row, GROUPS));
    while (list_next(&list, &item)) {
        list_out_raw(&out, item);
    }
    list_out_text(&out, group);
    int rc = list_out_set(&out, row, GROUPS, err);
    list_out_done(&out);
    return rc;
}

static void returned(struct fold *fold, struct row *row) {
    struct bytes outcome = {0}, error;
    bool ok = true, told = fold_bool(fold, "ok", &ok);
    fold_text(fold, "outcome", &outcome);
    row_add(row, ANSWERS, 1);
    if (bytes_is(outcome, "denied")) {
        row_add(row, DENIED, 1);
    } else if ((told && !ok) || bytes_is(outcome, "error") || bytes_is(outcome, "timeout") ||
               (!told && fold_text(fold, "error", &error))) {
        row_add(row, ERRORS, 1);
    }
}

static int fold_tool(struct fold *fold, struct err *err) {
    static const char *const families[] = {"agent/", "server/", "tool/"}, *const fields[] = {"agent", "server", "tool"};
    const struct log_event *event = fold_event(fold);
    struct bytes parts[3] = {bytes_of(""), bytes_of(""), bytes_of("")}, decision = {0};
    struct row *row;
    fold_text(fold, "agent", &parts[0]);
    fold_text(fold, "server", &parts[1]);
    if (!fold_text(fold, "tool", &parts[2])) return 0;
    for (size_t i = 0; i < 3; i++) {
        if (bytes_has_prefix(event->subject, families[i])) { /* of permission.*: the holder */
            parts[i] = fold_name(fold, fields[i]);
        }
    }
    int rc = fold_row(fold, 0, parts, 3, &row, err);
    if (rc != 0) return rc;
    if (row->absent) {
        row_set_int(row, FIRST_SEQ, (int64_t)event->seq);
        row_cite(row, EVIDENCE, event->seq);
    }
    row_set_int(row, LAST_SEQ, (int64_t)event->seq);
    row_set_int(row, LAST_AT, (int64_t)fold_at(fold));
    if (bytes_is(event->kind, "run.tool_returned")) {
        returned(fold, row);
        return 0;
    }
    rc = add_group(fold, row, err);
    fold_copy(fold, row, TOLD_TIER, "tier");
    if (bytes_is(event->kind, "run.tool_called")) {
        row_add(row, CALLS, 1);
    } else if (bytes_is(event->kind, "permission.requested")) {
        row_add(row, REQUESTS, 1);
    } else if (fold_text(fold, "decision", &decision) && (bytes_is(decision, "deny") || bytes_is(decision, "abort"))) {
        row_add(row, DENIED, 1);
    }
    return rc;
}

static int judge_tool(struct state_view *view, struct row *row, struct err *err) {
    struct tool_call call = {.agent = row_text(row, AGENT), .server = row_text(row, SERVER), .tool = row_text(row, TOOL)};
    struct tiers_answer best = {.tier = TIER_UNKNOWN}, answer;
    struct list list;
    struct bytes item;
    bool any = false, unknown = false;
    int rc = 0;
    list_open(&list, row_list(row, GROUPS));
    while (rc == 0 && list_next(&list, &item)) {
        any = list_name(item, "", &call.group);
        rc = any ? tiers_judge(view, &call, &answer, err) : 0;
        if (rc == 0 && any) {
            unknown = unknown || answer.tier == TIER_UNKNOWN;
            best = answer.tier > best.tier ? answer : best;
        }
    }
    if (rc == 0 && best.tier == TIER_UNKNOWN && !unknown) { /* only its answers were recorded */
        call.group = (struct bytes){0};
        rc = tiers_judge(view, &call, &best, err);
    }
    if (rc == 0) {
        if (row_int(row, ANSWERS) > row_int(row, CALLS)) {
            row_set_int(row, UNCALLED, row_int(row, ANSWERS) - row_int(row, CALLS));
        }
        best.tier = unknown ? TIER_UNKNOWN : best.tier;
        tiers_put(row, JUDGED, &best);
        if (row_has(row, JUDGED + 3)) {
            row_cite(row, EVIDENCE, best.seq);
        }
    }
    return rc;
}

static const struct state_table tables[] = {
    {"tools", "tool", "A row is a tool of an agent: its calls, and the tier that they can reach.", columns, COLUMNS,
     judge_tool},
};
static const char *const kinds[] = {"run.tool_called", "run.tool_returned", "permission.requested", "permission.decided",
                                    NULL};

const struct projection projection_tools = {"tools", 3, tables, 1, kinds, fold_tool};
