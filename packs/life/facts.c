/* A package counts when its manager says that it is installed, a runtime when it answered last. What no event speaks of is asked
 * of the machine, or is unsure: silence of the ledger is not a no. */
#include "packs/life/facts.h"

#include <stdlib.h>

#include "base/array.h"
#include "packs/life/program.h"
#include "projections/machine/capability.h"
#include "projections/ready/requires.h"

#define ARENA_MAX ((size_t)4 << 20)

static int put(struct facts *f, struct bytes name, struct bytes version, bool unsure, struct err *err) {
    int rc = array_room(&f->list, f->n + 1, &f->cap, sizeof(f->list[0]), err);
    if (rc != 0) return rc;
    struct resolve_fact fact = {
        .name = arena_copy(&f->arena, name), .version = arena_copy(&f->arena, version), .unsure = unsure};
    if (fact.name.p == NULL || fact.version.p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    f->list[f->n++] = fact;
    return 0;
}

/* ---- programs --------------------------------------------------------------------------------------------------------- */

/* The program's own version: "1:2.39.5-0+deb12u2" is of the program 2.39.5. */
static struct bytes upstream(struct bytes version) {
    const uint8_t *colon = bytes_find(version, ':');
    if (colon != NULL) {
        version.n -= (size_t)(colon + 1 - version.p);
        version.p = colon + 1;
    }
    const uint8_t *dash = version.n > 0 ? memrchr(version.p, '-', version.n) : NULL;
    if (dash != NULL) {
        version.n = (size_t)(dash - version.p);
    }
    return version;
}

static int put_program(struct facts *f, const struct manifest_need *need, const char *pack_dir, struct err *err) {
    struct bytes version = {0};
    struct program *program = calloc(1, sizeof(*program));
    if (program == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    bool there = program_find(need->name, pack_dir, program, NULL) == 0;
    bool owned = there && need->version.n > 0 && f->dpkg != NULL && dpkg_admin_owner(f->dpkg, program->host, &version);
    int rc = there ? put(f, need->name, owned ? upstream(version) : (struct bytes){0}, false, err) : 0;
    free(program);
    return rc;
}

static int put_programs(struct facts *f, const struct manifest_needs *needs, const char *pack_dir, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && needs != NULL && i < needs->programs.n; i++) {
        rc = put_program(f, &needs->programs.items[i], pack_dir, err);
    }
    return rc;
}

/* ---- states ----------------------------------------------------------------------------------------------------------- */

struct named {
    struct facts *facts;
    struct bytes name;
};

static int put_named(void *ctx, struct bytes version, struct err *err) {
    struct named *named = ctx;
    return put(named->facts, named->name, version, false, err);
}

static int put_known(struct facts *f, struct state_view *view, enum requires_source source, struct bytes name,
                     enum requires_is *ret, struct err *err) {
    struct named named = {f, name};
    struct reason cite;
    reason_init(&cite);
    return requires_look(view, source, name, put_named, &named, ret, &cite, err);
}

static int put_runtimes(struct facts *f, struct state_view *view, const struct manifest_needs *needs, struct err *err) {
    enum requires_is said = REQUIRES_UNKNOWN;
    int rc = 0;
    for (size_t i = 0; rc == 0 && needs != NULL && i < needs->runtimes.n; i++) {
        struct bytes name = needs->runtimes.items[i].name;
        rc = put_known(f, view, REQUIRES_RUNTIME, name, &said, err);
        if (rc == 0 && said == REQUIRES_UNKNOWN) rc = put(f, name, (struct bytes){0}, true, err);
    }
    return rc;
}

static int put_packages(struct facts *f, struct state_view *view, const struct manifest_needs *needs, struct err *err) {
    enum requires_is said = REQUIRES_UNKNOWN;
    int rc = 0;
    for (size_t i = 0; rc == 0 && needs != NULL && i < needs->packages.n; i++) {
        struct bytes name = needs->packages.items[i].name, version = {0};
        rc = put_known(f, view, REQUIRES_PACKAGE, name, &said, err);
        if (rc != 0 || said != REQUIRES_UNKNOWN) continue;
        bool there = f->dpkg != NULL && dpkg_admin_installed(f->dpkg, name, &version);
        if (there || f->dpkg == NULL) rc = put(f, name, version, !there, err);
    }
    return rc;
}

/* ---- hardware --------------------------------------------------------------------------------------------------------- */

/* The tiers of the policy in force, which has the highest first. */
static int read_tiers(struct facts *f, struct bytes list, struct err *err) {
    struct capability_tiers tiers;
    struct capability_tier tier;
    size_t n = 0;
    capability_open(&tiers, list);
    while (capability_next(&tiers, &tier)) {
        n++;
    }
    f->tiers = calloc(n + 1, sizeof(f->tiers[0]));
    if (f->tiers == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    f->resolve.tiers = f->tiers;
    f->resolve.n_tiers = n;
    capability_open(&tiers, list);
    while (n > 0 && capability_next(&tiers, &tier)) {
        f->tiers[--n] = arena_copy(&f->arena, tier.name);
        if (f->tiers[n].p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    }
    return 0;
}

static int read_hardware(struct facts *f, struct state_view *view, struct err *err) {
    struct resolve_facts *r = &f->resolve;
    struct capability_host host;
    struct capability c;
    int rc = capability_host(view, (struct bytes){0}, &host, err);
    if (rc != 0) return rc;
    r->memory = host.memory_bytes > 0 ? (uint64_t)host.memory_bytes : 0;
    r->memory_unsure = host.memory_bytes < 0;
    r->vram = host.gpu_bytes > 0 ? (uint64_t)host.gpu_bytes : 0;
    r->vram_unsure = host.gpu_bytes < 0 || host.gpus_unknown > 0;
    rc = capability_judge(view, host.gpu_bytes, host.memory_bytes, &c, err);
    if (rc == 0) rc = read_tiers(f, bytes_of_buf(&c.list), err);
    if (rc == 0 && c.known) {
        r->tier = arena_copy(&f->arena, c.tier.name);
    }
    capability_done(&c);
    return rc;
}

int facts_read(struct state_view *view, const struct manifest_pack *pack, const char *pack_dir, const char *dpkg_dir,
               struct facts *ret, struct err *err) {
    *ret = (struct facts){.arena = {.max = ARENA_MAX}};
    if (dpkg_dir == NULL || dpkg_admin_open(dpkg_dir, &ret->dpkg, NULL) != 0) {
        ret->dpkg = NULL;
    }
    int rc = put_programs(ret, pack->requires, pack_dir, err);
    if (rc == 0) rc = put_programs(ret, pack->conflicts, pack_dir, err);
    size_t programs = ret->n;
    if (rc == 0) rc = put_runtimes(ret, view, pack->requires, err);
    if (rc == 0) rc = put_runtimes(ret, view, pack->conflicts, err);
    size_t runtimes = ret->n - programs;
    if (rc == 0) rc = put_packages(ret, view, pack->requires, err);
    if (rc == 0) rc = put_packages(ret, view, pack->conflicts, err);
    if (rc == 0) rc = read_hardware(ret, view, err);
    ret->resolve.programs = ret->list;
    ret->resolve.n_programs = programs;
    ret->resolve.runtimes = ret->list != NULL ? ret->list + programs : NULL;
    ret->resolve.n_runtimes = runtimes;
    ret->resolve.packages = ret->list != NULL ? ret->list + programs + runtimes : NULL;
    ret->resolve.n_packages = ret->n - programs - runtimes;
    return rc;
}

void facts_done(struct facts *facts) {
    dpkg_admin_close(facts->dpkg);
    free(facts->tiers);
    free(facts->list);
    arena_done(&facts->arena);
}
