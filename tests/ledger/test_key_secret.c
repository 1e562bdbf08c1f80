/* The secret for idempotency keys: one for each ledger, created by the first process that needs it; it lives as long as the
 * ledger, through backups and generations, and is stored only in the evidence. */
#include "tests/ledger/judge.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>

#include "ledger/core/cursor.h"
#include "ledger/core/key_secret.h"

#define AT_ONCE 8

static void get(struct ledger *ledger, uint8_t ret[KEY_SECRET_LEN]) {
    must(key_secret_get(ledger, true, ret, &why));
}

/* A ledger from before there were secrets. */
static int start_old(void **state) {
    (void)state;
    memset(&s, 0, sizeof(s));
    snprintf(s.top, sizeof(s.top), "%.200s/ledger-test-XXXXXX", scratch_tmp());
    assert_non_null(mkdtemp(s.top));
    snprintf(s.dir, sizeof(s.dir), "%s/box", s.top);
    must(file_make_dirs(scratch_at(&s, "box/evidence"), &why));
    scratch_copy("tests/ledger/golden/v1/evidence/data.mdb", scratch_at(&s, "box/evidence/data.mdb"));
    scratch_open(&s);
    return 0;
}

/* How event `seq` names it; "" if it does not. */
static void named_by(uint64_t seq, char ret[KEY_SECRET_DIGEST]) {
    struct log_reader *reader;
    struct log_event event;
    struct bytes digest;
    ret[0] = '\0';
    must(log_reader_open(s.ledger, seq, seq + 1, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    if (key_secret_named(event.body, &digest)) {
        snprintf(ret, KEY_SECRET_DIGEST, "%.*s", (int)digest.n, (const char *)digest.p);
    }
    log_reader_close(reader);
}

static void the_first_event_and_each_rotation_name_it(void **state) {
    uint8_t secret[KEY_SECRET_LEN];
    char digest[KEY_SECRET_DIGEST], named[KEY_SECRET_DIGEST];
    struct log_receipt receipt;
    (void)state;
    must(key_secret_get(s.ledger, false, secret, &why)); /* it exists before anybody needs it */
    key_secret_digest(secret, digest);
    named_by(0, named);
    assert_string_equal(named, digest);
    must(log_key_rotate(s.ledger, "user:test", "a test", &receipt, &why));
    named_by(receipt.seq, named);
    assert_string_equal(named, digest);
    nothing_found();
}

static void one_that_was_removed_is_missed_and_none_is_made_in_its_place(void **state) {
    uint8_t secret[KEY_SECRET_LEN];
    (void)state;
    scratch_fill(&s, 0, 300, true);
    record_del(T_META, bytes_of(KEY_SECRET_RECORD));
    must_fail(key_secret_get(s.ledger, true, secret, &why), ERR_CORRUPT, "'key_secret' is missing, which event 0 names");
    judge(NULL);
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the record 'key_secret' is missing");
}

static void another_one_in_its_place_is_found(void **state) {
    struct buf record;
    uint8_t other[KEY_SECRET_LEN] = {1};
    (void)state;
    buf_init(&record, 4096);
    cursor_encode(&record, bytes_of(KEY_SECRET_RECORD), (struct bytes){other, sizeof(other)});
    record_put(T_META, bytes_of(KEY_SECRET_RECORD), bytes_of_buf(&record));
    judge(NULL);
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the record 'key_secret' is not the one that event 0 names");
    record_del(T_META,
               bytes_of("place")); /* the place record depends on the secret: without both, the ledger may be anywhere */
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    judge(NULL);
    found(LOG_INTEGRITY, 1, "tail", "it names another secret of the ledger than event 0");
    buf_done(&record);
}

static void a_ledger_that_is_only_read_makes_none(void **state) {
    uint8_t secret[KEY_SECRET_LEN];
    struct buf record = {0};
    (void)state;
    must_fail(key_secret_get(s.ledger, false, secret, &why), ERR_NOTFOUND, "no secret");
    assert_false(record_get(T_META, bytes_of(KEY_SECRET_RECORD), &record));
    buf_done(&record);
}

static void it_stays_the_same_and_each_ledger_has_its_own(void **state) {
    uint8_t a[KEY_SECRET_LEN], b[KEY_SECRET_LEN];
    struct scratch other;
    (void)state;
    get(s.ledger, a);
    scratch_reopen(&s);
    must(key_secret_get(s.ledger, false, b, &why));
    assert_memory_equal(a, b, sizeof(a));
    scratch_new(&other, 0);
    get(other.ledger, b);
    assert_memory_not_equal(a, b, sizeof(a));
    scratch_done(&other);
}

static void *get_in_a_thread(void *ret) {
    struct err err = {0};
    return key_secret_get(s.ledger, true, ret, &err) == 0 ? ret : NULL;
}

static void threads_that_need_it_first_at_the_same_time_get_the_same(void **state) {
    pthread_t thread[AT_ONCE];
    uint8_t secret[AT_ONCE][KEY_SECRET_LEN];
    (void)state;
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, get_in_a_thread, secret[i]), 0);
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        void *done;
        pthread_join(thread[i], &done);
        assert_non_null(done);
        assert_memory_equal(secret[i], secret[0], KEY_SECRET_LEN);
    }
}

static void get_in_a_process(int wait_fd, uint8_t *ret) {
    struct ledger *ledger;
    char go;
    bool ok = log_open(s.dir, NULL, &ledger, NULL) == 0 && read(wait_fd, &go, 1) == 0 &&
              key_secret_get(ledger, true, ret, NULL) == 0;
    _exit(ok ? 0 : 1);
}

static void processes_that_need_it_first_at_the_same_time_get_the_same(void **state) {
    uint8_t(*secret)[KEY_SECRET_LEN] =
        mmap(NULL, AT_ONCE * KEY_SECRET_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int gate[2], status;
    (void)state;
    assert_true(secret != MAP_FAILED && pipe(gate) == 0);
    scratch_close(&s); /* a handle must not be used across a fork */
    for (size_t i = 0; i < AT_ONCE; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(gate[1]);
            get_in_a_process(gate[0], secret[i]);
        }
    }
    close(gate[1]); /* now */
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    close(gate[0]);
    scratch_open(&s);
    uint8_t now[KEY_SECRET_LEN];
    must(key_secret_get(s.ledger, false, now, &why));
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_memory_equal(secret[i], now, KEY_SECRET_LEN);
    }
    munmap(secret, AT_ONCE * KEY_SECRET_LEN);
}

static void the_same_in(const char *dir, const uint8_t want[KEY_SECRET_LEN]) {
    struct ledger *ledger;
    uint8_t got[KEY_SECRET_LEN];
    must(log_open(dir, &(struct log_open_options){.read_only = true}, &ledger, &why));
    must(key_secret_get(ledger, false, got, &why));
    assert_memory_equal(got, want, KEY_SECRET_LEN);
    log_close(ledger);
}

static void a_backup_and_what_is_restored_from_it_have_it(void **state) {
    uint8_t secret[KEY_SECRET_LEN];
    const char *copy = scratch_at(&s, "copy"), *again = scratch_at(&s, "again"), *key = scratch_at(&s, "log.backup");
    (void)state;
    get(s.ledger, secret);
    must(log_backup(s.ledger, copy, &why));
    the_same_in(copy, secret);
    must(log_key_backup(s.ledger, key, bytes_of("words"), &why));
    const struct log_restore_options o = {
        .actor = "user:test", .reason = "a test", .log_key = key, .log_passphrase = bytes_of("words")};
    must(log_restore(copy, again, &o, &why));
    the_same_in(again, secret);
}

static void a_new_generation_has_it(void **state) {
    uint8_t before[KEY_SECRET_LEN], after[KEY_SECRET_LEN];
    const uint64_t seq = 1;
    (void)state;
    scratch_fill(&s, 0, 3, true);
    get(s.ledger, before);
    const struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    must(log_erase(s.ledger, &o, NULL, &why));
    must(log_erase_finish(s.ledger, UINT64_C(20) * 1000000000, NULL, &why));
    scratch_reopen(&s);
    must(key_secret_get(s.ledger, false, after, &why));
    assert_memory_equal(before, after, sizeof(before));
    judge(NULL);
    nothing_found();
}

static void verify_accounts_for_it_and_finds_it_changed(void **state) {
    uint8_t secret[KEY_SECRET_LEN];
    (void)state;
    get(s.ledger, secret);
    judge(NULL);
    nothing_found();
    for (int at = 0; at < 40; at += 13) {
        record_flip(T_META, bytes_of(KEY_SECRET_RECORD), at);
        judge(NULL);
        found(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the record 'key_secret' was changed");
        must_fail(key_secret_get(s.ledger, true, secret, &why), ERR_CORRUPT, "was changed");
        record_flip(T_META, bytes_of(KEY_SECRET_RECORD), at);
    }
    record_put(T_META, bytes_of(KEY_SECRET_RECORD), bytes_of("short"));
    judge(NULL);
    found(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the record 'key_secret' was changed");
}

/* In how many files below a directory the bytes stand. */
static size_t files_with(const char *dir, struct bytes what, const char *but) {
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[FILE_PATH_MAX];
        struct buf content;
        if (e->d_name[0] == '.' || strcmp(e->d_name, but) == 0) continue;
        must(file_join(path, dir, e->d_name, &why));
        if (e->d_type == DT_DIR) {
            n += files_with(path, what, but);
            continue;
        }
        buf_init(&content, SIZE_MAX);
        scratch_read(path, &content);
        n += content.n >= what.n && memmem(content.p, content.n, what.p, what.n) != NULL;
        buf_done(&content);
    }
    closedir(d);
    return n;
}

static void it_stands_in_no_file_but_the_evidence(void **state) {
    uint8_t secret[KEY_SECRET_LEN];
    (void)state;
    get(s.ledger, secret);
    scratch_fill(&s, 0, 300, true);
    scratch_reopen(&s);
    const struct bytes all = {secret, sizeof(secret)};
    assert_int_equal(files_with(s.top, all, ""), 1);
    assert_int_equal(files_with(s.top, all, "evidence"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_event_and_each_rotation_name_it, start, finish),
        cmocka_unit_test_setup_teardown(one_that_was_removed_is_missed_and_none_is_made_in_its_place, start, finish),
        cmocka_unit_test_setup_teardown(another_one_in_its_place_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_ledger_that_is_only_read_makes_none, start_old, finish),
        cmocka_unit_test_setup_teardown(it_stays_the_same_and_each_ledger_has_its_own, start, finish),
        cmocka_unit_test_setup_teardown(threads_that_need_it_first_at_the_same_time_get_the_same, start_old, finish),
        cmocka_unit_test_setup_teardown(processes_that_need_it_first_at_the_same_time_get_the_same, start_old, finish),
        cmocka_unit_test_setup_teardown(a_backup_and_what_is_restored_from_it_have_it, start, finish),
        cmocka_unit_test_setup_teardown(a_new_generation_has_it, start, finish),
        cmocka_unit_test_setup_teardown(verify_accounts_for_it_and_finds_it_changed, start, finish),
        cmocka_unit_test_setup_teardown(it_stands_in_no_file_but_the_evidence, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
