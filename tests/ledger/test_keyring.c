/* Rotations: by hand and by age, and dying at every call that a rotation makes. Whatever happens, the ledger can be
 * appended to again, and after that only the current secret is left. */
#include "tests/ledger/scratch.h"
#include "tests/ledger/syscalls.h"

#include <dirent.h>

#include "base/clock.h"
#include "ledger/signing/keyring.h"

uint64_t __real_clock_wall_ns(void);
uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_boot_ns(void);

static uint64_t passed;     /* elapsed ns, by both clocks */
static uint64_t wall_wrong; /* ns that the wall clock is ahead */

uint64_t __wrap_clock_wall_ns(void) {
    return __real_clock_wall_ns() + passed + wall_wrong;
}

uint64_t __wrap_clock_boot_ns(void) {
    return __real_clock_boot_ns() + passed;
}

#define HOUR (3600 * CLOCK_NS_PER_S)

static struct scratch s;

static int start(void **state) {
    (void)state;
    passed = wall_wrong = 0;
    memset(&syscalls, 0, sizeof(syscalls));
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    syscalls.on = false;
    scratch_done(&s);
    return 0;
}

static const char *key_path(uint64_t epoch) {
    char name[64];
    snprintf(name, sizeof(name), "box/keys/epoch-%llu.key", (unsigned long long)epoch);
    return scratch_at(&s, name);
}

static uint64_t epoch_now(void) {
    struct log_epoch epoch;
    must(log_epoch_current(s.ledger, &epoch, &why));
    return epoch.epoch;
}

static void only_the_current_secret_is_left(void) {
    uint64_t now = epoch_now();
    for (uint64_t i = 0; i < now; i++) {
        if (file_exists(key_path(i))) {
            fail_msg("the secret of epoch %llu is still there, epoch %llu is the current one", (unsigned long long)i,
                     (unsigned long long)now);
        }
    }
    assert_true(file_exists(key_path(now)));
}

static void a_rotation_wipes_the_old_secret_from_the_disk(void **state) {
    struct log_receipt r;
    struct log_epoch old, new;
    char content[256] = {0}, after[256] = {0};
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    scratch_append(&s, 1, NULL);
    int fd = open(key_path(0), O_RDONLY | O_CLOEXEC); /* the same blocks, whatever happens to the name */
    assert_true(fd >= 0 && pread(fd, content, sizeof(content), 0) > 40);
    assert_memory_equal(content, "PRIVATE+KEY+", 12);
    must(log_key_rotate(s.ledger, "user:test", "a test", &r, &why));
    assert_int_equal(r.seq, 2);
    ssize_t n = pread(fd, after, sizeof(after), 0);
    for (ssize_t i = 0; i < n; i++) {
        assert_int_equal(after[i], 0);
    }
    close(fd);
    only_the_current_secret_is_left();
    must(log_epoch_at(s.ledger, 0, &old, &why));
    must(log_epoch_current(s.ledger, &new, &why));
    assert_true(old.from_size == 1 && old.to_size == 3 && new.epoch == 1 && new.from_size == 3);
    assert_true(new.to_size == LOG_NO_SEQ &&strcmp(old.vkey, new.vkey) != 0);
    must(log_reader_open(s.ledger, 2, 3, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    assert_true(bytes_is(event.kind, "ledger.key_rotated") && bytes_is(event.actor, "user:test"));
    log_reader_close(reader);
    scratch_append(&s, 2, NULL);
    scratch_reopen(&s);
    scratch_append(&s, 3, NULL);
    scratch_verify_good(s.ledger);
}

static void a_key_of_24_hours_is_replaced_with_the_next_append(void **state) {
    struct log_head head;
    (void)state;
    passed = 23 * HOUR;
    scratch_append(&s, 1, NULL);
    assert_int_equal(epoch_now(), 0);
    passed = 24 * HOUR + CLOCK_NS_PER_S;
    assert_int_equal(scratch_append(&s, 2, NULL).seq, 2);
    must(log_head(s.ledger, &head, &why));
    assert_int_equal(head.size, 4); /* the rotation is the last event of that commit */
    assert_int_equal(epoch_now(), 1);
    only_the_current_secret_is_left();
    scratch_append(&s, 3, NULL);
    assert_int_equal(epoch_now(), 1);
    scratch_reopen(&s);
    passed += 30 * 24 * HOUR; /* a long time causes one rotation */
    scratch_append(&s, 4, NULL);
    scratch_append(&s, 5, NULL);
    assert_int_equal(epoch_now(), 2);
    scratch_verify_good(s.ledger);
}

/* What the real clock shows: a day is no longer because of one reading from another century. */
static void a_clock_that_was_wrong_once_keeps_no_key(void **state) {
    (void)state;
    const uint64_t century = 100 * 365 * 24 * HOUR;
    scratch_append(&s, 1, NULL);
    wall_wrong = century;
    scratch_append(&s, 2, NULL); /* with a new key, by what the clock says */
    assert_int_equal(epoch_now(), 1);
    wall_wrong = 0;
    scratch_append(&s, 3, NULL);
    assert_int_equal(epoch_now(), 2);
    for (uint64_t day = 1; day <= 5; day++) {
        scratch_append(&s, 4, NULL);
        assert_int_equal(epoch_now(), day + 1);
        passed += 25 * HOUR;
        scratch_append(&s, 4, NULL);
        assert_int_equal(epoch_now(), day + 2);
    }
    scratch_verify_good(s.ledger);
}

static void verify_says_how_far_times_run_ahead(void **state) {
    struct log_report *report;
    (void)state;
    scratch_fill(&s, 0, 600, false);
    report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->aspect[LOG_GAPS].state, LOG_ASPECT_GOOD);
    free(report);
    wall_wrong = 100 * 24 * HOUR;
    scratch_append(&s, 1, NULL);
    wall_wrong = 0;
    scratch_fill(&s, 0, 600, false);
    scratch_reopen(&s);
    report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->aspect[LOG_GAPS].state, LOG_ASPECT_NOTE);
    assert_non_null(strstr(report->aspect[LOG_GAPS].text, "its times run 99 days ahead of the clock since event 601"));
    free(report);
}

static void rotate_hours_0_means_never_by_itself(void **state) {
    (void)state;
    scratch_close(&s);
    scratch_write(scratch_at(&s, "box/config"), bytes_of("map_bytes = 67108864\nrotate_hours = 0\n"));
    scratch_open(&s);
    passed = 1000 * HOUR;
    scratch_append(&s, 1, NULL);
    assert_int_equal(epoch_now(), 0);
    must(log_key_rotate(s.ledger, "user:test", "by hand", NULL, &why));
    assert_int_equal(epoch_now(), 1);
    scratch_verify_good(s.ledger);
}

/* ---- dying on the way ---- */

/* A child rotates and is killed at its n-th call. True: it completed. */
static bool rotate_and_die(long n, bool done) {
    scratch_close(&s);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct ledger *ledger;
        int rc = log_open(s.dir, NULL, &ledger, NULL);
        syscalls.on = true;
        syscalls.fail_at = n;
        syscalls.dies = true;
        syscalls.done = done;
        if (rc == 0) rc = log_key_rotate(ledger, "user:test", "a test", NULL, NULL);
        _exit(rc == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : status == 0);
    scratch_open(&s);
    return WIFEXITED(status);
}

static void a_death_at_any_call_of_a_rotation_is_put_right_by_what_follows(void **state) {
    (void)state;
    for (int done = 0; done < 2; done++) {
        bool finished = false;
        for (long n = 1; !finished; n++) {
            uint64_t before = epoch_now();
            assert_true(n < 100);
            finished = rotate_and_die(n, done);
            uint64_t after = epoch_now();
            assert_true(after == before || after == before + 1);
            assert_true(file_exists(key_path(after)));
            if (n % 2 == 0) { /* alternating: an append or the next rotation comes first */
                scratch_append(&s, (uint64_t)n, NULL);
            } else {
                must(log_key_rotate(s.ledger, "user:test", "the next", NULL, &why));
                assert_int_equal(epoch_now(), after + 1);
                scratch_append(&s, (uint64_t)n, NULL);
            }
            only_the_current_secret_is_left();
        }
    }
    scratch_verify_good(s.ledger);
}

static void write_key(const char *path, const struct signer *signer, const char *passphrase) {
    struct buf text;
    buf_init(&text, 4096);
    must(keyfile_encode(&text, signer, bytes_of(passphrase), KEYFILE_DAILY, &why));
    scratch_write(path, bytes_of_buf(&text));
    buf_done(&text);
}

static void new_key(const char *path, const char *passphrase) {
    struct signer signer = {0};
    must(signer_new(&signer, bytes_of(SCRATCH_ORIGIN "/epoch"), &why));
    write_key(path, &signer, passphrase);
    signer_done(&signer);
}

static size_t files_in(const char *dir) {
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static void is_not_the_key_of_now(const char *path, const struct signer *planted) {
    struct log_epoch now;
    char vkey[NOTE_VKEY_MAX];
    note_vkey_encode(vkey, &planted->vkey);
    must(log_epoch_current(s.ledger, &now, &why));
    assert_string_not_equal(now.vkey, vkey);
    assert_false(file_exists(path));
}

static void a_key_that_lies_in_the_next_ones_place_is_never_adopted(void **state) {
    struct signer planted = {0};
    (void)state;
    scratch_append(&s, 1, NULL);
    must(signer_new(&planted, bytes_of(SCRATCH_ORIGIN "/epoch"), &why));
    write_key(key_path(1), &planted, NULL);
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    is_not_the_key_of_now(key_path(0), &planted);
    assert_int_equal(files_in(scratch_at(&s, "box/keys")),
                     2); /* log.key and epoch-1.key: their previous content is wiped */
    scratch_reopen(&s);
    scratch_append(&s, 2, NULL);
    scratch_verify_good(s.ledger);
    signer_done(&planted);
}

/* A commit whose outcome was unclear, which was assumed undone, and which is there after a power failure: its key was moved
 * aside by the next rotation, which did not complete. */
static void a_key_that_was_moved_aside_is_found_by_what_the_log_says(void **state) {
    (void)state;
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    scratch_close(&s);
    assert_int_equal(rename(key_path(1), scratch_at(&s, "box/keys/epoch-1.key.00112233445566ff")), 0);
    scratch_open(&s);
    scratch_append(&s, 1, NULL);
    only_the_current_secret_is_left();
    scratch_close(&s);
    assert_int_equal(rename(key_path(1), scratch_at(&s, "box/keys/epoch-1.key.00112233445566ff")), 0);
    new_key(key_path(1), NULL);
    scratch_open(&s);
    scratch_append(&s, 2, NULL);
    assert_int_equal(files_in(scratch_at(&s, "box/keys")), 2);
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    only_the_current_secret_is_left();
    scratch_verify_good(s.ledger);
}

/* What a rotation left that did not reach its commit. */
static void a_rotation_that_was_not_committed_is_begun_anew(void **state) {
    struct buf first, second;
    (void)state;
    buf_init(&first, 4096);
    buf_init(&second, 4096);
    new_key(key_path(1), NULL);
    scratch_read(key_path(1), &first);
    assert_false(rotate_and_die(3, true));
    assert_int_equal(epoch_now(), 0);
    must(log_key_rotate(s.ledger, "user:test", "again", NULL, &why));
    scratch_read(key_path(1), &second);
    assert_false(bytes_eq(bytes_of_buf(&first), bytes_of_buf(&second)));
    only_the_current_secret_is_left();
    assert_int_equal(files_in(scratch_at(&s, "box/keys")), 2);
    scratch_verify_good(s.ledger);
    buf_done(&first);
    buf_done(&second);
}

static void a_prepared_key_that_was_torn_is_made_anew(void **state) {
    (void)state;
    scratch_write(key_path(1), bytes_of(""));
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    struct buf text;
    buf_init(&text, 4096);
    scratch_read(key_path(1), &text);
    text.n /= 2;
    scratch_write(key_path(2), bytes_of_buf(&text));
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    assert_int_equal(epoch_now(), 2);
    only_the_current_secret_is_left();
    scratch_verify_good(s.ledger);
    buf_done(&text);
}

/* ---- key files that do not belong ---- */

static void a_key_that_is_not_the_ledgers_signs_nothing(void **state) {
    struct scratch other;
    (void)state;
    scratch_new(&other, 0);
    scratch_close(&other);
    scratch_reopen(&s);
    scratch_copy(scratch_at(&s, "box/keys/epoch-0.key"), scratch_at(&s, "kept"));
    scratch_copy(scratch_at(&other, "box/keys/epoch-0.key"), key_path(0));
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_TAMPERED, "holds another key than the ledger's");
    scratch_copy(scratch_at(&s, "kept"), key_path(0));
    scratch_copy(scratch_at(&s, "box/keys/log.key"), scratch_at(&s, "kept"));
    scratch_copy(scratch_at(&other, "box/keys/log.key"), scratch_at(&s, "box/keys/log.key"));
    scratch_reopen(&s);
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_TAMPERED, "holds another key than the ledger's");
    scratch_copy(scratch_at(&s, "kept"), scratch_at(&s, "box/keys/log.key"));
    assert_int_equal(chmod(key_path(0), 0644), 0);
    scratch_reopen(&s);
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_INVALID, "epoch-0.key");
    assert_int_equal(chmod(key_path(0), 0600), 0);
    scratch_append(&s, 1, NULL);
    scratch_verify_good(s.ledger);
    scratch_done(&other);
}

static void keys_under_a_passphrase_rotate_too(void **state) {
    struct scratch mine;
    struct log_create_options o = {
        .origin = SCRATCH_ORIGIN, .actor = "user:test", .passphrase = bytes_of("secret"), .map_bytes = SCRATCH_MAP};
    struct log_open_options with = {.passphrase = bytes_of("secret")}, wrong = {.passphrase = bytes_of("Secret")};
    (void)state;
    snprintf(mine.dir, sizeof(mine.dir), "%s/sealed", s.top);
    must(log_create(mine.dir, &o, &why));
    must(log_open(mine.dir, NULL, &mine.ledger, &why)); /* reading needs none */
    must_fail(scratch_try(mine.ledger, 1, NULL, NULL, &why), ERR_CONFLICT, "passphrase");
    scratch_close(&mine);
    must(log_open(mine.dir, &wrong, &mine.ledger, &why));
    must_fail(scratch_try(mine.ledger, 1, NULL, NULL, &why), ERR_TAMPERED, "");
    scratch_close(&mine);
    must(log_open(mine.dir, &with, &mine.ledger, &why));
    must(log_key_rotate(mine.ledger, "user:test", "a test", NULL, &why));
    struct buf text;
    buf_init(&text, 4096);
    scratch_read(scratch_at(&s, "sealed/keys/epoch-1.key"), &text);
    assert_true(bytes_has_prefix(bytes_of_buf(&text), "ledger-key/v1\n"));
    must(scratch_try(mine.ledger, 1, NULL, NULL, &why));
    scratch_verify_good(mine.ledger);
    log_close(mine.ledger);
    buf_done(&text);
}

/* Not even the right one: a key in the clear is somewhere it should not be. */
static void a_plain_key_is_refused_where_the_log_key_is_under_a_passphrase(void **state) {
    struct scratch mine;
    struct log_create_options o = {
        .origin = SCRATCH_ORIGIN, .actor = "user:test", .passphrase = bytes_of("secret"), .map_bytes = SCRATCH_MAP};
    const struct log_open_options with = {.passphrase = bytes_of("secret")};
    struct signer signer = {0};
    const char *path = scratch_at(&s, "sealed/keys/epoch-0.key"), *next = scratch_at(&s, "sealed/keys/epoch-1.key");
    struct buf text;
    (void)state;
    buf_init(&text, 4096);
    snprintf(mine.dir, sizeof(mine.dir), "%s/sealed", s.top);
    must(log_create(mine.dir, &o, &why));
    new_key(next, NULL); /* a planted one for the rotation */
    must(log_open(mine.dir, &with, &mine.ledger, &why));
    must(log_key_rotate(mine.ledger, "user:test", "a test", NULL, &why));
    scratch_read(next, &text);
    assert_true(bytes_has_prefix(bytes_of_buf(&text), "ledger-key/v1\n"));
    must(keyfile_load(next, bytes_of("secret"), &signer, &why));
    write_key(next, &signer, NULL);
    scratch_close(&mine);
    must(log_open(mine.dir, &with, &mine.ledger, &why));
    must_fail(scratch_try(mine.ledger, 1, NULL, NULL, &why), ERR_TAMPERED, "has no passphrase");
    write_key(next, &signer, "secret");
    must(scratch_try(mine.ledger, 1, NULL, NULL, &why));
    assert_false(file_exists(path));
    log_close(mine.ledger);
    signer_done(&signer);
    buf_done(&text);
}

/* A passphrase given for a ledger without encrypted keys must not leave it half encrypted. */
static void new_keys_have_the_form_of_the_log_key(void **state) {
    const struct log_open_options with = {.passphrase = bytes_of("secret")};
    (void)state;
    scratch_close(&s);
    must(log_open(s.dir, &with, &s.ledger, &why));
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    scratch_reopen(&s);
    scratch_append(&s, 1, NULL);
    scratch_verify_good(s.ledger);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(a_rotation_wipes_the_old_secret_from_the_disk),
        each(a_key_of_24_hours_is_replaced_with_the_next_append),
        each(a_clock_that_was_wrong_once_keeps_no_key),
        each(verify_says_how_far_times_run_ahead),
        each(rotate_hours_0_means_never_by_itself),
        each(a_death_at_any_call_of_a_rotation_is_put_right_by_what_follows),
        each(a_key_that_lies_in_the_next_ones_place_is_never_adopted),
        each(a_key_that_was_moved_aside_is_found_by_what_the_log_says),
        each(a_rotation_that_was_not_committed_is_begun_anew),
        each(a_prepared_key_that_was_torn_is_made_anew),
        each(a_key_that_is_not_the_ledgers_signs_nothing),
        each(keys_under_a_passphrase_rotate_too),
        each(a_plain_key_is_refused_where_the_log_key_is_under_a_passphrase),
        each(new_keys_have_the_form_of_the_log_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
