/* Which debates bar a candidate, over random histories of plans and debates of two promotions and two candidates: the answer is what
 * a plain list of debates says. The newest about the promotion since its plan has to be accepted and about this candidate, and so
 * has the newest about the candidate, whichever promotion it is of. */
#include "base/clock.h"
#include "projections/decide/decide.h"
#include "projections/ready/promotions.h"
#include "projections/rows/list.h"
#include "tests/projections/state_box.h"

#define OPS         40
#define DEBATES_MAX (OPS + 1)

static struct box b;
static struct log_author *author;
static char vkey[400];
static uint64_t x;

static unsigned below(unsigned n) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (unsigned)((x >> 11) % n);
}

static const char *const digests[] = {"sha256:1111111111111111111111111111111111111111111111111111111111111111",
                                      "sha256:2222222222222222222222222222222222222222222222222222222222222222"};
static const char *const names[] = {"p", "q"};

/* ---- the plain list ---- */

static struct {
    unsigned of, digest, planned; /* planned: how many plans there were of that promotion */
    bool accepted, open;
    int vote; /* 1 for, -1 against, 0 none */
} debate[DEBATES_MAX];
static unsigned n_debates, plans[2], planned[2];

static bool stands(unsigned p, bool *ret_there) {
    bool yes = true;
    *ret_there = false;
    for (unsigned i = n_debates; i-- > 0;) { /* the newest of its own since the plan */
        if (debate[i].of != p || debate[i].planned != plans[p]) continue;
        *ret_there = true;
        yes = debate[i].accepted && debate[i].digest == planned[p];
        break;
    }
    for (unsigned i = n_debates; i-- > 0;) { /* the newest of the candidate */
        if (debate[i].digest != planned[p]) continue;
        *ret_there = true;
        yes = yes && debate[i].accepted;
        break;
    }
    return yes;
}

/* ---- what happens ---- */

static void event(const char *kind, const char *noun, const char *id, bool is_signed, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
static void event(const char *kind, const char *noun, const char *id, bool is_signed, const char *fmt, ...) {
    char json[1500], subject[64];
    struct buf body = {.max = 65536};
    struct log_draft draft;
    struct log_receipt receipt;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(json, sizeof(json), fmt, ap);
    va_end(ap);
    snprintf(subject, sizeof(subject), "%s/%s", noun, id);
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    draft.author = is_signed ? author : NULL;
    assert_int_equal(log_append(b.ledger, &draft, &receipt, NULL, &b.err), 0);
    buf_done(&body);
}

static void plan(unsigned p) {
    planned[p] = below(2);
    plans[p]++;
    event("promotion.planned", "promotion", names[p], false, "{\"what\":\"model\",\"model\":\"%s\",\"digest\":\"%s\"}",
          names[p], digests[planned[p]]);
}

static void open_debate(void) {
    unsigned p = below(2), digest = below(8) == 0 ? 1 - planned[p] : planned[p];
    char id[16];
    snprintf(id, sizeof(id), "d%u", n_debates);
    event("debate.opened", "debate", id, false,
          "{\"target\":\"promotion/%s\",\"digest\":\"%s\",\"rounds\":2,\"voters\":[{\"name\":\"v\",\"vkey\":\"%s\"}]}",
          names[p], digests[digest], vkey);
    debate[n_debates].of = p;
    debate[n_debates].digest = digest;
    debate[n_debates].planned = plans[p];
    debate[n_debates].accepted = false;
    debate[n_debates].open = true;
    debate[n_debates++].vote = 0;
}

/* One voter: its vote decides. Unsigned it closes the debate. */
static void vote(unsigned i) {
    bool is_signed = below(6) > 0;
    int says = below(3) > 0 ? 1 : -1;
    char id[16];
    snprintf(id, sizeof(id), "d%u", i);
    event("debate.voted", "debate", id, is_signed,
          "{\"participant\":\"v\",\"round\":1,\"digest\":\"%s\",\"scores\":{\"policy\":%d,\"simplicity\":%d,"
          "\"predicted_pass\":%d}}",
          digests[debate[i].digest], says > 0, says > 0, says > 0);
    if (!debate[i].open) return;
    if (!is_signed || debate[i].vote != 0) {
        debate[i].open = false; /* an error */
    } else {
        debate[i].vote = says;
    }
}

static void conclude(unsigned i) {
    const char *outcome = !debate[i].open || debate[i].vote == 0 ? "error" : debate[i].vote > 0 ? "accepted" : "rejected";
    char id[16];
    snprintf(id, sizeof(id), "d%u", i);
    event("debate.concluded", "debate", id, false, "{\"outcome\":\"%s\"}", outcome);
    if (debate[i].open) {
        debate[i].accepted = debate[i].vote > 0;
        debate[i].open = false;
    }
}

static void do_something(void) {
    unsigned what = below(10);
    if (what == 0) {
        plan(below(2));
    } else if (what < 3 || n_debates == 0) {
        open_debate();
    } else {
        unsigned i = n_debates - 1 - below(n_debates < 3 ? n_debates : 3);
        if (what < 7) {
            vote(i);
        } else {
            conclude(i);
        }
    }
}

/* ---- what the states say ---- */

static bool is_missing(const char *rule) {
    struct list list;
    struct bytes item, word;
    bool found = false;
    list_open(&list, row_list(&b.row, PROMOTIONS_MISSING));
    while (list_next(&list, &item)) {
        found = found || (list_text(item, "rule", &word) && bytes_is(word, rule));
    }
    return found;
}

static unsigned seen[3];

static void compare(void) {
    box_view(&b, LOG_NO_SEQ, 0);
    for (unsigned p = 0; p < 2; p++) {
        bool there, yes = stands(p, &there);
        struct debate_standing standing;
        struct decision may;
        assert_int_equal(decide_is_debated(b.view, bytes_of(names[p]), &standing, &b.err), 0);
        assert_int_equal(standing.there, there);
        assert_int_equal(standing.decision.yes, there && yes);
        assert_true(standing.decision.yes || standing.decision.reason[0] != '\0');
        assert_true(box_row(&b, "promotions", names[p], NULL));
        assert_int_equal(is_missing("promotion.debate"), there && !yes);
        assert_int_equal(decide_may_promote(b.view, bytes_of(names[p]), &may, &b.err), 0);
        assert_false(may.yes); /* nothing was verified */
        assert_int_equal(strstr(may.reason, "debate '") != NULL, there && !yes);
        seen[!there ? 0 : yes ? 1 : 2]++;
    }
}

static void what_bars_a_candidate_is_what_a_plain_list_says(void **state) {
    (void)state;
    const char *one = getenv("LEDGER_SEED");
    const uint64_t random = clock_wall_ns() | 1;
    uint64_t seeds[40];
    size_t n = one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0]);
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < n; i++) {
        seeds[i] = one != NULL ? strtoull(one, NULL, 10) : i + 1 < n ? 1000 + 77 * i : random;
        x = seeds[i];
        box_open(&b);
        n_debates = plans[0] = plans[1] = 0;
        plan(0);
        plan(1);
        for (size_t k = 0; k < OPS; k++) {
            do_something();
            compare();
        }
        box_close(&b);
    }
    print_message("no debate %u, accepted %u, barred %u\n", seen[0], seen[1], seen[2]);
    assert_true(one != NULL || (seen[0] > 20 && seen[1] > 20 && seen[2] > 20)); /* by the fixed seeds alone */
}

static int make_key(void **state) {
    char path[300], dir[200];
    struct buf text = {.max = 400};
    (void)state;
    snprintf(dir, sizeof(dir), "%s/keys-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/key", dir);
    assert_int_equal(log_author_new(path, "test.example/v", bytes_of(""), &text, &b.err), 0);
    assert_int_equal(log_author_load(path, bytes_of(""), &author, &b.err), 0);
    snprintf(vkey, sizeof(vkey), "%.*s", (int)(text.n - (text.p[text.n - 1] == '\n')), (const char *)text.p);
    buf_done(&text);
    return file_remove_tree(dir, &b.err);
}

static int free_key(void **state) {
    (void)state;
    log_author_free(author);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_bars_a_candidate_is_what_a_plain_list_says),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
