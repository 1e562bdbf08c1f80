/* SQLite names what it does not know; the nearest name that it would know is added. Offsets are bytes from 0, as SQLite
 * counts them. */
#include "query/sql_words.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "query/sql_guard.h"
#include "query/sql_state.h"

#define NAME_MAX_BYTES 127

/* The name behind `lead` in a message; without what stands before a dot, or after white space. */
static bool name_after(const char *message, const char *lead, char ret[NAME_MAX_BYTES + 1]) {
    size_t n = strlen(lead);
    if (strncmp(message, lead, n) != 0) {
        return false;
    }
    const char *name = message + n, *dot = strrchr(name, '.');
    name = dot == NULL ? name : dot + 1;
    snprintf(ret, NAME_MAX_BYTES + 1, "%s", name);
    return true;
}

static const char *nearest(const char *name, const char *const *list) {
    size_t limit = strlen(name) < 4 ? 1 : 2, best_distance = limit + 1;
    const char *best = NULL;
    for (; *list != NULL; list++) {
        size_t d = text_distance(name, *list, limit);
        if (d < best_distance) {
            best = *list;
            best_distance = d;
        }
    }
    return best;
}

static const char *nearest_function(const char *name) {
    const char *own = nearest(name, sql_function_names());
    return own != NULL ? own : nearest(name, sql_guard_functions());
}

/* Byte `at` begins a "double-quoted" word: a name in SQL. */
static bool is_quoted(struct bytes statement, int at) {
    return at >= 0 && (size_t)at < statement.n && statement.p[at] == '"';
}

int sql_words_invalid(struct bytes statement, int at, const char *message, struct err *err) {
    char name[NAME_MAX_BYTES + 1], place[32] = "";
    const char *near = NULL;
    if (at >= 0) {
        snprintf(place, sizeof(place), "at byte %d: ", at);
    }
    if (name_after(message, "no such column: ", name)) {
        near = sql_column_suggest(bytes_of(name));
        if (is_quoted(statement, at)) {
            return err_set(err, ERR_INVALID, "%s%s; a text stands in single quotes: '%s'", place, message, name);
        }
    } else if (name_after(message, "no such table: ", name)) {
        return err_set(err, ERR_INVALID, "%s%s; there is one: 'events'", place, message);
    } else if (name_after(message, "no such function: ", name)) {
        near = nearest_function(name);
    }
    if (near == NULL) {
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
    if (ns >= 1000000000U && ns % 1000000000U == 0) {
        snprintf(ret, 32, "%llu s", (unsigned long long)(ns / 1000000000U));
    } else {
        snprintf(ret, 32, "%.6g s", (double)ns / 1e9);
    }
}
