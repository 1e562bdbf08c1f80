/* What a support report may disclose: names, values, and that a secret blocks it. */
#include "base/json.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "export/support/redact.h"
#include "export/support/support.h"
#include "ledger/kinds/kind.h"
#include "projections/rows/projection.h"
#include "tests/export/bundle_box.h"

static bool planted; /* the scanner reports a hit in texts that contain "planted" */

int __real_secret_next(struct bytes text, size_t from, struct secret_hit *ret);
int __wrap_secret_next(struct bytes text, size_t from, struct secret_hit *ret);
int __wrap_secret_next(struct bytes text, size_t from, struct secret_hit *ret) {
    const uint8_t *at = planted && from < text.n ? memmem(text.p + from, text.n - from, "planted", 7) : NULL;
    if (at == NULL) return __real_secret_next(text, from, ret);
    *ret = (struct secret_hit){"test-rule", (size_t)(at - text.p), 7};
    return 0;
}

static struct support_redact r;

static int start(void **state) {
    (void)state;
    must(crypt_init(&why));
    r = (struct support_redact){0};
    support_names_init(&r.names);
    return 0;
}

static int finish(void **state) {
    (void)state;
    support_names_done(&r.names);
    return 0;
}

static const char *told(enum support_class class, const char *text) {
    static char kept[512];
    struct buf out;
    buf_init(&out, sizeof(kept) - 1);
    bool stays = support_text(&r.names, class, bytes_of(text), &out);
    assert_int_equal(out.fail, 0);
    snprintf(kept, sizeof(kept), "%.*s", (int)out.n, stays && out.n > 0 ? (const char *)out.p : "");
    buf_done(&out);
    return stays ? kept : NULL;
}

/* The JSON of what is reported of a body. */
static const char *told_of(const char *json) {
    static char text[2048];
    struct buf mp, kept, out;
    buf_init(&mp, 1 << 16);
    buf_init(&kept, 1 << 16);
    buf_init(&out, sizeof(text) - 1);
    must(json_to_mp(bytes_of(json), &mp, &why));
    text[0] = '\0';
    if (support_value(&r, SUPPORT_NONE, bytes_of_buf(&mp), &kept)) {
        must(json_from_mp(bytes_of_buf(&kept), JSON_LINE, &out, &why));
        snprintf(text, sizeof(text), "%.*s", (int)out.n, (const char *)out.p);
    }
    buf_done(&out);
    buf_done(&kept);
    buf_done(&mp);
    return text;
}

/* ---- the table ---- */

static bool may_hold_text(enum kind_type type) {
    return type == KIND_STR || type == KIND_STRS || type == KIND_LIST || type == KIND_MAP || type == KIND_ANY ||
           type == KIND_VKEY;
}

static void every_open_field_of_the_catalog_that_may_hold_text_has_its_row(void **state) {
    unsigned missing = 0;
    (void)state;
    for (size_t k = 0; k < kind_count(); k++) {
        const struct kind *kind = kind_at(k);
        for (size_t f = 0; f < kind->n_fields; f++) {
            const struct kind_field *field = &kind->fields[f];
            if ((field->flags & KIND_OPEN) != 0 && may_hold_text(field->type) &&
                support_class_of(bytes_of(field->name)) == SUPPORT_NONE) {
                print_error("%s has the open field '%s', and export/support/fields.def does not\n", kind->name,
                            field->name);
                missing++;
            }
        }
    }
    assert_int_equal(missing, 0);
}

static void every_column_of_the_states_that_holds_text_has_its_row(void **state) {
    unsigned missing = 0;
    (void)state;
    for (size_t p = 0; projection_all[p] != NULL; p++) {
        for (size_t t = 0; t < projection_all[p]->n_tables; t++) {
            const struct state_table *table = &projection_all[p]->tables[t];
            for (size_t c = 0; c < table->n_columns; c++) {
                const char *name = table->columns[c].name;
                bool text = table->columns[c].type == CELL_TEXT || table->columns[c].type == CELL_LIST;
                if (text && strstr(name, "digest") == NULL && support_class_of(bytes_of(name)) == SUPPORT_NONE) {
                    print_error("%s has the column '%s', and export/support/fields.def does not\n", table->name, name);
                    missing++;
                }
            }
        }
    }
    assert_int_equal(missing, 0);
}

/* ---- names ---- */

static void one_value_has_one_pseudonym_and_another_key_gives_another(void **state) {
    char first[64], run[64];
    (void)state;
    snprintf(first, sizeof(first), "%s", told(SUPPORT_ACTOR, "user:alice"));
    assert_memory_equal(first, "user:u-", 7);
    assert_int_equal(strlen(first), 7 + 12);
    assert_string_equal(told(SUPPORT_ACTOR, "user:alice"), first);
    assert_string_not_equal(told(SUPPORT_ACTOR, "user:alicf"), first);
    assert_string_equal(strchr(told(SUPPORT_ACTOR, "agent:alice"), '-'), strchr(first, '-'));
    snprintf(run, sizeof(run), "%s", told(SUPPORT_RUN, "r-1"));
    assert_memory_equal(run, "run:r-", 6);
    support_names_done(&r.names);
    support_names_init(&r.names);
    assert_string_not_equal(told(SUPPORT_ACTOR, "user:alice"), first);
    assert_memory_equal(told(SUPPORT_ACTOR, "strange:alice"), "actor:u-", 8);
}

static void a_pseudonym_is_the_mac_of_the_value(void **state) {
    /* RFC 4231 cannot be used: its keys have other lengths. This is Python's hmac with a key of 32 times 0x0b. */
    (void)state;
    memset(r.names.key, 0x0b, sizeof(r.names.key));
    assert_string_equal(told(SUPPORT_NAME, "Hi There"), "name:n-198a607eb44b");
}

static void words_of_machines_stay_and_what_looks_like_a_place_does_not(void **state) {
    static const char *const stay[] = {"",
                                       "ok",
                                       "qwen2.5-coder:7b",
                                       "org/model-Q4_K_M",
                                       "0.5.1",
                                       "1.2.3",
                                       "sha256:6f5902ac237024bdd0c176cb93063dc4f9eb7f4d5d9a1b6e9e1e9a3c7d1c0b11"};
    static const char *const go[] = {"/etc/x",        "~/x",          "./x",         "http://a/b",   "10.1.2.3",
                                     "x 10.1.2.3:80", "db.example/x", "a@b.c",       "C:\\Users\\x", "x/home/y",
                                     "localhost:80",  "nas.local",    "fe80::1:2:3", "two words",    "gr\xc3\xbc\xc3\x9f"};
    (void)state;
    for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++) {
        assert_string_equal(told(SUPPORT_WORD, stay[i]), stay[i]);
    }
    for (size_t i = 0; i < sizeof(go) / sizeof(go[0]); i++) {
        if (strncmp(told(SUPPORT_WORD, go[i]), "text:t-", 7) != 0) {
            fail_msg("'%s' stays", go[i]);
        }
    }
    assert_string_equal(told(SUPPORT_PHRASE, "AMD Ryzen 7"), "AMD Ryzen 7");
    assert_null(told(SUPPORT_OUT, "x"));
    assert_null(told(SUPPORT_NONE, "x"));
}

static void no_identity_leaves_inside_of_a_word(void **state) {
    (void)state;
    support_names_add(&r.names, bytes_of("Acme.example/night-box"));
    support_names_add_actor(&r.names, bytes_of("user:alice"));
    support_names_add_actor(&r.names, bytes_of("agent:coder"));
    assert_memory_equal(told(SUPPORT_WORD, "ALICE-tuned"), "text:t-", 7);
    assert_memory_equal(told(SUPPORT_WORD, "model-alice"), "text:t-", 7);
    assert_memory_equal(told(SUPPORT_WORD, "x.acme.note"), "text:t-", 7);
    assert_memory_equal(told(SUPPORT_PHRASE, "made by alice"), "text:t-", 7);
    assert_string_equal(told(SUPPORT_WORD, "malice"), "malice");
    assert_string_equal(told(SUPPORT_WORD, "coder-7b"), "coder-7b");
}

static void a_sentence_keeps_its_words_and_loses_its_names(void **state) {
    (void)state;
    r.names.sentences = true;
    support_names_add(&r.names, bytes_of("alice"));
    const char *text = told(SUPPORT_WORD, "2 answer, 'alice' at http://10.1.2.3 does not");
    assert_memory_equal(text, "2 answer, 'text:t-", 18);
    assert_non_null(strstr(text, "' at text:t-"));
    assert_non_null(strstr(text, " does not"));
    assert_null(strstr(text, "alice"));
}

static void a_subject_goes_by_its_first_word(void **state) {
    static const struct {
        const char *subject, *begins;
    } rows[] = {{"pack/pdf-ops", "pack/pdf-ops"}, {"event/118", "event/118"},  {"run/r-1", "run/r-"},
                {"ledger/a.b/c", "ledger/o-"},    {"thing/alice", "thing/n-"}, {"alice", "text:t-"},
                {"model//etc/x", "model/t-"}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        buf_init(&out, 256);
        support_subject(&r.names, bytes_of(rows[i].subject), &out);
        assert_true(bytes_has_prefix(bytes_of_buf(&out), rows[i].begins));
        buf_done(&out);
    }
}

/* ---- values ---- */

static void of_unknown_fields_only_numbers_truths_and_digests_are_told(void **state) {
    (void)state;
    assert_string_equal(told_of("{\"free\":\"text\",\"n\":5,\"t\":true,\"f\":0.5,\"nothing\":null,\"list\":[1,\"x\",2]}"),
                        "{\"f\":0.5,\"list\":[1,2],\"n\":5,\"nothing\":null,\"t\":true}");
    assert_int_equal(r.left_out, 2);
    assert_string_equal(told_of("{\"d\":\"sha256:6f5902ac237024bdd0c176cb93063dc4f9eb7f4d5d9a1b6e9e1e9a3c7d1c0b11\"}"),
                        "{\"d\":\"sha256:6f5902ac237024bdd0c176cb93063dc4f9eb7f4d5d9a1b6e9e1e9a3c7d1c0b11\"}");
    assert_string_equal(told_of("{\"/home/alice\":5,\"two words\":6}"), "");
}

static void maps_inside_go_by_their_own_names(void **state) {
    (void)state;
    assert_string_equal(told_of("{\"reasons\":[{\"count\":3,\"place\":\"line 7 of /home/x\",\"reason\":\"syntax\"}]}"),
                        "{\"reasons\":[{\"count\":3,\"reason\":\"syntax\"}]}");
    assert_string_equal(told_of("{\"counters\":{\"requests_total\":5,\"who\":null}}"),
                        "{\"counters\":{\"requests_total\":5,\"who\":null}}");
    assert_string_equal(told_of("{\"detail\":5,\"votes\":{\"alice\":1}}"), "");
}

static void digests_of_what_was_said_do_not_leave_and_digests_of_files_do(void **state) {
#define DIGEST "\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""
    (void)state;
    assert_string_equal(told_of("{\"arguments_digest\":" DIGEST ",\"output_digest\":" DIGEST ",\"prompt_digest\":" DIGEST
                                ",\"reporter\":" DIGEST ",\"result_digest\":" DIGEST "}"),
                        "");
    assert_string_equal(told_of("{\"manifest_digest\":" DIGEST "}"), "{\"manifest_digest\":" DIGEST "}");
}

/* ---- a whole report ---- */

static void a_secret_in_what_would_leave_stops_it(void **state) {
    struct support_options options = {.days = 1, .system = "Linux"};
    struct support_counts c = {0};
    uint8_t digest[LOG_HASH];
    uint64_t bytes;
    (void)state;
    box_start();
    box_event("model.observed", "model/planted", NULL, "{\"model\":\"planted\"}");
    uint64_t size = scratch_size(&s);
    int fd = memfd_create("report", MFD_CLOEXEC);
    assert_true(fd >= 0);
    must(support_plan(s.ledger, &options, NULL, &c, &why));
    assert_int_equal(c.secrets, 0);
    planted = true;
    must(support_plan(s.ledger, &options, NULL, &c, &why));
    assert_true(c.secrets >= 2);
    assert_string_equal(c.secret, "event 1 seems to hold a secret (test-rule)");
    int rc = support_write(s.ledger, &options, fd, &c, digest, &bytes, &why);
    planted = false;
    assert_int_equal(rc, ERR_INVALID);
    assert_non_null(strstr(why.msg, "nothing was written"));
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    must(support_write(s.ledger, &options, fd, &c, digest, &bytes, &why));
    assert_int_equal(lseek(fd, 0, SEEK_END), bytes);
    assert_int_equal(scratch_size(&s), size);
    close(fd);
    box_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_open_field_of_the_catalog_that_may_hold_text_has_its_row, start, finish),
        cmocka_unit_test_setup_teardown(every_column_of_the_states_that_holds_text_has_its_row, start, finish),
        cmocka_unit_test_setup_teardown(one_value_has_one_pseudonym_and_another_key_gives_another, start, finish),
        cmocka_unit_test_setup_teardown(a_pseudonym_is_the_mac_of_the_value, start, finish),
        cmocka_unit_test_setup_teardown(words_of_machines_stay_and_what_looks_like_a_place_does_not, start, finish),
        cmocka_unit_test_setup_teardown(no_identity_leaves_inside_of_a_word, start, finish),
        cmocka_unit_test_setup_teardown(a_sentence_keeps_its_words_and_loses_its_names, start, finish),
        cmocka_unit_test_setup_teardown(a_subject_goes_by_its_first_word, start, finish),
        cmocka_unit_test_setup_teardown(of_unknown_fields_only_numbers_truths_and_digests_are_told, start, finish),
        cmocka_unit_test_setup_teardown(maps_inside_go_by_their_own_names, start, finish),
        cmocka_unit_test_setup_teardown(digests_of_what_was_said_do_not_leave_and_digests_of_files_do, start, finish),
        cmocka_unit_test_setup_teardown(a_secret_in_what_would_leave_stops_it, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
