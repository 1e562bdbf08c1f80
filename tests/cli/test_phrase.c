/* Words of other judges are taken apart and translated; in English they stay as they are, byte for byte. */
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

#include "cli/view/phrase.h"
#include "projections/ready/readiness.h"

/* The text as phrase_put gives it in this language, from a process of its own. */
static const char *in(const char *language, const char *english) {
    static char ret[4096];
    int fd[2], status = -1;
    size_t n = 0;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct buf out = {.max = sizeof(ret)};
        setenv("LANGUAGE", language, 1);
        phrase_put(bytes_of(english), &out);
        _exit(out.fail == 0 && write(fd[1], out.n > 0 ? (const char *)out.p : "", out.n) == (ssize_t)out.n ? 0 : 1);
    }
    close(fd[1]);
    for (ssize_t got; n < sizeof(ret) - 1 && (got = read(fd[0], ret + n, sizeof(ret) - 1 - n)) > 0;) {
        n += (size_t)got;
    }
    close(fd[0]);
    ret[n] = '\0';
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return ret;
}

static void a_reason_is_taken_apart_and_translated(void **state) {
    (void)state;
    assert_string_equal(in("de", "permission network.egress on '*.example.org' of tier T1 is not granted"),
                        "Berechtigung network.egress für '*.example.org', Stufe T1: nicht erteilt");
    assert_string_equal(in("de", "permission gpu is revoked by event 41; check 'tests' failed"),
                        "Berechtigung gpu: widerrufen mit Ereignis 41; Prüfung 'tests' ist gescheitert");
    assert_string_equal(in("de", "'summary': offline, nothing answers: connection refused"),
                        "'summary': offline, nichts antwortet: connection refused");
    assert_string_equal(in("de", "'summary': no eval: one is under way"), "'summary': keine Evaluation: eine läuft gerade");
    assert_string_equal(in("de", "no scores: nothing was scored"), "keine Scores: nichts wurde bewertet");
    assert_string_equal(in("de", "proven for sha256:aa, 'qwen3' is sha256:bb now"),
                        "nachgewiesen für sha256:aa, 'qwen3' ist jetzt sha256:bb");
    assert_string_equal(in("de", "it is older than the 60 seconds for which suite 's' lets it count"),
                        "älter, als Suite 's' gelten lässt (60 Sekunden)");
    assert_string_equal(in("de", "permission exec is granted only up to T1 (event 7)"),
                        "Berechtigung exec: nur bis T1 erteilt (Ereignis 7)");
    assert_string_equal(in("de", "granted without a tier, which reaches T0 (event 7)"),
                        "ohne Stufe erteilt, das reicht bis T0 (Ereignis 7)");
    assert_string_equal(in("de", "vllm says of itself: error"), "vllm meldet über sich selbst: Fehler");
    assert_string_equal(in("de", "no scores: x: disk-space: full"), "keine Scores: x: disk-space: voll");
    assert_string_equal(in("de", "3m ago"), "vor 3m");
}

static void the_form_follows_the_number(void **state) {
    (void)state;
    assert_string_equal(in("de", "the newest of dpkg refused 1 record"), "der neueste von dpkg hat 1 Datensatz abgelehnt");
    assert_string_equal(in("de", "the newest of dpkg refused 2 records"),
                        "der neueste von dpkg hat 2 Datensätze abgelehnt");
}

static void what_is_not_known_stays(void **state) {
    static const char *const texts[] = {"",
                                        ";",
                                        "; ",
                                        "x",
                                        "connection refused",
                                        "a is b",
                                        "{n}",
                                        "{",
                                        "}",
                                        "{words}",
                                        "the newest of dpkg refused many records",
                                        "granted by event x, of 'y'",
                                        "\x1b[31mred",
                                        "disk: OK",
                                        "a: b: c",
                                        "not granted;not granted"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_string_equal(in("de", texts[i]), texts[i]);
    }
}

/* Every text of the tables, its placeholders filled with something, alone and joined. */
static void in_english_nothing_changes(void **state) {
    (void)state;
    struct buf all = {.max = (size_t)256 << 10}, out = {.max = (size_t)256 << 10};
    static const char *const fillings[] = {"7", "x", "not granted", ""};
    for (size_t f = 0; f < sizeof(fillings) / sizeof(fillings[0]); f++) {
        for (size_t i = 1; i < READINESS_RULES + MESSAGES; i++) {
            const char *text = i < READINESS_RULES        ? readiness_rules[i].words
                               : i - READINESS_RULES == 0 ? ""
                                                          : messages[i - READINESS_RULES].text;
            size_t from = all.n;
            buf_put_str(&all, all.n > 0 ? "; " : "");
            for (; *text != '\0'; text++) {
                if (*text == '{' && strchr(text, '}') != NULL) {
                    buf_put_str(&all, fillings[f]);
                    text = strchr(text, '}');
                } else {
                    buf_put_u8(&all, (uint8_t)*text);
                }
            }
            phrase_put((struct bytes){all.p + from, all.n - from}, &out);
        }
    }
    assert_true(all.fail == 0 && out.fail == 0);
    assert_int_equal(all.n, out.n);
    assert_memory_equal(all.p, out.p, all.n);
    buf_clear(&out);
    phrase_put(bytes_of_buf(&all), &out);
    assert_int_equal(all.n, out.n);
    assert_memory_equal(all.p, out.p, all.n);
    buf_done(&out);
    buf_done(&all);
}

static void names_among_the_arguments_stay(void **state) {
    (void)state;
    struct buf room = {.max = 4096};
    struct message_arg args[] = {message_name("name", bytes_of("denied")), message_int("n", 3),
                                 message_words("why", bytes_of("denied by event 4"))};
    setenv("LANGUAGE", "de", 1);
    pid_t pid = fork();
    if (pid == 0) {
        phrase_args(args, 3, &room);
        _exit(bytes_is(args[0].text, "denied") && args[1].n == 3 && !args[1].is_text &&
                      bytes_is(args[2].text, "verweigert mit Ereignis 4")
                  ? 0
                  : 1);
    }
    int status = -1;
    unsetenv("LANGUAGE");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void) {
    char self[2048] = "", dir[2100];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_is_taken_apart_and_translated),
        cmocka_unit_test(the_form_follows_the_number),
        cmocka_unit_test(what_is_not_known_stays),
        cmocka_unit_test(names_among_the_arguments_stay),
        cmocka_unit_test(in_english_nothing_changes), /* last: it finds out the language of this process */
    };
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0) return 1;
    for (int up = 0; up < 3; up++) { /* tests/cli/test_phrase of the build */
        *strrchr(self, '/') = '\0';
    }
    snprintf(dir, sizeof(dir), "%s/locale", self);
    setenv("LEDGER_LOCALE_DIR", dir, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("LANGUAGE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
