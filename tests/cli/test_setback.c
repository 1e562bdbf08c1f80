/* What a reader is told about a database and about what is known of it, also while others append and verify: here they do
 * so between its two reads. */
#include "tests/ledger/scratch.h"

#include "cli/open/setback.h"
#include "cli/open/trustfile.h"
#include "cli/open/trustthis.h"
#include "ledger/core/headfile.h"

struct fixture {
    struct scratch s;
    struct cli cli;
    char trust[FILE_PATH_MAX];
};

static struct fixture *busy; /* another process appends and verifies before anything outside the database is read */
static unsigned warned;
static struct err said;

static void append_and_verify(void) {
    struct log_head head;
    if (busy != NULL) {
        scratch_append(&busy->s, 0, NULL);
        must(log_head(busy->s.ledger, &head, &why));
        must(trustthis_raise(busy->trust, SCRATCH_ORIGIN, &head, &why));
    }
}

int __real_headfile_read(const char *dir, struct headfile *ret, struct err *err);
int __wrap_headfile_read(const char *dir, struct headfile *ret, struct err *err);
int __wrap_headfile_read(const char *dir, struct headfile *ret, struct err *err) {
    append_and_verify();
    return __real_headfile_read(dir, ret, err);
}

void __real_trustfile_look(const char *path, struct bytes origin, struct policy_known *ret);
void __wrap_trustfile_look(const char *path, struct bytes origin, struct policy_known *ret);
void __wrap_trustfile_look(const char *path, struct bytes origin, struct policy_known *ret) {
    append_and_verify();
    __real_trustfile_look(path, origin, ret);
}

void __wrap_cli_warn(const struct cli *cli, const struct err *err);
void __wrap_cli_warn(const struct cli *cli, const struct err *err) {
    (void)cli;
    warned++;
    said = *err;
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    scratch_new(&f->s, 0);
    setenv("XDG_CONFIG_HOME", f->s.top, 1);
    must(trustfile_path(f->trust, &why));
    must(trustthis_add(f->s.ledger, f->trust, NULL, &why));
    busy = NULL;
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    busy = NULL;
    scratch_done(&f->s);
    free(f);
    return 0;
}

static void is_silent(struct fixture *f) {
    warned = 0;
    setback_warn(&f->cli, f->s.ledger, true);
    if (warned != 0) {
        fail_msg("warned: %s", said.msg);
    }
    if (setback_refuse(f->s.ledger, &said) != 0) {
        fail_msg("refused: %s", said.msg);
    }
}

static void says(struct fixture *f, const char *text) {
    warned = 0;
    setback_warn(&f->cli, f->s.ledger, true);
    assert_int_equal(warned, 1);
    assert_int_equal(said.code, ERR_ROLLBACK);
    assert_string_equal(said.msg, text);
}

static void what_others_append_meanwhile_is_no_set_back(void **state) {
    struct fixture *f = *state;
    busy = f;
    for (int i = 0; i < 300; i++) {
        is_silent(f);
    }
}

/* Every size and root against every other: a warning exactly if more events are known, or as many with another root. */
static void a_warning_is_about_more_events_or_another_root_of_as_many(void **state) {
    struct fixture *f = *state;
    enum { SIZES = 9 };
    struct log_head heads[SIZES + 1] = {0}, now;
    must(log_head(f->s.ledger, &heads[1], &why));
    for (uint64_t i = 2; i < SIZES; i++) {
        scratch_append(&f->s, i, NULL);
        must(log_head(f->s.ledger, &heads[i], &why));
    }
    now = heads[SIZES - 1];
    heads[SIZES] = (struct log_head){.size = SIZES};
    for (uint64_t i = 1; i <= SIZES; i++) {
        for (unsigned other = 0; other < 2; other++) {
            struct headfile copy = {.origin = SCRATCH_ORIGIN, .size = heads[i].size};
            memcpy(copy.root, heads[i].root, EVENT_HASH);
            copy.root[0] ^= (uint8_t)other;
            must(headfile_write(f->s.dir, &copy, &why));
            warned = 0;
            setback_warn(&f->cli, f->s.ledger, false);
            assert_int_equal(warned, i > now.size || (i == now.size && other));
        }
    }
}

/* The same for the trust file, for writers; the copy of the head is compared at the first commit. */
static void a_refusal_is_about_more_events_or_another_root_of_as_many(void **state) {
    struct fixture *f = *state;
    enum { SIZES = 9 };
    struct log_head heads[SIZES + 1] = {0}, now;
    must(log_head(f->s.ledger, &heads[1], &why));
    for (uint64_t i = 2; i < SIZES; i++) {
        scratch_append(&f->s, i, NULL);
        must(log_head(f->s.ledger, &heads[i], &why));
    }
    now = heads[SIZES - 1];
    heads[SIZES] = (struct log_head){.size = SIZES};
    for (uint64_t i = 1; i <= SIZES; i++) {
        for (unsigned other = 0; other < 2; other++) {
            heads[i].root[0] ^= (uint8_t)other;
            must(unlink(f->trust));
            must(trustthis_raise(f->trust, SCRATCH_ORIGIN, &heads[i], &why));
            int rc = setback_refuse(f->s.ledger, &said);
            assert_int_equal(rc, i > now.size || (i == now.size && other) ? ERR_ROLLBACK : 0);
        }
    }
}

static void what_contradicts_is_said_once(void **state) {
    struct fixture *f = *state;
    struct headfile copy = {.origin = SCRATCH_ORIGIN, .size = 12};
    struct log_head head = {.size = 13};
    must(headfile_write(f->s.dir, &copy, &why));
    says(f, "the copy of the head beside the database knows 12 events of '" SCRATCH_ORIGIN
            "', but there are only 1 here: the database was set back or cut");
    must(trustthis_raise(f->trust, SCRATCH_ORIGIN, &head, &why));
    says(f, "the trust file knows 13 events of '" SCRATCH_ORIGIN
            "', but there are only 1 here: the database was set back or cut");
}

static void what_cannot_be_read_says_nothing(void **state) {
    struct fixture *f = *state;
    struct log_head head = {.size = 13};
    must(trustthis_raise(f->trust, SCRATCH_ORIGIN, &head, &why));
    must(chmod(f->trust, 0602));
    is_silent(f);
    must(chmod(f->trust, 0600));
    warned = 0;
    setback_warn(&f->cli, f->s.ledger, false);
    assert_int_equal(warned, 0);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    is_silent(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_others_append_meanwhile_is_no_set_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_warning_is_about_more_events_or_another_root_of_as_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_is_about_more_events_or_another_root_of_as_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_contradicts_is_said_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_says_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
