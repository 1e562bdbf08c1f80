/* Whether a permission is held and which reason a refusal names, against a reference that was written for this test: scopes
 * as lists of segments, patterns matched by recursion, decisions as a plain list. Random histories and questions; what the
 * judge, the many-questions judge, the check before an append and the fold say is compared with what the reference says. */
#include "base/clock.h"
#include "projections/decide.h"
#include "projections/permissions.h"
#include "projections/permitted.h"
#include "tests/projections/state_box.h"

#define DECISIONS_MAX 64
#define SCOPE_TEXT    64
#define WHO           "pack/p"
#define TWO_DOTS      "\xef\xb8\xb0" /* U+FE30, which is read as '..' */
#define ACCOUNT_OF    "\xe2\x84\x80" /* U+2100, which is read as 'a/c' */

/* ---- the reference ---- */

struct said {
    char group[24], scope[SCOPE_TEXT];
    char what; /* granted, denied, revoked by their first letter; 'e': a grant that is over */
    int tier;
    bool once;
    char session[4]; /* it holds there alone */
    int64_t seq;
};

struct history {
    struct said said[DECISIONS_MAX]; /* the newest last; one for each group and scope */
    size_t n;
};

static bool matches(const char *p, const char *t) {
    if (*p == '\0') {
        return *t == '\0';
    }
    if (*p == '*') {
        return matches(p + 1, t) || (*t != '\0' && matches(p, t + 1));
    }
    if (*p == '[' && p[1] != ':') {                                 /* not an address */
        return (*t == p[1] || *t == p[2]) && matches(p + 4, t + 1); /* two members */
    }
    return *t != '\0' && (*p == '?' || *p == *t) && matches(p + 1, t + 1);
}

/* Segment by segment. */
static bool is_path(const char *scope) {
    char segment[64];
    bool first = true;
    if (strcmp(scope, "/") == 0) {
        return true;
    }
    for (const char *p = scope;; first = false) {
        size_t n = strcspn(p, "/");
        memcpy(segment, p, n);
        segment[n] = '\0';
        bool root = first && n == 0;
        if ((n == 0 && !root) || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0 || strpbrk(segment, "\\\x01") ||
            strcmp(segment, TWO_DOTS) == 0 || strstr(segment, ACCOUNT_OF) != NULL || (first && segment[0] == '~')) {
            return false;
        }
        if (p[n] == '\0') {
            return !root;
        }
        p += n + 1;
    }
}

static bool is_host(const char *scope) {
    char name[SCOPE_TEXT];
    size_t n = scope[0] == '[' && scope[1] == ':' ? strcspn(scope, "]") + 1 : strcspn(scope, ":");
    const char *port = scope + n;
    unsigned dots = 0;
    memcpy(name, scope, n);
    name[n] = '\0';
    if (port[0] != '\0' && (port[1] == '\0' || strspn(port + 1, "0123456789*") != strlen(port + 1))) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        dots += name[i] == '.';
    }
    if (strspn(name, "0123456789.") == n) {
        return dots == 3;
    }
    return n > 0 && strpbrk(name, "/\\~\x01") == NULL && strstr(name, "..") == NULL && name[0] != '.' && name[n - 1] != '.';
}

static bool is_scope(const char *group, const char *scope) {
    return scope[0] == '\0' || (strcmp(group, "network.egress") == 0 ? is_host(scope) : is_path(scope));
}

static bool is_use(const char *group, const char *scope) {
    bool address = strcmp(group, "network.egress") == 0 && scope[0] == '[';
    return is_scope(group, scope) && strpbrk(scope + address, "*?[") == NULL;
}

static bool covers(const struct said *s, const char *group, const char *scope) {
    bool path = strcmp(group, "network.egress") != 0;
    if (strcmp(s->group, group) != 0 || !is_scope(group, s->scope)) {
        return false;
    }
    if (s->scope[0] == '\0' || strcmp(s->scope, scope) == 0) {
        return true;
    }
    if (path && (scope[0] == '\0' || (scope[0] == '/') != (s->scope[0] == '/'))) {
        return false;
    }
    return scope[0] != '\0' ? matches(s->scope, scope) : strspn(s->scope, "*") == strlen(s->scope);
}

static bool elsewhere(const struct said *s, const char *run) {
    return s->session[0] != '\0' && strcmp(s->session, run) != 0;
}

static bool reaches(const struct said *s, const char *group, const char *scope, int tier, const char *run) {
    return !elsewhere(s, run) && (s->tier < 0 ? 0 : s->tier) >= tier && covers(s, group, scope);
}

static bool refuses(const struct said *s, const char *group, const char *scope) {
    bool host = strcmp(group, "network.egress") == 0, address = s->scope[0] == '[' && s->scope[1] == ':';
    char name[SCOPE_TEXT];
    if ((s->what != 'd' && s->what != 'r') || (s->group[0] != '\0' && strcmp(s->group, group) != 0)) {
        return false;
    }
    snprintf(name, sizeof(name), "%s", scope);
    name[scope[0] == '[' && scope[1] == ':' ? strcspn(scope, "]") + 1 : strcspn(scope, ":")] = '\0';
    return s->scope[0] == '\0' || scope[0] == '\0' || matches(s->scope, scope) ||
           (host && (address ? strcmp(s->scope, name) == 0 : strchr(s->scope, ':') == NULL && matches(s->scope, name)));
}

/* Of the newest down: what refuses, and what grants. */
static struct said *decides(struct history *h, const char *group, const char *scope, int tier, const char *run) {
    for (size_t i = h->n; i-- > 0 && is_use(group, scope);) {
        struct said *s = &h->said[i];
        if (refuses(s, group, scope) || (s->what == 'g' && reaches(s, group, scope, tier, run))) {
            return s;
        }
    }
    return NULL;
}

/* What a refusal names: up from what refuses, the grant with the smallest fault; the newest of those. */
static enum permission_ground named(struct history *h, const char *group, const char *scope, const char *run,
                                    int64_t *ret_seq) {
    enum permission_ground best = GROUND_NONE;
    for (size_t i = 0; i < h->n && is_use(group, scope); i++) {
        const struct said *s = &h->said[i];
        enum permission_ground is = s->what == 'e'      ? GROUND_OVER
                                    : elsewhere(s, run) ? GROUND_SESSION
                                    : s->tier == 2      ? GROUND_T2
                                    : s->tier == 1      ? GROUND_T1
                                                        : GROUND_T0;
        if (refuses(s, group, scope)) {
            best = GROUND_REFUSES; /* takes back all before it */
        } else if ((s->what != 'g' && s->what != 'e') || !covers(s, group, scope) ||
                   (best != GROUND_REFUSES && best < is)) {
            continue;
        } else {
            best = is;
        }
        *ret_seq = s->seq;
    }
    return best;
}

static void decide(struct history *h, const struct said *said) {
    size_t i = 0;
    while (i < h->n && (strcmp(h->said[i].group, said->group) != 0 || strcmp(h->said[i].scope, said->scope) != 0)) {
        i++;
    }
    if (i < h->n) {
        memmove(h->said + i, h->said + i + 1, (h->n - i - 1) * sizeof(h->said[0]));
        h->n--;
    }
    h->said[h->n++] = *said;
}

/* ---- random histories ---- */

static struct box b;
static uint64_t x;

static size_t below(size_t n) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(x >> 33) % n;
}

static const char *const runs[] = {"", "s1", "s2"};
static const char *const groups[] = {"filesystem.write", "network.egress", "filesystem.write"};
static const char *const granted_scopes[] = {"",         "outbox/**", "outbox/*", "outbox/a", "/outbox/*", "**",
                                             "out?ox/a", "/",         "[ab]/*",   "*.b",      "*a*",       "*.b:*",
                                             "[::1]:*",  "127.*",     "127.1",    "a.b",      "[::1]"};
#define N_GRANTED (sizeof(granted_scopes) / sizeof(granted_scopes[0]))

static void random_scope(char *ret, const char *group) {
    static const char *const segments[] = {"outbox", "a",   "b",       "..",     ".",        "",  "a.b", "~",
                                           "a\\\\b", "...", "\\u0001", TWO_DOTS, ACCOUNT_OF, "*", "o?"};
    static const char *const likely[] = {"outbox/a", "/outbox/a", "a.b", "outbox/a/b", "a.b:80", "outbox/*"};
    static const char *const hosts[] = {"",      "a.b",       "outbox",   "a",        "x.a.b",       "a..b",
                                        ".a",    "a/b",       "a.b.",     "a.b:80",   "a.b:80?x=.b", "evil:80/*#.b",
                                        "127.1", "127.0.0.1", "[::1]:80", "[::2]:80", "*.b"};
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
    struct said s = {.what = 'e', .scope = "outbox/*"};
    size_t which = below(3);
    char json[160];
    snprintf(s.group, sizeof(s.group), "%s", groups[below(3)]);
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"tier\":\"T3\"%s}", s.group, grants[which]);
    s.seq = (int64_t)box_odd(&b, "permission.granted", WHO, json);
    if (which > 0 && is_scope(s.group, s.scope)) {
        decide(h, &s);
    }
}

static void random_decision(struct history *h) {
    static const char *const steps[] = {"granted", "granted", "granted", "denied", "revoked", "expired"};
    struct said s = {.tier = (int)below(5) - 1};
    const char *step = steps[below(6)];
    char kind[40], json[200], tier[24];
    snprintf(s.group, sizeof(s.group), "%s", groups[below(3)]);
    snprintf(s.scope, sizeof(s.scope), "%s", granted_scopes[below(N_GRANTED)]);
    bool by_agent = strcmp(step, "denied") == 0 && below(3) == 0;
    if (below(8) == 0) {
        odd_grant(h);
        return;
    }
    bool class = s.scope[1] == ':' && strcmp(s.group, "network.egress") != 0;
    if (class || (!by_agent && step[0] != 'e' && !is_scope(s.group, s.scope))) {
        return; /* is not taken */
    }
    if (by_agent) { /* of no group */
        s.group[0] = '\0';
        snprintf(json, sizeof(json), "{\"decision\":\"deny\",\"scope\":\"%s\"}", s.scope);
        s.seq = (int64_t)box_event(&b, "permission.decided", WHO, json);
    } else {
        s.once = strcmp(step, "granted") == 0 && below(5) == 0;
        bool session = strcmp(step, "granted") == 0 && !s.once && below(4) == 0, by_run = below(2) == 0;
        snprintf(s.session, sizeof(s.session), "%s", session ? runs[1 + below(2)] : "");
        put_tier(tier, s.tier);
        snprintf(kind, sizeof(kind), "permission.%s", step);
        int at = snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\"%s%s", s.group, s.scope, tier,
                          s.once    ? ",\"lifetime\":\"once\""
                          : session ? ",\"lifetime\":\"session\""
                                    : "");
        if (session && !by_run) {
            at += snprintf(json + at, sizeof(json) - (size_t)at, ",\"session\":\"%s\"", s.session);
        }
        snprintf(json + at, sizeof(json) - (size_t)at, "}");
        s.seq = (int64_t)box_event_of(&b, kind, WHO, session && by_run ? s.session : NULL, json);
    }
    s.what = step[0];
    if (step[0] != 'e') {
        decide(h, &s);
        return;
    }
    for (size_t i = 0; i < h->n; i++) { /* only a grant can expire */
        struct said *old = &h->said[i];
        if (strcmp(old->group, s.group) == 0 && strcmp(old->scope, s.scope) == 0 && old->what == 'g') {
            old->what = 'e';
        }
    }
}

/* All, and of the row of the newest one the event that decided it; 0: none did. */
static int64_t violations(int64_t *ret_by) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int64_t n = 0, newest = -1;
    size_t table = state_table_find(b.view, "permissions");
    assert_int_equal(state_rows_open(b.view, table, NULL, 0, &rows, &b.err), 0);
    while (state_rows_next(rows, &row, &b.err) == 0) {
        int64_t seq = row_int(row, projection_column(row->table, "violation_seq"));
        n += row_int(row, projection_column(row->table, "violations"));
        if (seq > newest) {
            newest = seq;
            *ret_by = row_int(row, projection_column(row->table, "decided_seq"));
        }
    }
    state_rows_close(rows);
    return n;
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
    assert_int_equal(decide_is_permitted(b.view, bytes_of(WHO), &use, &d, &b.err), 0);
    return d.yes;
}

/* The same by a use that would be appended, of a scope that is not a pattern. */
static bool may_use_row(const struct row *row, const char *tier) {
    char json[200];
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
    return may_append("permission.used", WHO, "", json);
}

/* The scope of what refuses a part of it. Static. */
static const char *refused_within(const struct row *row, const char *tier) {
    static struct permitted found;
    const struct decide_use use = {.group = row_text(row, PERMISSIONS_GROUP),
                                   .scope = row_text(row, PERMISSIONS_SCOPE),
                                   .session = row_text(row, PERMISSIONS_SESSION),
                                   .tier = tier != NULL ? bytes_of(tier) : row_text(row, PERMISSIONS_TIER),
                                   .of_session = true};
    assert_int_equal(permitted_ask(b.view, bytes_of(WHO), &use, &found, &b.err), 0);
    return found.refused_scope;
}

static bool has_state(const struct row *row, const char *a, const char *b_, const char *c) {
    return row_is(row, PERMISSIONS_STATE, a) || row_is(row, PERMISSIONS_STATE, b_) || row_is(row, PERMISSIONS_STATE, c);
}

/* What a row says of its own scope, and what is so: of a refusal, which is of all tiers, at the highest. */
static void one_row(const struct row *row, struct rows_tally *tally) {
    bool refusal = has_state(row, "denied", "revoked", "lifted"), by_other = row_has(row, PERMISSIONS_OVERRIDDEN);
    bool partly = by_other && has_state(row, "granted", "denied", "revoked");
    const char *tier = refusal ? "T3" : NULL;
    struct bytes group = row_text(row, PERMISSIONS_GROUP), scope = row_text(row, PERMISSIONS_SCOPE);
    struct bytes state = row_text(row, PERMISSIONS_STATE), reason = row_text(row, PERMISSIONS_REASON);
    char text[SCOPE_TEXT], name[24];
    if (group.n == 0) {
        return; /* of no group: there is no such use */
    }
    snprintf(text, sizeof(text), "%.*s", (int)scope.n, scope.n > 0 ? (const char *)scope.p : "");
    snprintf(name, sizeof(name), "%.*s", (int)group.n, (const char *)group.p);
    bool says =
        has_state(row, "granted", "lifted", "lifted") || (by_other && !has_state(row, "overridden", "denied", "revoked"));
    bool is = is_permitted_row(row, tier), wide = text[0] == '\0' || strpbrk(text, "*?[") != NULL;
    const char *refused = wide && !is ? refused_within(row, tier) : "";
    if (refused[0] != '\0' && strpbrk(refused, "*?[") == NULL) {
        return; /* a single scope within it has its own row */
    }
    if (is != (says && !partly) || (is_use(name, text) && may_use_row(row, tier) != is) ||
        by_other != (reason.n > 0 && !bytes_has_prefix(reason, "no use has it"))) {
        fail_msg("'%s' '%s' is %.*s (%.*s), but permitted %d", name, text, (int)state.n,
                 state.n > 0 ? (const char *)state.p : "", (int)reason.n, reason.n > 0 ? (const char *)reason.p : "", is);
    }
    if (partly && is_use(name, text) && text[0] != '\0' && !refusal) {
        fail_msg("'%s' has no parts", text);
    }
    tally->overridden += row_is(row, PERMISSIONS_STATE, "overridden");
    tally->lifted += row_is(row, PERMISSIONS_STATE, "lifted");
    tally->partly += partly;
    tally->rows++;
}

static void all_rows(struct rows_tally *tally) {
    struct state_rows *rows = NULL;
    const struct row *row;
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_int_equal(state_rows_open(b.view, state_table_find(b.view, "permissions"), NULL, 0, &rows, &b.err), 0);
    while (state_rows_next(rows, &row, &b.err) == 0) {
        one_row(row, tally);
    }
    state_rows_close(rows);
}

/* Four ways to ask, and then the use itself: whatever was answered, it is recorded, and a violation when nobody holds it.
 */
static void one_question(struct history *h, bool record, struct tally *tally) {
    char json[200], scope[SCOPE_TEXT], written[SCOPE_TEXT], tier_text[16], tier_field[24];
    const char *group = groups[below(3)], *run = runs[below(3)];
    int tier = (int)below(5) - 1;
    struct decision one;
    struct permitted many;
    random_scope(written, group);
    plain(scope, written);
    struct said *by = decides(h, group, scope, tier < 0 ? 0 : tier, run);
    bool held = by != NULL && by->what == 'g';
    tier_text[0] = '\0';
    if (tier >= 0) {
        snprintf(tier_text, sizeof(tier_text), "T%d", tier);
    }
    put_tier(tier_field, tier);
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\"%s}", group, written, tier_field);
    const struct decide_use use = {.group = bytes_of(group),
                                   .scope = bytes_of(scope),
                                   .tier = bytes_of(tier_text),
                                   .run = bytes_of(run),
                                   .of_session = true,
                                   .one = true};
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_int_equal(decide_is_permitted(b.view, bytes_of(WHO), &use, &one, &b.err), 0);
    assert_int_equal(permitted_ask(b.view, bytes_of(WHO), &use, &many, &b.err), 0);
    if (one.yes != held || many.decision.yes != held || may_append("permission.used", WHO, run, json) != held) {
        fail_msg("%s: %d, but %d (%s), %d (%s)", json, held, one.yes, one.reason, many.decision.yes, many.decision.reason);
    }
    held ? tally->yes++ : tally->no++;
    int64_t seq = 0, refused_by = 0;
    enum permission_ground ground = held ? GROUND_HOLDS : named(h, group, scope, run, &seq);
    bool said_nothing = ground == GROUND_NONE && many.ground >= GROUND_HIDDEN;
    if (!said_nothing && (ground != many.ground || (!held && ground != GROUND_NONE && seq != many.seq))) {
        fail_msg("%s: ground %d of event %lld, but %d of event %lld (%s)", json, (int)ground, (long long)seq,
                 (int)many.ground, (long long)many.seq, one.reason);
    }
    if (!record || scope[0] == '\0') { /* a fold does not go through what is a part of everything */
        return;
    }
    int64_t before = violations(&refused_by);
    box_event_of(&b, "permission.used", WHO, run[0] != '\0' ? run : NULL, json);
    box_view(&b, LEDGER_NO_SEQ, 0);
    int64_t after = violations(&refused_by);
    if (after - before != (held ? 0 : 1)) {
        fail_msg("%s: held %d, and %lld new violations", json, held, (long long)(after - before));
    }
    if (!held && ground != GROUND_NONE && refused_by != seq) {
        fail_msg("%s: the violation is of event %lld, not %lld", json, (long long)refused_by, (long long)seq);
    }
    if (held && by->once) {
        by->what = 'e';
    }
}

static struct tally histories(uint64_t seed, unsigned n) {
    struct tally tally = {0};
    x = seed;
    for (unsigned i = 0; i < n; i++) {
        struct history h = {.n = 0};
        box_open(&b);
        for (size_t k = 2 + below(6); k > 0; k--) {
            random_decision(&h);
            one_question(&h, false, &tally);
        }
        for (unsigned k = 0; k < 4; k++) {
            one_question(&h, false, &tally);
        }
        one_question(&h, true, &tally);
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

/* Of all tiers, so that it lifts what was refused. */
static void wide_grant(void) {
    static const char *const scopes[] = {"", "*", "*a*", "*.b"};
    const char *group = groups[below(2)];
    char json[120];
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\",\"tier\":\"T3\"}", group, scopes[below(4)]);
    box_event(&b, "permission.granted", WHO, json);
}

static struct rows_tally rows_of_histories(uint64_t seed) {
    struct rows_tally tally = {0};
    x = seed;
    for (unsigned i = 0; i < 8; i++) {
        struct history h = {.n = 0}; /* rows are held against answers, which the tests above hold against it */
        box_open(&b);
        for (unsigned k = 0; k < 36; k++) {
            random_decision(&h);
            if (below(10) == 0) {
                wide_grant();
            }
            if (k % 6 == 5) {
                all_rows(&tally);
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
        assert_in_range(tally.overridden, 20, tally.rows / 2);
        assert_in_range(tally.lifted, 3, tally.rows / 2);
        assert_in_range(tally.partly, 20, tally.rows / 2);
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
