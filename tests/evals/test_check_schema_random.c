/* evals/check/schema.h: random schemas of the subset and random values are judged as Python's jsonschema judges them. */
#include <time.h>
#include <unistd.h>

#include "evals/check/node.h"
#include "evals/check/schema.h"
#include "tests/evals/check_box.h"

#define PAIRS 1500

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

static const char *const names[] = {"a", "b", "c", "d"};
static const char *const leaves[] = {"null", "true", "false", "0",     "1",      "1.0",     "2",
                                     "2.5",  "-3",   "\"\"",  "\"a\"", "\"ab\"", "\"abc\"", "\"\xc3\xa4\xf0\x9f\x98\x80\""};
static const char *const types[] = {"null", "boolean", "object", "array", "number", "string", "integer"};
static const char *const patterns[] = {"^a", "b$", "^[a-c]+$", "a|c", "^.{2}$"};

static void put_value(struct buf *out, unsigned depth) {
    uint64_t what = depth == 0 ? 9 : random_below(3), n = random_below(4), first = random_below(4);
    if (what > 1) {
        buf_put_str(out, leaves[random_below(14)]);
        return;
    }
    buf_put_str(out, what == 0 ? "[" : "{");
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0) buf_put_str(out, ",");
        if (what == 1) buf_printf(out, "\"%s\":", names[(first + i) % 4]);
        put_value(out, depth - 1);
    }
    buf_put_str(out, what == 0 ? "]" : "}");
}

static void put_schema(struct buf *out, unsigned depth);

static void put_properties(struct buf *out, unsigned depth) {
    buf_put_str(out, "{");
    for (uint64_t i = 0, n = random_below(4); i < n; i++) {
        buf_printf(out, "%s\"%s\":", i > 0 ? "," : "", names[i]);
        put_schema(out, depth - 1);
    }
    buf_put_str(out, "}");
}

/* Values of an enum are scalars: within lists, Python holds 1 and true to be equal. */
static void put_keyword(struct buf *out, unsigned keyword, unsigned depth) {
    static const char *const keywords[] = {"type",    "required",   "enum",      "const",
                                           "minimum", "maximum",    "minLength", "maxLength",
                                           "pattern", "properties", "items",     "additionalProperties"};
    buf_printf(out, "\"%s\":", keywords[keyword]);
    switch (keyword) {
    case 0:
        if (random_below(2) == 0) {
            buf_printf(out, "\"%s\"", types[random_below(7)]);
        } else {
            uint64_t first = random_below(6);
            buf_printf(out, "[\"%s\",\"%s\"]", types[first], types[first + 1]);
        }
        break;
    case 1:
        buf_printf(out, "[\"%s\"]", names[random_below(4)]);
        break;
    case 2:
        buf_printf(out, "[%s,%s]", leaves[random_below(7)], leaves[7 + random_below(7)]);
        break;
    case 3:
        buf_put_str(out, leaves[random_below(14)]);
        break;
    case 4:
    case 5:
        buf_put_str(out, leaves[3 + random_below(6)]);
        break;
    case 6:
    case 7:
        buf_printf(out, "%d", (int)random_below(4));
        break;
    case 8:
        buf_printf(out, "\"%s\"", patterns[random_below(5)]);
        break;
    case 9:
        put_properties(out, depth);
        break;
    default:
        put_schema(out, depth - 1);
        break;
    }
}

static void put_schema(struct buf *out, unsigned depth) {
    bool first = true;
    if (random_below(12) == 0) {
        buf_put_str(out, random_below(3) ? "true" : "false");
        return;
    }
    buf_put_str(out, "{");
    for (unsigned keyword = 0; keyword < (depth == 0 ? 9 : 12); keyword++) {
        if (random_below(keyword < 9 ? 8 : 2) == 0) {
            if (!first) buf_put_str(out, ",");
            put_keyword(out, keyword, depth);
            first = false;
        }
    }
    buf_put_str(out, "}");
}

static bool judge(const struct buf *schema, const struct buf *value) {
    struct node_tree s, v;
    char why[SCHEMA_WHY_MAX] = "";
    bool valid = false;
    struct err err = {0};
    assert_int_equal(node_read(bytes_of_buf(schema), &s, &err), 0);
    assert_int_equal(node_read(bytes_of_buf(value), &v, &err), 0);
    int rc = schema_check(&s.root, &err);
    assert_string_equal(err.msg, "");
    assert_int_equal(rc, 0);
    assert_int_equal(schema_holds(&s.root, &v.root, &valid, why, &err), 0);
    assert_int_equal(why[0] == '\0', valid);
    node_done(&s);
    node_done(&v);
    return valid;
}

static void random_schemas_mean_what_jsonschema_says(void **state) {
    (void)state;
    char path[] = "/tmp/ledger-schemas-XXXXXX", command[160];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    unsigned n_valid = 0;
    for (int i = 0; i < PAIRS; i++) {
        struct buf schema = {.max = 1 << 20}, value = {.max = 1 << 20};
        put_schema(&schema, 3);
        put_value(&value, 3);
        bool valid = judge(&schema, &value);
        n_valid += valid;
        fprintf(f, "{\"schema\":%.*s,\"value\":%.*s,\"valid\":%s}\n", (int)schema.n, (char *)schema.p, (int)value.n,
                (char *)value.p, valid ? "true" : "false");
        buf_done(&schema);
        buf_done(&value);
    }
    assert_int_equal(fclose(f), 0);
    printf("%u of %d valid\n", n_valid, PAIRS);
    snprintf(command, sizeof(command), "python3 -B tests/evals/schema_reference.py %s", path);
    int rc = system(command);
    unlink(path);
    assert_int_equal(rc, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_schemas_mean_what_jsonschema_says),
    };
    return cmocka_run_group_tests(tests, random_start, NULL);
}
