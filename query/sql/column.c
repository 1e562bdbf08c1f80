/* The columns of the table events. The catalog defines what a body field holds: when all kinds that have the field open
 * agree on its type, the column has that type. */
#include <pthread.h>
#include <string.h>

#include "base/text.h"
#include "ledger/kinds/kind.h"
#include "query/condition/field.h"
#include "query/sql/state.h"

#define SUGGEST_NAME_MAX 64

struct fixed_column {
    const char *name, *type;
    enum sql_class class;
    size_t field;
};
static const struct fixed_column fixed[SQL_COL_FIELDS] = {
    [SQL_COL_SEQ] = {"seq", "INTEGER", SQL_NUMBER, QUERY_SEQ},
    [SQL_COL_TIME] = {"time", "INTEGER", SQL_NUMBER, QUERY_TIME},
    [SQL_COL_AT] = {"at", "TEXT", SQL_TEXT, SIZE_MAX},
    [SQL_COL_HAPPENED] = {"happened", "INTEGER", SQL_NUMBER, QUERY_HAPPENED},
    [SQL_COL_HAPPENED_AT] = {"happened_at", "TEXT", SQL_TEXT, SIZE_MAX},
    [SQL_COL_KIND] = {"kind", "TEXT", SQL_TEXT, QUERY_KIND},
    [SQL_COL_SCHEMA] = {"schema", "INTEGER", SQL_NUMBER, QUERY_SCHEMA},
    [SQL_COL_SUBJECT] = {"subject", "TEXT", SQL_TEXT, QUERY_SUBJECT},
    [SQL_COL_ACTOR] = {"actor", "TEXT", SQL_TEXT, QUERY_ACTOR},
    [SQL_COL_SOURCE] = {"source", "TEXT", SQL_TEXT, QUERY_SOURCE},
    [SQL_COL_GRADE] = {"grade", "TEXT", SQL_TEXT, QUERY_GRADE},
    [SQL_COL_RUN] = {"run", "TEXT", SQL_TEXT, QUERY_RUN},
    [SQL_COL_CAUSE] = {"cause", "INTEGER", SQL_NUMBER, QUERY_CAUSE},
    [SQL_COL_KEY] = {"key", "TEXT", SQL_TEXT, QUERY_KEY},
    [SQL_COL_LEAF] = {"leaf", "TEXT", SQL_MADE, SIZE_MAX},
    [SQL_COL_BODY] = {"body", "TEXT", SQL_MADE, SIZE_MAX},
    [SQL_COL_PRIVATE] = {"private", "TEXT HIDDEN", SQL_MADE, SIZE_MAX},
};

static struct {
    pthread_once_t once;
    enum sql_class class[FIELD_MAX]; /* by field */
} body = {.once = PTHREAD_ONCE_INIT};

static enum sql_class class_of_type(enum kind_type type) {
    switch (type) {
    case KIND_STR:
    case KIND_DIGEST:
    case KIND_VKEY:
        return SQL_TEXT;
    case KIND_INT:
    case KIND_NUM:
    case KIND_TIME:
        return SQL_NUMBER;
    case KIND_BOOL:
        return SQL_BOOL;
    default:
        return SQL_ANY;
    }
}

static enum sql_class class_in_catalog(struct bytes name) {
    enum sql_class class = SQL_ANY;
    bool seen = false;
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind_field *field = kind_field_find(kind_at(i), name);
        if (field == NULL || (field->flags & (KIND_OPEN | KIND_INDEXED)) == 0) continue;
        enum sql_class here = class_of_type(field->type);
        class = seen && class != here ? SQL_ANY : here;
        if (class == SQL_ANY) return class;
        seen = true;
    }
    return class;
}

static void make(void) {
    for (size_t f = QUERY_BODY_FIELDS; f < query_field_count(); f++) {
        body.class[f] = class_in_catalog(field_body_name(f));
    }
}

size_t sql_column_count(void) {
    return SQL_COL_FIELDS + query_field_count() - QUERY_BODY_FIELDS;
}

size_t sql_column_field(size_t column) {
    return column < SQL_COL_FIELDS ? fixed[column].field : column - SQL_COL_FIELDS + QUERY_BODY_FIELDS;
}

size_t sql_column_time(size_t column) {
    return column == SQL_COL_AT ? QUERY_TIME : column == SQL_COL_HAPPENED_AT ? QUERY_HAPPENED : SIZE_MAX;
}

const char *sql_column_name(size_t column) {
    return column < SQL_COL_FIELDS ? fixed[column].name : query_field_name(sql_column_field(column));
}

enum sql_class sql_column_class(size_t column) {
    if (column < SQL_COL_FIELDS) return fixed[column].class;
    pthread_once(&body.once, make);
    return body.class[sql_column_field(column)];
}

const char *sql_column_suggest(struct bytes name) {
    static const char *const others[] = {"at", "happened_at", "leaf", "body", "private", "rowid"};
    char wanted[SUGGEST_NAME_MAX + 1];
    if (name.n < 2 || name.n > SUGGEST_NAME_MAX) return NULL;
    memcpy(wanted, name.p, name.n);
    wanted[name.n] = '\0';
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (text_distance(wanted, others[i], 1) <= 1) return others[i];
    }
    return query_field_suggest(name);
}

int sql_column_declare(struct buf *out) {
    /* "HIDDEN" alone would count as a type's name, and comparisons would convert texts to numbers. */
    static const char *const types[] = {
        [SQL_NUMBER] = "NUMERIC", [SQL_TEXT] = "TEXT", [SQL_BOOL] = "BOOLEAN", [SQL_ANY] = "BLOB"};
    buf_put_str(out, "CREATE TABLE events(");
    for (size_t c = 0; c < sql_column_count(); c++) {
        buf_printf(out, c == 0 ? "\"%s\" " : ", \"%s\" ", sql_column_name(c));
        if (c < SQL_COL_FIELDS) {
            buf_put_str(out, fixed[c].type);
        } else {
            buf_printf(out, "%s HIDDEN", types[sql_column_class(c)]);
        }
    }
    return buf_put(out, ")", 2); /* with its NUL */
}
