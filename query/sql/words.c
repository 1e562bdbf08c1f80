/* SQLite names what it does not know; the nearest known name is added. Offsets are bytes from 0, as in SQLite. */
#include "query/sql/words.h"

#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "base/text.h"
#include "projections/rows/projection.h"
#include "query/sql/guard.h"
#include "query/sql/state.h"

#define NAME_MAX_BYTES 127

/* The name behind `lead` in a message; without what is before a dot, or after white space. */
static bool name_after(const char *message, const char *lead, char ret[NAME_MAX_BYTES + 1]) {
    size_t n = strlen(lead);
    if (strncmp(message, lead, n) != 0) return false;
    const char *name = message + n, *dot = strrchr(name, '.');
    name = dot == NULL ? name : dot + 1;
    snprintf(ret, NAME_MAX_BYTES + 1, "%s", name);
    return true;
}

static const char *nearest(const char *name, const char *const *list) {
    struct text_near near = {.text = name};
    while (*list != NULL) {
        text_near_offer(&near, *list++);
    }
    return near.name;
}

/* Among the tables of states, or their columns. */
static const char *nearest_state(const char *name, bool columns) {
    struct text_near near = {.text = name};
    const struct state_table *table;
    for (size_t i = 0; (table = sql_states_at(i)) != NULL; i++) {
        for (size_t j = 0; j < (columns ? table->n_columns : 1); j++) {
            text_near_offer(&near, columns ? table->columns[j].name : table->name);
        }
    }
    return near.name;
}

static int no_table(const char *place, const char *message, const char *name, struct err *err) {
    static const char *const events[] = {"events", NULL};
    const struct state_table *table;
    const char *near = nearest(name, events);
    char all[512] = "events";
    near = near != NULL ? near : nearest_state(name, false);
    if (near != NULL) {
        return err_set(err, ERR_INVALID, "%s%s; did you mean '%s'?", place, message, near);
    }
    for (size_t i = 0, n = strlen(all); (table = sql_states_at(i)) != NULL && n < sizeof(all); i++) {
        n += (size_t)snprintf(all + n, sizeof(all) - n, ", %s", table->name);
    }
    return err_set(err, ERR_INVALID, "%s%s; known tables: %s", place, message, all);
}

static const char *nearest_function(const char *name) {
    const char *own = nearest(name, sql_function_names());
    return own != NULL ? own : nearest(name, sql_guard_functions());
}

/* Byte `at` begins a "double-quoted" word: a name in SQL. */
static bool is_quoted(struct bytes statement, int at) {
    return at >= 0 && (size_t)at < statement.n && statement.p[at] == '"';
}

static bool is_word(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

/* Where the name first appears as a word of its own, since SQLite gives no offset for tables. -1: nowhere. */
static int find_word(struct bytes statement, const char *name) {
    size_t n = strlen(name);
    for (size_t at = 0; n > 0 && at + n <= statement.n && at < INT32_MAX; at++) {
        if (memcmp(statement.p + at, name, n) == 0 && (at == 0 || !is_word(statement.p[at - 1])) &&
            (at + n == statement.n || !is_word(statement.p[at + n]))) {
            return (int)at;
        }
    }
    return -1;
}

int sql_words_invalid(struct bytes statement, int at, const char *message, struct err *err) {
    char name[NAME_MAX_BYTES + 1], place[32] = "";
    const char *near = NULL;
    if (at < 0 && name_after(message, "no such table: ", name)) {
        at = find_word(statement, name);
    }
    if (at >= 0) {
        snprintf(place, sizeof(place), "at byte %d: ", at);
    }
    if (name_after(message, "no such column: ", name)) {
        near = sql_column_suggest(bytes_of(name));
        near = near != NULL ? near : nearest_state(name, true);
        if (is_quoted(statement, at)) { /* all of it, dots too */
            const uint8_t *word = statement.p + at + 1, *end = memchr(word, '"', statement.n - (size_t)at - 1);
            size_t n = end == NULL ? 0 : (size_t)(end - word);
            return err_set(err, ERR_INVALID, "%s%s; text goes in single quotes: '%.*s'", place, message,
                           n < NAME_MAX_BYTES ? (int)n : NAME_MAX_BYTES, (const char *)word);
        }
    } else if (name_after(message, "no such table: ", name)) {
        return no_table(place, message, name, err);
    } else if (name_after(message, "no such function: ", name)) {
        near = nearest_function(name);
    }
    if (near == NULL || strcmp(near, name) == 0) { /* the latter is a column of another table */
        return err_set(err, ERR_INVALID, "%s%s", place, message);
    }
    return err_set(err, ERR_INVALID, "%s%s; did you mean '%s'?", place, message, near);
}

void sql_words_bytes(char ret[32], uint64_t n) {
    if (n >= UINT64_C(1) << 20) {
        snprintf(ret, 32, "%llu MiB", (unsigned long long)(n >> 20));
    } else {
        snprintf(ret, 32, "%llu bytes", (unsigned long long)n);
    }
}

void sql_words_ns(char ret[32], uint64_t ns) {
    char seconds[LOCALE_REAL_MAX];
    if (ns >= 1000000000U && ns % 1000000000U == 0) {
        snprintf(ret, 32, "%llu s", (unsigned long long)(ns / 1000000000U));
    } else {
        locale_real(seconds, (double)ns / 1e9);
        snprintf(ret, 32, "%.29s s", seconds);
    }
}
