/* What is asked of a pack: by its own row, and by those of the permissions, checks, routes and models that its installation
 * named. What a pack requires weighs more than what it may do without. */
#include <stdio.h>

#include "projections/doctor.h"
#include "projections/list.h"
#include "projections/permitted.h"

static struct bytes list_of(const struct row *row, const char *column) {
    size_t i = row->table != NULL ? projection_column(row->table, column) : SIZE_MAX;
    return i != SIZE_MAX && row->cells[i].type == CELL_LIST ? row->cells[i].text : (struct bytes){0};
}

/* The pack's row, or the finding that it is not known. */
static bool is_known(struct doctor_case *c) {
    if (c->installed == NULL) {
        doctor_found(c, DOCTOR_UNKNOWN, NULL, c->pack, "nothing is known of %.*s", REASON_NAME(c->pack));
    }
    return c->installed != NULL;
}

/* Without the word, what is named is required. */
static bool is_required(struct bytes item) {
    bool required = true;
    list_bool(item, "required", &required);
    return required;
}

/* ---- its state ---- */

static const struct {
    const char *state;
    enum doctor_state verdict;
    const char *words, *remedy;
} states[] = {
    {"ready", DOCTOR_PASS, "it is ready", NULL},
    {"partial", DOCTOR_WARN, "a part of it is ready", NULL},
    {"demo-only", DOCTOR_WARN, "it may run, and nothing of it is proven", NULL},
    {"parked", DOCTOR_WARN, "it was set aside", "ledger append pack.unparked -s pack/& pack=&"},
    {"blocked", DOCTOR_FAIL, "it is blocked", NULL},
    {"removed", DOCTOR_FAIL, "it was removed", NULL},
};

int doctor_pack_state(struct doctor_case *c, struct err *err) {
    (void)err;
    if (!is_known(c)) {
        return 0;
    }
    struct bytes state = doctor_text(c->installed, "state"), reason = doctor_text(c->installed, "reason");
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (bytes_is(state, states[i].state)) {
            doctor_found(c, states[i].verdict, c->installed, c->pack, "%s%s%.*s", states[i].words, reason.n > 0 ? ": " : "",
                         DOCTOR_WORDS(reason));
            doctor_passes(c, "%s", states[i].words);
            c->remedy = states[i].remedy;
            return 0;
        }
    }
    doctor_found(c, DOCTOR_UNKNOWN, c->installed, c->pack, "only its installation is known");
    return 0;
}

/* ---- permissions ---- */

static void cite_all(struct doctor_case *c, const struct decision *decision, enum doctor_state state) {
    for (size_t i = 0; c->state == state && i < decision->n_evidence; i++) {
        reason_cite(&c->reason, decision->evidence[i], 0);
    }
}

static int take_permission(struct doctor_case *c, struct permitted *permitted, struct bytes item, struct err *err) {
    struct bytes group, scope = {0}, tier = {0};
    struct decision decision = {0};
    struct row row;
    bool there = false;
    if (!list_name(item, "group", &group)) {
        return 0;
    }
    list_text(item, "scope", &scope);
    list_text(item, "tier", &tier);
    const struct decide_use use = {.group = group, .scope = scope, .tier = tier};
    const struct bytes key[3] = {permitted->who, group, scope};
    int rc = doctor_look(c, "permissions", key, 3, &row, &there, err);
    rc = rc != 0 ? rc : permitted_ask(permitted, &use, &decision, err);
    if (rc == 0) {
        struct bytes said = there ? doctor_text(&row, "state") : (struct bytes){0};
        bool refused = bytes_is(said, "denied") || bytes_is(said, "revoked") || bytes_is(said, "expired");
        enum doctor_state state = decision.yes        ? DOCTOR_PASS
                                  : is_required(item) ? DOCTOR_FAIL
                                  : refused           ? DOCTOR_WARN
                                                      : DOCTOR_PASS;
        said = refused ? said : bytes_of("not granted");
        doctor_found(c, state, there ? &row : NULL, group, "%.*s%s%.*s is %.*s", REASON_NAME(group),
                     scope.n > 0 ? " of " : "", REASON_NAME(scope), REASON_NAME(said));
        cite_all(c, &decision, state);
        if (doctor_leads(c, state)) {
            snprintf(c->more, sizeof(c->more), "%.*s", (int)reason_fits(scope, sizeof(c->more) - 1),
                     scope.n > 0 ? (const char *)scope.p : "");
            c->remedy = scope.n == 0 ? "ledger append permission.granted -s pack/& group=%" : NULL;
        }
    }
    row_done(&row);
    return rc < 0 ? rc : 0;
}

int doctor_pack_permissions(struct doctor_case *c, struct err *err) {
    struct list list;
    struct bytes item;
    struct permitted permitted;
    struct buf who;
    int rc = 0;
    if (!is_known(c)) {
        return 0;
    }
    buf_init(&who, 8192);
    buf_put_str(&who, "pack/");
    buf_put_bytes(&who, c->pack);
    permitted_init(&permitted, c->view, bytes_of_buf(&who));
    rc = buf_check(&who, "a pack's name", err);
    list_open(&list, list_of(c->installed, "permissions"));
    while (rc == 0 && list_next(&list, &item)) {
        rc = take_permission(c, &permitted, item, err);
    }
    permitted_done(&permitted);
    buf_done(&who);
    doctor_passes(c, c->found > 0 ? "it has those that it requires of %zu" : "it asks for %zu", c->found);
    return rc;
}

/* ---- checks ---- */

static enum doctor_state of_verdict(const struct row *row) {
    for (size_t i = 0; i < DOCTOR_STATES; i++) {
        if (doctor_is(row, "verdict", doctor_words[i])) {
            return (enum doctor_state)i;
        }
    }
    return DOCTOR_UNKNOWN;
}

/* A result counts for the version of the pack that it was made with, as far as both are told. */
static bool is_of_this_version(const struct row *pack, const struct row *check) {
    struct bytes now = doctor_text(pack, "version"), then = doctor_text(check, "version");
    return now.n == 0 || then.n == 0 || bytes_eq(now, then);
}

/* A check that the pack may do without warns at most. */
static int take_check(struct doctor_case *c, struct bytes check, bool required, struct err *err) {
    const struct bytes key[2] = {c->pack, check};
    struct row row;
    bool there = false;
    int rc = doctor_look(c, "pack_checks", key, 2, &row, &there, err);
    if (rc == 0 && !there) {
        doctor_found(c, DOCTOR_UNKNOWN, c->installed, check, "%.*s never ran", REASON_NAME(check));
    } else if (rc == 0 && !is_of_this_version(c->installed, &row)) {
        doctor_found(c, DOCTOR_UNKNOWN, &row, check, "%.*s ran for version %.*s", REASON_NAME(check),
                     REASON_NAME(doctor_text(&row, "version")));
    } else if (rc == 0) {
        struct bytes verdict = doctor_text(&row, "verdict");
        size_t column = projection_column(row.table, "required");
        bool needed = column != SIZE_MAX && row_has(&row, column) ? row_bool(&row, column) : required;
        enum doctor_state state = of_verdict(&row);
        doctor_found(c, state == DOCTOR_FAIL && !needed ? DOCTOR_WARN : state, &row, check, "%.*s: %.*s",
                     REASON_NAME(check), REASON_NAME(verdict));
    }
    row_done(&row);
    return rc < 0 ? rc : 0;
}

/* What was observed for the pack from outside. */
static void each_observation(struct doctor_case *c, const struct row *row) {
    struct bytes check = doctor_text(row, "check"), status = doctor_text(row, "status");
    if (bytes_eq(doctor_text(row, "pack"), c->pack)) {
        doctor_found(c, doctor_of_status(row), row, check, "%.*s: %.*s", REASON_NAME(check), REASON_NAME(status));
        if (doctor_leads(c, doctor_of_status(row))) {
            c->remedy = "mend it, then: ledger append doctor.observed -s check/% check=% pack=& status=ok";
        }
    }
}

int doctor_pack_checks(struct doctor_case *c, struct err *err) {
    struct list list;
    struct bytes item, name;
    int rc = 0;
    if (!is_known(c)) {
        return 0;
    }
    list_open(&list, list_of(c->installed, "checks"));
    while (rc == 0 && list_next(&list, &item)) {
        rc = list_name(item, "name", &name) ? take_check(c, name, is_required(item), err) : 0;
    }
    rc = rc != 0 ? rc : doctor_each(c, "checks", each_observation, err);
    doctor_passes(c, c->found > 0 ? "%zu pass" : "it has %zu", c->found);
    return rc;
}

/* ---- routes ---- */

/* Unproven is a warning: the pack may run. A route that does not answer is a failure where the pack requires it. */
static const struct {
    const char *state;
    enum doctor_state required, optional;
} route_states[] = {
    {"ready", DOCTOR_PASS, DOCTOR_PASS},    {"degraded", DOCTOR_WARN, DOCTOR_WARN},
    {"declared", DOCTOR_WARN, DOCTOR_PASS}, {"declared-not-proven", DOCTOR_WARN, DOCTOR_PASS},
    {"parked", DOCTOR_WARN, DOCTOR_PASS},   {"offline", DOCTOR_FAIL, DOCTOR_WARN},
    {"removed", DOCTOR_FAIL, DOCTOR_PASS},
};

static enum doctor_state of_route(const struct row *row, bool required) {
    for (size_t i = 0; i < sizeof(route_states) / sizeof(route_states[0]); i++) {
        if (doctor_is(row, "state", route_states[i].state)) {
            return required ? route_states[i].required : route_states[i].optional;
        }
    }
    return DOCTOR_UNKNOWN;
}

static int take_route(struct doctor_case *c, struct bytes name, bool required, struct err *err) {
    struct row row;
    bool there = false;
    int rc = doctor_look(c, "routes", &name, 1, &row, &there, err);
    if (rc == 0 && !there) {
        doctor_found(c, required ? DOCTOR_FAIL : DOCTOR_PASS, c->installed, name, "%.*s was never declared",
                     REASON_NAME(name));
    } else if (rc == 0) {
        struct bytes state = doctor_text(&row, "state"), reason = doctor_text(&row, "reason");
        doctor_found(c, of_route(&row, required), &row, name, "%.*s is %.*s%s%.*s", REASON_NAME(name), REASON_NAME(state),
                     reason.n > 0 ? ": " : "", DOCTOR_WORDS(reason));
    }
    row_done(&row);
    return rc < 0 ? rc : 0;
}

int doctor_pack_routes(struct doctor_case *c, struct err *err) {
    struct list list;
    struct bytes item, name;
    int rc = 0;
    if (!is_known(c)) {
        return 0;
    }
    list_open(&list, list_of(c->installed, "routes"));
    while (rc == 0 && list_next(&list, &item)) {
        rc = list_name(item, "name", &name) || list_name(item, "route", &name) ? take_route(c, name, is_required(item), err)
                                                                               : 0;
    }
    doctor_passes(c, c->found > 0 ? "the required ones of %zu are proven" : "it has %zu", c->found);
    return rc;
}

/* ---- models ---- */

static int take_model(struct doctor_case *c, struct bytes item, bool required, struct err *err) {
    struct bytes digest, role = {0};
    struct row row;
    bool there = false;
    list_text(item, "role", &role);
    if (!list_name(item, "digest", &digest)) {
        doctor_found(c, DOCTOR_UNKNOWN, c->installed, role, "the digest of its %.*s is not told",
                     REASON_NAME(role.n > 0 ? role : bytes_of("model")));
        return 0;
    }
    int rc = doctor_look(c, "models", &digest, 1, &row, &there, err);
    bool present = rc == 0 && there && (doctor_is(&row, "state", "present") || doctor_is(&row, "state", "loaded"));
    if (rc == 0) {
        struct bytes state = there ? doctor_text(&row, "state") : bytes_of("not known");
        doctor_found(c,
                     present    ? DOCTOR_PASS
                     : required ? DOCTOR_FAIL
                                : DOCTOR_WARN,
                     there ? &row : c->installed, digest, "%.*s%s%.*s is %.*s", REASON_NAME(role), role.n > 0 ? " " : "",
                     REASON_DIGEST(digest), REASON_NAME(state));
    }
    row_done(&row);
    return rc < 0 ? rc : 0;
}

int doctor_pack_models(struct doctor_case *c, struct err *err) {
    struct list list;
    struct bytes item;
    int rc = 0;
    if (!is_known(c)) {
        return 0;
    }
    list_open(&list, list_of(c->installed, "models"));
    while (rc == 0 && list_next(&list, &item)) {
        rc = take_model(c, item, is_required(item), err);
    }
    doctor_passes(c, c->found > 0 ? "%zu are there" : "it names %zu", c->found);
    return rc;
}
