/* Random histories of decisions about permissions, appended to a ledger and passed to the reference
 * (permitted_reference.h): grants with all kinds of limits, answers of agents, requests, refusals, ends of runs,
 * corrections, erased uses. */
#ifndef TESTS_PROJECTIONS_PERMITTED_HISTORY_H
#define TESTS_PROJECTIONS_PERMITTED_HISTORY_H

#include "projections/decide/decide.h"
#include "projections/fold/fold.h"
#include "projections/permissions/permitted.h"
#include "tests/projections/permitted_reference.h"
#include "tests/projections/state_box.h"

/* The holders. Decisions about a tool's server apply to the tool, even if only the tool's name contains the server. */
static const char *who = "pack/p", *server = NULL;

static struct box b;
static uint64_t x;

static inline size_t below(size_t n) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(x >> 33) % n;
}

static const char *const runs[] = {"", "s1", "s2"};
static const char *const groups[] = {"filesystem.write", "network.egress", "filesystem.write"};
static const char *const granted_scopes[] = {
    "",      "outbox/**", "outbox/*", "outbox/a", "/outbox/*", "**",    "out?ox/a",  "/",        "[ab]/*", "*.b", "*a*",
    "*.b:*", "[::1]:*",   "127.*",    "127.1",    "a.b",       "[::1]", "outbox/a*", "outbox/?", "a.b:80", "*.?"};
#define N_GRANTED (sizeof(granted_scopes) / sizeof(granted_scopes[0]))

static inline void random_scope(char *ret, const char *group) {
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

/* Undoes JSON escapes, as far as random_scope makes them. */
static inline void plain(char *ret, const char *json) {
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

static inline void put_tier(char *ret, int tier) {
    ret[0] = '\0';
    if (tier >= 0) {
        snprintf(ret, 24, ",\"tier\":\"T%d\"", tier);
    }
}

/* What an older program accepted: its scope or its end is unknown. */
static inline void odd_grant(struct history *h) {
    static const char *const grants[] = {
        ",\"scope\":null", ",\"scope\":\"outbox/*\",\"lifetime\":\"until\"", ",\"scope\":\"outbox/*\",\"expires\":null",
        ",\"scope\":\"outbox/*\",\"session\":\"\"", ",\"scope\":\"outbox/*\",\"session\":null"};
    size_t which = below(5);
    struct said s = {.what = 'g', .past = which < 3, .nowhere = which >= 3, .own_tier = 3, .scope = "outbox/*"};
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
static inline void random_limits(struct said *s, bool answer, char ret[120], const char **ret_run) {
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
    s->far = which == 3;
    s->answer = answer;
    snprintf(s->session, sizeof(s->session), "%s", named ? runs[1 + below(2)] : "");
    snprintf(ret, 120, "%s%s%s%s", words[which], named && !by_run ? ",\"session\":\"" : "",
             named && !by_run ? s->session : "", named && !by_run ? "\"" : "");
    *ret_run = by_run ? s->session : NULL;
}

/* A run of a session begins or ends; one that begins again is still over. */
static inline void random_run(struct history *h) {
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

/* One event is corrected. */
static inline void random_correction(struct history *h) {
    struct said *s = &h->said[below(h->n)];
    const struct log_correct_options options = {
        .seq = (uint64_t)s->seq, .replaced_by = LOG_NO_SEQ, .reason = "mistake", .actor = "user:test"};
    struct log_receipt receipt;
    if (s->corrected || s->erased || s->what == 'f') return;
    assert_int_equal(log_correct(b.ledger, &options, &receipt, &b.err), 0);
    s->corrected = true;
    replay(h);
}

static inline bool may_append(const char *kind, const char *subject, const char *run, const char *json) {
    struct log_draft draft;
    struct decision d;
    struct buf body;
    buf_init(&body, 4096);
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
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

/* The body of a use is erased. */
static inline void random_erasure(struct history *h) {
    struct said *s = &h->said[below(h->n)];
    const uint64_t seq = (uint64_t)s->seq;
    const struct log_erase_options options = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    struct log_receipt receipt;
    if (s->corrected || s->erased || s->what != 'u') return;
    assert_int_equal(log_erase(b.ledger, &options, &receipt, &b.err), 0);
    s->erased = true;
    replay(h);
}

/* Without a group, if there is no such permission. */
static inline void of_no_group(void) {
    char json[160];
    snprintf(json, sizeof(json), "{\"decision\":\"allow\",\"scope\":\"%s\",\"tier\":\"T3\",\"lifetime\":\"permanent\"}",
             granted_scopes[below(N_GRANTED)]);
    box_event(&b, "permission.decided", who, json);
    box_view(&b, LOG_NO_SEQ, 0);
    assert_false(may_append("permission.used", who, "", "{\"tier\":\"T0\"}"));
}

/* The request and call that it names, or that a request is; empty: none. */
static inline void random_ids(struct said *s, bool call, char ret[64]) {
    static const char *const ids[] = {"", "r1", "r2"};
    if (below(2) == 0) return;
    snprintf(s->request, sizeof(s->request), "%s", ids[below(3)]);
    snprintf(s->call, sizeof(s->call), "%s", call ? ids[below(3)] : "");
    int at = s->request[0] == '\0' ? 0 : snprintf(ret, 64, ",\"request\":\"%s\"", s->request);
    ret[at] = '\0';
    if (s->call[0] != '\0') {
        snprintf(ret + at, 64 - (size_t)at, ",\"call\":\"%s\"", s->call);
    }
}

/* The scope of an earlier event, for an answer preferably that of a grant. */
static inline void take_older_scope(const struct history *h, struct said *s, bool answer) {
    size_t i = h->n > 0 ? below(h->n) : 0;
    for (unsigned k = 0;
         k < 8 && answer && h->n > 0 && (h->said[i].what != 'g' || !is_use(h->said[i].group, h->said[i].scope)); k++) {
        i = below(h->n);
    }
    if (h->n > 0 && below(answer ? 5 : 2) != 1 && h->said[i].group[0] != '\0' && h->said[i].what != 'u') {
        memcpy(s->group, h->said[i].group, sizeof(s->group));
        memcpy(s->scope, h->said[i].scope, sizeof(s->scope));
        s->server = answer ? h->said[i].server : s->server;
    }
}

/* Which step, and with which scope; a request is often followed by a grant that takes its tier. */
static inline const char *random_step(const struct history *h, struct said *s) {
    static const char *const steps[] = {"granted", "granted", "granted", "denied",    "revoked",
                                        "expired", "decided", "decided", "requested", "requested"};
    const struct said *last = h->n > 0 ? &h->said[h->n - 1] : NULL;
    const char *step = steps[below(10)];
    snprintf(s->group, sizeof(s->group), "%s", groups[below(3)]);
    snprintf(s->scope, sizeof(s->scope), "%s", granted_scopes[below(N_GRANTED)]);
    s->own_tier = (int)below(5) - 1;
    s->server = server != NULL && below(2) == 0;
    take_older_scope(h, s, strcmp(step, "decided") == 0);
    if (last != NULL && last->what == 'q' && below(2) == 0) {
        memcpy(s->group, last->group, sizeof(s->group));
        memcpy(s->scope, last->scope, sizeof(s->scope));
        s->own_tier = -1;
        s->server = last->server;
        return steps[below(3) * 3]; /* granted, denied, decided */
    }
    return step;
}

static inline void random_decision(struct history *h) {
    struct said s = {0};
    const char *step = random_step(h, &s), *run = NULL;
    char kind[40], json[400], tier[24], limits[120] = "", ids[64] = "";
    bool by_agent = strcmp(step, "denied") == 0 && below(3) == 0, answer = strcmp(step, "decided") == 0;
    bool asks = strcmp(step, "requested") == 0;
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
    if (other < 6) {
        random_erasure(h);
        of_no_group();
        return;
    }
    bool class = s.scope[1] == ':' && strcmp(s.group, "network.egress") != 0;
    if (class || (!by_agent && !asks && step[0] != 'e' && !is_scope(s.group, s.scope))) {
        return; /* is not accepted */
    }
    const char *holder = s.server ? server : who;
    if (by_agent && below(3) == 0) { /* of a scope that no use can have: it is unclear, so it counts for the whole group */
        snprintf(json, sizeof(json), "{\"decision\":\"deny\",\"group\":\"%s\",\"scope\":\"out//b\"}", s.group);
        s.scope[0] = '\0';
        s.seq = (int64_t)box_event(&b, "permission.decided", holder, json);
    } else if (by_agent) { /* without a group */
        s.group[0] = '\0';
        snprintf(json, sizeof(json), "{\"decision\":\"deny\",\"scope\":\"%s\"}", s.scope);
        s.seq = (int64_t)box_event(&b, "permission.decided", holder, json);
    } else {
        if (answer || step[0] == 'g') {
            random_limits(&s, answer, limits, &run);
        }
        if (answer || step[0] == 'g' || asks) {
            random_ids(&s, answer || asks, ids);
        }
        if (answer && s.once && s.request[0] == '\0' && s.call[0] == '\0' &&
            (s.scope[0] == '\0' || !is_use(s.group, s.scope))) {
            return; /* whether a refusal covers all of a pattern or everything is a separate question */
        }
        put_tier(tier, s.own_tier);
        snprintf(kind, sizeof(kind), "permission.%s", step);
        snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\"%s%s%s%s}", s.group, s.scope, tier, limits, ids,
                 answer ? ",\"decision\":\"allow\"" : "");
        s.seq = (int64_t)box_event_of(&b, kind, holder, run, json);
    }
    s.what = by_agent ? 'd' : answer ? 'g' : asks ? 'q' : step[0];
    add(h, &s);
}

#endif
