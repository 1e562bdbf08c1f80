/* Whatever the system refuses during a verification (memory, descriptors, permissions, reading) is an error with its cause
 * and never a finding about the ledger; if there is a verdict nevertheless, it is the correct one. Each call of the
 * verification fails once, and then from there on. */
#include "tests/ledger/judge.h"

#include <errno.h>

static struct {
    bool on, forever;
    long at, n; /* this call fails; calls so far */
    int error;
} plan;

static bool fails(void) {
    if (!plan.on) return false;
    plan.n++;
    return plan.forever ? plan.n >= plan.at : plan.n == plan.at;
}

/* ---- memory ---- */

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
int __real_mdb_cursor_open(void *txn, unsigned dbi, void *ret);
int __wrap_mdb_cursor_open(void *txn, unsigned dbi, void *ret);
int __real_mdb_txn_begin(void *env, void *parent, unsigned flags, void *ret);
int __wrap_mdb_txn_begin(void *env, void *parent, unsigned flags, void *ret);

static bool memory;

void *__wrap_malloc(size_t n) {
    return memory && fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size) {
    return memory && fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n) {
    return memory && fails() ? NULL : __real_realloc(p, n);
}

int __wrap_mdb_cursor_open(void *txn, unsigned dbi, void *ret) {
    return memory && fails() ? ENOMEM : __real_mdb_cursor_open(txn, dbi, ret);
}

int __wrap_mdb_txn_begin(void *env, void *parent, unsigned flags, void *ret) {
    return memory && fails() ? ENOMEM : __real_mdb_txn_begin(env, parent, flags, ret);
}

/* ---- files ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);

int __wrap_open(const char *path, int flags, ...) {
    va_list ap;
    va_start(ap, flags);
    int mode = (flags & O_CREAT) != 0 ? va_arg(ap, int) : 0;
    va_end(ap);
    if (!memory && fails()) {
        errno = plan.error;
        return -1;
    }
    return __real_open(path, flags, mode);
}

ssize_t __wrap_read(int fd, void *p, size_t n) {
    if (!memory && fails()) {
        errno = plan.error;
        return -1;
    }
    return __real_read(fd, p, n);
}

/* ---- a ledger with something of everything ---- */

static struct log_trust *trust;

static void erase(enum log_erase_what what, uint64_t seq, const char *artifact) {
    const struct log_erase_options o = {.what = what,
                                        .seqs = &seq,
                                        .n_seqs = artifact == NULL ? 1 : 0,
                                        .artifact = artifact,
                                        .reason = "request",
                                        .actor = "user:test"};
    must(log_erase(s.ledger, &o, NULL, &why));
}

static void put_artifact(size_t n, uint8_t fill, char id[LOG_ARTIFACT_ID]) {
    static uint8_t content[200000];
    uint64_t size;
    memset(content, fill, n);
    scratch_write(scratch_at(&s, "content"), (struct bytes){content, n});
    must(log_artifact_put(s.ledger, scratch_at(&s, "content"), id, &size, &why));
}

static int start_full(void **state) {
    char id[LOG_ARTIFACT_ID];
    struct buf note;
    start(state);
    fill_all();
    scratch_fill(&s, 400, 900, true);
    put_artifact(100000, 1, id);
    put_artifact(200000, 2, id);
    erase(LOG_ERASE_ARTIFACT, 0, id);
    erase(LOG_ERASE_BODY, 20, NULL);
    erase(LOG_ERASE_PRIVATE, 1, NULL);
    buf_init(&note, NOTE_MAX);
    must(log_checkpoint(s.ledger, &note, &why));
    scratch_write(scratch_at(&s, "checkpoint"), bytes_of_buf(&note));
    buf_done(&note);
    scratch_fill(&s, 900, 910, true);
    trust = log_trust_new();
    must(log_trust_key(trust, log_vkey(s.ledger), &why));
    must(log_trust_checkpoint(trust, scratch_at(&s, "checkpoint"), &why));
    memset(&plan, 0, sizeof(plan));
    return 0;
}

static int finish_full(void **state) {
    log_trust_free(trust);
    return finish(state);
}

/* Opens and verifies with the plan; false: no call failed. */
static bool verify_once(void) {
    const struct log_open_options read_only = {.read_only = true};
    struct log_verify_options o = {.trust = trust, .threads = 1};
    struct err err = {0};
    struct log_report got;
    struct ledger *ledger = NULL;
    plan.n = 0;
    plan.on = true;
    int rc = log_open(s.dir, &read_only, &ledger, &err);
    if (rc == 0) rc = log_verify(ledger, &o, &got, &err);
    plan.on = false;
    log_close(ledger);
    bool hit = plan.n >= plan.at;
    if (rc == 0 && (got.verdict != LOG_GOOD || got.n_findings != 0)) {
        fail_msg("call %ld of %s: verdict %d, %s: %s", plan.at, memory ? "memory" : "files", (int)got.verdict,
                 got.findings[0].place, got.findings[0].reason);
    }
    if (rc != 0 && (!err_is_system(rc) || err.msg[0] == '\0')) {
        fail_msg("call %ld of %s: %s '%s'", plan.at, memory ? "memory" : "files", err_name(rc), err.msg);
    }
    return hit;
}

static void sweep(int error, long at_least) {
    plan.error = error;
    scratch_close(&s);
    for (int forever = 0; forever < 2; forever++) {
        plan.forever = forever != 0;
        for (plan.at = 1; verify_once(); plan.at++) {
        }
        assert_true(plan.at > at_least);
    }
    scratch_open(&s);
}

static void memory_that_is_refused_is_no_finding(void **state) {
    (void)state;
    memory = true;
    sweep(ENOMEM, 50);
}

static void a_file_that_cannot_be_opened_or_read_is_no_finding(void **state) {
    static const int errors[] = {EMFILE, ENFILE, EACCES, EPERM, EIO, ENOMEM};
    (void)state;
    memory = false;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        sweep(errors[i], 3);
    }
}

static void an_artifact_that_is_not_there_is_a_finding(void **state) {
    char command[700];
    (void)state;
    snprintf(command, sizeof(command), "find '%s/artifacts' -type f -delete", s.dir);
    assert_int_equal(system(command), 0);
    struct log_report *got = scratch_report(s.ledger, trust, false);
    assert_int_equal(got->verdict, LOG_INVALID);
    assert_int_equal(got->n_findings, 1);
    assert_string_equal(got->findings[0].place, "artifact");
    free(got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_that_is_refused_is_no_finding, start_full, finish_full),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened_or_read_is_no_finding, start_full, finish_full),
        cmocka_unit_test_setup_teardown(an_artifact_that_is_not_there_is_a_finding, start_full, finish_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
