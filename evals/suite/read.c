/* What all parts of the reader do with places and texts. */
#include "evals/suite/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#include "base/secret/secret.h"

#define PHRASE_MAX 1024

struct bytes suite_read_copy(struct reading *r, struct bytes text) {
    struct bytes copy = {NULL, 0};
    if (text.p == NULL) return copy;
    copy = arena_copy(r->arena, text);
    r->found->failed = r->found->failed || copy.p == NULL;
    return copy;
}

void suite_read_fault(struct reading *r, struct yaml_place at, const char *fmt, ...) {
    char phrase[PHRASE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(phrase, sizeof(phrase), fmt, args);
    va_end(args);
    finding_put(r->found, r->path, at, false, "%s", phrase);
}

struct yaml_place suite_read_place(const struct yaml_node *map, const char *key) {
    const struct yaml_node *value = yaml_get(map, key);
    return value != NULL ? value->at : map->at;
}

void suite_read_name(struct reading *r, const struct yaml_node *map, const char *key, struct bytes name) {
    if (name.n > SUITE_NAME_MAX) {
        suite_read_fault(r, suite_read_place(map, key), "'%s' has more than %d bytes", key, SUITE_NAME_MAX);
    } else if (secret_is_in(name)) { /* events would have a mask in its place, and two of them could not be told apart */
        suite_read_fault(r, suite_read_place(map, key), "'%s' looks like a secret; expected a name that may be seen", key);
    }
}

bool suite_read_json(struct reading *r, struct bytes text) {
    struct buf mp = {.max = 4 * YAML_TEXT_MAX};
    struct yaml_place at = {1, 1};
    struct err err = {0};
    int used = 0, rc = json_to_mp(text, &mp, &err);
    buf_done(&mp);
    if (rc != ERR_INVALID) return true; /* what is too large is found by the reader */
    if (sscanf(err.msg, "line %u column %u: %n", &at.line, &at.column, &used) != 2) used = 0;
    suite_read_fault(r, at, "this is not JSON: %s", err.msg + used);
    return false;
}
