/* Everything that a promotion under way lacks is reported with a command that helps: each one, as printed, is a legal step.
 * And what blocks it is reported correctly: a trial that failed, a tripcode. */
#include "base/clock.h"
#include "projections/decide/decide.h"
#include "projections/ready/promotions.h"
#include "projections/rows/list.h"
#include "tests/projections/promotion_told.h"
#include "tests/projections/state_box.h"

#define D1     "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2     "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define Y2100  "4102444800000000000"
#define Y2099  "4070908800000000000"
#define WORD   256
#define ROUNDS 60
#define SEEN   6

static struct box b;
static uint64_t x;
static unsigned evals;

static int start(void **state) {
    (void)state;
    box_open(&b);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&b);
    return 0;
}

static uint64_t below(uint64_t n) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 11) % n;
}

static uint64_t say(const char *step, const char *json) {
    char kind[64];
    snprintf(kind, sizeof(kind), "promotion.%s", step);
    return box_event(&b, kind, "promotion/p", json);
}

/* ---- judging ---- */

static void may_append(const char *kind, const char *subject, const char *json, struct decision *ret) {
    struct log_draft draft;
    struct buf body;
    buf_init(&body, 1 << 16);
    log_draft_init(&draft);
    if (log_json_to_body(bytes_of(json), &body, &b.err) != 0) {
        fail_msg("%s: %s", json, b.err.msg);
    }
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of(strcmp(kind, "promotion.gated") == 0 ? "measured" : "reported");
    draft.body = bytes_of_buf(&body);
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_may_append(b.view, &draft, ret, &b.err), 0);
    buf_done(&body);
}

static void expect_refused(const char *step, const char *json, const char *words) {
    struct decision d;
    char kind[64];
    snprintf(kind, sizeof(kind), "promotion.%s", step);
    may_append(kind, "promotion/p", json, &d);
    if (d.yes || strstr(d.reason, words) == NULL) {
        fail_msg("%s: '%s' is not '%s'", d.yes ? "yes" : "no", d.reason, words);
    }
}

static struct bytes missing(void) {
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "promotions", "p", NULL));
    const struct cell *cell = &b.row.cells[box_column(&b, "missing")];
    return cell->type == CELL_LIST ? cell->text : (struct bytes){0};
}

/* What this rule reports; false: it found nothing. */
static bool finding(const char *rule, const char *field, char ret[4096]) {
    struct list list;
    struct bytes item, name, text = {0};
    ret[0] = '\0';
    list_open(&list, missing());
    while (list_next(&list, &item)) {
        if (list_text(item, "rule", &name) && bytes_is(name, rule)) {
            if (list_text(item, field, &text)) {
                snprintf(ret, 4096, "%.*s", (int)text.n, (const char *)text.p);
            }
            return true;
        }
    }
    return false;
}

/* ---- a remedy, typed as printed ---- */

static const char *supply(const char *word) {
    static const char *const verdicts[] = {"pass", "warn", "fail", "unknown"}, *const gates[] = {"pass", "hold", "refuse"};
    static const char *const fixed[][2] = {{"SUITE", "s"},     {"TASK", "t"},         {"METRIC", "acc"}, {"VALUE", "1"},
                                           {"THRESHOLD", "1"}, {"DIRECTION", "true"}, {"DIGEST", D1},    {"WEIGHTS", D2},
                                           {"PACK", "k"},      {"VERSION", "2"},      {"ROUTE", "r"}};
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strcmp(word, fixed[i][0]) == 0) return fixed[i][1];
    }
    return strcmp(word, "VERDICT") == 0 ? verdicts[below(4)] : strcmp(word, "DECISION") == 0 ? gates[below(3)] : word;
}

/* "name=value" or "name:=value" as a member of an object. */
static void put_member(char *word, char *json, size_t size) {
    char *is = strchr(word, '='), *value = is + 1;
    assert_non_null(is);
    bool raw = is[-1] == ':';
    is[raw ? -1 : 0] = '\0';
    size_t n = strlen(json);
    snprintf(json + n, size - n, "%s\"%s\":%s%s%s", n > 1 ? "," : "", word, raw ? "" : "\"", supply(value),
             raw ? "" : "\"");
}

static void write_step(const char *kind, const char *subject, const char *json, bool write) {
    struct decision d;
    may_append(kind, subject, json, &d);
    if (!d.yes) {
        fail_msg("%s -s %s %s: refused: %s", kind, subject, json, d.reason);
    }
    if (write) {
        box_event(&b, kind, subject, json);
    }
    if (write && strcmp(kind, "promotion.verifying") == 0) {
        memset(told.evals, 0, sizeof(told.evals)); /* they are named for one verification */
    }
}

/* What `ledger promote VERB ID OPTION VALUE` writes; of verify first the verification, then any answer of the gates. */
static void type_promote(char *command, bool write) {
    static const char *const steps[][2] = {{"simulate", "simulated"}, {"verify", "verifying"}, {"abort", "aborted"}};
    char kind[WORD] = "", subject[WORD], json[WORD] = "{", *save = NULL, *word = strtok_r(command + 15, " ", &save);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (strcmp(word, steps[i][0]) == 0) {
            snprintf(kind, sizeof(kind), "promotion.%s", steps[i][1]);
        }
    }
    assert_string_not_equal(kind, "");
    snprintf(subject, sizeof(subject), "promotion/%s", strtok_r(NULL, " ", &save));
    while ((word = strtok_r(NULL, " ", &save)) != NULL) {
        char member[WORD];
        assert_int_equal(strncmp(word, "--", 2), 0);
        snprintf(member, sizeof(member), "%s=%s", word + 2, strtok_r(NULL, " ", &save));
        put_member(member, json, sizeof(json));
    }
    snprintf(json + strlen(json), sizeof(json) - strlen(json), "}");
    write_step(kind, subject, json, write);
    if (!write || strcmp(kind, "promotion.verifying") != 0) return;
    missing();
    struct bytes digest = row_text(&b.row, box_column(&b, "digest"));
    snprintf(json, sizeof(json), "{\"decision\":\"%s\",\"digest\":\"%.*s\"}", supply("DECISION"), (int)digest.n,
             digest.n > 0 ? (const char *)digest.p : "");
    if (digest.n > 0) {
        write_step("promotion.gated", subject, json, true);
    }
}

/* What `ledger eval run` of a suite that the candidate passes writes: of the one that the finding names. */
static void type_eval(bool write) {
    char subject[WORD], json[WORD], reason[4096], *at = NULL;
    if (!write) return;
    static const char *const rules[] = {"promotion.failed", "promotion.named-suites"};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && at == NULL; i++) {
        at = finding(rules[i], "reason", reason) ? strstr(reason, "suite '") : NULL;
    }
    snprintf(json, sizeof(json), "{\"digest\":\"" D1 "\",\"suite\":\"%.*s\",\"verdict\":\"pass\"}",
             at != NULL ? (int)strcspn(at + 7, "'") : 1, at != NULL ? at + 7 : "s");
    snprintf(subject, sizeof(subject), "eval/e%u", evals);
    box_event(&b, "eval.scored", subject,
              "{\"task\":\"t\",\"metric\":\"acc\",\"value\":1,\"threshold\":1,\"higher_is_better\":true}");
    box_event(&b, "eval.finished", subject, json);
    hear_end(subject, json);
}

static void type(char *command, bool write) {
    if (strncmp(command, "ledger promote ", 15) == 0) {
        type_promote(command, write);
        return;
    }
    assert_int_equal(strncmp(command, "ledger eval run FILE --", 23), 0);
    type_eval(write);
}

static void type_all(char *remedy, bool write) {
    evals++;
    for (char *next; remedy != NULL; remedy = write ? next : NULL) { /* a later command may depend on the previous one */
        next = strstr(remedy, " && ");
        if (next != NULL) {
            *next = '\0';
            next += 4;
        }
        type(remedy, write);
    }
}

/* ---- random histories ---- */

static void hear_trip(int64_t until) {
    told.tripped = true;
    told.forever = told.forever || until == 0;
    told.until = until > told.until ? until : told.until;
}

/* "runs": 0 is none, and a trial that passed has no failed ones. */
static bool fails(const char *json) {
    const char *failed = json != NULL ? strstr(json, "\"failed\":") : NULL;
    const char *runs = json != NULL ? strstr(json, "\"runs\":") : NULL;
    long n_failed = failed != NULL ? strtol(failed + 9, NULL, 10) : 0, n = runs != NULL ? strtol(runs + 7, NULL, 10) : -1;
    return json != NULL && (strstr(json, "\"fail\"") != NULL || n == 0 || (n > 0 && n_failed >= n) ||
                            (n_failed > 0 && strstr(json, "\"pass\"") != NULL));
}

/* A plan starts again, unless it is blocked; a verification adds the suites that it names, and begins with evaluations anew. */
static void hear_step(const char *step, const char *json, bool promoted, bool legal) {
    int64_t at = json != NULL && strstr(json, Y2100) != NULL ? INT64_C(4102444800000000000) : (int64_t)clock_wall_ns();
    bool held = told.tripped && (told.forever || told.until > at);
    if (strcmp(step, "planned") == 0 && !promoted && !held) {
        memset(told.suites, 0, sizeof(told.suites));
        memset(told.evals, 0, sizeof(told.evals));
    } else if (strcmp(step, "verifying") == 0 && legal) {
        memset(told.evals, 0, sizeof(told.evals));
        if (json == NULL) return;
        bool u = strstr(json, "\"u\"") != NULL, s = strstr(json, "\"s\"") != NULL, other = strstr(json, "e999") != NULL;
        bool evals_told = strstr(json, "evals") != NULL, two = strstr(json, "e2") != NULL;
        if (s) {
            told.suites[0] = "s";
            told.suites[1] = u ? "u" : NULL;
        }
        if (evals_told) {
            told.evals[0] = other ? "e999" : two ? "e1" : NULL;
            told.evals[1] = two ? "e2" : NULL;
        }
    }
}

static void say_something(void) {
    static const struct {
        const char *step, *json;
        int64_t until;
    } steps[] = {{"planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}", -1},
                 {"planned", "{\"what\":\"model\"}", -1},
                 {"planned", "{\"what\":\"route\",\"route\":\"r\",\"digest\":\"" D1 "\"}", -1},
                 {"planned", "{\"what\":\"route\",\"digest\":\"" D1 "\",\"at\":" Y2100 "}", -1},
                 {"planned", "{\"what\":\"pack\",\"pack\":\"k\",\"version\":\"2\",\"digest\":\"" D1 "\"}", -1},
                 {"planned", "{\"what\":\"pack\"}", -1},
                 {"debating", NULL, -1},
                 {"simulated", "{\"verdict\":\"pass\"}", -1},
                 {"simulated", "{\"verdict\":\"fail\"}", -1},
                 {"simulated", "{\"verdict\":\"fail\",\"at\":" Y2100 "}", -1},
                 {"simulated", NULL, -1},
                 {"simulated", "{\"verdict\":\"warn\",\"runs\":10,\"failed\":3}", -1},
                 {"simulated", "{\"verdict\":\"pass\",\"runs\":10,\"failed\":0}", -1},
                 {"simulated", "{\"verdict\":\"pass\",\"runs\":10,\"failed\":3}", -1},
                 {"simulated", "{\"verdict\":\"warn\",\"runs\":10,\"failed\":10}", -1},
                 {"simulated", "{\"verdict\":\"pass\",\"failed\":1}", -1},
                 {"simulated", "{\"runs\":0}", -1},
                 {"verifying", "{\"suites\":[\"s\",\"u\"]}", -1},
                 {"verifying", "{\"suites\":[\"s\"],\"evals\":[\"e999\"]}", -1},
                 {"verifying", "{\"evals\":[\"e1\",\"e2\"]}", -1},
                 {"verifying", "{\"evals\":[]}", -1},
                 {"gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\",\"evidence\":[1,99999]}", -1},
                 {"verifying", "{\"digest\":\"" D1 "\"}", -1},
                 {"verifying", NULL, -1},
                 {"gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}", -1},
                 {"gated", "{\"decision\":\"hold\"}", -1},
                 {"promoted", "{\"digest\":\"" D1 "\"}", -1},
                 {"aborted", NULL, -1},
                 {"rolled_back", NULL, -1},
                 {"tripped", "{\"code\":\"old\",\"expires\":5000}", 5000},
                 {"tripped", "{\"code\":\"red\",\"expires\":5000,\"at\":100}", 5000},
                 {"tripped", "{\"code\":\"next\",\"expires\":" Y2099 "}", INT64_C(4070908800000000000)},
                 {"tripped", "{\"code\":\"black\"}", 0}};
    static const size_t legal[] = {0, 7, 22, 24};
    size_t what = below(3) > 0 ? legal[below(4)] : below(sizeof(steps) / sizeof(steps[0]));
    int64_t violations = 0;
    what = what == 0 && told.tripped && below(2) == 0 ? 3 : what; /* the plan's author has another clock */
    if (strcmp(steps[what].step, "tripped") == 0 && steps[what].until != 5000 && below(4) > 0) {
        return; /* it blocks nearly everything after it */
    }
    missing();
    violations = row_int(&b.row, box_column(&b, "violations"));
    bool promoted = row_is(&b.row, box_column(&b, "state"), "promoted");
    uint64_t seq = say(steps[what].step, steps[what].json);
    missing();
    hear_step(steps[what].step, steps[what].json, promoted, row_int(&b.row, box_column(&b, "violations")) == violations);
    if (steps[what].until >= 0) {
        hear_trip(steps[what].until);
    }
    if (strcmp(steps[what].step, "simulated") == 0 && row_int(&b.row, box_column(&b, "violations")) == violations) {
        told.trial = seq;
        told.failed = fails(steps[what].json);
    }
}

/* What is reported about the tripcode and the trial agrees with the reference. */
static void expect_causes(int64_t now, size_t seen[SEEN]) {
    char reason[4096], trip[4096], words[WORD];
    bool tripped = finding("promotion.tripcode", "reason", trip);
    bool tried = finding("promotion.trial", "reason", reason);
    struct bytes state = row_text(&b.row, box_column(&b, "state"));
    bool under_way = bytes_is(state, "planned") || bytes_is(state, "debating") || bytes_is(state, "simulated") ||
                     bytes_is(state, "verifying");
    bool planless = bytes_is(state, "idle") || bytes_is(state, "aborted");
    assert_int_equal(tripped, (under_way || planless) && told.tripped && (told.forever || told.until > now));
    assert_true(!tripped || strstr(trip, told.forever ? ", and does not end" : " until 2099-01-01T00:00:00Z") != NULL);
    assert_int_equal(tried, bytes_is(state, "simulated") && told.failed);
    snprintf(words, sizeof(words), "the trial failed (event %llu)", (unsigned long long)told.trial);
    assert_true(!tried || strncmp(reason, words, strlen(words)) == 0); /* and how it contradicts itself */
    seen[0] += tripped;
    seen[1] += tried;
    if (!under_way || !row_is(&b.row, box_column(&b, "what"), "model") || !row_is(&b.row, box_column(&b, "digest"), D1)) {
        return;
    }
    bool suites = false, evals_lack = false;
    for (size_t i = 0; i < 2; i++) {
        suites = suites || (told.suites[i] != NULL && !has_passed(told.suites[i]));
        evals_lack = evals_lack || (told.evals[i] != NULL && !has_proven(told.evals[i]));
    }
    assert_int_equal(finding("promotion.named-suites", "reason", reason), suites);
    assert_int_equal(finding("promotion.named-evals", "reason", reason), evals_lack);
    seen[4] += suites;
    seen[5] += evals_lack;
}

/* Evaluations of the candidate that failed, with and without a suite. */
static void fail_something(void) {
    static const char *const suites[] = {"", ",\"suite\":\"\"", ",\"suite\":\"s\"", ",\"suite\":\"t\""};
    char id[64], json[WORD];
    snprintf(id, sizeof(id), "eval/e%u", ++evals);
    snprintf(json, sizeof(json), "{\"digest\":\"" D1 "\",\"verdict\":\"fail\"%s}", suites[below(4)]);
    box_event(&b, "eval.finished", id, json);
    hear_end(id, json);
}

/* Which of the rules that an evaluation satisfies has this remedy, and what it reports; NULL: none. */
static const char *rule_of(const char *remedy, char ret_reason[4096]) {
    static const char *const rules[] = {"promotion.failed", "promotion.named-suites", "promotion.named-evals"};
    char text[4096];
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (finding(rules[i], "remedy", text) && strcmp(text, remedy) == 0) {
            return finding(rules[i], "reason", ret_reason) ? rules[i] : NULL;
        }
    }
    return NULL;
}

/* All remedies of this moment, each by itself; then one of them is typed. */
static void expect_remedies_are_legal(size_t seen[SEEN]) {
    struct list list;
    struct bytes item, remedy;
    char texts[8][4096], failed[4096], after[4096];
    size_t n = 0;
    list_open(&list, missing());
    while (list_next(&list, &item) && n < 8) {
        if (list_text(item, "remedy", &remedy)) {
            snprintf(texts[n++], sizeof(texts[0]), "%.*s", (int)remedy.n, (const char *)remedy.p);
        }
    }
    if (n == 0) return;
    for (size_t i = 0; i < n; i++) {
        char typed[sizeof(texts[0])];
        memcpy(typed, texts[i], sizeof(typed));
        type_all(typed, false);
    }
    size_t one = below(n);
    bool trial = strncmp(texts[one], "ledger promote simulate", 23) == 0;
    const char *rule = rule_of(texts[one], failed);
    /* Of a candidate whose digest nobody named, no evaluation can be. */
    bool binds = rule != NULL && strstr(texts[one], " --route ") == NULL && strstr(texts[one], " --pack ") == NULL &&
                 row_is(&b.row, box_column(&b, "digest"), D1);
    type_all(texts[one], true);
    if (binds) { /* another failure may remain, but not the named one */
        assert_true(!finding(rule, "reason", after) || strcmp(failed, after) != 0);
        seen[3]++;
    }
    missing();
    if (trial) {
        told.trial = state_at(b.view) - 1;
        told.failed = row_is(&b.row, box_column(&b, "simulated"), "fail"); /* it names no numbers */
    }
    seen[2]++;
}

static void each_remedy_is_a_legal_step_and_each_cause_is_told(void **state) {
    (void)state;
    const char *one = getenv("LEDGER_SEED");
    size_t seen[SEEN] = {0};
    const uint64_t random = clock_wall_ns() | 1, seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 1, 3, 5, 7, 11, random};
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        x = seeds[i];
        memset(&told, 0, sizeof(told));
        evals = 0;
        say("planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
        for (size_t k = 0; k < ROUNDS; k++) {
            say_something();
            if (below(8) == 0) {
                fail_something();
            }
            expect_causes((int64_t)clock_wall_ns(), seen);
            if (below(2) == 0) {
                expect_remedies_are_legal(seen);
            }
        }
        box_close(&b);
        box_open(&b);
    }
    assert_true(one != NULL || (seen[0] > 0 && seen[1] > 0 && seen[2] > 0 && seen[3] > 0 && seen[4] > 0 && seen[5] > 0));
}

/* ---- the text ---- */

static void the_remedy_of_a_failure_names_the_suite_that_failed_or_none(void **state) {
    static const char *const cases[][3] = {
        {"", "without a suite", ""},
        {",\"suite\":\"s\"", "by suite 's'", "ledger eval run FILE --endpoint URL --model MODEL"},
        {",\"suite\":\"\"", "without a suite", ""}};
    (void)state;
    say("planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[4096], words[2 * WORD], json[WORD], id[] = "eval/fails0";
        id[10] = (char)('0' + i);
        snprintf(json, sizeof(json), "{\"digest\":\"" D1 "\",\"verdict\":\"fail\"%s}", cases[i][0]);
        box_event(&b, "eval.finished", id, json);
        snprintf(
            words, sizeof(words),
            "no full pass for sha256:111111111111: its newest evaluation %s failed: it failed; nothing was scored; samples "
            "on record: 0 of 1",
            cases[i][1]);
        assert_true(finding("promotion.failed", "reason", text));
        assert_string_equal(text, words);
        assert_true(finding("promotion.failed", "remedy", text));
        assert_string_equal(text, cases[i][2]); /* nobody can run no suite */
        if (text[0] != '\0') {
            type_all(text, true);
        } else {
            type_eval(true);
            box_event(&b, "eval.invalidated", id, "{\"reason\":\"edited\"}");
        }
        assert_false(finding("promotion.failed", "reason", text));
        assert_false(finding("promotion.proof", "reason", text));
    }
}

static void after_a_failed_trial_only_another_one_leads_on(void **state) {
    (void)state;
    char text[4096];
    say("planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    say("simulated", "{\"verdict\":\"warn\"}");
    uint64_t trial = say("simulated", "{\"verdict\":\"fail\"}");
    char words[WORD];
    snprintf(words, sizeof(words), "the trial failed (event %llu)", (unsigned long long)trial);
    assert_true(finding("promotion.trial", "reason", text));
    assert_string_equal(text, words);
    assert_true(finding("promotion.trial", "remedy", text));
    assert_string_equal(text, "ledger promote simulate p --verdict VERDICT");
    assert_false(finding("promotion.step", "reason", text));
    expect_refused("promoted", "{\"digest\":\"" D1 "\"}", words);
    expect_refused("verifying", "{}", words);
    expect_refused("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}", words);
    say("simulated", "{\"verdict\":\"pass\"}");
    assert_false(finding("promotion.trial", "reason", text));
    assert_true(finding("promotion.step", "remedy", text));
    assert_string_equal(text, "ledger promote verify p");
}

static void a_row_that_an_older_program_stored_names_no_event(void **state) {
    (void)state;
    struct readiness found;
    struct row row;
    box_view(&b, LOG_NO_SEQ, 0);
    row_init(&row, state_table(b.view, state_table_find(b.view, "promotions")));
    row_set_str(&row, PROMOTIONS_STATE, "simulated");
    row_set_str(&row, PROMOTIONS_SIMULATED, "fail");
    readiness_init(&found);
    assert_true(promotions_is_barred(&row, 0, &found));
    assert_string_equal(found.found[0].words, "the trial failed");
    row_done(&row);
}

static void a_tripcode_that_had_ended_stops_it_and_is_said_to_have_ended(void **state) {
    (void)state;
    char words[WORD];
    say("planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    expect_refused("tripped", "{\"code\":\"old\",\"expires\":5000}",
                   "it is planned, and may not be stopped by a tripcode: tripcode 'old' had already ended");
    uint64_t seq = say("tripped", "{\"code\":\"old\",\"expires\":5000}");
    missing();
    box_text(&b, "state", "aborted");
    box_int(&b, "violations", 1);
    snprintf(words, sizeof(words),
             "promotion 'p' is aborted: tripcode 'old' stopped it (event %llu), though it had already ended",
             (unsigned long long)seq);
    expect_refused("promoted", "{\"digest\":\"" D1 "\"}", words);
    say("planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}"); /* it blocks nothing */
    missing();
    box_text(&b, "state", "planned");
    seq = say("aborted", "{\"reason\":\"withdrawn\"}");
    snprintf(words, sizeof(words), "it was aborted, and may not be simulated: it was aborted (event %llu)",
             (unsigned long long)seq);
    expect_refused("simulated", "{}", words);
}

static void no_later_tripcode_shortens_one_that_holds(void **state) {
    (void)state;
    say("tripped", "{\"code\":\"black\"}");
    say("tripped", "{\"code\":\"black\",\"expires\":5000}");
    say("tripped", "{\"code\":\"red\",\"expires\":" Y2099 "}");
    expect_refused("planned", "{}", "it is not planned, and may not be planned: tripcode 'black' holds");
    missing();
    box_text(&b, "tripped", "black");
    assert_false(row_has(&b.row, box_column(&b, "tripped_until")));
}

static void a_tripcode_before_any_plan_says_until_when_and_what_is_possible(void **state) {
    (void)state;
    char text[4096];
    say("tripped", "{\"code\":\"red\",\"expires\":" Y2099 "}");
    assert_true(finding("promotion.tripcode", "reason", text));
    assert_string_equal(text, "tripcode 'red' holds until 2099-01-01T00:00:00Z, and nothing can be planned before");
    assert_true(finding("promotion.tripcode", "remedy", text));
    assert_string_equal(text, "");
    assert_false(finding("promotion.step", "reason", text));
    say("tripped", "{\"code\":\"black\"}");
    assert_true(finding("promotion.tripcode", "reason", text));
    assert_string_equal(
        text, "tripcode 'black' holds, and does not end by itself: only a promotion of another name can be planned");
}

static void what_a_tripcode_holds_can_only_be_given_up(void **state) {
    (void)state;
    char text[4096];
    say("tripped", "{\"code\":\"red\",\"expires\":" Y2099 "}");
    say("planned", "{\"what\":\"model\",\"digest\":\"" D1 "\",\"at\":" Y2100 "}"); /* by its author's clock it has ended */
    assert_true(finding("promotion.tripcode", "remedy", text));
    assert_string_equal(text, "ledger promote abort p --reason tripped");
    assert_true(finding("promotion.step", "remedy", text));
    assert_string_equal(text, "");
}

static void what_the_verification_names_has_to_have_passed(void **state) {
    (void)state;
    char text[4096];
    box_event(&b, "eval.scored", "eval/e",
              "{\"task\":\"t\",\"metric\":\"x\",\"value\":1,\"threshold\":0.5,"
              "\"higher_is_better\":true}");
    box_event(&b, "eval.finished", "eval/e", "{\"digest\":\"" D1 "\",\"suite\":\"s\",\"verdict\":\"pass\"}");
    say("planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    say("simulated", "{\"verdict\":\"pass\",\"runs\":10,\"failed\":0}");
    uint64_t named = say("verifying", "{\"suites\":[\"s\",\"s2\"],\"evals\":[\"e\",\"never\"]}");
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    expect_refused("promoted", "{\"digest\":\"" D1 "\"}", "suite 's2' has not evaluated it");
    expect_refused("promoted", "{\"digest\":\"" D1 "\"}", "eval 'never' is not known");
    assert_true(finding("promotion.named-suites", "remedy", text));
    assert_string_equal(text, "ledger eval run FILE --endpoint URL --model MODEL");
    uint64_t seqs[ROW_SEQS_MAX];
    size_t n = row_seqs(&b.row, box_column(&b, "evidence"), seqs, ROW_SEQS_MAX), found = 0;
    for (size_t i = 0; i < n; i++) {
        found += seqs[i] == named;
    }
    assert_int_equal(found, 1);
    type_all(text, true);
    assert_false(finding("promotion.named-suites", "reason", text));
    box_event(&b, "eval.finished", "eval/never", "{\"digest\":\"" D2 "\",\"verdict\":\"pass\"}");
    expect_refused("promoted", "{\"digest\":\"" D1 "\"}", "eval 'never' is of something else");
    say("verifying", "{\"evals\":[\"e\"]}");
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    struct decision d;
    may_append("promotion.promoted", "promotion/p", "{\"digest\":\"" D1 "\"}", &d);
    assert_true(d.yes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_remedy_is_a_legal_step_and_each_cause_is_told, start, finish),
        cmocka_unit_test_setup_teardown(the_remedy_of_a_failure_names_the_suite_that_failed_or_none, start, finish),
        cmocka_unit_test_setup_teardown(after_a_failed_trial_only_another_one_leads_on, start, finish),
        cmocka_unit_test_setup_teardown(a_row_that_an_older_program_stored_names_no_event, start, finish),
        cmocka_unit_test_setup_teardown(a_tripcode_that_had_ended_stops_it_and_is_said_to_have_ended, start, finish),
        cmocka_unit_test_setup_teardown(no_later_tripcode_shortens_one_that_holds, start, finish),
        cmocka_unit_test_setup_teardown(a_tripcode_before_any_plan_says_until_when_and_what_is_possible, start, finish),
        cmocka_unit_test_setup_teardown(what_a_tripcode_holds_can_only_be_given_up, start, finish),
        cmocka_unit_test_setup_teardown(what_the_verification_names_has_to_have_passed, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
