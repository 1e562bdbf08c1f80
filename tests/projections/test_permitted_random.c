/* Whether a permission is held and which reason a refusal names, against a reference that was written for this test
 * (permitted_reference.h). Random histories and questions; what the judge, the many-questions judge, the check before an
 * append and the fold say is compared with what the reference says. */
#include "base/clock.h"
#include "projections/decide/decide.h"
#include "projections/fold/fold.h"
#include "projections/permissions/permitted.h"
#include "projections/permissions/row.h"
#include "tests/projections/permitted_reference.h"
#include "tests/projections/state_box.h"

/* Who is asked about. What is decided for the server of a tool concerns the tool, also where the name alone names it. */
static const char *who = "pack/p", *server = NULL;

/* ---- random histories ---- */

static struct box b;
static uint64_t x;

static size_t below(size_t n) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(x >> 33) % n;
}

static const char *const runs[] = {"", "s1", "s2"};
static const char *const groups[] = {"filesystem.write", "network.egress", "filesystem.write"};
static const char *const granted_scopes[] = {
    "",      "outbox/**", "outbox/*", "outbox/a", "/outbox/*", "**",    "out?ox/a",  "/",        "[ab]/*", "*.b", "*a*",
    "*.b:*", "[::1]:*",   "127.*",    "127.1",    "a.b",       "[::1]", "outbox/a*", "outbox/?", "a.b:80", "*.?"};
#define N_GRANTED (sizeof(granted_scopes) / sizeof(granted_scopes[0]))

static void random_scope(char *ret, const char *group) {
    static const char *const segments[] = {"outbox", "a",   "b",       "..",     ".",        "",  "a.b", "~",
                                           "a\\\\b", "...", "\\u0001", TWO_DOTS, ACCOUNT_OF, "*", "o?"};
    static const char *const likely[] = {"outbox/a", "/outbox/a", "a.b", "outbox/a/b", "a.b:80", "outbox/*"};
    static const char *const hosts[] = {"",      "a.b",       "outbox",      "a",
                                        "x.a.b", "a..b",      ".a",          "a/b",
                                        "a.b.",  "a.b:80",    "a.b:80?x=.b", "evil:80/*#.b",
                                        "127.1", "127.0.0.1", "[::1]:80",    "[::1:0:0:1]:80",
                                        "*.b"};
    if (below(2) == 0) {
        snprintf(ret, SCOPE_TEXT, "%s", likely[below(6)]);
        return;
    }
    if (strcmp(group, "network.egress") == 0) {
        snprintf(ret, SCOPE_TEXT, "%s", hosts[below(17)]);
        return;
    }
    size_t n = below(4), at = (size_t)snprintf(ret, SCOPE_TEXT, "%s", below(4) == 0 ? "/" : "");
    for (size_t i = 0; i < n; i++) {
        const char *segment = segments[below(below(2) == 0 ? 3 : 15)];
        at += (size_t)snprintf(ret + at, SCOPE_TEXT - at, "%s%s", i > 0 ? "/" : "", segment);
    }
}

/* JSON's escapes undone, of those that random_scope makes. */
static void plain(char *ret, const char *json) {
    for (; *json != '\0'; json++) {
        if (strncmp(json, "\\u0001", 6) == 0) {
            *ret++ = '\x01';
            json += 5;
        } else {
            json += *json == '\\';
            *ret++ = *json;
        }
    }
    *ret = '\0';
}

static void put_tier(char *ret, int tier) {
    ret[0] = '\0';
    if (tier >= 0) {
        snprintf(ret, 24, ",\"tier\":\"T%d\"", tier);
    }
}

/* What an older program took: its scope or its end is not known. */
static void odd_grant(struct history *h) {
    static const char *const grants[] = {",\"scope\":null", ",\"scope\":\"outbox/*\",\"lifetime\":\"until\"",
                                         ",\"scope\":\"outbox/*\",\"expires\":null"};
    struct said s = {.what = 'g', .past = true, .tier = 3, .scope = "outbox/*"};
    size_t which = below(3);
    char json[160];
    snprintf(s.group, sizeof(s.group), "%s", groups[below(3)]);
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"tier\":\"T3\"%s}", s.group, grants[which]);
    s.server = server != NULL && below(2) == 0;
    s.seq = (int64_t)box_odd(&b, "permission.granted", s.server ? server : who, json);
    if (which > 0 && is_scope(s.group, s.scope)) {
        add(h, &s);
    }
}

/* The limits of a grant, as fields. */
static void random_limits(struct said *s, bool answer, char ret[120], const char **ret_run) {
    static const char *const words[] = {"",
                                        ",\"lifetime\":\"once\"",
                                        ",\"lifetime\":\"until\",\"expires\":1000",
                                        ",\"lifetime\":\"until\",\"expires\":4000000000000000000",
                                        ",\"lifetime\":\"session\"",
                                        ",\"lifetime\":\"permanent\""};
    size_t which = below(3) == 0 ? 0 : below(6);
    bool named = which == 4 || below(4) == 0, by_run = which == 4 && below(2) == 0;
    s->once = which == 1 || (answer && which == 0);
    s->past = which == 2;
    snprintf(s->session, sizeof(s->session), "%s", named ? runs[1 + below(2)] : "");
    snprintf(ret, 120, "%s%s%s%s", words[which], named && !by_run ? ",\"session\":\"" : "",
             named && !by_run ? s->session : "", named && !by_run ? "\"" : "");
    *ret_run = by_run ? s->session : NULL;
}

/* A run of a session begins or ends; what begins again is over nevertheless. */
static void random_run(struct history *h) {
    struct said s = {.what = 'f'};
    char subject[16];
    snprintf(s.session, sizeof(s.session), "%s", runs[1 + below(2)]);
    snprintf(subject, sizeof(subject), "run/%s", s.session);
    box_event_of(&b, "run.started", subject, s.session, NULL);
    if (below(4) == 0) {
        s.seq = (int64_t)box_event_of(&b, "run.finished", subject, s.session, NULL);
        add(h, &s);
        box_event_of(&b, "run.started", subject, s.session, NULL);
    }
}

/* One event was a mistake. */
static void random_correction(struct history *h) {
    struct said *s = &h->said[below(h->n)];
    const struct ledger_correct_options options = {
        .seq = (uint64_t)s->seq, .replaced_by = LEDGER_NO_SEQ, .reason = "mistake", .actor = "user:test"};
    struct ledger_receipt receipt;
    if (s->corrected || s->what == 'f') {
        return;
    }
    assert_int_equal(ledger_correct(b.ledger, &options, &receipt, &b.err), 0);
    s->corrected = true;
    replay(h);
}

static void random_decision(struct history *h) {
    static const char *const steps[] = {"granted", "granted", "granted", "denied", "revoked", "expired", "decided"};
    struct said s = {.tier = (int)below(5) - 1};
    const char *step = steps[below(7)], *run = NULL;
    char kind[40], json[320], tier[24], limits[120] = "";
    snprintf(s.group, sizeof(s.group), "%s", groups[below(3)]);
    snprintf(s.scope, sizeof(s.scope), "%s", granted_scopes[below(N_GRANTED)]);
    size_t again = h->n > 0 ? below(h->n) : 0;
    if (h->n > 0 && below(2) == 0 && h->said[again].group[0] != '\0' &&
        h->said[again].what != 'u') { /* of an older scope */
        memcpy(s.group, h->said[again].group, sizeof(s.group));
        memcpy(s.scope, h->said[again].scope, sizeof(s.scope));
    }
    bool by_agent = strcmp(step, "denied") == 0 && below(3) == 0, answer = strcmp(step, "decided") == 0;
    size_t other = below(16);
    if (other < 2) {
        odd_grant(h);
        return;
    }
    if (other < 4 || h->n == 0) {
        random_run(h);
        return;
    }
    if (other < 5) {
        random_correction(h);
        return;
    }
    bool class = s.scope[1] == ':' && strcmp(s.group, "network.egress") != 0;
    if (class || (!by_agent && step[0] != 'e' && !is_scope(s.group, s.scope))) {
        return; /* is not taken */
    }
    s.server = server != NULL && below(2) == 0;
    const char *holder = s.server ? server : who;
    if (by_agent && below(3) == 0) { /* of a scope that no use can have: it was not understood, so it is all of the group */
        snprintf(json, sizeof(json), "{\"decision\":\"deny\",\"group\":\"%s\",\"scope\":\"out//b\"}", s.group);
        s.scope[0] = '\0';
        s.seq = (int64_t)box_event(&b, "permission.decided", holder, json);
    } else if (by_agent) { /* of no group */
        s.group[0] = '\0';
        snprintf(json, sizeof(json), "{\"decision\":\"deny\",\"scope\":\"%s\"}", s.scope);
        s.seq = (int64_t)box_event(&b, "permission.decided", holder, json);
    } else {
        if (answer || step[0] == 'g') {
            random_limits(&s, answer, limits, &run);
        }
        put_tier(tier, s.tier);
        snprintf(kind, sizeof(kind), "permission.%s", step);
        snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\"%s%s%s}", s.group, s.scope, tier, limits,
                 answer ? ",\"decision\":\"allow\"" : "");
        s.seq = (int64_t)box_event_of(&b, kind, holder, run, json);
    }
    s.what = by_agent ? 'd' : answer ? 'g' : step[0];
    add(h, &s);
}

/* How often folds say that it was not permitted, and of the newest time the words. */
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

/* What follows "used, but it was" or "used at T1, but": the reason alone. */
static const char *reason_in(const char *violation) {
    static const char *const befores[] = {"but it was ", "but its scope ", "but "};
    for (size_t i = 0; i < 3; i++) {
        const char *at = strstr(violation, befores[i]);
        if (at != NULL) {
            return at + strlen(befores[i]);
        }
    }
    return violation;
}

static bool may_append(const char *kind, const char *subject, const char *run, const char *json) {
    struct ledger_draft draft;
    struct decision d;
    struct buf body;
    buf_init(&body, 4096);
    ledger_draft_init(&draft);
    assert_int_equal(ledger_json_to_body(bytes_of(json), &body, &b.err), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.run = bytes_of(run[0] != '\0' ? run : NULL);
    draft.actor = draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
    buf_done(&body);
    return d.yes;
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

/* The same by a use that would be appended, of a scope that is not a pattern. */
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

/* The scope of what refuses a part of it. Static. */
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

/* Where a row of a refusal says that it was lifted, no use is refused by it: uses, and the newest event about each. */
static void lifted_row(struct history *h, const struct row *row, const char *group) {
    static const char *const uses[] = {"outbox", "outbox/a", "outbox/b", "/outbox/a", "a",   "b",        "a.b",
                                       "a.b:80", "x.a.b",    "x.a.b:1",  "/",         "a/b", "[::1]:80", "[::1]"};
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        const struct said *by = decides(h, h->n, group, uses[i], 3, "");
        if (by != NULL && by->what != 'g' && by->seq == row_int(row, PERMISSIONS_REFUSED_SEQ)) {
            fail_msg("'%s' is lifted, but event %lld refuses '%s'", group, (long long)by->seq, uses[i]);
        }
    }
}

/* What a row says of its own scope, and what is so: of a refusal, which is of all tiers, at the highest. */
static void one_row(struct history *h, const struct row *row, struct rows_tally *tally) {
    bool refusal = has_state(row, "denied", "revoked", "lifted"), by_other = row_has(row, PERMISSIONS_OVERRIDDEN);
    bool partly = by_other && has_state(row, "granted", "denied", "revoked");
    const char *tier = refusal ? "T3" : NULL;
    struct bytes group = row_text(row, PERMISSIONS_GROUP), scope = row_text(row, PERMISSIONS_SCOPE);
    struct bytes state = row_text(row, PERMISSIONS_STATE), reason = row_text(row, PERMISSIONS_REASON);
    char text[SCOPE_TEXT], name[24], words[320];
    if (group.n == 0) {
        return; /* of no group: there is no such use */
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
    bool of_part = strstr(words, "a part of it, by") != NULL; /* of all that is refused */
    bool own = strncmp(words, "no use has it", 13) == 0 || strstr(words, "does not hold") != NULL;
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
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_int_equal(state_rows_open(b.view, state_table_find(b.view, "permissions"), NULL, 0, &rows, &b.err), 0);
    while (state_rows_next(rows, &row, &b.err) == 0) {
        one_row(h, row, tally);
    }
    state_rows_close(rows);
}

/* The use itself: whatever was answered, it is recorded, and the row that it counts for says what was answered. */
static void one_use(const char *json, const char *run, bool by_run, const struct decision *told, int64_t named_seq) {
    struct unpermitted before, after;
    unpermitted(&before);
    box_event_of(&b, "permission.used", who, by_run && run[0] != '\0' ? run : NULL, json);
    box_view(&b, LEDGER_NO_SEQ, 0);
    unpermitted(&after);
    if (after.n - before.n != !told->yes) { /* what is used up or granted anew is counted from 0 */
        fail_msg("%s: %d (%s), but %lld times not permitted (%s)", json, told->yes, told->reason,
                 (long long)(after.n - before.n), after.words);
    }
    if (!told->yes && strstr(told->reason, reason_in(after.words)) == NULL) {
        fail_msg("%s: '%s', but '%s'", json, told->reason, after.words);
    }
    if (!told->yes && named_seq > 0 && after.decided_seq != named_seq && after.refused_seq != named_seq) {
        fail_msg("%s: the violation is of event %lld, not %lld", json, (long long)after.decided_seq, (long long)named_seq);
    }
}

/* Four ways to ask, and then the use itself. */
static void one_question(struct history *h, bool record, struct tally *tally) {
    char json[240], written[SCOPE_TEXT], tier_text[16], tier_field[24], session[24] = "";
    struct said s = {.what = 'u', .tier = (int)below(5) - 1};
    const char *run = runs[below(3)];
    bool by_run = below(2) == 0;
    struct decision one;
    struct permitted many;
    snprintf(s.group, sizeof(s.group), "%s", groups[below(3)]);
    snprintf(s.session, sizeof(s.session), "%s", run);
    random_scope(written, s.group);
    plain(s.scope, written);
    struct said *by = decides(h, h->n, s.group, s.scope, s.tier < 0 ? 0 : s.tier, run);
    bool held = by != NULL && by->what == 'g';
    snprintf(tier_text, sizeof(tier_text), "%s", "");
    if (s.tier >= 0) {
        snprintf(tier_text, sizeof(tier_text), "T%d", s.tier);
    }
    put_tier(tier_field, s.tier);
    if (!by_run && run[0] != '\0') {
        snprintf(session, sizeof(session), ",\"session\":\"%s\"", run);
    }
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\"%s%s%s}", s.group, written, tier_field, session,
             below(4) == 0 ? ",\"at\":500" : ""); /* before its end came, it says */
    const struct decide_use use = {.group = bytes_of(s.group),
                                   .scope = bytes_of(s.scope),
                                   .tier = bytes_of(tier_text),
                                   .session = bytes_of(by_run ? "" : run),
                                   .run = bytes_of(by_run ? run : ""),
                                   .of_session = true,
                                   .one = true};
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_int_equal(decide_is_permitted(b.view, bytes_of(who), &use, &one, &b.err), 0);
    assert_int_equal(permitted_ask(b.view, bytes_of(who), &use, &many, &b.err), 0);
    if (one.yes != held || many.decision.yes != held ||
        may_append("permission.used", who, by_run ? run : "", json) != held) {
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
        one_use(json, run, by_run, &one, ground != GROUND_NONE ? seq : 0);
        s.seq = (int64_t)state_at(b.view) - 1;
        add(h, &s);
    }
}

/* Of all tiers, so that it lifts what was refused. */
static void wide_grant(struct history *h) {
    static const char *const scopes[] = {"", "*", "*a*", "*.b"};
    struct said s = {.what = 'g', .tier = 3};
    char json[160];
    snprintf(s.group, sizeof(s.group), "%s", groups[below(2)]);
    snprintf(s.scope, sizeof(s.scope), "%s", scopes[below(4)]);
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\",\"tier\":\"T3\"}", s.group, s.scope);
    s.server = server != NULL && below(2) == 0;
    s.seq = (int64_t)box_event(&b, "permission.granted", s.server ? server : who, json);
    add(h, &s);
}

/* Of each second history a tool is asked about, and half of what is decided is decided for its server. */
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
