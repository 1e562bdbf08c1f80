/* A file of grants, by the same door as manifests; every error has its line and column. */
#include "packs/life/grants.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "ledger/kinds/check.h"
#include "ledger/kinds/scope.h"

#define T(text) (int)(text).n, (text).n > 0 ? (const char *)(text).p : ""

struct reading {
    struct grants *grants;
    struct finding_list *found;
    const char *file;
};

static void put_fault(void *ctx, struct yaml_place at, const char *what) {
    struct reading *r = ctx;
    finding_put(r->found, r->file, at, false, "%s", what);
}

static int copy(struct arena *arena, struct bytes *text, struct err *err) {
    if (text->n == 0) return 0;
    *text = arena_copy(arena, *text);
    return text->p != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

int grants_add(struct grants *grants, const struct grant *grant, struct err *err) {
    struct grant own = *grant;
    int rc = array_room(&grants->list, grants->n + 1, &grants->cap, sizeof(own), err);
    if (rc == 0) rc = copy(&grants->arena, &own.group, err);
    if (rc == 0) rc = copy(&grants->arena, &own.scope, err);
    if (rc == 0) rc = copy(&grants->arena, &own.tier, err);
    if (rc == 0) rc = copy(&grants->arena, &own.lifetime, err);
    if (rc == 0) {
        grants->list[grants->n++] = own;
    }
    return rc;
}

void grants_done(struct grants *grants) {
    free(grants->list);
    arena_done(&grants->arena);
}

bool grants_fits(const struct grant *g, const struct manifest_permission *asked) {
    bool scope = g->scope.n == 0 || bytes_eq(g->scope, asked->scope);
    bool tier = g->tier.n == 0 || g->deny || bytes_cmp(asked->tier, g->tier) <= 0;
    return bytes_eq(g->group, asked->group) && scope && tier;
}

const struct grant *grants_find(const struct grants *grants, const struct manifest_permission *asked) {
    for (size_t i = 0; i < grants->n; i++) {
        if (grants_fits(&grants->list[i], asked)) return &grants->list[i];
    }
    return NULL;
}

/* Whether `a` fits everything that `b` fits. */
static bool covers(const struct grant *a, const struct grant *b) {
    bool scope = a->scope.n == 0 || bytes_eq(a->scope, b->scope);
    bool tier = a->deny || a->tier.n == 0 || (!b->deny && b->tier.n > 0 && bytes_cmp(b->tier, a->tier) <= 0);
    return bytes_eq(a->group, b->group) && scope && tier;
}

const char *grants_fault(const struct grant *grant, const struct manifest_permission *asked) {
    bool hosts =
        bytes_is(asked->group, "network.egress") && (asked->scope.n == 0 || scope_is_pattern(asked->group, asked->scope));
    return bytes_is(grant->lifetime, "once") && hosts
               ? "'lifetime: once' is for what is used once: how often a step connects to several hosts is not known before"
               : NULL;
}

/* ---- one answer ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *key, *words; /* "a|b"; NULL: any text */
} keys[] = {
    {"group", "filesystem.read|filesystem.write|exec|network.egress|model.invoke|secrets.read|gpu"},
    {"scope", NULL},
    {"tier", "T0|T1|T2|T3"},
    {"lifetime", "once|until|permanent"},
    {"until", NULL},
    {"decision", "grant|deny"},
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static bool is_word(const char *words, struct bytes text) {
    for (const char *at = words; at != NULL && *at != '\0';) {
        size_t n = strcspn(at, "|");
        if (n == text.n && memcmp(at, text.p, n) == 0) return true;
        at += n + (at[n] == '|');
    }
    return words == NULL;
}

static void check_value(struct reading *r, const struct yaml_node *node) {
    size_t k = 0;
    while (k < KEYS && !bytes_is(node->key, keys[k].key)) {
        k++;
    }
    if (k == KEYS) {
        finding_put(r->found, r->file, node->key_at, false,
                    "'%.*s' is not a key of a grant (expected group, scope, tier, lifetime, until or decision)",
                    T(node->key));
    } else if (node->type == YAML_LIST || node->type == YAML_MAP || node->text.n == 0) {
        finding_put(r->found, r->file, node->at, false, "'%s' is %s (expected a text)", keys[k].key,
                    node->type == YAML_LIST || node->type == YAML_MAP ? yaml_type_name(node->type) : "empty");
    } else if (!is_word(keys[k].words, node->text)) {
        finding_put(r->found, r->file, node->at, false, "'%s' is '%.*s' (expected %s)", keys[k].key, T(node->text),
                    keys[k].words);
    }
}

static struct bytes text_of(const struct yaml_node *map, const char *key) {
    const struct yaml_node *node = yaml_get(map, key);
    return node != NULL && node->type != YAML_LIST && node->type != YAML_MAP ? node->text : (struct bytes){0};
}

static void check_together(struct reading *r, const struct yaml_node *map, struct grant *grant) {
    struct bytes until = text_of(map, "until");
    const struct yaml_node *at = yaml_get(map, "until");
    if (grant->group.n == 0) finding_put(r->found, r->file, map->at, false, "a grant has no 'group'");
    if (yaml_get(map, "decision") == NULL) finding_put(r->found, r->file, map->at, false, "a grant has no 'decision'");
    if (until.n > 0 && !kind_time_parse(until, &grant->until)) {
        finding_put(r->found, r->file, at->at, false, "'until' is '%.*s' (expected " KIND_TIME_ACCEPTED ")", T(until));
    }
    if ((until.n > 0) != bytes_is(grant->lifetime, "until")) {
        finding_put(r->found, r->file, map->at, false, "'lifetime: until' and 'until' belong together");
    }
    if (grant->deny && (grant->lifetime.n > 0 || until.n > 0)) {
        finding_put(r->found, r->file, map->at, false, "a refusal has no lifetime: it holds until a newer grant");
    }
}

static int read_grant(struct reading *r, const struct yaml_node *map, struct err *err) {
    if (map->type != YAML_MAP) {
        finding_put(r->found, r->file, map->at, false, "a grant is %s (expected a map)", yaml_type_name(map->type));
        return 0;
    }
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next) {
        check_value(r, node);
    }
    struct grant grant = {.group = text_of(map, "group"),
                          .scope = text_of(map, "scope"),
                          .tier = text_of(map, "tier"),
                          .lifetime = text_of(map, "lifetime"),
                          .deny = bytes_is(text_of(map, "decision"), "deny"),
                          .at = map->at};
    check_together(r, map, &grant);
    return grants_add(r->grants, &grant, err);
}

/* Each contradiction, at the later of the two. */
static void check_each_other(struct reading *r) {
    const struct grant *g = r->grants->list;
    for (size_t i = 1; i < r->grants->n; i++) {
        size_t k = 0;
        while (k < i && (g[k].deny == g[i].deny || !covers(&g[k], &g[i]))) {
            k++;
        }
        if (k == i) continue;
        finding_put(r->found, r->file, g[i].at, false, "'%.*s' is %s here, and line %u %s all of it (expected one of them)",
                    T(g[i].group), g[i].deny ? "denied" : "granted", g[k].at.line, g[k].deny ? "denies" : "grants");
    }
}

int grants_read(struct bytes text, const char *file, struct grants *ret, struct finding_list *found, struct err *err) {
    struct reading r = {ret, found, file};
    struct yaml *yaml = NULL;
    int rc = yaml_read(text, put_fault, &r, &yaml, err);
    const struct yaml_node *root = rc == 0 ? yaml_root(yaml) : NULL, *list = rc == 0 ? yaml_get(root, "grants") : NULL;
    if (rc == 0 && (list == NULL || list->type != YAML_LIST || root->n != 1 || list->n > GRANTS_MAX)) {
        finding_put(found, file, root->at, false,
                    "a file of grants is a map with the one key 'grants', a list of at most %d", GRANTS_MAX);
    } else if (rc == 0) {
        for (const struct yaml_node *item = list->first; rc == 0 && item != NULL; item = item->next) {
            rc = read_grant(&r, item, err);
        }
        check_each_other(&r);
    }
    yaml_free(yaml);
    if (rc == 0 && found->errors > 0) {
        rc = err_set(err, ERR_INVALID, "'%s' is not a file of grants", file);
    }
    return rc;
}
