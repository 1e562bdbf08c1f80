/* The list of all projections, and what is asked of any of them. */
#include <string.h>

#include "projections/projection.h"

#define PROJECTION(name) extern const struct projection projection_##name;
#include "projections/all.def"
#undef PROJECTION

const struct projection *const projection_all[] = {
#define PROJECTION(name) &projection_##name,
#include "projections/all.def"
#undef PROJECTION
    NULL};

_Static_assert(sizeof(projection_all) / sizeof(projection_all[0]) <= PROJECTIONS_MAX + 1, "a bit for each projection");

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
        if (fits(*pattern, kind)) {
            return true;
        }
    }
    return false;
}

size_t projection_column(const struct state_table *table, const char *name) {
    for (size_t i = 0; i < table->n_columns; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return i;
        }
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
        if (table->columns[i].flags & COLUMN_SINCE) {
            return i;
        }
    }
    return state == SIZE_MAX || (table->columns[state].flags & COLUMN_JUDGED) ? SIZE_MAX : state;
}
