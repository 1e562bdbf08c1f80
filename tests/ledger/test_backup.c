/* Backup and restore: a copy of everything except secrets, a restored ledger that continues under its own name, and what
 * must not be restored. */
#include "tests/ledger/scratch.h"

#include "ledger/core/headfile.h"

static struct scratch s;
static char artifact_id[2][LOG_ARTIFACT_ID];

/* A ledger with a bundle, private fields, an external payload, a cursor, two artifacts and a rotation. */
static int start(void **state) {
    static char text[30000];
    struct buf body = {0};
    struct log_batch *batch;
    uint64_t size;
    (void)state;
    scratch_new(&s, 0);
    scratch_fill(&s, 0, 300, true);
    memset(text, 'b', sizeof(text) - 1);
    struct log_draft draft =
        scratch_draft("run.step", "run/1", scratch_map(&body, "{\"step\":\"%s\",\"detail\":\"words\"}", text));
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    must(log_batch_new(s.ledger, &batch, &why));
    must(log_batch_set_cursor(batch, "src", bytes_of("where it was"), &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    scratch_write(scratch_at(&s, "small"), bytes_of("small content"));
    scratch_write(scratch_at(&s, "large"), (struct bytes){(const uint8_t *)text, sizeof(text)});
    must(log_artifact_put(s.ledger, scratch_at(&s, "small"), artifact_id[0], &size, &why));
    int fd = open(scratch_at(&s, "large"), O_WRONLY | O_APPEND | O_CLOEXEC);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
    }
    close(fd);
    must(log_artifact_put(s.ledger, scratch_at(&s, "large"), artifact_id[1], &size, &why));
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    scratch_append(&s, 300, "key-300");
    buf_done(&body);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static struct log_restore_options options(void) {
    static char path[300];
    snprintf(path, sizeof(path), "%s/log.backup", s.top);
    if (!file_exists(path)) { /* it takes long */
        must(log_key_backup(s.ledger, path, bytes_of("words"), &why));
    }
    return (struct log_restore_options){
        .actor = "user:test", .reason = "the disk died", .log_key = path, .log_passphrase = bytes_of("words")};
}

static void secrets_in(const char *dir, bool allowed) {
    char command[700];
    snprintf(command, sizeof(command), "grep -rqa -e 'PRIVATE+KEY' -e 'ledger-key/v1' '%s'", dir);
    assert_int_equal(system(command) == 0, allowed);
}

static void is_private(const char *dir) {
    char command[700];
    snprintf(command, sizeof(command), "test -z \"$(find '%s' -perm /077)\"", dir);
    assert_int_equal(system(command), 0);
}

static void dump_of(struct ledger *ledger, struct buf *out) {
    buf_init(out, SIZE_MAX);
    must(scratch_dump(ledger, out, &why));
}

static void a_backup_holds_everything_but_secrets(void **state) {
    const char *to = scratch_at(&s, "copy");
    struct ledger *copy;
    struct buf a, b;
    (void)state;
    secrets_in(s.dir, true);
    must(log_backup(s.ledger, to, &why));
    secrets_in(to, false);
    is_private(to);
    must_fail(log_backup(s.ledger, to, &why), ERR_CONFLICT, "exists; a backup makes a new directory");
    must(log_open(to, NULL, &copy, &why));
    scratch_verify_good(copy);
    dump_of(s.ledger, &a);
    dump_of(copy, &b);
    assert_true(bytes_eq(bytes_of_buf(&a), bytes_of_buf(&b)));
    must_fail(scratch_try(copy, 1, NULL, NULL, &why), ERR_ROLLBACK, "is a backup and takes no events");
    log_close(copy);
    buf_done(&a);
    buf_done(&b);
}

static void a_backup_of_a_damaged_ledger_is_refused_and_leaves_nothing(void **state) {
    struct db_txn *txn;
    char command[700];
    (void)state;
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_del_u64(txn, T_PRIVATE, 301, &why));
    must(db_commit(txn, &why));
    must_fail(log_backup(s.ledger, scratch_at(&s, "bad"), &why), ERR_TAMPERED, "the copy does not verify: event 301");
    snprintf(command, sizeof(command), "ls '%s' | grep -q '^bad'", s.top);
    assert_int_not_equal(system(command), 0);
}

static void still_has_artifacts(struct ledger *ledger) {
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        must(log_artifact_get(ledger, artifact_id[i], fd, &why));
    }
    close(fd);
}

static void a_restored_ledger_goes_on_under_a_name_of_its_own(void **state) {
    struct log_restore_options o = options();
    struct ledger *back;
    struct log_receipt r;
    struct log_epoch epoch;
    struct buf cursor;
    char dir[300];
    uint64_t size = scratch_size(&s);
    (void)state;
    snprintf(dir, sizeof(dir), "%s/back", s.top);
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    must(log_restore(scratch_at(&s, "copy"), dir, &o, &why));
    is_private(dir);
    must(log_open(dir, NULL, &back, &why));
    assert_int_equal(strncmp(log_origin(back), SCRATCH_ORIGIN "/r", strlen(SCRATCH_ORIGIN) + 2), 0);
    assert_string_equal(log_vkey(back), log_vkey(s.ledger));
    struct log_head head;
    must(log_head(back, &head, &why));
    assert_int_equal(head.size, size + 1); /* ledger.restored */
    must(log_epoch_at(back, 1, &epoch, &why));
    assert_int_equal(epoch.to_size, size);
    must(log_epoch_current(back, &epoch, &why));
    assert_true(epoch.epoch == 2 && epoch.from_size == size + 1);
    must(scratch_try(back, 7, "key-7", &r, &why)); /* keys are remembered */
    assert_true(r.duplicate);
    must(scratch_try(back, 7, "a new one", &r, &why));
    buf_init(&cursor, 100);
    must(log_cursor_get(back, "src", &cursor, &why));
    assert_true(bytes_is(bytes_of_buf(&cursor), "where it was"));
    still_has_artifacts(back);
    must(log_key_rotate(back, "user:test", "and on", NULL, &why));
    scratch_verify_good(back);
    log_close(back);
    must(log_open(dir, NULL, &back, &why));
    must(scratch_try(back, 8, NULL, &r, &why));
    scratch_verify_good(back);
    /* a backup of it can in turn be restored, under the next name */
    char origin[300];
    snprintf(origin, sizeof(origin), "%s", log_origin(back));
    must(log_backup(back, scratch_at(&s, "copy2"), &why));
    log_close(back);
    must(log_restore(scratch_at(&s, "copy2"), scratch_at(&s, "back2"), &o, &why));
    must(log_open(scratch_at(&s, "back2"), NULL, &back, &why));
    assert_int_equal(strncmp(log_origin(back), SCRATCH_ORIGIN "/r", strlen(SCRATCH_ORIGIN) + 2), 0);
    assert_null(strchr(log_origin(back) + strlen(SCRATCH_ORIGIN) + 1, '/'));
    assert_string_not_equal(log_origin(back), origin);
    must(scratch_try(back, 9, NULL, &r, &why));
    scratch_verify_good(back);
    log_close(back);
    buf_done(&cursor);
}

static void who_vouches_for_the_newest_head_keeps_the_name(void **state) {
    struct log_restore_options o = options();
    struct ledger *back;
    (void)state;
    o.newest = true;
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    must(log_restore(scratch_at(&s, "copy"), scratch_at(&s, "back"), &o, &why));
    must(log_open(scratch_at(&s, "back"), NULL, &back, &why));
    assert_string_equal(log_origin(back), SCRATCH_ORIGIN);
    must(scratch_try(back, 1, NULL, NULL, &why));
    scratch_verify_good(back);
    struct log_trust *trust = log_trust_new();
    must(log_trust_key(trust, log_vkey(s.ledger), &why));
    struct log_report *report = scratch_report(back, trust, false);
    assert_int_equal(report->verdict, LOG_GOOD);
    free(report);
    log_trust_free(trust);
    log_close(back);
}

static void nothing_is_left(const char *name) {
    char command[700];
    snprintf(command, sizeof(command), "ls '%s' | grep -q '^%s'", s.top, name);
    assert_int_not_equal(system(command), 0);
}

static void what_must_not_be_restored_is_refused(void **state) {
    struct log_restore_options o = options();
    struct scratch other;
    (void)state;
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    must_fail(log_restore(s.top, scratch_at(&s, "back"), &o, &why), ERR_NOTFOUND, "there is no backup in");
    must_fail(log_restore(scratch_at(&s, "copy"), s.dir, &o, &why), ERR_CONFLICT, "exists and is not an empty directory");
    o.log_passphrase = bytes_of("wrong");
    must_fail(log_restore(scratch_at(&s, "copy"), scratch_at(&s, "back"), &o, &why), ERR_TAMPERED, "log.backup");
    scratch_new(&other, 0);
    char path[300];
    snprintf(path, sizeof(path), "%s/log.backup", other.top);
    must(log_key_backup(other.ledger, path, bytes_of("words"), &why));
    o = options();
    o.log_key = path;
    must_fail(log_restore(scratch_at(&s, "copy"), scratch_at(&s, "back"), &o, &why), ERR_INVALID,
              "holds the key '" SCRATCH_ORIGIN "', the backup is of '" SCRATCH_ORIGIN "'");
    scratch_done(&other);
    o = options();
    struct buf data;
    buf_init(&data, SIZE_MAX);
    scratch_read(scratch_at(&s, "copy/evidence/data.mdb"), &data);
    scratch_write(scratch_at(&s, "copy/evidence/data.mdb"), (struct bytes){data.p, data.n - 4096});
    must_fail(log_restore(scratch_at(&s, "copy"), scratch_at(&s, "back"), &o, &why), ERR_CORRUPT, "is cut short");
    scratch_write(scratch_at(&s, "copy/evidence/data.mdb"), bytes_of_buf(&data));
    char command[700];
    snprintf(command, sizeof(command), "find '%s/copy/artifacts' -type f -exec sh -c 'echo more >>\"$1\"' sh {} ';'",
             s.top);
    assert_int_equal(system(command), 0);
    must_fail(log_restore(scratch_at(&s, "copy"), scratch_at(&s, "back"), &o, &why), ERR_TAMPERED,
              "the backup does not verify");
    nothing_is_left("back");
    buf_done(&data);
}

static void a_key_backup_needs_a_passphrase_and_is_the_log_key(void **state) {
    struct signer signer = {.secret = NULL};
    char vkey[NOTE_VKEY_MAX];
    struct stat st;
    (void)state;
    options();
    must_fail(log_key_backup(s.ledger, scratch_at(&s, "k2"), bytes_of(""), &why), ERR_INVALID, "needs a passphrase");
    must_fail(log_key_backup(s.ledger, scratch_at(&s, "log.backup"), bytes_of("words"), &why), ERR_CONFLICT, "exists");
    assert_int_equal(stat(scratch_at(&s, "log.backup"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    must(keyfile_load(scratch_at(&s, "log.backup"), bytes_of("words"), &signer, &why));
    note_vkey_encode(vkey, &signer.vkey);
    assert_string_equal(vkey, log_vkey(s.ledger));
    signer_done(&signer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_backup_holds_everything_but_secrets, start, finish),
        cmocka_unit_test_setup_teardown(a_backup_of_a_damaged_ledger_is_refused_and_leaves_nothing, start, finish),
        cmocka_unit_test_setup_teardown(a_restored_ledger_goes_on_under_a_name_of_its_own, start, finish),
        cmocka_unit_test_setup_teardown(who_vouches_for_the_newest_head_keeps_the_name, start, finish),
        cmocka_unit_test_setup_teardown(what_must_not_be_restored_is_refused, start, finish),
        cmocka_unit_test_setup_teardown(a_key_backup_needs_a_passphrase_and_is_the_log_key, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
