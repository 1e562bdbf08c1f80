/* Epochs: which key seals which tree sizes, also after a rotation and a restore. */
#include "tests/projections/state_box.h"

static struct box box;

static int setup(void **state) {
    (void)state;
    box_open(&box);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    box_close(&box);
    return 0;
}

static void find_epoch(const char *epoch) {
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "epochs", epoch, NULL));
}

static void a_new_ledger_is_in_its_first_epoch(void **state) {
    (void)state;
    find_epoch("000000");
    box_text(&box, "state", "current");
    box_text(&box, "origin", "example.org/box");
    box_text(&box, "log_vkey", log_vkey(box.ledger));
    box_int(&box, "from_size", 1);
    assert_false(row_has(&box.row, box_column(&box, "to_size")));
    box_evidence(&box, 1, (uint64_t)0);
}

static void a_rotation_ends_an_epoch_at_the_size_that_both_keys_sign(void **state) {
    (void)state;
    box_event(&box, "x.test.any", "test/1", NULL);
    assert_int_equal(log_key_rotate(box.ledger, "user:test", "by hand", NULL, &box.err), 0);
    find_epoch("000000");
    box_text(&box, "state", "ended");
    box_int(&box, "to_size", 3);
    box_evidence(&box, 2, (uint64_t)0, (uint64_t)2);
    char first[512];
    struct bytes vkey = row_text(&box.row, box_column(&box, "vkey"));
    snprintf(first, sizeof(first), "%.*s", (int)vkey.n, (const char *)vkey.p);
    assert_true(box_row(&box, "epochs", "000001", NULL));
    box_text(&box, "state", "current");
    box_text(&box, "reason", "by hand");
    box_text(&box, "origin", "example.org/box");
    box_text(&box, "log_vkey", log_vkey(box.ledger));
    box_text(&box, "by", "user:test");
    box_int(&box, "from_size", 3);
    box_int(&box, "violations", 0);
    assert_false(row_is(&box.row, box_column(&box, "vkey"), first));
}

static void restore(bool newest) {
    char backup[340], copy[340], key[400];
    snprintf(backup, sizeof(backup), "%s/backup", box.dir);
    snprintf(copy, sizeof(copy), "%s/restored", box.dir);
    snprintf(key, sizeof(key), "%s/keys/log.key", box.path);
    const struct log_restore_options options = {
        .log_key = key, .actor = "user:test", .reason = "the disk died", .newest = newest};
    assert_int_equal(log_backup(box.ledger, backup, &box.err), 0);
    if (log_restore(backup, copy, &options, &box.err) != 0) {
        fail_msg("%s", box.err.msg);
    }
    log_close(box.ledger);
    box.ledger = NULL;
    assert_int_equal(log_open(copy, NULL, &box.ledger, &box.err), 0);
}

static void a_restore_ends_an_epoch_before_itself_and_begins_another(void **state) {
    (void)state;
    box_event(&box, "x.test.any", "test/1", NULL);
    restore(false);
    find_epoch("000000");
    box_text(&box, "state", "ended");
    box_int(&box, "to_size", 2);
    assert_true(box_row(&box, "epochs", "000001", NULL));
    assert_true(row_bool(&box.row, box_column(&box, "restored")));
    assert_false(row_bool(&box.row, box_column(&box, "newest")));
    box_int(&box, "from_size", 3);
    box_text(&box, "origin_before", "example.org/box");
    box_text(&box, "reason", "the disk died");
    assert_true(bytes_has_prefix(row_text(&box.row, box_column(&box, "origin")), "example.org/box/r"));
}

static void a_restore_of_the_newest_head_keeps_the_name(void **state) {
    (void)state;
    restore(true);
    find_epoch("000001");
    assert_true(row_bool(&box.row, box_column(&box, "newest")));
    box_text(&box, "origin", "example.org/box");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_new_ledger_is_in_its_first_epoch),
        TEST(a_rotation_ends_an_epoch_at_the_size_that_both_keys_sign),
        TEST(a_restore_ends_an_epoch_before_itself_and_begins_another),
        TEST(a_restore_of_the_newest_head_keeps_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
