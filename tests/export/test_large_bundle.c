/* Bundles large enough for threads: groups read ahead of the writer, a file unpacked ahead of the verifier. */
#include "tests/export/bundle_box.h"

#include <sys/wait.h>
#include <unistd.h>

#define NOISY 200 /* events with bodies that do not compress */

static struct buf packed, changed;

static int start(void **state) {
    static char noise[30000];
    struct export_options o = everything();
    uint64_t x = 88172645463325252U;
    (void)state;
    box_start();
    scratch_fill(&s, 0, 6000, true);
    for (unsigned n = 0; n < NOISY; n++) {
        for (size_t i = 0; i < sizeof(noise) - 1; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            noise[i] = (char)('g' + x % 16);
        }
        box_event("x.acme.noise", "noise/1", NULL, "{\"noise\":\"%s\"}", noise);
    }
    buf_init(&packed, (size_t)256 << 20);
    buf_init(&changed, (size_t)256 << 20);
    static const char *const names[] = {"noise"};
    o.private_ = names;
    o.n_private = 1;
    cut(&o);
    o.plain = false;
    must(try_cut_of(s.ledger, &o, &packed));
    assert_true(packed.n > (3U << 20) && packed.n < bundle.n);
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&packed);
    buf_done(&changed);
    box_end();
    return 0;
}

static void a_large_bundle_is_good_plain_and_compressed(void **state) {
    (void)state;
    is_good();
    uint64_t events = report.counts.headers;
    verify(bytes_of_buf(&packed), trust);
    verdict_is(LOG_GOOD);
    assert_true(events > 6000 + NOISY);
    assert_int_equal(report.counts.headers, events);
    assert_int_equal(report.counts.private_, NOISY);
}

static void chosen_events_of_many_groups_are_good(void **state) {
    uint64_t seqs[600];
    struct buf sparse;
    struct export_options o = everything();
    (void)state;
    for (size_t i = 0; i < 600; i++) {
        seqs[i] = 3 + 10 * i;
    }
    o.seqs = seqs;
    o.n_seqs = 600;
    buf_init(&sparse, (size_t)256 << 20);
    must(try_cut_of(s.ledger, &o, &sparse));
    verify(bytes_of_buf(&sparse), trust);
    verdict_is(LOG_GOOD);
    assert_int_equal(report.counts.disclosed, 600);
    buf_done(&sparse);
}

static void damage_and_cuts_far_behind_are_found(void **state) {
    const struct buf *const files[] = {&bundle, &packed};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 1; i < 12; i++) {
            size_t at = files[k]->n / 12 * i + 77;
            buf_clear(&changed);
            buf_put_bytes(&changed, bytes_of_buf(files[k]));
            changed.p[at] ^= 4;
            verify(bytes_of_buf(&changed), trust);
            verdict_is(LOG_INVALID);
            verify((struct bytes){files[k]->p, at}, trust);
            verdict_is(LOG_INVALID);
        }
    }
}

/* ---- readers that stop before the end ---- */

static int had_enough(void *ctx, const struct log_event *event, struct bytes private_, struct err *err) {
    uint64_t *left = ctx;
    (void)event;
    (void)private_;
    return --*left > 0 ? 0 : err_set(err, ERR_CONFLICT, "enough");
}

static void who_has_had_enough_ends_the_reading(void **state) {
    (void)state;
    for (uint64_t n = 1; n <= 3001; n += 1000) {
        uint64_t left = n;
        struct export_verify_options o = {.trust = trust, .each = had_enough, .ctx = &left};
        assert_int_equal(lseek(verify_fd, 0, SEEK_SET), 0);
        assert_int_equal(pwrite(verify_fd, packed.p, packed.n, 0), (ssize_t)packed.n);
        assert_int_equal(ftruncate(verify_fd, (off_t)packed.n), 0);
        assert_int_equal(export_verify(verify_fd, &o, &report, &why), ERR_CONFLICT);
        assert_string_equal(why.msg, "enough");
        assert_int_equal(left, 0);
    }
}

static void an_interrupted_export_ends(void **state) {
    static volatile int stop = 1;
    struct buf none;
    struct export_options o = everything();
    (void)state;
    o.stop = &stop;
    buf_init(&none, 1 << 20);
    assert_int_equal(try_cut_of(s.ledger, &o, &none), ERR_BUSY);
    buf_done(&none);
}

static void a_pipe_gives_the_same_as_a_file(void **state) {
    struct export_verify_options o = {.trust = trust};
    int ends[2], status;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (size_t at = 0; at < packed.n;) {
            ssize_t n = write(ends[1], packed.p + at, packed.n - at);
            if (n <= 0) {
                _exit(1);
            }
            at += (size_t)n;
        }
        _exit(0);
    }
    assert_true(pid > 0);
    close(ends[1]);
    must(export_verify(ends[0], &o, &report, &why));
    verdict_is(LOG_GOOD);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_bundle_is_good_plain_and_compressed),
        cmocka_unit_test(chosen_events_of_many_groups_are_good),
        cmocka_unit_test(damage_and_cuts_far_behind_are_found),
        cmocka_unit_test(who_has_had_enough_ends_the_reading),
        cmocka_unit_test(an_interrupted_export_ends),
        cmocka_unit_test(a_pipe_gives_the_same_as_a_file),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
