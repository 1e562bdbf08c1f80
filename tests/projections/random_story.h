/* Random histories about few related subjects: packs with permissions, checks and routes, models whose tags move,
 * evaluations that pass, fail, expire and are invalidated, sessions that end, a doctor's observations. Legal steps and
 * illegal ones, at moments with gaps between them, some long enough for everything that ends by itself to end. The clock is
 * the story's: its users define __wrap_clock_wall_ns and __wrap_clock_boot_ns to return story_now. */
#ifndef TESTS_PROJECTIONS_RANDOM_STORY_H
#define TESTS_PROJECTIONS_RANDOM_STORY_H

#include "tests/projections/random_events.h"
#include "tests/projections/state_box.h"

#define STORY_BEGIN   UINT64_C(1790000000000000000)
#define STORY_S       UINT64_C(1000000000)
#define STORY_DAY     (86400 * STORY_S)
#define STORY_MOMENTS 8192

static uint64_t story_now = STORY_BEGIN;

struct story {
    struct random_event random;
    struct box *box;
    uint64_t moments[STORY_MOMENTS]; /* at which something may end by itself */
    size_t n_moments;
    size_t act;    /* the next step of the scene in which a route is proven */
    bool of_tiers; /* every other step is about policies and the calls they judge */
};

static inline void story_init(struct story *s, struct box *box, uint64_t seed) {
    memset(s, 0, sizeof(*s));
    random_event_init(&s->random, seed * 2654435761U + 1);
    s->box = box;
}

static inline void story_done(struct story *s) {
    random_event_done(&s->random);
}

static inline uint32_t story_below(struct story *s, uint32_t n) {
    return random_below(&s->random, n);
}

static inline void story_moment(struct story *s, uint64_t at) {
    assert_true(s->n_moments < STORY_MOMENTS);
    s->moments[s->n_moments++] = at;
}

/* What an event may bring to an end by time alone: an evaluation's age, what the doctor treats as recent. */
static inline void story_moments_of_event(struct story *s) {
    static const uint64_t ages[] = {20 * STORY_S, STORY_DAY, 7 * STORY_DAY, 30 * STORY_DAY};
    for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        story_moment(s, story_now + ages[i]);
        story_moment(s, story_now + ages[i] + 1);
    }
}

/* A template: %p a pack, %r a route, %m a model's name, %d a digest, %e an evaluation, %v a version, %g a group, %s a
 * scope, %u a run, %t a time in the near future, %b a boolean, %w one of pass, fail, warn, %n a small number. */
struct story_step {
    const char *kind, *subject, *json;
    bool of_run;
};

#define STORY_NEEDS                                                                                                        \
    "\"permissions\":[{\"group\":\"%g\",\"required\":%b,\"scope\":\"%s\"}],\"routes\":[{\"name\":\"%r\",\"required\":%b}]" \
    ","                                                                                                                    \
    "\"checks\":[\"c\"]"
#define STORY_EVAL "\"route\":\"%r\",\"suite\":\"s\",\"digest\":\"%d\",\"pack\":\"p0\",\"pack_version\":\"%v\""

static const struct story_step story_steps[] = {
    {"pack.installed", "pack/%p", "{\"version\":\"%v\"," STORY_NEEDS "}", false},
    {"pack.installed", "pack/%p", "{\"version\":\"%v\"}", false},
    {"pack.upgraded", "pack/%p", "{\"version\":\"%v\"," STORY_NEEDS "}", false},
    {"pack.configured", "pack/%p", "{\"digest\":\"%d\"}", false},
    {"pack.checked", "pack/%p", "{\"check\":\"c\",\"verdict\":\"%w\",\"version\":\"%v\"}", false},
    {"pack.checked", "pack/%p", "{\"check\":\"x\",\"verdict\":\"%w\",\"required\":%b}", false},
    {"pack.parked", "pack/%p", "{\"reason\":\"later\"}", false},
    {"pack.unparked", "pack/%p", "{}", false},
    {"pack.removed", "pack/%p", "{}", false},
    {"permission.granted", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\",\"expires\":%t}", false},
    {"permission.granted", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\"}", false},
    {"permission.granted", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\",\"lifetime\":\"once\"}", false},
    {"permission.granted", "pack/%p", "{\"group\":\"%g\",\"lifetime\":\"session\",\"session\":\"%u\"}", false},
    {"permission.requested", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\",\"required\":%b}", false},
    {"permission.denied", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\"}", false},
    {"permission.revoked", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\"}", false},
    {"permission.expired", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\"}", false},
    {"permission.used", "pack/%p", "{\"group\":\"%g\",\"scope\":\"inbox/a\"}", false},
    {"permission.decided", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\",\"decision\":\"allow\"}", true},
    {"run.started", "run/%u", "{}", true},
    {"run.finished", "run/%u", "{\"outcome\":\"ok\"}", true},
    {"run.tool_called", "run/%u", "{\"tool\":\"t\"}", true},
    {"route.declared", "route/%r",
     "{\"pack\":\"%p\",\"model\":\"%m\",\"runtime\":\"ollama\",\"suite\":\"s\",\"required\":%b}", false},
    {"route.declared", "route/%r", "{\"pack\":\"p0\",\"digest\":\"%d\",\"suite\":\"s\"}", false},
    {"route.configured", "route/%r", "{\"config_digest\":\"%d\"}", false},
    {"route.decided", "route/%r", "{\"decision\":\"primary\",\"digest\":\"%d\"}", false},
    {"route.decided", "route/%r", "{\"decision\":\"primary\"}", false},
    {"route.fell_back", "route/%r", "{}", false},
    {"route.parked", "route/%r", "{\"reason\":\"busy\"}", false},
    {"route.parked", "route/%r", "{\"parked\":false}", false},
    {"route.offline", "route/%r", "{}", false},
    {"route.online", "route/%r", "{}", false},
    {"route.removed", "route/%r", "{}", false},
    {"model.observed", "model/%m", "{\"model\":\"%m\",\"runtime\":\"ollama\",\"digest\":\"%d\"}", false},
    {"model.observed", "model/%m", "{\"model\":\"%m\",\"runtime\":\"ollama\",\"manifest_digest\":\"%d\"}", false},
    {"model.identified", "model/%d", "{\"model\":\"%m\",\"manifest_digest\":\"%d\",\"digest\":\"%d\"}", false},
    {"model.loaded", "model/%m", "{\"model\":\"%m\",\"runtime\":\"ollama\",\"digest\":\"%d\"}", false},
    {"model.unloaded", "model/%m", "{\"model\":\"%m\",\"runtime\":\"ollama\"}", false},
    {"model.removed", "model/%m", "{\"model\":\"%m\",\"runtime\":\"ollama\"}", false},
    {"model.alias_set", "alias/%m", "{\"alias\":\"%m\",\"runtime\":\"ollama\",\"digest\":\"%d\"}", false},
    {"eval.suite_declared", "suite/s", "{\"suite\":\"s\",\"max_age_s\":20}", false},
    {"eval.suite_declared", "suite/s", "{\"suite\":\"s\",\"suite_digest\":\"%d\"}", false},
    {"eval.started", "eval/%e", "{" STORY_EVAL "}", false},
    {"eval.scored", "eval/%e",
     "{\"task\":\"t\",\"metric\":\"acc\",\"value\":0.%n,\"threshold\":0.5,\"higher_is_better\":true}", false},
    {"eval.finished", "eval/%e", "{" STORY_EVAL ",\"verdict\":\"%w\"}", false},
    {"eval.finished", "eval/%e", "{" STORY_EVAL ",\"verdict\":\"pass\"}", false},
    {"eval.finished", "eval/%e", "{\"route\":\"%r\",\"suite\":\"s\",\"digest\":\"%d\",\"verdict\":\"pass\"}", false},
    {"eval.invalidated", "eval/%e", "{\"reason\":\"leak\"}", false},
    {"doctor.observed", "check/disk-space", "{\"check\":\"disk-space\",\"status\":\"%w\",\"target\":\"/\"}", false},
    {"doctor.observed", "check/net", "{\"check\":\"net\",\"status\":\"ok\",\"pack\":\"%p\"}", false},
    {"doctor.judged", "host/x", "{\"verdict\":\"%w\"}", false},
    {"runtime.observed", "runtime/ollama", "{\"runtime\":\"ollama\",\"status\":\"ok\"}", false},
    {"runtime.unreachable", "runtime/ollama", "{\"runtime\":\"ollama\"}", false},
    {"hardware.profiled", "host/h", "{\"memory_bytes\":%n000000000,\"digest\":\"%d\"}", false},
    {"hardware.faulted", "host/h", "{\"what\":\"disk\",\"device\":\"sda\"}", false},
    {"install.installed", "package/dpkg/curl", "{\"manager\":\"dpkg\",\"package\":\"curl\",\"version\":\"%v\"}", false},
    {"install.upgraded", "package/dpkg/curl", "{\"manager\":\"dpkg\",\"package\":\"curl\",\"version\":\"%v\"}", false},
    {"install.removed", "package/dpkg/curl", "{\"manager\":\"dpkg\",\"package\":\"curl\"}", false},
    {"install.observed", "package/dpkg/curl", "{\"manager\":\"dpkg\",\"package\":\"curl\",\"version\":\"%v\"}", false},
    {"promotion.planned", "promotion/x", "{\"what\":\"model\",\"digest\":\"%d\"}", false},
    {"promotion.verifying", "promotion/x", "{}", false},
    {"promotion.aborted", "promotion/x", "{}", false},
};
#define STORY_STEPS (sizeof(story_steps) / sizeof(story_steps[0]))

/* A route would hardly ever be proven at random: this does it step by step, with random events between the steps. Its
 * subjects are then among those that everything happens to. */
#define STORY_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
static const struct story_step story_scene[] = {
    {"pack.installed", "pack/p9", "{\"version\":\"1\",\"routes\":[{\"name\":\"r9\"}]}", false},
    {"model.observed", "model/m0", "{\"model\":\"m0\",\"runtime\":\"ollama\",\"digest\":\"" STORY_A "\"}", false},
    {"route.declared", "route/r9", "{\"pack\":\"p9\",\"model\":\"m0\",\"runtime\":\"ollama\",\"suite\":\"s9\"}", false},
    {"eval.scored", "eval/e9",
     "{\"task\":\"t\",\"metric\":\"acc\",\"value\":0.9,\"threshold\":0.8,\"higher_is_better\":true}", false},
    {"eval.finished", "eval/e9",
     "{\"route\":\"r9\",\"suite\":\"s9\",\"digest\":\"" STORY_A
     "\",\"pack\":\"p9\",\"pack_version\":\"1\",\"verdict\":\"pass\"}",
     false},
    {"eval.suite_declared", "suite/s9", "{\"suite\":\"s9\",\"max_age_s\":20}", false},
};
#define STORY_SCENE (sizeof(story_scene) / sizeof(story_scene[0]))

/* Calls that policies judge, and policies that are declared, redeclared and withdrawn. */
#define STORY_RULES(policy, rules) "{\"policy\":\"" policy "\",\"version\":\"%v\",\"tool_rules\":[" rules "]}"
static const struct story_step story_tiers[] = {
    {"policy.declared", "policy/q0", STORY_RULES("q0", "{\"group\":\"exec\",\"tier\":\"T3\"}"), false},
    {"policy.declared", "policy/q1", STORY_RULES("q1", "{\"group\":\"exec\",\"tier\":\"T1\",\"arguments\":[\"a=b\"]}"),
     false},
    {"policy.declared", "policy/q0", STORY_RULES("q0", "{\"tool\":\"t*\",\"tier\":\"T0\"}"), false},
    {"policy.declared", "policy/q1", "{\"policy\":\"q1\",\"version\":\"%v\",\"default\":\"T2\"}", false},
    {"policy.declared", "policy/q0", "{\"policy\":\"q0\"}", false},
    {"policy.declared", "policy/q1", "{\"policy\":\"q1\"}", false},
    {"permission.granted", "pack/%p", "{\"group\":\"%g\",\"scope\":\"%s\"}", false},
    {"permission.granted", "tool/t%n", "{\"group\":\"%g\",\"scope\":\"%s\"}", false},
    {"permission.revoked", "tool/t%n", "{\"group\":\"%g\",\"scope\":\"%s\"}", false},
    {"run.tool_called", "run/%u", "{\"tool\":\"t%n\",\"group\":\"%g\"}", true},
};
#define STORY_TIERS (sizeof(story_tiers) / sizeof(story_tiers[0]))

static inline void story_put(struct story *s, char what, struct buf *out) {
    static const char *const words[] = {"pass", "pass", "fail", "warn"}, *const scopes[] = {"", "inbox/**", "inbox/a"};
    uint32_t k = story_below(s, 3);
    uint64_t soon = story_now + (1 + story_below(s, 40)) * STORY_S;
    switch (what) {
    case 'd':
        buf_put_str(out, "sha256:");
        for (int i = 0; i < 64; i++) {
            buf_put_u8(out, (uint8_t)('a' + k));
        }
        break;
    case 'g':
        buf_put_str(out, k == 0 ? "exec" : "filesystem.read");
        break;
    case 's':
        buf_put_str(out, scopes[k]);
        break;
    case 't':
        story_moment(s, soon);
        buf_printf(out, "%llu", (unsigned long long)soon);
        break;
    case 'b':
        buf_put_str(out, k == 0 ? "false" : "true");
        break;
    case 'w':
        buf_put_str(out, words[story_below(s, 4)]);
        break;
    case 'n':
        buf_printf(out, "%u", 1 + story_below(s, 9));
        break;
    case 'e':
    case 'p':
    case 'r': /* p0, r1, e9 */
        buf_printf(out, "%c%c", what, "019"[k]);
        break;
    default: /* m0, v1, u0 */
        buf_printf(out, "%c%u", what, story_below(s, 2));
        break;
    }
}

static inline void story_fill(struct story *s, const char *from, struct buf *out) {
    buf_clear(out);
    for (; *from != '\0'; from++) {
        if (*from == '%') {
            story_put(s, *++from, out);
        } else {
            buf_put_u8(out, (uint8_t)*from);
        }
    }
    buf_put_u8(out, 0);
}

/* Time passes, usually little, rarely a lot. */
static inline void story_wait(struct story *s) {
    uint32_t k = story_below(s, 60);
    story_now += k == 0 ? 31 * STORY_DAY : k < 3 ? 8 * STORY_DAY : k < 12 ? (5 + story_below(s, 30)) * STORY_S : STORY_S;
}

/* An event is corrected; nothing happens if it cannot be. */
static inline void story_correct(struct story *s) {
    struct log_head head;
    struct log_receipt receipt;
    assert_int_equal(log_head(s->box->ledger, &head, &s->box->err), 0);
    const struct log_correct_options o = {
        .seq = story_below(s, (uint32_t)head.size), .replaced_by = LOG_NO_SEQ, .reason = "mistake", .actor = "user:test"};
    log_correct(s->box->ledger, &o, &receipt, &s->box->err);
}

/* One event, or an arbitrary one of any kind, which may be refused. */
static inline void story_step(struct story *s) {
    struct buf subject, json;
    struct log_receipt receipt;
    story_wait(s);
    if (story_below(s, 14) == 0) {
        story_correct(s);
        return;
    }
    if (story_below(s, 8) == 0) {
        random_event_make(&s->random, story_now);
        if (random_event_append(s->box->ledger, &s->random, &receipt)) {
            story_moments_of_event(s);
            for (uint64_t i = 0; i < 100 && bytes_has_prefix(s->random.draft.kind, "permission."); i++) {
                story_moment(s, story_now + i * STORY_S); /* its times are close */
            }
        }
        return;
    }
    bool scene = story_below(s, 3) == 0;
    const struct story_step *step = s->of_tiers && story_below(s, 2) == 0 ? &story_tiers[story_below(s, STORY_TIERS)]
                                    : scene                               ? &story_scene[s->act++ % STORY_SCENE]
                                                                          : &story_steps[story_below(s, STORY_STEPS)];
    buf_init(&subject, 4096);
    buf_init(&json, 65536);
    story_fill(s, step->subject, &subject);
    story_fill(s, step->json, &json);
    /* As an older program accepted it: subject and body may name different things. */
    box_put(s->box, step->kind, (const char *)subject.p, step->of_run ? (story_below(s, 2) == 0 ? "u0" : "u1") : NULL,
            (const char *)json.p, true);
    story_moments_of_event(s);
    buf_done(&subject);
    buf_done(&json);
}

#endif
