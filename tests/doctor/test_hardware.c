/* The probe "hardware" on a machine that tells about itself, and on one whose /proc and /sys are empty: that is unknown, and no
 * fault. */
#include <sys/stat.h>

#include "doctor/probe/probe.h"
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

static int open_ledger(void *ctx, bool append, struct ledger **ret, struct err *err) {
    const struct log_open_options options = {.read_only = !append};
    return log_open(ctx, &options, ret, err);
}

/* Looks below `root`, and judges. */
static void look(const char *root) {
    const struct probe_box probed = {.dir = box.path, .root = root, .open = open_ledger, .ctx = box.path};
    struct probe_out out;
    probe_out_init(&out);
    log_close(box.ledger);
    int rc = probe_hardware(&probed, &out, &box.err);
    probe_out_done(&out);
    assert_int_equal(log_open(box.path, NULL, &box.ledger, &box.err), 0);
    if (rc != 0) fail_msg("%s", box.err.msg);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "clauses", "", "hardware", NULL));
}

static void this_machine_is_known(void **state) {
    (void)state;
    look("/");
    box_text(&box, "state", "pass");
}

static void a_machine_that_tells_nothing_is_unknown_and_at_no_fault(void **state) {
    char root[400];
    (void)state;
    snprintf(root, sizeof(root), "%s/empty", box.dir);
    assert_int_equal(mkdir(root, 0700), 0);
    look(root);
    box_text(&box, "state", "unknown");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(this_machine_is_known),
        TEST(a_machine_that_tells_nothing_is_unknown_and_at_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
