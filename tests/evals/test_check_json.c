/* evals/check/node.h and schema.h: pointers by RFC 6901 and by a simple walk, equality by value, the subset of JSON Schema. */
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "evals/check/node.h"
#include "evals/check/schema.h"
#include "tests/evals/check_box.h"

static uint64_t random_state;

static uint64_t random_below(uint64_t n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state * UINT64_C(0x2545f4914f6cdd1d) >> 11) % n;
}

static int random_start(void **state) {
    (void)state;
    const char *given = getenv("LEDGER_TEST_SEED");
    random_state = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    random_state |= 1;
    printf("LEDGER_TEST_SEED=%llu\n", (unsigned long long)random_state);
    return 0;
}

static void read_tree(const char *json, struct node_tree *ret) {
    struct err err = {0};
    int rc = node_read(bytes_of(json), ret, &err);
    assert_string_equal(err.msg, "");
    assert_int_equal(rc, 0);
}

/* ---- pointers ---- */

static const char example[] =
    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,"
    "\" \":7,\"m~n\":8,\"~1\":9,\"-\":10,\"01\":11,\"o\":{\"p\":[[1],{\"q\":12}]}}";

static const struct {
    const char *pointer, *value; /* NULL: nowhere, or refused with `rc` */
    int rc;
} pointers[] = {
    /* RFC 6901, section 5 */
    {"/foo", "[\"bar\",\"baz\"]", 0},
    {"/foo/0", "\"bar\"", 0},
    {"/", "0", 0},
    {"/a~1b", "1", 0},
    {"/c%d", "2", 0},
    {"/e^f", "3", 0},
    {"/g|h", "4", 0},
    {"/i\\j", "5", 0},
    {"/k\"l", "6", 0},
    {"/ ", "7", 0},
    {"/m~0n", "8", 0},
    /* its rules */
    {"/~01", "9", 0}, /* "~01" is "~1", not "/" */
    {"/-", "10", 0},  /* a member's name may be that */
    {"/01", "11", 0},
    {"/o/p/1/q", "12", 0},
    {"/o/p/0/0", "1", 0},
    {"/foo/1", "\"baz\"", 0},
    {"/foo/2", NULL, ERR_NOTFOUND},
    {"/foo/-", NULL, ERR_INVALID},
    {"/foo/00", NULL, ERR_NOTFOUND},
    {"/foo/01", NULL, ERR_NOTFOUND},
    {"/foo/+1", NULL, ERR_NOTFOUND},
    {"/foo/-1", NULL, ERR_NOTFOUND},
    {"/foo/1.0", NULL, ERR_NOTFOUND},
    {"/foo/ 1", NULL, ERR_NOTFOUND},
    {"/foo/18446744073709551616", NULL, ERR_NOTFOUND},
    {"/foo/", NULL, ERR_NOTFOUND},
    {"/foo/0/0", NULL, ERR_NOTFOUND},
    {"//", NULL, ERR_NOTFOUND},
    {"/FOO", NULL, ERR_NOTFOUND},
    {"foo", NULL, ERR_INVALID},
    {"#/foo", NULL, ERR_INVALID},
    {"/a~b", NULL, ERR_INVALID},
    {"/a~", NULL, ERR_INVALID},
    {"/a~2", NULL, ERR_INVALID},
    {"/\xff", NULL, ERR_INVALID},
};

static void pointers_lead_where_the_standard_says(void **state) {
    (void)state;
    struct node_tree tree, want;
    const struct node *at = NULL;
    uint64_t steps = 1000;
    read_tree(example, &tree);
    assert_int_equal(node_at(&tree.root, bytes_of(""), &at, NULL), 0);
    assert_ptr_equal(at, &tree.root);
    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        int rc = node_at(&tree.root, bytes_of(pointers[i].pointer), &at, NULL);
        if (rc != pointers[i].rc) fail_msg("'%s': %d", pointers[i].pointer, rc);
        if (rc == 0) {
            read_tree(pointers[i].value, &want);
            assert_true(node_equal(at, &want.root, &steps));
            node_done(&want);
        }
    }
    node_done(&tree);
}

static const char *const names[] = {"", "a", "~", "/", "~1", "0", "01", "a/b", "-", "\xc3\xa4"};

/* A random value; `depth` levels at most. */
static void put_random(struct buf *out, unsigned depth) {
    static const char *const leaves[] = {"null", "true", "false", "0",     "1",      "1.0",
                                         "-2",   "2.5",  "\"\"",  "\"a\"", "\"ab\"", "\"\xc3\xa4\""};
    uint64_t n = random_below(4), what = depth == 0 ? 9 : random_below(4);
    if (what > 1) {
        buf_put_str(out, leaves[random_below(12)]);
        return;
    }
    buf_put_str(out, what == 0 ? "[" : "{");
    uint64_t first = random_below(10);
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0) buf_put_str(out, ",");
        if (what == 1) {
            json_put_str(out, bytes_of(names[(first + i) % 10]));
            buf_put_str(out, ":");
        }
        put_random(out, depth - 1);
    }
    buf_put_str(out, what == 0 ? "]" : "}");
}

/* The pointer of every place is written down while walking there, and must lead back. */
static unsigned walk(const struct node *root, const struct node *v, struct buf *pointer) {
    const struct node *at = NULL;
    unsigned n = 1;
    assert_int_equal(node_at(root, bytes_of_buf(pointer), &at, NULL), 0);
    assert_ptr_equal(at, v);
    for (size_t i = 0; i < v->n; i++) {
        size_t before = pointer->n;
        buf_put_str(pointer, "/");
        if (v->type == NODE_LIST) buf_printf(pointer, "%zu", i);
        for (size_t k = 0; v->type == NODE_MAP && k < v->keys[i].n; k++) {
            uint8_t c = v->keys[i].p[k];
            if (c == '~' || c == '/') {
                buf_put_str(pointer, c == '~' ? "~0" : "~1");
            } else {
                buf_put_u8(pointer, c);
            }
        }
        n += walk(root, &v->items[i], pointer);
        pointer->n = before;
    }
    return n;
}

static void every_place_has_a_pointer_that_leads_to_it(void **state) {
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct buf text = {.max = 1 << 20}, pointer = {.max = 1 << 16};
        struct node_tree tree;
        put_random(&text, 5);
        assert_int_equal(node_read(bytes_of_buf(&text), &tree, NULL), 0);
        buf_put_str(&pointer, "");
        walk(&tree.root, &tree.root, &pointer);
        node_done(&tree);
        buf_done(&text);
        buf_done(&pointer);
    }
}

/* ---- equality ---- */

static const struct {
    const char *a, *b;
    bool same;
} pairs[] = {
    {"1", "1.0", true},
    {"0", "-0.0", true},
    {"1e2", "100", true},
    {"9007199254740993", "9007199254740992.0", false}, /* equal as floats */
    {"9007199254740992", "9007199254740992.0", true},
    {"9223372036854775807", "9223372036854775808.0", false},
    {"-9223372036854775808", "-9223372036854775808.0", true},
    {"1", "true", false},
    {"0", "false", false},
    {"null", "false", false},
    {"\"1\"", "1", false},
    {"\"\\u00e4\"", "\"\xc3\xa4\"", true},
    {"\"a\\u0308\"", "\"\xc3\xa4\"", false}, /* not normalised */
    {"{\"a\":1,\"b\":2}", "{\"b\":2.0,\"a\":1}", true},
    {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
    {"{\"a\":1}", "{\"b\":1}", false},
    {"[1,2]", "[2,1]", false},
    {"[]", "{}", false},
    {"[[]]", "[[]]", true},
};

static void values_are_equal_by_value(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct node_tree a, b;
        uint64_t steps = 1000;
        read_tree(pairs[i].a, &a);
        read_tree(pairs[i].b, &b);
        if (node_equal(&a.root, &b.root, &steps) != pairs[i].same ||
            node_equal(&b.root, &a.root, &steps) != pairs[i].same) {
            fail_msg("%s and %s", pairs[i].a, pairs[i].b);
        }
        node_done(&a);
        node_done(&b);
    }
}

static void a_json_check_takes_a_pointer(void **state) {
    (void)state;
    static const struct {
        const char *output;
        enum check_end plain, negated;
    } rows[] = {
        {"{\"a\":[1]}", CHECK_MET, CHECK_UNMET},
        {" {\"a\":[1.0]}\n", CHECK_MET, CHECK_UNMET},
        {"{\"a\":[2]}", CHECK_UNMET, CHECK_MET},
        {"{\"a\":1}", CHECK_UNMET, CHECK_MET}, /* nowhere */
        {"[1]", CHECK_UNMET, CHECK_MET},
        {"", CHECK_UNMET, CHECK_UNMET}, /* not JSON */
        {"{\"a\":[1]} ok", CHECK_UNMET, CHECK_UNMET},
        {"{\"a\":[1],\"a\":[2]}", CHECK_UNMET, CHECK_UNMET},
        {"{'a':[1]}", CHECK_UNMET, CHECK_UNMET},
    };
    struct suite_check check = check_of(SUITE_JSON, NULL);
    check.value = bytes_of("1");
    check.pointer = bytes_of("/a/0");
    assert_sound(&check, NULL);
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        check.not = i % 2;
        if (end_of(&check, rows[i / 2].output) != (i % 2 ? rows[i / 2].negated : rows[i / 2].plain))
            fail_msg("%s", rows[i / 2].output);
    }
    check.pointer = bytes_of("/a/-");
    assert_int_equal(end_of(&check, "{\"a\":[1]}"), CHECK_ERROR);
    check.pointer = bytes_of("a");
    assert_sound(&check, "a JSON Pointer begins with '/', or is empty for the whole value");
    check.pointer = bytes_of("/a~");
    assert_sound(&check, "byte 3 of the JSON Pointer: '~' is written '~0', and '/' in a name '~1'");
    check.pointer = bytes_of("");
    check.value = bytes_of("{");
    assert_sound(&check, "'value' is not JSON: line 1 column 1");
}

static void a_number_is_found_by_a_pointer(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_NUMBER, NULL);
    check.number = 2;
    check.pointer = bytes_of("/n");
    assert_int_equal(end_of(&check, "{\"n\":2}"), CHECK_MET);
    assert_int_equal(end_of(&check, "{\"n\":2.5}"), CHECK_UNMET);
    for (int not = 0; not < 2; not ++) {
        check.not = not ;
        assert_int_equal(end_of(&check, "{\"n\":\"2\"}"), CHECK_UNMET);
        assert_int_equal(end_of(&check, "{}"), CHECK_UNMET);
        assert_int_equal(end_of(&check, "2"), CHECK_UNMET);
        assert_int_equal(end_of(&check, "{\"n\":1e999}"), CHECK_UNMET);
        assert_int_equal(end_of(&check, "{\"n\":NaN}"), CHECK_UNMET);
    }
}

/* Values that are nested too deep, or are too many, are no pass, both ways. */
static void hostile_values_are_never_a_pass(void **state) {
    (void)state;
    size_t n = 600000;
    char *text = malloc(2 * n + 3);
    assert_non_null(text);
    struct suite_check check = check_of(SUITE_JSON, NULL);
    check.value = bytes_of("1");
    for (int not = 0; not < 2; not ++) {
        check.not = not ;
        memset(text, '[', n);
        memset(text + n, ']', n);
        assert_int_not_equal(outcome_of(&check, (struct bytes){(uint8_t *)text, 2 * n}).end, CHECK_MET);
        text[0] = '[';
        for (size_t i = 0; i < n; i++) {
            text[1 + 2 * i] = '0';
            text[2 + 2 * i] = ',';
        }
        text[2 * n] = ']';
        assert_int_equal(outcome_of(&check, (struct bytes){(uint8_t *)text, 2 * n + 1}).end, CHECK_ERROR);
    }
    free(text);
}

/* ---- schemas ---- */

static const struct {
    const char *schema, *message; /* NULL: sound */
} schemas[] = {
    {"{}", NULL},
    {"true", NULL},
    {"{\"type\":[\"null\",\"integer\"]}", NULL},
    {"{\"properties\":{\"a\":{\"items\":{\"minimum\":1}}},\"required\":[\"a\"],\"additionalProperties\":false}", NULL},
    {"{\"properties\":{\"$ref\":{\"const\":null}}}", NULL}, /* a name, not a keyword */
    {"{\"$ref\":\"#\"}", "'/$ref' of the JSON Schema: unknown keyword; known are type, "},
    {"{\"properties\":{\"a/b\":{\"items\":{\"oneOf\":[]}}}}",
     "'/properties/a~1b/items/oneOf' of the JSON Schema: unknown keyword"},
    {"{\"title\":\"x\"}", "'/title' of the JSON Schema: unknown keyword"},
    {"{\"Type\":\"string\"}", "'/Type' of the JSON Schema: unknown keyword"},
    {"{\"exclusiveMinimum\":1}", "'/exclusiveMinimum' of the JSON Schema: unknown keyword"},
    {"[]", "'' of the JSON Schema: expected a schema: an object, true or false"},
    {"1", "'' of the JSON Schema: expected a schema"},
    {"{\"items\":[{}]}", "'/items' of the JSON Schema: expected a schema: an object, true or false"},
    {"{\"type\":\"float\"}",
     "'/type' of the JSON Schema: expected null, boolean, object, array, number, string, integer, or a list"},
    {"{\"type\":[]}", "'/type' of the JSON Schema: expected null"},
    {"{\"type\":[[\"null\"]]}", "'/type' of the JSON Schema: expected null"},
    {"{\"properties\":[]}", "'/properties' of the JSON Schema: expected an object of schemas"},
    {"{\"required\":\"a\"}", "'/required' of the JSON Schema: expected a list of names"},
    {"{\"required\":[1]}", "'/required' of the JSON Schema: expected a list of names"},
    {"{\"enum\":[]}", "'/enum' of the JSON Schema: expected a list of at least one value"},
    {"{\"minimum\":\"1\"}", "'/minimum' of the JSON Schema: expected a number"},
    {"{\"minLength\":-1}", "'/minLength' of the JSON Schema: expected a whole number of at least 0"},
    {"{\"maxLength\":1.5}", "'/maxLength' of the JSON Schema: expected a whole number of at least 0"},
    {"{\"pattern\":1}", "'/pattern' of the JSON Schema: expected a regular expression"},
    {"{\"pattern\":\"(\"}", "'/pattern' of the JSON Schema: the pattern is not a regular expression: at byte 2"},
};

static void only_the_named_keywords_are_accepted(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_SCHEMA, NULL);
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        check.value = bytes_of(schemas[i].schema);
        assert_sound(&check, schemas[i].message);
    }
}

static const struct {
    const char *schema, *value;
    bool valid;
} verdicts[] = {
    {"true", "1", true},
    {"false", "1", false},
    {"{\"type\":\"integer\"}", "1.0", true},
    {"{\"type\":\"integer\"}", "1.5", false},
    {"{\"type\":\"number\"}", "1", true},
    {"{\"type\":\"number\"}", "true", false},
    {"{\"type\":[\"string\",\"null\"]}", "null", true},
    {"{\"required\":[\"a\"]}", "[]", true}, /* about objects only */
    {"{\"required\":[\"a\"]}", "{}", false},
    {"{\"required\":[\"a\"]}", "{\"a\":null}", true},
    {"{\"additionalProperties\":false}", "{\"a\":1}", false},
    {"{\"properties\":{\"a\":true},\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":1,\"b\":null}", true},
    {"{\"properties\":{\"a\":true},\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":1,\"b\":2}", false},
    {"{\"items\":{\"maximum\":2}}", "[1,2,2.0001]", false},
    {"{\"items\":{\"maximum\":2}}", "{\"0\":3}", true},
    {"{\"enum\":[1,\"a\",[2]]}", "[2.0]", true},
    {"{\"enum\":[1,\"a\",[2]]}", "\"A\"", false},
    {"{\"const\":{\"a\":1}}", "{\"a\":1.0}", true},
    {"{\"minimum\":9007199254740993}", "9007199254740992", false},
    {"{\"minLength\":2}", "\"\xf0\x9f\x98\x80\"", false}, /* characters, not bytes */
    {"{\"maxLength\":1}", "\"\xf0\x9f\x98\x80\"", true},
    {"{\"maxLength\":2.0}", "\"abc\"", false},
    {"{\"pattern\":\"^a+$\"}", "\"aa\"", true},
    {"{\"pattern\":\"^a+$\"}", "\"ab\"", false},
    {"{\"pattern\":\"b\"}", "\"abc\"", true}, /* found somewhere */
    {"{\"pattern\":\"b\"}", "1", true},
};

static void schemas_mean_what_the_draft_says(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_SCHEMA, NULL);
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        check.value = bytes_of(verdicts[i].schema);
        for (int not = 0; not < 2; not ++) {
            check.not = not ;
            if (end_of(&check, verdicts[i].value) != (verdicts[i].valid != not ? CHECK_MET : CHECK_UNMET)) {
                fail_msg("%s of %s, not %d", verdicts[i].schema, verdicts[i].value, not );
            }
        }
    }
}

static void a_schema_says_where_it_does_not_hold(void **state) {
    (void)state;
    struct suite_check check = check_of(SUITE_SCHEMA, NULL);
    check.value = bytes_of("{\"items\":{\"properties\":{\"a\":{\"minimum\":1}}}}");
    struct check_outcome outcome = outcome_of(&check, bytes_of("[{},{\"a\":1},{\"a\":0}]"));
    assert_string_equal(outcome.why, "'minimum' of the JSON Schema does not hold at /2/*");
}

/* Many strings, each of which costs little, and a pattern that costs much: one budget for the whole check. */
static void a_schema_has_one_budget(void **state) {
    (void)state;
    struct buf text = {.max = 1 << 24};
    struct suite_check check = check_of(SUITE_SCHEMA, NULL);
    buf_put_str(&text, "[");
    for (int i = 0; i < 100000; i++) {
        buf_put_str(&text, i == 0 ? "\"aaaaaaaaaaaaaaa!\"" : ",\"aaaaaaaaaaaaaaa!\"");
    }
    buf_put_str(&text, "]");
    check.value = bytes_of("{\"items\":{\"pattern\":\"^((a+)+|!)$|!\"}}");
    for (int not = 0; not < 2; not ++) {
        check.not = not ;
        assert_int_equal(outcome_of(&check, bytes_of_buf(&text)).end, CHECK_ERROR);
    }
    buf_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointers_lead_where_the_standard_says),
        cmocka_unit_test(every_place_has_a_pointer_that_leads_to_it),
        cmocka_unit_test(values_are_equal_by_value),
        cmocka_unit_test(a_json_check_takes_a_pointer),
        cmocka_unit_test(a_number_is_found_by_a_pointer),
        cmocka_unit_test(hostile_values_are_never_a_pass),
        cmocka_unit_test(only_the_named_keywords_are_accepted),
        cmocka_unit_test(schemas_mean_what_the_draft_says),
        cmocka_unit_test(a_schema_says_where_it_does_not_hold),
        cmocka_unit_test(a_schema_has_one_budget),
    };
    return cmocka_run_group_tests(tests, random_start, NULL);
}
