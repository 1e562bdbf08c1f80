/* The catalog itself: its rows are valid, look-ups find them, and the page for people agrees with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "ledger/kinds/kind.h"

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_word(const char *s) {
    return *s >= 'a' && *s <= 'z' && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

static size_t field_count(const struct kind *k) {
    return k->n_fields;
}

static const struct kind *kind_of(const char *name) {
    return kind_find(bytes_of(name));
}

/* ---- the rows ----------------------------------------------------------------------------------------------------- */

static void every_family_of_the_design_has_kinds(void **state) {
    static const char *const families[] = {
        "ledger", "runtime",   "install", "hardware", "model", "pack",   "permission", "route",   "run",
        "eval",   "promotion", "doctor",  "policy",   "plan",  "debate", "memory",     "adapter", "recovery",
        "lease",  "job",       "agent",   "peer",     "spec",  "setup",  "service",    "access",
    };
    size_t seen = 0;
    (void)state;
    for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
        size_t n = strlen(families[f]), kinds = 0;
        for (size_t i = 0; i < kind_count(); i++) {
            kinds += strncmp(kind_at(i)->name, families[f], n) == 0 && kind_at(i)->name[n] == '.';
        }
        assert_true(kinds > 0);
        seen += kinds;
    }
    assert_int_equal(seen, kind_count());
}

static void every_kind_has_a_name_of_its_own_in_two_parts(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        char name[64];
        assert_true(strlen(kind_at(i)->name) < sizeof(name));
        snprintf(name, sizeof(name), "%s", kind_at(i)->name);
        char *dot = strchr(name, '.');
        assert_non_null(dot);
        *dot = '\0';
        assert_true(is_word(name) && is_word(dot + 1));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(kind_at(i)->name, kind_at(j)->name);
        }
    }
}

static void every_kind_has_a_sentence_a_subject_and_a_schema(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind *k = kind_at(i);
        assert_true(k->help[0] >= 'A' && k->help[0] <= 'Z' && ends_with(k->help, "."));
        const char *slash = strchr(k->subject, '/');
        assert_true(slash != NULL && slash > k->subject && slash[1] == '<' && ends_with(k->subject, ">"));
        assert_true(k->schema >= 1);
        assert_true(field_count(k) >= 1 && field_count(k) <= 62);
    }
}

static void every_field_of_a_kind_has_a_name_of_its_own(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind *k = kind_at(i);
        for (size_t a = 0; a < k->n_fields; a++) {
            assert_true(is_word(k->fields[a].name));
            assert_string_not_equal(k->fields[a].name, "at");
            assert_string_not_equal(k->fields[a].name, "at_text");
            for (size_t b = 0; b < a; b++) {
                assert_string_not_equal(k->fields[a].name, k->fields[b].name);
            }
        }
    }
}

static void every_field_has_a_phrase_and_sound_flags(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        for (size_t a = 0; a < kind_at(i)->n_fields; a++) {
            const struct kind_field *f = &kind_at(i)->fields[a];
            assert_true(f->help[0] != '\0');
            assert_true(!ends_with(f->help, ".") || ends_with(f->help, "..."));
            assert_true(!(f->flags & KIND_INDEXED) || (f->flags & KIND_OPEN));
            assert_true(!(f->flags & KIND_DECIDES) || (f->flags & KIND_OPEN));
            assert_true(!(f->flags & KIND_EXACT) || (f->flags & KIND_DECIDES));
            assert_true(!(f->flags & KIND_CLOSES) || (f->flags & KIND_REQUIRED));
            assert_int_equal(f->flags & ~(unsigned)(KIND_REQUIRED | KIND_OPEN | KIND_INDEXED | KIND_DECIDES | KIND_EXACT |
                                                    KIND_CLOSES | KIND_APART | KIND_ID | KIND_SIGNED),
                             0);
            assert_non_null(kind_type_name(f->type));
        }
    }
}

/* Values are separated by '|', and shown in one message. */
static void fixed_words_are_sound(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        for (size_t a = 0; a < kind_at(i)->n_fields; a++) {
            const struct kind_field *f = &kind_at(i)->fields[a];
            if (f->values == NULL) continue;
            assert_int_equal(f->type, KIND_STR);
            assert_true(f->flags & KIND_OPEN); /* a refused value is shown */
            assert_true(strlen(f->values) < 200 && strchr(f->values, '|') != NULL);
            assert_true(f->values[0] != '|' && !ends_with(f->values, "|") && strstr(f->values, "||") == NULL);
        }
    }
}

/* kind_sort does not ask about the names that the catalog knows. */
static void no_name_in_the_catalog_says_that_its_value_is_a_secret(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        for (size_t a = 0; a < kind_at(i)->n_fields; a++) {
            assert_false(secret_field_name(bytes_of(kind_at(i)->fields[a].name)));
        }
    }
}

/* The same word has the same type everywhere, so that a query over several kinds makes sense. */
static void indexed_fields_of_one_name_have_one_type(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        for (size_t a = 0; a < kind_at(i)->n_fields; a++) {
            const struct kind_field *f = &kind_at(i)->fields[a];
            for (size_t j = 0; j < i && f->flags & KIND_INDEXED; j++) {
                const struct kind_field *g = kind_field_find(kind_at(j), bytes_of(f->name));
                if (g != NULL && g->flags & KIND_INDEXED && g->type != f->type) {
                    fail_msg("'%s' has two types: in %s and %s", f->name, kind_at(i)->name, kind_at(j)->name);
                }
            }
        }
    }
}

/* ---- lookups ------------------------------------------------------------------------------------------------------ */

static void every_kind_and_field_is_found_by_its_name(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind *k = kind_at(i);
        assert_ptr_equal(kind_find(bytes_of(k->name)), k);
        for (size_t a = 0; a < k->n_fields; a++) {
            assert_ptr_equal(kind_field_find(k, bytes_of(k->fields[a].name)), &k->fields[a]);
        }
    }
}

static bool is_kind(struct bytes name) {
    for (size_t i = 0; i < kind_count(); i++) {
        if (bytes_is(name, kind_at(i)->name)) return true;
    }
    return false;
}

static void a_kinds_name_counts_to_its_last_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        char name[128];
        size_t n = strlen(kind_at(i)->name);
        assert_true(n + 1 < sizeof(name));
        for (size_t at = 0; at <= n; at++) {
            static const char others[] = {'q', 's', '.', '\0'};
            for (size_t k = 0; k < sizeof(others); k++) {
                memcpy(name, kind_at(i)->name, n + 1);
                name[at] = others[k];
                struct bytes other = {(uint8_t *)name, at < n ? n : n + 1}, cut = {(uint8_t *)name, at};
                assert_int_equal(kind_find(other) != NULL, is_kind(other));
                assert_int_equal(kind_find(cut) != NULL, is_kind(cut));
            }
        }
    }
}

static void names_that_are_not_there_are_not_found(void **state) {
    const struct kind *granted = kind_of("permission.granted");
    (void)state;
    assert_non_null(granted);
    assert_null(kind_of(""));
    assert_null(kind_of("permission.grante"));
    assert_null(kind_of("permission.grantedd"));
    assert_null(kind_of("zzz"));
    assert_null(kind_of("x.acme.thing"));
    assert_null(kind_field_find(granted, bytes_of("")));
    assert_null(kind_field_find(granted, bytes_of("grou")));
    assert_null(kind_field_find(granted, bytes_of("prompt")));
    assert_null(kind_field_find(NULL, bytes_of("group")));
}

static void every_kind_and_the_custom_ones_have_at_and_at_text_open(void **state) {
    (void)state;
    for (size_t i = 0; i <= kind_count(); i++) {
        const struct kind *k = i == kind_count() ? NULL : kind_at(i);
        const struct kind_field *at = kind_field_find(k, bytes_of("at"));
        const struct kind_field *text = kind_field_find(k, bytes_of("at_text"));
        assert_true(at != NULL && at->type == KIND_TIME && at->flags == KIND_OPEN);
        assert_true(text != NULL && text->type == KIND_STR && text->flags == KIND_OPEN);
    }
}

static void custom_kinds_have_three_parts_or_more(void **state) {
    static const struct {
        const char *name;
        bool is;
    } cases[] = {
        {"x.acme.thing", true},
        {"x.acme.thing.more", true},
        {"x.a.b", true},
        {"x.a_1.b_2", true},
        {"x.acme", false},
        {"x.", false},
        {"x", false},
        {"", false},
        {"x..thing", false},
        {"x.acme.", false},
        {"x.acme..thing", false},
        {"x.Acme.thing", false},
        {"x.acme.the-thing", false},
        {"y.acme.thing", false},
        {"x.acme.th ing", false},
        {"x.acme.th\xc3\xb6", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(kind_is_custom(bytes_of(cases[i].name)), cases[i].is);
    }
}

static void a_near_name_is_suggested_and_a_far_one_is_not(void **state) {
    static const char *const near[][2] = {
        {"rout.decided", "route.decided"},      {"route.decide", "route.decided"},
        {"run.model_call", "run.model_called"}, {"permision.granted", "permission.granted"},
        {"pack.instaled", "pack.installed"},    {"Route.decided", "route.decided"},
        {"eval.score", "eval.scored"},          {"run.toolcalled", "run.tool_called"},
    };
    static const char *const far[] = {"", "x", "ru", "something.else", "route", "....", "promotion.of_the_year"};
    (void)state;
    for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
        assert_string_equal(kind_suggest(bytes_of(near[i][0])), near[i][1]);
    }
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        assert_null(kind_suggest(bytes_of(far[i])));
    }
    assert_null(kind_suggest((struct bytes){(const uint8_t *)"rout\0.decided", 13}));
}

/* ---- fields that other code relies on ----------------------------------------------------------------------------- */

static void the_vectors_fields_are_in_the_catalog(void **state) {
    static const struct {
        const char *kind, *field;
        enum kind_type type;
        bool open;
    } cases[] = {
        {"ledger.created", "origin", KIND_STR, true},       {"ledger.created", "format", KIND_INT, true},
        {"ledger.created", "log_vkey", KIND_VKEY, true},    {"ledger.created", "epoch_vkey", KIND_VKEY, true},
        {"permission.granted", "group", KIND_STR, true},    {"permission.granted", "scope", KIND_STR, true},
        {"permission.granted", "tier", KIND_STR, true},     {"permission.granted", "expires", KIND_TIME, true},
        {"permission.granted", "note", KIND_STR, false},    {"run.model_called", "model", KIND_STR, true},
        {"run.model_called", "digest", KIND_DIGEST, true},  {"run.model_called", "tokens_in", KIND_INT, true},
        {"run.model_called", "tokens_out", KIND_INT, true}, {"run.model_called", "latency_ms", KIND_NUM, true},
        {"run.model_called", "ok", KIND_BOOL, true},        {"run.model_called", "prompt", KIND_STR, false},
        {"run.model_called", "output", KIND_STR, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct kind_field *f = kind_field_find(kind_of(cases[i].kind), bytes_of(cases[i].field));
        assert_non_null(f);
        assert_int_equal(f->type, cases[i].type);
        assert_int_equal((f->flags & KIND_OPEN) != 0, cases[i].open);
    }
}

static void the_document_is_what_the_catalog_says(void **state) {
    struct buf doc, file;
    struct err err = {0};
    (void)state;
    buf_init(&doc, 4 << 20);
    buf_init(&file, 4 << 20);
    assert_int_equal(kind_doc(&doc), 0);
    assert_int_equal(file_read("docs/kinds.md", &file, &err), 0);
    if (!bytes_eq(bytes_of_buf(&doc), bytes_of_buf(&file))) {
        fail_msg("docs/kinds.md is not what `ledger kinds --markdown` prints");
    }
    for (size_t i = 0; i < kind_count(); i++) {
        char head[96];
        snprintf(head, sizeof(head), "\n### %s\n", kind_at(i)->name);
        assert_non_null(memmem(doc.p, doc.n, head, strlen(head)));
    }
    buf_done(&doc);
    buf_done(&file);
}

static void a_document_that_does_not_fit_says_so(void **state) {
    struct buf doc;
    (void)state;
    buf_init(&doc, 1000);
    assert_int_equal(kind_doc(&doc), ERR_LIMIT);
    buf_done(&doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_of_the_design_has_kinds),
        cmocka_unit_test(every_kind_has_a_name_of_its_own_in_two_parts),
        cmocka_unit_test(every_kind_has_a_sentence_a_subject_and_a_schema),
        cmocka_unit_test(every_field_of_a_kind_has_a_name_of_its_own),
        cmocka_unit_test(every_field_has_a_phrase_and_sound_flags),
        cmocka_unit_test(fixed_words_are_sound),
        cmocka_unit_test(no_name_in_the_catalog_says_that_its_value_is_a_secret),
        cmocka_unit_test(indexed_fields_of_one_name_have_one_type),
        cmocka_unit_test(every_kind_and_field_is_found_by_its_name),
        cmocka_unit_test(a_kinds_name_counts_to_its_last_byte),
        cmocka_unit_test(names_that_are_not_there_are_not_found),
        cmocka_unit_test(every_kind_and_the_custom_ones_have_at_and_at_text_open),
        cmocka_unit_test(custom_kinds_have_three_parts_or_more),
        cmocka_unit_test(a_near_name_is_suggested_and_a_far_one_is_not),
        cmocka_unit_test(the_vectors_fields_are_in_the_catalog),
        cmocka_unit_test(the_document_is_what_the_catalog_says),
        cmocka_unit_test(a_document_that_does_not_fit_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
