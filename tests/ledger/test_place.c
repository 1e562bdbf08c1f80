/* Where a ledger lives: a copy of its directory accepts no events, while whatever the program itself does to its files, or
 * a rename, continues silently. */
#include "tests/ledger/judge.h"

#include "ledger/core/key_secret.h"
#include "ledger/core/place.h"
#include "ledger/write/batch.h"

#define WAIT_NS (UINT64_C(20) * 1000000000)

/* The whole directory, as cp -a makes it. */
static void copy_tree(const char *from, const char *to) {
    char command[2 * FILE_PATH_MAX + 32];
    snprintf(command, sizeof(command), "cp -a '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

static struct ledger *open_at(const char *dir) {
    struct ledger *ledger;
    must(log_open(dir, NULL, &ledger, &why));
    return ledger;
}

static enum log_place place_at(struct ledger *ledger) {
    enum log_place place;
    must(log_place(ledger, &place, &why));
    return place;
}

static uint64_t size_at(struct ledger *ledger) {
    struct log_head head;
    must(log_head(ledger, &head, &why));
    return head.size;
}

static void a_copied_directory_takes_no_events_and_the_original_does(void **state) {
    const char *copy = scratch_at(&s, "copy");
    (void)state;
    scratch_append(&s, 1, NULL);
    scratch_close(&s);
    copy_tree(s.dir, copy);
    struct ledger *ledger = open_at(copy);
    assert_int_equal(place_at(ledger), LOG_PLACE_COPY);
    must_fail(scratch_try(ledger, 2, NULL, NULL, &why), ERR_ROLLBACK, "ledger append --moved");
    must_fail(log_key_rotate(ledger, "user:test", "a test", NULL, &why), ERR_ROLLBACK, "ledger restore");
    assert_int_equal(size_at(ledger), 2);
    log_close(ledger);
    scratch_open(&s);
    assert_int_equal(place_at(s.ledger), LOG_PLACE_HOME);
    scratch_append(&s, 2, NULL);
    scratch_verify_good(s.ledger);
}

static void a_database_that_was_copied_over_its_own_name_is_noticed(void **state) {
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX];
    (void)state;
    scratch_append(&s, 1, NULL);
    scratch_close(&s);
    snprintf(from, sizeof(from), "%s/evidence/data.mdb", s.dir);
    snprintf(to, sizeof(to), "%s/evidence/again", s.dir);
    scratch_copy(from, to);
    assert_int_equal(rename(to, from), 0);
    scratch_open(&s);
    must_fail(scratch_try(s.ledger, 2, NULL, NULL, &why), ERR_ROLLBACK, "in another file");
}

static void a_renamed_directory_goes_on_without_a_word(void **state) {
    char to[sizeof(s.dir)];
    (void)state;
    scratch_append(&s, 1, NULL);
    scratch_close(&s);
    snprintf(to, sizeof(to), "%s/elsewhere", s.top);
    assert_int_equal(rename(s.dir, to), 0);
    memcpy(s.dir, to, sizeof(to));
    scratch_open(&s);
    scratch_append(&s, 2, NULL);
    assert_int_equal(scratch_size(&s), 3);
    scratch_verify_good(s.ledger);
}

static void a_move_that_is_vouched_for_is_recorded_and_the_old_one_is_a_copy_then(void **state) {
    const char *copy = scratch_at(&s, "copy");
    struct log_receipt receipt;
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    scratch_append(&s, 1, NULL);
    must_fail(log_moved(s.ledger, "user:test", NULL, NULL, &why), ERR_INVALID, "was not moved");
    scratch_close(&s);
    copy_tree(s.dir, copy);
    struct ledger *ledger = open_at(copy);
    must(log_moved(ledger, "user:test", "a new disk", &receipt, &why));
    assert_int_equal(receipt.seq, 2);
    must(scratch_try(ledger, 2, NULL, NULL, &why));
    must(log_reader_open(ledger, 2, 3, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    assert_true(bytes_is(event.kind, "ledger.moved") && bytes_is(event.actor, "user:test"));
    log_reader_close(reader);
    assert_int_equal(place_at(ledger), LOG_PLACE_HOME);
    scratch_verify_good(ledger);
    log_close(ledger);
    ledger = open_at(copy);
    must(scratch_try(ledger, 3, NULL, NULL, &why));
    log_close(ledger);
    scratch_open(&s); /* the vouching was wrong: both exist, and the event says who did it */
    scratch_append(&s, 2, NULL);
}

static void an_erasure_in_a_copy_does_not_make_it_the_ledger(void **state) {
    const char *copy = scratch_at(&s, "copy");
    const uint64_t seq = 1;
    const struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    (void)state;
    scratch_append(&s, 1, NULL);
    must(log_erase(s.ledger, &o, NULL, &why));
    scratch_close(&s);
    copy_tree(s.dir, copy); /* with old pages that still contain it */
    struct ledger *ledger = open_at(copy);
    must_fail(log_erase(ledger, &o, NULL, &why), ERR_ROLLBACK, "this directory is a copy");
    must_fail(log_erase_finish(ledger, WAIT_NS, NULL, &why), ERR_ROLLBACK, "this directory is a copy");
    must_fail(scratch_try(ledger, 2, NULL, NULL, &why), ERR_ROLLBACK, "this directory is a copy");
    log_close(ledger);
    scratch_open(&s);
}

static void a_new_generation_is_home_for_every_process(void **state) {
    const char *copy = scratch_at(&s, "copy");
    const uint64_t seq = 1;
    const struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    (void)state;
    scratch_append(&s, 1, NULL);
    must(log_erase(s.ledger, &o, NULL, &why));
    must(log_erase_finish(s.ledger, WAIT_NS, NULL, &why));
    assert_int_equal(place_at(s.ledger), LOG_PLACE_HOME);
    scratch_append(&s, 2, NULL);
    scratch_reopen(&s);
    scratch_append(&s, 3, NULL);
    scratch_verify_good(s.ledger);
    scratch_close(&s);
    copy_tree(s.dir, copy);
    struct ledger *ledger = open_at(copy);
    must_fail(scratch_try(ledger, 4, NULL, NULL, &why), ERR_ROLLBACK, "this directory is a copy");
    log_close(ledger);
    scratch_open(&s);
}

static void a_backup_is_none_to_append_to_and_what_is_restored_from_it_is(void **state) {
    const char *copy = scratch_at(&s, "copy"), *again = scratch_at(&s, "again"), *key = scratch_at(&s, "log.backup");
    char keys[FILE_PATH_MAX], to[FILE_PATH_MAX];
    (void)state;
    scratch_append(&s, 1, NULL);
    must(log_backup(s.ledger, copy, &why));
    scratch_append(&s, 2, NULL);
    must(log_key_backup(s.ledger, key, bytes_of("words"), &why));
    const struct log_restore_options o = {
        .actor = "user:test", .reason = "a test", .log_key = key, .log_passphrase = bytes_of("words")};
    must(log_restore(copy, again, &o, &why));
    struct ledger *ledger = open_at(again);
    assert_int_equal(place_at(ledger), LOG_PLACE_HOME);
    must(scratch_try(ledger, 2, NULL, NULL, &why));
    scratch_verify_good(ledger);
    log_close(ledger);
    snprintf(keys, sizeof(keys), "%s/keys", s.dir);
    snprintf(to, sizeof(to), "%s/keys", copy);
    copy_tree(keys, to);
    ledger = open_at(copy);
    assert_int_equal(place_at(ledger), LOG_PLACE_BACKUP);
    must_fail(scratch_try(ledger, 2, NULL, NULL, &why), ERR_ROLLBACK, "this directory is a backup");
    must_fail(log_moved(ledger, "user:test", NULL, NULL, &why), ERR_ROLLBACK, "this directory is a backup");
    log_close(ledger);
}

static void a_ledger_without_a_place_gets_its_own_with_the_next_append(void **state) {
    (void)state;
    record_del(T_META, bytes_of(PLACE_RECORD));
    scratch_reopen(&s);
    assert_int_equal(place_at(s.ledger), LOG_PLACE_UNKNOWN);
    scratch_append(&s, 1, NULL);
    assert_int_equal(place_at(s.ledger), LOG_PLACE_HOME);
    nothing_found();
}

static void verify_accounts_for_the_place_and_finds_it_changed(void **state) {
    (void)state;
    scratch_append(&s, 1, NULL);
    nothing_found();
    assert_int_equal(report.place, LOG_PLACE_HOME);
    for (int at = 0; at < 60; at += 7) {
        record_flip(T_META, bytes_of(PLACE_RECORD), at);
        judge(NULL);
        found(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the record 'place' was changed");
        record_flip(T_META, bytes_of(PLACE_RECORD), at);
    }
    scratch_append(&s, 2, NULL);
}

static void verify_says_that_a_directory_is_a_copy(void **state) {
    const char *copy = scratch_at(&s, "copy");
    (void)state;
    scratch_append(&s, 1, NULL);
    scratch_close(&s);
    copy_tree(s.dir, copy);
    s.ledger = open_at(copy);
    judge(NULL);
    verdict_is(LOG_NOT_ANCHORED);
    assert_int_equal(report.place, LOG_PLACE_COPY);
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "this directory is a copy");
}

/* ---- what is compared ---- */

static enum log_place compared(struct place then, struct place now) {
    struct place_standing standing;
    place_compare(&then, &now, &standing);
    return standing.place;
}

static void what_is_not_known_on_both_sides_says_nothing(void **state) {
    const struct place here = {.machine_known = true, .machine = {1}, .inode = 7, .born = 8, .fs = 9};
    struct place other = here;
    (void)state;
    assert_int_equal(compared(here, other), LOG_PLACE_HOME);
    other.machine_known = false; /* a container */
    assert_int_equal(compared(here, other), LOG_PLACE_HOME);
    assert_int_equal(compared(other, here), LOG_PLACE_HOME);
    other.born = 0; /* a kernel that does not report it */
    other.fs = 0;
    assert_int_equal(compared(here, other), LOG_PLACE_HOME);
    other.inode = 0; /* a different file system */
    assert_int_equal(compared(here, other), LOG_PLACE_COPY);
    const struct place vague = {.machine_known = true, .machine = {1}};
    assert_int_equal(compared(vague, vague), LOG_PLACE_HOME);
}

static void another_machine_file_birth_or_file_system_is_another_place(void **state) {
    const struct place here = {.machine_known = true, .machine = {1}, .inode = 7, .born = 8, .fs = 9};
    struct place other[4] = {here, here, here, here};
    (void)state;
    other[0].machine[31] = 1;
    other[1].inode++;
    other[2].born++;
    other[3].fs++;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(compared(here, other[i]), LOG_PLACE_COPY);
    }
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(a_copied_directory_takes_no_events_and_the_original_does),
        each(a_database_that_was_copied_over_its_own_name_is_noticed),
        each(a_renamed_directory_goes_on_without_a_word),
        each(a_move_that_is_vouched_for_is_recorded_and_the_old_one_is_a_copy_then),
        each(an_erasure_in_a_copy_does_not_make_it_the_ledger),
        each(a_new_generation_is_home_for_every_process),
        each(a_backup_is_none_to_append_to_and_what_is_restored_from_it_is),
        each(a_ledger_without_a_place_gets_its_own_with_the_next_append),
        each(verify_accounts_for_the_place_and_finds_it_changed),
        each(verify_says_that_a_directory_is_a_copy),
        cmocka_unit_test(what_is_not_known_on_both_sides_says_nothing),
        cmocka_unit_test(another_machine_file_birth_or_file_system_is_another_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
