/* Judged in the order in which a person asks: may it be at all, what does the machine lack, what must be granted, what is not
 * proven, and what an upgrade changes (changes.c). */
#include "packs/life/assess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "packs/life/changes.h"
#include "packs/life/facts.h"
#include "projections/permissions/permitted.h"
#include "projections/ready/models.h"
#include "projections/ready/pack.h"
#include "projections/ready/routes.h"
#include "projections/view/look.h"

#define T(text) (int)(text).n, (text).n > 0 ? (const char *)(text).p : ""

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static void put_fault(void *ctx, const char *path, const char *what) {
    struct plan *plan = ctx;
    const struct yaml_place whole = {0};
    finding_put(&plan->found, path[0] != '\0' ? path : ".", whole, false, "%s", what);
}

static void judge_signature(struct plan *plan, const struct plan_options *o) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    const struct sign_claim claim = {pack->name, pack->version, pack->publisher, content_digest(plan->tree)};
    size_t key = 0;
    plan->signature = sign_check(content_kept(plan->tree, CONTENT_SIGNATURE), &claim, o->keys, o->n_keys, &key);
    plan->signer = plan->signature == SIGN_GOOD ? o->keys[key].name : NULL;
    if (plan->signer != NULL) {
        sign_key_id(plan->signer_key, o->keys[key].id);
    }
    sign_claimed(content_kept(plan->tree, CONTENT_SIGNATURE), plan->claimed);
}

int assess_read(struct plan *plan, const struct plan_options *o, struct err *err) {
    int rc = content_read(o->from, NULL, put_fault, plan, &plan->tree, err);
    if (rc == 0) rc = manifest_load(plan->tree, &plan->found, &plan->manifest, err);
    if (rc == 0) {
        depot_digest_text(plan->digest, plan->manifest->digest);
        depot_digest_text(plan->tree_digest, content_digest(plan->tree));
        judge_signature(plan, o);
    }
    finding_sort(&plan->found);
    return rc;
}

/* ---- may it be? ------------------------------------------------------------------------------------------------------- */

static int judge_publisher(struct plan *plan, const struct plan_options *o, struct err *err) {
    struct bytes publisher = plan->manifest->pack.publisher;
    switch (plan->signature) {
    case SIGN_OTHER:
    case SIGN_BAD:
    case SIGN_BROKEN:
        return life_plan_say(plan, PLAN_REFUSED, err, "the signature is wrong: %s", sign_verdict_name(plan->signature));
    case SIGN_ABSENT:
    case SIGN_UNKNOWN:
        if (!o->must_sign) return 0;
        return life_plan_say(plan, PLAN_REFUSED, err, "no named key of the publisher '%.*s' signed it", T(publisher));
    default:
        return 0;
    }
}

/* Would these files be those that were installed? */
static bool is_restorable(const struct plan *plan) {
    char words[COMPARE_WORDS];
    struct compare_want want;
    return installed_want(&plan->row, &want) && compare_tree(plan->tree, &want, words);
}

static int judge_same_version(struct plan *plan, const struct plan_options *o, struct err *err) {
    char words[STATE_FILES_WORDS];
    struct installed_look look = {o->ledger_dir, COMPARE_BYTES};
    struct bytes tree = row_text(&plan->row, PACK_TREE_DIGEST), version = row_text(&plan->row, PACK_VERSION);
    uint64_t seq = (uint64_t)row_int(&plan->row, PACK_VERSION_SEQ);
    if (bytes_is(tree, plan->tree_digest)) {
        bool changed = installed_files(&look, &plan->row, words);
        if (changed && !is_restorable(plan)) {
            return life_plan_say(
                plan, PLAN_REFUSED, err,
                "%s; this directory has another pack.sig than was installed: restore it from one that has the "
                "same, or remove the pack first",
                words);
        }
        plan->action = changed ? PLAN_RESTORE : PLAN_NOTHING;
        return changed ? life_plan_say(plan, PLAN_CHANGED, err, "%s", words)
                       : life_plan_say(plan, PLAN_NOTED, err, "it is installed already, by event %llu",
                                       (unsigned long long)seq);
    }
    return life_plan_say(
        plan, PLAN_REFUSED, err,
        "version %.*s is installed with other content (%.*s, event %llu): change the version, or remove it first",
        T(version), T(tree), (unsigned long long)seq);
}

static int judge_version(struct plan *plan, const struct plan_options *o, struct err *err) {
    struct bytes name = plan->manifest->pack.name, new = plan->manifest->pack.version,
                 old = row_text(&plan->row, PACK_VERSION);
    if (!installed_is(&plan->row)) {
        plan->action = PLAN_INSTALL;
        return o->upgrade ? life_plan_say(plan, PLAN_REFUSED, err, "pack '%.*s' is not installed", T(name)) : 0;
    }
    plan->action = PLAN_UPGRADE;
    bool comparable = version_fault(VERSION_SEMVER, old) == NULL;
    int order = comparable ? version_cmp(VERSION_SEMVER, new, old) : 1;
    if (comparable && order == 0) return judge_same_version(plan, o, err);
    if (!o->upgrade) {
        return life_plan_say(plan, PLAN_REFUSED, err,
                             "version %.*s is installed (event %lld): 'ledger pack upgrade' changes it to %.*s", T(old),
                             (long long)row_int(&plan->row, PACK_VERSION_SEQ), T(new));
    }
    if (order < 0 && !o->downgrade) {
        return life_plan_say(plan, PLAN_REFUSED, err,
                             "version %.*s is installed, and %.*s is older: --downgrade accepts that", T(old), T(new));
    }
    return 0;
}

static int judge_peers(struct plan *plan, const struct plan_options *o, struct state_view *view, struct err *err) {
    struct peers peers = {0};
    struct buf said = {.max = 65536};
    bool agree = false;
    int rc = peers_read(view, o->ledger_dir, plan->manifest->pack.name, &peers, err);
    if (rc == 0) rc = peers_propose(&peers, plan->manifest, err);
    if (rc == 0) rc = peers_agree(&peers, &agree, &said, err);
    if (rc == 0) rc = life_plan_say(plan, agree ? PLAN_CHOSEN : PLAN_REFUSED, err, "%.*s", T(bytes_of_buf(&said)));
    if (rc == 0 && peers.unread.n > 0) {
        rc = life_plan_say(plan, PLAN_NOTED, err, "what these require is not known: %.*s", T(bytes_of_buf(&peers.unread)));
    }
    buf_done(&said);
    peers_done(&peers);
    return rc;
}

/* Routes have one name for the whole machine. */
static int judge_owner(struct plan *plan, const struct manifest_route *route, const struct row *row, struct err *err) {
    struct bytes owner = row_text(row, ROUTE_PACK);
    if (owner.n == 0 || bytes_eq(owner, plan->manifest->pack.name) || row_is(row, ROUTE_STATE, "removed")) return 0;
    return life_plan_say(plan, PLAN_REFUSED, err,
                         "route '%.*s' belongs to pack '%.*s' (event %lld), and a box has one route of a name: call it "
                         "'%.*s-%.*s' in the manifest, or remove pack '%.*s' first",
                         T(route->name), T(owner), (long long)row_int(row, ROUTE_DECLARED_SEQ),
                         T(plan->manifest->pack.name), T(route->name), T(owner));
}

/* ---- what is missing, unproven, open ---------------------------------------------------------------------------------- */

static int say_lines(struct plan *plan, enum plan_sort sort, struct bytes lines, struct err *err) {
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < lines.n;) {
        const uint8_t *lf = memchr(lines.p + at, '\n', lines.n - at);
        size_t n = (size_t)(lf - (lines.p + at));
        rc = life_plan_say(plan, sort, err, "%.*s", (int)n, (const char *)lines.p + at);
        at += n + 1;
    }
    return rc;
}

static int judge_machine(struct plan *plan, const struct plan_options *o, struct state_view *view, struct err *err) {
    struct facts facts;
    struct buf lacks = {.max = (size_t)1 << 20}, unsure = {.max = (size_t)1 << 20};
    int rc = facts_read(view, &plan->manifest->pack, o->from, o->dpkg_dir, &facts, err);
    if (rc == 0) rc = peers_lack(&plan->manifest->pack, &facts.resolve, &lacks, &unsure, err);
    if (rc == 0) rc = say_lines(plan, PLAN_MISSING, bytes_of_buf(&lacks), err);
    if (rc == 0) rc = say_lines(plan, PLAN_UNKNOWN, bytes_of_buf(&unsure), err);
    buf_done(&lacks);
    buf_done(&unsure);
    facts_done(&facts);
    return rc;
}

static int is_there(struct state_view *view, const char *table, struct bytes key, size_t column, bool *ret,
                    struct err *err) {
    struct row row;
    int rc = look_judged(view, table, &key, 1, &row, ret, err);
    *ret = rc == 0 && *ret &&
           (column == KNOWN_LEADS ? row_int(&row, column) > 0
                                  : row_is(&row, column, "present") || row_is(&row, column, "loaded"));
    row_done(&row);
    return rc;
}

static int judge_model(struct plan *plan, const struct manifest_route *route, struct state_view *view, struct err *err) {
    bool there = false;
    struct buf latest = {.max = 8192};
    int rc = 0;
    if (route->digest.n > 0) {
        rc = is_there(view, "models", route->digest, MODEL_STATE, &there, err);
    } else if (route->model.n > 0) {
        buf_put_bytes(&latest, route->model);
        buf_put_str(&latest, ":latest");
        rc = is_there(view, "model_known", route->model, KNOWN_LEADS, &there, err);
        if (rc == 0 && !there) rc = is_there(view, "model_known", bytes_of_buf(&latest), KNOWN_LEADS, &there, err);
    } else {
        there = true; /* any model will do; which one is decided for each run */
    }
    if (rc == 0 && !there) {
        rc = life_plan_say(plan, PLAN_MISSING, err, "model '%.*s' of route '%.*s' is not known to be here",
                           T(route->digest.n > 0 ? route->digest : route->model), T(route->name));
    }
    buf_done(&latest);
    return rc;
}

static int judge_route(struct plan *plan, const struct manifest_route *route, struct state_view *view, struct err *err) {
    struct row row;
    bool there = false;
    int rc = look_judged(view, "routes", &route->name, 1, &row, &there, err);
    struct bytes state = rc == 0 && there ? row_text(&row, ROUTE_STATE) : bytes_of("new"),
                 reason = rc == 0 && there ? row_text(&row, ROUTE_REASON) : bytes_of("no evaluation proves it");
    if (rc == 0 && there) rc = judge_owner(plan, route, &row, err);
    if (rc == 0 && !bytes_is(state, "ready")) {
        rc = life_plan_say(plan, PLAN_UNPROVEN, err, "route '%.*s'%s: %.*s%s%.*s", T(route->name),
                           route->required ? "" : ", which is not required", T(state), reason.n > 0 ? ": " : "", T(reason));
    }
    if (rc == 0 && manifest_role(route) == MANIFEST_MODEL) rc = judge_model(plan, route, view, err);
    row_done(&row);
    return rc;
}

static int judge_permission(const struct plan *plan, const struct manifest_permission *asked, struct state_view *view,
                            struct plan_permission *ret, struct err *err) {
    const struct decide_use use = {.group = asked->group, .scope = asked->scope, .tier = asked->tier};
    struct buf who = {.max = 4096};
    struct permitted held;
    buf_put_str(&who, "pack/");
    buf_put_bytes(&who, plan->manifest->pack.name);
    int rc = permitted_ask(view, bytes_of_buf(&who), &use, &held, err);
    buf_done(&who);
    if (rc != 0) return rc;
    *ret = (struct plan_permission){.asked = asked, .held = held.decision.yes, .seq = LOG_NO_SEQ};
    if (ret->held && held.decision.n_evidence > 0) {
        ret->seq = held.decision.evidence[held.decision.n_evidence - 1];
    } else if (!ret->held && held.fault == NULL && held.ground != GROUND_NONE) {
        ret->seq = (uint64_t)held.seq;
    }
    snprintf(ret->words, sizeof(ret->words), "%s%s",
             ret->held                ? "held"
             : held.fault != NULL     ? "its scope "
             : ret->seq == LOG_NO_SEQ ? "not granted"
                                      : held.words,
             !ret->held && held.fault != NULL ? held.fault : "");
    return 0;
}

static int judge_permissions(struct plan *plan, struct state_view *view, struct err *err) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    int rc = 0;
    plan->permissions = calloc(pack->permissions.n + 1, sizeof(plan->permissions[0]));
    if (plan->permissions == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < pack->permissions.n; i++) {
        rc = judge_permission(plan, &pack->permissions.items[i], view, &plan->permissions[i], err);
        plan->n_permissions += rc == 0;
    }
    return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static int by_sort(const void *a, const void *b) {
    const struct plan_line *one = a, *two = b;
    return one->sort != two->sort ? (one->sort < two->sort ? -1 : 1) : strcmp(one->text, two->text);
}

static int judge_plan_before(struct plan *plan, struct err *err) {
    if (!installed_is_planned(&plan->row)) return 0;
    plan->resumes = row_is(&plan->row, PACK_PLANNED_TREE_DIGEST, plan->tree_digest);
    return life_plan_say(plan, PLAN_NOTED, err, "%s of %.*s, planned by event %lld, did not end: it is %s",
                         installed_is(&plan->row) ? "an upgrade" : "an installation",
                         T(row_text(&plan->row, PACK_PLANNED_VERSION)), (long long)row_int(&plan->row, PACK_PLANNED_SEQ),
                         plan->resumes ? "resumed" : "given up");
}

int assess_judge(struct plan *plan, const struct plan_options *o, struct state_view *view, struct err *err) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    row_done(&plan->row);
    int rc = look_stored(view, "packs", &pack->name, 1, &plan->row, NULL, err);
    if (rc == 0) rc = judge_publisher(plan, o, err);
    if (rc == 0) rc = judge_version(plan, o, err);
    if (rc == 0) rc = judge_plan_before(plan, err);
    if (rc == 0) rc = judge_peers(plan, o, view, err);
    if (rc == 0) rc = judge_machine(plan, o, view, err);
    for (size_t i = 0; rc == 0 && i < pack->routes.n; i++) {
        rc = judge_route(plan, &pack->routes.items[i], view, err);
    }
    if (rc == 0) rc = judge_permissions(plan, view, err);
    if (rc == 0 && plan->action == PLAN_UPGRADE) rc = changes_say(plan, o->ledger_dir, o->must_sign, err);
    if (plan->n_lines > 0) {
        qsort(plan->lines, plan->n_lines, sizeof(plan->lines[0]), by_sort);
    }
    return rc;
}
