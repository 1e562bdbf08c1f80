/* Lists are compared by name: a permission by its group and scope, a route by its name and configuration, a file by its path. */
#include "packs/life/changes.h"

#include <string.h>

#include "base/hash.h"
#include "projections/ready/pack.h"

#define T(text)      (int)(text).n, (text).n > 0 ? (const char *)(text).p : ""
#define ROUTE_MAX    ((size_t)1 << 20)
#define FILES_TO_SAY 20

/* ---- permissions ------------------------------------------------------------------------------------------------------ */

static const struct manifest_permission *same_permission(const struct manifest_pack *pack,
                                                         const struct manifest_permission *p) {
    for (size_t i = 0; i < pack->permissions.n; i++) {
        const struct manifest_permission *other = &pack->permissions.items[i];
        if (bytes_eq(other->group, p->group) && bytes_eq(other->scope, p->scope)) return other;
    }
    return NULL;
}

bool changes_widen(const struct plan *plan, const struct manifest_permission *asked) {
    if (plan->before == NULL) return true;
    const struct manifest_permission *old = same_permission(&plan->before->pack, asked);
    return old == NULL || bytes_cmp(asked->tier, old->tier) > 0;
}

static int say_permission(struct plan *plan, const char *how, const struct manifest_permission *p, struct err *err) {
    return life_plan_say(plan, PLAN_CHANGED, err, "permission %.*s on '%.*s' of tier %.*s: %s", T(p->group), T(p->scope),
                         T(p->tier), how);
}

static int say_permissions(struct plan *plan, struct err *err) {
    const struct manifest_pack *now = &plan->manifest->pack, *before = &plan->before->pack;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < now->permissions.n; i++) {
        const struct manifest_permission *p = &now->permissions.items[i], *old = same_permission(before, p);
        const char *how = old == NULL                         ? "new"
                          : bytes_cmp(p->tier, old->tier) > 0 ? "a higher tier than before"
                          : bytes_cmp(p->tier, old->tier) < 0 ? "a lower tier than before"
                          : p->required && !old->required     ? "required now"
                          : !p->required && old->required     ? "no longer required"
                                                              : NULL;
        if (how != NULL) rc = say_permission(plan, how, p, err);
    }
    for (size_t i = 0; rc == 0 && i < before->permissions.n; i++) {
        const struct manifest_permission *p = &before->permissions.items[i];
        if (same_permission(now, p) == NULL) rc = say_permission(plan, "no longer asked for", p, err);
    }
    return rc;
}

/* ---- routes ----------------------------------------------------------------------------------------------------------- */

static int is_same_route(const struct manifest_route *a, const struct manifest_route *b, bool *ret, struct err *err) {
    struct buf one = {.max = ROUTE_MAX}, two = {.max = ROUTE_MAX};
    int rc = manifest_load_write_route(a, &one, err);
    if (rc == 0) rc = manifest_load_write_route(b, &two, err);
    if (rc == 0) {
        *ret = bytes_eq(bytes_of_buf(&one), bytes_of_buf(&two));
    }
    buf_done(&one);
    buf_done(&two);
    return rc;
}

static int say_routes(struct plan *plan, struct err *err) {
    const struct manifest_pack *now = &plan->manifest->pack, *before = &plan->before->pack;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < now->routes.n; i++) {
        const struct manifest_route *route = &now->routes.items[i], *old = manifest_route(before, route->name);
        bool same = false;
        if (old != NULL) rc = is_same_route(route, old, &same, err);
        if (rc == 0 && !same) {
            rc = life_plan_say(plan, PLAN_CHANGED, err, "route '%.*s': %s", T(route->name),
                               old == NULL ? "new" : "another configuration; older proofs do not count for it");
        }
    }
    for (size_t i = 0; rc == 0 && i < before->routes.n; i++) {
        struct bytes name = before->routes.items[i].name;
        if (manifest_route(now, name) == NULL)
            rc = life_plan_say(plan, PLAN_CHANGED, err, "route '%.*s': removed", T(name));
    }
    return rc;
}

/* ---- files ------------------------------------------------------------------------------------------------------------ */

static int say_file(struct plan *plan, size_t *n, const char *path, const char *how, struct err *err) {
    return (*n)++ < FILES_TO_SAY ? life_plan_say(plan, PLAN_CHANGED, err, "file '%s': %s", path, how) : 0;
}

static int say_files(struct plan *plan, struct err *err) {
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < content_count(plan->tree); i++) {
        const struct content_file *now = content_at(plan->tree, i),
                                  *old = content_find(plan->tree_before, bytes_of(now->path));
        bool same = old != NULL && old->program == now->program && memcmp(old->digest, now->digest, HASH_LEN) == 0;
        if (!same) rc = say_file(plan, &n, now->path, old == NULL ? "new" : "changed", err);
    }
    for (size_t i = 0; rc == 0 && i < content_count(plan->tree_before); i++) {
        const char *path = content_at(plan->tree_before, i)->path;
        if (content_find(plan->tree, bytes_of(path)) == NULL) rc = say_file(plan, &n, path, "removed", err);
    }
    if (rc == 0 && n > FILES_TO_SAY) {
        rc = life_plan_say(plan, PLAN_CHANGED, err, "files: %zu more", n - FILES_TO_SAY);
    }
    return rc;
}

/* ---- who publishes it ------------------------------------------------------------------------------------------------- */

#define ACCEPT "--publishers FILE accepts it if a key in FILE signed it, or remove the pack first"

/* Permissions are granted to the pack's name: whoever takes that over gets them, and nobody is asked again. */
static int say_publisher(struct plan *plan, bool vouched, struct err *err) {
    struct bytes now = plan->manifest->pack.publisher, before = plan->before->pack.publisher;
    if (bytes_eq(now, before)) return 0;
    int rc = life_plan_say(plan, PLAN_CHANGED, err, "publisher '%.*s' to '%.*s'", T(before), T(now));
    if (rc != 0 || vouched) return rc;
    return life_plan_say(plan, PLAN_REFUSED, err,
                         "another publisher, '%.*s', would get what was granted to the pack: " ACCEPT, T(now));
}

static int say_signature(struct plan *plan, bool vouched, struct err *err) {
    bool was_good = row_is(&plan->row, PACK_SIGNATURE, "good");
    if (!was_good || plan->signature == SIGN_GOOD) return 0;
    const char *now = sign_verdict_name(plan->signature);
    int rc = life_plan_say(plan, PLAN_CHANGED, err, "signature good to %s", now);
    if (rc != 0 || vouched) return rc;
    return life_plan_say(plan, PLAN_REFUSED, err,
                         "the installed version is signed by '%.*s', and this one's signature is %s: " ACCEPT,
                         T(row_text(&plan->row, PACK_SIGNER)), now);
}

int changes_say(struct plan *plan, const char *ledger_dir, bool vouched, struct err *err) {
    struct err why = {0};
    struct bytes old = row_text(&plan->row, PACK_VERSION), version = plan->manifest->pack.version;
    int rc = life_plan_say(plan, PLAN_CHANGED, err, "version %.*s to %.*s", T(old), T(version));
    if (rc == 0) rc = say_signature(plan, vouched, err);
    if (rc != 0) return rc;
    rc = installed_open(ledger_dir, &plan->row, &plan->tree_before, &plan->before, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) {
        return life_plan_say(plan, PLAN_NOTED, err, "what else changes is not known: %s", why.msg);
    }
    rc = say_publisher(plan, vouched, err);
    if (rc == 0) rc = say_permissions(plan, err);
    if (rc == 0) rc = say_routes(plan, err);
    if (rc == 0) rc = say_files(plan, err);
    return rc;
}
