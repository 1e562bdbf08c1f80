/* Every change has one commit that makes it true: what is before it (a plan, a copy) and after it (removing files) may be
 * interrupted anywhere. */
#include "packs/life/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "packs/life/bodies.h"
#include "packs/life/event.h"
#include "projections/ready/pack.h"
#include "projections/ready/routes.h"
#include "projections/view/look.h"

#define T(text) (int)(text).n, (text).n > 0 ? (const char *)(text).p : ""

int change_view(struct ledger *ledger, struct state_view **ret, struct err *err) {
    struct state_options options;
    int rc = state_options_present(ledger, &options, err);
    return rc == 0 ? state_open(ledger, &options, ret, err) : rc;
}

/* ---- leftovers -------------------------------------------------------------------------------------------------------- */

struct kept {
    uint8_t (*digests)[HASH_LEN];
    size_t n, cap;
    depot_told_fn *told;
    void *ctx;
};

static int keep_digest(struct kept *kept, struct bytes text, struct err *err) {
    if (text.n == 0) return 0;
    int rc = array_room(&kept->digests, kept->n + 1, &kept->cap, HASH_LEN, err);
    if (rc == 0 && depot_digest_parse(text, kept->digests[kept->n], NULL) == 0) {
        kept->n++;
    }
    return rc;
}

/* Copies of installed packs, and of plans, which may be resumed. */
static int keep_all(struct kept *kept, struct state_view *view, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = state_whole(view, err);
    if (rc == 0) rc = look_rows(view, "packs", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        if (installed_is(row)) rc = keep_digest(kept, row_text(row, PACK_TREE_DIGEST), err);
        if (rc == 0) rc = keep_digest(kept, row_text(row, PACK_PLANNED_TREE_DIGEST), err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static bool is_kept(void *ctx, const uint8_t digest[HASH_LEN]) {
    const struct kept *kept = ctx;
    for (size_t i = 0; i < kept->n; i++) {
        if (memcmp(kept->digests[i], digest, HASH_LEN) == 0) return true;
    }
    return false;
}

static void pass_on(void *ctx, const char *name, bool held) {
    const struct kept *kept = ctx;
    if (kept->told != NULL) {
        kept->told(kept->ctx, name, held);
    }
}

int change_sweep(const struct change *change, depot_told_fn *told, void *ctx, struct err *err) {
    struct kept kept = {.told = told, .ctx = ctx};
    struct state_view *view = NULL;
    int rc = change_view(change->ledger, &view, err);
    if (rc == 0) rc = keep_all(&kept, view, err);
    state_close(view);
    if (rc == 0) rc = depot_sweep(change->depot, is_kept, pass_on, &kept, err);
    free(kept.digests);
    return rc;
}

/* ---- one event -------------------------------------------------------------------------------------------------------- */

static int add(struct event *e, const char *kind, const char *noun, struct bytes name, const char *grade, uint64_t cause,
               struct err *err) {
    const struct event_of of = {kind, noun, name, grade, cause};
    return event_add(e, &of, err);
}

/* A pack's own step, with nothing but reason and note. */
static int append_step(const struct change *change, const struct row *row, const char *kind, bool planned,
                       const char *reason, uint64_t cause, uint64_t *ret_seq, struct err *err) {
    struct event e;
    int rc = event_begin(&e, change->ledger, change->actor, err);
    bodies_of_row(row, planned, reason, change->note, &e.body, &e.private_);
    mp_map_text(&e.body, "tree_digest",
                planned                             ? row_text(row, PACK_PLANNED_TREE_DIGEST)
                : strcmp(kind, "pack.removed") == 0 ? row_text(row, PACK_TREE_DIGEST)
                                                    : (struct bytes){0});
    if (rc == 0) rc = add(&e, kind, "pack", row_text(row, PACK_NAME), "measured", cause, err);
    if (rc == 0) rc = event_commit(&e, ret_seq, err);
    event_done(&e);
    return rc;
}

/* ---- installing ------------------------------------------------------------------------------------------------------- */

static int give_up(const struct change *change, const struct row *row, const char *reason, struct err *err) {
    uint64_t seq = 0;
    return append_step(change, row, "pack.aborted", true, reason, (uint64_t)row_int(row, PACK_PLANNED_SEQ), &seq, err);
}

/* As it is now: a failure gives up the plan that was recorded, not the one that was judged. */
static void give_up_now(const struct change *change, struct bytes name, const char *reason) {
    struct state_view *view = NULL;
    struct row row;
    if (change_view(change->ledger, &view, NULL) != 0) return;
    if (look_stored(view, "packs", &name, 1, &row, NULL, NULL) == 0 && installed_is_planned(&row)) {
        give_up(change, &row, reason, NULL);
    }
    row_done(&row);
    state_close(view);
}

static int record_plan(const struct change *change, const struct plan *plan, uint64_t *ret_seq, struct err *err) {
    struct event e;
    int rc = 0;
    if (plan->resumes) {
        *ret_seq = (uint64_t)row_int(&plan->row, PACK_PLANNED_SEQ);
        return 0;
    }
    if (installed_is_planned(&plan->row)) rc = give_up(change, &plan->row, "replaced", err);
    if (rc != 0) return rc;
    rc = event_begin(&e, change->ledger, change->actor, err);
    if (rc == 0) rc = bodies_planned(plan, &e.body, err);
    if (rc == 0) rc = add(&e, "pack.planned", "pack", plan->manifest->pack.name, "measured", LOG_NO_SEQ, err);
    if (rc == 0) rc = event_commit(&e, ret_seq, err);
    event_done(&e);
    return rc;
}

/* Requests, and the answers that were given. */
static int add_permissions(struct event *e, const struct plan *plan, const struct grants *grants, struct err *err) {
    struct bytes name = plan->manifest->pack.name;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < plan->n_permissions; i++) {
        const struct plan_permission *p = &plan->permissions[i];
        const struct grant *grant = grants_find(grants, p->asked);
        if (p->held) continue;
        bodies_requested(p->asked, &e->body, &e->private_);
        rc = add(e, "permission.requested", "pack", name, "declared", LOG_NO_SEQ, err);
        if (rc != 0 || grant == NULL) continue;
        bodies_answered(p->asked, grant, &e->body);
        rc = add(e, grant->deny ? "permission.denied" : "permission.granted", "pack", name, "declared", LOG_NO_SEQ, err);
    }
    return rc;
}

static int add_routes(struct event *e, const struct plan *plan, struct err *err) {
    const struct manifest_pack *now = &plan->manifest->pack;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < now->routes.n; i++) {
        rc = bodies_route(plan, &now->routes.items[i], &e->body, err);
        if (rc == 0) rc = add(e, "route.declared", "route", now->routes.items[i].name, "declared", LOG_NO_SEQ, err);
    }
    for (size_t i = 0; rc == 0 && plan->before != NULL && i < plan->before->pack.routes.n; i++) {
        struct bytes name = plan->before->pack.routes.items[i].name;
        if (manifest_route(now, name) != NULL) continue;
        mp_map_text(&e->body, "route", name);
        rc = add(e, "route.removed", "route", name, "declared", LOG_NO_SEQ, err);
    }
    return rc;
}

static int record_installed(const struct change *change, const struct plan *plan, const char *from,
                            const struct grants *grants, uint64_t cause, uint64_t *ret_seq, struct err *err) {
    const char *kind = plan->action == PLAN_UPGRADE ? "pack.upgraded" : "pack.installed";
    struct event e;
    int rc = event_begin(&e, change->ledger, change->actor, err);
    if (rc == 0) rc = bodies_installed(plan, from, &e.body, &e.private_, err);
    if (rc == 0) rc = add(&e, kind, "pack", plan->manifest->pack.name, "measured", cause, err);
    if (rc == 0) rc = add_routes(&e, plan, err);
    if (rc == 0) rc = add_permissions(&e, plan, grants, err);
    if (rc == 0) rc = event_commit(&e, ret_seq, err);
    event_done(&e);
    return rc;
}

static int check_grants(const struct plan *plan, const struct grants *grants, struct err *err) {
    for (size_t i = 0; i < plan->n_permissions; i++) {
        const struct plan_permission *p = &plan->permissions[i];
        const struct grant *grant = p->held ? NULL : grants_find(grants, p->asked);
        const char *fault = grant != NULL ? grants_fault(grant, p->asked) : NULL;
        if (fault != NULL) {
            return err_set(err, ERR_INVALID, "the answer for %.*s '%.*s': %s", T(p->asked->group), T(p->asked->scope),
                           fault);
        }
    }
    return 0;
}

int change_install(const struct change *change, struct plan *plan, const char *from, const struct grants *grants,
                   uint64_t *ret_seq, struct err *err) {
    struct compare_want want;
    uint64_t cause = LOG_NO_SEQ;
    compare_want_tree(plan->tree, &want);
    if (plan->action == PLAN_RESTORE || plan->action == PLAN_NOTHING) {
        *ret_seq = (uint64_t)row_int(&plan->row, PACK_VERSION_SEQ);
        return plan->action == PLAN_RESTORE ? depot_put(change->depot, from, &want, err) : 0;
    }
    int rc = check_grants(plan, grants, err);
    if (rc == 0) rc = record_plan(change, plan, &cause, err);
    if (rc != 0) return rc;
    rc = depot_put(change->depot, from, &want, err);
    if (rc == 0) rc = record_installed(change, plan, from, grants, cause, ret_seq, err);
    if (rc != 0) {
        give_up_now(change, plan->manifest->pack.name, rc == ERR_CONFLICT ? "changed" : "failed");
    }
    return rc;
}

/* ---- removing --------------------------------------------------------------------------------------------------------- */

static int check_dependents(const struct change *change, struct state_view *view, struct bytes name, struct err *err) {
    struct peers peers = {0};
    struct buf said = {.max = 65536};
    bool agree = false;
    int rc = peers_read(view, log_dir(change->ledger), name, &peers, err);
    if (rc == 0) rc = peers_agree(&peers, &agree, &said, err);
    if (rc == 0 && !agree) {
        rc = err_set(err, ERR_CONFLICT, "others depend on it: %.*s; --force removes it all the same",
                     T(bytes_of_buf(&said)));
    } else if (rc == 0 && peers.unread.n > 0) {
        rc = err_set(err, ERR_CONFLICT, "whether others depend on it is not known: %.*s; --force removes it all the same",
                     T(bytes_of_buf(&peers.unread)));
    }
    buf_done(&said);
    peers_done(&peers);
    return rc;
}

static int add_removed_routes(struct event *e, struct state_view *view, struct bytes pack, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, "route_packs", &pack, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes name = row_text(row, ROUTE_PACK_ROUTE);
        struct row route;
        rc = look_stored(view, "routes", &name, 1, &route, NULL, err);
        bool own = rc == 0 && bytes_eq(row_text(&route, ROUTE_PACK), pack) && !row_is(&route, ROUTE_STEP, "removed");
        row_done(&route);
        if (rc != 0 || !own) continue;
        mp_map_text(&e->body, "route", name);
        rc = add(e, "route.removed", "route", name, "declared", LOG_NO_SEQ, err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static int record_removed(const struct change *change, struct state_view *view, const struct row *row, uint64_t *ret_seq,
                          struct err *err) {
    struct bytes name = row_text(row, PACK_NAME);
    struct event e;
    int rc = event_begin(&e, change->ledger, change->actor, err);
    bodies_of_row(row, false, change->reason, change->note, &e.body, &e.private_);
    mp_map_text(&e.body, "digest", row_text(row, PACK_DIGEST));
    mp_map_text(&e.body, "tree_digest", row_text(row, PACK_TREE_DIGEST));
    if (rc == 0) rc = add(&e, "pack.removed", "pack", name, "measured", LOG_NO_SEQ, err);
    if (rc == 0) rc = add_removed_routes(&e, view, name, err);
    if (rc == 0) rc = event_commit(&e, ret_seq, err);
    event_done(&e);
    return rc;
}

static int remove_row(const struct change *change, struct state_view *view, const struct row *row, struct bytes name,
                      const struct change_removal *removal, uint64_t *ret_seq, const char **ret_kind, struct err *err) {
    bool installed = installed_is(row), planned = installed_is_planned(row);
    if (!installed && !planned) return err_set(err, ERR_NOTFOUND, "pack '%.*s' is not installed", T(name));
    if (removal->unfinished && !planned) {
        return err_set(err, ERR_NOTFOUND, "pack '%.*s' has no installation or upgrade that did not end", T(name));
    }
    if (!installed || removal->unfinished) {
        *ret_kind = "pack.aborted";
        return append_step(change, row, "pack.aborted", true, change->reason != NULL ? change->reason : "removed",
                           (uint64_t)row_int(row, PACK_PLANNED_SEQ), ret_seq, err);
    }
    *ret_kind = "pack.removed";
    int rc = removal->force ? 0 : check_dependents(change, view, name, err);
    return rc == 0 ? record_removed(change, view, row, ret_seq, err) : rc;
}

static int with_row(const struct change *change, struct bytes name, struct state_view **ret_view, struct row *row,
                    struct err *err) {
    row_init(row, NULL);
    int rc = change_view(change->ledger, ret_view, err);
    if (rc == 0) rc = state_whole(*ret_view, err);
    return rc == 0 ? look_stored(*ret_view, "packs", &name, 1, row, NULL, err) : rc;
}

int change_remove(const struct change *change, struct bytes name, const struct change_removal *removal, uint64_t *ret_seq,
                  const char **ret_kind, struct err *err) {
    struct state_view *view = NULL;
    struct row row;
    int rc = with_row(change, name, &view, &row, err);
    if (rc == 0) rc = remove_row(change, view, &row, name, removal, ret_seq, ret_kind, err);
    row_done(&row);
    state_close(view);
    return rc;
}

int change_park(const struct change *change, struct bytes name, bool park, uint64_t *ret_seq, struct err *err) {
    struct state_view *view = NULL;
    struct row row;
    int rc = with_row(change, name, &view, &row, err);
    if (rc == 0 && !installed_is(&row)) rc = err_set(err, ERR_NOTFOUND, "pack '%.*s' is not installed", T(name));
    if (rc == 0) {
        rc = append_step(change, &row, park ? "pack.parked" : "pack.unparked", false, change->reason, LOG_NO_SEQ, ret_seq,
                         err);
    }
    row_done(&row);
    state_close(view);
    return rc;
}
