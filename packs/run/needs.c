/* A step uses what it names, what runs it, and the files that it is given. */
#include "packs/run/needs.h"

#include <stdio.h>
#include <string.h>

#include "ledger/kinds/scope.h"

#define S(text_) (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p

static const struct {
    const char *group;
    enum need_what what;
} groups[] = {{"exec", NEED_EXECUTE},
              {"filesystem.read", NEED_READ},
              {"filesystem.write", NEED_WRITE},
              {"secrets.read", NEED_READ},
              {"network.egress", NEED_EGRESS}};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static bool is_pattern(struct bytes scope) {
    return scope.n == 0 || bytes_find(scope, '*') != NULL || bytes_find(scope, '?') != NULL ||
           bytes_find(scope, '[') != NULL;
}

static int put(struct needs *needs, struct need need, struct err *err) {
    for (size_t i = 0; i < needs->n; i++) {
        const struct need *one = &needs->list[i];
        if (bytes_eq(one->group, need.group) && bytes_eq(one->scope, need.scope)) return 0;
    }
    if (needs->n == NEEDS_MAX) return err_set(err, ERR_LIMIT, "it uses more than %d permissions", NEEDS_MAX);
    needs->list[needs->n++] = need;
    return 0;
}

bool needs_counts(const struct need *need) {
    return !need->pattern || need->what != NEED_EGRESS;
}

struct bytes needs_tier_of(const struct manifest_pack *pack, const char *group, struct bytes scope) {
    for (size_t i = 0; i < pack->permissions.n; i++) {
        const struct manifest_permission *p = &pack->permissions.items[i];
        if (bytes_is(p->group, group) && (p->scope.n == 0 || scope_covers(p->group, p->scope, scope))) return p->tier;
    }
    return bytes_of("T0");
}

static bool names(struct bytes use, const struct manifest_permission *p) {
    const uint8_t *colon = bytes_find(use, ':');
    const struct bytes group = {use.p, colon != NULL ? (size_t)(colon - use.p) : use.n};
    const struct bytes scope = {use.p + group.n + 1, colon != NULL ? use.n - group.n - 1 : 0};
    return bytes_eq(group, p->group) && (colon == NULL || bytes_eq(scope, p->scope));
}

/* Of inputs that are files, reading a directory as a whole is not meant unless the step says so. */
static int put_named(struct needs *needs, const struct manifest_permission *p, struct err *err) {
    struct need need = {
        .group = p->group, .scope = p->scope, .tier = p->tier, .pattern = scope_is_pattern(p->group, p->scope)};
    size_t i = 0;
    while (i < GROUPS && !bytes_is(p->group, groups[i].group)) {
        i++;
    }
    if (bytes_is(p->group, "model.invoke")) return 0; /* it is the route's */
    if (i == GROUPS) return err_set(err, ERR_INVALID, "a confined step cannot be given '%.*s'", S(p->group));
    need.what = groups[i].what;
    if (need.what == NEED_EXECUTE && need.pattern) {
        return err_set(err, ERR_INVALID, "'exec' on '%.*s' names no single program", S(p->scope));
    }
    if (need.what == NEED_EGRESS && p->scope.n == 0) {
        return err_set(err, ERR_INVALID, "'network.egress' without a scope names no host");
    }
    return put(needs, need, err);
}

int needs_read(const struct manifest_pack *pack, const struct manifest_step *step, const struct manifest_route *route,
               struct bytes model, const struct given_list *given, struct needs *ret, struct err *err) {
    bool tool = manifest_role(route) == MANIFEST_TOOL;
    const char *group = tool ? "exec" : "model.invoke";
    struct bytes own = tool ? route->program : model;
    int rc;
    ret->n = 0;
    rc = put(ret,
             (struct need){tool ? NEED_PROGRAM : NEED_MODEL, bytes_of(group), own, needs_tier_of(pack, group, own), false},
             err);
    for (size_t i = 0; rc == 0 && i < step->inputs.n; i++) {
        const struct given *one = given_find(given, step->inputs.items[i]);
        if (one == NULL || !one->file || one->value == NULL) continue;
        struct bytes path = bytes_of(one->path);
        rc = put(ret,
                 (struct need){NEED_INPUT, bytes_of("filesystem.read"), path, needs_tier_of(pack, "filesystem.read", path),
                               false},
                 err);
    }
    for (size_t i = 0; rc == 0 && i < step->uses.n; i++) {
        for (size_t j = 0; rc == 0 && j < pack->permissions.n; j++) {
            const struct manifest_permission *p = &pack->permissions.items[j];
            rc = names(step->uses.items[i], p) ? put_named(ret, p, err) : 0;
        }
    }
    return rc;
}

int needs_egress(const struct manifest_pack *pack, struct bytes scope, struct needs *needs, struct err *err) {
    static const char group[] = "network.egress";
    return put(needs, (struct need){NEED_MODEL, bytes_of(group), scope, needs_tier_of(pack, group, scope), false}, err);
}

int needs_tier(const struct needs *needs) {
    int tier = 0;
    for (size_t i = 0; i < needs->n; i++) {
        int one = scope_tier(needs->list[i].tier);
        tier = one > tier ? one : tier;
    }
    return tier;
}

int needs_path(struct bytes scope, char ret[FILE_PATH_MAX], bool *ret_tree, struct err *err) {
    struct bytes dir = scope;
    while (dir.n > 0 && dir.p[dir.n - 1] == '*') {
        dir.n--;
    }
    *ret_tree = dir.n < scope.n;
    if (*ret_tree && (dir.n < 2 || dir.p[dir.n - 1] != '/')) dir.n = 0;
    dir.n -= *ret_tree && dir.n > 0;
    if (dir.n == 0 || dir.n >= FILE_PATH_MAX || is_pattern(dir)) {
        return err_set(
            err, ERR_INVALID,
            "the scope '%.*s' can be compared, but not bound into a step; expected a file, or DIR/** for a directory",
            S(scope));
    }
    (void)snprintf(ret, FILE_PATH_MAX, "%.*s", (int)dir.n, (const char *)dir.p);
    return 0;
}
