/* Two memories over random histories: whatever was forced into the log, the state is what a simple reference says, and a step is
 * permitted just when the reference would take it; a check that was not measured is none; what was revoked of one does not come back as the other unless that was said. */
#include "projections/decide/decide.h"
#include "tests/projections/state_box.h"

#define HISTORIES  24
#define EVENTS     32
#define MEMORIES_N 2
#define D1         "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2         "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static struct box b;
static uint64_t seed;
static const char *const digests[] = {"", D1, D2};
static const char *const steps[] = {"proposed", "sanitised",   "sanitised", "validated", "validated",
                                    "admitted", "quarantined", "rejected",  "revoked",   "recalled"};

static unsigned pick(unsigned n) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

static struct memory {
    const char *state;
    int digest, recalls, reached[2], proposed_at;
    bool masked, needs_debate, again;
} all[MEMORIES_N];
static int now, revoked_at[3];                     /* the latter by digest; 0: never */
static unsigned brought_back, kept_out, only_told; /* the last: steps that their grade kept out */

struct step {
    const char *name;
    int digest, run; /* 0: none */
    bool masked, needs_debate, again;
    const char *grade;
};

static bool is_of(const struct memory *m, const char *state) {
    return strcmp(m->state, state) == 0;
}

static bool is_back(const struct memory *m, int digest) {
    bool back = revoked_at[digest] > 0 && !(m->again && revoked_at[digest] < m->proposed_at);
    kept_out += back;
    brought_back += revoked_at[digest] > 0 && !back;
    return back;
}

static bool is_told(bool told) {
    only_told += told;
    return told;
}

/* Takes the step if it is legal. */
static bool refer(struct memory *m, const struct step *s) {
    bool other = s->digest != 0 && m->digest != 0 && s->digest != m->digest, none = s->digest == 0;
    bool told = strcmp(s->grade, "measured") != 0;
    if (strcmp(s->name, "proposed") == 0) {
        if (!is_of(m, "unknown") || (revoked_at[s->digest] > 0 && !s->again)) return false;
        m->state = "candidate";
        m->digest = s->digest;
        m->needs_debate = s->needs_debate;
        m->again = s->again;
        m->proposed_at = now;
    } else if (strcmp(s->name, "sanitised") == 0) {
        if ((!is_of(m, "candidate") && !is_of(m, "sanitised")) || none || is_told(told) || is_back(m, s->digest))
            return false;
        m->state = "sanitised";
        m->digest = s->digest;
        m->masked = s->masked;
    } else if (strcmp(s->name, "validated") == 0) {
        if ((!is_of(m, "sanitised") && !is_of(m, "validated")) || other || none || m->masked || is_told(told)) return false;
        m->state = "validated";
    } else if (strcmp(s->name, "admitted") == 0) {
        if (!is_of(m, "validated") || other || none || m->needs_debate || is_back(m, m->digest)) return false;
        m->state = "admitted";
    } else if (strcmp(s->name, "quarantined") == 0) {
        m->state = is_of(m, "rejected") || is_of(m, "revoked") ? m->state : "quarantined";
    } else if (strcmp(s->name, "rejected") == 0) {
        if (is_of(m, "admitted") || is_of(m, "rejected") || is_of(m, "revoked") || other) return false;
        m->state = "rejected";
    } else if (strcmp(s->name, "revoked") == 0) {
        if (is_of(m, "revoked")) return false;
        m->state = "revoked";
        revoked_at[m->digest != 0 ? m->digest : s->digest] = now;
        revoked_at[0] = 0;
    } else {
        m->recalls++;
        m->reached[s->run]++;
        return is_of(m, "admitted");
    }
    return true;
}

static const char *const names[MEMORIES_N] = {"memory/m", "memory/n"};

/* Mostly the step that leads on, so that histories get somewhere. */
static const char *step_of(const struct memory *m) {
    static const char *const on[][2] = {{"unknown", "proposed"},
                                        {"candidate", "sanitised"},
                                        {"sanitised", "validated"},
                                        {"validated", "admitted"},
                                        {"admitted", "revoked"}};
    const bool more = pick(4) != 0;
    for (size_t i = 0; i < sizeof(on) / sizeof(on[0]) && more; i++) {
        if (is_of(m, on[i][0])) return on[i][1];
    }
    return steps[pick(10)];
}

static void one_step(void) {
    unsigned which = pick(MEMORIES_N);
    static const char *const grades[] = {"reported", "declared", "inferred"};
    struct step s = {.name = step_of(&all[which]),
                     .grade = pick(5) == 0 ? grades[pick(3)] : "measured",
                     .digest = pick(8) == 0 ? (int)pick(3) : 1,
                     .masked = pick(6) == 0,
                     .needs_debate = pick(4) == 0,
                     .again = pick(3) == 0,
                     .run = (int)pick(2)};
    char json[400], kind[40];
    struct buf body = {.max = 65536};
    struct log_draft draft;
    struct log_receipt receipt;
    struct decision d;
    bool proposed = strcmp(s.name, "proposed") == 0, sanitised = strcmp(s.name, "sanitised") == 0;
    snprintf(json, sizeof(json), "{%s%s%s%s%s}", s.digest > 0 ? "\"digest\":\"" : "", digests[s.digest],
             s.digest > 0 ? "\"" : "", s.digest > 0 && (proposed || sanitised) ? "," : "",
             proposed    ? s.needs_debate ? s.again ? "\"again\":true,\"needs_debate\":true" : "\"needs_debate\":true"
                           : s.again      ? "\"again\":true,\"needs_debate\":false"
                                          : "\"needs_debate\":false"
             : sanitised ? s.masked ? "\"masked\":2" : "\"masked\":0"
                         : "");
    snprintf(kind, sizeof(kind), "memory.%s", s.name);
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(names[which]);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of(s.grade);
    draft.run = bytes_of(s.run == 0 ? "r0" : "r1");
    draft.body = bytes_of_buf(&body);
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
    assert_int_equal(log_append(b.ledger, &draft, &receipt, NULL, &b.err), 0);
    now++;
    bool legal = refer(&all[which], &s);
    if (d.yes != legal) {
        fail_msg("%s %s (%s): %s '%s', the reference says %s", kind, json, s.grade, d.yes ? "yes" : "no", d.reason,
                 legal ? "yes" : "no");
    }
    buf_done(&body);
}

static void a_memory_is_what_the_reference_says(void **state) {
    static const char *const states[] = {"candidate", "sanitised", "validated", "quarantined",
                                         "admitted",  "rejected",  "revoked"};
    unsigned seen[7] = {0};
    (void)state;
    for (unsigned h = 0; h < HISTORIES; h++) {
        box_open(&b);
        memset(all, 0, sizeof(all));
        memset(revoked_at, 0, sizeof(revoked_at));
        all[0].state = all[1].state = "unknown";
        all[0].recalls = all[1].recalls = 1;
        now = 0;
        seed = 4242 + h;
        box_event(&b, "memory.recalled", "memory/m", "{}");
        box_event(&b, "memory.recalled", "memory/n", "{}");
        for (unsigned i = 0; i < EVENTS; i++) {
            one_step();
            box_view(&b, LOG_NO_SEQ, 0);
            for (int m = 0; m < MEMORIES_N; m++) {
                assert_true(box_row(&b, "memories", names[m] + 7, NULL));
                box_text(&b, "state", all[m].state);
                box_int(&b, "recalls", all[m].recalls);
                for (unsigned k = 0; k < 7; k++) {
                    seen[k] += is_of(&all[m], states[k]);
                }
            }
        }
        for (int i = 0; i < 2 * MEMORIES_N; i++) {
            const struct memory *m = &all[i / 2];
            bool there = box_row(&b, "memory_reach", names[i / 2] + 7, i % 2 == 0 ? "run/r0" : "run/r1", NULL);
            assert_int_equal(there, m->reached[i % 2] > 0);
            if (there) box_int(&b, "recalls", m->reached[i % 2]);
        }
        for (int d = 1; d < 3; d++) {
            assert_int_equal(box_row(&b, "memory_revoked", digests[d], NULL), revoked_at[d] > 0);
        }
        box_close(&b);
    }
    for (unsigned k = 0; k < 7; k++) {
        if (seen[k] == 0) fail_msg("no history was ever %s", states[k]);
    }
    assert_true(kept_out > 0 && brought_back > 0 && only_told > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_memory_is_what_the_reference_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
