/* Which observations are recorded: against a plain list of what was recorded last, over random sequences of observations, and a
 * clock that goes on, stands still and goes back. */
#include <math.h>

#include "base/clock.h"
#include "base/mp.h"
#include "doctor/round/news.h"
#include "tests/projections/state_box.h"

#define STEPS     300
#define HISTORIES 3
#define HOUR_NS   (3600 * CLOCK_NS_PER_S)

static uint64_t clock_now; /* of this machine */
uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void) {
    return clock_now;
}

static uint64_t state = 1;

static unsigned any(unsigned n) { /* below n */
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % n;
}

/* ---- the reference ---- */

static struct known {
    bool there;
    char status[16], digest[80];
    double value; /* NAN: none */
    uint64_t at;
} known[3][3];

static bool is_news(const struct known *k, const struct probe_check *c, uint64_t now) {
    bool measured = c->value != UINT64_MAX && c->limit != UINT64_MAX;
    return !k->there || strcmp(k->status, c->status) != 0 || strcmp(k->digest, c->digest != NULL ? c->digest : "") != 0 ||
           now - k->at >= 12 * HOUR_NS ||
           (measured && (isnan(k->value) || 8 * fabs((double)c->value - k->value) > (double)c->limit));
}

static void know(struct known *k, const struct probe_check *c, uint64_t now) {
    *k = (struct known){.there = true, .value = c->value != UINT64_MAX ? (double)c->value : NAN, .at = now};
    snprintf(k->status, sizeof(k->status), "%s", c->status);
    snprintf(k->digest, sizeof(k->digest), "%s", c->digest != NULL ? c->digest : "");
}

/* ---- the same by the ledger ---- */

static void record(struct box *box, const struct probe_record *r) {
    struct log_batch *batch = NULL;
    struct log_draft draft;
    char subject[PROBE_WORD_MAX + 8] = "check/";
    bytes_copy(subject + strlen(subject), r->check);
    log_draft_init(&draft);
    draft.kind = bytes_of("doctor.observed");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("doctor");
    draft.grade = bytes_of("measured");
    draft.body = r->open;
    assert_int_equal(log_batch_new(box->ledger, &batch, &box->err), 0);
    if (log_batch_add(batch, &draft, &box->err) != 0) fail_msg("%s", box->err.msg);
    assert_int_equal(log_batch_commit(batch, NULL, NULL, NULL, &box->err), 0);
    log_batch_free(batch);
}

static bool observe(struct box *box, const struct probe_check *check) {
    struct state_options options;
    struct state_view *view = NULL;
    struct probe_out out;
    struct probe_record r;
    bool news = false;
    probe_out_init(&out);
    probe_say(&out, check);
    struct bytes rest = bytes_of_buf(&out.bytes);
    assert_int_equal(probe_read(&rest, &r, &box->err), 0);
    assert_int_equal(state_options_present(box->ledger, &options, &box->err), 0);
    options.no_write = true;
    assert_int_equal(state_open(box->ledger, &options, &view, &box->err), 0);
    assert_int_equal(news_is(view, &r, &news, &box->err), 0);
    state_close(view);
    if (news) record(box, &r);
    probe_out_done(&out);
    return news;
}

static void draw(struct probe_check *ret, unsigned check, unsigned target) {
    static const char *const checks[] = {"disk-space", "model", "time-sync"}, *const statuses[] = {"ok", "low", "mismatch"};
    static const char *const digests[] = {NULL, "sha256:0000000000000000000000000000000000000000000000000000000000000000",
                                          "sha256:1111111111111111111111111111111111111111111111111111111111111111"};
    static char targets[3][PROBE_TEXT_MAX + 1] = {"", "ledger"};
    memset(targets[2], 't', PROBE_TEXT_MAX);
    *ret = PROBE_CHECK(checks[check], statuses[any(20) < 18 ? 0 : any(3)]);
    ret->target = targets[target];
    ret->digest = check == 1 ? digests[any(20) < 18 ? 1 : any(3)] : NULL;
    if (any(10) > 0) ret->value = any(20) < 15 ? 400 + any(30) : any(1000);
    if (any(10) > 0) ret->limit = 1000;
}

static void what_is_news_agrees_with_a_plain_list(void **unused) {
    (void)unused;
    for (int history = 0; history < HISTORIES; history++) {
        struct box box;
        size_t n_news = 0;
        uint64_t newest = 0; /* time of an event: a ledger's does not go back */
        memset(known, 0, sizeof(known));
        clock_now = UINT64_C(1800000000) * CLOCK_NS_PER_S;
        box_open(&box);
        for (int step = 0; step < STEPS; step++) {
            struct probe_check check;
            unsigned c = any(3), t = any(3);
            uint64_t by = any(4) * HOUR_NS * any(4);
            clock_now = any(8) == 0 ? clock_now - by : clock_now + by + any(1000);
            uint64_t now = newest > clock_now ? newest : clock_now;
            draw(&check, c, t);
            bool expected = is_news(&known[c][t], &check, now);
            if (observe(&box, &check) != expected) {
                fail_msg("history %d, step %d: %s of '%s' %s news", history, step, check.check, check.target,
                         expected ? "is" : "is no");
            }
            if (expected) know(&known[c][t], &check, newest = now);
            n_news += expected;
        }
        assert_true(n_news > STEPS / 10 && n_news < STEPS * 9 / 10); /* both were seen */
        box_close(&box);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_news_agrees_with_a_plain_list)};
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
