/* How a clause gets its answer: by findings, of which the most severe count. Three of them are described, with their
 * events; the others are counted. */
#include "projections/ready/readiness.h"
#include "projections/verdict/verdict.h"
#include "projections/view/look.h"

#include <stdio.h>
#include <string.h>

#define TOLD_MAX   3
#define NS_PER_DAY (UINT64_C(86400) * 1000000000)

const char *const verdict_words[VERDICT_STATES] = {
    [VERDICT_PASS] = "pass", [VERDICT_UNKNOWN] = "unknown", [VERDICT_WARN] = "warn", [VERDICT_FAIL] = "fail"};

static const struct {
    const char *status;
    enum verdict_state state;
} statuses[] = {
    {"ok", VERDICT_PASS},         {"pass", VERDICT_PASS},   {"not_applicable", VERDICT_STATES},
    {"warn", VERDICT_WARN},       {"low", VERDICT_WARN},    {"slow", VERDICT_WARN},
    {"stale", VERDICT_WARN},      {"full", VERDICT_FAIL},   {"missing", VERDICT_FAIL},
    {"mismatch", VERDICT_FAIL},   {"denied", VERDICT_FAIL}, {"unreachable", VERDICT_FAIL},
    {"error", VERDICT_FAIL},      {"fail", VERDICT_FAIL},   {"timeout", VERDICT_FAIL},
    {"unknown", VERDICT_UNKNOWN},
};

static void forget_said(struct verdict_case *c) {
    c->said_bytes = c->n_said = 0;
    reason_init(&c->reason);
}

void verdict_case_init(struct verdict_case *c) {
    c->state = VERDICT_PASS;
    c->found = c->heaviest = 0;
    c->there = c->loaded = 0;
    c->beside = false;
    c->room = NULL;
    c->about[0] = c->more[0] = '\0';
    c->help = NULL;
    c->command[0] = '\0';
    c->left_out = false;
    forget_said(c);
}

/* Cites the row's evidence, or its one event where it has only that. */
static void cite(struct verdict_case *c, const struct row *row) {
    size_t column = row != NULL ? named_column(row, "evidence") : SIZE_MAX;
    uint64_t seqs[ROW_SEQS_MAX];
    size_t n = column != SIZE_MAX ? row_seqs(row, column, seqs, ROW_SEQS_MAX) : 0;
    for (size_t i = 0; i < n && i < ROW_SEQS_MAX; i++) {
        reason_cite(&c->reason, seqs[i], 0);
    }
    if (column == SIZE_MAX && row != NULL && named_has(row, "seq")) {
        reason_cite_cell(&c->reason, row, named_column(row, "seq"), SIZE_MAX);
    }
}

static void begin_heavier(struct verdict_case *c, enum verdict_state state, struct bytes about) {
    c->state = state;
    c->heaviest = 0;
    c->help = NULL;
    c->command[0] = '\0';
    c->more[0] = '\0';
    forget_said(c);
    snprintf(c->about, sizeof(c->about), "%.*s", REASON_PART(about, VERDICT_ABOUT_MAX - 1));
}

/* The reason's words and the messages say the same; a message for which there is no room is in the words alone. */
static void say(struct verdict_case *c, const struct message *message, const struct message_arg *args, size_t n) {
    struct buf words = {.max = ROW_TEXT_MAX}, map = {.max = VERDICT_SAID_MAX};
    message_fill(message_text(message, args, n), args, n, &words);
    reason_say(&c->reason, "%s%.*s", c->reason.n > 0 ? "; " : "", (int)words.n, words.n > 0 ? (const char *)words.p : "");
    message_put(message, args, n, &map);
    if (map.fail == 0 && c->said_bytes + map.n <= sizeof(c->said)) {
        memcpy(c->said + c->said_bytes, map.p, map.n);
        c->said_bytes += map.n;
        c->n_said++;
    }
    buf_done(&words);
    buf_done(&map);
}

static void say_this(struct verdict_case *c, struct verdict_said said) {
    if (said.key != MESSAGE_NONE) {
        say(c, &messages[said.key], said.args, said.n);
    }
}

/* Counts the finding; true: its words are wanted. */
static bool take(struct verdict_case *c, enum verdict_state state, const struct row *row, struct bytes about) {
    c->found++;
    if (state < c->state) return false;
    if (state > c->state) {
        begin_heavier(c, state, about);
    }
    c->heaviest++;
    cite(c, row);
    return state != VERDICT_PASS && c->heaviest <= TOLD_MAX;
}

void verdict_found(struct verdict_case *c, enum verdict_state state, const struct row *row, struct bytes about,
                   struct verdict_said said) {
    if (take(c, state, row, about)) {
        say_this(c, said);
    }
}

/* Collects the facts that a rule's words name; false: too many. */
struct naming {
    const struct readiness *found;
    struct message_arg args[MESSAGE_ARGS_MAX];
    char names[MESSAGE_ARGS_MAX][32];
    size_t n;
};

static bool name_fact(void *ctx, const char *name, struct buf *out) {
    struct naming *naming = ctx;
    const char *text = readiness_fact(naming->found, name);
    (void)out;
    for (size_t i = 0; i < naming->n; i++) {
        if (strcmp(naming->names[i], name) == 0) return true;
    }
    if (naming->n == MESSAGE_ARGS_MAX) return false;
    snprintf(naming->names[naming->n], sizeof(naming->names[0]), "%s", name);
    naming->args[naming->n] = message_words(naming->names[naming->n], bytes_of(text != NULL ? text : ""));
    naming->n++;
    return true;
}

void verdict_found_rule(struct verdict_case *c, enum verdict_state state, const struct row *row, struct bytes about,
                        const struct readiness *found) {
    const struct readiness_rule *rule = &readiness_rules[found->found[0].id];
    struct naming naming = {.found = found};
    struct buf words = {.max = ROW_TEXT_MAX};
    char id[64];
    if (!take(c, state, row, about)) return;
    bool named = readiness_fill(rule->words, name_fact, &naming, &words);
    buf_clear(&words);
    message_fill(rule->words, naming.args, naming.n, &words);
    snprintf(id, sizeof(id), "ready.%s", rule->name);
    if (named && bytes_is(bytes_of_buf(&words), found->found[0].words)) {
        say(c, &(struct message){id, NULL, NULL, rule->words}, naming.args, naming.n);
    } else { /* cut, or its facts were set anew */
        say_this(c, SAY_WITH(WORDS, message_words("words", bytes_of(found->found[0].words))));
    }
    buf_done(&words);
}

bool verdict_leads(const struct verdict_case *c, enum verdict_state state) {
    return c->state == state && c->heaviest == 1 && state != VERDICT_PASS;
}

void verdict_passes(struct verdict_case *c, struct verdict_said said) {
    if (c->state == VERDICT_PASS && !c->left_out) {
        say_this(c, said);
    }
}

void verdict_passes_of(struct verdict_case *c, enum message_key some, enum message_key none) {
    verdict_passes(c, SAY_KEY(c->found > 0 ? some : none, message_int("n", (int64_t)c->found)));
}

void verdict_leave_out(struct verdict_case *c, struct verdict_said said) {
    verdict_case_init(c);
    c->left_out = true;
    say_this(c, said);
}

void verdict_counted(struct verdict_case *c) {
    if (c->state != VERDICT_PASS && c->heaviest > TOLD_MAX) {
        say_this(c, SAY_WITH(MORE, message_int("n", (int64_t)(c->heaviest - TOLD_MAX))));
    }
}

/* ---- what helps ---- */

static const struct verdict_help *help_of(const struct verdict_case *c, const struct verdict_clause *clause) {
    return c->help != NULL ? c->help : c->state == VERDICT_UNKNOWN ? &clause->learn : &clause->remedy;
}

const char *verdict_first(const struct verdict_case *c, const struct verdict_clause *clause) {
    return c->state != VERDICT_PASS ? messages[help_of(c, clause)->first].text : NULL;
}

static bool put_fact(void *ctx, const char *name, struct buf *out) {
    static const char *const fields[] = {"target", "endpoint", "of"};
    const struct verdict_case *c = ctx;
    if (strcmp(name, "about") == 0) {
        readiness_put_word(out, bytes_of(c->about));
    } else if (strcmp(name, "more") == 0) {
        readiness_put_word(out, bytes_of(c->more));
    } else if (strcmp(name, "pack") == 0) {
        readiness_put_word(out, c->pack);
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && c->more[0] != '\0'; i++) {
        if (strcmp(name, fields[i]) == 0) {
            buf_printf(out, " %s=", i == 2 ? "pack" : name);
            readiness_put_word(out, bytes_of(c->more));
        }
    }
    return true;
}

void verdict_remedy(const struct verdict_case *c, const struct verdict_clause *clause, struct buf *out) {
    const char *command = help_of(c, clause)->command;
    if (c->state != VERDICT_PASS && c->command[0] != '\0') {
        buf_put_str(out, c->command);
    } else if (c->state != VERDICT_PASS && command != NULL) {
        readiness_fill(command, put_fact, (void *)(uintptr_t)c, out);
    }
    while (out->n > 0 && out->p[out->n - 1] == ' ') { /* its subject has no name */
        out->n--;
    }
}

void verdict_command_of(struct verdict_case *c, const struct row *row) {
    struct list list;
    struct bytes item, text;
    list_open(&list, named_list(row, "missing"));
    while (list_next(&list, &item)) {
        if (list_text(item, "remedy", &text) && text.n < sizeof(c->command)) {
            memcpy(c->command, text.p, text.n);
            c->command[text.n] = '\0';
            return;
        }
    }
}

int verdict_seen_to(struct verdict_case *c, const char *check, const char *target, int64_t seq, bool *ret,
                    struct err *err) {
    const struct bytes key[] = {bytes_of(check), bytes_of(target), {0}};
    struct row row;
    bool there = false;
    int rc = verdict_look(c, "repairs", key, 3, &row, &there, err);
    *ret = rc == 0 && there && named_is(&row, "outcome", "ok") && named_int(&row, "updated_seq") > seq;
    row_done(&row);
    return rc < 0 ? rc : 0;
}

static void found_no_table(struct verdict_case *c, const char *table) {
    verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of(table), SAY_WITH(NOT_KEPT, message_name("table", bytes_of(table))));
}

int verdict_each_of(struct verdict_case *c, const char *table, const struct bytes *parts, size_t n,
                    int (*each)(struct verdict_case *c, void *ctx, const struct row *row, struct err *err), void *ctx,
                    struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(c->view, table, parts, n, &rows, err);
    if (rc == 0 && rows == NULL) {
        found_no_table(c, table);
        return 0;
    }
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        rc = each(c, ctx, row, err);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

struct each_row {
    verdict_each_row *call;
};

static int call_each(struct verdict_case *c, void *ctx, const struct row *row, struct err *err) {
    const struct each_row *each = ctx;
    return each->call(c, row, err);
}

int verdict_each(struct verdict_case *c, const char *table, verdict_each_row *each, struct err *err) {
    struct each_row ctx = {each};
    return verdict_each_of(c, table, NULL, 0, call_each, &ctx, err);
}

/* What `each` finds of one row: 0: nothing, else the state and 1. */
static int answer_alone(struct state_view *view, const struct row *row, watch_function *of, unsigned *ret,
                        struct err *err) {
    const struct each_row each = {(verdict_each_row *)of};
    struct verdict_case c;
    c.view = view;
    c.pack = (struct bytes){0};
    c.installed = NULL;
    verdict_case_init(&c);
    int rc = each.call(&c, row, err);
    *ret = c.found > 0 ? 1 + (unsigned)c.state : 0;
    return rc;
}

int verdict_each_apart(struct verdict_case *c, const char *table, verdict_each_row *each, struct err *err) {
    const struct watch_question question = {answer_alone, (watch_function *)each};
    size_t n[WATCH_ANSWERS] = {0};
    bool known = false;
    int rc = c->pack.n == 0 ? look_sum(c->view, table, &question, n, &known, err) : 0;
    if (rc != 0 || !known) return rc != 0 ? rc : verdict_each(c, table, each, err);
    for (int i = VERDICT_PASS; i < VERDICT_STATES; i++) {
        c->found += n[i + 1];
        if (n[i + 1] > 0 && (enum verdict_state)i > c->state) begin_heavier(c, (enum verdict_state)i, (struct bytes){0});
        c->heaviest += (enum verdict_state)i == c->state ? n[i + 1] : 0;
    }
    return 0;
}

int verdict_look(struct verdict_case *c, const char *table, const struct bytes *parts, size_t n, struct row *row,
                 bool *ret_there, struct err *err) {
    int rc = look_judged(c->view, table, parts, n, row, ret_there, err);
    if (rc == 0 && row->table == NULL) {
        found_no_table(c, table);
        return 1;
    }
    return rc;
}

enum verdict_state verdict_of_status(const struct row *check) {
    if (named_bool(check, "offline")) {
        return VERDICT_UNKNOWN; /* there was no network, so nothing can be said */
    }
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (named_is(check, "status", statuses[i].status)) return statuses[i].state;
    }
    return VERDICT_UNKNOWN;
}

bool verdict_of_late(const struct verdict_case *c, int64_t at, unsigned days) {
    int64_t end;
    bool ends = !__builtin_add_overflow(at, (int64_t)(days * NS_PER_DAY) + 1, &end);
    return at >= 0 && (!ends || !state_past(c->view, end));
}
