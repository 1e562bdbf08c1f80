/* A permission is used because a step names it, or because the step could not do its work without it. */
#include "packs/manifest/uses.h"

#include "ledger/kinds/scope.h"

#define S(text_) (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p

/* "GROUP" or "GROUP:SCOPE"; no group has a colon. */
static bool names(struct bytes use, const struct manifest_permission *permission) {
    const uint8_t *colon = bytes_find(use, ':');
    const struct bytes group = {use.p, colon != NULL ? (size_t)(colon - use.p) : use.n};
    const struct bytes scope = colon != NULL ? (struct bytes){colon + 1, use.n - group.n - 1} : (struct bytes){NULL, 0};
    return bytes_eq(group, permission->group) && (colon == NULL || bytes_eq(scope, permission->scope));
}

void uses_check(struct checking *c, const struct manifest_step *step) {
    for (size_t i = 0; i < step->uses.n; i++) {
        bool found = false;
        for (size_t j = 0; j < c->pack->permissions.n && check_spend(c, 1); j++) {
            found = found || names(step->uses.items[i], &c->pack->permissions.items[j]);
        }
        if (!found) {
            check_error(c, check_item(step->node, "uses", step->uses.items[i]),
                        "'uses': the pack has no permission '%.*s' (expected GROUP or GROUP:SCOPE)",
                        S(step->uses.items[i]));
        }
    }
}

static bool covers(const struct manifest_permission *permission, struct bytes asked) {
    return permission->scope.n == 0 || scope_covers(permission->group, permission->scope, asked);
}

/* To do its work, or that of a route on its way of fallbacks. */
static bool route_uses(const struct manifest_pack *pack, const struct manifest_route *route,
                       const struct manifest_permission *permission) {
    for (size_t i = 0; route != NULL && i <= MANIFEST_FALLBACKS_MAX; i++) {
        bool tool = manifest_role(route) == MANIFEST_TOOL;
        if (tool && bytes_is(permission->group, "exec") && route->program.n > 0 && covers(permission, route->program)) {
            return true;
        }
        if (!tool && bytes_is(permission->group, "model.invoke") &&
            (route->model.n == 0 || covers(permission, route->model))) {
            return true;
        }
        route = manifest_route(pack, route->fallback);
    }
    return false;
}

static bool reads_file(const struct manifest_pack *pack, const struct manifest_step *step) {
    for (size_t i = 0; i < step->inputs.n; i++) {
        const struct manifest_input *input = manifest_input(pack, step->inputs.items[i]);
        if (input != NULL && bytes_is(input->type, "file")) return true;
    }
    return false;
}

bool uses_of(const struct manifest_pack *pack, const struct manifest_step *step,
             const struct manifest_permission *permission) {
    for (size_t i = 0; i < step->uses.n; i++) {
        if (names(step->uses.items[i], permission)) return true;
    }
    if (bytes_is(permission->group, "filesystem.read")) return reads_file(pack, step);
    return route_uses(pack, manifest_route(pack, step->route), permission);
}

static bool check_uses(const struct manifest_check *check, const struct manifest_permission *permission) {
    return check->program.n > 0 ? bytes_is(permission->group, "exec") && covers(permission, check->program)
                                : check->url.n > 0 && bytes_is(permission->group, "network.egress");
}

/* What uses_of compares. */
static uint64_t work_of(const struct manifest_pack *pack, const struct manifest_step *step,
                        const struct manifest_permission *permission) {
    const struct manifest_route *route = manifest_route(pack, step->route);
    uint64_t work = 1 + step->uses.n + step->inputs.n * pack->inputs.n + pack->routes.n;
    for (size_t i = 0; route != NULL && i <= MANIFEST_FALLBACKS_MAX; i++) {
        work += pack->routes.n + permission->scope.n * (route->program.n + route->model.n);
        route = manifest_route(pack, route->fallback);
    }
    return work;
}

void uses_warn(struct checking *c) {
    const struct manifest_pack *pack = c->pack;
    for (size_t i = 0; i < pack->permissions.n; i++) {
        const struct manifest_permission *permission = &pack->permissions.items[i];
        bool used = permission->group.n == 0;
        for (size_t j = 0; !used && j < pack->steps.n; j++) {
            if (!check_spend(c, work_of(pack, &pack->steps.items[j], permission))) return;
            used = uses_of(pack, &pack->steps.items[j], permission);
        }
        for (size_t j = 0; !used && j < pack->checks.n; j++) {
            if (!check_spend(c, 1 + permission->scope.n * pack->checks.items[j].program.n)) return;
            used = check_uses(&pack->checks.items[j], permission);
        }
        if (!used) {
            check_warn(c, permission->node->at, "no step uses the permission %.*s%s%.*s", S(permission->group),
                       permission->scope.n > 0 ? " on " : "", S(permission->scope));
        }
    }
}
