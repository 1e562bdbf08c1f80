/* Grounds are ordered by how much it takes to remedy them: raise a tier, name a session, renew a grant that has ended. */
#include "projections/permissions/ground.h"

#include <string.h>

#include "ledger/kinds/scope.h"
#include "ledger/kinds/tool_rule.h"
#include "projections/permissions/row.h"

void permission_holders_of(struct bytes who, struct permission_holders *ret) {
    const size_t prefix = sizeof("tool/") - 1;
    struct bytes server = {0};
    ret->who[0] = who;
    ret->n = 1;
    if (bytes_has_prefix(who, "tool/")) {
        server = tool_rule_server((struct bytes){who.p + prefix, who.n - prefix});
    }
    if (server.n > 0 && server.n < sizeof(ret->text) - sizeof("server/")) {
        memcpy(ret->text, "server/", sizeof("server/") - 1);
        memcpy(ret->text + sizeof("server/") - 1, server.p, server.n);
        ret->who[ret->n++] = (struct bytes){(const uint8_t *)ret->text, sizeof("server/") - 1 + server.n};
    }
}

enum permission_ground permission_ground(const struct row *row, bool over, const struct permission_limits *limits) {
    static const enum permission_ground up_to[] = {GROUND_T0, GROUND_T1, GROUND_T2};
    int mine = scope_tier(row_text(row, PERMISSIONS_TIER));
    if (over) return GROUND_OVER;
    if (limits->call && row_is(row, PERMISSIONS_LIFETIME, "once")) return GROUND_ONCE;
    if (limits->of_session && permissions_session_lack(row, limits->session, limits->run) != NULL) {
        return GROUND_SESSION;
    }
    mine = mine == TIER_UNKNOWN ? 0 : mine;
    return mine < limits->tier ? up_to[mine] : GROUND_HOLDS;
}

const char *permission_ground_words(const struct row *row, enum permission_ground ground,
                                    const struct permission_limits *limits) {
    static const char *const up_to[] = {[GROUND_T2] = "granted only up to T2",
                                        [GROUND_T1] = "granted only up to T1",
                                        [GROUND_T0] = "granted only up to T0"};
    switch (ground) {
    case GROUND_HOLDS:
        return "granted";
    case GROUND_REFUSES:
        return row_is(row, PERMISSIONS_REFUSAL, "denied") ? "denied" : "revoked";
    case GROUND_T2:
    case GROUND_T1:
    case GROUND_T0:
        return scope_tier(row_text(row, PERMISSIONS_TIER)) == TIER_UNKNOWN ? "granted without a tier, which reaches T0"
                                                                           : up_to[ground];
    case GROUND_SESSION:
        return permissions_session_lack(row, limits->session, limits->run);
    case GROUND_ONCE:
        return "granted once, which a permission.used takes and a call does not";
    case GROUND_OVER:
        return permissions_is_endless_by_mistake(row) ? "granted until a time that nobody named" : "expired";
    case GROUND_HIDDEN:
        return "granted, but for a scope that is not known";
    case GROUND_ASKED:
        return "requested, not granted";
    default:
        return "nobody granted it";
    }
}

enum permission_ground permission_ground_pick(const int64_t seqs[GROUNDS]) {
    if (seqs[GROUND_HOLDS] > seqs[GROUND_REFUSES]) return GROUND_HOLDS;
    for (enum permission_ground g = GROUND_T2; g <= GROUND_OVER; g++) {
        if (seqs[g] > seqs[GROUND_REFUSES]) return g;
    }
    for (enum permission_ground g = GROUND_REFUSES; g < GROUNDS; g += g == GROUND_REFUSES ? GROUND_HIDDEN - g : 1) {
        if (seqs[g] >= 0) return g;
    }
    return GROUND_NONE;
}
