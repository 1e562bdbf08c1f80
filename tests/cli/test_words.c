/* Texts in the reader's language: which environment gives which language, and what stays as it is. Each question is asked in
 * a process of its own, because the language is found out once. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "cli/print/words.h"
#include "tests/ledger/scratch.h"

#define SINCE "seit l\xc3\xa4ngerem"
#define CHECK                                                                                                              \
    "{n} Pr\xc3\xbc"                                                                                                       \
    "fung"
#define CHECKS                                                                                                             \
    "{n} Pr\xc3\xbc"                                                                                                       \
    "fungen"
#define TEXT(s)                                                                                                            \
    { (const uint8_t *)(s), sizeof(s) - 1 }

static char dir[300]; /* of the catalogues: a German one */

/* Writes a catalogue, as GNU gettext's manual defines its bytes: a header of seven numbers, then for each text its length
 * and offset, in the order of the texts, then the same for their translations. */
static void write_catalogue(const char *path) {
    static const struct bytes pairs[][2] = {
        {TEXT(""), TEXT("Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n != 1;\n")},
        {TEXT("since"), TEXT(SINCE)},
        {TEXT("{n} check\0{n} checks"), TEXT(CHECK "\0" CHECKS)},
    };
    const uint32_t n = sizeof(pairs) / sizeof(pairs[0]);
    uint8_t raw[1024] = {0};
    uint32_t head[7] = {0x950412de, 0, n, 28, 28 + 8 * n, 0, 28 + 16 * n}, at = 28 + 16 * n;
    memcpy(raw, head, sizeof(head));
    for (uint32_t side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < n; i++) {
            const struct bytes text = pairs[i][side];
            uint32_t place[2] = {(uint32_t)text.n, at};
            memcpy(raw + head[3 + side] + 8 * i, place, sizeof(place));
            memcpy(raw + at, text.p, text.n);
            at += (uint32_t)text.n + 1;
        }
    }
    scratch_write(path, (struct bytes){raw, at});
}

static int set_up(void **state) {
    char path[400];
    (void)state;
    snprintf(dir, sizeof(dir), "%.200s/words-XXXXXX", scratch_tmp());
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/de/LC_MESSAGES", dir);
    must(file_make_dirs(path, &why));
    snprintf(path, sizeof(path), "%s/de/LC_MESSAGES/ledger.mo", dir);
    write_catalogue(path);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    must(file_remove_tree(dir, &why));
    return 0;
}

static bool in_german(void) {
    return strcmp(words("since"), SINCE) == 0 && strcmp(words_n("{n} check", "{n} checks", 1), CHECK) == 0 &&
           strcmp(words_n("{n} check", "{n} checks", 2), CHECKS) == 0 &&
           strcmp(words_n("{n} check", "{n} checks", 0), CHECKS) == 0;
}

static bool in_english(void) {
    return strcmp(words("since"), "since") == 0 && strcmp(words_n("{n} check", "{n} checks", 1), "{n} check") == 0 &&
           strcmp(words_n("{n} check", "{n} checks", 2), "{n} checks") == 0 &&
           strcmp(words_n("{n} check", "{n} checks", 0), "{n} checks") == 0;
}

static bool without_translation(void) {
    return strcmp(words(""), "") == 0 && strcmp(words("before"), "before") == 0 && strcmp(words_n("", "", 2), "") == 0;
}

static bool own_locale_is_kept(void) {
    return in_german() && strcmp(setlocale(LC_ALL, NULL), "C") == 0 &&
           strcmp(strerror(2), "No such file or directory") == 0 && uselocale((locale_t)0) == LC_GLOBAL_LOCALE &&
           strtod("1.5", NULL) > 1.4;
}

/* Is it so under this LC_ALL, LANG and LANGUAGE? NULL: not set. */
static bool under(const char *all, const char *lang, const char *language, const char *catalogues, bool (*is)(void)) {
    const char *const given[][2] = {
        {"LC_ALL", all}, {"LC_MESSAGES", NULL}, {"LANG", lang}, {"LANGUAGE", language}, {"LEDGER_LOCALE_DIR", catalogues}};
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
            if (given[i][1]) {
                setenv(given[i][0], given[i][1], 1);
            } else {
                unsetenv(given[i][0]);
            }
        }
        _exit(is() ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void language_is_that_of_the_environment(void **state) {
    (void)state;
    assert_true(under("C.UTF-8", NULL, "de", dir, in_german));
    assert_true(under(NULL, "C.UTF-8", "de", dir, in_german));
    assert_true(under("C.UTF-8", NULL, "de_AT", dir, in_german));
    assert_true(under("C.UTF-8", NULL, "xx:de", dir, in_german));
    assert_true(under("C.UTF-8", "de_DE.UTF-8", NULL, dir, in_english));
    assert_true(under("C.UTF-8", NULL, NULL, dir, in_english));
    assert_true(under("C.UTF-8", NULL, "xx", dir, in_english));
}

static void the_c_locale_is_english_whatever_language_is_named(void **state) {
    (void)state;
    assert_true(under("C", NULL, "de", dir, in_english));
    assert_true(under("POSIX", NULL, "de", dir, in_english));
    assert_true(under(NULL, NULL, "de", dir, in_english));
}

static void a_locale_that_is_not_installed_is_english_or_the_named_language(void **state) {
    (void)state;
    assert_true(under("xx_YY.UTF-8", NULL, NULL, dir, in_english));
    assert_true(under(NULL, "xx_YY.UTF-8", "de", dir, in_german));
}

static void a_german_locale_is_german_where_it_is_installed(void **state) {
    (void)state;
    locale_t german = newlocale(LC_MESSAGES_MASK, "de_DE.UTF-8", (locale_t)0);
    if (german == (locale_t)0) {
        skip();
    }
    freelocale(german);
    assert_true(under(NULL, "de_DE.UTF-8", NULL, dir, in_german));
    assert_true(under("de_DE.UTF-8", NULL, NULL, dir, in_german));
    assert_true(under("de_DE.UTF-8", NULL, "en", dir, in_english));
}

static void without_a_catalogue_texts_are_english(void **state) {
    (void)state;
    assert_true(under("C.UTF-8", NULL, "de", "/nonexistent", in_english));
    assert_true(under("C.UTF-8", NULL, "de", NULL, in_english)); /* none is beside this program */
}

static void a_text_without_a_translation_is_itself(void **state) {
    (void)state;
    assert_true(under("C.UTF-8", NULL, "de", dir, without_translation));
}

static void numbers_and_system_errors_keep_their_form(void **state) {
    (void)state;
    assert_true(under("C.UTF-8", NULL, "de", dir, own_locale_is_kept));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(language_is_that_of_the_environment),
        cmocka_unit_test(the_c_locale_is_english_whatever_language_is_named),
        cmocka_unit_test(a_locale_that_is_not_installed_is_english_or_the_named_language),
        cmocka_unit_test(a_german_locale_is_german_where_it_is_installed),
        cmocka_unit_test(without_a_catalogue_texts_are_english),
        cmocka_unit_test(a_text_without_a_translation_is_itself),
        cmocka_unit_test(numbers_and_system_errors_keep_their_form),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
