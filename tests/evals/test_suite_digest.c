/* A digest is of the meaning: random suites, each spelled in several ways, have one digest; any change of what they mean gives
 * another. The spelling varies in YAML and JSON, block and flow, quotes, the order of keys, numbers, units, defaults and where
 * the cases are. */
#include "tests/evals/suite_box.h"

#include <time.h>

#include "evals/stat/random.h"

#define NODES_MAX 1024
#define KIDS_MAX  16
#define ROUNDS    300

static struct stat_random random_state;

static uint64_t random_below(uint64_t n) {
    return stat_random_next(&random_state) % n;
}

/* LEDGER_TEST_SEED, or the clock; printed, so that a failure can be reproduced. */
static void random_start(void) {
    const char *given = getenv("LEDGER_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    printf("LEDGER_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    stat_random_init(&random_state, seed);
}

/* ---- what a suite means: a number for each thing ------------------------------------------------------------------ */

enum {
    NAME,
    VERSION, /* 0: none */
    SETTING,
    SETTING_TEXT, /* 0: none */
    MAX_TOKENS,
    PRICE,
    FRESH, /* hours; 0: none */
    JUDGE, /* 0: none */
    RATE,
    CONFIDENCE,
    LATENCY, /* 0: no such threshold */
    BASELINE,
    ORDER, /* of the cases */
    REPEATS,
    TIMEOUT, /* minutes */
    SEED,
    WEIGHT,
    SYSTEM,
    TAG,
    SECOND_TAG, /* 0: none */
    PROBE,
    ID,
    TEXT,
    CHECK_TEXT,
    TRIM,
    NOT,
    TOLERANCE,
    NUMBER,
    VALUE,
    POINTER, /* 0: none */
    ROLE,
    MESSAGE,
    ARGUMENT,
    FILE_NAME,
    FILE_CONTENT,
    MEANINGS
};
static const int ranges[MEANINGS] = {
    [NAME] = 3,  [VERSION] = 3,    [SETTING] = 3,   [SETTING_TEXT] = 3, [MAX_TOKENS] = 3,  [PRICE] = 3,
    [FRESH] = 3, [JUDGE] = 3,      [RATE] = 3,      [CONFIDENCE] = 3,   [LATENCY] = 3,     [BASELINE] = 3,
    [ORDER] = 2, [REPEATS] = 3,    [TIMEOUT] = 3,   [SEED] = 3,         [WEIGHT] = 3,      [SYSTEM] = 3,
    [TAG] = 3,   [SECOND_TAG] = 3, [PROBE] = 2,     [ID] = 3,           [TEXT] = 5,        [CHECK_TEXT] = 5,
    [TRIM] = 2,  [NOT] = 2,        [TOLERANCE] = 3, [NUMBER] = 3,       [VALUE] = 5,       [POINTER] = 3,
    [ROLE] = 2,  [MESSAGE] = 3,    [ARGUMENT] = 3,  [FILE_NAME] = 3,    [FILE_CONTENT] = 3};

/* ---- a document --------------------------------------------------------------------------------------------------- */

enum node_form { REAL, SOME_TEXT, LIST, MAP, RAW };
struct node {
    enum node_form form;
    char text[64];
    double real;
    size_t n;
    struct node *kids[KIDS_MAX];
    const char *keys[KIDS_MAX];
};
static struct node nodes[NODES_MAX];
static size_t n_nodes;

static struct node *node(enum node_form form) {
    assert_true(n_nodes < NODES_MAX);
    nodes[n_nodes] = (struct node){.form = form};
    return &nodes[n_nodes++];
}
static struct node *text(const char *prefix, int i) {
    struct node *n = node(SOME_TEXT);
    static const char *const odd[] = {"", "4", "true", "a: 'b' # \"c\"", " x\\ny "};
    if (prefix == NULL) {
        snprintf(n->text, sizeof(n->text), "%s", odd[i]);
    } else {
        snprintf(n->text, sizeof(n->text), "%s%d", prefix, i);
    }
    return n;
}
static struct node *real(double v) {
    struct node *n = node(REAL);
    n->real = v;
    return n;
}
/* As it is, without quotes: whole numbers, booleans. */
static struct node *raw(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static struct node *raw(const char *fmt, ...) {
    struct node *n = node(RAW);
    va_list args;
    va_start(args, fmt);
    vsnprintf(n->text, sizeof(n->text), fmt, args);
    va_end(args);
    return n;
}
static void put(struct node *to, const char *key, struct node *child) {
    assert_true(to->n < KIDS_MAX);
    to->keys[to->n] = key;
    to->kids[to->n++] = child;
}

/* ---- a document of the meaning, in one of its structures ---------------------------------------------------------- */

static struct node *duration(int minutes) {
    struct node *n = node(SOME_TEXT);
    if (random_below(2) == 0) {
        snprintf(n->text, sizeof(n->text), "%dm", minutes);
    } else {
        snprintf(n->text, sizeof(n->text), "%ds", 60 * minutes);
    }
    return n;
}

static struct node *expectation(const char *check) {
    struct node *e = node(MAP), *word = node(SOME_TEXT);
    snprintf(word->text, sizeof(word->text), "%s", check);
    put(e, "check", word);
    return e;
}

static struct node *first_case(const int *m) {
    struct node *c = node(MAP), *tags = node(LIST), *expect = node(LIST), *e = expectation("equals");
    put(c, "id", text("one", m[ID]));
    put(c, "text", text(NULL, m[TEXT]));
    if (m[SECOND_TAG] > 0 && random_below(2) == 0) put(tags, NULL, text("u", m[SECOND_TAG]));
    bool there = tags->n > 0;
    put(tags, NULL, text("t", m[TAG]));
    if (m[SECOND_TAG] > 0 && !there) put(tags, NULL, text("u", m[SECOND_TAG]));
    put(c, "tags", tags);
    if (m[PROBE] == 1 || random_below(2) == 0) put(c, "probe", raw(m[PROBE] == 1 ? "true" : "false"));
    put(e, "text", text(NULL, m[CHECK_TEXT]));
    if (m[TRIM] == 1 || random_below(2) == 0) put(e, "trim", raw(m[TRIM] == 1 ? "true" : "false"));
    if (m[NOT] == 1 || random_below(2) == 0) put(e, "not", raw(m[NOT] == 1 ? "true" : "false"));
    put(expect, NULL, e);
    e = expectation("number");
    put(e, "number", real(m[NUMBER]));
    if (m[TOLERANCE] > 0 || random_below(2) == 0) put(e, "tolerance", real(m[TOLERANCE] / 4.0));
    put(expect, NULL, e);
    put(c, "expect", expect);
    return c;
}

static struct node *second_case(const int *m) {
    static const char *const values[] = {"null", "[]", "{}", "[1, true]", "\"1\""};
    struct node *c = node(MAP), *messages = node(LIST), *one = node(MAP), *expect = node(LIST), *e = expectation("json");
    struct node *files = node(LIST), *file = node(MAP), *arguments = node(LIST), *value = node(MAP),
                *path = node(SOME_TEXT);
    put(c, "id", text("two", 0));
    put(one, "role", m[ROLE] == 0 ? text("user", 0) : text("tool", 0));
    one->kids[0]->text[4] = '\0';
    put(one, "text", text("m", m[MESSAGE]));
    put(messages, NULL, one);
    put(c, "messages", messages);
    put(arguments, NULL, text("a=", m[ARGUMENT]));
    put(c, "arguments", arguments);
    /* The same content is stored in two places. */
    snprintf(path->text, sizeof(path->text), "%s%d.txt", random_below(2) == 0 ? "" : "also-", m[FILE_CONTENT]);
    put(file, "path", path);
    put(file, "name", text("f", m[FILE_NAME]));
    put(files, NULL, file);
    put(c, "files", files);
    put(value, "k", raw("%s", values[m[VALUE]]));
    put(value, "n", real(1));
    put(e, "value", value);
    if (m[POINTER] > 0) put(e, "pointer", text("/p", m[POINTER]));
    put(expect, NULL, e);
    put(c, "expect", expect);
    return c;
}

/* What holds for all cases, once in the defaults or at each case. */
static void put_common(const int *m, struct node *root, struct node *one, struct node *two) {
    struct node *defaults = node(MAP);
    const bool once[] = {random_below(2) == 0, random_below(2) == 0, random_below(2) == 0, random_below(2) == 0,
                         random_below(2) == 0};
    for (int i = 0; i < 2; i++) {
        struct node *c = i == 0 ? one : two;
        if (!once[0]) put(c, "repeats", raw("%d", 10 + m[REPEATS]));
        if (!once[1]) put(c, "timeout", duration(1 + m[TIMEOUT]));
        if (!once[2]) put(c, "seed", raw("%d", m[SEED] - 1));
        if (!once[3]) put(c, "weight", real(0.5 + m[WEIGHT] / 2.0));
    }
    if (once[0]) put(defaults, "repeats", raw("%d", 10 + m[REPEATS]));
    if (once[1]) put(defaults, "timeout", duration(1 + m[TIMEOUT]));
    if (once[2]) put(defaults, "seed", raw("%d", m[SEED] - 1));
    if (once[3]) put(defaults, "weight", real(0.5 + m[WEIGHT] / 2.0));
    put(once[4] ? defaults : one, "system", text("s", m[SYSTEM]));
    if (defaults->n > 0 || random_below(2) == 0) put(root, "defaults", defaults);
}

static struct node *threshold(const char *metric, const char *key, struct node *value) {
    struct node *t = node(MAP), *word = node(SOME_TEXT);
    snprintf(word->text, sizeof(word->text), "%s", metric);
    put(t, "metric", word);
    put(t, key, value);
    return t;
}

static void put_thresholds(const int *m, struct node *root) {
    struct node *list = node(LIST), *rate = threshold("pass_rate_lower", "at_least", real((m[RATE] + 1) / 10.0)), *other;
    if (m[CONFIDENCE] != 0 || random_below(2) == 0) {
        put(rate, "confidence", real(m[CONFIDENCE] == 0 ? 0.95 : m[CONFIDENCE] / 4.0));
    }
    other = threshold("regression_lower", "at_least", real(-0.9));
    put(other, "baseline", text("b", m[BASELINE]));
    bool first = random_below(2) == 0;
    put(list, NULL, first ? rate : other);
    if (m[LATENCY] > 0) put(list, NULL, threshold("latency_p95_ms", "at_most", real(m[LATENCY])));
    put(list, NULL, first ? other : rate);
    put(root, "thresholds", list);
}

static struct node *document(const int *m, struct node **ret_cases) {
    n_nodes = 0;
    struct node *root = node(MAP), *cases = node(LIST), *one = first_case(m), *two = second_case(m), *map = node(MAP);
    put(root, "schema", text(NULL, 0));
    snprintf(root->kids[0]->text, sizeof(root->kids[0]->text), "%s", SUITE_SCHEMA_NAME);
    put(root, "name", text("n", m[NAME]));
    if (m[VERSION] > 0) put(root, "version", text("1.", 10 * m[VERSION]));
    if (random_below(2) == 0) put(root, "description", text("d", (int)random_below(10)));
    put(map, "temperature", real(m[SETTING] / 2.0));
    if (m[SETTING_TEXT] > 0) put(map, "stop", text("x", m[SETTING_TEXT]));
    put(root, "settings", map);
    put(root, "max_tokens", raw("%d", 1 + m[MAX_TOKENS]));
    map = node(MAP);
    put(map, "prompt", real(m[PRICE] / 2.0));
    put(root, "prices", map);
    if (m[FRESH] > 0) put(root, "fresh_for", duration(60 * m[FRESH]));
    if (m[JUDGE] > 0) {
        map = node(MAP);
        put(map, "protocol", text("ollama", 0));
        map->kids[0]->text[6] = '\0';
        put(map, "url", text("http://h", m[JUDGE]));
        put(map, "model", text("m", 0));
        if (random_below(2) == 0) put(map, "key_file", text("k", (int)random_below(10)));
        put(root, "judge", map);
    }
    put_thresholds(m, root);
    put_common(m, root, one, two);
    put(cases, NULL, m[ORDER] == 0 ? one : two);
    put(cases, NULL, m[ORDER] == 0 ? two : one);
    put(root, "cases", cases);
    *ret_cases = cases;
    return root;
}

/* ---- its spelling ------------------------------------------------------------------------------------------------- */

static void spell_real(double v, bool json, struct buf *out) {
    size_t form = random_below(v < 0 || json ? 3 : 4);
    buf_printf(out, form == 0 ? "%.17g" : form == 1 ? "%.3f" : form == 2 ? "%.5e" : "+%.17g", v);
}

/* Whether it is text, and this text, without quotes in a flow. */
static bool is_plain(const char *s) {
    bool letter = s[0] >= 'a' && s[0] <= 'z' && strcmp(s, "true") != 0;
    return letter && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-./=")] == '\0';
}

/* Texts that are plain numbers are their text too, where a text is expected. */
static void spell_text(const char *s, bool json, struct buf *out) {
    size_t form = json ? 0 : random_below(3);
    bool number = strcmp(s, "4") == 0;
    if (form == 1 && (is_plain(s) || number)) {
        buf_put_str(out, s);
    } else if (form == 2) {
        buf_put_u8(out, '\'');
        for (; *s != '\0'; s++) {
            if (*s == '\'') buf_put_u8(out, '\'');
            buf_put_u8(out, (uint8_t)*s);
        }
        buf_put_u8(out, '\'');
    } else {
        json_put_str(out, bytes_of(s));
    }
}

static void spell(const struct node *n, bool json, bool line, struct buf *out) {
    size_t order[KIDS_MAX];
    const char *gap = !line && random_below(4) == 0 ? "\n   " : random_below(2) == 0 ? " " : "";
    switch (n->form) {
    case RAW:
        buf_put_str(out, n->text);
        return;
    case REAL:
        spell_real(n->real, json, out);
        return;
    case SOME_TEXT:
        spell_text(n->text, json, out);
        return;
    case LIST:
    case MAP:
        break;
    }
    for (size_t i = 0; i < n->n; i++) {
        order[i] = i;
        size_t j = n->form == MAP ? random_below(i + 1) : i;
        order[i] = order[j];
        order[j] = i;
    }
    buf_put_u8(out, n->form == MAP ? '{' : '[');
    for (size_t i = 0; i < n->n; i++) {
        buf_printf(out, "%s%s", i > 0 ? "," : "", gap);
        if (n->form == MAP) {
            if (json || random_below(2) == 0) {
                buf_printf(out, "\"%s\": ", n->keys[order[i]]);
            } else {
                buf_printf(out, "%s: ", n->keys[order[i]]);
            }
        }
        spell(n->kids[order[i]], json, line, out);
    }
    buf_printf(out, "%s%c", gap, n->form == MAP ? '}' : ']');
}

/* A key a line, as people write; the values in flow style. */
static void spell_block(const struct node *root, struct buf *out) {
    for (size_t i = 0; i < root->n; i++) {
        buf_printf(out, "%s%s: ", random_below(4) == 0 ? "# a comment\n" : "", root->keys[i]);
        spell(root->kids[i], false, false, out);
        buf_printf(out, "%s\n", random_below(4) == 0 ? " # another" : "");
    }
}

/* The digest of one spelling of the meaning. */
static void digest(struct suite_box *box, const int *m, uint8_t ret[HASH_LEN]) {
    struct buf text_is = {.max = 1 << 20}, lines = {.max = 1 << 20};
    struct node *cases, *root = document(m, &cases);
    if (random_below(3) == 0) {
        for (size_t i = 0; i < cases->n; i++) {
            spell(cases->kids[i], true, true, &lines);
            buf_put_str(&lines, random_below(2) == 0 ? "\n" : "\n\n");
        }
        suite_box_put(box, "c.jsonl", bytes_of_buf(&lines));
        cases->form = SOME_TEXT;
        snprintf(cases->text, sizeof(cases->text), "c.jsonl");
    }
    if (random_below(2) == 0) {
        spell_block(root, &text_is);
    } else {
        spell(root, random_below(2) == 0, false, &text_is);
    }
    buf_put_u8(&text_is, 0);
    struct suite *suite = suite_box_good(box, (const char *)text_is.p);
    memcpy(ret, suite->digest, HASH_LEN);
    suite_free(suite);
    buf_done(&text_is);
    buf_done(&lines);
}

static void draw(int *m) {
    for (int i = 0; i < MEANINGS; i++) {
        m[i] = (int)random_below((uint64_t)ranges[i]);
    }
}

static void init(struct suite_box *box) {
    static const char *const names[] = {"0.txt", "1.txt", "2.txt", "also-0.txt", "also-1.txt", "also-2.txt"};
    suite_box_init(box);
    for (size_t i = 0; i < 6; i++) {
        suite_box_put(box, names[i], bytes_of(strchr(names[i], '.') - 1));
    }
}

static void spellings_of_one_suite_have_one_digest(void **state) {
    struct suite_box box;
    uint8_t first[HASH_LEN], other[HASH_LEN];
    int m[MEANINGS];
    (void)state;
    init(&box);
    for (int i = 0; i < ROUNDS; i++) {
        draw(m);
        digest(&box, m, first);
        digest(&box, m, other);
        assert_memory_equal(first, other, HASH_LEN);
    }
    suite_box_done(&box);
}

static void any_other_meaning_has_another_digest(void **state) {
    struct suite_box box;
    uint8_t first[HASH_LEN], other[HASH_LEN];
    int m[MEANINGS];
    (void)state;
    init(&box);
    for (int i = 0; i < ROUNDS; i++) {
        int which = i % MEANINGS;
        draw(m);
        digest(&box, m, first);
        m[which] = (m[which] + 1 + (int)random_below((uint64_t)ranges[which] - 1)) % ranges[which];
        digest(&box, m, other);
        if (memcmp(first, other, HASH_LEN) == 0) fail_msg("meaning %d is not in the digest", which);
    }
    suite_box_done(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_suite_have_one_digest),
        cmocka_unit_test(any_other_meaning_has_another_digest),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
