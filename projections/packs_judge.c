/* What a pack is fit for: its needs are gone through one after the other, each says what is missing and cites what was
 * looked at, and the worst of it is the state. */
#include "projections/packs.h"

#include <string.h>

#include "projections/fold.h"
#include "projections/list.h"
#include "projections/look.h"
#include "projections/permitted.h"
#include "projections/reason.h"
#include "projections/routes.h"

#define NOTHING ((struct bytes){0})

struct judging {
    struct state_view *view;
    const struct row *pack;
    struct permitted permitted;
    struct reason cite;     /* events that were looked at */
    struct reason missing;  /* what blocks it, in words */
    struct reason optional; /* what it may do without and was refused */
    struct reason routes;   /* routes that are not ready */
    size_t required, ready, limited;
    bool asks; /* something is known of what it needs */
};

static struct bytes list_of(const struct row *row, size_t column) {
    return row->cells[column].type == CELL_LIST ? row->cells[column].text : NOTHING;
}

static const char *between(const struct reason *reason) {
    return reason->n > 0 ? "; " : "";
}

/* ---- permissions ---- */

/* What was said of just this permission; empty: nothing. Cites since when. */
static int state_of(struct judging *j, const struct bytes key[3], char ret[32], struct reason *since, struct err *err) {
    struct row row;
    int code = look_judged(j->view, "permissions", key, 3, &row, NULL, err);
    size_t column = row.table != NULL ? projection_column(row.table, "state") : SIZE_MAX;
    struct bytes state = column != SIZE_MAX ? row_text(&row, column) : NOTHING;
    size_t n = reason_fits(state, 31);
    size_t seq = column != SIZE_MAX ? projection_column(row.table, "since_seq") : SIZE_MAX;
    size_t at = column != SIZE_MAX ? projection_column(row.table, "since") : SIZE_MAX;
    if (n > 0 && seq != SIZE_MAX && at != SIZE_MAX) {
        reason_cite_cell(since, &row, seq, at);
    }
    if (n > 0) {
        memcpy(ret, state.p, n);
    }
    ret[n] = '\0';
    row_done(&row);
    return code;
}

static bool is_refusal(const char *state) {
    return strcmp(state, "denied") == 0 || strcmp(state, "revoked") == 0 || strcmp(state, "expired") == 0;
}

static int take_permission(struct judging *j, const struct bytes key[3], struct bytes tier, bool required,
                           struct err *err) {
    const struct decide_use use = {.group = key[1], .scope = key[2], .tier = tier};
    struct decision held = {0};
    struct reason since;
    char state[32] = "";
    j->asks = true;
    reason_init(&since);
    int code = permitted_ask(&j->permitted, &use, &held, err);
    code = code != 0 ? code : state_of(j, key, state, &since, err);
    if (code != 0 || (!held.yes && !required && !is_refusal(state))) {
        return code;
    }
    for (size_t i = 0; i < held.n_evidence; i++) {
        reason_cite(&j->cite, held.evidence[i], held.evidence[i] == since.newest ? since.newest_at : 0);
    }
    if (!held.yes) {
        struct reason *words = required ? &j->missing : &j->optional;
        struct bytes group = key[1].n > 0 ? key[1] : bytes_of("of no group");
        reason_say(words, "%spermission %.*s%s%.*s%s is ", between(words), REASON_NAME(group), key[2].n > 0 ? " on '" : "",
                   REASON_NAME(key[2]), key[2].n > 0 ? "'" : "");
        reason_say(words, "%s", is_refusal(state) ? state : "not granted");
    }
    return 0;
}

/* What was asked for as required beside the list. */
static int take_asked(struct judging *j, struct bytes who, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    struct list_names listed;
    int code = list_names_of(list_of(j->pack, PACK_PERMISSIONS), "group", NULL, "scope", &listed, err);
    code = code != 0 ? code : look_rows(j->view, "permissions", &who, 1, &rows, err);
    while (code == 0 && (code = look_next(rows, &row, err)) == 0) {
        size_t required = projection_column(row->table, "required"), group = projection_column(row->table, "group");
        size_t scope = projection_column(row->table, "scope");
        if (required == SIZE_MAX || group == SIZE_MAX || scope == SIZE_MAX) {
            break;
        }
        const struct bytes key[] = {who, row_text(row, group), row_text(row, scope)};
        if (row_bool(row, required) && !list_names_have(&listed, key[1], key[2])) {
            code = take_permission(j, key, row_text(row, projection_column(row->table, "tier")), true, err);
        }
    }
    state_rows_close(rows);
    list_names_done(&listed);
    return code == 1 ? 0 : code;
}

static int take_permissions(struct judging *j, struct err *err) {
    struct list list;
    struct bytes item;
    struct buf who;
    buf_init(&who, 4 * ROW_TEXT_MAX);
    buf_put_str(&who, "pack/");
    buf_put_bytes(&who, row_text(j->pack, PACK_NAME));
    permitted_init(&j->permitted, j->view, bytes_of_buf(&who));
    int code = buf_check(&who, "a pack's name", err);
    list_open(&list, list_of(j->pack, PACK_PERMISSIONS));
    while (code == 0 && list_next(&list, &item)) {
        struct bytes key[] = {bytes_of_buf(&who), NOTHING, NOTHING}, tier = NOTHING;
        bool required = true;
        list_name(item, "group", &key[1]);
        list_text(item, "scope", &key[2]);
        list_text(item, "tier", &tier);
        list_bool(item, "required", &required);
        code = take_permission(j, key, tier, required, err);
    }
    code = code != 0 ? code : take_asked(j, bytes_of_buf(&who), err);
    permitted_done(&j->permitted);
    buf_done(&who);
    return code;
}

/* ---- checks ---- */

static bool is_fresh(const struct row *pack, const struct row *check) {
    struct bytes version = row_text(check, CHECK_VERSION);
    int64_t seq = row_int(check, CHECK_SEQ);
    if (version.n > 0 && row_has(pack, PACK_VERSION)) {
        bool after = !row_has(pack, PACK_REMOVED_SEQ) || seq > row_int(pack, PACK_REMOVED_SEQ);
        return after && bytes_eq(version, row_text(pack, PACK_VERSION));
    }
    return seq > row_int(pack, PACK_VERSION_SEQ);
}

/* `check` may be absent: then only its name is known. */
static void take_check(struct judging *j, struct bytes name, const struct row *check, bool there) {
    bool fresh = there && is_fresh(j->pack, check);
    j->asks = true;
    if (there) {
        reason_cite_cell(&j->cite, check, CHECK_SEQ, CHECK_AT);
    }
    if (fresh && (row_is(check, CHECK_VERDICT, "pass") || row_is(check, CHECK_VERDICT, "warn"))) {
        return;
    }
    reason_say(&j->missing, "%scheck '%.*s' %s", between(&j->missing), REASON_NAME(name),
               fresh && row_is(check, CHECK_VERDICT, "fail") ? "failed"
               : fresh                                       ? "has no clear result"
               : there                                       ? "has not run for this version"
                                                             : "has not run");
}

static int take_checks(struct judging *j, struct err *err) {
    const struct bytes pack = row_text(j->pack, PACK_NAME);
    struct state_rows *rows = NULL;
    const struct row *at;
    struct list_names listed;
    struct list list;
    struct bytes item;
    int code = 0;
    list_open(&list, list_of(j->pack, PACK_CHECK_LIST));
    while (code == 0 && list_next(&list, &item)) {
        struct bytes key[] = {pack, NOTHING};
        struct row check;
        bool there, required = true;
        list_name(item, "name", &key[1]);
        list_bool(item, "required", &required);
        code = look_stored(j->view, "pack_checks", key, 2, &check, &there, err);
        if (code == 0 && (there && row_has(&check, CHECK_REQUIRED) ? row_bool(&check, CHECK_REQUIRED) : required)) {
            take_check(j, key[1], &check, there);
        }
        row_done(&check);
    }
    int other = list_names_of(list_of(j->pack, PACK_CHECK_LIST), "name", NULL, NULL, &listed, code == 0 ? err : NULL);
    code = code != 0 ? code : other;
    code = code != 0 ? code : look_rows(j->view, "pack_checks", &pack, 1, &rows, err);
    while (code == 0 && (code = look_next(rows, &at, err)) == 0) {
        if (row_bool(at, CHECK_REQUIRED) && !list_names_have(&listed, row_text(at, CHECK_NAME), NOTHING)) {
            take_check(j, row_text(at, CHECK_NAME), at, true);
        }
    }
    state_rows_close(rows);
    list_names_done(&listed);
    return code == 1 ? 0 : code;
}

/* ---- routes ---- */

static int take_route(struct judging *j, struct bytes name, struct err *err) {
    struct row row;
    bool there;
    int code = look_judged(j->view, "routes", &name, 1, &row, &there, err);
    if (code != 0) {
        row_done(&row);
        return code;
    }
    j->required++;
    bool ready = there && row_is(&row, ROUTE_STATE, "ready");
    bool limited = there && !ready && row_has(&row, ROUTE_PROOF);
    j->ready += ready;
    j->limited += limited;
    if (there) {
        reason_cite_row(&j->cite, &row, ROUTE_BASE);
    }
    if (!ready) {
        struct bytes why = there ? row_text(&row, ROUTE_REASON) : bytes_of("nobody has declared it");
        bool stopped = there && (row_bool(&row, ROUTE_PARKED) || row_bool(&row, ROUTE_OFFLINE));
        struct bytes state =
            there && (stopped || limited || row_is(&row, ROUTE_STATE, "removed")) ? row_text(&row, ROUTE_STATE) : NOTHING;
        reason_say(&j->routes, "; '%.*s': %.*s%s%.*s", REASON_NAME(name), REASON_NAME(state),
                   state.n > 0 && why.n > 0 ? ", " : "", (int)reason_fits(why, 240), why.n > 0 ? (const char *)why.p : "");
    }
    row_done(&row);
    return 0;
}

/* Routes that name the pack as theirs and are required by their own word. */
static int take_declared_routes(struct judging *j, struct err *err) {
    const struct bytes pack = row_text(j->pack, PACK_NAME);
    struct state_rows *rows = NULL;
    const struct row *at;
    struct list_names listed;
    int code = list_names_of(list_of(j->pack, PACK_ROUTES), "name", "route", NULL, &listed, err);
    code = code != 0 ? code : look_rows(j->view, "route_packs", &pack, 1, &rows, err);
    while (code == 0 && (code = look_next(rows, &at, err)) == 0) {
        struct bytes name = row_text(at, ROUTE_PACK_ROUTE);
        bool there, required;
        struct row route;
        j->asks = true;
        if (list_names_have(&listed, name, NOTHING)) {
            continue;
        }
        code = look_stored(j->view, "routes", &name, 1, &route, &there, err);
        required = code == 0 && there && row_bool(&route, ROUTE_REQUIRED) && !row_is(&route, ROUTE_STEP, "removed");
        row_done(&route);
        if (required) {
            code = take_route(j, name, err);
        }
    }
    state_rows_close(rows);
    list_names_done(&listed);
    return code == 1 ? 0 : code;
}

static int take_routes(struct judging *j, struct err *err) {
    struct list list;
    struct bytes item;
    int code = 0;
    list_open(&list, list_of(j->pack, PACK_ROUTES));
    while (code == 0 && list_next(&list, &item)) {
        struct bytes name = bytes_of("?");
        bool required = true;
        if (!list_name(item, "name", &name)) {
            list_name(item, "route", &name);
        }
        list_bool(item, "required", &required);
        if (required) {
            code = take_route(j, name, err);
        }
    }
    return code != 0 ? code : take_declared_routes(j, err);
}

/* ---- all of it ---- */

static void give(struct row *row, const char *state, const char *reason) {
    row_set_str(row, PACK_STATE, state);
    row_set_str(row, PACK_REASON, reason != NULL && reason[0] != '\0' ? reason : NULL);
}

/* Not there, or set aside: nothing else is asked. */
static bool is_stopped(struct row *row) {
    struct bytes why = row_text(row, PACK_WHY);
    struct reason words;
    reason_init(&words);
    if (!row_has(row, PACK_STEP)) {
        give(row, NULL, "it was never installed");
        return true;
    }
    if (row_is(row, PACK_STEP, "installed")) {
        return false;
    }
    bool removed = row_is(row, PACK_STEP, "removed");
    reason_say(&words, "%s%s%.*s", removed ? "removed" : "set aside", why.n > 0 ? ": " : "", REASON_NAME(why));
    give(row, removed ? "removed" : "parked", words.words);
    return true;
}

static void conclude(struct judging *j, struct row *row) {
    struct reason words;
    bool lists = row_has(row, PACK_PERMISSIONS) || row_has(row, PACK_ROUTES) || row_has(row, PACK_MODELS) ||
                 row_has(row, PACK_CHECK_LIST) || row_has(row, PACK_SUITES);
    reason_init(&words);
    if (row_has(row, PACK_CUT)) {
        reason_say(&j->missing, "%sits list '%.*s' is too long to be kept, so nobody can say whether all of it is there",
                   between(&j->missing), REASON_NAME(row_text(row, PACK_CUT)));
    }
    if (j->missing.n > 0) {
        give(row, "blocked", j->missing.words);
    } else if (!lists && !j->asks) {
        give(row, "installed", "its installation does not say what it needs");
    } else if (j->ready < j->required) {
        bool demo = j->ready + j->limited == 0;
        if (j->required == 1) {
            reason_say(&words, "its required route is not %s", demo ? "proven" : "ready");
        } else if (demo) {
            reason_say(&words, "none of its %zu required routes is proven", j->required);
        } else {
            reason_say(&words, "%zu of %zu required routes %s ready", j->ready, j->required, j->ready == 1 ? "is" : "are");
        }
        reason_say(&words, "%s", j->routes.words);
        give(row, demo ? "demo-only" : "partial", words.words);
    } else if (j->optional.n > 0) {
        give(row, "partial", j->optional.words);
    } else {
        give(row, "ready", NULL);
    }
}

int packs_judge(struct state_view *view, struct row *row, struct err *err) {
    struct judging j = {.view = view, .pack = row};
    if (is_stopped(row)) {
        return 0;
    }
    reason_cite_cell(&j.cite, row, PACK_VERSION_SEQ, PACK_VERSION_AT);
    int code = take_permissions(&j, err);
    code = code != 0 ? code : take_checks(&j, err);
    code = code != 0 ? code : take_routes(&j, err);
    if (code == 0) {
        conclude(&j, row);
        reason_give(&j.cite, row, PACK_BASE);
    }
    return code;
}
