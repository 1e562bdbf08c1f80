/* Two walks. What is asked for: the list of the pack, then open requests; each is answered by the one function that says
 * whether a permission is held. What is granted: the judged rows of the holder; each is compared with the list, and with its
 * own uses. Nothing is decided here that another file decides. */
#include "projections/decide/resolve.h"

#include <stdio.h>
#include <string.h>

#include "ledger/kinds/scope.h"
#include "projections/decide/step.h"
#include "projections/fold/fold.h"
#include "projections/permissions/permitted.h"
#include "projections/permissions/row.h"
#include "projections/rows/list.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

struct resolving {
    struct state_view *view;
    struct bytes who;
    const struct resolve_options *options;
    struct bytes asked; /* the list; borrowed */
    bool lists;         /* it is known what the holder asks for */
    resolved_fn *each;
    void *ctx;
    struct decision decision;
};

const char *resolved_word(enum resolved is) {
    static const char *const words[] = {
        [RESOLVED_HELD] = "held",     [RESOLVED_EXPIRING] = "expiring", [RESOLVED_MISSING] = "missing",
        [RESOLVED_DENIED] = "denied", [RESOLVED_WIDER] = "wider",       [RESOLVED_UNUSED] = "unused"};
    return words[is];
}

bool resolve_is_unused(const struct row *row) {
    return row_is(row, PERMISSIONS_STATE, "granted") && row_int(row, PERMISSIONS_USES) == 0;
}

static int64_t time_of(const struct row *row, size_t column) {
    return row_has(row, column) ? row_int(row, column) : -1;
}

int resolve_since(struct state_view *view, const struct row *row, int64_t *ret, struct err *err) {
    const struct bytes key[] = {row_text(row, PERMISSIONS_WHO), row_text(row, PERMISSIONS_GROUP),
                                row_text(row, PERMISSIONS_SCOPE)};
    struct row stored;
    bool there = false;
    int rc = look_stored(view, "permissions", key, 3, &stored, &there, err);
    if (rc == 0) {
        *ret = there ? row_int(&stored, PERMISSIONS_BASE + FOLD_SINCE) : -1;
    }
    row_done(&stored);
    return rc;
}

static void put_grant(struct resolved_item *item, const struct row *row) {
    item->lifetime = row_text(row, PERMISSIONS_LIFETIME);
    item->session = row_text(row, PERMISSIONS_SESSION);
    item->expires = time_of(row, PERMISSIONS_EXPIRES);
}

/* ---- what is asked for ---- */

static int tell(struct resolving *r, struct resolved_item *item, const struct row *grant, struct err *err) {
    int rc = 0;
    if (grant != NULL) {
        put_grant(item, grant);
        rc = resolve_since(r->view, grant, &item->since, err);
    }
    bool soon = item->expires >= 0 && (uint64_t)item->expires <= state_now(r->view) + r->options->within_ns;
    if (item->is == RESOLVED_HELD && soon) {
        item->is = RESOLVED_EXPIRING;
    }
    if (item->required && (item->is == RESOLVED_MISSING || item->is == RESOLVED_DENIED)) {
        if (r->decision.yes) {
            decide_no(&r->decision, "%.*s on '%.*s' is %s", REASON_NAME(item->group), REASON_NAME(item->scope), item->why);
        }
        if (item->seq >= 0) {
            decide_cite(&r->decision, (uint64_t)item->seq);
        }
    }
    return rc == 0 ? r->each(r->ctx, item, err) : rc;
}

/* With the row of the grant that decides, whichever scope it has. */
static int tell_held(struct resolving *r, struct resolved_item *item, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    bool found = false;
    int rc = look_rows(r->view, "permissions", &r->who, 1, &rows, err);
    while (rc == 0 && !found && (rc = look_next(rows, &row, err)) == 0) {
        found = row_int(row, PERMISSIONS_DECIDED_SEQ) == item->seq;
        if (found) rc = tell(r, item, row, err);
    }
    state_rows_close(rows);
    if (rc == 1) rc = tell(r, item, NULL, err); /* it was granted to the holder's server */
    return rc;
}

static int resolve_one(struct resolving *r, struct resolved_item *item, struct err *err) {
    const struct decide_use use = {.group = item->group, .scope = item->scope, .tier = item->tier};
    struct permitted held;
    int rc = permitted_ask(r->view, r->who, &use, &held, err);
    if (rc != 0) return rc;
    item->expires = item->since = -1;
    item->seq = held.fault == NULL && held.ground != GROUND_NONE ? held.seq : -1;
    permitted_why(&held, item->why, sizeof(item->why));
    item->is = held.decision.yes ? RESOLVED_HELD : held.ground == GROUND_REFUSES ? RESOLVED_DENIED : RESOLVED_MISSING;
    return item->is == RESOLVED_HELD ? tell_held(r, item, err) : tell(r, item, NULL, err);
}

static int resolve_asked(struct resolving *r, struct err *err) {
    struct list list;
    struct bytes item;
    int rc = 0;
    list_open(&list, r->asked);
    while (rc == 0 && list_next(&list, &item)) {
        struct resolved_item one = {.required = true};
        list_name(item, "group", &one.group);
        list_text(item, "scope", &one.scope);
        list_text(item, "tier", &one.tier);
        list_bool(item, "required", &one.required);
        rc = resolve_one(r, &one, err);
    }
    return rc;
}

/* Requests beside the list: those that nobody answered, and those that say that the holder requires them. */
static int resolve_requests(struct resolving *r, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    struct list_names listed;
    int rc = list_names_of(r->asked, "group", NULL, "scope", &listed, err);
    if (rc == 0) rc = look_rows(r->view, "permissions", &r->who, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        bool open = row_has(row, PERMISSIONS_ASKED_SEQ);
        struct resolved_item one = {.required = row_bool(row, PERMISSIONS_REQUIRED),
                                    .group = row_text(row, PERMISSIONS_GROUP),
                                    .scope = row_text(row, PERMISSIONS_SCOPE),
                                    .tier = row_text(row, open ? PERMISSIONS_ASKED_TIER : PERMISSIONS_TIER)};
        if ((open || one.required) && !list_names_have(&listed, one.group, one.scope)) {
            rc = resolve_one(r, &one, err);
        }
    }
    state_rows_close(rows);
    list_names_done(&listed);
    return rc == 1 ? 0 : rc;
}

/* ---- what is granted ---- */

/* What a grant exceeds: the nearest request of its group, in words. False: one of them asks for as much. */
static bool is_wider(const struct resolving *r, const struct row *row, char *why, size_t size) {
    struct bytes group = row_text(row, PERMISSIONS_GROUP), scope = row_text(row, PERMISSIONS_SCOPE), item;
    int tier = scope_tier(row_text(row, PERMISSIONS_TIER));
    struct list list;
    snprintf(why, size, "nothing of this group is asked for");
    list_open(&list, r->asked);
    while (list_next(&list, &item)) {
        struct bytes asked = {(const uint8_t *)"", 0}, asked_group = asked, asked_tier = asked;
        list_name(item, "group", &asked_group);
        list_text(item, "scope", &asked);
        list_text(item, "tier", &asked_tier);
        if (!bytes_eq(asked_group, group)) continue;
        if (!scope_covers(group, asked, scope)) {
            snprintf(why, size, "asked for is '%.*s'", REASON_NAME(asked));
        } else if (scope_tier(asked_tier) == TIER_UNKNOWN || tier <= scope_tier(asked_tier)) {
            return false;
        } else {
            snprintf(why, size, "asked for is '%.*s' up to %.*s", REASON_NAME(asked), REASON_PART(asked_tier, 8));
            return true;
        }
    }
    return true;
}

static int tell_grant(struct resolving *r, enum resolved is, const struct row *row, const char *why, struct err *err) {
    struct resolved_item item = {.is = is,
                                 .group = row_text(row, PERMISSIONS_GROUP),
                                 .scope = row_text(row, PERMISSIONS_SCOPE),
                                 .tier = row_text(row, PERMISSIONS_TIER),
                                 .seq = row_int(row, PERMISSIONS_DECIDED_SEQ)};
    put_grant(&item, row);
    snprintf(item.why, sizeof(item.why), "%s", why);
    int rc = resolve_since(r->view, row, &item.since, err);
    return rc == 0 ? r->each(r->ctx, &item, err) : rc;
}

static int resolve_granted(struct resolving *r, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    char why[256];
    int rc = look_rows(r->view, "permissions", &r->who, 1, &rows, err);
    while (rc == 0 && rows != NULL && (rc = state_rows_next(rows, &row, err)) == 0) {
        bool wider = r->lists && row_is(row, PERMISSIONS_STATE, "granted") && is_wider(r, row, why, sizeof(why));
        if (wider) rc = tell_grant(r, RESOLVED_WIDER, row, why, err);
        if (rc == 0 && resolve_is_unused(row)) rc = tell_grant(r, RESOLVED_UNUSED, row, "", err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* ---- */

int decide_resolve(struct state_view *view, struct bytes who, const struct resolve_options *options, resolved_fn *each,
                   void *ctx, struct decision *ret, struct err *err) {
    struct resolving r = {.view = view, .who = who, .options = options, .each = each, .ctx = ctx};
    struct bytes pack = {who.p + 5, who.n > 5 ? who.n - 5 : 0};
    struct row row;
    bool is_pack = bytes_has_prefix(who, "pack/") && pack.n > 0, there = false;
    int rc = is_pack ? look_stored(view, "packs", &pack, 1, &row, &there, err) : 0;
    if (rc == 0) rc = decide_is_unlocked(view, bytes_of("run.started"), &r.decision, err);
    if (options->asked.p != NULL) {
        r.asked = options->asked;
    } else if (rc == 0 && there && !named_is(&row, "step", "removed")) {
        r.asked = named_list(&row, "permissions");
    }
    r.lists = r.asked.n > 0;
    if (rc == 0) rc = resolve_asked(&r, err);
    if (rc == 0) rc = resolve_requests(&r, err);
    if (rc == 0) rc = resolve_granted(&r, err);
    if (is_pack) {
        row_done(&row);
    }
    if (rc == 0) {
        *ret = r.decision;
    }
    return rc;
}
