/* Which commands get a ledger whose key file group or others can access: only what records that it is so. */
#include "tests/ledger/scratch.h"

#include "cli/open/open.h"

static struct scratch s;
static struct cli cli;
static struct err said;

void __wrap_cli_warn(const struct cli *c, const struct err *err);
void __wrap_cli_warn(const struct cli *c, const struct err *err) {
    (void)c;
    said = *err;
}

int __wrap_cli_fail_input(const struct cli *c, const struct err *err);
int __wrap_cli_fail_input(const struct cli *c, const struct err *err) {
    (void)c;
    said = *err;
    return EXIT_INPUT;
}

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    scratch_close(&s);
    setenv("XDG_CONFIG_HOME", s.top, 1);
    cli = (struct cli){.command = "test"};
    memcpy(cli.dir, s.dir, sizeof(s.dir));
    return 0;
}

static int finish(void **state) {
    (void)state;
    pass_done(&cli.pass);
    scratch_done(&s);
    return 0;
}

static void only_one_mode_of_opening_takes_an_exposed_key(void **state) {
    static const char *const keys[] = {"box/keys/log.key", "box/keys/epoch-0.key"};
    (void)state;
    assert_int_equal(chmod(scratch_at(&s, keys[0]), 0644), 0);
    assert_int_equal(cli_open(&cli, CLI_WRITE, &s.ledger), EXIT_INPUT);
    assert_non_null(strstr(said.msg, "has mode 0644: a key file must be open to its owner alone"));
    assert_int_equal(cli_open(&cli, CLI_KEYS, &s.ledger), EXIT_INPUT);
    assert_int_equal(cli_open(&cli, CLI_EXPOSED, &s.ledger), 0);
    scratch_append(&s, 1, NULL);
    scratch_close(&s);
    assert_int_equal(chmod(scratch_at(&s, keys[0]), 0600), 0);
    assert_int_equal(chmod(scratch_at(&s, keys[1]), 0640), 0); /* which is looked at when it signs */
    assert_int_equal(cli_open(&cli, CLI_WRITE, &s.ledger), 0);
    must_fail(scratch_try(s.ledger, 2, NULL, NULL, &why), ERR_INVALID, "has mode 0640");
    scratch_close(&s);
    assert_int_equal(cli_open(&cli, CLI_EXPOSED, &s.ledger), 0);
    scratch_append(&s, 2, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_one_mode_of_opening_takes_an_exposed_key, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
