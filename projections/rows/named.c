/* Columns are found by comparing names: meant for few rows. */
#include "projections/rows/named.h"

size_t named_column(const struct row *row, const char *column) {
    return row->table != NULL ? projection_column(row->table, column) : SIZE_MAX;
}

bool named_has(const struct row *row, const char *column) {
    size_t i = named_column(row, column);
    return i != SIZE_MAX && row_has(row, i);
}

struct bytes named_text(const struct row *row, const char *column) {
    size_t i = named_column(row, column);
    return i != SIZE_MAX ? row_text(row, i) : (struct bytes){0};
}

int64_t named_int(const struct row *row, const char *column) {
    size_t i = named_column(row, column);
    return i != SIZE_MAX ? row_int(row, i) : 0;
}

bool named_bool(const struct row *row, const char *column) {
    size_t i = named_column(row, column);
    return i != SIZE_MAX && row_bool(row, i);
}

bool named_is(const struct row *row, const char *column, const char *word) {
    return bytes_is(named_text(row, column), word);
}

struct bytes named_list(const struct row *row, const char *column) {
    size_t i = named_column(row, column);
    return i != SIZE_MAX ? row_list(row, i) : (struct bytes){0};
}
