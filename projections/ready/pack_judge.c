/* The state of a pack: its needs are checked (needs.c), then the rules of readiness_pack.def; the first whose condition
 * holds gives the state, and all findings are named. */
#include "projections/ready/pack.h"

#include <string.h>

#include "projections/permissions/row.h"
#include "projections/ready/needs.h"
#include "projections/ready/routes.h"

struct judging {
    struct state_view *view;
    const struct row *pack;
    struct reason cite;              /* events that were read */
    struct reason blocks;            /* what blocks it, in words */
    struct reason optional;          /* optional permissions that were refused */
    struct reason routes;            /* routes that are not ready */
    size_t required, ready, limited; /* required routes: all, ready ones, proven ones that are not ready */
    bool asks;                       /* it is known what it needs */
    struct readiness found;          /* about the pack as a whole */
    struct list_out missing;
};

static bool lists(const struct row *row) {
    return row_has(row, PACK_PERMISSIONS) || row_has(row, PACK_ROUTES) || row_has(row, PACK_MODELS) ||
           row_has(row, PACK_CHECK_LIST) || row_has(row, PACK_SUITES);
}

static void add_words(struct reason *reason, const char *words) {
    reason_say(reason, "%s%s", reason->n > 0 ? "; " : "", words);
}

/* ---- its needs ---- */

static void take_permission(struct judging *j, const struct need *n, bool unmet) {
    struct reason since;
    reason_init(&since);
    if (n->row != NULL) {
        reason_cite_cell(&since, n->row, PERMISSIONS_BASE + FOLD_SINCE_SEQ, PERMISSIONS_BASE + FOLD_SINCE);
    }
    for (size_t i = 0; (n->held.decision.yes || n->required || unmet) && i < n->held.decision.n_evidence; i++) {
        reason_cite(&j->cite, n->held.decision.evidence[i],
                    n->held.decision.evidence[i] == since.newest ? since.newest_at : 0);
    }
}

static void take_route(struct judging *j, const struct need *n, bool unmet) {
    bool proven = n->row != NULL && row_has(n->row, ROUTE_PROOF);
    if (!n->required) return;
    j->required++;
    j->ready += !unmet;
    j->limited += unmet && proven;
    if (n->row != NULL) {
        reason_cite_row(&j->cite, n->row, ROUTE_BASE);
    }
}

static int take_need(void *ctx, struct need *n, struct err *err) {
    struct judging *j = ctx;
    enum readiness_id id = READINESS_RULES;
    bool unmet = need_is_unmet(n, &id);
    (void)err;
    j->asks = j->asks || n->required || n->sort != NEED_OF_CHECK;
    if (n->sort == NEED_OF_PERMISSION) {
        take_permission(j, n, unmet);
    } else if (n->sort == NEED_OF_ROUTE) {
        take_route(j, n, unmet);
    } else if (n->requirement != NULL) {
        reason_cite_all(&j->cite, &n->requirement->reason);
    } else if (n->row != NULL && n->required) {
        reason_cite_cell(&j->cite, n->row, CHECK_SEQ, CHECK_AT);
    }
    if (unmet && readiness_rules[id].outcome != READINESS_NOTED) {
        add_words(readiness_rules[id].outcome == READINESS_BLOCKED ? &j->blocks
                  : n->sort == NEED_OF_ROUTE                       ? &j->routes
                                                                   : &j->optional,
                  n->found->found[0].words);
        need_list(n, &j->missing);
    }
    return 0;
}

/* ---- the conditions of readiness_pack.def ---- */

static bool has_plan(struct judging *j) {
    if (!row_has(j->pack, PACK_PLANNED_SEQ)) return false;
    struct bytes version = row_text(j->pack, PACK_PLANNED_VERSION);
    readiness_say(&j->found, "planned", "%.*s", REASON_NAME(version.n > 0 ? version : bytes_of("an unknown version")));
    readiness_say(&j->found, "plan", "%lld", (long long)row_int(j->pack, PACK_PLANNED_SEQ));
    reason_cite_cell(&j->cite, j->pack, PACK_PLANNED_SEQ, PACK_PLANNED_AT);
    return true;
}

static bool is_installed(const struct row *pack) {
    return row_has(pack, PACK_STEP) && !row_is(pack, PACK_STEP, "removed");
}

static bool is_incomplete(struct judging *j) {
    return !is_installed(j->pack) && has_plan(j);
}

static bool is_upgrading(struct judging *j) {
    return has_plan(j);
}

bool pack_is_changed(struct state_view *view, const struct row *pack, char ret[STATE_FILES_WORDS]) {
    return is_installed(pack) && row_has(pack, PACK_TREE_DIGEST) && state_pack_files(view, pack, ret);
}

static bool has_changed(struct judging *j) {
    char words[STATE_FILES_WORDS];
    bool changed = pack_is_changed(j->view, j->pack, words);
    if (changed) {
        readiness_say(&j->found, "changed", "%s", words);
    }
    return changed;
}

static bool was_never_installed(struct judging *j) {
    return !row_has(j->pack, PACK_STEP);
}

static bool is_step(struct judging *j, const char *step) {
    struct bytes why = row_text(j->pack, PACK_WHY);
    readiness_say(&j->found, "why", "%s%.*s", why.n > 0 ? ": " : "", REASON_NAME(why));
    return row_is(j->pack, PACK_STEP, step);
}

static bool is_removed(struct judging *j) {
    return is_step(j, "removed");
}

static bool is_parked(struct judging *j) {
    return is_step(j, "parked");
}

static bool has_cut_list(struct judging *j) {
    readiness_say(&j->found, "list", "%.*s", REASON_NAME(row_text(j->pack, PACK_CUT)));
    return row_has(j->pack, PACK_CUT);
}

static bool is_blocked(struct judging *j) {
    return j->blocks.n > 0;
}

static bool says_nothing(struct judging *j) {
    return !lists(j->pack) && !j->asks;
}

static bool has_nothing_proven(struct judging *j) {
    if (j->required == 1) {
        readiness_say(&j->found, "none", "its required route is not proven");
    } else {
        readiness_say(&j->found, "none", "none of its %zu required routes is proven", j->required);
    }
    return j->required > 0 && j->ready + j->limited == 0;
}

static bool has_unready_routes(struct judging *j) {
    if (j->required == 1) {
        readiness_say(&j->found, "some", "its required route is not ready");
    } else {
        readiness_say(&j->found, "some", "%zu of %zu required routes %s ready", j->ready, j->required,
                      j->ready == 1 ? "is" : "are");
    }
    return j->ready < j->required && j->ready + j->limited > 0;
}

static bool lacks_optional(struct judging *j) {
    return j->optional.n > 0;
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct judging *j);
} rules[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_pack.def"
#undef RULE
};

/* ---- the walk ---- */

static bool put_fact(void *ctx, const char *name, struct buf *out) {
    const struct judging *j = ctx;
    bool pack = strcmp(name, "pack") == 0;
    if (pack) {
        readiness_put_word(out, row_text(j->pack, PACK_NAME));
    }
    return pack;
}

/* The words of the needs replace those of the rule that sums them up. */
static void tell(struct judging *j, enum readiness_id id, struct reason *words) {
    const struct reason *needs = id == READINESS_PACK_BLOCKED                                ? &j->blocks
                                 : id == READINESS_PACK_DEMO || id == READINESS_PACK_PARTIAL ? &j->routes
                                 : id == READINESS_PACK_OPTIONAL                             ? &j->optional
                                                                                             : NULL;
    if (readiness_rules[id].words[0] != '\0') {
        readiness_add(&j->found, id);
        add_words(words, j->found.found[j->found.n - 1].words);
    }
    if (needs != NULL && needs->n > 0) {
        add_words(words, needs->words);
    }
}

/* A pack that is not installed, or parked, is not checked further. */
static bool is_last(enum readiness_id id) {
    return id == READINESS_PACK_INCOMPLETE || id == READINESS_PACK_NEVER || id == READINESS_PACK_REMOVED ||
           id == READINESS_PACK_PARKED;
}

static int walk(struct judging *j, struct row *row, struct err *err) {
    enum readiness_id first = READINESS_RULES;
    struct reason words;
    struct buf about = {.max = 4 * ROW_TEXT_MAX};
    int rc = 0;
    bool over = false, asked = false;
    reason_init(&words);
    for (size_t i = 0; rc == 0 && !over && i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!asked && !is_last(rules[i].id)) {
            asked = true;
            reason_cite_cell(&j->cite, row, PACK_VERSION_SEQ, PACK_VERSION_AT);
            rc = needs_walk(j->view, row,
                            NEED_OF(NEED_OF_PERMISSION) | NEED_OF(NEED_OF_CHECK) | NEED_OF(NEED_OF_ROUTE) |
                                NEED_OF(NEED_OF_REQUIREMENT) | NEED_ONLY_REQUIRED,
                            take_need, j, err);
        }
        if (rc == 0 && rules[i].unmet(j)) {
            first = first == READINESS_RULES ? rules[i].id : first;
            tell(j, rules[i].id, &words);
            over = is_last(rules[i].id);
        }
    }
    buf_put_str(&about, "pack/");
    buf_put_bytes(&about, row_text(row, PACK_NAME));
    readiness_list(&j->found, bytes_of_buf(&about), put_fact, j, &j->missing);
    buf_done(&about);
    row_set_str(row, PACK_STATE, first == READINESS_RULES ? "ready" : readiness_state(readiness_rules[first].outcome));
    row_set_str(row, PACK_REASON, words.n > 0 ? words.words : NULL);
    return rc;
}

int pack_judge(struct state_view *view, struct row *row, struct err *err) {
    struct judging j = {.view = view, .pack = row};
    list_out_init(&j.missing);
    int rc = walk(&j, row, err);
    if (rc == 0) rc = list_out_set(&j.missing, row, PACK_MISSING, err);
    if (rc == 0) {
        reason_give(&j.cite, row, PACK_BASE);
    }
    list_out_done(&j.missing);
    return rc;
}
