/* The clauses of a pack: judged by its own row, and by those of the permissions, checks, routes and models that its
 * installation names. Required needs weigh more than optional ones. */
#include <stdio.h>

#include "projections/ready/needs.h"
#include "projections/verdict/held.h"

#define WHY_MAX 300 /* of another judge's words */

/* The pack's row, or the finding that it is unknown. */
static bool is_known(struct verdict_case *c) {
    if (c->installed == NULL) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, c->pack, SAY_WITH(OWN_UNKNOWN, message_name("pack", c->pack)));
    }
    return c->installed != NULL;
}

/* ---- its state ---- */

static const struct {
    const char *state;
    enum verdict_state verdict;
    enum message_key plain, why;
} states[] = {
    {"ready", VERDICT_PASS, MESSAGE_OWN_READY, MESSAGE_OWN_READY},
    {"partial", VERDICT_WARN, MESSAGE_OWN_PARTIAL, MESSAGE_OWN_PARTIAL_WHY},
    {"demo-only", VERDICT_WARN, MESSAGE_OWN_DEMO, MESSAGE_OWN_DEMO_WHY},
    {"parked", VERDICT_WARN, MESSAGE_OWN_PARKED, MESSAGE_OWN_PARKED_WHY},
    {"blocked", VERDICT_FAIL, MESSAGE_OWN_BLOCKED, MESSAGE_OWN_BLOCKED_WHY},
    {"incomplete", VERDICT_FAIL, MESSAGE_OWN_INCOMPLETE, MESSAGE_OWN_INCOMPLETE_WHY},
    {"removed", VERDICT_FAIL, MESSAGE_OWN_REMOVED, MESSAGE_OWN_REMOVED_WHY},
};

int verdict_pack_state(struct verdict_case *c, struct err *err) {
    (void)err;
    if (!is_known(c)) return 0;
    struct bytes state = named_text(c->installed, "state"), reason = named_text(c->installed, "reason");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (bytes_is(state, states[i].state)) {
            verdict_found(c, states[i].verdict, c->installed, c->pack,
                          SAY_KEY(reason.n > 0 ? states[i].why : states[i].plain,
                                  message_words("reason", (struct bytes){reason.p, reason_fits(reason, WHY_MAX)})));
            verdict_passes(c, (struct verdict_said){states[i].plain, NULL, 0});
            verdict_command_of(c, c->installed);
            return 0;
        }
    }
    verdict_found(c, VERDICT_UNKNOWN, c->installed, c->pack, SAY(OWN_UNSAID));
    return 0;
}

/* ---- its needs ---- */

/* The severity of a finding: by the pack state that follows, except for what was never checked. */
static enum verdict_state of_need(const struct need *need, enum readiness_id id) {
    bool unknown = id == READINESS_NEED_CHECK_NEVER || id == READINESS_NEED_CHECK_OLD ||
                   id == READINESS_NEED_CHECK_UNCLEAR || id == READINESS_NEED_MODEL_UNTOLD ||
                   (id == READINESS_NEED_CHECK_OPTIONAL && need->row == NULL);
    bool fails = readiness_rules[id].outcome == READINESS_BLOCKED || id == READINESS_NEED_MODEL ||
                 id == READINESS_NEED_ROUTE_UNDECLARED;
    return unknown ? VERDICT_UNKNOWN : fails ? VERDICT_FAIL : VERDICT_WARN;
}

/* Unproven is a warning: the pack may run. A route that does not answer is a failure if the pack requires it. */
static const struct {
    const char *state;
    enum verdict_state required, optional;
} route_states[] = {
    {"ready", VERDICT_PASS, VERDICT_PASS},    {"degraded", VERDICT_WARN, VERDICT_WARN},
    {"declared", VERDICT_WARN, VERDICT_PASS}, {"declared-not-proven", VERDICT_WARN, VERDICT_PASS},
    {"parked", VERDICT_WARN, VERDICT_PASS},   {"offline", VERDICT_FAIL, VERDICT_WARN},
    {"removed", VERDICT_FAIL, VERDICT_PASS},  {"undeclared", VERDICT_WARN, VERDICT_PASS},
};

static enum verdict_state of_route(const struct need *need) {
    for (size_t i = 0; i < sizeof(route_states) / sizeof(route_states[0]); i++) {
        if (named_is(need->row, "state", route_states[i].state)) {
            return need->required ? route_states[i].required : route_states[i].optional;
        }
    }
    return VERDICT_UNKNOWN;
}

static void cite_all(struct verdict_case *c, const struct need *need, enum verdict_state state) {
    for (size_t i = 0; c->state == state && i < need->held.decision.n_evidence; i++) {
        reason_cite(&c->reason, need->held.decision.evidence[i], 0);
    }
}

static void put_command(struct verdict_case *c, const struct need *need) {
    struct buf remedy;
    buf_init(&remedy, sizeof(c->command) - 1);
    need_remedy(need, &remedy);
    snprintf(c->command, sizeof(c->command), "%.*s", remedy.fail == 0 ? (int)remedy.n : 0,
             remedy.n > 0 ? (const char *)remedy.p : "");
    buf_done(&remedy);
}

static int take_need(void *ctx, struct need *need, struct err *err) {
    struct verdict_case *c = ctx;
    enum readiness_id id = READINESS_RULES;
    bool unmet = need_is_unmet(need, &id);
    bool warns = !unmet && need->sort == NEED_OF_CHECK && named_is(need->row, "verdict", "warn");
    bool of_route_ = need->sort == NEED_OF_ROUTE && need->row != NULL;
    enum verdict_state state = of_route_ ? of_route(need) : unmet ? of_need(need, id) : warns ? VERDICT_WARN : VERDICT_PASS;
    (void)err;
    if (unmet) {
        verdict_found_rule(c, state, need->row != NULL ? need->row : c->installed, need->name, need->found);
    } else {
        verdict_found(c, state, need->row, need->name, SAY_WITH(OWN_CHECK_WARNS, message_name("check", need->name)));
    }
    cite_all(c, need, state);
    if (unmet && verdict_leads(c, state)) {
        put_command(c, need);
    }
    return 0;
}

/* False: the pack is unknown, or *ret is an error. */
static bool ask(struct verdict_case *c, enum need_sort sort, int *ret, struct err *err) {
    *ret = is_known(c) ? needs_walk(c->view, c->installed, NEED_OF(sort), take_need, c, err) : 0;
    return *ret == 0 && c->installed != NULL;
}

int verdict_pack_permissions(struct verdict_case *c, struct err *err) {
    int rc;
    if (ask(c, NEED_OF_PERMISSION, &rc, err)) {
        verdict_passes_of(c, MESSAGE_OWN_PERMITTED, MESSAGE_OWN_ASKS_NONE);
    }
    return rc;
}

/* Checks of the pack observed from outside. */
static int each_observation(struct verdict_case *c, const struct row *row, struct err *err) {
    static const struct verdict_help help = {
        MESSAGE_FIRST_MEND, "ledger append doctor.observed -s check/{about} check={about}{target} pack={pack} status=ok"};
    struct bytes check = named_text(row, "check"), status = named_text(row, "status"), target = named_text(row, "target");
    (void)err;
    if (bytes_eq(named_text(row, "pack"), c->pack) && verdict_of_status(row) != VERDICT_STATES &&
        !bytes_is(check, VERDICT_PACK_FILES)) {
        verdict_found(c, verdict_of_status(row), row, check,
                      SAY_WITH(CHECK, message_name("check", check), message_name("status", status)));
        if (verdict_leads(c, verdict_of_status(row))) {
            c->help = &help;
            snprintf(c->more, sizeof(c->more), "%.*s", REASON_PART(target, sizeof(c->more) - 1));
        }
    }
    return 0;
}

int verdict_pack_checks(struct verdict_case *c, struct err *err) {
    int rc;
    if (ask(c, NEED_OF_CHECK, &rc, err)) {
        rc = verdict_each(c, "checks", each_observation, err);
        verdict_passes_of(c, MESSAGE_OWN_CHECKS, MESSAGE_OWN_NO_CHECKS);
    }
    return rc;
}

int verdict_pack_routes(struct verdict_case *c, struct err *err) {
    int rc;
    if (ask(c, NEED_OF_ROUTE, &rc, err)) {
        verdict_passes_of(c, MESSAGE_OWN_ROUTES, MESSAGE_OWN_NO_ROUTES);
    }
    return rc;
}

int verdict_pack_models(struct verdict_case *c, struct err *err) {
    int rc;
    if (ask(c, NEED_OF_MODEL, &rc, err)) {
        verdict_passes_of(c, MESSAGE_OWN_MODELS, MESSAGE_OWN_NO_MODELS);
    }
    return rc;
}
