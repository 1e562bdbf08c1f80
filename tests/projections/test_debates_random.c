/* Debates over random histories of votes, signed and not: the state of a debate is what a simple reference says, which keeps arrays
 * and follows projections/council/tally.h sentence by sentence; and what is judged before it is written agrees with what was folded. */
#include "projections/council/judge.h"
#include "projections/council/tally.h"
#include "projections/decide/decide.h"
#include "tests/projections/state_box.h"

#define HISTORIES 150
#define VOTERS    3
#define EVENTS    12
#define DIGEST    "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER     "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static struct log_author *author[VOTERS + 1]; /* the last is nobody's who votes */
static char vkey[VOTERS + 1][400];
static struct box b;
static uint64_t seed;
static unsigned ended[8];

static unsigned pick(unsigned n) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

/* ---- the reference ---- */

static struct {
    const char *state;
    int answer[2][VOTERS]; /* 1 for, -1 against, 0 neither, 9 none */
    int judge;             /* VOTERS: none */
} ref;

static int votes(int round, int what) {
    int n = 0;
    for (int i = 0; i < VOTERS; i++) {
        n += ref.answer[round][i] == what;
    }
    return n;
}

static bool agreed(void) {
    return votes(0, 1) == VOTERS || votes(0, -1) == VOTERS;
}

/* 1 or 2: votes are missing in it; 0: none are. */
static int waits(void) {
    return votes(0, 9) > 0 ? 1 : !agreed() && votes(1, 9) > 0 ? 2 : 0;
}

static const char *outcome(void) {
    if (waits() != 0 || strcmp(ref.state, "error") == 0) return "error";
    int round = agreed() ? 0 : 1;
    int lead = 2 * votes(round, 1) > VOTERS ? 1 : 2 * votes(round, -1) > VOTERS ? -1 : 0;
    if (lead == 0 && ref.judge < VOTERS) {
        lead = ref.answer[round][ref.judge];
    }
    return lead > 0 ? "accepted" : lead < 0 ? "rejected" : "retained";
}

/* ---- votes ---- */

struct vote {
    int voter, signer, round, tenths[3]; /* voter VOTERS: nobody's name; signer -1: unsigned */
    bool other, lies;
};

static int answer_of(const struct vote *v) {
    int sum = 5 * v->tenths[0] + 2 * v->tenths[1] + 3 * v->tenths[2];
    return sum > 50 ? 1 : sum < 50 ? -1 : 0;
}

static struct vote any_vote(void) {
    static const int tenths[][3] = {{9, 9, 9},  {1, 2, 0},  {5, 5, 5}, {8, 5, 0},
                                    {10, 0, 1}, {0, 10, 9}, {4, 9, 4}, {5, 2, 7}};
    struct vote v = {.voter = (int)pick(VOTERS), .round = waits() == 0 ? 2 : waits()};
    for (unsigned i = 0; i < 6 && ref.answer[v.round - 1][v.voter] != 9; i++) {
        v.voter = (int)pick(VOTERS);
    }
    memcpy(v.tenths, tenths[pick(8)], sizeof(v.tenths));
    v.signer = v.voter;
    switch (pick(120)) {
    case 0:
        v.signer = -1;
        break;
    case 1:
        v.signer = VOTERS;
        break;
    case 2:
        v.voter = VOTERS;
        break;
    case 3:
        v.tenths[pick(3)] = 11;
        break;
    case 4:
        v.other = true;
        break;
    case 5:
        v.lies = true;
        break;
    case 6:
        v.round = (int)pick(4);
        break;
    case 7:
        v.voter = v.signer = (int)pick(VOTERS);
        break;
    default:
        break;
    }
    return v;
}

/* Takes the vote. False: it breaks a rule, or is not counted. */
static bool refer(const struct vote *v) {
    bool open = strcmp(ref.state, "open") == 0;
    if (!open) return false;
    bool in_range = v->tenths[0] <= 10 && v->tenths[1] <= 10 && v->tenths[2] <= 10;
    bool breaks =
        v->voter == VOTERS || v->signer != v->voter || v->round < 1 || v->round > 2 || v->other || !in_range || v->lies;
    if (breaks || ref.answer[v->round - 1][v->voter] != 9) {
        ref.state = "error";
        return false;
    }
    if (waits() != v->round) return false;
    ref.answer[v->round - 1][v->voter] = answer_of(v);
    return true;
}

static void draft_vote(const struct vote *v, struct buf *body, struct log_draft *ret) {
    static const char *const words[] = {"against", "neither", "for"};
    char json[600];
    int answer = answer_of(v), said = v->lies ? (answer == 1 ? -1 : 1) : answer;
    snprintf(json, sizeof(json),
             "{\"participant\":\"v%d\",\"round\":%d,\"digest\":\"%s\",\"vote\":\"%s\",\"scores\":{\"policy\":%.1f,"
             "\"simplicity\":%.1f,\"predicted_pass\":%.1f}}",
             v->voter, v->round, v->other ? OTHER : DIGEST, words[said + 1], v->tenths[0] / 10.0, v->tenths[1] / 10.0,
             v->tenths[2] / 10.0);
    log_draft_init(ret);
    assert_int_equal(log_json_to_body(bytes_of(json), body, &b.err), 0);
    ret->kind = bytes_of("debate.voted");
    ret->subject = bytes_of("debate/d");
    ret->actor = bytes_of("user:test");
    ret->source = bytes_of("cli");
    ret->grade = bytes_of("reported");
    ret->body = bytes_of_buf(body);
    ret->author = v->signer < 0 ? NULL : author[v->signer];
}

static bool may(const struct log_draft *draft) {
    struct decision d;
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_may_append(b.view, draft, &d, &b.err), 0);
    return d.yes;
}

static void cast_vote(void) {
    struct vote v = any_vote();
    struct buf body = {.max = 65536};
    struct log_draft draft;
    struct log_receipt receipt;
    draft_vote(&v, &body, &draft);
    bool yes = may(&draft);
    assert_int_equal(log_append(b.ledger, &draft, &receipt, NULL, &b.err), 0);
    assert_int_equal(yes, refer(&v));
    buf_done(&body);
}

static void compare(void) {
    struct decision d;
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "debates", "d", NULL));
    box_text(&b, "state", ref.state);
    if (strcmp(ref.state, "open") == 0) {
        box_text(&b, "says", waits() != 0 ? "undecided" : outcome());
        box_int(&b, "round", waits() != 0 ? waits() : agreed() ? 1 : 2);
    }
    assert_int_equal(debate_judge(b.view, bytes_of("d"), bytes_of("promotion/p"), bytes_of(DIGEST), &d, &b.err), 0);
    assert_int_equal(d.yes, strcmp(ref.state, "accepted") == 0);
    assert_true(d.yes || d.reason[0] != '\0');
    assert_true(d.n_evidence > 0);
    assert_int_equal(debate_judge(b.view, bytes_of("d"), bytes_of("promotion/q"), bytes_of(DIGEST), &d, &b.err), 0);
    assert_false(d.yes);
    assert_int_equal(debate_judge(b.view, bytes_of("d"), bytes_of("promotion/p"), bytes_of(OTHER), &d, &b.err), 0);
    assert_false(d.yes);
}

static void open_debate(void) {
    char json[3000];
    size_t n = (size_t)snprintf(json, sizeof(json),
                                "{\"target\":\"promotion/p\",\"digest\":\"%s\",\"rounds\":2,\"voters\":[", DIGEST);
    for (int i = 0; i < VOTERS; i++) {
        n += (size_t)snprintf(json + n, sizeof(json) - n, "%s{\"name\":\"v%d\",\"vkey\":\"%s\"}", i > 0 ? "," : "", i,
                              vkey[i]);
        ref.answer[0][i] = ref.answer[1][i] = 9;
    }
    ref.judge = (int)pick(VOTERS + 1);
    n += (size_t)snprintf(json + n, sizeof(json) - n, "]");
    if (ref.judge < VOTERS) {
        n += (size_t)snprintf(json + n, sizeof(json) - n, ",\"judge\":\"v%d\"", ref.judge);
    }
    snprintf(json + n, sizeof(json) - n, "}");
    ref.state = "open";
    box_event(&b, "debate.opened", "debate/d", json);
}

/* Sometimes with another outcome than the votes', which changes nothing. */
static void conclude(void) {
    static const char *const words[] = {"accepted", "rejected", "retained", "undecided", "error"};
    const char *says = outcome(), *word = pick(3) == 0 ? words[pick(5)] : says;
    char json[100];
    snprintf(json, sizeof(json), "{\"outcome\":\"%s\"}", word);
    box_event(&b, "debate.concluded", "debate/d", json);
    if (strcmp(word, says) == 0) {
        ref.state = says;
    }
}

static void a_debate_is_what_the_reference_says(void **state) {
    static const char *const outcomes[] = {"accepted", "rejected", "retained", "error", "open"};
    (void)state;
    for (unsigned h = 0; h < HISTORIES; h++) {
        box_open(&b);
        seed = 77 + h;
        open_debate();
        unsigned n = pick(5) == 0 ? pick(EVENTS) : EVENTS;
        for (unsigned i = 0; i < n && (waits() != 0 || pick(8) == 0); i++) {
            cast_vote();
        }
        compare();
        if (pick(8) != 0) conclude();
        compare();
        cast_vote(); /* after the end it changes nothing */
        compare();
        for (unsigned i = 0; i < 5; i++) {
            ended[i] += strcmp(ref.state, outcomes[i]) == 0;
        }
        box_close(&b);
    }
    print_message("accepted %u, rejected %u, retained %u, error %u, open %u\n", ended[0], ended[1], ended[2], ended[3],
                  ended[4]);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(ended[i] > 2);
    }
}

/* ---- the rule alone ---- */

static void scores_weigh_and_are_from_0_to_1(void **state) {
    (void)state;
    assert_int_equal(debate_score(1, 1, 1), DEBATE_UNIT);
    assert_int_equal(debate_score(1, 0, 0), DEBATE_UNIT / 2);
    assert_int_equal(debate_score(0, 1, 0), DEBATE_UNIT / 5);
    assert_int_equal(debate_score(0, 0, 1), 3 * (DEBATE_UNIT / 10));
    assert_int_equal(debate_score(1.0000001, 0, 0), DEBATE_NO_VOTE);
    assert_int_equal(debate_score(0, -0.1, 0), DEBATE_NO_VOTE);
    assert_string_equal(debate_answer(debate_score(0.5, 0.5, 0.5)), "neither");
    assert_string_equal(debate_answer(debate_score(0.500001, 0.5, 0.5)), "for");
    assert_string_equal(debate_answer(debate_score(0.5, 0.5, 0.499999)), "against");
}

static void a_debate_without_voters_supports_nothing(void **state) {
    struct decision d;
    (void)state;
    box_open(&b);
    box_event(&b, "debate.opened", "debate/d", "{\"target\":\"promotion/p\"}");
    box_event(&b, "debate.concluded", "debate/d", "{\"outcome\":\"accepted\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(debate_judge(b.view, bytes_of("d"), bytes_of("promotion/p"), bytes_of(""), &d, &b.err), 0);
    assert_false(d.yes);
    assert_string_equal(d.reason, "debate 'd' names no voters whose signed votes decide");
    assert_int_equal(debate_judge(b.view, bytes_of("e"), bytes_of(""), bytes_of(""), &d, &b.err), 0);
    assert_string_equal(d.reason, "there is no debate 'e'");
    box_close(&b);
}

/* ---- keys ---- */

static int make_keys(void **state) {
    char path[300], dir[200];
    (void)state;
    snprintf(dir, sizeof(dir), "%s/keys-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i <= VOTERS; i++) {
        struct buf text = {.max = 400};
        snprintf(path, sizeof(path), "%s/%d", dir, i);
        /* the last has the name of the first */
        assert_int_equal(
            log_author_new(path, i % 2 == 1 ? "test.example/odd" : "test.example/even", bytes_of(""), &text, &b.err), 0);
        assert_int_equal(log_author_load(path, bytes_of(""), &author[i], &b.err), 0);
        snprintf(vkey[i], sizeof(vkey[i]), "%.*s", (int)(text.n - (text.p[text.n - 1] == '\n')), (const char *)text.p);
        buf_done(&text);
    }
    return file_remove_tree(dir, &b.err);
}

static int free_keys(void **state) {
    (void)state;
    for (int i = 0; i <= VOTERS; i++) {
        log_author_free(author[i]);
    }
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_weigh_and_are_from_0_to_1),
        cmocka_unit_test(a_debate_without_voters_supports_nothing),
        cmocka_unit_test(a_debate_is_what_the_reference_says),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
