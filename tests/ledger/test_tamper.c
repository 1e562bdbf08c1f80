/* Bits of the database's file are flipped one at a time: verify must report it, or nothing that a reader can see has
 * changed.
 *
 * LMDB trusts its file, so a flip may kill the process that reads it: the flips run in children, and one that dies of a
 * signal has detected the flip. Much of the file is unused; so first all bits of a stretch are flipped at once, and only if
 * that is detected are they flipped byte by byte: by default one bit each, with LEDGER_TEST_FULL=1 all eight. */
#include "tests/ledger/scratch.h"

#include <signal.h>
#include <sys/mman.h>

#define WORKERS 2
#define STALL_S 30
#define STRETCH 32 /* bytes */

#define UNITS (1 + 8 * STRETCH) /* tries of a stretch: the whole, then bit by bit */

struct progress {         /* shared with a worker's children */
    volatile size_t next; /* current try: stretch * UNITS + unit */
    volatile size_t invalid, died, harmless, missed, first_missed;
};

struct subject {
    char dir[300]; /* its own copy of the ledger */
    char file[400];
    size_t bytes, step; /* every step-th bit is tried */
    unsigned worker;    /* takes every WORKERS-th stretch */
    struct bytes seen;  /* dump of the untouched ledger */
};

static bool same_to_a_reader(struct ledger *ledger, struct bytes seen) {
    struct buf dump;
    struct err err = {0};
    buf_init(&dump, (size_t)16 << 20);
    bool same = scratch_dump(ledger, &dump, &err) == 0 && bytes_eq(bytes_of_buf(&dump), seen);
    buf_done(&dump);
    return same;
}

enum judged { REFUSED, HARMLESS, MISSED };

/* Whether the ledger in its current state is refused, or looks the same as before. */
static enum judged judge(const struct subject *s) {
    static struct log_report report;
    const struct log_open_options o = {.read_only = true};
    struct ledger *ledger = NULL;
    struct err err = {0};
    enum judged judged = MISSED;
    alarm(STALL_S);
    if (log_open(s->dir, &o, &ledger, &err) != 0 || log_verify(ledger, NULL, &report, &err) != 0 ||
        report.verdict == LOG_INVALID || report.verdict == LOG_CONTRADICTS) {
        judged = REFUSED;
    } else if (same_to_a_reader(ledger, s->seen)) {
        judged = HARMLESS;
    }
    log_close(ledger);
    return judged;
}

static void turn(int fd, size_t at, size_t n, uint8_t mask) {
    uint8_t bytes[STRETCH];
    ssize_t got = pread(fd, bytes, n, (off_t)at);
    for (ssize_t i = 0; i < got; i++) {
        bytes[i] ^= mask;
    }
    if (got < 0 || pwrite(fd, bytes, (size_t)got, (off_t)at) != got) {
        _exit(3);
    }
}

/* One try; true: the rest of the stretch need not be tried. */
static bool try_one(const struct subject *s, struct progress *p, int fd, size_t stretch, size_t unit) {
    size_t at = stretch * STRETCH, n = s->bytes - at < STRETCH ? s->bytes - at : STRETCH;
    if (unit == 0) {
        turn(fd, at, n, 0xff);
        enum judged judged = judge(s);
        turn(fd, at, n, 0xff);
        p->harmless += judged == HARMLESS ? 8 * n / s->step : 0;
        return judged == HARMLESS;
    }
    size_t bit = unit - 1;
    if (bit % s->step != 0 || bit / 8 >= n) return false;
    at += bit / 8;
    uint8_t mask = (uint8_t)(1U << (s->step < 8 ? bit % 8 : at * 5 % 8));
    turn(fd, at, 1, mask);
    enum judged judged = judge(s);
    turn(fd, at, 1, mask);
    p->invalid += judged == REFUSED ? 1 : 0;
    p->harmless += judged == HARMLESS ? 1 : 0;
    if (judged == MISSED) {
        p->first_missed = p->missed++ == 0 ? at : p->first_missed;
    }
    return false;
}

static void flip_on(const struct subject *s, struct progress *p) {
    int fd = open(s->file, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        _exit(3);
    }
    while (p->next / UNITS * STRETCH < s->bytes) {
        size_t stretch = p->next / UNITS, unit = p->next % UNITS;
        bool skip_rest = stretch % WORKERS != s->worker || try_one(s, p, fd, stretch, unit);
        p->next = skip_rest ? (stretch + 1) * UNITS : p->next + 1;
    }
    _exit(0);
}

/* A child that dies is followed by another one, starting with the next try. */
static void work(const struct subject *s, struct bytes original, struct progress *p) {
    while (p->next / UNITS * STRETCH < s->bytes) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
            int quiet = open("/dev/null", O_WRONLY);
            dup2(quiet, STDERR_FILENO);
            for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
                signal(deadly[i], SIG_DFL); /* not the test library's handlers */
            }
            flip_on(s, p);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || (WIFEXITED(status) && WEXITSTATUS(status) == 3)) {
            _exit(2);
        }
        if (status != 0) { /* a signal, or a sanitizer that detected it */
            p->died += p->next % UNITS != 0 ? 1 : 0;
            p->next++;
            scratch_write(s->file, original);
        }
    }
    _exit(0);
}

static void copy_ledger(const struct scratch *from, struct subject *to, unsigned i, struct bytes original) {
    char path[500];
    snprintf(to->dir, sizeof(to->dir), "%s/copy-%u", from->top, i);
    snprintf(path, sizeof(path), "%s/evidence", to->dir);
    must(file_make_dirs(path, &why));
    snprintf(to->file, sizeof(to->file), "%s/evidence/data.mdb", to->dir);
    scratch_write(to->file, original);
    snprintf(path, sizeof(path), "%s/head", to->dir);
    scratch_copy(scratch_at(from, "box/head"), path);
    snprintf(path, sizeof(path), "%s/config", to->dir);
    scratch_copy(scratch_at(from, "box/config"), path);
}

static void flip_all(struct scratch *s, size_t step) {
    struct buf original, seen;
    struct progress *p = mmap(NULL, WORKERS * sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid[WORKERS];
    size_t sum[4] = {0};
    assert_true(p != MAP_FAILED);
    buf_init(&original, SIZE_MAX);
    buf_init(&seen, (size_t)16 << 20);
    must(scratch_dump(s->ledger, &seen, &why));
    scratch_close(s);
    scratch_read(scratch_at(s, "box/evidence/data.mdb"), &original);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct subject subject = {.bytes = original.n, .step = step, .worker = i, .seen = bytes_of_buf(&seen)};
        copy_ledger(s, &subject, i, bytes_of_buf(&original));
        pid[i] = fork();
        if (pid[i] == 0) {
            work(&subject, bytes_of_buf(&original), &p[i]);
        }
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fail_msg("a worker ended with status 0x%x at byte %zu", (unsigned)status, p[i].next / UNITS * STRETCH);
        }
        if (p[i].missed > 0) {
            fail_msg("%zu flips passed unnoticed, the first at byte %zu", p[i].missed, p[i].first_missed);
        }
        sum[0] += p[i].invalid;
        sum[1] += p[i].died;
        sum[2] += p[i].harmless;
    }
    print_message("%zu flips: %zu refused, %zu killed the reader, %zu changed nothing that can be seen\n",
                  sum[0] + sum[1] + sum[2], sum[0], sum[1], sum[2]);
    assert_true(sum[0] > 0 && sum[2] > 0);
    munmap(p, WORKERS * sizeof(*p));
    buf_done(&original);
    buf_done(&seen);
}

/* Events with open and private fields, an artifact, a cursor, a rotation. */
static void fill_small(struct scratch *s) {
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    struct buf body = {0};
    struct log_batch *batch;
    struct log_draft draft =
        scratch_draft("run.model_called", "run/r-1",
                      scratch_map(&body, "{\"model\":\"qwen2.5:7b\",\"prompt\":\"Summarise the report.\"}"));
    scratch_write(scratch_at(s, "artifact"), bytes_of("the content of an artifact\n"));
    must(log_artifact_put(s->ledger, scratch_at(s, "artifact"), id, &size, &why));
    must(log_batch_new(s->ledger, &batch, &why));
    must(log_batch_add(batch, &draft, &why));
    must(log_batch_set_cursor(batch, "source", bytes_of("offset 42"), &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    scratch_append(s, 1, "key-1");
    must(log_key_rotate(s->ledger, "user:test", "by hand", NULL, &why));
    scratch_append(s, 2, NULL);
    log_batch_free(batch);
    buf_done(&body);
}

/* Sanitizers make each try ten times as slow: fewer of them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW 32
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOW 32
#endif
#endif
#ifndef SLOW
#define SLOW 1
#endif

static bool full(void) {
    const char *value = getenv("LEDGER_TEST_FULL");
    return value != NULL && strcmp(value, "1") == 0;
}

static void no_flipped_bit_of_a_small_ledger_passes_unseen(void **state) {
    struct scratch s = {0};
    (void)state;
    scratch_new(&s, 1 << 20);
    fill_small(&s);
    flip_all(&s, (full() ? 1 : 8) * SLOW);
    scratch_done(&s);
}

static void no_flipped_bit_of_a_ledger_with_a_sealed_group_passes_unseen(void **state) {
    struct scratch s = {0};
    (void)state;
    scratch_new(&s, 1 << 20);
    fill_small(&s);
    scratch_fill(&s, 10, 300, true);
    flip_all(&s, (full() ? 8 : 64) * SLOW);
    scratch_done(&s);
}

/* At every page and inside each: opening fails or verify says invalid, and the parent lives. */
static void a_database_cut_at_any_page_is_refused(void **state) {
    struct scratch s = {0};
    struct buf original;
    (void)state;
    scratch_new(&s, 1 << 20);
    fill_small(&s);
    scratch_fill(&s, 10, 300, true);
    scratch_close(&s);
    buf_init(&original, SIZE_MAX);
    const char *file = scratch_at(&s, "box/evidence/data.mdb");
    scratch_read(file, &original);
    for (size_t n = 0; n < original.n; n += n % 4096 == 0 ? 1000 : 3096) {
        static struct log_report report;
        struct ledger *ledger = NULL;
        struct err err = {0};
        scratch_write(file, (struct bytes){original.p, n});
        int rc = log_open(s.dir, NULL, &ledger, &err);
        if (rc == 0) { /* the truncation removed only unused pages */
            must(log_verify(ledger, NULL, &report, &err));
            fail_msg("cut at byte %zu of %zu: opened, verdict %d", n, original.n, (int)report.verdict);
        }
        assert_true(rc == ERR_CORRUPT);
        assert_non_null(strstr(err.msg, "data.mdb"));
        log_close(ledger);
    }
    buf_done(&original);
    scratch_done(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_flipped_bit_of_a_small_ledger_passes_unseen),
        cmocka_unit_test(no_flipped_bit_of_a_ledger_with_a_sealed_group_passes_unseen),
        cmocka_unit_test(a_database_cut_at_any_page_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
