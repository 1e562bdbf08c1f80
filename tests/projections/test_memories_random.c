/* Memories over random histories: whatever was forced into the log, the state is what a simple reference says, and a step is
 * permitted just when the reference would take it. */
#include "projections/decide/decide.h"
#include "tests/projections/state_box.h"

#define HISTORIES 60
#define EVENTS    24
#define D1        "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2        "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static struct box b;
static uint64_t seed;
static const char *const digests[] = {"", D1, D2};
static const char *const steps[] = {"proposed", "sanitised",   "sanitised", "validated", "validated",
                                    "admitted", "quarantined", "rejected",  "revoked",   "recalled"};

static unsigned pick(unsigned n) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

static struct {
    const char *state;
    int digest, recalls, reached[2];
    bool masked, needs_debate;
} ref;

static bool is(const char *state) {
    return strcmp(ref.state, state) == 0;
}

struct step {
    const char *name;
    int digest, run; /* 0: none */
    bool masked, needs_debate;
};

/* Takes the step if it is legal. */
static bool refer(const struct step *s) {
    bool other = s->digest != 0 && ref.digest != 0 && s->digest != ref.digest, none = s->digest == 0;
    if (strcmp(s->name, "proposed") == 0) {
        if (!is("unknown")) return false;
        ref.state = "candidate";
        ref.digest = s->digest;
        ref.needs_debate = s->needs_debate;
    } else if (strcmp(s->name, "sanitised") == 0) {
        if ((!is("candidate") && !is("sanitised")) || none) return false;
        ref.state = "sanitised";
        ref.digest = s->digest;
        ref.masked = s->masked;
    } else if (strcmp(s->name, "validated") == 0) {
        if ((!is("sanitised") && !is("validated")) || other || none || ref.masked) return false;
        ref.state = "validated";
    } else if (strcmp(s->name, "admitted") == 0) {
        if (!is("validated") || other || none || ref.needs_debate) return false;
        ref.state = "admitted";
    } else if (strcmp(s->name, "quarantined") == 0) {
        ref.state = is("rejected") || is("revoked") ? ref.state : "quarantined";
    } else if (strcmp(s->name, "rejected") == 0) {
        if (is("admitted") || is("rejected") || is("revoked") || other) return false;
        ref.state = "rejected";
    } else if (strcmp(s->name, "revoked") == 0) {
        if (is("revoked")) return false;
        ref.state = "revoked";
    } else {
        ref.recalls++;
        ref.reached[s->run]++;
        return is("admitted");
    }
    return true;
}

static void one_step(void) {
    struct step s = {.name = steps[pick(10)],
                     .digest = pick(8) == 0 ? (int)pick(3) : 1,
                     .masked = pick(6) == 0,
                     .needs_debate = pick(4) == 0,
                     .run = (int)pick(2)};
    char json[300], kind[40];
    struct buf body = {.max = 65536};
    struct log_draft draft;
    struct log_receipt receipt;
    struct decision d;
    bool proposed = strcmp(s.name, "proposed") == 0, sanitised = strcmp(s.name, "sanitised") == 0;
    snprintf(json, sizeof(json), "{%s%s%s%s%s}", s.digest > 0 ? "\"digest\":\"" : "", digests[s.digest],
             s.digest > 0 ? "\"" : "", s.digest > 0 && (proposed || sanitised) ? "," : "",
             proposed    ? s.needs_debate ? "\"needs_debate\":true" : "\"needs_debate\":false"
             : sanitised ? s.masked ? "\"masked\":2" : "\"masked\":0"
                         : "");
    snprintf(kind, sizeof(kind), "memory.%s", s.name);
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of("memory/m");
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.run = bytes_of(s.run == 0 ? "r0" : "r1");
    draft.body = bytes_of_buf(&body);
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
    assert_int_equal(log_append(b.ledger, &draft, &receipt, NULL, &b.err), 0);
    bool legal = refer(&s);
    if (d.yes != legal) {
        fail_msg("%s %s: %s '%s', the reference says %s", kind, json, d.yes ? "yes" : "no", d.reason, legal ? "yes" : "no");
    }
    buf_done(&body);
}

static void a_memory_is_what_the_reference_says(void **state) {
    static const char *const names[] = {"candidate", "sanitised", "validated", "quarantined",
                                        "admitted",  "rejected",  "revoked"};
    unsigned seen[7] = {0};
    (void)state;
    for (unsigned h = 0; h < HISTORIES; h++) {
        box_open(&b);
        memset(&ref, 0, sizeof(ref));
        ref.state = "unknown";
        seed = 4242 + h;
        box_event(&b, "memory.recalled", "memory/n", "{}");
        for (unsigned i = 0; i < EVENTS; i++) {
            one_step();
            box_view(&b, LOG_NO_SEQ, 0);
            assert_true(box_row(&b, "memories", "m", NULL));
            box_text(&b, "state", ref.state);
            box_int(&b, "recalls", ref.recalls);
            for (unsigned k = 0; k < 7; k++) {
                seen[k] += is(names[k]);
            }
        }
        for (int i = 0; i < 2; i++) {
            bool there = box_row(&b, "memory_reach", "m", i == 0 ? "run/r0" : "run/r1", NULL);
            assert_int_equal(there, ref.reached[i] > 0);
            if (there) box_int(&b, "recalls", ref.reached[i]);
        }
        box_close(&b);
    }
    for (unsigned k = 0; k < 7; k++) {
        if (seen[k] == 0) fail_msg("no history was ever %s", names[k]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_memory_is_what_the_reference_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
