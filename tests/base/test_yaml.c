/* The YAML door: what is read, where it is said to be, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/yaml/yaml.h"

/* The faults of a text, one per line. */
static void put_fault(void *ctx, struct yaml_place at, const char *what) {
    buf_printf(ctx, "%u:%u %s\n", at.line, at.column, what);
}

static struct yaml *read_good(const char *text) {
    struct buf faults = {.max = 65536};
    struct err err = {0};
    struct yaml *yaml = NULL;
    int rc = yaml_read(bytes_of(text), put_fault, &faults, &yaml, &err);
    if (rc != 0) print_error("%s%.*s\n", err.msg, (int)faults.n, (const char *)faults.p);
    assert_int_equal(rc, 0);
    assert_int_equal(faults.n, 0);
    return yaml;
}

static void expect_faults_of(struct bytes text, const char *expected) {
    struct buf faults = {.max = 1 << 20};
    struct err err = {0};
    struct yaml *yaml = NULL;
    assert_int_equal(yaml_read(text, put_fault, &faults, &yaml, &err), ERR_INVALID);
    assert_null(yaml);
    buf_put_u8(&faults, 0);
    assert_string_equal((const char *)faults.p, expected);
    buf_done(&faults);
}

static void expect_faults(const char *text, const char *expected) {
    expect_faults_of(bytes_of(text), expected);
}

static void plain_scalars_are_read_by_the_core_schema(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum yaml_type type;
        double value;
    } cases[] = {
        {"null", YAML_NULL, 0},
        {"~", YAML_NULL, 0},
        {"NULL", YAML_NULL, 0},
        {"nULL", YAML_TEXT, 0},
        {"true", YAML_BOOL, 1},
        {"False", YAML_BOOL, 0},
        {"tRUE", YAML_TEXT, 0},
        {"yes", YAML_TEXT, 0},
        {"no", YAML_TEXT, 0},
        {"on", YAML_TEXT, 0},
        {"off", YAML_TEXT, 0},
        {"y", YAML_TEXT, 0},
        {"0", YAML_INT, 0},
        {"-7", YAML_INT, -7},
        {"+7", YAML_INT, 7},
        {"010", YAML_INT, 10},
        {"0o17", YAML_INT, 15},
        {"0x1F", YAML_INT, 31},
        {"0o8", YAML_TEXT, 0},
        {"0x", YAML_TEXT, 0},
        {"0b11", YAML_TEXT, 0},
        {"1_000", YAML_TEXT, 0},
        {"1.5", YAML_FLOAT, 1.5},
        {".5", YAML_FLOAT, 0.5},
        {"1.", YAML_FLOAT, 1},
        {"1e3", YAML_FLOAT, 1000},
        {"1e", YAML_TEXT, 0},
        {".", YAML_TEXT, 0},
        {"1.10", YAML_FLOAT, 1.1},
        {"1.2.3", YAML_TEXT, 0},
        {"12:30:45", YAML_TEXT, 0},
        {"2026-11-20", YAML_TEXT, 0},
        {"0x1p3", YAML_TEXT, 0},
        {"nan", YAML_TEXT, 0},
        {"-", YAML_LIST, 0},
        {"9223372036854775807", YAML_INT, 9.2233720368547758e18},
        {"9223372036854775808", YAML_FLOAT, 9.2233720368547758e18},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct yaml *yaml = read_good(cases[i].text);
        const struct yaml_node *root = yaml_root(yaml);
        if (root->type != cases[i].type) print_error("%s is %s\n", cases[i].text, yaml_type_name(root->type));
        assert_int_equal(root->type, cases[i].type);
        if (root->type == YAML_BOOL) assert_int_equal(root->boolean, (int)cases[i].value);
        if (root->type == YAML_INT || root->type == YAML_FLOAT) {
            assert_true(root->real - cases[i].value < 1e-9 && cases[i].value - root->real < 1e-9);
        }
        if (root->type != YAML_LIST) assert_true(bytes_is(root->text, cases[i].text));
        yaml_free(yaml);
    }
}

static void quoted_scalars_are_text(void **state) {
    (void)state;
    struct yaml *yaml = read_good("a: 'true'\nb: \"1\"\nc: |\n  12\n  null\nd: >-\n  one\n  two\n");
    const struct yaml_node *root = yaml_root(yaml);
    static const char *const keys[] = {"a", "b", "c", "d"}, *const texts[] = {"true", "1", "12\nnull\n", "one two"};
    for (size_t i = 0; i < 4; i++) {
        const struct yaml_node *node = yaml_get(root, keys[i]);
        assert_int_equal(node->type, YAML_TEXT);
        assert_false(node->plain);
        assert_true(bytes_is(node->text, texts[i]));
        assert_int_equal(node->text.p[node->text.n], 0);
    }
    yaml_free(yaml);
}

static void every_node_knows_its_line_and_column(void **state) {
    (void)state;
    struct yaml *yaml = read_good("# a remark\nname: x\nlist:\n  - {k\xc3\xa9y: 1, \xc3\xa9: [2]}\n  - z\n");
    const struct yaml_node *list = yaml_get(yaml_root(yaml), "list"), *map = list->first;
    assert_int_equal(yaml_get(yaml_root(yaml), "name")->at.line, 2);
    assert_int_equal(yaml_get(yaml_root(yaml), "name")->at.column, 7);
    assert_int_equal(list->key_at.line, 3);
    assert_int_equal(list->n, 2);
    assert_int_equal(map->at.line, 4);
    assert_int_equal(map->at.column, 5);
    assert_int_equal(yaml_get(map, "k\xc3\xa9y")->at.column, 11); /* characters, not bytes */
    assert_int_equal(yaml_get(map, "\xc3\xa9")->first->at.column, 18);
    assert_int_equal(map->next->at.line, 5);
    assert_null(yaml_get(map, "absent"));
    assert_null(yaml_get(list, "name"));
    yaml_free(yaml);
}

static void json_is_read_with_places_too(void **state) {
    (void)state;
    struct yaml *yaml = read_good("{\n\t\"a\": [1, -2.5, true, null, \"\\u00e9\\n\\/\"],\n\t\"b\":{\"c\":\"1.10\"}\n}\n");
    const struct yaml_node *a = yaml_get(yaml_root(yaml), "a")->first;
    assert_int_equal(a->type, YAML_INT);
    assert_int_equal(a->at.line, 2);
    assert_int_equal(a->next->type, YAML_FLOAT);
    assert_int_equal(a->next->next->type, YAML_BOOL);
    assert_int_equal(a->next->next->next->type, YAML_NULL);
    assert_true(bytes_is(a->next->next->next->next->text, "\xc3\xa9\n/"));
    assert_int_equal(yaml_get(yaml_get(yaml_root(yaml), "b"), "c")->type, YAML_TEXT);
    yaml_free(yaml);
}

static void what_means_more_than_one_thing_is_refused_by_name_and_place(void **state) {
    (void)state;
    expect_faults("a: &x [1]\nb: *x\n", "1:4 the anchor '&x': anchors and aliases are not accepted\n"
                                        "2:4 the alias '*x': anchors and aliases are not accepted\n");
    expect_faults("a: !!str 1\nb: !mine {c: 1}\n", "1:4 the tag 'tag:yaml.org,2002:str': tags are not accepted\n"
                                                   "2:4 the tag '!mine': tags are not accepted\n");
    expect_faults("%TAG ! tag:example.org,2026:\n---\na: 1\n", "1:1 a %TAG directive: tags are not accepted\n");
    expect_faults("a: 1\n---\nb: 2\n", "2:1 a second document; one is accepted\n");
    expect_faults("a: 1\nb: 2\na: 3\n", "3:1 duplicate key 'a' (first on line 1)\n");
    expect_faults("{\"a\": 1, \"\\u0061\": 2}", "1:10 duplicate key 'a' (first on line 1)\n");
    expect_faults("[1]: 2\n", "1:1 a key is not text\n");
    expect_faults("? {a: b}\n: 2\n", "1:3 a key is not text\n");
    expect_faults("~: 2\n", "1:1 a key is not text\n");
    expect_faults("a: \"x\\0y\"\n", "1:4 an escaped NUL in a text\n");
    expect_faults("", "1:1 is empty\n");
    expect_faults("# only a remark\n", "1:1 is empty\n");
}

static void aliases_that_would_explode_are_refused_one_by_one(void **state) {
    (void)state;
    struct buf text = {.max = 65536}, faults = {.max = 1 << 20};
    struct yaml *yaml = NULL;
    struct err err = {0};
    buf_put_str(&text, "a0: &a0 [x, x]\n");
    for (int i = 1; i < 30; i++) {
        buf_printf(&text, "a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1);
    }
    assert_int_equal(yaml_read(bytes_of_buf(&text), put_fault, &faults, &yaml, &err), ERR_INVALID);
    size_t lines = 0;
    for (size_t i = 0; i < faults.n; i++) {
        lines += faults.p[i] == '\n';
    }
    assert_int_equal(lines, 30 + 29 * 3);
    buf_done(&text);
    buf_done(&faults);
}

static void bytes_that_are_not_text_are_refused_with_their_place(void **state) {
    (void)state;
    expect_faults("a: 1\nb: \xc3\xa9\x01\n", "2:5 the control character 0x01\n");
    expect_faults_of((struct bytes){(const uint8_t *)"a: \0\n", 5}, "1:4 the control character 0x00\n");
    expect_faults("a: 1\n  b: \xff\n", "2:6 is not valid UTF-8\n");
    expect_faults("a: x\xe2\x80\xa8y\n", "1:5 a line end other than LF or CR LF\n");
    expect_faults("a: x\xc2\x85y\n", "1:5 a line end other than LF or CR LF\n");
    expect_faults_of((struct bytes){(const uint8_t *)"\xff\xfe"
                                                     "a\0",
                                    4},
                     "1:1 is not valid UTF-8\n"); /* UTF-16 */
}

static void grammar_faults_have_their_place(void **state) {
    (void)state;
    expect_faults("a: [1, 2\nb: 3\n", "2:2 not YAML: while parsing a flow sequence, did not find expected ',' or ']'\n");
    expect_faults("a: 1\n\tb: 2\n",
                  "2:1 not YAML: while scanning a plain scalar, found a tab character that violates indentation\n");
    expect_faults("a: 'x\n", "2:1 not YAML: while scanning a quoted scalar, found unexpected end of stream\n");
}

static void limits_are_kept(void **state) {
    (void)state;
    struct buf text = {.max = 4 << 20};
    for (int i = 0; i < YAML_DEPTH_MAX; i++) {
        buf_put_str(&text, "[");
    }
    for (int i = 0; i < YAML_DEPTH_MAX; i++) {
        buf_put_str(&text, "]");
    }
    buf_put_u8(&text, 0);
    yaml_free(read_good((const char *)text.p));
    buf_clear(&text);
    for (int i = 0; i < 100000; i++) {
        buf_put_str(&text, "[");
    }
    expect_faults_of(bytes_of_buf(&text), "1:33 nested deeper than 32 levels\n");
    buf_clear(&text);
    for (int i = 0; i < YAML_NODES_MAX; i++) {
        buf_put_str(&text, "- x\n");
    }
    expect_faults_of(bytes_of_buf(&text), "65536:3 more than 65536 values\n");
    buf_clear(&text);
    for (int i = 0; i <= YAML_KEYS_MAX; i++) {
        buf_printf(&text, "k%d: 1\n", i);
    }
    expect_faults_of(bytes_of_buf(&text), "1025:1 more than 1024 keys in one map\n");
    buf_clear(&text);
    while (text.n <= YAML_TEXT_MAX) {
        buf_put_str(&text, "# the same remark again and again\n");
    }
    expect_faults_of(bytes_of_buf(&text), "0:0 is larger than 1 MiB\n");
    buf_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_are_read_by_the_core_schema),
        cmocka_unit_test(quoted_scalars_are_text),
        cmocka_unit_test(every_node_knows_its_line_and_column),
        cmocka_unit_test(json_is_read_with_places_too),
        cmocka_unit_test(what_means_more_than_one_thing_is_refused_by_name_and_place),
        cmocka_unit_test(aliases_that_would_explode_are_refused_one_by_one),
        cmocka_unit_test(bytes_that_are_not_text_are_refused_with_their_place),
        cmocka_unit_test(grammar_faults_have_their_place),
        cmocka_unit_test(limits_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
