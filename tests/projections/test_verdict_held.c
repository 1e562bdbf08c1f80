/* The clauses about what the box holds: the files of packs, as a probe saw them, and what was granted; and what the
 * machine has to carry. */
#include "tests/projections/state_box.h"

#define DAY_NS ((uint64_t)86400 * 1000000000)
#define TREE   "sha256:00000000000000000000000000000000000000000000000000000000000000aa"
#define OTHER  "sha256:00000000000000000000000000000000000000000000000000000000000000bb"
#define FAR    "2200-01-01T00:00:00Z"

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

/* The clause so many days after the newest event. */
static void find_later(const char *pack, const char *id, uint64_t days) {
    box_view(&box, LOG_NO_SEQ, 0);
    box_view(&box, LOG_NO_SEQ, state_now(box.view) + days * DAY_NS + (days > 0));
    assert_true(box_row(&box, "clauses", pack, id, NULL));
}

static void is(const char *pack, const char *id, const char *state, const char *reason, const char *remedy) {
    find_later(pack, id, 0);
    box_text(&box, "state", state);
    box_text(&box, "reason", reason);
    box_text(&box, "remedy", remedy);
}

/* ---- files ---- */

static uint64_t install(const char *step, const char *tree) {
    char kind[32], json[256];
    snprintf(kind, sizeof(kind), "pack.%s", step);
    snprintf(json, sizeof(json), "{\"pack\":\"p\",\"version\":\"1\"%s%s%s}", tree != NULL ? ",\"tree_digest\":\"" : "",
             tree != NULL ? tree : "", tree != NULL ? "\"" : "");
    return box_event(&box, kind, "pack/p", json);
}

static uint64_t look(const char *status, const char *digest) {
    char json[256];
    snprintf(json, sizeof(json), "{\"check\":\"pack-files\",\"target\":\"p\",\"pack\":\"p\",\"status\":\"%s\"%s%s%s}",
             status, digest != NULL ? ",\"digest\":\"" : "", digest != NULL ? digest : "", digest != NULL ? "\"" : "");
    return box_event(&box, "doctor.observed", "check/pack-files", json);
}

#define LOOK "ledger doctor --pack p"

static void files_that_nobody_looked_at_are_unknown(void **state) {
    (void)state;
    uint64_t seq = install("installed", TREE);
    is("p", "files", "unknown", "nobody has looked at them", LOOK);
    box_evidence(&box, 1, seq);
}

static void files_are_right_by_the_digest_that_is_installed(void **state) {
    (void)state;
    uint64_t installed = install("installed", TREE), seen = look("ok", TREE);
    is("p", "files", "pass", "they are those that were installed", "");
    box_evidence(&box, 2, installed, seen);
    find_later("p", "checks", 0);
    box_text(&box, "reason", "it has 0"); /* it has a clause of its own */
    find_later("p", "files", 7);
    box_text(&box, "state", "unknown");
    box_text(&box, "remedy", LOOK);
}

static void changed_files_fail_until_they_are_put_back(void **state) {
    (void)state;
    uint64_t installed = install("installed", TREE), seen = look("mismatch", OTHER);
    is("p", "files", "fail", "they are not those that were installed: now " OTHER, LOOK);
    box_text(&box, "first", "put back what was installed: ledger pack install DIR");
    box_evidence(&box, 2, installed, seen);
    box_int(&box, "since_seq", (int64_t)seen);
    look("mismatch", NULL);
    is("p", "files", "fail", "they are not those that were installed", LOOK);
    look("missing", NULL);
    is("p", "files", "fail", "they are missing", LOOK);
    look("error", NULL);
    is("p", "files", "unknown", "they cannot be read", LOOK);
    look("ok", TREE);
    is("p", "files", "pass", "they are those that were installed", "");
}

static void a_look_at_an_earlier_version_says_nothing_of_this_one(void **state) {
    (void)state;
    install("installed", TREE);
    look("ok", TREE);
    install("upgraded", OTHER);
    is("p", "files", "unknown", "nobody has looked at them since this version was installed", LOOK);
    look("mismatch", TREE);
    is("p", "files", "fail", "they are not those that were installed: now " TREE, LOOK);
    install("upgraded", TREE);
    is("p", "files", "unknown", "nobody has looked at them since this version was installed", LOOK);
}

static void a_pack_without_files_here_is_not_asked_for_them(void **state) {
    (void)state;
    install("installed", NULL);
    is("p", "files", "", "its files are not kept here", "");
}

/* ---- what was granted ---- */

static uint64_t decide(const char *step, const char *fields) {
    char kind[64], json[256];
    snprintf(kind, sizeof(kind), "permission.%s", step);
    snprintf(json, sizeof(json), "{\"group\":\"exec\"%s}", fields);
    return box_event(&box, kind, "pack/p", json);
}

static uint64_t ask(const char *fields) {
    char json[256];
    snprintf(json, sizeof(json), "{\"pack\":\"p\",\"version\":\"1\",\"permissions\":[{\"group\":\"exec\"%s}]}", fields);
    return box_event(&box, "pack.installed", "pack/p", json);
}

static void where_nobody_was_granted_anything_nothing_is_asked(void **state) {
    (void)state;
    is("", "permissions", "", "nobody was granted anything", "");
}

static void a_grant_that_was_never_used_is_to_be_revoked_after_a_month(void **state) {
    (void)state;
    ask(",\"scope\":\"make\",\"tier\":\"T1\"");
    uint64_t seq = decide("granted", ",\"scope\":\"make\",\"tier\":\"T1\"");
    is("", "permissions", "pass", "what 1 holder was granted is no wider than asked, does not end soon, and is used or new",
       "");
    find_later("", "permissions", 30);
    box_text(&box, "state", "warn");
    box_text(&box, "remedy", "ledger permit revoke pack/p exec make");
    box_evidence(&box, 1, seq);
    decide("used", ",\"scope\":\"make\",\"tier\":\"T1\"");
    find_later("", "permissions", 30);
    box_text(&box, "state", "pass");
}

static void a_grant_beyond_what_the_pack_asks_for_is_to_be_revoked(void **state) {
    (void)state;
    uint64_t asked = ask(",\"scope\":\"make\",\"tier\":\"T1\""), seq = decide("granted", ",\"tier\":\"T1\"");
    is("", "permissions", "warn", "pack/p: all of exec is more than it asks for: asked for is 'make'",
       "ledger permit revoke pack/p exec && ledger permit grant pack/p exec make --tier T1");
    assert_false(row_has(&box.row, box_column(&box, "first")));
    box_evidence(&box, 2, asked, seq);
    decide("revoked", "");
    is("", "permissions", "", "nobody was granted anything", "");
    decide("granted", ",\"scope\":\"make\",\"tier\":\"T1\"");
    is("", "permissions", "pass", "what 1 holder was granted is no wider than asked, does not end soon, and is used or new",
       "");
}

static void a_grant_that_ends_within_a_week_is_to_be_renewed(void **state) {
    (void)state;
    ask(",\"scope\":\"make *\",\"tier\":\"T1\"");
    uint64_t seq =
        decide("granted", ",\"scope\":\"make *\",\"tier\":\"T1\",\"lifetime\":\"until\",\"expires\":\"" FAR "\"");
    is("", "permissions", "pass", "what 1 holder was granted is no wider than asked, does not end soon, and is used or new",
       "");
    decide("used", ",\"scope\":\"make all\",\"tier\":\"T1\"");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "permissions", "pack/p", "exec", "make *", NULL));
    uint64_t end = (uint64_t)row_int(&box.row, box_column(&box, "expires"));
    box_view(&box, LOG_NO_SEQ, end - 7 * DAY_NS);
    assert_true(box_row(&box, "clauses", "", "permissions", NULL));
    box_text(&box, "reason", "pack/p: exec on 'make *' ends at 2200-01-01T00:00:00Z");
    box_text(&box, "remedy", "ledger permit grant pack/p exec 'make *' --tier T1 --until TIME");
    box_evidence(&box, 1, seq);
    box_view(&box, LOG_NO_SEQ, end - 7 * DAY_NS - 1);
    assert_true(box_row(&box, "clauses", "", "permissions", NULL));
    box_text(&box, "state", "pass");
}

static void a_grant_that_ended_is_missed_by_a_pack_that_requires_it(void **state) {
    (void)state;
    uint64_t asked = ask(",\"scope\":\"-x\",\"tier\":\"T1\"");
    uint64_t seq =
        decide("granted", ",\"scope\":\"-x\",\"tier\":\"T1\",\"lifetime\":\"until\",\"expires\":\"2020-01-01T00:00:00Z\"");
    is("", "permissions", "warn", "pack/p: exec on '-x' is required and ended at 2020-01-01T00:00:00Z",
       "ledger permit grant pack/p exec --tier T1 -- '-x'");
    box_evidence(&box, 2, asked, seq);
    decide("granted", ",\"scope\":\"-x\",\"tier\":\"T1\"");
    is("", "permissions", "pass", "what 1 holder was granted is no wider than asked, does not end soon, and is used or new",
       "");
}

/* ---- what the machine has to carry ---- */

static void machine(long long bytes) {
    char json[128];
    snprintf(json, sizeof(json), "{\"memory_bytes\":%lld,\"gpus\":[]}", bytes);
    box_event(&box, "hardware.profiled", "host/local", json);
}

static void a_pack_that_asks_nothing_of_the_machine_is_not_asked(void **state) {
    (void)state;
    install("installed", NULL);
    is("p", "capacity", "", "it asks nothing of the machine, as far as is known", "");
}

static void a_model_has_to_fit_into_the_machine(void **state) {
    (void)state;
    box_event(&box, "pack.installed", "pack/p",
              "{\"pack\":\"p\",\"version\":\"1\",\"models\":[{\"role\":\"worker\",\"digest\":\"" TREE "\"}]}");
    uint64_t seq = box_event(&box, "model.observed", "model/m", "{\"digest\":\"" TREE "\",\"model\":\"m\"}");
    is("p", "capacity", "unknown", "the size of m is not known", "ledger ingest ollama");
    box_evidence(&box, 1, seq);
    box_event(&box, "model.observed", "model/m", "{\"digest\":\"" TREE "\",\"model\":\"m\",\"bytes\":5905580032}");
    is("p", "capacity", "unknown", "the machine's memory is not known, so nobody can tell whether m fits",
       "ledger ingest hardware");
    machine(8LL << 30);
    is("p", "capacity", "fail", "m needs more memory than the machine has: its weights take 5905580032 bytes", "");
    box_text(&box, "first", "take a smaller model or a larger machine: ledger capacity says what fits");
    machine(4LL << 30);
    is("p", "capacity", "fail", "m may not run here: the machine's tier does not allow it", "");
    machine(256LL << 30);
    is("p", "capacity", "pass", "1 requirement is met", "");
}

static void what_a_pack_requires_of_the_machine_has_to_be_there(void **state) {
    (void)state;
    box_event(&box, "pack.installed", "pack/p",
              "{\"pack\":\"p\",\"version\":\"1\",\"requires\":[{\"sort\":\"memory\",\"name\":\"64GiB\",\"bytes\":"
              "68719476736},{\"sort\":\"pack\","
              "\"name\":\"q\"}]}");
    find_later("p", "capacity", 0);
    box_text(&box, "state", "unknown");
    box_text(&box, "remedy", "ledger ingest hardware");
    machine(8LL << 30);
    find_later("p", "capacity", 0);
    box_text(&box, "state", "fail");
    machine(256LL << 30);
    is("p", "capacity", "pass", "1 requirement is met", "");
}

static void a_promotion_that_takes_no_step_for_a_week_is_gone_on_with_or_given_up(void **state) {
    (void)state;
    uint64_t seq = box_event(&box, "promotion.planned", "promotion/swap",
                             "{\"what\":\"route\",\"route\":\"r\",\"digest\":\"" TREE "\"}");
    is("", "promotions", "pass", "0 are promoted and live, by the log", "");
    find_later("", "promotions", 7);
    box_text(&box, "state", "warn");
    box_text(&box, "remedy", "ledger promote abort swap");
    box_text(&box, "first", "go on with it as ledger promote status says, or give it up");
    box_evidence(&box, 1, seq);
    box_event(&box, "promotion.aborted", "promotion/swap", "{}");
    find_later("", "promotions", 7);
    box_text(&box, "state", "pass");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_that_nobody_looked_at_are_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_right_by_the_digest_that_is_installed, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_files_fail_until_they_are_put_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_at_an_earlier_version_says_nothing_of_this_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pack_without_files_here_is_not_asked_for_them, setup, teardown),
        cmocka_unit_test_setup_teardown(where_nobody_was_granted_anything_nothing_is_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_grant_that_was_never_used_is_to_be_revoked_after_a_month, setup, teardown),
        cmocka_unit_test_setup_teardown(a_grant_beyond_what_the_pack_asks_for_is_to_be_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_grant_that_ends_within_a_week_is_to_be_renewed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_grant_that_ended_is_missed_by_a_pack_that_requires_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pack_that_asks_nothing_of_the_machine_is_not_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_model_has_to_fit_into_the_machine, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_pack_requires_of_the_machine_has_to_be_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_promotion_that_takes_no_step_for_a_week_is_gone_on_with_or_given_up, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
