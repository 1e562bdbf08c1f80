/* What the catalog says of these kinds (ledger/kinds/kinds_state.def), filled from a plan. */
#include "packs/life/bodies.h"

#include <stdlib.h>

#include "base/mp.h"
#include "packs/life/program.h"
#include "packs/manifest/load.h"
#include "projections/ready/pack.h"

#define ITEM_MAX     65536
#define ROUTE_MAX    ((size_t)1 << 20)
#define MANIFEST_MAX ((size_t)256 << 10)

static int put_item(struct mp_map *list, struct mp_map *item, struct err *err) {
    int rc = mp_map_write(item, &list->values, err);
    mp_map_clear(item);
    return rc;
}

static void put_permission(const struct manifest_permission *p, struct mp_map *item) {
    mp_map_text(item, "group", p->group);
    mp_map_text(item, "scope", p->scope);
    mp_map_text(item, "tier", p->tier);
    mp_map_bool(item, "required", p->required);
}

/* ---- pack.planned ----------------------------------------------------------------------------------------------------- */

static struct bytes highest_tier(const struct plan *plan) {
    struct bytes highest = {0};
    for (size_t i = 0; i < plan->n_permissions; i++) {
        struct bytes tier = plan->permissions[i].asked->tier;
        if (bytes_cmp(tier, highest) > 0) {
            highest = tier;
        }
    }
    return highest;
}

static int put_steps(const struct plan *plan, struct mp_map *body, struct err *err) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    struct mp_map item;
    size_t open = 0;
    mp_map_init(&item, ITEM_MAX);
    for (size_t i = 0; i < plan->n_permissions; i++) {
        open += !plan->permissions[i].held;
    }
    mp_map_begin(body, "steps");
    mp_put_array(&body->values, (uint32_t)(1 + open + pack->routes.n));
    mp_map_text(&item, "step", bytes_of("copy"));
    mp_map_uint(&item, "files", content_count(plan->tree));
    mp_map_uint(&item, "bytes", content_bytes(plan->tree));
    int rc = put_item(body, &item, err);
    for (size_t i = 0; rc == 0 && i < plan->n_permissions; i++) {
        if (plan->permissions[i].held) continue;
        mp_map_text(&item, "step", bytes_of("ask"));
        put_permission(plan->permissions[i].asked, &item);
        rc = put_item(body, &item, err);
    }
    for (size_t i = 0; rc == 0 && i < pack->routes.n; i++) {
        mp_map_text(&item, "step", bytes_of("declare"));
        mp_map_text(&item, "route", pack->routes.items[i].name);
        rc = put_item(body, &item, err);
    }
    mp_map_end(body);
    mp_map_done(&item);
    return rc;
}

int bodies_planned(const struct plan *plan, struct mp_map *body, struct err *err) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    mp_map_text(body, "pack", pack->name);
    mp_map_text(body, "version", pack->version);
    if (plan->action == PLAN_UPGRADE) {
        mp_map_text(body, "version_before", row_text(&plan->row, PACK_VERSION));
    }
    mp_map_text(body, "digest", bytes_of(plan->digest));
    mp_map_text(body, "tree_digest", bytes_of(plan->tree_digest));
    mp_map_text(body, "tier", highest_tier(plan));
    return put_steps(plan, body, err);
}

/* ---- pack.installed, pack.upgraded ------------------------------------------------------------------------------------ */

static int put_permissions(const struct manifest_pack *pack, struct mp_map *body, struct mp_map *item, struct err *err) {
    int rc = 0;
    mp_map_begin(body, "permissions");
    mp_put_array(&body->values, (uint32_t)pack->permissions.n);
    for (size_t i = 0; rc == 0 && i < pack->permissions.n; i++) {
        put_permission(&pack->permissions.items[i], item);
        rc = put_item(body, item, err);
    }
    mp_map_end(body);
    return rc;
}

static int put_routes(const struct manifest_pack *pack, struct mp_map *body, struct mp_map *item, struct err *err) {
    int rc = 0;
    mp_map_begin(body, "routes");
    mp_put_array(&body->values, (uint32_t)pack->routes.n);
    for (size_t i = 0; rc == 0 && i < pack->routes.n; i++) {
        mp_map_text(item, "name", pack->routes.items[i].name);
        mp_map_bool(item, "required", pack->routes.items[i].required);
        rc = put_item(body, item, err);
    }
    mp_map_end(body);
    return rc;
}

/* Models that the manifest names by their weights; names alone are with the routes. */
static int put_models(const struct manifest_pack *pack, struct mp_map *body, struct mp_map *item, struct err *err) {
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; i < pack->routes.n; i++) {
        n += pack->routes.items[i].digest.n > 0;
    }
    if (n == 0) return 0;
    mp_map_begin(body, "models");
    mp_put_array(&body->values, (uint32_t)n);
    for (size_t i = 0; rc == 0 && i < pack->routes.n; i++) {
        const struct manifest_route *route = &pack->routes.items[i];
        if (route->digest.n == 0) continue;
        mp_map_text(item, "role", route->task);
        mp_map_text(item, "model", route->model);
        mp_map_text(item, "digest", route->digest);
        rc = put_item(body, item, err);
    }
    mp_map_end(body);
    return rc;
}

static int put_suites(const struct plan *plan, struct mp_map *body, struct mp_map *item, struct err *err) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    int rc = 0;
    mp_map_begin(body, "suites");
    mp_put_array(&body->values, (uint32_t)pack->evals.n);
    for (size_t i = 0; rc == 0 && i < pack->evals.n; i++) {
        const struct content_file *file = content_find(plan->tree, pack->evals.items[i].suite);
        mp_map_text(item, "name", pack->evals.items[i].suite);
        if (file != NULL) {
            mp_map_hash(item, "digest", file->digest);
        }
        rc = put_item(body, item, err);
    }
    mp_map_end(body);
    return rc;
}

static int put_required(const struct manifest_need *needs, size_t n, const char *sort, struct mp_map *body,
                        struct mp_map *item, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        mp_map_text(item, "sort", bytes_of(sort));
        mp_map_text(item, "name", needs[i].name);
        mp_map_text(item, "version", needs[i].version);
        rc = put_item(body, item, err);
    }
    return rc;
}

static int put_memory(uint64_t bytes, const char *sort, struct mp_map *body, struct mp_map *item, struct err *err) {
    if (bytes == 0) return 0;
    mp_map_text(item, "sort", bytes_of(sort));
    mp_map_uint(item, "bytes", bytes);
    return put_item(body, item, err);
}

static int put_requires(const struct manifest_pack *pack, struct mp_map *body, struct mp_map *item, struct err *err) {
    static const struct manifest_needs nothing;
    static const struct manifest_hardware any;
    const struct manifest_needs *needs = pack->requires != NULL ? pack->requires : &nothing;
    const struct manifest_hardware *hardware = pack->hardware != NULL ? pack->hardware : &any;
    const struct manifest_need tier = {.name = hardware->tier};
    size_t n = needs->packs.n + needs->programs.n + needs->runtimes.n + needs->packages.n;
    mp_map_begin(body, "requires");
    mp_put_array(&body->values, (uint32_t)(n + (tier.name.n > 0) + (hardware->memory > 0) + (hardware->vram > 0)));
    int rc = put_required(needs->packs.items, needs->packs.n, "pack", body, item, err);
    if (rc == 0) rc = put_required(needs->programs.items, needs->programs.n, "program", body, item, err);
    if (rc == 0) rc = put_required(needs->runtimes.items, needs->runtimes.n, "runtime", body, item, err);
    if (rc == 0) rc = put_required(needs->packages.items, needs->packages.n, "package", body, item, err);
    if (rc == 0) rc = put_required(&tier, tier.name.n > 0, "tier", body, item, err);
    if (rc == 0) rc = put_memory(hardware->memory, "memory", body, item, err);
    if (rc == 0) rc = put_memory(hardware->vram, "vram", body, item, err);
    mp_map_end(body);
    return rc;
}

static void put_provides(const struct manifest_pack *pack, struct mp_map *body) {
    mp_map_begin(body, "provides");
    mp_put_array(&body->values, (uint32_t)pack->provides.n);
    for (size_t i = 0; i < pack->provides.n; i++) {
        mp_put_str(&body->values, pack->provides.items[i]);
    }
    mp_map_end(body);
}

/* Required checks; what is not required is known by its results. */
static void put_checks(const struct manifest_pack *pack, struct mp_map *body) {
    uint32_t n = 0;
    for (size_t i = 0; i < pack->checks.n; i++) {
        n += pack->checks.items[i].required;
    }
    mp_map_begin(body, "checks");
    mp_put_array(&body->values, n);
    for (size_t i = 0; i < pack->checks.n; i++) {
        if (pack->checks.items[i].required) {
            mp_put_str(&body->values, pack->checks.items[i].name);
        }
    }
    mp_map_end(body);
}

static const char *signature_word(enum sign_verdict verdict) {
    return verdict == SIGN_GOOD ? "good" : verdict == SIGN_ABSENT ? "absent" : "unknown_key";
}

/* A manifest that would crowd the event is kept by its digest; its bytes are in the depot. */
static int put_manifest(const struct plan *plan, struct mp_map *private_, struct err *err) {
    struct buf whole = {.max = BODIES_MAX};
    int rc = manifest_load_write(plan->manifest, &whole, err);
    if (rc == 0) {
        mp_map_bounded(private_, "manifest", bytes_of_buf(&whole), MANIFEST_MAX);
    }
    buf_done(&whole);
    return rc;
}

int bodies_installed(const struct plan *plan, const char *from, struct mp_map *body, struct mp_map *private_,
                     struct err *err) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    const struct content_file *signature = content_find(plan->tree, bytes_of(CONTENT_SIGNATURE));
    struct mp_map item;
    mp_map_init(&item, ITEM_MAX);
    mp_map_text(body, "pack", pack->name);
    mp_map_text(body, "version", pack->version);
    mp_map_text(body, "digest", bytes_of(plan->digest));
    mp_map_text(body, "tree_digest", bytes_of(plan->tree_digest));
    mp_map_text(body, "publisher", pack->publisher);
    mp_map_uint(body, "files", content_count(plan->tree));
    mp_map_uint(body, "bytes", content_bytes(plan->tree));
    mp_map_text(body, "signature", bytes_of(signature_word(plan->signature)));
    if (plan->signer != NULL) {
        mp_map_text(body, "signer", bytes_of(plan->signer));
        mp_map_text(body, "signer_key", bytes_of(plan->signer_key));
    }
    if (signature != NULL) {
        mp_map_hash(body, "signature_digest", signature->digest);
    }
    if (plan->action == PLAN_UPGRADE) {
        mp_map_text(body, "version_before", row_text(&plan->row, PACK_VERSION));
        mp_map_text(body, "digest_before", row_text(&plan->row, PACK_DIGEST));
    } else {
        mp_map_text(private_, "path", bytes_of(from));
    }
    int rc = put_permissions(pack, body, &item, err);
    if (rc == 0) rc = put_routes(pack, body, &item, err);
    if (rc == 0) rc = put_models(pack, body, &item, err);
    if (rc == 0) rc = put_suites(plan, body, &item, err);
    if (rc == 0) put_checks(pack, body);
    if (rc == 0) rc = put_requires(pack, body, &item, err);
    if (rc == 0) put_provides(pack, body);
    if (rc == 0) rc = put_manifest(plan, private_, err);
    mp_map_done(&item);
    return rc;
}

/* ---- the others ------------------------------------------------------------------------------------------------------- */

void bodies_of_row(const struct row *row, bool planned, const char *reason, const char *note, struct mp_map *body,
                   struct mp_map *private_) {
    mp_map_text(body, "pack", row_text(row, PACK_NAME));
    mp_map_text(body, "version", row_text(row, planned ? PACK_PLANNED_VERSION : PACK_VERSION));
    mp_map_text(body, "reason", reason != NULL ? bytes_of(reason) : (struct bytes){0});
    mp_map_text(private_, "note", note != NULL ? bytes_of(note) : (struct bytes){0});
}

void bodies_requested(const struct manifest_permission *asked, struct mp_map *body, struct mp_map *private_) {
    put_permission(asked, body);
    mp_map_text(private_, "reason", asked->reason);
}

void bodies_answered(const struct manifest_permission *asked, const struct grant *grant, struct mp_map *body) {
    mp_map_text(body, "group", asked->group);
    mp_map_text(body, "scope", asked->scope);
    mp_map_text(body, "tier", asked->tier);
    if (!grant->deny) {
        mp_map_text(body, "lifetime", grant->lifetime.n > 0 ? grant->lifetime : bytes_of("permanent"));
        if (grant->until > 0) {
            mp_map_uint(body, "expires", grant->until);
        }
    }
}

/* A program of the host by its path and digest as they are now, one of the pack by the digest of its file. What is not there is
 * named alone: the route cannot be proven then. */
static int put_program(const struct plan *plan, const struct manifest_route *route, struct mp_map *body, struct err *err) {
    static const char pack[] = PROGRAM_PACK "/";
    struct bytes name = route->program;
    struct program *program = calloc(1, sizeof(*program));
    if (program == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    if (bytes_has_prefix(name, pack)) {
        name = (struct bytes){name.p + sizeof(pack) - 1, name.n - (sizeof(pack) - 1)};
    }
    const struct content_file *file = content_find(plan->tree, name);
    bool own = file != NULL && bytes_find(name, '/') != NULL;
    bool found = !own && program_find(route->program, "/", program, NULL) == 0;
    mp_map_text(body, "program", found ? bytes_of(program->host) : route->program);
    if (own || found) {
        mp_map_hash(body, "program_digest", own ? file->digest : program->digest);
    }
    free(program);
    return 0;
}

static void put_bound(struct mp_map *item, const char *name, const struct manifest_number *bound) {
    if (!bound->given) return;
    mp_map_begin(item, name);
    mp_put_float(&item->values, bound->value);
    mp_map_end(item);
}

/* Of all its suites: a proof has to reach them all. The list is put even where it is empty, so that an upgrade ends them. */
static int put_thresholds(const struct manifest_pack *pack, const struct manifest_route *route, struct mp_map *body,
                          struct err *err) {
    struct mp_map item;
    uint32_t n = 0;
    int rc = 0;
    mp_map_init(&item, ITEM_MAX);
    for (size_t i = 0; i < pack->evals.n; i++) {
        n += bytes_eq(pack->evals.items[i].route, route->name) ? (uint32_t)pack->evals.items[i].thresholds.n : 0;
    }
    mp_map_begin(body, "thresholds");
    mp_put_array(&body->values, n);
    for (size_t i = 0; i < pack->evals.n; i++) {
        const struct manifest_eval *eval = &pack->evals.items[i];
        for (size_t k = 0; rc == 0 && bytes_eq(eval->route, route->name) && k < eval->thresholds.n; k++) {
            mp_map_text(&item, "metric", eval->thresholds.items[k].metric);
            put_bound(&item, "min", &eval->thresholds.items[k].min);
            put_bound(&item, "max", &eval->thresholds.items[k].max);
            rc = put_item(body, &item, err);
        }
    }
    mp_map_end(body);
    mp_map_done(&item);
    return rc;
}

int bodies_route(const struct plan *plan, const struct manifest_route *route, struct mp_map *body, struct err *err) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    struct buf canonical = {.max = ROUTE_MAX};
    uint8_t digest[HASH_LEN];
    int rc = manifest_load_write_route(route, &canonical, err);
    if (rc == 0) {
        const struct bytes whole = bytes_of_buf(&canonical);
        hash_parts(digest, &whole, 1);
        mp_map_text(body, "route", route->name);
        mp_map_text(body, "pack", pack->name);
        mp_map_text(body, "pack_version", pack->version);
        mp_map_hash(body, "config_digest", digest);
        mp_map_text(body, "role", route->role);
        mp_map_text(body, "model", route->model);
        mp_map_text(body, "digest", route->digest);
        mp_map_text(body, "fallback", route->fallback);
        mp_map_bool(body, "required", route->required);
    }
    if (rc == 0 && route->program.n > 0) rc = put_program(plan, route, body, err);
    for (size_t i = 0; rc == 0 && i < pack->evals.n; i++) {
        const struct content_file *file = content_find(plan->tree, pack->evals.items[i].suite);
        if (!bytes_eq(pack->evals.items[i].route, route->name)) continue;
        mp_map_text(body, "suite", pack->evals.items[i].suite);
        if (file != NULL) {
            mp_map_hash(body, "suite_digest", file->digest);
        }
        break;
    }
    if (rc == 0) rc = put_thresholds(pack, route, body, err);
    buf_done(&canonical);
    return rc;
}
