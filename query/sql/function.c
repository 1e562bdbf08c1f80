/* Functions for statements: body fields without JSON, and times as people write them. */
#include <stdio.h>
#include <string.h>

#include <sqlite3ext.h>

#include "base/text.h"
#include "query/condition/value.h"
#include "query/sql/cursor.h"

#ifndef SQLITE_RESULT_SUBTYPE
#define SQLITE_RESULT_SUBTYPE 0x001000000
#endif
#define PURE          (SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS)
#define BODY_ARGS_MAX 33

static struct sql_state *state_of(sqlite3_context *ctx) {
    return sqlite3_user_data(ctx);
}

static struct bytes text_of(sqlite3_value *value) {
    const uint8_t *p = sqlite3_value_text(value);
    return (struct bytes){p, p == NULL ? 0 : (size_t)sqlite3_value_bytes(value)};
}

static void give_error(sqlite3_context *ctx, const struct err *why) {
    sqlite3_result_error(ctx, why->msg, -1);
}

static bool is_null(sqlite3_value *value) {
    return sqlite3_value_type(value) == SQLITE_NULL;
}

/* ---- body_get(seq, 'name', ...) ---- */

/* One step down: the value of `name` in a map. */
static void step_down(struct query_value *v, struct bytes name) {
    struct value_walk walk;
    struct bytes at, raw;
    bool map = v->type == QUERY_OTHER && value_walk_begin(v->text, &walk);
    *v = (struct query_value){.type = QUERY_NULL};
    while (map && value_walk_next(&walk, &at, &raw)) {
        if (bytes_eq(at, name)) {
            *v = value_of(raw);
            return;
        }
    }
}

static void body_get(sqlite3_context *ctx, int n, sqlite3_value **args) {
    struct sql_state *state = state_of(ctx);
    struct query_value v = {.type = QUERY_NULL};
    struct err why = {0};
    if (n < 2 || n > BODY_ARGS_MAX) {
        sqlite3_result_error(ctx, "body_get takes a seq and names: body_get(seq, 'field') or body_get(seq, 'map', 'field')",
                             -1);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (is_null(args[i])) return;
    }
    int64_t seq = sqlite3_value_int64(args[0]);
    if (sqlite3_value_type(args[0]) != SQLITE_INTEGER || seq < 0) {
        sqlite3_result_error(ctx, "the first argument of body_get must be the seq of an event", -1);
        return;
    }
    int rc = sql_row_body(state, (uint64_t)seq, text_of(args[1]), &v, &why);
    if (err_is_damage(rc)) {
        sql_state_damage(state, &why, rc, (uint64_t)seq, 1);
    } else if (rc < 0) {
        sql_state_fail(state, &why);
        give_error(ctx, &why);
    } else if (rc == 0) {
        for (int i = 2; i < n; i++) {
            step_down(&v, text_of(args[i]));
        }
        sql_give(ctx, state, SQL_ANY, &v);
    }
}

/* ---- times ---- */

/* ts('2026-11-01'), ts('2026-11-01T08:30:00+01:00'), ts('now'): ns. */
static void ts(sqlite3_context *ctx, int n, sqlite3_value **args) {
    char midnight[64];
    uint64_t ns = 0;
    struct err why = {0};
    (void)n;
    if (is_null(args[0])) return;
    struct bytes text = text_of(args[0]);
    snprintf(midnight, sizeof(midnight), "%.*sT00:00:00Z", text.n < 40 ? (int)text.n : 40, (const char *)text.p);
    if (bytes_is(text, "now")) {
        ns = sql_state_now(state_of(ctx));
    } else if (text_parse_time(text, &ns) != 0 && text_parse_time(bytes_of(midnight), &ns) != 0) {
        err_set(&why, ERR_INVALID,
                "ts: '%.*s' is not a time; expected a date (2026-11-21), a time with its zone (2026-11-21T08:30:00Z) or "
                "'now'",
                text.n < 100 ? (int)text.n : 100, (const char *)text.p);
        give_error(ctx, &why);
        return;
    }
    sqlite3_result_int64(ctx, (int64_t)ns);
}

/* ago('2h'): ns. */
static void ago(sqlite3_context *ctx, int n, sqlite3_value **args) {
    struct err why = {0};
    uint64_t span = 0, now = sql_state_now(state_of(ctx));
    (void)n;
    if (is_null(args[0])) return;
    struct bytes text = text_of(args[0]);
    if (text_parse_duration(text, &span) != 0) {
        err_set(&why, ERR_INVALID, "ago: '%.*s' is not a duration; expected for example 90s, 15m, 2h, 7d, 2w, 1.5h",
                text.n < 100 ? (int)text.n : 100, (const char *)text.p);
        give_error(ctx, &why);
        return;
    }
    sqlite3_result_int64(ctx, span < now ? (int64_t)(now - span) : 0);
}

/* iso(ns): RFC 3339 text. */
static void iso(sqlite3_context *ctx, int n, sqlite3_value **args) {
    char text[TEXT_TIME_MAX];
    (void)n;
    int64_t ns = sqlite3_value_int64(args[0]);
    if (sqlite3_value_numeric_type(args[0]) == SQLITE_INTEGER && ns >= 0) {
        text_time(text, (uint64_t)ns);
        sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
    }
}

/* age(ns): how long ago that was, in its two largest units. */
static void age(sqlite3_context *ctx, int n, sqlite3_value **args) {
    static const struct {
        uint64_t seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    char text[64];
    int64_t ns = sqlite3_value_int64(args[0]), now = (int64_t)sql_state_now(state_of(ctx));
    (void)n;
    if (sqlite3_value_numeric_type(args[0]) != SQLITE_INTEGER) return;
    uint64_t s = (ns < now ? (uint64_t)now - (uint64_t)ns : 0) / 1000000000U;
    size_t i = 0;
    while (i < 3 && s < units[i].seconds) {
        i++;
    }
    int at = snprintf(text, sizeof(text), "%llu%s", (unsigned long long)(s / units[i].seconds), units[i].unit);
    uint64_t rest = i < 3 ? s % units[i].seconds / units[i + 1].seconds : 0;
    if (rest > 0) {
        snprintf(text + at, sizeof(text) - (size_t)at, " %llu%s", (unsigned long long)rest, units[i + 1].unit);
    }
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

const char *const *sql_function_names(void) {
    static const char *const names[] = {"body_get", "ts",  "ago", "iso", "age", "quantile",
                                        "median",   "p50", "p90", "p95", "p99", NULL};
    return names;
}

int sql_functions_register(sqlite3 *db, struct sql_state *state) {
    int rc = sqlite3_create_function_v2(db, "body_get", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_RESULT_SUBTYPE, state,
                                        body_get, NULL, NULL, NULL);
    if (rc == 0) rc = sqlite3_create_function_v2(db, "ts", 1, PURE, state, ts, NULL, NULL, NULL);
    if (rc == 0) rc = sqlite3_create_function_v2(db, "ago", 1, PURE, state, ago, NULL, NULL, NULL);
    if (rc == 0) rc = sqlite3_create_function_v2(db, "iso", 1, PURE, state, iso, NULL, NULL, NULL);
    if (rc == 0) rc = sqlite3_create_function_v2(db, "age", 1, PURE, state, age, NULL, NULL, NULL);
    return rc;
}
