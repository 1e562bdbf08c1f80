/* Artifacts: small ones in the database, large ones as files, of any size; a changed byte is detected, and several writers
 * may put the same content at once. */
#include "tests/ledger/scratch.h"

#include <dirent.h>
#include <pthread.h>

#include "ledger/write/artifact.h"

static struct scratch s;

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static const char *file_of(const char *name, size_t n, uint64_t seed) {
    const char *path = scratch_at(&s, name);
    uint8_t *p = malloc(n + 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        p[i] = (uint8_t)(seed >> 56);
    }
    scratch_write(path, (struct bytes){p, n});
    free(p);
    return path;
}

/* The content of an artifact, in its own file. */
static int get(const char *id, const char *to) {
    int fd = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    int rc = log_artifact_get(s.ledger, id, fd, &why);
    close(fd);
    return rc;
}

static bool same_files(const char *a, const char *b) {
    struct buf x, y;
    buf_init(&x, SIZE_MAX);
    buf_init(&y, SIZE_MAX);
    scratch_read(a, &x);
    scratch_read(b, &y);
    bool same = bytes_eq(bytes_of_buf(&x), bytes_of_buf(&y));
    buf_done(&x);
    buf_done(&y);
    return same;
}

static const char *stored_path(const char *id) {
    char name[128];
    snprintf(name, sizeof(name), "box/artifacts/%.2s/%s", id + 16, id + 16);
    return scratch_at(&s, name);
}

static void content_of_any_size_comes_back(void **state) {
    static const size_t sizes[] = {0, 1, 4096, ARTIFACT_INLINE - 1, ARTIFACT_INLINE, ARTIFACT_INLINE + 1, 200000, 3000000};
    struct log_stats stats;
    uint64_t sum = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char id[LOG_ARTIFACT_ID], again[LOG_ARTIFACT_ID];
        uint64_t size = 7;
        struct stat st;
        const char *path = file_of("in", sizes[i], i + 1);
        must(log_artifact_put(s.ledger, path, id, &size, &why));
        assert_int_equal(size, sizes[i]);
        assert_int_equal(strlen(id), LOG_ARTIFACT_ID - 1);
        bool as_file = stat(stored_path(id), &st) == 0;
        assert_true(as_file == (sizes[i] > ARTIFACT_INLINE));
        assert_true(!as_file || (st.st_mode & 0777) == 0600);
        must(log_artifact_put(s.ledger, path, again, &size, &why)); /* changes nothing */
        assert_string_equal(id, again);
        must(get(id, scratch_at(&s, "out")));
        assert_true(same_files(scratch_at(&s, "in"), scratch_at(&s, "out")));
        must(get(id + 16, scratch_at(&s, "out"))); /* the bare digest has no effect either */
        sum += sizes[i];
    }
    must(log_stats(s.ledger, &stats, &why));
    assert_int_equal(stats.artifacts, sizeof(sizes) / sizeof(sizes[0]));
    assert_int_equal(stats.artifact_bytes, sum);
    scratch_reopen(&s);
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->verdict, LOG_NOT_ANCHORED);
    assert_non_null(strstr(report->aspect[LOG_INTEGRITY].text, "8 artifacts"));
    free(report);
}

static void the_known_digest_of_a_known_content(void **state) {
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    (void)state;
    scratch_write(scratch_at(&s, "abc"), bytes_of("abc"));
    must(log_artifact_put(s.ledger, scratch_at(&s, "abc"), id, &size, &why));
    assert_string_equal(id, "artifact:sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void what_is_no_artifact_is_refused(void **state) {
    char id[LOG_ARTIFACT_ID] = "untouched";
    uint64_t size = 7;
    (void)state;
    must_fail(log_artifact_put(s.ledger, scratch_at(&s, "absent"), id, &size, &why), ERR_NOTFOUND, "absent");
    must_fail(log_artifact_put(s.ledger, s.top, id, &size, &why), ERR_INVALID, "is a directory; a file is needed");
    assert_string_equal(id, "untouched");
    assert_int_equal(size, 7);
    must_fail(get("nonsense", scratch_at(&s, "out")), ERR_INVALID, "'nonsense' is not an artifact id");
    must_fail(
        get("artifact:sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", scratch_at(&s, "out")),
        ERR_INVALID, "is not an artifact id");
    must_fail(
        get("artifact:sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", scratch_at(&s, "out")),
        ERR_NOTFOUND, "there is no artifact");
}

static void is_damaged(const char *id, int code) {
    assert_int_equal(get(id, scratch_at(&s, "out")), code);
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->verdict, LOG_INVALID);
    assert_string_equal(report->findings[0].place, "artifact");
    free(report);
}

static void changed_content_is_caught(void **state) {
    char large[LOG_ARTIFACT_ID], small[LOG_ARTIFACT_ID];
    struct buf content;
    uint64_t size;
    (void)state;
    must(log_artifact_put(s.ledger, file_of("in", 300000, 1), large, &size, &why));
    must(log_artifact_put(s.ledger, file_of("in", 3000, 2), small, &size, &why));
    buf_init(&content, SIZE_MAX);
    scratch_read(stored_path(large), &content);
    content.p[299999] ^= 0x80;
    scratch_write(stored_path(large), bytes_of_buf(&content));
    is_damaged(large, ERR_TAMPERED);
    content.p[299999] ^= 0x80;
    buf_put_u8(&content, 0); /* longer */
    scratch_write(stored_path(large), bytes_of_buf(&content));
    is_damaged(large, ERR_TAMPERED);
    content.n = 299999; /* shorter */
    scratch_write(stored_path(large), bytes_of_buf(&content));
    is_damaged(large, ERR_TAMPERED);
    assert_int_equal(unlink(stored_path(large)), 0);
    is_damaged(large, ERR_CORRUPT);
    assert_int_equal(symlink("/etc/passwd", stored_path(large)), 0);
    is_damaged(large, ERR_CORRUPT);
    assert_int_equal(unlink(stored_path(large)), 0);
    must(log_artifact_put(s.ledger, file_of("in", 300000, 1), large, &size, &why)); /* repairs it */
    must(get(large, scratch_at(&s, "out")));
    scratch_verify_good(s.ledger);
    /* the one in the database */
    struct db_txn *txn;
    struct bytes record;
    uint8_t digest[32];
    assert_int_equal(text_unhex(digest, 32, bytes_of(small + 16)), 0);
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_get(txn, T_ARTIFACT, (struct bytes){digest, 32}, &record, &why));
    buf_clear(&content);
    buf_put_bytes(&content, record);
    content.p[1500] ^= 1;
    must(db_put(txn, T_ARTIFACT, (struct bytes){digest, 32}, bytes_of_buf(&content), DB_PUT, &why));
    must(db_commit(txn, &why));
    is_damaged(small, ERR_TAMPERED);
    buf_done(&content);
}

/* ---- many at once ---- */

struct putter {
    pthread_t thread;
    const char *path;
    char id[LOG_ARTIFACT_ID];
    int rc;
    struct err err;
};

static void *put(void *arg) {
    struct putter *p = arg;
    uint64_t size;
    for (int i = 0; i < 10 && p->rc == 0; i++) {
        p->rc = log_artifact_put(s.ledger, p->path, p->id, &size, &p->err);
    }
    return NULL;
}

static void the_same_content_may_be_put_by_many_at_once(void **state) {
    static struct putter putters[8];
    char small[300], large[300];
    unsigned files = 0;
    (void)state;
    snprintf(small, sizeof(small), "%s", file_of("small", 5000, 1));
    snprintf(large, sizeof(large), "%s", file_of("large", 250000, 2));
    for (int i = 0; i < 8; i++) {
        putters[i].path = i % 2 == 0 ? small : large;
        assert_int_equal(pthread_create(&putters[i].thread, NULL, put, &putters[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(putters[i].thread, NULL);
        if (putters[i].rc != 0) {
            fail_msg("%s", putters[i].err.msg);
        }
        assert_string_equal(putters[i].id, putters[i % 2].id);
    }
    DIR *dir = opendir(scratch_at(&s, "box/artifacts"));
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        files += strncmp(d->d_name, "incoming-", 9) == 0 ? 1 : 0;
    }
    closedir(dir);
    assert_int_equal(files, 0);
    must(get(putters[1].id, scratch_at(&s, "out")));
    assert_true(same_files(large, scratch_at(&s, "out")));
    scratch_verify_good(s.ledger);
}

/* ---- removal ---- */

static void forget_record(const char *id) {
    struct db_txn *txn;
    uint8_t digest[EVENT_HASH];
    must(text_unhex(digest, sizeof(digest), bytes_of(id + 16)));
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_del(txn, T_ARTIFACT, (struct bytes){digest, sizeof(digest)}, &why));
    must(db_commit(txn, &why));
}

static void is_missed(const char *id, uint64_t seq) {
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->verdict, LOG_INVALID);
    assert_int_equal(report->n_findings, 1);
    assert_int_equal(report->findings[0].seq, seq);
    assert_string_equal(report->findings[0].place, "artifact");
    assert_non_null(strstr(report->findings[0].reason, id));
    assert_non_null(strstr(report->findings[0].reason, "is missing"));
    free(report);
}

static void an_artifact_whose_record_is_removed_is_missed(void **state) {
    char id[2][LOG_ARTIFACT_ID];
    uint64_t size;
    (void)state;
    must(log_artifact_put(s.ledger, file_of("small", 5000, 1), id[0], &size, &why));
    must(log_artifact_put(s.ledger, file_of("large", 250000, 2), id[1], &size, &why));
    must(log_artifact_put(s.ledger, file_of("again", 5000, 1), id[0], &size, &why)); /* changes nothing */
    assert_int_equal(scratch_size(&s), 3);
    scratch_verify_good(s.ledger);
    forget_record(id[0]);
    is_missed(id[0], 1);
    must(log_artifact_put(s.ledger, file_of("small", 5000, 1), id[0], &size, &why));
    scratch_verify_good(s.ledger);
    scratch_fill(&s, 0, 1000, false); /* its event is then in a bundle, which threads check */
    scratch_verify_good(s.ledger);
    forget_record(id[1]);
    is_missed(id[1], 2);
}

static void an_artifact_that_was_erased_is_not_missed(void **state) {
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    struct log_erase_options o = {.what = LOG_ERASE_ARTIFACT, .reason = "request", .actor = "user:test"};
    (void)state;
    must(log_artifact_put(s.ledger, file_of("large", 250000, 2), id, &size, &why));
    o.artifact = id;
    must(log_erase(s.ledger, &o, NULL, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->n_findings, 0);
    assert_non_null(strstr(report->aspect[LOG_INTEGRITY].text, "artifacts named as put: 1, missing none, erased 1"));
    free(report);
}

/* Named by another box's events, or by a run that kept it elsewhere. */
static void an_artifact_that_is_only_mentioned_is_not_missed(void **state) {
    struct buf body = {0};
    struct log_draft draft =
        scratch_draft("run.artifact", "run/r-1",
                      scratch_map(&body, "{\"digest\":\"sha256:%064d\",\"name\":\"artifact:sha256:%064d\"}", 1, 2));
    (void)state;
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    scratch_verify_good(s.ledger);
    buf_done(&body);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(content_of_any_size_comes_back),
        each(the_known_digest_of_a_known_content),
        each(what_is_no_artifact_is_refused),
        each(changed_content_is_caught),
        each(the_same_content_may_be_put_by_many_at_once),
        each(an_artifact_whose_record_is_removed_is_missed),
        each(an_artifact_that_was_erased_is_not_missed),
        each(an_artifact_that_is_only_mentioned_is_not_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
