/* Installs: what is installed, which version, since when, by whom; and what a log that begins in the middle may leave out.
 */
#include "tests/projections/state_box.h"

#define CURL "package/dpkg/curl:amd64"

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

/* A dpkg event about curl at that second, with more fields as ", \"name\": value". */
static uint64_t dpkg(const char *step, int second, const char *fields) {
    char kind[64], json[512];
    snprintf(kind, sizeof(kind), "install.%s", step);
    snprintf(json, sizeof(json), "{\"manager\":\"dpkg\",\"package\":\"curl\",\"arch\":\"amd64\",\"at\":%d000000000%s}",
             second, fields);
    return box_event(&box, kind, CURL, json);
}

static void event_of_source(const char *source, const char *kind, const char *json) {
    struct log_draft draft;
    struct log_receipt receipt;
    struct buf body;
    buf_init(&body, 4096);
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &box.err), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(CURL);
    draft.actor = bytes_of("service:probe");
    draft.source = bytes_of(source);
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    assert_int_equal(log_append(box.ledger, &draft, &receipt, NULL, &box.err), 0);
    buf_done(&body);
}

static void find_curl(void) {
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "installs", "dpkg", "curl", "amd64", NULL));
}

static void is_null(const char *column) {
    assert_false(row_has(&box.row, box_column(&box, column)));
}

static void a_package_is_there_since_it_was_installed(void **state) {
    (void)state;
    uint64_t seq = dpkg("installed", 100, ",\"version\":\"8.1\",\"status\":\"installed\"");
    find_curl();
    box_text(&box, "state", "installed");
    box_text(&box, "version", "8.1");
    box_text(&box, "status", "installed");
    box_text(&box, "by", "user:test");
    box_int(&box, "since", 100000000000);
    box_int(&box, "since_seq", (int64_t)seq);
    box_int(&box, "version_seq", (int64_t)seq);
    box_int(&box, "violations", 0);
    box_evidence(&box, 1, seq);
}

static void an_upgrade_keeps_since_when_it_is_installed_and_tells_since_when_that_version(void **state) {
    (void)state;
    dpkg("installed", 100, ",\"version\":\"8.1\"");
    uint64_t seq = dpkg("upgraded", 200, ",\"version\":\"8.2\",\"version_before\":\"8.1\"");
    find_curl();
    box_text(&box, "state", "installed");
    box_text(&box, "version", "8.2");
    box_text(&box, "version_before", "8.1");
    box_int(&box, "since", 100000000000);
    box_int(&box, "version_at", 200000000000);
    box_int(&box, "violations", 0);
    box_evidence(&box, 1, seq);
}

static void an_upgrade_of_a_package_that_nobody_told_of_says_that_it_was_there(void **state) {
    (void)state;
    dpkg("upgraded", 200, ",\"version\":\"8.2\",\"version_before\":\"8.1\"");
    find_curl();
    box_text(&box, "state", "installed");
    box_text(&box, "version", "8.2");
    box_text(&box, "version_before", "8.1");
    box_int(&box, "violations", 0);
}

static void a_removed_package_keeps_its_row(void **state) {
    (void)state;
    dpkg("installed", 100, ",\"version\":\"8.1\"");
    dpkg("removed", 200, ",\"version_before\":\"8.1\",\"purged\":false");
    find_curl();
    box_text(&box, "state", "removed");
    is_null("version");
    box_text(&box, "version_before", "8.1");
    assert_false(row_bool(&box.row, box_column(&box, "purged")));
    dpkg("removed", 300, ",\"purged\":true");
    find_curl();
    assert_true(row_bool(&box.row, box_column(&box, "purged")));
    box_int(&box, "since", 200000000000);
    box_int(&box, "violations", 0);
}

static void a_removal_of_what_was_removed_is_a_violation(void **state) {
    (void)state;
    dpkg("removed", 200, ",\"purged\":true");
    uint64_t seq = dpkg("removed", 300, ",\"purged\":true");
    find_curl();
    box_int(&box, "violations", 1);
    box_int(&box, "violation_seq", (int64_t)seq);
    box_text(&box, "violation", "removed although nothing was left: an installation in between was not told");
}

static void an_installation_of_what_is_there_is_a_violation_when_the_same_source_told_both(void **state) {
    (void)state;
    uint64_t first = dpkg("installed", 100, ",\"version\":\"8.1\"");
    uint64_t second = dpkg("installed", 200, ",\"version\":\"8.3\"");
    find_curl();
    box_text(&box, "version", "8.3");
    box_int(&box, "since_seq", (int64_t)first);
    box_int(&box, "violations", 1);
    box_int(&box, "violation_seq", (int64_t)second);
    box_text(&box, "violation", "installed although it was there: a removal in between was not told");
}

static void an_installation_of_what_another_source_told_of_is_none(void **state) {
    (void)state;
    dpkg("installed", 100, ",\"version\":\"8.1\"");
    event_of_source("probe", "install.installed",
                    "{\"manager\":\"dpkg\",\"package\":\"curl\",\"arch\":\"amd64\",\"version\":\"8.1\"}");
    find_curl();
    box_int(&box, "violations", 0);
    box_text(&box, "source", "probe");
}

static void an_upgrade_from_another_version_than_was_there_is_a_violation(void **state) {
    (void)state;
    dpkg("installed", 100, ",\"version\":\"8.1\"");
    dpkg("upgraded", 200, ",\"version\":\"8.3\",\"version_before\":\"8.2\"");
    find_curl();
    box_text(&box, "version", "8.3");
    box_text(&box, "version_before", "8.2");
    box_int(&box, "violations", 1);
    box_text(&box, "violation", "8.2 was there before by this event, 8.1 by those before it");
}

static void an_upgrade_that_was_rolled_back_leaves_what_was_there(void **state) {
    (void)state;
    dpkg("installed", 100, ",\"version\":\"8.1\"");
    uint64_t seq = dpkg("failed", 200,
                        ",\"version\":\"8.2\",\"version_before\":\"8.1\",\"action\":\"upgrade\",\"exit_code\":1,"
                        "\"outcome\":\"rolled_back\",\"status\":\"installed\",\"step\":\"unpack\"");
    find_curl();
    box_text(&box, "state", "installed");
    box_text(&box, "version", "8.1");
    box_int(&box, "since", 100000000000);
    box_text(&box, "failed_action", "upgrade");
    box_text(&box, "failed_version", "8.2");
    box_int(&box, "failed_seq", (int64_t)seq);
    box_int(&box, "exit_code", 1);
    box_int(&box, "violations", 0);
}

static void an_installation_that_was_rolled_back_leaves_nothing(void **state) {
    (void)state;
    dpkg("failed", 200,
         ",\"version\":\"8.2\",\"action\":\"install\",\"outcome\":\"rolled_back\",\"status\":\"not-installed\"");
    find_curl();
    box_text(&box, "state", "failed");
    is_null("version");
}

static void an_upgrade_that_stopped_half_way_leaves_nobody_knows_what(void **state) {
    (void)state;
    dpkg("installed", 100, ",\"version\":\"8.1\"");
    dpkg("failed", 200,
         ",\"version\":\"8.2\",\"version_before\":\"8.1\",\"action\":\"upgrade\",\"outcome\":\"unfinished\","
         "\"status\":\"half-installed\",\"step\":\"unpack\"");
    find_curl();
    box_text(&box, "state", "unfinished");
    is_null("version");
    dpkg("configured", 300, ",\"version\":\"8.2\"");
    find_curl();
    box_text(&box, "state", "installed");
    box_text(&box, "version", "8.2");
    box_int(&box, "violations", 0);
}

static void a_package_that_is_unpacked_and_not_set_up_is_there_in_its_new_version(void **state) {
    (void)state;
    dpkg("failed", 200,
         ",\"version\":\"8.2\",\"version_before\":\"8.1\",\"action\":\"upgrade\",\"outcome\":\"unfinished\","
         "\"status\":\"half-configured\",\"step\":\"configure\"");
    find_curl();
    box_text(&box, "state", "unfinished");
    box_text(&box, "version", "8.2");
}

static void what_happened_before_what_is_known_changes_nothing(void **state) {
    (void)state;
    dpkg("upgraded", 200, ",\"version\":\"8.2\",\"version_before\":\"8.1\"");
    uint64_t late = dpkg("installed", 100, ",\"version\":\"8.1\"");
    find_curl();
    box_text(&box, "version", "8.2");
    box_int(&box, "since", 200000000000);
    box_int(&box, "late", 1);
    box_int(&box, "updated_seq", (int64_t)late);
    box_int(&box, "violations", 0);
}

static void an_older_log_tells_since_when_a_package_of_an_inventory_is_there(void **state) {
    (void)state;
    uint64_t seen = dpkg("observed", 300, ",\"version\":\"8.1\"");
    find_curl();
    box_text(&box, "state", "observed");
    uint64_t seq = dpkg("installed", 100, ",\"version\":\"8.1\"");
    find_curl();
    box_text(&box, "state", "installed");
    box_int(&box, "since", 100000000000);
    box_int(&box, "since_seq", (int64_t)seq);
    box_evidence(&box, 2, seen, seq);
}

static void a_time_in_the_future_does_not_shut_out_what_follows(void **state) {
    (void)state;
    dpkg("installed", 2000000000, ",\"version\":\"8.1\""); /* 2033 */
    box_event(&box, "install.removed", CURL, "{\"manager\":\"dpkg\",\"package\":\"curl\",\"arch\":\"amd64\"}");
    find_curl();
    box_text(&box, "state", "removed");
}

static void an_inventory_says_that_a_package_is_gone(void **state) {
    (void)state;
    dpkg("installed", 100, ",\"version\":\"8.1\"");
    dpkg("observed", 200, ",\"status\":\"not-installed\"");
    find_curl();
    box_text(&box, "state", "removed");
    is_null("version");
}

static void two_architectures_are_two_packages(void **state) {
    (void)state;
    dpkg("installed", 100, ",\"version\":\"8.1\"");
    box_event(&box, "install.removed", "package/dpkg/curl:i386",
              "{\"manager\":\"dpkg\",\"package\":\"curl\",\"arch\":\"i386\"}");
    find_curl();
    box_text(&box, "state", "installed");
    assert_true(box_row(&box, "installs", "dpkg", "curl", "i386", NULL));
    box_text(&box, "state", "removed");
}

static void a_package_of_a_language_has_no_architecture(void **state) {
    (void)state;
    box_event(&box, "install.installed", "package/npm/@scope/name",
              "{\"manager\":\"npm\",\"package\":\"@scope/name\",\"version\":\"1\",\"requested\":true}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "installs", "npm", "@scope/name", "", NULL));
    assert_true(row_bool(&box.row, box_column(&box, "requested")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_package_is_there_since_it_was_installed),
        TEST(an_upgrade_keeps_since_when_it_is_installed_and_tells_since_when_that_version),
        TEST(an_upgrade_of_a_package_that_nobody_told_of_says_that_it_was_there),
        TEST(a_removed_package_keeps_its_row),
        TEST(a_removal_of_what_was_removed_is_a_violation),
        TEST(an_installation_of_what_is_there_is_a_violation_when_the_same_source_told_both),
        TEST(an_installation_of_what_another_source_told_of_is_none),
        TEST(an_upgrade_from_another_version_than_was_there_is_a_violation),
        TEST(an_upgrade_that_was_rolled_back_leaves_what_was_there),
        TEST(an_installation_that_was_rolled_back_leaves_nothing),
        TEST(an_upgrade_that_stopped_half_way_leaves_nobody_knows_what),
        TEST(a_package_that_is_unpacked_and_not_set_up_is_there_in_its_new_version),
        TEST(what_happened_before_what_is_known_changes_nothing),
        TEST(an_older_log_tells_since_when_a_package_of_an_inventory_is_there),
        TEST(a_time_in_the_future_does_not_shut_out_what_follows),
        TEST(an_inventory_says_that_a_package_is_gone),
        TEST(two_architectures_are_two_packages),
        TEST(a_package_of_a_language_has_no_architecture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
