/* The clauses "evaluations" and "agents", each answer by itself, and both against the simplest reference: a random history,
 * read from its beginning for each of its prefixes and each moment at which something lapses by itself. */
#include "tests/projections/proof_box.h"
#include "tests/projections/random_events.h"

#define S     INT64_C(1000000000)
#define DAY   (86400 * S)
#define BEGIN (INT64_C(1790000000) * S + 1)

static int64_t now = BEGIN;

uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_boot_ns(void);

uint64_t __wrap_clock_wall_ns(void) {
    return (uint64_t)now;
}

uint64_t __wrap_clock_boot_ns(void) {
    return (uint64_t)now;
}

static struct box box;

static int setup(void **state) {
    (void)state;
    now = BEGIN;
    box_open(&box);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    box_close(&box);
    return 0;
}

/* The clause so long after the newest event. */
static void later(const char *id, int64_t wait, const char *state) {
    box_view(&box, LOG_NO_SEQ, 0);
    box_view(&box, LOG_NO_SEQ, (uint64_t)((int64_t)state_now(box.view) + wait));
    assert_true(box_row(&box, "clauses", "", id, NULL));
    box_text(&box, "state", state);
}

static void is(const char *state, const char *reason, const char *remedy) {
    later("evaluations", 0, state);
    box_text(&box, "reason", reason);
    box_text(&box, "remedy", remedy);
}

/* ---- evaluations ---- */

static void where_nothing_was_evaluated_nothing_is_asked(void **state) {
    (void)state;
    is("", "no evaluation is in force", "");
}

static void an_evaluation_that_proves_its_route_passes(void **state) {
    (void)state;
    uint64_t end = box_ready(&box);
    is("pass", "1 is whole, fresh and of what is here", "");
    box_cites(&box, end);
}

static void one_that_is_too_old_is_to_be_run_again(void **state) {
    (void)state;
    box_event(&box, "eval.suite_declared", "suite/s",
              "{\"suite\": \"s\", \"suite_digest\": \"" SUITE "\", \"max_age_s\": 3600}");
    uint64_t end = box_ready(&box);
    is("pass", "1 is whole, fresh and of what is here", "");
    later("evaluations", 3601 * S, "warn");
    box_says(&box, "reason", "e, the newest of route/r: it is older than the");
    box_text(&box, "remedy", "ledger eval run FILE --route r");
    box_cites(&box, end);
    now += 3601 * S;
    box_eval(&box, "eval/f", PASS(""));
    is("pass", "1 is whole, fresh and of what is here", "");
}

static void a_part_of_the_samples_warns_unless_a_whole_run_counts(void **state) {
    (void)state;
    uint64_t end = box_eval(&box, "eval/e", "{\"model\": \"m\", \"suite\": \"s\", \"partial\": true}");
    later("evaluations", 0, "warn");
    box_says(&box, "reason", "e, the newest of model/m: only a part of its samples");
    box_text(&box, "remedy", "ledger eval run FILE --endpoint URL --model m");
    box_cites(&box, end);
    box_eval(&box, "eval/f", "{\"model\": \"m\", \"suite\": \"s\"}");
    is("pass", "1 is whole, fresh and of what is here", "");
    box_eval(&box, "eval/g", "{\"model\": \"m\", \"suite\": \"s\", \"partial\": true}");
    is("pass", "1 is whole, fresh and of what is here", "");
}

static void a_result_file_of_which_samples_are_missing_is_to_be_taken_in_again(void **state) {
    (void)state;
    box_event(&box, "eval.imported", "eval/e",
              "{\"model\": \"m\", \"harness\": \"lm_eval\", \"samples\": 3, \"samples_total\": 10}");
    later("evaluations", 0, "warn");
    box_text(&box, "remedy", "ledger ingest lm-eval DIR");
    box_text(&box, "first", "run it again with its own program, on all samples");
    box_event(&box, "eval.imported", "eval/f",
              "{\"model\": \"m\", \"harness\": \"inspect\", \"samples\": 3, \"samples_total\": 10}");
    later("evaluations", 0, "warn");
    box_text(&box, "remedy", "ledger ingest inspect FILE");
    box_event(&box, "eval.imported", "eval/g",
              "{\"model\": \"m\", \"harness\": \"another\", \"samples\": 3, \"samples_total\": 10}");
    later("evaluations", 0, "warn");
    box_null(&box, "remedy");
}

static void one_of_another_configuration_than_its_route_has_now_warns(void **state) {
    (void)state;
    box_ready(&box);
    uint64_t changed = box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG2 "\"}");
    is("warn", "e, the newest of route/r: eval 'e' is of another configuration than the route has now",
       "ledger eval run FILE --route r");
    box_cites(&box, changed);
    box_int(&box, "since_seq", (int64_t)changed);
    box_event(&box, "route.parked", "route/r", NULL);
    is("", "no evaluation is in force", ""); /* nothing is asked of a route that is set aside */
    box_event(&box, "route.parked", "route/r", "{\"parked\": false}");
    later("evaluations", 0, "warn");
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG "\"}");
    is("pass", "1 is whole, fresh and of what is here", "");
}

static void one_of_other_files_of_a_pack_warns_until_the_pack_is_gone(void **state) {
    (void)state;
    box_eval(&box, "eval/e", "{\"pack\": \"p\", \"pack_version\": \"1\", \"pack_digest\": \"" MANIFEST "\"}");
    box_event(&box, "pack.installed", "pack/p", "{\"pack\": \"p\", \"version\": \"1\", \"tree_digest\": \"" MANIFEST "\"}");
    is("pass", "1 is whole, fresh and of what is here", "");
    uint64_t seq = box_event(&box, "pack.upgraded", "pack/p",
                             "{\"pack\": \"p\", \"version\": \"1\", \"tree_digest\": \"" MANIFEST2 "\"}");
    is("warn", "e, the newest of pack/p, is of other files than are installed", "ledger eval run FILE --pack p");
    box_cites(&box, seq);
    box_event(&box, "pack.removed", "pack/p", "{\"pack\": \"p\"}");
    is("", "no evaluation is in force", "");
}

static void one_that_began_and_did_not_end_is_to_be_resumed_after_a_day(void **state) {
    (void)state;
    uint64_t begun = box_event(&box, "eval.started", "eval/e", "{\"model\": \"m\", \"suite\": \"s\"}");
    later("evaluations", DAY, "pass");
    later("evaluations", DAY + 1, "warn");
    box_text(&box, "reason", "e of model/m began at 2026-09-21T14:13:20Z and has not ended");
    box_text(&box, "remedy", "ledger eval run FILE --resume e --endpoint URL --model m");
    box_cites(&box, begun);
    box_eval(&box, "eval/e", "{\"model\": \"m\", \"suite\": \"s\"}");
    later("evaluations", DAY + 1, "pass");
    box_event(&box, "eval.started", "eval/e", "{\"model\": \"m\", \"suite\": \"s\"}");
    later("evaluations", DAY + 1, "warn");
}

static void what_was_invalidated_says_nothing(void **state) {
    (void)state;
    box_eval(&box, "eval/e", "{\"model\": \"m\", \"partial\": true}");
    box_event(&box, "eval.invalidated", "eval/e", NULL);
    is("", "no evaluation is in force", "");
}

static void names_are_quoted_in_the_command(void **state) {
    (void)state;
    box_eval(&box, "eval/e", "{\"model\": \"m; rm -rf ~\", \"partial\": true}");
    later("evaluations", 0, "warn");
    box_text(&box, "remedy", "ledger eval run FILE --endpoint URL --model 'm; rm -rf ~'");
}

/* ---- agents ---- */

static void an_agent_that_is_silent_for_a_month_is_asked_for_until_somebody_has_seen_to_it(void **state) {
    (void)state;
    later("agents", 0, "");
    box_text(&box, "reason", "no agent has reported, and none is connected by setup");
    uint64_t seq = box_event(&box, "agent.session_started", "agent/codex", NULL);
    later("agents", 30 * DAY, "pass");
    box_text(&box, "reason", "1 was heard of in the last 30 days");
    later("agents", 30 * DAY + 1, "warn");
    box_text(&box, "reason", "codex was last heard of at 2026-09-21T14:13:20Z");
    box_text(&box, "remedy", "ledger setup --apply codex");
    box_evidence(&box, 1, seq);
    now += 31 * DAY;
    box_event(&box, "doctor.remedied", "check/agents",
              "{\"check\": \"agents\", \"target\": \"codex\", \"remedy\": \"retired\", \"outcome\": \"ok\"}");
    later("agents", 100 * DAY, "pass");
    box_event(&box, "run.tool_called", "run/1", "{\"tool\": \"shell\", \"agent\": \"codex\"}");
    later("agents", 30 * DAY + 1, "warn"); /* it was used again, and is silent again */
}

static void what_setup_cannot_connect_is_seen_to_by_a_person(void **state) {
    (void)state;
    box_event(&box, "agent.session_started", "agent/zed", NULL);
    later("agents", 30 * DAY + 1, "warn");
    box_text(&box, "remedy",
             "ledger append doctor.remedied -s check/agents check=agents target=zed remedy=REMEDY outcome=ok");
}

static void an_agent_that_was_connected_lately_is_not_silent_yet(void **state) {
    (void)state;
    box_event(&box, "agent.session_started", "agent/codex", NULL);
    now += 31 * DAY;
    box_event(&box, "setup.applied", "setup/codex", "{\"name\": \"codex\", \"what\": \"settings\", \"agent\": \"codex\"}");
    later("agents", 0, "unknown"); /* until somebody has looked for its hooks */
    box_event(&box, "doctor.observed", "check/agent-hook",
              "{\"check\": \"agent-hook\", \"target\": \"codex\", \"status\": \"ok\"}");
    later("agents", 0, "pass");
    now += 24 * DAY;
    box_event(&box, "doctor.observed", "check/agent-hook",
              "{\"check\": \"agent-hook\", \"target\": \"codex\", \"status\": \"ok\"}");
    later("agents", 6 * DAY + 1, "warn"); /* connected, and never heard of */
    box_text(&box, "remedy",
             "ledger append doctor.remedied -s check/agents check=agents target=codex remedy=REMEDY outcome=ok");
}

static void an_old_transcript_is_no_sign_of_life(void **state) {
    (void)state;
    uint64_t seq = box_event(&box, "run.started", "run/1", "{\"agent\": \"codex\"}");
    now += 29 * DAY;
    box_event(&box, "run.started", "run/2", "{\"agent\": \"codex\", \"at\": 1780000000000000000}");
    later("agents", DAY + 1, "warn");
    assert_true(box_row(&box, "agents", "codex", NULL));
    box_int(&box, "last_seq", (int64_t)seq);
    box_int(&box, "events", 2);
}

/* ---- agents that setup connected ---- */

#define SETUP "{\"name\": \"codex\", \"what\": \"settings\", \"agent\": \"codex\"}"

static void saw(const char *status) {
    char json[128];
    snprintf(json, sizeof(json), "{\"check\": \"agent-hook\", \"target\": \"codex\", \"status\": \"%s\"}", status);
    box_event(&box, "doctor.observed", "check/agent-hook", json);
}

static void what_the_probe_saw_of_an_agent_s_hooks_is_the_answer(void **state) {
    static const char *const answers[][4] = {
        {"ok", "pass", "the hooks of 1 that setup connected are in its settings", ""},
        {"missing", "fail", "setup connected codex, and its hooks are no longer in its settings",
         "ledger setup --apply codex"},
        {"missing_project", "fail",
         "setup connected codex in a project, and its hooks are no longer in the project's settings",
         "ledger setup --apply codex --project DIR"},
        {"silenced", "fail", "the hooks of codex are in its settings, and another setting keeps them from running",
         "ledger doctor"},
        {"partial", "warn", "some of the hooks that setup inserted for codex are no longer in its settings",
         "ledger setup --apply codex"},
        {"elsewhere", "warn", "the hooks in the settings of codex are for another ledger or another program",
         "ledger setup --apply codex"},
        {"unrecorded", "unknown",
         "the ledger's directory does not say where setup connected codex, so its hooks cannot be looked for",
         "ledger setup --apply codex"},
        {"broken", "unknown", "the settings of codex cannot be parsed, so its hooks are not known", "ledger doctor"},
        {"denied", "unknown", "the settings of codex cannot be read: permission denied", "ledger doctor"},
        {"error", "unknown", "the settings of codex cannot be looked at", "ledger doctor"},
        {"green", "unknown", "the hooks of codex are green", "ledger doctor"},
    };
    (void)state;
    box_event(&box, "setup.applied", "setup/codex", SETUP);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        saw(answers[i][0]);
        later("agents", 7 * DAY, answers[i][1]);
        box_text(&box, "reason", answers[i][2]);
        box_text(&box, "remedy", answers[i][3]);
        later("agents", 7 * DAY + 1, "unknown");
        later("checks", 0, "pass"); /* it is no check of anybody else's */
        box_text(&box, "reason", "0 other checks were made");
    }
}

static void what_was_seen_before_a_change_says_nothing_of_it(void **state) {
    (void)state;
    saw("missing");
    later("agents", 0, ""); /* setup connected nothing */
    box_event(&box, "setup.applied", "setup/codex", SETUP);
    later("agents", 0, "unknown");
    box_text(&box, "reason", "nobody has looked for the hooks of codex since setup connected it");
    saw("missing");
    later("agents", 0, "fail");
    uint64_t seq = box_event(&box, "setup.applied", "setup/codex", SETUP);
    later("agents", 0, "unknown");
    box_evidence(&box, 1, seq);
    saw("ok");
    later("agents", 0, "pass");
    box_event(&box, "setup.undone", "setup/codex", SETUP);
    later("agents", 0, "");
    saw("missing"); /* of another file, which is connected still */
    later("agents", 0, "fail");
    box_event(&box, "setup.applied", "setup/traces", "{\"name\": \"traces\", \"what\": \"unit\"}");
    box_event(&box, "setup.undone", "setup/codex", SETUP);
    later("agents", 0, ""); /* a source is no agent */
}

/* After an answer, a look that fails leaves it open. */
static void a_look_that_failed_is_no_answer(void **state) {
    (void)state;
    box_event(&box, "setup.applied", "setup/codex", SETUP);
    saw("ok");
    later("agents", 0, "pass");
    box_event(&box, "doctor.observed", "check/probe",
              "{\"check\": \"probe\", \"target\": \"hooks\", \"status\": \"timeout\"}");
    later("agents", 0, "unknown");
}

/* ---- random histories ---- */

enum { EVENTS = 80, SEEDS = 8, VIEWS = 8, EVALS_N = 12, AGENTS_N = 2, MOMENTS = 2 * EVENTS };
enum what { STARTED, ENDED, HEARD, APPLIED, UNDONE, SAW_OK, SAW_MISSING, SAW_PART };

static struct happened {
    enum what what;
    uint32_t who; /* number of the evaluation, or of the agent */
    bool partial;
    int64_t time, when;
    uint64_t seq; /* the ledger adds handovers of keys by itself */
} events[EVENTS];
static struct random_event dice;

/* Of one of two suites and of one of two models, each evaluation always of the same. */
static void fields(uint32_t eval, bool partial, char *ret, size_t size) {
    snprintf(ret, size, "{\"suite\": \"%s\", \"model\": \"%s\"%s}", eval % 2 == 0 ? "s" : "t",
             eval / 2 % 2 == 0 ? "m" : "n", partial ? ", \"partial\": true" : "");
}

static uint64_t tell_setup(const struct happened *e) {
    static const char *const saw_words[] = {[SAW_OK] = "ok", [SAW_MISSING] = "missing", [SAW_PART] = "partial"};
    char json[160], subject[32];
    if (e->what >= SAW_OK) {
        snprintf(json, sizeof(json), "{\"check\": \"agent-hook\", \"target\": \"a%u\", \"status\": \"%s\"}", e->who,
                 saw_words[e->what]);
        return box_put(&box, "doctor.observed", "check/agent-hook", NULL, json, false);
    }
    snprintf(subject, sizeof(subject), "setup/a%u", e->who);
    snprintf(json, sizeof(json), "{\"name\": \"a%u\", \"what\": \"settings\", \"agent\": \"a%u\"}", e->who, e->who);
    return box_put(&box, e->what == APPLIED ? "setup.applied" : "setup.undone", subject, NULL, json, false);
}

static void tell(uint64_t seed) {
    bool begun[EVALS_N] = {false}, ended[EVALS_N] = {false};
    char subject[32], json[160];
    now = BEGIN;
    box_open(&box);
    random_event_init(&dice, seed);
    for (size_t i = 0; i < EVENTS; i++) {
        struct happened *e = &events[i];
        now += random_below(&dice, 4) == 0 ? (int64_t)random_below(&dice, 20) * DAY
                                           : (int64_t)random_below(&dice, 9) * 3600 * S;
        *e = (struct happened){HEARD, random_below(&dice, EVALS_N), random_below(&dice, 3) == 0, now, now, 0};
        uint32_t draw = random_below(&dice, 5);
        if (draw == 0 && !begun[e->who] && !ended[e->who]) {
            e->what = STARTED;
            begun[e->who] = true;
        } else if (draw == 1 && !ended[e->who]) {
            e->what = ENDED;
            ended[e->who] = true;
        } else if (draw > 2) {
            static const enum what whats[] = {APPLIED, APPLIED, UNDONE, SAW_OK, SAW_OK, SAW_OK, SAW_MISSING, SAW_PART};
            e->what = whats[random_below(&dice, 8)];
            e->who %= AGENTS_N;
        } else {
            e->who %= AGENTS_N;
            e->when -= (int64_t)random_below(&dice, 3) * 20 * DAY;
        }
        if (e->what > HEARD) {
            e->seq = tell_setup(e);
        } else if (e->what == HEARD) {
            snprintf(json, sizeof(json), "{\"agent\": \"a%u\", \"at\": %lld}", e->who, (long long)e->when);
            e->seq = box_put(&box, "run.started", "run/1", NULL, json, false);
        } else {
            snprintf(subject, sizeof(subject), "eval/%u", e->who);
            fields(e->who, e->what == ENDED && e->partial, json, sizeof(json));
            e->seq = box_put(&box, e->what == STARTED ? "eval.started" : "eval.finished", subject, NULL, json, false);
        }
    }
}

/* When the evaluation began, by the first n events: its start, or without one its end. -1: neither. */
static int64_t began(size_t n, uint32_t eval, bool *ret_ended, bool *ret_partial) {
    int64_t at = -1;
    *ret_ended = *ret_partial = false;
    for (size_t i = 0; i < n; i++) {
        if (events[i].what >= HEARD || events[i].who != eval) continue;
        at = at < 0 ? events[i].time : at;
        *ret_ended = *ret_ended || events[i].what == ENDED;
        *ret_partial = *ret_partial || (events[i].what == ENDED && events[i].partial);
    }
    return at;
}

static size_t end_of(uint32_t eval) {
    size_t i = 0;
    while (events[i].what != ENDED || events[i].who != eval)
        i++;
    return i;
}

/* Of one suite and model: the newest that ended, a whole one if there is any, and the last that began, if that did not end. */
static const char *of_pair(size_t n, uint32_t pair, int64_t t) {
    int64_t newest = -1, last = -1, at;
    bool any = false, partial = true, open = false;
    size_t end = 0;
    for (uint32_t eval = pair; eval < EVALS_N; eval += 4) {
        bool ended, part;
        if ((at = began(n, eval, &ended, &part)) < 0) continue;
        bool better = part != partial ? !part : at > newest || (at == newest && end_of(eval) > end);
        if (ended && (!any || better)) {
            any = true, newest = at, partial = part, end = end_of(eval);
        }
    }
    for (size_t i = 0; i < n; i++) { /* starts, in their order */
        bool ended, part;
        if (events[i].what != STARTED || events[i].who % 4 != pair) continue;
        last = began(n, events[i].who, &ended, &part);
        open = !ended;
    }
    if (!any && !open) return "";
    return (any && partial) || (open && t > last + DAY) ? "warn" : "pass";
}

static const char *reference_evaluations(size_t n, int64_t t) {
    const char *all = "";
    for (uint32_t pair = 0; pair < 4; pair++) {
        const char *one = of_pair(n, pair, t);
        all = all[0] == '\0' || strcmp(one, "warn") == 0 ? one : all;
        if (strcmp(all, "warn") == 0) return all;
    }
    return all;
}

/* 0: not asked; else 1 pass, 2 unknown, 3 warn, 4 fail. */
static int of_hooks(size_t n, uint32_t who, int64_t t) {
    const struct happened *change = NULL, *look = NULL;
    for (size_t i = 0; i < n; i++) {
        if (events[i].what <= HEARD || events[i].who != who) continue;
        *(events[i].what >= SAW_OK ? &look : &change) = &events[i];
    }
    if (change == NULL) return 0;
    if (look == NULL || look < change) return change->what == APPLIED ? 2 : 0;
    return t > look->time + 7 * DAY ? 2 : look->what == SAW_OK ? 1 : look->what == SAW_MISSING ? 4 : 3;
}

/* When setup connected it; -1: it did not, or disconnected it. */
static int64_t connected(size_t n, uint32_t who) {
    int64_t at = -1;
    for (size_t i = 0; i < n; i++) {
        if (events[i].who == who && events[i].what == APPLIED) at = events[i].time;
        if (events[i].who == who && events[i].what == UNDONE) at = -1;
    }
    return at;
}

static const char *reference_agents(size_t n, int64_t t) {
    static const char *const words[] = {"", "pass", "unknown", "warn", "fail"};
    int worst = 0;
    for (uint32_t who = 0; who < AGENTS_N; who++) {
        int64_t last = -1, applied = connected(n, who);
        for (size_t i = 0; i < n; i++) {
            if (events[i].what == HEARD && events[i].who == who && events[i].when > last) last = events[i].when;
        }
        bool late = t > last + 30 * DAY && (applied < 0 || t > applied + 30 * DAY);
        int heard = last < 0 ? 0 : late ? 3 : 1, hooks = of_hooks(n, who, t);
        worst = heard > worst ? heard : worst;
        worst = hooks > worst ? hooks : worst;
    }
    return words[worst];
}

typedef const char *reference_fn(size_t n, int64_t t);

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

struct since {
    const char *state;
    uint64_t seq;
    int64_t at;
};

static void step(struct since *run, const char *state, uint64_t seq, int64_t at) {
    if (strcmp(run->state, state) != 0) *run = (struct since){state, seq, at};
}

/* The first instant of the unbroken run up to n events and this time. */
static struct since since_of(reference_fn *reference, int64_t lapse, size_t n, int64_t t) {
    int64_t moments[MOMENTS];
    size_t m = 0;
    struct since run = {reference(0, BEGIN), 0, BEGIN};
    for (size_t i = 0; i < EVENTS; i++) {
        moments[2 * i] = events[i].when + lapse + 1;
        moments[2 * i + 1] = events[i].when + 7 * DAY + 1;
    }
    qsort(moments, MOMENTS, sizeof(*moments), by_time);
    for (size_t i = 0; i <= n; i++) {
        int64_t until = i < n ? events[i].time : t;
        for (; m < MOMENTS && moments[m] <= until; m++) {
            step(&run, reference(i, moments[m]), LOG_NO_SEQ, moments[m]);
        }
        if (i < n) step(&run, reference(i + 1, until), events[i].seq, until);
    }
    return run;
}

static void compare(const char *clause, reference_fn *reference, int64_t lapse, size_t n, int64_t t, uint64_t seed) {
    struct since expected = since_of(reference, lapse, n, t);
    assert_true(box_row(&box, "clauses", "", clause, NULL));
    size_t since = box_column(&box, "since");
    struct bytes got = row_text(&box.row, box_column(&box, "state"));
    uint64_t seq = row_has(&box.row, since + 1) ? (uint64_t)row_int(&box.row, since + 1) : LOG_NO_SEQ;
    bool good = bytes_is(got, expected.state);
    if (expected.state[0] != '\0') {
        good = good && seq == expected.seq && (seq != LOG_NO_SEQ || row_int(&box.row, since) == expected.at);
    }
    if (!good) {
        fail_msg("seed %llu, %zu events at %lld: %s is '%.*s' since %lld, not '%s' since %lld", (unsigned long long)seed, n,
                 (long long)t, clause, (int)got.n, got.n > 0 ? (const char *)got.p : "", (long long)seq, expected.state,
                 (long long)expected.seq);
    }
}

static void both_are_what_a_random_history_says_and_since_when(void **state) {
    static const int64_t waits[] = {0, 0, S, DAY + 1, 12 * DAY, 40 * DAY};
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        tell(seed);
        for (size_t v = 0; v < VIEWS; v++) {
            size_t n = v == 0 ? EVENTS : 1 + random_below(&dice, EVENTS);
            int64_t t = events[n - 1].time + waits[random_below(&dice, 6)];
            box_view(&box, events[n - 1].seq + 1, (uint64_t)t);
            compare("evaluations", reference_evaluations, DAY, n, t, seed);
            compare("agents", reference_agents, 30 * DAY, n, t, seed);
        }
        box_close(&box);
        random_event_done(&dice);
    }
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        ONE(where_nothing_was_evaluated_nothing_is_asked),
        ONE(an_evaluation_that_proves_its_route_passes),
        ONE(one_that_is_too_old_is_to_be_run_again),
        ONE(a_part_of_the_samples_warns_unless_a_whole_run_counts),
        ONE(a_result_file_of_which_samples_are_missing_is_to_be_taken_in_again),
        ONE(one_of_another_configuration_than_its_route_has_now_warns),
        ONE(one_of_other_files_of_a_pack_warns_until_the_pack_is_gone),
        ONE(one_that_began_and_did_not_end_is_to_be_resumed_after_a_day),
        ONE(what_was_invalidated_says_nothing),
        ONE(names_are_quoted_in_the_command),
        ONE(an_agent_that_is_silent_for_a_month_is_asked_for_until_somebody_has_seen_to_it),
        ONE(what_setup_cannot_connect_is_seen_to_by_a_person),
        ONE(an_agent_that_was_connected_lately_is_not_silent_yet),
        ONE(an_old_transcript_is_no_sign_of_life),
        ONE(what_the_probe_saw_of_an_agent_s_hooks_is_the_answer),
        ONE(what_was_seen_before_a_change_says_nothing_of_it),
        ONE(a_look_that_failed_is_no_answer),
        cmocka_unit_test(both_are_what_a_random_history_says_and_since_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
