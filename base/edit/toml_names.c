/* Names that a TOML document defines twice: a table of hashes of whole names. Each element of an array of tables has names of its own. */
#include "base/edit/toml_names.h"

#include <stdlib.h>
#include <string.h>

enum { USED = 1, PAIR = 2, TABLE = 4, ARRAY = 8 }; /* USED: as a part of a longer name */

struct toml_slot {
    uint64_t name;
    uint32_t kinds, element;
};

static uint64_t mix(uint64_t hash, const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ p[i]) * 1099511628211ULL;
    }
    return (hash ^ 0x1ff) * 1099511628211ULL;
}

static struct toml_slot *slot_of(struct toml_names *names, uint64_t name) {
    size_t i = (size_t)(name ^ name >> 32) & (names->cap - 1);
    while (names->slots[i].kinds != 0 && names->slots[i].name != name) {
        i = (i + 1) & (names->cap - 1);
    }
    return &names->slots[i];
}

static bool grow(struct toml_names *names) {
    if (names->cap != 0 && names->n < names->cap / 2) return true;
    struct toml_names more = {.cap = names->cap != 0 ? 2 * names->cap : 256, .n = names->n, .table = names->table};
    more.slots = calloc(more.cap, sizeof(*more.slots));
    if (more.slots == NULL) return false;
    for (size_t i = 0; i < names->cap; i++) {
        if (names->slots[i].kinds != 0) *slot_of(&more, names->slots[i].name) = names->slots[i];
    }
    free(names->slots);
    *names = more;
    return true;
}

void toml_names_done(struct toml_names *names) {
    free(names->slots);
    names->slots = NULL;
}

struct bytes toml_names_part(struct bytes name, size_t *at) {
    while (*at < name.n && strchr(" \t.", name.p[*at]) != NULL) {
        ++*at;
    }
    size_t from = *at;
    uint8_t quote = from < name.n && (name.p[from] == '"' || name.p[from] == '\'') ? name.p[from] : 0;
    for (*at += quote != 0; *at < name.n; ++*at) {
        if (quote == 0 ? strchr(" \t.", name.p[*at]) != NULL : name.p[*at] == quote) break;
        *at += quote == '"' && name.p[*at] == '\\' && *at + 1 < name.n;
    }
    struct bytes part = {name.p + from + (quote != 0), *at - from - (quote != 0)};
    *at += quote != 0 && *at < name.n;
    while (*at < name.n && (name.p[*at] == ' ' || name.p[*at] == '\t')) {
        ++*at;
    }
    return part;
}

int toml_names_add(struct toml_names *names, enum edit_toml_what what, struct bytes name) {
    uint32_t kind = what == EDIT_TOML_PAIR ? PAIR : what == EDIT_TOML_TABLE ? TABLE : ARRAY;
    uint64_t hash = what == EDIT_TOML_PAIR ? names->table : 14695981039346656037ULL;
    size_t at = 0;
    if (names->slots == NULL && what == EDIT_TOML_PAIR) hash = names->table = 14695981039346656037ULL;
    while (at < name.n) {
        struct bytes part = toml_names_part(name, &at);
        uint32_t now = at < name.n ? USED : kind;
        if (!grow(names)) return ERR_NOMEM;
        hash = mix(hash, part.p, part.n);
        struct toml_slot *slot = slot_of(names, hash);
        names->n += slot->kinds == 0;
        bool clash = now == PAIR ? slot->kinds != 0
                                 : (slot->kinds & PAIR) != 0 || (now == TABLE && (slot->kinds & (TABLE | ARRAY)) != 0) ||
                                       (now == ARRAY && (slot->kinds & TABLE) != 0);
        if (clash) return ERR_CONFLICT;
        slot->name = hash;
        slot->kinds |= now;
        slot->element += now == ARRAY;
        if (slot->element > 0) hash = mix(hash, (const uint8_t *)&slot->element, sizeof(slot->element));
    }
    if (what != EDIT_TOML_PAIR) names->table = hash;
    return 0;
}
