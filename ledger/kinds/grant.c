/* A field that is left out has a meaning (everything, for ever). Null has none, nor does an empty session name, and a fold
 * that took either for "left out" would widen what was meant to be limited. Not everything is known about an agent's
 * answer, so it may lack the session. */
#include "ledger/kinds/grant.h"

#include "base/mp.h"
#include "base/secret/secret.h"
#include "ledger/kinds/scope.h"

static bool find(struct bytes body, const char *name, struct mp_item *ret) {
    struct bytes raw;
    return mp_map_get(body, name, &raw) == 0 && mp_scalar(raw, ret) == 0;
}

static struct bytes text_of(struct bytes body, const char *name) {
    struct mp_item item;
    return find(body, name, &item) && item.type == MP_STR ? item.data : (struct bytes){0};
}

static int check_known(struct bytes body, struct err *err) {
    static const struct {
        const char *field, *without;
    } limits[] = {{"scope", "everything is reached"},
                  {"expires", "it does not end by itself"},
                  {"lifetime", "it holds until it is taken back"},
                  {"session", "it holds in all of them"}};
    struct mp_item item;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (find(body, limits[i].field, &item) && item.type == MP_NIL) {
            return err_set(
                err, ERR_INVALID,
                "field '%s' is null, so nobody could tell what is permitted; expected: a value, or no such field "
                "(%s)",
                limits[i].field, limits[i].without);
        }
    }
    if (find(body, "session", &item) && item.type == MP_STR && item.data.n == 0) {
        return err_set(err, ERR_INVALID,
                       "field 'session' is empty and names no session: leave it out where it holds in all of them");
    }
    return 0;
}

static int check_end(const struct log_draft *draft, struct bytes body, struct err *err) {
    struct bytes lifetime = text_of(body, "lifetime");
    struct mp_item item;
    if (bytes_is(lifetime, "until") && !find(body, "expires", &item)) {
        return err_set(err, ERR_INVALID, "field 'lifetime' is 'until' and field 'expires' is missing: until when");
    }
    if (bytes_is(lifetime, "session") && bytes_is(draft->kind, "permission.granted") && text_of(body, "session").n == 0 &&
        draft->run.n == 0) {
        return err_set(
            err, ERR_INVALID,
            "field 'lifetime' is 'session' and field 'session' is missing, nor is there a run: in which session");
    }
    return 0;
}

static int check_scope(struct bytes body, struct err *err) {
    struct bytes group = text_of(body, "group"), scope = text_of(body, "scope");
    const char *fault = scope_fault(group, scope);
    return fault == NULL ? 0
                         : err_set(err, ERR_INVALID, "field 'scope' is '%s': a %s that %s; no use has that form",
                                   SECRET_SHOWN(scope), scope_form_name(scope_form_of(group)), fault);
}

static int check_count(struct bytes body, struct err *err) {
    struct mp_item item;
    bool there = find(body, "count", &item);
    bool fits = !there || item.type == MP_NIL || (item.type == MP_UINT && item.uint >= 1 && item.uint <= GRANT_COUNT_MAX);
    return fits ? 0 : err_set(err, ERR_INVALID, "field 'count' is out of range (expected 1 to %d)", GRANT_COUNT_MAX);
}

int grant_check(const struct log_draft *draft, struct bytes body, struct err *err) {
    bool answer = bytes_is(draft->kind, "permission.decided");
    if (bytes_is(draft->kind, "permission.used")) return check_count(body, err);
    if (!answer && !bytes_is(draft->kind, "permission.granted") && !bytes_is(draft->kind, "permission.denied") &&
        !bytes_is(draft->kind, "permission.revoked")) {
        return 0;
    }
    int rc = check_known(body, err);
    if (rc == 0) rc = check_end(draft, body, err);
    if (rc == 0 && !answer) rc = check_scope(body, err);
    return rc;
}

static bool is_refusal(struct bytes kind) {
    return bytes_is(kind, "permission.denied") || bytes_is(kind, "permission.revoked");
}

static const char *const limits_of_grants[] = {"session", "lifetime", "expires"};

bool grant_is_idle(struct bytes kind, struct bytes field) {
    bool is = false;
    for (size_t i = 0; i < sizeof(limits_of_grants) / sizeof(limits_of_grants[0]) && is_refusal(kind); i++) {
        is = is || bytes_is(field, limits_of_grants[i]);
    }
    return is;
}

int grant_check_typed(const struct log_draft *draft, struct err *err) {
    struct mp_item item;
    if (bytes_is(draft->kind, "permission.decided")) return check_scope(draft->body, err);
    for (size_t i = 0; i < sizeof(limits_of_grants) / sizeof(limits_of_grants[0]) && is_refusal(draft->kind); i++) {
        if (find(draft->body, limits_of_grants[i], &item) || find(draft->private_, limits_of_grants[i], &item)) {
            return err_set(
                err, ERR_INVALID,
                "field '%s' limits nothing here: what is %s stays so until a newer grant; expected: no such field",
                limits_of_grants[i], bytes_is(draft->kind, "permission.denied") ? "denied" : "revoked");
        }
    }
    return 0;
}
