/* Key files that group or others can access: refused, unless the ledger is opened to record that; and the listing that
 * finds them without reading a secret. */
#include "tests/ledger/scratch.h"

#include "ledger/signing/keyfile.h"

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

static void open_with(bool exposed, const char *passphrase) {
    struct log_open_options o = {.exposed_keys = exposed, .passphrase = bytes_of(passphrase)};
    scratch_close(&s);
    must(log_open(s.dir, &o, &s.ledger, &why));
}

static mode_t mode_of(const char *path) {
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static const char *const both[] = {"box/keys/log.key", "box/keys/epoch-0.key"};

#define REFUSED "a key file must be open to its owner alone (chmod 600)"

/* ---- signing ---- */

static void a_ledger_signs_with_an_exposed_key_only_when_asked_to(void **state) {
    static const mode_t modes[] = {0640, 0604, 0666, 0700 | 01};
    uint64_t n = 1;
    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(chmod(scratch_at(&s, both[k]), modes[i]), 0);
            open_with(false, "");
            must_fail(scratch_try(s.ledger, n, NULL, NULL, &why), ERR_INVALID, REFUSED);
            assert_int_equal(scratch_size(&s), n);
            open_with(true, "");
            scratch_append(&s, n++, NULL);
            assert_int_equal(mode_of(scratch_at(&s, both[k])), modes[i]);
            open_with(false, "");
            must_fail(scratch_try(s.ledger, n, NULL, NULL, &why), ERR_INVALID, REFUSED);
            assert_int_equal(chmod(scratch_at(&s, both[k]), 0600), 0);
            scratch_append(&s, n++, NULL);
        }
    }
    scratch_verify_good(s.ledger);
}

static void an_exposed_key_under_a_passphrase_still_needs_it(void **state) {
    struct log_create_options o = {.origin = SCRATCH_ORIGIN, .actor = "user:test", .map_bytes = SCRATCH_MAP};
    (void)state;
    o.passphrase = bytes_of("words");
    scratch_close(&s);
    must(file_remove_tree(s.dir, &why));
    must(log_create(s.dir, &o, &why));
    assert_int_equal(chmod(scratch_at(&s, both[0]), 0644), 0);
    open_with(true, "");
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_CONFLICT, "needs a passphrase, and none was given");
    open_with(true, "wrong");
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_TAMPERED, "wrong passphrase");
    open_with(false, "words");
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_INVALID, REFUSED);
    open_with(true, "words");
    scratch_append(&s, 1, NULL);
    scratch_verify_good(s.ledger);
}

static void an_exposed_key_that_was_replaced_signs_nothing(void **state) {
    struct buf vkey;
    (void)state;
    buf_init(&vkey, 4096);
    must(log_author_new(scratch_at(&s, "other"), SCRATCH_ORIGIN, bytes_of(""), &vkey, &why));
    scratch_copy(scratch_at(&s, "other"), scratch_at(&s, both[0]));
    assert_int_equal(chmod(scratch_at(&s, both[0]), 0666), 0);
    open_with(true, "");
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_TAMPERED, "holds another key than the ledger's");
    buf_done(&vkey);
}

static void what_is_not_a_file_of_ours_is_refused_all_the_same(void **state) {
    const char *key = scratch_at(&s, both[0]), *away = scratch_at(&s, "away");
    (void)state;
    assert_int_equal(chmod(key, 0644), 0);
    assert_int_equal(rename(key, away), 0);
    open_with(true, "");
    assert_int_equal(symlink(away, key), 0);
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_INVALID, "is a symbolic link");
    assert_int_equal(unlink(key), 0);
    assert_int_equal(mkfifo(key, 0644), 0);
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_INVALID, "is not a regular file");
    assert_int_equal(unlink(key), 0);
    must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_NOTFOUND, "log.key");
    assert_int_equal(rename(away, key), 0);
    if (geteuid() == 0) { /* only root can change the owner of a file */
        assert_int_equal(chown(key, 12345, (gid_t)-1), 0);
        must_fail(scratch_try(s.ledger, 1, NULL, NULL, &why), ERR_INVALID, "belongs to user 12345");
        assert_int_equal(chown(key, 0, (gid_t)-1), 0);
    }
    scratch_append(&s, 1, NULL);
}

static void a_rotation_leaves_no_exposed_epoch_key(void **state) {
    struct log_receipt r;
    (void)state;
    assert_int_equal(chmod(scratch_at(&s, both[1]), 0644), 0);
    open_with(true, "");
    must(log_key_rotate(s.ledger, "user:test", "a test", &r, &why));
    assert_false(file_exists(scratch_at(&s, both[1])));
    assert_int_equal(mode_of(scratch_at(&s, "box/keys/epoch-1.key")), 0600);
    open_with(false, "");
    scratch_append(&s, 2, NULL);
    scratch_verify_good(s.ledger);
}

static void nothing_but_appending_takes_an_exposed_key(void **state) {
    struct log_restore_options o = {.actor = "user:test", .log_passphrase = bytes_of("words")};
    struct log_author *author;
    struct buf vkey;
    (void)state;
    buf_init(&vkey, 4096);
    open_with(true, "");
    assert_int_equal(chmod(scratch_at(&s, both[0]), 0644), 0);
    must_fail(log_key_backup(s.ledger, scratch_at(&s, "log.backup"), bytes_of("words"), &why), ERR_INVALID, REFUSED);
    assert_int_equal(chmod(scratch_at(&s, both[0]), 0600), 0);
    must(log_key_backup(s.ledger, scratch_at(&s, "log.backup"), bytes_of("words"), &why));
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    assert_int_equal(chmod(scratch_at(&s, "log.backup"), 0640), 0);
    o.log_key = scratch_at(&s, "log.backup");
    must_fail(log_restore(scratch_at(&s, "copy"), scratch_at(&s, "again"), &o, &why), ERR_INVALID, REFUSED);
    must(log_author_new(scratch_at(&s, "alice"), "alice.example", bytes_of(""), &vkey, &why));
    assert_int_equal(chmod(scratch_at(&s, "alice"), 0640), 0);
    must_fail(log_author_load(scratch_at(&s, "alice"), bytes_of(""), &author, &why), ERR_INVALID, REFUSED);
    buf_done(&vkey);
}

/* ---- listing ---- */

struct list {
    struct {
        char name[64];
        struct log_key_file file;
    } got[16];
    size_t n;
};

static int take(void *ctx, const struct log_key_file *file, struct err *err) {
    struct list *list = ctx;
    (void)err;
    assert_true(list->n < sizeof(list->got) / sizeof(list->got[0]));
    assert_int_equal(strncmp(file->path, s.dir, strlen(s.dir)), 0);
    snprintf(list->got[list->n].name, sizeof(list->got[0].name), "%s", strrchr(file->path, '/') + 1);
    list->got[list->n].file = *file;
    list->got[list->n++].file.path = NULL;
    return 0;
}

static struct list list_all(void) {
    struct list list = {.n = 0};
    must(log_key_files(s.ledger, take, &list, &why));
    return list;
}

static struct log_key_file in(const struct list *list, const char *name) {
    size_t at = list->n;
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->got[i].name, name) == 0) {
            assert_true(at == list->n); /* each once */
            at = i;
        }
    }
    if (at == list->n) {
        fail_msg("'%s' is not listed", name);
    }
    return list->got[at].file;
}

static void the_listing_says_what_a_probe_needs(void **state) {
    (void)state;
    struct list list = list_all();
    assert_int_equal(list.n, 2);
    struct log_key_file log = in(&list, "log.key"), epoch = in(&list, "epoch-0.key");
    assert_true(log.exists && log.regular && log.ours && !log.exposed && log.mode == 0600 && log.owner == geteuid());
    assert_true(epoch.exists && epoch.regular && epoch.ours && !epoch.exposed && epoch.mode == 0600);
    assert_int_equal(chmod(scratch_at(&s, both[0]), 0644), 0);
    assert_int_equal(unlink(scratch_at(&s, both[1])), 0);
    list = list_all();
    assert_int_equal(list.n, 2);
    log = in(&list, "log.key");
    epoch = in(&list, "epoch-0.key");
    assert_true(log.exists && log.exposed && log.mode == 0644);
    assert_true(!epoch.exists && !epoch.regular && !epoch.ours && !epoch.exposed && epoch.mode == 0);
}

static void secrets_that_were_left_behind_are_listed_and_nothing_else(void **state) {
    static const struct {
        const char *name;
        mode_t mode;
    } left[] = {{"epoch-7.key", 0640}, {"epoch-0.key.0011223344556677", 0604}, {".ledger-tmp-1", 0600}};
    static const char *const other[] = {"README", "epoch-x.key", "epoch-1.key2", "log.key.old", "Log.key"};
    char name[128];
    (void)state;
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        snprintf(name, sizeof(name), "box/keys/%s", left[i].name);
        scratch_write(scratch_at(&s, name), bytes_of("?"));
        assert_int_equal(chmod(scratch_at(&s, name), left[i].mode), 0);
    }
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        snprintf(name, sizeof(name), "box/keys/%s", other[i]);
        scratch_write(scratch_at(&s, name), bytes_of("?"));
    }
    struct list list = list_all();
    assert_int_equal(list.n, 2 + sizeof(left) / sizeof(left[0]));
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        struct log_key_file file = in(&list, left[i].name);
        assert_true(file.exists && file.regular && file.mode == left[i].mode);
        assert_int_equal(file.exposed, left[i].mode != 0600);
    }
}

static void the_listing_opens_no_file(void **state) {
    const char *log = scratch_at(&s, both[0]), *epoch = scratch_at(&s, both[1]);
    (void)state;
    assert_int_equal(unlink(log), 0);
    assert_int_equal(mkfifo(log, 0666), 0); /* opening it would wait for a writer */
    assert_int_equal(unlink(epoch), 0);
    assert_int_equal(symlink("/dev/null", epoch), 0);
    struct list list = list_all();
    struct log_key_file file = in(&list, "log.key");
    assert_true(file.exists && !file.regular && !file.exposed);
    file = in(&list, "epoch-0.key");
    assert_true(file.exists && !file.regular && !file.exposed);
    if (geteuid() == 0) {
        assert_int_equal(unlink(log), 0);
        scratch_write(log, bytes_of("?"));
        assert_int_equal(chown(log, 12345, (gid_t)-1), 0);
        list = list_all();
        file = in(&list, "log.key");
        assert_true(file.exists && file.regular && !file.ours && !file.exposed && file.owner == 12345);
    }
}

static void without_its_keys_a_ledger_has_two_that_are_missing(void **state) {
    (void)state;
    must(file_remove_tree(scratch_at(&s, "box/keys"), &why));
    struct log_open_options o = {.read_only = true};
    scratch_close(&s);
    must(log_open(s.dir, &o, &s.ledger, &why));
    struct list list = list_all();
    assert_int_equal(list.n, 2);
    assert_false(in(&list, "log.key").exists);
    assert_false(in(&list, "epoch-0.key").exists);
}

static int stop(void *ctx, const struct log_key_file *file, struct err *err) {
    (void)file;
    ++*(int *)ctx;
    return err_set(err, ERR_LIMIT, "enough");
}

static void the_listing_ends_when_it_is_told_to(void **state) {
    int n = 0;
    (void)state;
    must_fail(log_key_files(s.ledger, stop, &n, &why), ERR_LIMIT, "enough");
    assert_int_equal(n, 1);
}

int main(void) {
    scratch_in_memory();
#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)
    const struct CMUnitTest tests[] = {
        each(a_ledger_signs_with_an_exposed_key_only_when_asked_to),
        each(an_exposed_key_under_a_passphrase_still_needs_it),
        each(an_exposed_key_that_was_replaced_signs_nothing),
        each(what_is_not_a_file_of_ours_is_refused_all_the_same),
        each(a_rotation_leaves_no_exposed_epoch_key),
        each(nothing_but_appending_takes_an_exposed_key),
        each(the_listing_says_what_a_probe_needs),
        each(secrets_that_were_left_behind_are_listed_and_nothing_else),
        each(the_listing_opens_no_file),
        each(without_its_keys_a_ledger_has_two_that_are_missing),
        each(the_listing_ends_when_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
