/* Settings are edited as text: random documents survive insertion and removal byte for byte, and the result has the old values and
 * ours. Bad documents are refused with their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/edit/json.h"
#include "base/edit/toml.h"
#include "base/json.h"
#include "capture/setup/insert.h"

static uint64_t seed = 1;

static unsigned random_below(unsigned n) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(seed >> 33) % n;
}

static const char *const blanks[] = {"", " ", "\n", "\t", "\r\n", "  \n    "};
static const char *const comments[] = {" // c\n", "/* {\" */", "\n// ,\n"};
static const char *const scalars[] = {"1", "-2.5e3", "true", "null", "\"\"", "\"a\\\"]}\"", "\"\\u00e9 // no\"", "\"{\""};

static void gap(struct buf *out, bool jsonc) {
    buf_put_str(out, blanks[random_below(6)]);
    if (jsonc && random_below(4) == 0) {
        buf_put_str(out, comments[random_below(3)]);
    }
}

static void random_value(struct buf *out, bool jsonc, unsigned depth, bool object) {
    unsigned n = random_below(4);
    bool list = !object && depth < 4 && random_below(3) == 0;
    object = object || (!list && depth < 4 && random_below(3) == 0);
    if (!object && !list) {
        buf_put_str(out, scalars[random_below(8)]);
        return;
    }
    buf_put_str(out, object ? "{" : "[");
    gap(out, jsonc);
    for (unsigned i = 0; i < n; i++) {
        if (object) {
            static const char *const own[] = {"hooks", "env", "telemetry"};
            bool fits = depth == 0 && i < 3 && random_below(3) == 0; /* an object in our place */
            fits ? buf_printf(out, "\"%s\"", own[i]) : buf_printf(out, "\"k%u\"", i);
            gap(out, jsonc);
            buf_put_str(out, ":");
            gap(out, jsonc);
            random_value(out, jsonc, depth + 1, fits);
        } else {
            random_value(out, jsonc, depth + 1, false);
        }
        gap(out, jsonc);
        if (i + 1 < n || (jsonc && random_below(3) == 0)) {
            buf_put_str(out, ",");
            gap(out, jsonc);
        }
    }
    buf_put_str(out, object ? "}" : "]");
}

static void random_toml(struct buf *out) {
    static const char *const lines[] = {"",
                                        "# hooks",
                                        "s = \"x # y\"",
                                        "l = [1, # c\n  {a = 'b'},\n]",
                                        "m = \"\"\"\n[[hooks.Stop]]\n\"\"\"",
                                        "[t.\"q.r\"]",
                                        "[[hooks.PreToolUse]]\nmatcher = \"Bash\"",
                                        "[[hooks.Stop.hooks]]\ncommand = 'mine'",
                                        "d = 1979-05-27 07:32:00Z",
                                        "f = -1.5e3"};
    const char *eol = random_below(2) ? "\n" : "\r\n";
    unsigned used = 0; /* names are defined once */
    for (unsigned i = 0, n = random_below(8); i < n; i++) {
        unsigned line = random_below(10);
        line = (used >> line & 1) != 0 && strncmp(lines[line], "[[", 2) != 0 ? 0 : line;
        used |= 1U << line;
        buf_printf(out, "%s%s", lines[line], i + 1 < n || random_below(2) ? eol : "");
    }
}

static const char *no_env(const char *name) {
    (void)name;
    return NULL;
}

static const char *const argv[] = {"/usr/bin/ledger", NULL};
static const struct setup_world world = {
    .env = no_env, .home = "/h", .root = "", .prefix = "/usr/bin/ledger", .argv = argv, .otlp = "127.0.0.1:4318"};

static struct setup_place place_of(const char *name) {
    struct setup_place place = {.agent = setup_agent_find(name)};
    place.form = place.agent->form;
    return place;
}

/* The value without our entries, as canonical bytes: comments gone. */
static void value_of(struct bytes text, struct buf *out) {
    struct buf plain = {.max = EDIT_TEXT_MAX};
    bool string = false;
    for (size_t i = 0; i < text.n; i++) {
        bool comment = !string && text.p[i] == '/';
        if (comment) {
            bool line = text.p[i + 1] == '/';
            for (i += 2; line ? i < text.n && text.p[i] != '\n' : text.p[i - 1] != '*' || text.p[i] != '/'; i++) {
            }
            continue;
        }
        if (string && text.p[i] == '\\') {
            buf_put_u8(&plain, text.p[i++]);
        } else if (text.p[i] == '"') {
            string = !string;
        } else if (!string && (text.p[i] == '}' || text.p[i] == ']')) {
            while (plain.n > 0 && strchr(" \t\r\n,", plain.p[plain.n - 1]) != NULL) {
                plain.n--;
            }
        }
        buf_put_u8(&plain, text.p[i]);
    }
    assert_int_equal(json_to_mp(bytes_of_buf(&plain), out, NULL), 0);
    buf_done(&plain);
}

static void check_round_trip(const struct setup_place *place, const struct buf *text, bool json) {
    static struct setup_record record;
    struct buf left = {.max = EDIT_TEXT_MAX}, was = {.max = EDIT_TEXT_MAX}, is = {.max = EDIT_TEXT_MAX};
    char note[SETUP_WHY_MAX];
    size_t ours, same;
    bool empty;
    struct err err = {0};
    memset(&record, 0, sizeof(record));
    assert_int_equal(edit_init(&record.edit, bytes_of_buf(text), NULL), 0);
    int rc = setup_insert(&world, place, &record, note, &err);
    if (rc != 0) fail_msg("%s: %.*s", err.msg, (int)text->n, (const char *)text->p);
    buf_put_bytes(&left, bytes_of_buf(&record.edit.text));
    assert_int_equal(setup_count(&world, place, bytes_of_buf(&left), &ours, &same, NULL), 0);
    size_t n = 0;
    while (place->agent->events[n] != NULL) {
        n++;
    }
    assert_int_equal(ours, n);
    assert_int_equal(same, n);
    assert_int_equal(edit_take_back(&record.edit, NULL), 0);
    assert_int_equal(record.edit.text.n, text->n);
    assert_memory_equal(record.edit.text.p, text->p, text->n);
    assert_int_equal(setup_withdraw(place, " ingest hook --lenient --actor agent:", &record, &left, &empty, NULL), 0);
    assert_int_equal(setup_count(&world, place, bytes_of_buf(&left), &ours, &same, NULL), 0);
    assert_int_equal(ours, 0);
    assert_int_equal(edit_find(bytes_of_buf(&left), 0, "--record"), SIZE_MAX);
    if (json) { /* without the places, too, the same values are left */
        value_of(bytes_of_buf(text), &was);
        value_of(bytes_of_buf(&left), &is);
        if (!bytes_eq(bytes_of_buf(&was), bytes_of_buf(&is))) {
            fail_msg("%.*s\n---\n%.*s", (int)text->n, (const char *)text->p, (int)left.n, (const char *)left.p);
        }
    }
    buf_done(&left);
    buf_done(&was);
    buf_done(&is);
    setup_record_done(&record);
}

static void random_settings_are_restored_byte_for_byte(void **state) {
    static const char *const names[] = {"claude-code", "gemini-cli", "codex"};
    (void)state;
    for (unsigned i = 0; i < 900; i++) {
        struct setup_place place = place_of(names[i % 3]);
        struct buf text = {.max = EDIT_TEXT_MAX};
        if (place.form == SETUP_TOML) {
            random_toml(&text);
        } else {
            gap(&text, place.form == SETUP_JSONC);
            random_value(&text, place.form == SETUP_JSONC, 0, true);
            gap(&text, place.form == SETUP_JSONC);
        }
        buf_put_u8(&text, 0); /* never NULL */
        text.n--;
        check_round_trip(&place, &text, place.form != SETUP_TOML);
        buf_done(&text);
    }
}

static void a_comment_stays_with_the_value_that_it_explains(void **state) {
    static const char *const path[] = {"b"};
    struct edit edit;
    size_t existed;
    (void)state;
    assert_int_equal(edit_init(&edit, bytes_of("{\n\t\"a\": 1 // why\n}\n"), NULL), 0);
    assert_int_equal(edit_json_put(&edit, EDIT_JSONC, path, 1, false, "[{}]", &existed, NULL), 0);
    static const char want[] = "{\n\t\"a\": 1, // why\n\t\"b\": [\n\t\t{}\n\t]\n}\n";
    assert_int_equal(edit.text.n, sizeof(want) - 1);
    assert_memory_equal(edit.text.p, want, sizeof(want) - 1);
    edit_done(&edit);
}

static void what_is_not_toml_is_refused_with_its_line(void **state) {
    static const struct {
        const char *text, *msg;
    } bad[] = {{"a", "line 1: an equals sign is missing"},
               {"\na =", "line 2: a value is missing, or is not one of TOML"},
               {"a = yes", "line 1: a value is missing, or is not one of TOML"},
               {"a = \"x", "line 1: a string that does not end"},
               {"a = \"\\q\"", "line 1: an unknown escape in a string"},
               {"a = \"\"\"x", "line 1: a string that does not end"},
               {"a = [1 2]", "line 1: a list that does not end, or a comma is missing in it"},
               {"a = {b = 1\n}", "line 1: an inline table that does not end on its line, or a comma is missing in it"},
               {"[a", "line 1: the head of a table does not end"},
               {"[[a]", "line 1: the head of a table does not end"},
               {"[]", "line 1: a name is missing"},
               {"= 1", "line 1: a name is missing"},
               {"a = 1 b = 2", "line 1: more on the line than one statement"},
               {"# \x01", "line 1: a control character in a comment"},
               {"a = 1\na = 2", "line 2: a name that is defined already"},
               {"[a]\nb = 1\n[ \"a\" ]", "line 3: a name that is defined already"},
               {"a.b = 1\n'a' . b = 2", "line 2: a name that is defined already"},
               {"a = 1\n[a.b]", "line 2: a name that is defined already"},
               {"[[a]]\n[a.b]\nc = 1\nc = 2", "line 4: a name that is defined already"},
               {"[a]\n[[a]]", "line 2: a name that is defined already"},
               {"a = '\xff'", "byte 5: it is not UTF-8"}};
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(edit_toml_check(bytes_of(bad[i].text), &err), ERR_INVALID);
        assert_string_equal(err.msg, bad[i].msg);
    }
}

static void names_in_different_places_are_different(void **state) {
    (void)state;
    assert_int_equal(edit_toml_check(bytes_of("a = 1\n[b]\na = 1\n[[c]]\na = 1\n[c.d]\na = 1\n[[c]]\na = 1\n[c.d]\na = 1\n"
                                              "[e.f]\n[e]\na.b = 1\na.c = 1\n[g.\"x.y\"]\n[g.x.y]\n"),
                                     NULL),
                     0);
}

static void deep_toml_is_refused(void **state) {
    char text[4096] = "a = ";
    (void)state;
    memset(text + 4, '[', sizeof(text) - 5);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(edit_toml_check(bytes_of(text), NULL), ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_settings_are_restored_byte_for_byte),
        cmocka_unit_test(a_comment_stays_with_the_value_that_it_explains),
        cmocka_unit_test(what_is_not_toml_is_refused_with_its_line),
        cmocka_unit_test(names_in_different_places_are_different),
        cmocka_unit_test(deep_toml_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
