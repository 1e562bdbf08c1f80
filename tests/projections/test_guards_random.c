/* Guards of T2, of T3 and LOCKDOWN over random histories: whatever was forced into the log before, a step is permitted just
 * when a simple reference says so, which keeps arrays and follows docs/guards.md sentence by sentence. */
#include "projections/decide/decide.h"
#include "projections/decide/step.h"
#include "projections/recovery/recovery.h"
#include "projections/store/rebuild.h"
#include "tests/projections/state_box.h"

#define HISTORIES 12
#define EVENTS    70
#define CODES     24
#define SNAPS     64
#define POLICIES  2
#define MINUTE    INT64_C(60000000000)
#define D1        "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2        "sha256:2222222222222222222222222222222222222222222222222222222222222222"

enum { NOBODY, ALICE, BOB, MALLORY, SIGNERS };
static struct log_author *author[SIGNERS];
static char vkey[SIGNERS][400];
static struct box b;
static uint64_t seed;

static const char *const digests[] = {D1, D2, NULL};
static const char *const targets[] = {"run/1", "run/2", "pack/p", NULL};
static const char *const paths[] = {"/a", "/a/b", "/ab", "/c", "/"};
static const char *const grades[] = {"measured", "measured", "reported"};

/* ---- the reference ---- */

struct code {
    bool issued, is_lock, is_report, valid, used, obeyed;
    int by, digest, target;
    int64_t expires, used_seq;
};
struct snap {
    int64_t seq, at, expires; /* expires -1: never */
    bool measured, bad;
    int path;
};
static struct {
    struct {
        bool in_force, names[SIGNERS];
        int64_t max_age_ms, cooldown_ms; /* -1: not said */
    } policy[POLICIES];
    struct code code[CODES];
    struct snap snap[SNAPS];
    size_t n_snaps;
    bool locked;
    int64_t t2_seq, t2_at, t3_at; /* -1: none */
} ref;

static bool is_controller(int who) {
    bool named = false;
    for (size_t i = 0; i < POLICIES; i++) {
        named = named || (ref.policy[i].in_force && ref.policy[i].names[who]);
    }
    return who != NOBODY && named;
}

static bool may_use(int id, int digest, int target, int64_t now) {
    const struct code *c = &ref.code[id];
    int64_t cooldown = 0;
    for (size_t i = 0; i < POLICIES; i++) {
        int64_t one = ref.policy[i].in_force ? ref.policy[i].cooldown_ms * 1000000 : 0;
        cooldown = one > cooldown ? one : cooldown;
    }
    return !ref.locked && c->issued && c->valid && !c->is_lock && !c->is_report && !c->used && c->expires > now &&
           is_controller(c->by) && c->digest == digest && c->target == target &&
           (ref.t3_at < 0 || now - ref.t3_at >= cooldown);
}

static bool may_obey(int id, int64_t now) {
    const struct code *c = &ref.code[id];
    return c->issued && c->valid && c->is_report && !c->obeyed && c->expires > now && is_controller(c->by);
}

static bool holds(const char *path, const char *write) {
    size_t n = strlen(path);
    return strcmp(path, "/") == 0 || (strncmp(path, write, n) == 0 && (write[n] == '/' || write[n] == '\0'));
}

/* write -1: whatever it holds. Taken after the event `since`. */
static bool has_snapshot(int write, int64_t since, int64_t now) {
    int64_t age = -1;
    bool found = false;
    for (size_t i = 0; i < POLICIES; i++) {
        int64_t one = ref.policy[i].in_force ? ref.policy[i].max_age_ms : -1;
        age = one >= 0 && (age < 0 || one < age) ? one : age;
    }
    age = age < 0 ? 60 * MINUTE : age * 1000000;
    for (size_t i = 0; i < ref.n_snaps; i++) {
        const struct snap *s = &ref.snap[i];
        found = found || (s->measured && !s->bad && s->seq > since && s->seq > ref.t2_seq && s->at >= ref.t2_at &&
                          now < s->at + age && (s->expires < 0 || now < s->expires) &&
                          (write < 0 || holds(paths[s->path], paths[write])));
    }
    return found;
}

/* ---- events, forced into the log, and what they mean to the reference ---- */

static unsigned pick(unsigned n) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

static const char *source = "cli"; /* of the next event */

static int64_t put(const char *kind, const char *subject, const char *json, int by, const char *grade, int64_t *ret_time) {
    struct buf body = {.max = 65536};
    struct log_draft draft;
    struct log_receipt receipt;
    struct log_head head;
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of(source);
    draft.grade = bytes_of(grade);
    draft.body = bytes_of_buf(&body);
    draft.author = author[by];
    if (log_append(b.ledger, &draft, &receipt, NULL, &b.err) != 0 || log_head(b.ledger, &head, &b.err) != 0) {
        fail_msg("%s %s: %s", kind, json, b.err.msg);
    }
    buf_done(&body);
    *ret_time = (int64_t)head.time;
    return (int64_t)receipt.seq;
}

static int64_t wall(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const char *subject_of(int id) {
    static char text[64];
    snprintf(text, sizeof(text), "tripcode/%032x", (unsigned)id);
    return text;
}

static void add(char *json, const char *name, const char *text) {
    size_t n = strlen(json);
    bool number = text != NULL && ((text[0] >= '0' && text[0] <= '9' && strlen(text) < 25) || text[0] == '[');
    if (text != NULL) {
        snprintf(json + n, 900 - n, "%s\"%s\":%s%s%s", n > 1 ? "," : "", name, number ? "" : "\"", text,
                 number ? "" : "\"");
    }
}

static void declare(void) {
    char json[1000], subject[32], number[32];
    size_t i = pick(POLICIES);
    int64_t time, age = pick(3) == 0 ? (int64_t)pick(2) * 1800000 : -1, cooldown = pick(4) == 0 ? 1800000 : -1;
    bool names = pick(3) != 0, alice = pick(4) != 0, bob = pick(2) == 0;
    snprintf(json, sizeof(json), "{\"policy\":\"p%zu\"", i);
    if (names) {
        size_t n = strlen(json);
        snprintf(json + n, sizeof(json) - n, ",\"controllers\":[%s%s%s%s%s%s%s]", alice ? "\"" : "",
                 alice ? vkey[ALICE] : "", alice ? "\"" : "", alice && bob ? "," : "", bob ? "\"" : "",
                 bob ? vkey[BOB] : "", bob ? "\"" : "");
    }
    snprintf(number, sizeof(number), "%lld", (long long)age);
    add(json, "snapshot_max_age_ms", age >= 0 ? number : NULL);
    snprintf(number, sizeof(number), "%lld", (long long)cooldown);
    add(json, "tripcode_cooldown_ms", cooldown >= 0 ? number : NULL);
    strncat(json, "}", sizeof(json) - strlen(json) - 1);
    snprintf(subject, sizeof(subject), "policy/p%zu", i);
    put("policy.declared", subject, json, NOBODY, "reported", &time);
    bool any = false;
    for (size_t k = 0; k < POLICIES; k++) {
        any = any || ref.policy[k].in_force;
    }
    if (ref.locked && any) return;
    ref.policy[i].in_force = names || age >= 0 || cooldown >= 0;
    ref.policy[i].names[ALICE] = names && alice;
    ref.policy[i].names[BOB] = names && bob;
    ref.policy[i].max_age_ms = age;
    ref.policy[i].cooldown_ms = cooldown < 0 ? 0 : cooldown;
}

static void issue(void) {
    static const int64_t lives[] = {5 * MINUTE, 5 * MINUTE, 9 * MINUTE, -MINUTE, 11 * MINUTE};
    char json[1000] = "{", number[32];
    int id = (int)pick(CODES), by = pick(3) != 0 ? ALICE : (int)pick(SIGNERS);
    int digest = (int)pick(pick(3) != 0 ? 2 : 3), target = (int)pick(pick(3) != 0 ? 2 : 4);
    int64_t time, expires = wall() + lives[pick(5)];
    bool lock = pick(20) == 0, report = !lock && pick(5) == 0, ends = pick(6) != 0;
    snprintf(number, sizeof(number), "%lld", (long long)expires);
    add(json, "code", lock ? "LOCKDOWN" : report ? "DIAGNOSTIC" : "STEP");
    add(json, "digest", digests[digest]);
    add(json, "target", targets[target]);
    add(json, "expires", ends ? number : NULL);
    strncat(json, "}", sizeof(json) - strlen(json) - 1);
    put("recovery.tripcode_issued", subject_of(id), json, by, "reported", &time);
    struct code *c = &ref.code[id];
    if (c->issued) return;
    bool names = digests[digest] != NULL && target < 2;
    bool sound = is_controller(by) && ends && expires > time && expires - time <= 10 * MINUTE && (names || report);
    *c = (struct code){.issued = true,
                       .is_lock = lock,
                       .is_report = report,
                       .valid = sound,
                       .by = by,
                       .digest = digest,
                       .target = target,
                       .expires = ends ? expires : 0};
    ref.locked = ref.locked || lock;
}

static void use_up(struct code *c, int64_t seq, int64_t time) {
    c->used = true;
    c->used_seq = seq;
    ref.t3_at = time;
}

static void force_use(void) {
    char json[1000] = "{";
    int id = (int)pick(CODES), digest = (int)pick(2), target = (int)pick(2);
    int64_t time;
    add(json, "digest", digests[digest]);
    add(json, "target", targets[target]);
    strncat(json, "}", sizeof(json) - strlen(json) - 1);
    int64_t seq = put("recovery.tripcode_used", subject_of(id), json, NOBODY, "reported", &time);
    if (may_use(id, digest, target, time)) {
        use_up(&ref.code[id], seq, time);
    }
}

static void force_obeyed(void) {
    int id = (int)pick(CODES);
    int64_t time;
    put("recovery.tripcode_obeyed", subject_of(id), "{\"digest\":\"" D1 "\"}", NOBODY, "reported", &time);
    ref.code[id].obeyed = ref.code[id].obeyed || may_obey(id, time);
}

struct step {
    int tier, id, digest, target, write; /* id, write -1: none */
};

/* Mostly for what its code is for, and mostly of a code that was issued. */
static struct step any_step(void) {
    struct step s = {.tier = 2 + (int)pick(2),
                     .id = (int)pick(CODES + 1) - 1,
                     .digest = (int)pick(2),
                     .target = (int)pick(2),
                     .write = (int)pick(5) - 1};
    for (unsigned i = 0; i < 20 && s.id >= 0 && (!ref.code[s.id].issued || ref.code[s.id].used); i++) {
        s.id = (int)pick(CODES);
    }
    if (s.id >= 0 && pick(4) != 0 && ref.code[s.id].issued) {
        s.digest = ref.code[s.id].digest < 2 ? ref.code[s.id].digest : 0;
        s.target = ref.code[s.id].target < 2 ? ref.code[s.id].target : 0;
    }
    s.write = s.tier == 3 && pick(2) == 0 ? -1 : s.write;
    return s;
}

static void step_json(const struct step *s, char json[1000]) {
    char list[32];
    snprintf(json, 1000, "{\"step\":\"x\",\"tier\":\"T%d\",\"digest\":\"%s\"", s->tier, digests[s->digest]);
    add(json, "tripcode", s->id >= 0 ? subject_of(s->id) + 9 : NULL);
    if (s->write >= 0) {
        snprintf(list, sizeof(list), "[\"%s\"]", paths[s->write]);
        add(json, "writes", list);
    }
    strncat(json, "}", 1000 - strlen(json) - 1);
}

static void force_step(void) {
    const struct step s = any_step();
    char json[1000];
    int64_t time;
    step_json(&s, json);
    bool claimed = pick(4) == 0; /* by the step itself, which moves no guard */
    source = claimed ? "step" : "cli";
    int64_t seq = put("run.step", targets[s.target], json, NOBODY, "reported", &time);
    source = "cli";
    if (claimed) return;
    if (s.tier == 2 || s.write >= 0) {
        ref.t2_seq = seq;
        ref.t2_at = time;
    }
    struct code *c = s.id >= 0 ? &ref.code[s.id] : NULL;
    if (s.tier == 3 && c != NULL && may_use(s.id, s.digest, s.target, time)) {
        use_up(c, seq, time);
    }
}

static void take_snapshot(void) {
    static unsigned number;
    char json[1000], subject[64];
    struct snap s = {.path = (int)pick(5), .expires = -1};
    const char *grade = grades[pick(3)];
    int64_t time, at = pick(3) == 0 ? wall() - 90 * MINUTE : -1;
    at = at < 0 && ref.t2_at > 0 && pick(3) == 0 ? ref.t2_at - 1 : at; /* begun before that step, recorded after it */
    number++;
    s.expires = pick(4) == 0 ? wall() + 20 * MINUTE : -1;
    snprintf(subject, sizeof(subject), "snapshot/s%u", number);
    snprintf(json, sizeof(json), "{\"snapshot\":\"s%u\",\"paths\":[\"%s\"]", number, paths[s.path]);
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)at);
    add(json, "at", at >= 0 ? text : NULL);
    snprintf(text, sizeof(text), "%lld", (long long)s.expires);
    add(json, "expires", s.expires >= 0 ? text : NULL);
    strncat(json, "}", sizeof(json) - strlen(json) - 1);
    s.seq = put("recovery.snapshot_taken", subject, json, NOBODY, grade, &time);
    s.at = at >= 0 ? at : time;
    s.measured = strcmp(grade, "measured") == 0;
    if (pick(5) == 0) {
        snprintf(json, sizeof(json), "{\"snapshot\":\"s%u\",\"verdict\":\"%s\"}", number,
                 pick(2) == 0 ? "damaged" : "missing");
        put("recovery.snapshot_checked", subject, json, NOBODY, "measured", &time);
        s.bad = true;
    }
    ref.snap[ref.n_snaps++ % SNAPS] = s;
}

static void end(void) {
    int id = (int)pick(CODES), by = (int)pick(SIGNERS);
    int64_t time;
    for (int i = 0; i < CODES && ref.locked && pick(4) != 0; i++) {
        id = ref.code[i].is_lock ? i : id;
    }
    put("recovery.tripcode_ended", subject_of(id), "{}", by, "reported", &time);
    if (ref.code[id].issued && ref.code[id].is_lock && ref.locked && is_controller(by)) {
        ref.locked = false;
    }
}

/* ---- the comparison ---- */

static unsigned permitted[4], refused[4], locked, reports[2]; /* by tier: the histories must lead to both */

static void ask_step(const struct step *s, int64_t later) {
    struct buf body = {.max = 65536};
    struct log_draft draft;
    struct log_head head;
    struct decision d;
    char json[1000];
    assert_int_equal(log_head(b.ledger, &head, &b.err), 0);
    int64_t now = (int64_t)head.time + later;
    box_view(&b, LOG_NO_SEQ, (uint64_t)now);
    step_json(s, json);
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    draft.kind = bytes_of("run.step");
    draft.subject = bytes_of(targets[s->target]);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
    bool held = s->write >= 0 ? has_snapshot(s->write, -1, now) : s->tier == 3;
    bool want = !ref.locked && held && (s->tier == 2 || (s->id >= 0 && may_use(s->id, s->digest, s->target, now)));
    *(d.yes ? &permitted[s->tier] : &refused[s->tier]) += 1;
    locked += ref.locked;
    if (d.yes != want) {
        fail_msg("%s of %s, %lld minutes on: %s '%s', the reference says %s", json, targets[s->target],
                 (long long)(later / MINUTE), d.yes ? "yes" : "no", d.reason, want ? "yes" : "no");
    }
    buf_done(&body);
}

static unsigned held[2];

/* A promotion that was planned anywhere in the history, of one of the paths or without a target. */
static void ask_promotion(int64_t later) {
    struct log_head head;
    struct decision d;
    int write = (int)pick(5) - 1;
    assert_int_equal(log_head(b.ledger, &head, &b.err), 0);
    int64_t now = (int64_t)head.time + later, since = (int64_t)pick((unsigned)head.size + 1);
    box_view(&b, LOG_NO_SEQ, (uint64_t)now);
    assert_int_equal(decide_is_held(b.view, write < 0 ? NULL : paths[write], (uint64_t)since, &d, &b.err), 0);
    held[d.yes]++;
    if (d.yes != has_snapshot(write, since, now)) {
        fail_msg("'%s' since event %lld: %s '%s', the reference says otherwise", write < 0 ? "anything" : paths[write],
                 (long long)since, d.yes ? "yes" : "no", d.reason);
    }
}

/* Mostly of a code that orders one. */
static void ask_report(void) {
    int id = (int)pick(CODES);
    for (unsigned i = 0; i < 20 && !(ref.code[id].issued && ref.code[id].is_report && !ref.code[id].obeyed); i++) {
        id = (int)pick(CODES);
    }
    struct buf body = {.max = 65536};
    struct log_draft draft;
    struct log_head head;
    struct decision d;
    assert_int_equal(log_head(b.ledger, &head, &b.err), 0);
    box_view(&b, LOG_NO_SEQ, head.time);
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of("{}"), &body, &b.err), 0);
    draft.kind = bytes_of("recovery.tripcode_obeyed");
    draft.subject = bytes_of(subject_of(id));
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
    bool want = may_obey(id, (int64_t)head.time);
    reports[d.yes]++;
    if (d.yes != want) {
        fail_msg("a report by %s: %s '%s', the reference says %s", subject_of(id), d.yes ? "yes" : "no", d.reason,
                 want ? "yes" : "no");
    }
    buf_done(&body);
}

static void ask_others(void) {
    static const struct {
        const char *kind, *subject, *json;
    } drafts[] = {
        {"permission.granted", "pack/p", "{\"group\":\"gpu\"}"},
        {"promotion.planned", "promotion/p", "{}"},
        {"permission.denied", "pack/p", "{\"group\":\"gpu\"}"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct buf body = {.max = 65536};
        struct log_draft draft;
        struct decision d;
        log_draft_init(&draft);
        assert_int_equal(log_json_to_body(bytes_of(drafts[i].json), &body, &b.err), 0);
        draft.kind = bytes_of(drafts[i].kind);
        draft.subject = bytes_of(drafts[i].subject);
        draft.actor = bytes_of("user:test");
        draft.source = bytes_of("cli");
        draft.grade = bytes_of("reported");
        draft.body = bytes_of_buf(&body);
        assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
        assert_int_equal(d.yes, !ref.locked || i == 2);
        buf_done(&body);
    }
}

static void one_event(void) {
    unsigned what = pick(17);
    if (what < 6) {
        issue();
    } else if (what < 9) {
        take_snapshot();
    } else if (what < 11) {
        declare();
    } else if (what < 12) {
        force_use();
    } else if (what < 13) {
        force_step();
    } else if (what < 16) {
        end();
    } else {
        force_obeyed();
    }
}

static void steps_are_permitted_as_the_reference_says(void **state) {
    (void)state;
    static const int64_t later[] = {0, 0, 3 * MINUTE, 15 * MINUTE, 40 * MINUTE};
    for (unsigned h = 0; h < HISTORIES; h++) {
        seed = 1000 + h;
        memset(&ref, 0, sizeof(ref));
        ref.t2_seq = ref.t2_at = ref.t3_at = -1;
        for (size_t i = 0; i < POLICIES; i++) {
            ref.policy[i].max_age_ms = -1;
        }
        box_open(&b);
        for (unsigned i = 0; i < EVENTS && ref.n_snaps < SNAPS; i++) {
            one_event();
            for (size_t k = 0; k < 4; k++) {
                const struct step s = any_step();
                ask_step(&s, later[pick(5)]);
            }
            ask_promotion(later[pick(5)]);
            ask_others();
            ask_report();
        }
        box_close(&b);
    }
    print_message("T2 %u of %u, T3 %u of %u, locked %u\n", permitted[2], permitted[2] + refused[2], permitted[3],
                  permitted[3] + refused[3], locked);
    assert_true(permitted[2] > 50 && refused[2] > 50 && permitted[3] > 10 && refused[3] > 50 && locked > 50);
    assert_true(held[true] > 20 && held[false] > 50);
    assert_true(reports[true] > 10 && reports[false] > 50);
}

/* ---- keys ---- */

static int make_keys(void **state) {
    char path[300], dir[200];
    (void)state;
    snprintf(dir, sizeof(dir), "%s/keys-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(dir));
    for (int i = ALICE; i < SIGNERS; i++) {
        struct buf text = {.max = 400};
        /* mallory's key has alice's name */
        snprintf(path, sizeof(path), "%s/%d", dir, i);
        assert_int_equal(
            log_author_new(path, i == BOB ? "test.example/bob" : "test.example/alice", bytes_of(""), &text, &b.err), 0);
        assert_int_equal(log_author_load(path, bytes_of(""), &author[i], &b.err), 0);
        snprintf(vkey[i], sizeof(vkey[i]), "%.*s", (int)(text.n - (text.p[text.n - 1] == '\n')), (const char *)text.p);
        buf_done(&text);
    }
    return file_remove_tree(dir, &b.err);
}

static int free_keys(void **state) {
    (void)state;
    for (int i = ALICE; i < SIGNERS; i++) {
        log_author_free(author[i]);
    }
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_permitted_as_the_reference_says),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
