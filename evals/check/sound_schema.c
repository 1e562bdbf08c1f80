/* Is a JSON Schema one of the named subset? Every keyword is a row with the form that its value has to have. */
#include <stdio.h>
#include <string.h>

#include "evals/check/regex.h"
#include "evals/check/schema.h"

#define AT_MAX 160 /* of the JSON Pointer of a place; a longer one is cut in front */

struct place {
    char at[AT_MAX];
    unsigned n_patterns;
    char faults[sizeof(((struct err *)0)->msg)]; /* all that were found, as long as they fit */
};

typedef int form_fn(struct place *place, const struct node *v, struct err *err);

static int check_at(struct place *place, const struct node *schema, struct err *err);

static int wrong(const struct place *place, const char *expected, struct err *err) {
    return err_set(err, ERR_INVALID, "'%s' of the JSON Schema: %s", place->at, expected);
}

/* A fault does not end the reading. */
static int keep(struct place *place, int rc, const struct err *why, struct err *err) {
    size_t n = strlen(place->faults);
    if (rc != ERR_INVALID) return rc == 0 ? 0 : err_set(err, rc, "%s", why->msg);
    (void)snprintf(place->faults + n, sizeof(place->faults) - n, "%s%s", n > 0 ? "; " : "", why->msg);
    return 0;
}

/* Appends "/name", with its escapes; what does not fit is left out. Returns what to cut back to. */
static size_t enter(struct place *place, struct bytes name) {
    size_t before = strlen(place->at), at = before;
    for (size_t i = 0; i <= name.n && at + 3 < AT_MAX; i++) {
        uint8_t c = i == 0 ? '/' : name.p[i - 1];
        if (i > 0 && (c == '/' || c == '~')) {
            place->at[at++] = '~';
            c = c == '/' ? '1' : '0';
        }
        place->at[at++] = (char)c;
    }
    while (at > before && at + 3 >= AT_MAX && ((uint8_t)place->at[at - 1] & 0xc0) == 0x80) {
        at--; /* no part of a character */
    }
    place->at[at] = '\0';
    return before;
}

/* ---- forms ---------------------------------------------------------------------------------------------------------- */

static bool is_type_name(const struct node *v) {
    static const char *const names[] = {"null", "boolean", "object", "array", "number", "string", "integer"};
    for (size_t i = 0; v->type == NODE_TEXT && i < sizeof(names) / sizeof(names[0]); i++) {
        if (bytes_is(v->text, names[i])) return true;
    }
    return false;
}

static int form_type(struct place *place, const struct node *v, struct err *err) {
    bool good = v->type == NODE_LIST ? v->n > 0 : is_type_name(v);
    for (size_t i = 0; good && v->type == NODE_LIST && i < v->n; i++) {
        good = is_type_name(&v->items[i]);
    }
    return good ? 0
                : wrong(place, "expected null, boolean, object, array, number, string, integer, or a list of them", err);
}

static int form_schemas(struct place *place, const struct node *v, struct err *err) {
    int rc = v->type == NODE_MAP ? 0 : wrong(place, "expected an object of schemas", err);
    for (size_t i = 0; rc == 0 && i < v->n; i++) {
        size_t before = enter(place, v->keys[i]);
        struct err why = {0};
        rc = keep(place, check_at(place, &v->items[i], &why), &why, err);
        place->at[before] = '\0';
    }
    return rc;
}

static int form_names(struct place *place, const struct node *v, struct err *err) {
    bool good = v->type == NODE_LIST;
    for (size_t i = 0; good && i < v->n; i++) {
        good = v->items[i].type == NODE_TEXT;
    }
    return good ? 0 : wrong(place, "expected a list of names", err);
}

static int form_values(struct place *place, const struct node *v, struct err *err) {
    return v->type == NODE_LIST && v->n > 0 ? 0 : wrong(place, "expected a list of at least one value", err);
}

static int form_any(struct place *place, const struct node *v, struct err *err) {
    (void)place;
    (void)v;
    (void)err;
    return 0;
}

static int form_number(struct place *place, const struct node *v, struct err *err) {
    return v->type == NODE_NUMBER ? 0 : wrong(place, "expected a number", err);
}

static int form_length(struct place *place, const struct node *v, struct err *err) {
    return node_is_integer(v) && v->real >= 0 ? 0 : wrong(place, "expected a whole number of at least 0", err);
}

static int form_pattern(struct place *place, const struct node *v, struct err *err) {
    struct regex *regex = NULL;
    if (v->type != NODE_TEXT) return wrong(place, "expected a regular expression", err);
    if (++place->n_patterns > SCHEMA_PATTERNS_MAX) return wrong(place, "more than 64 patterns in one schema", err);
    int rc = regex_compile(v->text, false, &regex, err);
    regex_free(regex);
    return rc == ERR_INVALID ? err_prefix(err, "'%s' of the JSON Schema", place->at) : rc;
}

/* ---- schemas -------------------------------------------------------------------------------------------------------- */

static const struct keyword {
    const char *name;
    form_fn *form;
} keywords[] = {
    {"type", form_type},      {"properties", form_schemas}, {"required", form_names},   {"additionalProperties", check_at},
    {"items", check_at},      {"enum", form_values},        {"const", form_any},        {"minimum", form_number},
    {"maximum", form_number}, {"minLength", form_length},   {"maxLength", form_length}, {"pattern", form_pattern},
};

static int check_keyword(struct place *place, struct bytes name, const struct node *v, struct err *err) {
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (bytes_is(name, keywords[i].name)) return keywords[i].form(place, v, err);
    }
    return wrong(
        place,
        "unknown keyword; known are type, properties, required, additionalProperties, items, enum, const, minimum, "
        "maximum, minLength, maxLength, pattern",
        err);
}

static int check_at(struct place *place, const struct node *schema, struct err *err) {
    if (schema->type == NODE_BOOL) return 0;
    int rc = schema->type == NODE_MAP ? 0 : wrong(place, "expected a schema: an object, true or false", err);
    for (size_t i = 0; rc == 0 && i < schema->n; i++) {
        size_t before = enter(place, schema->keys[i]);
        struct err why = {0};
        rc = keep(place, check_keyword(place, schema->keys[i], &schema->items[i], &why), &why, err);
        place->at[before] = '\0';
    }
    return rc;
}

int schema_check(const struct node *schema, struct err *err) {
    struct place place = {0};
    int rc = check_at(&place, schema, err);
    return rc == 0 && place.faults[0] != '\0' ? err_set(err, ERR_INVALID, "%s", place.faults) : rc;
}
