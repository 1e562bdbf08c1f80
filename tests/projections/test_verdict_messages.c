/* What the doctor says: ids, texts, arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mp.h"
#include "projections/ready/readiness.h"
#include "projections/verdict/messages.h"

static char *filled(const char *text, const struct message_arg *args, size_t n) {
    static char words[512];
    struct buf out = {.max = 4096};
    message_fill(text, args, n, &out);
    snprintf(words, sizeof(words), "%.*s", (int)out.n, out.n > 0 ? (const char *)out.p : "");
    buf_done(&out);
    return words;
}

static void every_message_has_an_id_of_its_own(void **state) {
    (void)state;
    for (size_t i = MESSAGE_NONE + 1; i < MESSAGES; i++) {
        struct message found;
        assert_true(message_find(bytes_of(messages[i].id), &found));
        assert_ptr_equal(found.text, messages[i].text);
        for (const char *p = messages[i].id; *p != '\0'; p++) {
            assert_true((*p >= 'a' && *p <= 'z') || *p == '.' || *p == '-');
        }
    }
    struct message none = {.id = "x"};
    assert_false(message_find(bytes_of(""), &none));
    assert_false(message_find(bytes_of("runtime"), &none));
    assert_string_equal(none.id, "x");
}

static void a_message_with_a_count_has_two_texts(void **state) {
    (void)state;
    for (size_t i = MESSAGE_NONE + 1; i < MESSAGES; i++) {
        assert_int_equal(messages[i].count != NULL, messages[i].one != NULL);
        if (messages[i].count != NULL) {
            char place[40];
            snprintf(place, sizeof(place), "{%s}", messages[i].count);
            assert_non_null(strstr(messages[i].text, place));
        }
    }
    const struct message_arg one = message_int("n", 1), none = message_int("n", 0), text = message_name("n", bytes_of("1"));
    const struct message *m = &messages[MESSAGE_IMPORTS_WHOLE];
    assert_string_equal(filled(message_text(m, &one, 1), &one, 1), "the newest of 1 source was whole");
    assert_string_equal(filled(message_text(m, &none, 1), &none, 1), "the newest of 0 sources were whole");
    assert_ptr_equal(message_text(m, &text, 1), m->text);
}

static void arguments_are_put_where_they_are_named_and_are_not_read_themselves(void **state) {
    (void)state;
    const struct message_arg args[] = {message_name("a", bytes_of("{b} %s")), message_int("b", -3)};
    assert_string_equal(filled("{b}: {a}, {c} {", args, 2), "-3: {b} %s, {c} {");
}

static void a_long_argument_is_cut_in_whole_characters(void **state) {
    char text[200];
    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i += 2) {
        text[i] = (char)0xc3;
        text[i + 1] = (char)0xa4;
    }
    text[198] = '\0';
    assert_int_equal(message_name("a", bytes_of(text)).text.n, 120);
    assert_int_equal(message_name("a", bytes_of(text + 2)).text.n, 120);
    text[0] = 'x';
    text[1] = 'y';
    memmove(text, text + 1, sizeof(text) - 1);
    assert_int_equal(message_name("a", bytes_of(text)).text.n, 119);
    assert_int_equal(message_words("a", bytes_of(text)).text.n, 197);
}

static void a_message_is_a_canonical_map_and_is_read_back(void **state) {
    const struct message_arg args[] = {message_name("runtime", bytes_of("ollama")),
                                       message_name("endpoint", bytes_of("http://a")),
                                       message_words("error", bytes_of("refused")), message_int("n", 7)};
    struct message_arg got[MESSAGE_ARGS_MAX];
    char names[MESSAGE_ARGS_MAX][32];
    struct buf out = {.max = 4096};
    (void)state;
    message_put(&messages[MESSAGE_RUNTIME_SILENT], args, 4, &out);
    assert_int_equal(mp_check(bytes_of_buf(&out), NULL), 0);
    assert_true(bytes_is(mp_get_text(bytes_of_buf(&out), "id"), "runtime.silent"));
    assert_true(bytes_is(mp_get_text(bytes_of_buf(&out), "words"), "ollama at http://a does not answer: refused"));
    assert_int_equal(message_args(bytes_of_buf(&out), names, got), 3); /* it does not use `n` */
    assert_string_equal(got[0].name, "endpoint");
    assert_string_equal(filled(messages[MESSAGE_RUNTIME_SILENT].text, got, 3),
                        "ollama at http://a does not answer: refused");
    for (size_t i = 0; i < out.n; i++) { /* cut short, it has fewer, and nothing else happens */
        assert_true(message_args((struct bytes){out.p, i}, names, got) <= 3);
    }
    buf_clear(&out);
    message_put(&messages[MESSAGE_IMPORTS_WHOLE], &args[3], 1, &out);
    assert_int_equal(message_args(bytes_of_buf(&out), names, got), 1);
    assert_int_equal(got[0].n, 7);
    buf_done(&out);
    assert_int_equal(message_args(bytes_of("x"), names, got), 0);
}

static void a_rule_of_readiness_is_a_message(void **state) {
    struct message found;
    (void)state;
    assert_true(message_find(bytes_of("ready.need.check-never"), &found));
    assert_ptr_equal(found.text, readiness_rules[READINESS_NEED_CHECK_NEVER].words);
    assert_null(found.count);
    assert_false(message_find(bytes_of("ready."), &found));
    assert_false(message_find(bytes_of("ready.need"), &found));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_has_an_id_of_its_own),
        cmocka_unit_test(a_message_with_a_count_has_two_texts),
        cmocka_unit_test(arguments_are_put_where_they_are_named_and_are_not_read_themselves),
        cmocka_unit_test(a_long_argument_is_cut_in_whole_characters),
        cmocka_unit_test(a_message_is_a_canonical_map_and_is_read_back),
        cmocka_unit_test(a_rule_of_readiness_is_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
