/* The parts of a run that touch nothing: arguments with names in them, what a run is given, which permissions a step uses, which
 * route comes next. Random cases are checked against what must hold of all; the seed is printed, and LEDGER_TEST_SEED sets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "packs/manifest/load.h"
#include "packs/run/choice.h"
#include "packs/run/needs.h"
#include "packs/run/words.h"

#define ROUNDS 2000

static uint64_t seed;

static uint64_t pick(uint64_t n) { /* xorshift64* */
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (seed * UINT64_C(2685821657736338717) >> 33) % n;
}

static int begin(void **state) {
    const char *text = getenv("LEDGER_TEST_SEED");
    (void)state;
    seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    print_message("LEDGER_TEST_SEED=%llu\n", (unsigned long long)seed);
    seed |= 1;
    return 0;
}

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static int put_marked(void *ctx, struct bytes name, struct buf *out, struct err *err) {
    if (bytes_is(name, "none")) return err_set(err, ERR_INVALID, "there is no 'none'");
    buf_printf(out, "<%.*s%s>", (int)name.n, (const char *)name.p, ctx != NULL ? (const char *)ctx : "");
    return 0;
}

static void a_name_stands_for_what_it_is_given_and_two_dollars_for_one(void **state) {
    static const struct {
        const char *text, *is; /* NULL: it is refused */
    } cases[] = {{"", ""},
                 {"a", "a"},
                 {"${a}", "<a>"},
                 {"x${a}y${b-c}z", "x<a>y<b-c>z"},
                 {"$a $ {a}", "$a $ {a}"},
                 {"$${a}", "${a}"},
                 {"${a}${a}", "<a><a>"},
                 {"$", "$"},
                 {"${", NULL},
                 {"${}", NULL},
                 {"x${a", NULL},
                 {"${none}", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = {.max = 100};
        struct err err = {0};
        int rc = words_write(bytes_of(cases[i].text), put_marked, NULL, &out, &err);
        if (rc != (cases[i].is != NULL ? 0 : ERR_INVALID) || (rc == 0 && !bytes_is(bytes_of_buf(&out), cases[i].is))) {
            fail_msg("'%s': %d, '%.*s' %s", cases[i].text, rc, (int)out.n, out.n > 0 ? (const char *)out.p : "", err.msg);
        }
        assert_true(rc == 0 || err.msg[0] != '\0');
        buf_done(&out);
    }
}

/* Pieces of which the meaning is known, in a random order: the whole means what they mean one after the other. */
static void a_text_means_what_its_pieces_mean(void **state) {
    static const char *const pieces[][2] = {{"${a}", "<a>"},    {"$${", "${"},
                                            {"plain", "plain"}, {"}", "}"},
                                            {" ", " "},         {"${longer-name}", "<longer-name>"},
                                            {"$x", "$x"},       {"\xf0\x9f\x8e\x89", "\xf0\x9f\x8e\x89"}};
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct buf text = {.max = 1000}, want = {.max = 1000}, out = {.max = 1000};
        struct err err = {0};
        for (uint64_t n = pick(12); n > 0; n--) {
            size_t k = pick(sizeof(pieces) / sizeof(pieces[0]));
            buf_put_str(&text, pieces[k][0]);
            buf_put_str(&want, pieces[k][1]);
        }
        int rc = words_write(bytes_of_buf(&text), put_marked, NULL, &out, &err);
        if (rc != 0 || !bytes_eq(bytes_of_buf(&out), bytes_of_buf(&want))) {
            fail_msg("'%.*s' is '%.*s': %s", (int)text.n, (const char *)text.p, (int)out.n, (const char *)out.p, err.msg);
        }
        buf_done(&text);
        buf_done(&want);
        buf_done(&out);
    }
}

/* What a name stands for is one argument, whatever is in it, and is not read again. */
static void arguments_stay_where_they_are_and_one_each(void **state) {
    static const char hostile[] = " ${a} $(id) ; --flag\n\"'";
    struct words words;
    struct err err = {0};
    char want[64];
    (void)state;
    words_init(&words);
    for (int i = 0; i < 1000; i++) {
        snprintf(want, sizeof(want), "%d ${x}", i);
        assert_int_equal(words_expand(&words, bytes_of(want), put_marked, (void *)(uintptr_t)hostile, &err), 0);
    }
    assert_int_equal(words.n, 1000);
    assert_null(words.argv[1000]);
    for (int i = 0; i < 1000; i++) {
        snprintf(want, sizeof(want), "%d <x%s>", i, hostile);
        assert_string_equal(words.argv[i], want);
    }
    assert_int_equal(words_add(&words, (struct bytes){(const uint8_t *)"a\0b", 3}, &err), ERR_INVALID);
    struct buf large = {.max = 2 * WORDS_MAX};
    for (size_t i = 0; i <= WORDS_MAX; i++) {
        buf_put_u8(&large, 'x');
    }
    assert_int_equal(words_add(&words, bytes_of_buf(&large), &err), ERR_LIMIT);
    assert_int_equal(words.n, 1000);
    buf_done(&large);
    words_done(&words);
}

/* ---- what is given ---------------------------------------------------------------------------------------------------- */

static struct manifest_input inputs[] = {{.size_max = 5}, {0}, {0}, {0}};
static const char *const kinds[] = {"text", "number", "boolean", "file"};
static struct manifest_pack pack;

static void name_inputs(void) {
    pack.inputs.items = inputs;
    pack.inputs.n = 4;
    for (size_t i = 0; i < 4; i++) {
        inputs[i].name = inputs[i].type = bytes_of(kinds[i]);
    }
}

static int gives(const char *word, struct err *err) {
    struct given_list list;
    int workspace = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = given_read(&pack, &word, 1, workspace, &list, err);
    close(workspace);
    given_done(&list);
    return rc;
}

static void values_have_the_form_of_their_type(void **state) {
    static const char *const good[] = {"text=",          "text=a=b",  "text=gr\xc3\xbc", "number=0",
                                       "number=-0.5e+7", "number=12", "number=1E5",      "boolean=true",
                                       "boolean=false",  "file=a/b",  "file=/a"};
    static const struct {
        const char *word, *error;
    } bad[] = {{"text=123456", "has 6 bytes, expected at most 5"},
               {"text=\xff", "is not valid UTF-8"},
               {"number=", "is not a number"},
               {"number=01", "is not a number"},
               {"number=1.", "is not a number"},
               {"number=.5", "is not a number"},
               {"number=1e", "is not a number"},
               {"number=+1", "is not a number"},
               {"number=0x10", "is not a number"},
               {"number=nan", "is not a number"},
               {"number=1 ", "is not a number"},
               {"boolean=yes", "expected true or false"},
               {"boolean=TRUE", "expected true or false"},
               {"file=", "names no file"},
               {"file=./", "names no file"},
               {"file=../a", "has '..'"},
               {"file=a/../b", "has '..'"},
               {"fiel=a", "did you mean 'file'"},
               {"=a", "expected NAME=VALUE"},
               {"file", "expected NAME=VALUE"}};
    struct err err = {0};
    (void)state;
    name_inputs();
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (gives(good[i], &err) != 0) fail_msg("'%s': %s", good[i], err.msg);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int rc = gives(bad[i].word, &err);
        if (rc != ERR_INVALID || strstr(err.msg, bad[i].error) == NULL) fail_msg("'%s': %d %s", bad[i].word, rc, err.msg);
    }
}

/* A number is one for JSON's reader too, and the other way round. */
static void a_number_is_what_a_reader_of_numbers_takes_whole(void **state) {
    static const char letters[] = "0019.-+eE";
    (void)state;
    name_inputs();
    for (int round = 0; round < ROUNDS; round++) {
        char word[32] = "number=", *end = NULL;
        struct err err = {0};
        size_t n = 7 + pick(8);
        for (size_t i = 7; i < n; i++) {
            word[i] = letters[pick(sizeof(letters) - 1)];
        }
        if (gives(word, &err) == 0) {
            (void)strtod(word + 7, &end);
            if (*end != '\0') fail_msg("'%s' is no number", word);
        }
    }
}

/* However a path below the workspace is written, its scope is the same; and it never has what a scope must not have. */
static void a_path_has_one_scope_however_it_is_written(void **state) {
    static const char *const slashes[] = {"/", "//", "/./", "/.//./"};
    char here[FILE_PATH_MAX], text[3 * FILE_PATH_MAX], want[64], scope[FILE_PATH_MAX];
    int workspace = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)state;
    assert_non_null(getcwd(here, sizeof(here)));
    for (int round = 0; round < ROUNDS; round++) {
        struct err err = {0};
        bool absolute = pick(2) == 0;
        size_t n = (size_t)snprintf(text, sizeof(text), "%s", absolute ? here : pick(2) == 0 ? "./" : ""), w = 0;
        for (size_t part = 0, parts = 1 + pick(4); part < parts; part++) {
            const char *slash = part > 0 || absolute ? slashes[pick(4)] : "";
            unsigned name = (unsigned)pick(100);
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%sd%u", slash, name);
            w += (size_t)snprintf(want + w, sizeof(want) - w, "%sd%u", part > 0 ? "/" : "", name);
        }
        if (given_scope(workspace, text, scope, &err) != 0 || strcmp(scope, want) != 0) {
            fail_msg("'%s' is '%s', wanted '%s' %s", text, scope, want, err.msg);
        }
    }
    close(workspace);
}

/* ---- needs ------------------------------------------------------------------------------------------------------------ */

static void a_scope_is_bound_as_a_file_or_as_all_below_a_directory(void **state) {
    static const struct {
        const char *scope, *path; /* NULL: it is refused */
        bool tree;
    } cases[] = {{"a", "a", false},           {"/etc/hosts", "/etc/hosts", false},
                 {"inbox/**", "inbox", true}, {"/var/lib/x/**", "/var/lib/x", true},
                 {"inbox/*", "inbox", true},  {"**", NULL, false},
                 {"*", NULL, false},          {"/**", NULL, false},
                 {"", NULL, false},           {"inbox/*.pdf", NULL, false},
                 {"in*/a", NULL, false},      {"inbox**", NULL, false},
                 {"a?", NULL, false},         {"[ab]", NULL, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[FILE_PATH_MAX] = "";
        struct err err = {0};
        bool tree = false;
        int rc = needs_path(bytes_of(cases[i].scope), path, &tree, &err);
        bool as_wanted = cases[i].path == NULL ? rc == ERR_INVALID && strstr(err.msg, "DIR/**") != NULL
                                               : rc == 0 && strcmp(path, cases[i].path) == 0 && tree == cases[i].tree;
        if (!as_wanted) fail_msg("'%s': %d '%s' %d %s", cases[i].scope, rc, path, tree, err.msg);
    }
}

static const char many[] =
    "schema: foundry-pack/v0\n"
    "name: p\nversion: 1.0.0\nsummary: s\npublisher: example.org/p\n"
    "permissions:\n"
    "  - {group: exec, scope: wc, tier: T0, reason: r}\n"
    "  - {group: exec, scope: sleep, tier: T1, reason: r}\n"
    "  - {group: filesystem.read, scope: inbox/**, tier: T0, reason: r}\n"
    "  - {group: filesystem.write, scope: outbox/**, tier: T2, reason: r}\n"
    "  - {group: network.egress, scope: 'example.org:443', tier: T1, reason: r}\n"
    "  - {group: model.invoke, tier: T0, reason: r}\n"
    "routes:\n"
    "  - {name: count, role: tool, program: wc}\n"
    "  - {name: ask, role: model, model: tiny}\n"
    "inputs:\n"
    "  - {name: file, type: file}\n"
    "  - {name: same, type: file}\n"
    "steps:\n"
    "  - {id: plain, route: count}\n"
    "  - {id: reads, route: count, inputs: [file, same]}\n"
    "  - {id: much, route: count, inputs: [file], uses: [exec, filesystem.write, 'network.egress:example.org:443']}\n"
    "  - {id: asks, route: ask, inputs: [file]}\n";

/* "group scope tier what pattern" of each, a line each. */
static void needs_are(const struct manifest *m, size_t step, struct bytes model, const char *words[2], const char *want) {
    const struct manifest_step *s = &m->pack.steps.items[step];
    struct given_list list;
    struct needs *needs = calloc(1, sizeof(*needs));
    struct buf text = {.max = 4096};
    struct err err = {0};
    int workspace = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_non_null(needs);
    assert_int_equal(given_read(&m->pack, words, words[0] == NULL ? 0 : 2, workspace, &list, &err), 0);
    int rc = needs_read(&m->pack, s, manifest_route(&m->pack, s->route), model, &list, needs, &err);
    for (size_t i = 0; rc == 0 && i < needs->n; i++) {
        const struct need *n = &needs->list[i];
        buf_printf(&text, "%.*s %.*s %.*s%s\n", (int)n->group.n, (const char *)n->group.p, (int)n->scope.n,
                   (const char *)n->scope.p, (int)n->tier.n, (const char *)n->tier.p, n->pattern ? " pattern" : "");
    }
    if (rc != 0 || !bytes_is(bytes_of_buf(&text), want)) {
        fail_msg("step %zu: %d '%.*s' %s", step, rc, (int)text.n, (const char *)text.p, err.msg);
    }
    buf_done(&text);
    given_done(&list);
    close(workspace);
    free(needs);
}

static void a_step_needs_its_program_its_files_and_what_it_names(void **state) {
    const char *none[2] = {NULL}, *files[2] = {"file=inbox/a", "same=./inbox//a"};
    struct finding_list found = {0};
    struct manifest *m = NULL;
    struct err err = {0};
    (void)state;
    if (manifest_load_text(bytes_of(many), "pack.yaml", NULL, &found, &m, &err) != 0) fail_msg("%s", err.msg);
    needs_are(m, 0, (struct bytes){0}, none, "exec wc T0\n");
    needs_are(m, 1, (struct bytes){0}, files, "exec wc T0\nfilesystem.read inbox/a T0\n");
    needs_are(m, 2, (struct bytes){0}, files,
              "exec wc T0\nfilesystem.read inbox/a T0\nexec sleep T1\nfilesystem.write outbox/** T2 pattern\n"
              "network.egress example.org:443 T1\n");
    needs_are(m, 2, (struct bytes){0}, none,
              "exec wc T0\nexec sleep T1\nfilesystem.write outbox/** T2 pattern\nnetwork.egress example.org:443 T1\n");
    needs_are(m, 3, bytes_of("tiny"), files, "model.invoke tiny T0\nfilesystem.read inbox/a T0\n");
    finding_done(&found);
    manifest_free(m);
}

/* ---- choice ----------------------------------------------------------------------------------------------------------- */

/* Through any bars, in and out of a demo: what is next may serve, and what is between may not. */
static void the_next_route_is_the_first_that_may_serve(void **state) {
    struct choice *c = calloc(1, sizeof(*c));
    (void)state;
    assert_non_null(c);
    for (int round = 0; round < ROUNDS; round++) {
        size_t at = pick(ROUTE_CANDIDATES_MAX);
        c->is.n = 1 + pick(ROUTE_CANDIDATES_MAX);
        c->asked.demo = pick(2) == 0;
        for (size_t i = 0; i < c->is.n; i++) {
            snprintf(c->is.candidate[i].name, sizeof(c->is.candidate[i].name), "r%zu", i);
            c->is.candidate[i].bar = pick(3) == 0 ? ROUTE_FREE : (enum route_bar)pick(ROUTE_BARS);
        }
        size_t next = choice_next(c, at);
        for (size_t i = 0; i < c->is.n; i++) {
            enum route_bar bar = c->is.candidate[i].bar;
            bool may = bar == ROUTE_FREE || (bar == ROUTE_BAR_PROOF && c->asked.demo);
            assert_int_equal(choice_allows(c, bytes_of(c->is.candidate[i].name)), may);
            assert_true(i != next || may);
            assert_false(may && i > at && i < next);
        }
        assert_true(next == SIZE_MAX || next > at);
        assert_false(choice_allows(c, bytes_of("other")));
    }
    free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_stands_for_what_it_is_given_and_two_dollars_for_one),
        cmocka_unit_test(a_text_means_what_its_pieces_mean),
        cmocka_unit_test(arguments_stay_where_they_are_and_one_each),
        cmocka_unit_test(values_have_the_form_of_their_type),
        cmocka_unit_test(a_number_is_what_a_reader_of_numbers_takes_whole),
        cmocka_unit_test(a_path_has_one_scope_however_it_is_written),
        cmocka_unit_test(a_scope_is_bound_as_a_file_or_as_all_below_a_directory),
        cmocka_unit_test(a_step_needs_its_program_its_files_and_what_it_names),
        cmocka_unit_test(the_next_route_is_the_first_that_may_serve),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
