/* Listed needs come first, in their order; then what names the pack itself and is not listed. */
#include "projections/ready/needs.h"

#include <stdio.h>
#include <string.h>

#include "projections/fold/fold.h"
#include "projections/permissions/row.h"
#include "projections/ready/models.h"
#include "projections/ready/pack.h"
#include "projections/ready/routes.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

#define NOTHING    ((struct bytes){0})
#define PART(text) REASON_PART(text, 60)

struct walk {
    struct state_view *view;
    const struct row *pack;
    bool only_required;
    need_fn *each;
    void *ctx;
    struct bytes who;
    struct readiness found;
    struct buf about;
};

static bool is_text(const struct need *n, size_t column, const char *text) {
    return n->row != NULL && row_is(n->row, column, text);
}

/* ---- the conditions of readiness_need.def ---- */

static bool is_decided_against(const struct need *n) {
    return n->held.ground == GROUND_REFUSES || n->held.ground == GROUND_OVER;
}

static void say_permission(const struct need *n) {
    struct bytes group = n->name.n > 0 ? n->name : bytes_of("of no group");
    char why[320];
    readiness_say(n->found, "what", "%.*s%s%.*s%s%s%.*s", PART(group), n->scope.n > 0 ? " on '" : "", PART(n->scope),
                  n->scope.n > 0 ? "'" : "", n->tier.n > 0 ? " of tier " : "", PART(n->tier));
    permitted_why(&n->held, why, sizeof(why));
    readiness_say(n->found, "why", "%s", why);
}

/* No grant helps: its scope has a fault. */
static bool is_faulty(const struct need *n, bool unlisted) {
    bool unmet = n->sort == NEED_OF_PERMISSION && n->required && n->unlisted == unlisted && n->held.fault != NULL;
    if (unmet) {
        say_permission(n);
    }
    return unmet;
}

static bool has_faulty_scope(const struct need *n) {
    return is_faulty(n, false);
}

static bool was_asked_faultily(const struct need *n) {
    return is_faulty(n, true);
}

/* No grant helps: more was refused than can be listed. */
static bool is_beyond_telling(const struct need *n) {
    bool unmet = n->sort == NEED_OF_PERMISSION && n->required && !n->held.decision.yes && n->held.full &&
                 n->held.ground == GROUND_HOLDS;
    if (unmet) {
        say_permission(n);
    }
    return unmet;
}

static bool lacks(const struct need *n, bool required, bool against) {
    bool unmet = n->sort == NEED_OF_PERMISSION && n->required == required && !n->held.decision.yes &&
                 is_decided_against(n) == against;
    if (unmet) {
        say_permission(n);
    }
    return unmet;
}

static bool is_refused(const struct need *n) {
    return lacks(n, true, true);
}

static bool is_not_granted(const struct need *n) {
    return lacks(n, true, false);
}

static bool is_refused_optional(const struct need *n) {
    return lacks(n, false, true);
}

/* A result counts when it is for the installed version and newer than the last removal or, if it names no version, newer
 * than the installation. */
static bool is_fresh(const struct row *pack, const struct row *check) {
    struct bytes version = row_text(check, CHECK_VERSION);
    int64_t seq = row_int(check, CHECK_SEQ);
    if (version.n > 0 && row_has(pack, PACK_VERSION)) {
        bool after = !row_has(pack, PACK_REMOVED_SEQ) || seq > row_int(pack, PACK_REMOVED_SEQ);
        return after && bytes_eq(version, row_text(pack, PACK_VERSION));
    }
    return seq > row_int(pack, PACK_VERSION_SEQ);
}

static bool is_required_check(const struct need *n) {
    return n->sort == NEED_OF_CHECK && n->required;
}

static bool counts(const struct need *n) {
    return n->row != NULL && is_fresh(n->pack, n->row);
}

static bool has_passed(const struct need *n) {
    return counts(n) && (row_is(n->row, CHECK_VERDICT, "pass") || row_is(n->row, CHECK_VERDICT, "warn"));
}

static bool say_name(const struct need *n, bool unmet) {
    if (unmet) {
        readiness_say(n->found, "name", "%.*s", REASON_NAME(n->name));
    }
    return unmet;
}

static bool has_not_run(const struct need *n) {
    return say_name(n, is_required_check(n) && n->row == NULL);
}

static bool ran_for_another(const struct need *n) {
    return say_name(n, is_required_check(n) && n->row != NULL && !counts(n));
}

static bool has_failed(const struct need *n) {
    return say_name(n, is_required_check(n) && counts(n) && row_is(n->row, CHECK_VERDICT, "fail"));
}

static bool is_unclear(const struct need *n) {
    return say_name(n, is_required_check(n) && counts(n) && !has_passed(n));
}

static bool has_failed_optional(const struct need *n) {
    return say_name(n, n->sort == NEED_OF_CHECK && !n->required && !has_passed(n));
}

static bool is_undeclared(const struct need *n) {
    return say_name(n, n->sort == NEED_OF_ROUTE && n->required &&
                           (n->row == NULL || row_is(n->row, ROUTE_STATE, "undeclared")));
}

/* No remedy is listed beside it. */
static bool was_removed(const struct need *n, bool required) {
    return say_name(n, n->sort == NEED_OF_ROUTE && n->required == required && n->row != NULL &&
                           row_is(n->row, ROUTE_STATE, "removed"));
}

static bool is_removed(const struct need *n) {
    return was_removed(n, true);
}

static bool is_removed_optional(const struct need *n) {
    return was_removed(n, false);
}

static bool say_route(const struct need *n) {
    struct bytes state = row_text(n->row, ROUTE_STATE), why = row_text(n->row, ROUTE_REASON);
    bool told = row_is(n->row, ROUTE_STATE, "declared-not-proven") || row_is(n->row, ROUTE_STATE, "declared") ||
                row_is(n->row, ROUTE_STATE, "undeclared");
    if (row_is(n->row, ROUTE_STATE, "ready")) return false;
    readiness_say(n->found, "state", "%.*s%s", PART(told ? NOTHING : state), !told && why.n > 0 ? ", " : "");
    readiness_say(n->found, "why", "%.*s%s", REASON_CUT(why, 300));
    return say_name(n, true);
}

static bool is_not_ready(const struct need *n) {
    return n->sort == NEED_OF_ROUTE && n->required && n->row != NULL && say_route(n);
}

static bool is_not_ready_optional(const struct need *n) {
    return n->sort == NEED_OF_ROUTE && !n->required && n->row != NULL && say_route(n);
}

static bool say_model(const struct need *n, bool unmet) {
    struct bytes state = n->row != NULL ? row_text(n->row, MODEL_STATE) : bytes_of("not known");
    if (unmet) {
        readiness_say(n->found, "role", "%.*s", PART(n->role.n > 0 ? n->role : bytes_of("model")));
        readiness_say(n->found, "state", "%.*s", PART(state));
        readiness_say(n->found, "name", "%.*s", REASON_DIGEST(n->name));
    }
    return unmet;
}

static bool is_untold(const struct need *n) {
    return say_model(n, n->sort == NEED_OF_MODEL && n->name.n == 0);
}

static bool is_absent(const struct need *n, bool required) {
    bool there = is_text(n, MODEL_STATE, "present") || is_text(n, MODEL_STATE, "loaded");
    return say_model(n, n->sort == NEED_OF_MODEL && n->required == required && n->name.n > 0 && !there);
}

static bool is_not_there(const struct need *n) {
    return is_absent(n, true);
}

static bool is_not_there_optional(const struct need *n) {
    return is_absent(n, false);
}

static bool is_absent_requirement(const struct need *n, bool pack) {
    const struct requirement *r = n->requirement;
    bool unmet = r != NULL && r->is == REQUIRES_ABSENT && bytes_is(r->sort, "pack") == pack;
    if (unmet) {
        readiness_say(n->found, "what", "%s", r->what);
        readiness_say(n->found, "why", "%.*s%s", REASON_CUT(bytes_of(r->reason.words), 300));
    }
    return unmet;
}

static bool lacks_a_pack(const struct need *n) {
    return is_absent_requirement(n, true);
}

static bool lacks_of_the_machine(const struct need *n) {
    return is_absent_requirement(n, false);
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(const struct need *n);
} rules[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_need.def"
#undef RULE
};

bool need_is_unmet(const struct need *need, enum readiness_id *ret) {
    if (need->found->n == 0) return false;
    *ret = need->found->found[0].id;
    return true;
}

/* ---- remedies ---- */

static void put_field(struct buf *out, const char *name, struct bytes value) {
    if (value.n > 0) {
        buf_printf(out, " %s=", name);
        readiness_put_word(out, value);
    }
}

/* A scope is the word after the group or, where it could be read as an option, the last one. */
static void put_scope(struct buf *out, struct bytes scope, bool at_end) {
    bool dash = scope.n > 0 && scope.p[0] == '-';
    if (scope.n > 0 && dash == at_end) {
        buf_put_str(out, dash ? " -- " : " ");
        readiness_put_word(out, scope);
    }
}

/* Of a pack whose files are here its own checks are run. Of one that is known by events alone somebody says what was found, as of a
 * check that the manifest does not list. */
static void put_check(const struct need *n, struct buf *out) {
    static const char smoke[] = "smoke:";
    bool tried = bytes_has_prefix(n->name, smoke), here = row_has(n->pack, PACK_TREE_DIGEST) && (!n->unlisted || tried);
    buf_put_str(out, here ? "pack check " : "append pack.checked -s pack/");
    readiness_put_word(out, row_text(n->pack, PACK_NAME));
    if (here) {
        buf_put_str(out, n->unlisted ? " --smoke" : "");
        return;
    }
    put_field(out, "pack", row_text(n->pack, PACK_NAME));
    put_field(out, "version", row_text(n->pack, PACK_VERSION));
    put_field(out, "check", n->name);
    buf_put_str(out, " verdict=VERDICT");
}

static bool put_fact(void *ctx, const char *name, struct buf *out) {
    const struct need *n = ctx;
    if (strcmp(name, "pack") == 0) {
        readiness_put_word(out, row_text(n->pack, PACK_NAME));
    } else if (strcmp(name, "name") == 0) {
        readiness_put_word(out, n->name);
    } else if (strcmp(name, "scope") == 0) {
        put_field(out, "scope", n->scope);
    } else if (strcmp(name, "which") == 0 || strcmp(name, "end") == 0) {
        put_scope(out, n->scope, name[0] == 'e');
    } else if (strcmp(name, "tier") == 0) {
        buf_put_str(out, " --tier ");
        readiness_put_word(out, n->tier.n > 0 ? n->tier : bytes_of("TIER"));
    } else if (strcmp(name, "note") == 0 && n->held.refused_seq >= 0) {
        buf_printf(out, " --note 'overrides event %lld, which %s %s'", (long long)n->held.refused_seq, n->held.refused,
                   n->held.is_whole ? "it" : "a part of it");
    } else if (strcmp(name, "endpoint") == 0 && n->endpoint.n > 0) {
        buf_put_u8(out, ' ');
        readiness_put_word(out, n->endpoint);
    } else if (strcmp(name, "required") == 0) {
        buf_put_str(out, n->required ? " required:=true" : "");
    } else if (strcmp(name, "check") == 0) {
        put_check(n, out);
    } else if (strcmp(name, "pack_version") == 0) {
        put_field(out, "pack_version", row_text(n->pack, PACK_VERSION));
    }
    return n->name.n > 0;
}

void need_list(const struct need *need, struct list_out *out) {
    enum readiness_id id;
    struct list own;
    struct bytes item;
    if (!need_is_unmet(need, &id)) return;
    if (id == READINESS_NEED_ROUTE || id == READINESS_NEED_ROUTE_OPTIONAL) { /* its own findings, with their remedies */
        list_open(&own, row_list(need->row, ROUTE_MISSING));
        while (list_next(&own, &item)) {
            if (list_out_fits(out, item.n)) {
                list_out_raw(out, item);
            }
        }
    }
    if (id != READINESS_NEED_ROUTE || row_list(need->row, ROUTE_MISSING).n <= 1) {
        readiness_list(need->found, need->about, put_fact, (void *)(uintptr_t)need, out);
    }
}

void need_remedy(const struct need *need, struct buf *out) {
    enum readiness_id id;
    struct list own;
    struct bytes item, text;
    if (!need_is_unmet(need, &id)) return;
    if (!readiness_remedy(id, put_fact, (void *)(uintptr_t)need, out) && need->row != NULL && need->sort == NEED_OF_ROUTE) {
        list_open(&own, row_list(need->row, ROUTE_MISSING));
        for (bool done = false; !done && list_next(&own, &item);) {
            done = list_text(item, "remedy", &text);
            if (done) {
                buf_put_bytes(out, text);
            }
        }
    }
}

/* ---- the walk ---- */

static int give(struct walk *w, struct need *need, const char *noun, struct err *err) {
    need->pack = w->pack;
    need->found = &w->found;
    readiness_init(need->found);
    buf_clear(&w->about);
    buf_printf(&w->about, "%s/", noun);
    buf_put_bytes(&w->about, need->name);
    need->about = bytes_of_buf(&w->about);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].unmet(need)) {
            readiness_add(need->found, rules[i].id);
            break;
        }
    }
    return w->each(w->ctx, need, err);
}

static int give_permission(struct walk *w, struct need *need, struct err *err) {
    const struct bytes key[] = {w->who, need->name, need->scope};
    struct row row;
    bool there = false;
    const struct decide_use use = {.group = need->name, .scope = need->scope, .tier = need->tier};
    int rc = permitted_ask(w->view, w->who, &use, &need->held, err);
    int other = look_judged(w->view, "permissions", key, 3, &row, &there, rc == 0 ? err : NULL);
    if (rc == 0) rc = other;
    need->row = there ? &row : NULL;
    if (rc == 0) rc = give(w, need, "permission", err);
    row_done(&row);
    return rc;
}

/* Permissions requested as required but not listed. */
static int take_asked(struct walk *w, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    struct list_names listed;
    int rc = list_names_of(row_list(w->pack, PACK_PERMISSIONS), "group", NULL, "scope", &listed, err);
    if (rc == 0) rc = look_rows(w->view, "permissions", &w->who, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct need need = {.sort = NEED_OF_PERMISSION,
                            .required = true,
                            .unlisted = true,
                            .name = row_text(row, PERMISSIONS_GROUP),
                            .scope = row_text(row, PERMISSIONS_SCOPE),
                            .tier = row_text(row, PERMISSIONS_TIER)};
        if (row_bool(row, PERMISSIONS_REQUIRED) && !list_names_have(&listed, need.name, need.scope)) {
            rc = give_permission(w, &need, err);
        }
    }
    state_rows_close(rows);
    list_names_done(&listed);
    return rc == 1 ? 0 : rc;
}

/* An item that does not say so is required. */
static bool is_required(struct bytes item) {
    bool required = true;
    list_bool(item, "required", &required);
    return required;
}

static int take_permissions(struct walk *w, struct err *err) {
    struct list list;
    struct bytes item;
    struct buf who = {.max = 4 * ROW_TEXT_MAX};
    buf_put_str(&who, "pack/");
    buf_put_bytes(&who, row_text(w->pack, PACK_NAME));
    w->who = bytes_of_buf(&who);
    int rc = buf_check(&who, "a pack's name", err);
    list_open(&list, row_list(w->pack, PACK_PERMISSIONS));
    while (rc == 0 && list_next(&list, &item)) {
        struct need need = {.sort = NEED_OF_PERMISSION, .required = is_required(item)};
        list_name(item, "group", &need.name);
        list_text(item, "scope", &need.scope);
        list_text(item, "tier", &need.tier);
        rc = give_permission(w, &need, err);
    }
    if (rc == 0) rc = take_asked(w, err);
    buf_done(&who);
    return rc;
}

static int take_checks(struct walk *w, struct err *err) {
    const struct bytes pack = row_text(w->pack, PACK_NAME);
    struct state_rows *rows = NULL;
    const struct row *at;
    struct list_names listed;
    struct list list;
    struct bytes item;
    int rc = 0;
    list_open(&list, row_list(w->pack, PACK_CHECK_LIST));
    while (rc == 0 && list_next(&list, &item)) {
        struct need need = {.sort = NEED_OF_CHECK, .required = is_required(item)};
        struct row check;
        bool there;
        list_name(item, "name", &need.name);
        const struct bytes key[] = {pack, need.name};
        rc = look_stored(w->view, "pack_checks", key, 2, &check, &there, err);
        if (rc == 0) {
            need.row = there ? &check : NULL;
            need.required = there && row_has(&check, CHECK_REQUIRED) ? row_bool(&check, CHECK_REQUIRED) : need.required;
            rc = give(w, &need, "check-of-pack", err);
        }
        row_done(&check);
    }
    int other = list_names_of(row_list(w->pack, PACK_CHECK_LIST), "name", NULL, NULL, &listed, rc == 0 ? err : NULL);
    if (rc == 0) rc = other;
    if (rc == 0) rc = look_rows(w->view, "pack_checks", &pack, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &at, err)) == 0) {
        struct need need = {
            .sort = NEED_OF_CHECK, .required = true, .unlisted = true, .name = row_text(at, CHECK_NAME), .row = at};
        bool dropped = row_has(w->pack, PACK_CHECK_LIST) && !is_fresh(w->pack, at); /* by the installed version */
        if (row_bool(at, CHECK_REQUIRED) && !dropped && !list_names_have(&listed, need.name, NOTHING)) {
            rc = give(w, &need, "check-of-pack", err);
        }
    }
    state_rows_close(rows);
    list_names_done(&listed);
    return rc == 1 ? 0 : rc;
}

static int give_route(struct walk *w, struct need *need, struct err *err) {
    struct row row;
    bool there;
    if (w->only_required && !need->required) {
        readiness_init(&w->found);
        need->found = &w->found;
        return w->each(w->ctx, need, err);
    }
    int rc = look_judged(w->view, "routes", &need->name, 1, &row, &there, err);
    need->row = rc == 0 && there ? &row : NULL;
    if (rc == 0) rc = give(w, need, "route", err);
    row_done(&row);
    return rc;
}

/* Routes that name the pack as theirs and say that they are required. */
static int take_declared_routes(struct walk *w, struct err *err) {
    const struct bytes pack = row_text(w->pack, PACK_NAME);
    struct state_rows *rows = NULL;
    const struct row *at;
    struct list_names listed;
    int rc = list_names_of(row_list(w->pack, PACK_ROUTES), "name", "route", NULL, &listed, err);
    if (rc == 0) rc = look_rows(w->view, "route_packs", &pack, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &at, err)) == 0) {
        struct need need = {.sort = NEED_OF_ROUTE, .name = row_text(at, ROUTE_PACK_ROUTE)};
        bool there, removed;
        struct row route;
        if (list_names_have(&listed, need.name, NOTHING)) continue;
        rc = look_stored(w->view, "routes", &need.name, 1, &route, &there, err);
        removed = rc != 0 || !there || row_is(&route, ROUTE_STEP, "removed");
        need.required = !removed && row_bool(&route, ROUTE_REQUIRED);
        row_done(&route);
        if (!removed) rc = give_route(w, &need, err);
    }
    state_rows_close(rows);
    list_names_done(&listed);
    return rc == 1 ? 0 : rc;
}

static int take_routes(struct walk *w, struct err *err) {
    struct list list;
    struct bytes item;
    int rc = 0;
    list_open(&list, row_list(w->pack, PACK_ROUTES));
    while (rc == 0 && list_next(&list, &item)) {
        struct need need = {.sort = NEED_OF_ROUTE, .name = bytes_of("?"), .required = is_required(item)};
        if (!list_name(item, "name", &need.name)) {
            list_name(item, "route", &need.name);
        }
        rc = give_route(w, &need, err);
    }
    if (rc == 0) rc = take_declared_routes(w, err);
    return rc;
}

/* Where models are looked for. */
static int find_endpoint(struct walk *w, struct buf *out, struct err *err) {
    const struct bytes ollama = bytes_of("ollama");
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(w->view, "runtimes", &ollama, 1, &rows, err);
    while (rc == 0 && out->n == 0 && (rc = look_next(rows, &row, err)) == 0) {
        buf_put_bytes(out, named_text(row, "endpoint"));
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static int take_models(struct walk *w, struct err *err) {
    struct list list;
    struct bytes item;
    struct buf endpoint = {.max = 4 * ROW_TEXT_MAX};
    int rc = row_has(w->pack, PACK_MODELS) ? find_endpoint(w, &endpoint, err) : 0;
    list_open(&list, row_list(w->pack, PACK_MODELS));
    while (rc == 0 && list_next(&list, &item)) {
        struct need need = {.sort = NEED_OF_MODEL, .required = is_required(item), .endpoint = bytes_of_buf(&endpoint)};
        struct row row;
        bool there = false;
        list_text(item, "role", &need.role);
        list_name(item, "digest", &need.name);
        rc = look_judged(w->view, "models", &need.name, 1, &row, &there, err);
        need.row = there ? &row : NULL;
        if (rc == 0) rc = give(w, &need, "model", err);
        row_done(&row);
    }
    buf_done(&endpoint);
    return rc;
}

static int take_requirements(struct walk *w, struct err *err) {
    struct list list;
    struct bytes item;
    int rc = 0;
    list_open(&list, row_list(w->pack, PACK_REQUIRES));
    while (rc == 0 && list_next(&list, &item)) {
        struct requirement requirement;
        struct need need = {.sort = NEED_OF_REQUIREMENT, .required = true, .requirement = &requirement};
        rc = requires_judge(w->view, item, &requirement, err);
        need.name = requirement.name.n > 0 ? requirement.name : requirement.sort;
        if (rc == 0) rc = give(w, &need, bytes_is(requirement.sort, "pack") ? "pack" : "requirement", err);
    }
    return rc;
}

int needs_walk(struct state_view *view, const struct row *pack, unsigned sorts, need_fn *each, void *ctx, struct err *err) {
    static int (*const take[NEED_SORTS])(struct walk * w, struct err * err) = {[NEED_OF_PERMISSION] = take_permissions,
                                                                               [NEED_OF_CHECK] = take_checks,
                                                                               [NEED_OF_ROUTE] = take_routes,
                                                                               [NEED_OF_MODEL] = take_models,
                                                                               [NEED_OF_REQUIREMENT] = take_requirements};
    struct walk w = {
        .view = view, .pack = pack, .only_required = (sorts & NEED_ONLY_REQUIRED) != 0, .each = each, .ctx = ctx};
    int rc = 0;
    buf_init(&w.about, 4 * ROW_TEXT_MAX);
    for (unsigned i = 0; i < NEED_SORTS && rc == 0; i++) {
        rc = (sorts & NEED_OF(i)) != 0 ? take[i](&w, err) : 0;
    }
    buf_done(&w.about);
    return rc;
}
