/* What can be asked of any projection. */
#include "projections/rows/projection.h"

#include <string.h>

/* "permission.*" takes every kind of the family, "*" every kind. */
static bool fits(const char *pattern, struct bytes kind) {
    size_t n = strlen(pattern);
    if (n > 0 && pattern[n - 1] == '*') {
        return bytes_starts(kind, (struct bytes){(const uint8_t *)pattern, n - 1});
    }
    return bytes_is(kind, pattern);
}

bool projection_takes(const struct projection *projection, struct bytes kind) {
    for (const char *const *pattern = projection->kinds; *pattern != NULL; pattern++) {
        if (fits(*pattern, kind)) return true;
    }
    return false;
}

size_t projection_column(const struct state_table *table, const char *name) {
    for (size_t i = 0; i < table->n_columns; i++) {
        if (strcmp(table->columns[i].name, name) == 0) return i;
    }
    return SIZE_MAX;
}

size_t projection_state(const struct state_table *table) {
    static const char *const names[] = {"state", "verdict", "status", "outcome", "tier"};
    size_t column = SIZE_MAX;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && column == SIZE_MAX; i++) {
        column = projection_column(table, names[i]);
    }
    return column;
}

size_t projection_dated(const struct state_table *table) {
    size_t state = projection_state(table);
    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->columns[i].flags & COLUMN_SINCE) return i;
    }
    return state == SIZE_MAX || (table->columns[state].flags & COLUMN_JUDGED) ? SIZE_MAX : state;
}

size_t projection_judged(const struct state_table *table, size_t *ret_since) {
    *ret_since = projection_column(table, "since");
    return *ret_since != SIZE_MAX && projection_dated(table) == SIZE_MAX ? projection_state(table) : SIZE_MAX;
}
