/* How a clause comes to its answer: by findings, of which the heaviest count. Three of them are told, with their events; of
 * the others there is a number. */
#include "projections/doctor.h"
#include "projections/readiness.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TOLD_MAX   3
#define NS_PER_DAY (UINT64_C(86400) * 1000000000)

const char *const doctor_words[DOCTOR_STATES] = {
    [DOCTOR_PASS] = "pass", [DOCTOR_UNKNOWN] = "unknown", [DOCTOR_WARN] = "warn", [DOCTOR_FAIL] = "fail"};

static const struct {
    const char *status;
    enum doctor_state state;
} statuses[] = {
    {"ok", DOCTOR_PASS},      {"pass", DOCTOR_PASS},     {"not_applicable", DOCTOR_PASS}, {"warn", DOCTOR_WARN},
    {"low", DOCTOR_WARN},     {"slow", DOCTOR_WARN},     {"stale", DOCTOR_WARN},          {"full", DOCTOR_FAIL},
    {"missing", DOCTOR_FAIL}, {"mismatch", DOCTOR_FAIL}, {"denied", DOCTOR_FAIL},         {"unreachable", DOCTOR_FAIL},
    {"error", DOCTOR_FAIL},   {"fail", DOCTOR_FAIL},     {"timeout", DOCTOR_FAIL},        {"unknown", DOCTOR_UNKNOWN},
};

void doctor_case_init(struct doctor_case *c) {
    c->state = DOCTOR_PASS;
    c->found = c->heaviest = 0;
    c->about[0] = c->more[0] = '\0';
    c->help = NULL;
    c->command[0] = '\0';
    reason_init(&c->reason);
}

/* By its evidence, or by its one event where a row has no more. */
static void cite(struct doctor_case *c, const struct row *row) {
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

static void begin_heavier(struct doctor_case *c, enum doctor_state state, struct bytes about) {
    c->state = state;
    c->heaviest = 0;
    c->help = NULL;
    c->command[0] = '\0';
    c->more[0] = '\0';
    reason_init(&c->reason);
    snprintf(c->about, sizeof(c->about), "%.*s", (int)reason_fits(about, DOCTOR_ABOUT_MAX - 1),
             about.n > 0 ? (const char *)about.p : "");
}

void doctor_found(struct doctor_case *c, enum doctor_state state, const struct row *row, struct bytes about,
                  const char *fmt, ...) {
    char words[REASON_MAX];
    va_list args;
    c->found++;
    if (state < c->state) {
        return;
    }
    if (state > c->state) {
        begin_heavier(c, state, about);
    }
    c->heaviest++;
    cite(c, row);
    if (state == DOCTOR_PASS || c->heaviest > TOLD_MAX) {
        return;
    }
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    reason_say(&c->reason, "%s%s", c->heaviest > 1 ? "; " : "", words);
}

bool doctor_leads(const struct doctor_case *c, enum doctor_state state) {
    return c->state == state && c->heaviest == 1 && state != DOCTOR_PASS;
}

void doctor_passes(struct doctor_case *c, const char *fmt, ...) {
    char words[REASON_MAX];
    va_list args;
    if (c->state != DOCTOR_PASS) {
        return;
    }
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    reason_say(&c->reason, "%s", words);
}

void doctor_counted(struct doctor_case *c) {
    if (c->state != DOCTOR_PASS && c->heaviest > TOLD_MAX) {
        reason_say(&c->reason, "; and %zu more", c->heaviest - TOLD_MAX);
    }
}

/* ---- what helps ---- */

static const struct doctor_help *help_of(const struct doctor_case *c, const struct doctor_clause *clause) {
    return c->help != NULL ? c->help : c->state == DOCTOR_UNKNOWN ? &clause->learn : &clause->remedy;
}

const char *doctor_first(const struct doctor_case *c, const struct doctor_clause *clause) {
    return c->state != DOCTOR_PASS ? help_of(c, clause)->first : NULL;
}

static bool put_fact(void *ctx, const char *name, struct buf *out) {
    static const char *const fields[] = {"target", "endpoint", "of"};
    const struct doctor_case *c = ctx;
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

void doctor_remedy(const struct doctor_case *c, const struct doctor_clause *clause, struct buf *out) {
    const char *command = help_of(c, clause)->command;
    if (c->state != DOCTOR_PASS && c->command[0] != '\0') {
        buf_put_str(out, c->command);
    } else if (c->state != DOCTOR_PASS && command != NULL) {
        readiness_fill(command, put_fact, (void *)(uintptr_t)c, out);
    }
    while (out->n > 0 && out->p[out->n - 1] == ' ') { /* what it is about has no name */
        out->n--;
    }
}

void doctor_command_of(struct doctor_case *c, const struct row *row) {
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

int doctor_seen_to(struct doctor_case *c, const char *check, const char *target, int64_t seq, bool *ret, struct err *err) {
    const struct bytes key[] = {bytes_of(check), bytes_of(target), {0}};
    struct row row;
    bool there = false;
    int rc = doctor_look(c, "repairs", key, 3, &row, &there, err);
    *ret = rc == 0 && there && named_is(&row, "outcome", "ok") && named_int(&row, "updated_seq") > seq;
    row_done(&row);
    return rc < 0 ? rc : 0;
}

int doctor_each(struct doctor_case *c, const char *table,
                int (*each)(struct doctor_case *c, const struct row *row, struct err *err), struct err *err) {
    size_t t = state_table_find(c->view, table);
    struct state_rows *rows = NULL;
    const struct row *row;
    if (t == SIZE_MAX) {
        doctor_found(c, DOCTOR_UNKNOWN, NULL, bytes_of(table), "%s are not kept here", table);
        return 0;
    }
    int rc = state_rows_open(c->view, t, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        rc = each(c, row, err);
        if (rc != 0) {
            break;
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

int doctor_look(struct doctor_case *c, const char *table, const struct bytes *parts, size_t n, struct row *row,
                bool *ret_there, struct err *err) {
    size_t t = state_table_find(c->view, table);
    row_init(row, t != SIZE_MAX ? state_table(c->view, t) : NULL);
    if (t == SIZE_MAX) {
        doctor_found(c, DOCTOR_UNKNOWN, NULL, bytes_of(table), "%s are not kept here", table);
        return 1;
    }
    int rc = state_get(c->view, t, parts, n, row, err);
    if (rc != 0 && rc != ERR_NOTFOUND) {
        return rc;
    }
    *ret_there = rc == 0;
    return 0;
}

enum doctor_state doctor_of_status(const struct row *check) {
    if (named_bool(check, "offline")) {
        return DOCTOR_UNKNOWN; /* there was no network, so nothing can be said */
    }
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (named_is(check, "status", statuses[i].status)) {
            return statuses[i].state;
        }
    }
    return DOCTOR_UNKNOWN;
}

bool doctor_of_late(const struct doctor_case *c, int64_t at, unsigned days) {
    int64_t end;
    bool ends = !__builtin_add_overflow(at, (int64_t)(days * NS_PER_DAY) + 1, &end);
    return at >= 0 && (!ends || !state_past(c->view, end));
}
