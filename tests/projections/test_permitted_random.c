/* Whether a use is permitted and which reason a refusal names, against a reference written for this test
 * (permitted_reference.h). Over random histories and queries, the answers of the judge, the batch judge, the check before
 * an append and the fold are compared with the reference. */
#include "base/clock.h"
#include "ledger/kinds/scope.h"
#include "projections/permissions/row.h"
#include "tests/projections/permitted_history.h"

/* How many uses folds counted as unpermitted, and the reason for the newest. */
struct unpermitted {
    int64_t n, uses, seq, decided_seq, refused_seq;
    char words[256];
};

static void unpermitted(struct unpermitted *ret) {
    struct state_rows *rows = NULL;
    const struct row *row;
    memset(ret, 0, sizeof(*ret));
    assert_int_equal(state_rows_open(b.view, state_table_find(b.view, "permissions"), NULL, 0, &rows, &b.err), 0);
    while (state_rows_next(rows, &row, &b.err) == 0) {
        int64_t seq = row_int(row, PERMISSIONS_BASE + FOLD_VIOLATION_SEQ);
        struct bytes words = row_text(row, PERMISSIONS_BASE + FOLD_VIOLATION);
        ret->n += row_int(row, PERMISSIONS_UNPERMITTED);
        ret->uses += row_int(row, PERMISSIONS_USES);
        if (seq > ret->seq) {
            ret->seq = seq;
            ret->decided_seq = row_int(row, PERMISSIONS_DECIDED_SEQ);
            ret->refused_seq = row_int(row, PERMISSIONS_REFUSED_SEQ);
            snprintf(ret->words, sizeof(ret->words), "%.*s", (int)words.n, (const char *)words.p);
        }
    }
    state_rows_close(rows);
}

/* The text after "used, but it was" or "used at T1, but": the reason alone. */
static const char *reason_in(const char *violation) {
    static const char *const befores[] = {"but it was ", "but its scope ", "but "};
    for (size_t i = 0; i < 3; i++) {
        const char *at = strstr(violation, befores[i]);
        if (at != NULL) return at + strlen(befores[i]);
    }
    return violation;
}

struct rows_tally {
    unsigned rows, overridden, lifted, partly;
};

struct tally {
    unsigned yes, no;
};

static bool is_permitted_row(const struct row *row, const char *tier) {
    const struct decide_use use = {.group = row_text(row, PERMISSIONS_GROUP),
                                   .scope = row_text(row, PERMISSIONS_SCOPE),
                                   .session = row_text(row, PERMISSIONS_SESSION),
                                   .tier = tier != NULL ? bytes_of(tier) : row_text(row, PERMISSIONS_TIER),
                                   .of_session = true};
    struct decision d;
    assert_int_equal(decide_is_permitted(b.view, row_text(row, PERMISSIONS_WHO), &use, &d, &b.err), 0);
    return d.yes;
}

/* The same for a use that would be appended, with a scope that is not a pattern. */
static bool may_use_row(const struct row *row, const char *tier) {
    char json[200], subject[40];
    struct bytes scope = row_text(row, PERMISSIONS_SCOPE), own = row_text(row, PERMISSIONS_TIER);
    struct bytes session = row_text(row, PERMISSIONS_SESSION), group = row_text(row, PERMISSIONS_GROUP);
    own = tier != NULL ? bytes_of(tier) : own;
    int at = snprintf(json, sizeof(json), "{\"group\":\"%.*s\",\"scope\":\"%.*s\"", (int)group.n, (const char *)group.p,
                      (int)scope.n, scope.n > 0 ? (const char *)scope.p : "");
    if (own.n > 0) {
        at += snprintf(json + at, sizeof(json) - (size_t)at, ",\"tier\":\"%.*s\"", (int)own.n, (const char *)own.p);
    }
    if (session.n > 0) {
        at += snprintf(json + at, sizeof(json) - (size_t)at, ",\"session\":\"%.*s\"", (int)session.n,
                       (const char *)session.p);
    }
    snprintf(json + at, sizeof(json) - (size_t)at, "}");
    snprintf(subject, sizeof(subject), "%.*s", (int)row_text(row, PERMISSIONS_WHO).n,
             (const char *)row_text(row, PERMISSIONS_WHO).p);
    return may_append("permission.used", subject, "", json);
}

/* The scope of the refusal of a part of it. Static. */
static const char *refused_within(const struct row *row, const char *tier) {
    static struct permitted found;
    const struct decide_use use = {.group = row_text(row, PERMISSIONS_GROUP),
                                   .scope = row_text(row, PERMISSIONS_SCOPE),
                                   .session = row_text(row, PERMISSIONS_SESSION),
                                   .tier = tier != NULL ? bytes_of(tier) : row_text(row, PERMISSIONS_TIER),
                                   .of_session = true};
    assert_int_equal(permitted_ask(b.view, row_text(row, PERMISSIONS_WHO), &use, &found, &b.err), 0);
    return found.refused_scope;
}

static bool has_state(const struct row *row, const char *a, const char *b_, const char *c) {
    return row_is(row, PERMISSIONS_STATE, a) || row_is(row, PERMISSIONS_STATE, b_) || row_is(row, PERMISSIONS_STATE, c);
}

/* If a row of a refusal says that it was lifted, it refuses no use: uses, and the newest event about each. */
static void lifted_row(struct history *h, const struct row *row, const char *group) {
    static const char *const uses[] = {"outbox", "outbox/a", "outbox/b", "/outbox/a", "a",   "b",        "a.b",
                                       "a.b:80", "x.a.b",    "x.a.b:1",  "/",         "a/b", "[::1]:80", "[::1]"};
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        const struct said *by = decides(h, h->n, group, uses[i], 3, "", false);
        if (by != NULL && by->what != 'g' && by->seq == row_int(row, PERMISSIONS_REFUSED_SEQ)) {
            fail_msg("'%s' is lifted, but event %lld refuses '%s'", group, (long long)by->seq, uses[i]);
        }
    }
}

static bool is_of_server(const struct row *row) {
    return server != NULL && bytes_is(row_text(row, PERMISSIONS_WHO), server);
}

/* An unanswered request shows, and hides nothing. */
static void asked_row(const struct history *h, const struct row *row, const char *group, const char *scope,
                      const char *words) {
    struct said of = {.what = 'q'};
    char again[64] = "", *at = strstr(words, "asked for again by event ");
    snprintf(of.group, sizeof(of.group), "%s", group);
    snprintf(of.scope, sizeof(of.scope), "%s", scope);
    of.server = is_of_server(row);
    const struct said *q = open_request(h, h->n, &of);
    bool refused = has_state(row, "denied", "revoked", "revoked");
    if (q != NULL) {
        snprintf(again, sizeof(again), "asked for again by event %lld", (long long)q->seq);
    }
    if ((at != NULL) != (refused && q != NULL) || (at != NULL && strcmp(at, again) != 0) ||
        (row_is(row, PERMISSIONS_STATE, "requested") && q == NULL)) {
        fail_msg("'%s' '%s' (%s), but its open request is %lld", group, scope, words, q != NULL ? (long long)q->seq : -1);
    }
}

/* What is granted is the last grant that was not left without effect, up to its tier. */
static void granted_row(const struct history *h, const struct row *row, const char *group, const char *scope) {
    struct said of = {.server = is_of_server(row)};
    const struct said *by = NULL;
    snprintf(of.group, sizeof(of.group), "%s", group);
    snprintf(of.scope, sizeof(of.scope), "%s", scope);
    for (size_t i = 0; i < h->n; i++) {
        by = is_current(h, h->n, i) && same_scope(&h->said[i], &of) ? &h->said[i] : by;
    }
    if (!row_is(row, PERMISSIONS_STATE, "granted")) return;
    if (by == NULL || by->seq != row_int(row, PERMISSIONS_DECIDED_SEQ) ||
        by->tier != scope_tier(row_text(row, PERMISSIONS_TIER))) {
        fail_msg("'%s' '%s' is granted by event %lld, not %lld, or up to another tier than T%d", group, scope,
                 (long long)row_int(row, PERMISSIONS_DECIDED_SEQ), by != NULL ? (long long)by->seq : -1,
                 by != NULL ? by->tier : -1);
    }
}

/* Without a group nothing is permitted, and what was refused stays refused. */
static void row_of_no_group(const struct history *h, const struct row *row) {
    bool refused = false;
    for (size_t i = 0; i < h->n; i++) {
        const struct said *s = &h->said[i];
        refused = refused || (s->what == 'd' && s->server == is_of_server(row) && !s->corrected && s->group[0] == '\0' &&
                              bytes_is(row_text(row, PERMISSIONS_SCOPE), s->scope));
    }
    assert_true(row_is(row, PERMISSIONS_STATE, "denied") == refused);
    assert_true(refused || has_state(row, "expired", "", "") || !row_has(row, PERMISSIONS_STATE));
    assert_int_equal(row_int(row, PERMISSIONS_USES), 0);
}

/* What a row says about its own scope against the reference: for a refusal, which covers all tiers, at the highest. */
static void one_row(struct history *h, const struct row *row, struct rows_tally *tally) {
    bool refusal = has_state(row, "denied", "revoked", "lifted"), by_other = row_has(row, PERMISSIONS_OVERRIDDEN);
    bool partly = by_other && has_state(row, "granted", "denied", "revoked");
    const char *tier = refusal ? "T3" : NULL;
    struct bytes group = row_text(row, PERMISSIONS_GROUP), scope = row_text(row, PERMISSIONS_SCOPE);
    struct bytes state = row_text(row, PERMISSIONS_STATE), reason = row_text(row, PERMISSIONS_REASON);
    char text[SCOPE_TEXT], name[24], words[320];
    if (group.n == 0) {
        row_of_no_group(h, row);
        return;
    }
    snprintf(text, sizeof(text), "%.*s", (int)scope.n, scope.n > 0 ? (const char *)scope.p : "");
    snprintf(name, sizeof(name), "%.*s", (int)group.n, (const char *)group.p);
    snprintf(words, sizeof(words), "%.*s", (int)reason.n, reason.n > 0 ? (const char *)reason.p : "");
    bool says =
        has_state(row, "granted", "lifted", "lifted") || (by_other && !has_state(row, "overridden", "denied", "revoked"));
    bool is = is_permitted_row(row, tier), wide = text[0] == '\0' || strpbrk(text, "*?[") != NULL;
    const char *refused = wide && !is ? refused_within(row, tier) : "";
    if (refused[0] != '\0' && strpbrk(refused, "*?[") == NULL) {
        return; /* a single scope within it has its own row */
    }
    bool of_part = strstr(words, "a part of it, by") != NULL; /* of everything that is refused */
    bool own = strncmp(words, "no use has it", 13) == 0 || strstr(words, "does not hold") != NULL ||
               strncmp(words, "asked for again", 15) == 0;
    asked_row(h, row, name, text, words);
    granted_row(h, row, name, text);
    if ((is != (says && !partly) && !of_part) || (is_use(name, text) && may_use_row(row, tier) != is) ||
        by_other != (reason.n > 0 && !own)) {
        fail_msg("'%s' '%s' is %.*s (%.*s), but permitted %d", name, text, (int)state.n,
                 state.n > 0 ? (const char *)state.p : "", (int)reason.n, reason.n > 0 ? (const char *)reason.p : "", is);
    }
    if (partly && is_use(name, text) && text[0] != '\0' && !refusal) {
        fail_msg("'%s' has no parts", text);
    }
    if (row_is(row, PERMISSIONS_STATE, "lifted")) {
        lifted_row(h, row, name);
    }
    tally->overridden += row_is(row, PERMISSIONS_STATE, "overridden");
    tally->lifted += row_is(row, PERMISSIONS_STATE, "lifted");
    tally->partly += partly;
    tally->rows++;
}

static void all_rows(struct history *h, struct rows_tally *tally) {
    struct state_rows *rows = NULL;
    const struct row *row;
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(state_rows_open(b.view, state_table_find(b.view, "permissions"), NULL, 0, &rows, &b.err), 0);
    while (state_rows_next(rows, &row, &b.err) == 0) {
        one_row(h, row, tally);
    }
    state_rows_close(rows);
}

/* The use itself: whatever the answer was, it is recorded, and the row that it counts for has the same answer. */
static void one_use(const struct said *s, const char *json, bool by_run, bool held, const struct decision *told,
                    int64_t named_seq) {
    struct unpermitted before, after;
    unpermitted(&before);
    box_event_of(&b, "permission.used", who, by_run && s->session[0] != '\0' ? s->session : NULL, json);
    box_view(&b, LOG_NO_SEQ, 0);
    unpermitted(&after);
    if (after.n - before.n != !held) { /* uses are counted from 0 after a grant is used up or made again */
        fail_msg("%s: %d (%s), but %lld times not permitted (%s)", json, told->yes, told->reason,
                 (long long)(after.n - before.n), after.words);
    }
    if (s->late) {
        return; /* its answer reflects what holds now */
    }
    if (!told->yes && strstr(told->reason, reason_in(after.words)) == NULL) {
        fail_msg("%s: '%s', but '%s'", json, told->reason, after.words);
    }
    if (!told->yes && named_seq > 0 && after.decided_seq != named_seq && after.refused_seq != named_seq) {
        fail_msg("%s: the violation is of event %lld, not %lld", json, (long long)after.decided_seq, (long long)named_seq);
    }
}

/* Four ways to query, and then the use itself. */
static void one_question(struct history *h, bool record, struct tally *tally) {
    static const char *const times[] = {"", "", ",\"at\":500", ",\"at\":4000000000000000001"};
    char json[280], written[SCOPE_TEXT], tier_text[16], tier_field[24], session[24] = "";
    struct said s = {.what = 'u', .own_tier = (int)below(5) - 1};
    size_t when = below(4); /* by its own claim in the past, or in the future */
    const char *run = runs[below(3)];
    bool by_run = below(2) == 0;
    struct decision one;
    struct permitted many;
    snprintf(s.group, sizeof(s.group), "%s", groups[below(3)]);
    snprintf(s.session, sizeof(s.session), "%s", run);
    random_scope(written, s.group);
    if (h->n > 0 && h->said[h->n - 1].what != 'u' && h->said[h->n - 1].group[0] != '\0' &&
        below(2) == 0) { /* the last said */
        memcpy(s.group, h->said[h->n - 1].group, sizeof(s.group));
        memcpy(written, h->said[h->n - 1].scope, sizeof(written));
    }
    plain(s.scope, written);
    s.late = when == 3;
    const struct said *by = decides(h, h->n, s.group, s.scope, s.own_tier < 0 ? 0 : s.own_tier, run, false),
                      *then = decides(h, h->n, s.group, s.scope, s.own_tier < 0 ? 0 : s.own_tier, run, s.late);
    bool held = by != NULL && by->what == 'g', held_then = then != NULL && then->what == 'g';
    snprintf(tier_text, sizeof(tier_text), "%s", "");
    if (s.own_tier >= 0) {
        snprintf(tier_text, sizeof(tier_text), "T%d", s.own_tier);
    }
    put_tier(tier_field, s.own_tier);
    if (!by_run && run[0] != '\0') {
        snprintf(session, sizeof(session), ",\"session\":\"%s\"", run);
    }
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\"%s%s%s}", s.group, written, tier_field, session,
             times[when]);
    const struct decide_use use = {.group = bytes_of(s.group),
                                   .scope = bytes_of(s.scope),
                                   .tier = bytes_of(tier_text),
                                   .session = bytes_of(by_run ? "" : run),
                                   .run = bytes_of(by_run ? run : ""),
                                   .of_session = true,
                                   .one = true};
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_is_permitted(b.view, bytes_of(who), &use, &one, &b.err), 0);
    assert_int_equal(permitted_ask(b.view, bytes_of(who), &use, &many, &b.err), 0);
    if (one.yes != held || many.decision.yes != held ||
        may_append("permission.used", who, by_run ? run : "", json) != held_then) {
        fail_msg("%s: %d, but %d (%s), %d (%s)", json, held, one.yes, one.reason, many.decision.yes, many.decision.reason);
    }
    held ? tally->yes++ : tally->no++;
    int64_t seq = 0;
    enum permission_ground ground = held ? GROUND_HOLDS : named(h, s.group, s.scope, run, &seq);
    bool said_nothing = ground == GROUND_NONE && many.ground >= GROUND_HIDDEN;
    if (!said_nothing && (ground != many.ground || (!held && ground != GROUND_NONE && seq != many.seq))) {
        fail_msg("%s: ground %d of event %lld, but %d of event %lld (%s)", json, (int)ground, (long long)seq,
                 (int)many.ground, (long long)many.seq, one.reason);
    }
    if (record) {
        one_use(&s, json, by_run, held_then, &one, ground != GROUND_NONE ? seq : 0);
        s.seq = (int64_t)state_at(b.view) - 1;
        add(h, &s);
    }
}

/* At all tiers, so that it lifts the refusal. */
static void wide_grant(struct history *h) {
    static const char *const scopes[] = {"", "*", "*a*", "*.b"};
    struct said s = {.what = 'g', .own_tier = 3};
    char json[160];
    snprintf(s.group, sizeof(s.group), "%s", groups[below(2)]);
    snprintf(s.scope, sizeof(s.scope), "%s", scopes[below(4)]);
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\",\"tier\":\"T3\"}", s.group, s.scope);
    s.server = server != NULL && below(2) == 0;
    s.seq = (int64_t)box_event(&b, "permission.granted", s.server ? server : who, json);
    add(h, &s);
}

/* Every second history asks about a tool, and half of its decisions are about the tool's server. */
static void take_turns(unsigned i) {
    who = i % 2 == 0 ? "pack/p" : "tool/mcp__srv__fetch";
    server = i % 2 == 0 ? NULL : "server/srv";
}

static struct tally histories(uint64_t seed, unsigned n) {
    struct tally tally = {0};
    x = seed;
    for (unsigned i = 0; i < n; i++) {
        struct history h = {.n = 0};
        take_turns(i);
        box_open(&b);
        for (size_t k = 4 + below(12); k > 0; k--) {
            random_decision(&h);
            if (below(6) == 0) {
                wide_grant(&h);
            }
            one_question(&h, below(3) == 0, &tally);
        }
        for (unsigned k = 0; k < 4; k++) {
            one_question(&h, k == 3, &tally);
        }
        box_close(&b);
    }
    return tally;
}

static void what_is_held_is_what_the_reference_says(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct tally tally = histories(seed, 25);
        assert_in_range(tally.yes, 10, 1000);
        assert_in_range(tally.no, 60, 1000);
    }
}

static void what_is_held_is_what_the_reference_says_of_a_random_history(void **state) {
    (void)state;
    uint64_t seed = clock_wall_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    histories(seed, 25);
}

static struct rows_tally rows_of_histories(uint64_t seed) {
    struct rows_tally tally = {0};
    x = seed;
    for (unsigned i = 0; i < 8; i++) {
        struct history h = {.n = 0};
        take_turns(i);
        box_open(&b);
        for (unsigned k = 0; k < 36; k++) {
            random_decision(&h);
            if (below(10) == 0) {
                wide_grant(&h);
            }
            if (k % 6 == 5) {
                all_rows(&h, &tally);
            }
        }
        box_close(&b);
    }
    return tally;
}

static void a_row_says_of_its_own_scope_what_a_use_of_it_is_told(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct rows_tally tally = rows_of_histories(seed);
        assert_in_range(tally.overridden, 5, tally.rows / 2);
        assert_in_range(tally.lifted, 3, tally.rows / 2);
        assert_in_range(tally.partly, 10, tally.rows / 2);
    }
}

static void a_row_says_what_a_use_is_told_of_a_random_history(void **state) {
    (void)state;
    uint64_t seed = clock_wall_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    rows_of_histories(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_what_the_reference_says),
        cmocka_unit_test(what_is_held_is_what_the_reference_says_of_a_random_history),
        cmocka_unit_test(a_row_says_of_its_own_scope_what_a_use_of_it_is_told),
        cmocka_unit_test(a_row_says_what_a_use_is_told_of_a_random_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
