/* Headers leave with every bundle: no header of any source has a hash that somebody could compute from a guess. The same
 * input gives other keys in another ledger, and is recognised in its own. */
#include "tests/ingest/ledger_box.h"

#include "base/text.h"

#define FIXTURES   "tests/ingest/fixtures/"
#define EVENTS_MAX 256
#define SECRET     "ghp_0123456789abcdefghijABCDEFGHIJ012345"

struct two {
    struct box a, b;
};

static int setup(void **state) {
    struct two *t = malloc(sizeof(*t));
    box_init(&t->a);
    box_init(&t->b);
    *state = t;
    return 0;
}

static int teardown(void **state) {
    struct two *t = *state;
    box_done(&t->a);
    box_done(&t->b);
    free(t);
    return 0;
}

/* Where 32 hex digits or more stand together in a text; NULL: nowhere. The names of weights are not secret. */
static const char *find_hash(const char *text) {
    static const char weights[] = "model/sha256:";
    for (size_t n; *text != '\0'; text += n > 0 ? n : 1) {
        n = strspn(text, "0123456789abcdef");
        if (strncmp(text, weights, sizeof(weights) - 1) == 0) {
            n = sizeof(weights) - 1 + 64;
        } else if (n >= 32) {
            return text;
        }
    }
    return NULL;
}

/* Key, subject, run and actor of an event, "" after the last one. */
static const char *header(struct box *b, uint64_t seq, char ret[1024]) {
    struct log_reader *reader = NULL;
    struct log_event e;
    ret[0] = '\0';
    assert_int_equal(log_reader_open(b->ledger, seq, LOG_NO_SEQ, &reader, NULL), 0);
    if (log_reader_next(reader, &e, NULL) == 0 && !bytes_is(e.kind, "ledger.imported")) {
        snprintf(ret, 1024, "%.*s %.*s %.*s %.*s", (int)e.key.n, (const char *)e.key.p, (int)e.subject.n,
                 (const char *)e.subject.p, (int)e.run.n, (const char *)e.run.p, (int)e.actor.n, (const char *)e.actor.p);
    }
    log_reader_close(reader);
    return ret;
}

/* Hashes of events after `from`, which must differ in the other ledger. Returns how many there are. */
static size_t compare(struct two *t, uint64_t from) {
    size_t hashes = 0;
    assert_int_equal(box_size(&t->a), box_size(&t->b));
    for (uint64_t seq = from; seq < box_size(&t->a); seq++) {
        char one[1024], other[1024];
        const char *hash = find_hash(header(&t->a, seq, one));
        for (; hash != NULL; hash = find_hash(hash + strspn(hash, "0123456789abcdef"))) {
            char digits[33];
            snprintf(digits, sizeof(digits), "%.32s", hash);
            if (strstr(header(&t->b, seq, other), digits) != NULL) {
                fail_msg("event %llu: '%s' and '%s' have '%s'", (unsigned long long)seq, one, other, digits);
            }
            hashes++;
        }
    }
    return hashes;
}

/* Ingests an input into both, and once more into the first, where it is known. Returns how many hashes the headers have. */
static size_t take(struct two *t, const char *source, struct ingest_options o) {
    uint64_t from = box_size(&t->a);
    assert_int_equal(box_run(&t->b, source, o), 0);
    assert_int_equal(box_run(&t->a, source, o), 0);
    assert_true(t->a.result.total.accepted > 0);
    assert_int_equal(box_run(&t->a, source, o), 0);
    assert_int_equal(t->a.result.total.accepted, 0);
    return compare(t, from);
}

static size_t take_file(struct two *t, const char *source, const char *path) {
    return take(t, source, (struct ingest_options){.paths = &path, .n_paths = 1});
}

static size_t take_text(struct two *t, const char *source, const char *text) {
    box_write(t->a.file, text, O_TRUNC);
    return take_file(t, source, t->a.file);
}

static void a_guessed_line_cannot_be_found_by_its_key(void **state) {
    static const char line[] =
        "{\"kind\":\"x.acme.test\",\"subject\":\"patient/7\",\"open\":[],\"body\":{\"result\":\"positive\"}}";
    uint8_t digest[HASH_LEN];
    char hex[KEYED_HASH_HEX], text[1024];
    assert_int_equal(take_text(*state, "jsonl", line), 1);
    hash_parts(digest, &(struct bytes){(const uint8_t *)line, sizeof(line) - 1}, 1);
    text_hex(hex, digest, 16);
    assert_null(strstr(header(&((struct two *)*state)->a, 1, text), hex));
    assert_memory_equal(text, "line:", 5);
}

static void nor_can_what_the_other_sources_have_read(void **state) {
    static const struct {
        const char *source, *path;
    } inputs[] = {
        {"dpkg", FIXTURES "dpkg/dpkg.log.1"},
        {"hook", FIXTURES "hook/claude_session.ndjson"},
        {"hook", FIXTURES "hook/claude_answers.ndjson"},
        {"hook", FIXTURES "hook/codex_rollout.jsonl"},
        {"hook", FIXTURES "hook/codex_app_server.ndjson"},
        {"hook", FIXTURES "hook/acp_session.ndjson"},
        {"hook", FIXTURES "hook/opencode_events.json"},
        {"hook", FIXTURES "hook/goose_tool_permissions.json"},
        {"lm-eval", FIXTURES "lmeval/whole"},
        {"lm-eval", FIXTURES "lmeval/inner"},
        {"lm-eval", FIXTURES "lmeval/old"},
        {"lm-eval", FIXTURES "lmeval/orphans"},
        {"hardware", NULL},
    };
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        struct two *t = *state;
        size_t hashes;
        if (inputs[i].path == NULL) {
            uint64_t from = box_size(&t->a);
            const struct ingest_options o = {.root = FIXTURES "hardware/box"};
            assert_int_equal(box_run(&t->a, inputs[i].source, o), 0);
            assert_int_equal(box_run(&t->b, inputs[i].source, o), 0);
            hashes = compare(t, from);
        } else {
            hashes = take_file(t, inputs[i].source, inputs[i].path);
        }
        if (hashes == 0) {
            fail_msg("%s: no hash is in the headers", inputs[i].path);
        }
    }
}

static void nor_can_saved_answers_of_a_server(void **state) {
    static const char *const saved[] = {FIXTURES "ollama/generate.ndjson", FIXTURES "ollama/tags.json",
                                        FIXTURES "ollama/pull.ndjson"};
    for (size_t i = 0; i < sizeof(saved) / sizeof(saved[0]); i++) {
        const struct ingest_options o = {.from = &saved[i], .n_from = 1};
        struct two *t = *state;
        assert_int_equal(box_run(&t->a, "ollama", o), 0);
        assert_int_equal(box_run(&t->b, "ollama", o), 0);
    }
    assert_true(compare(*state, 1) > 0);
}

static void nor_can_records_of_logs_their_reporter_and_their_session(void **state) {
#define TELL(n)                                                                                                            \
    "{\"body\":{\"stringValue\":\"yes\"},\"attributes\":[{\"key\":\"session.id\",\"value\":{\"stringValue\":\"s\"}},"      \
    "{\"key\":\"event.sequence\",\"value\":{\"intValue\":" n "}}]}"
    size_t hashes = take_text(*state, "otlp",
                              "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"host.name\",\"value\":"
                              "{\"stringValue\":\"box\"}}]},\"scopeLogs\":[{\"logRecords\":[" TELL("1") "," TELL(
                                  "5") ","
                                       "{\"eventName\":\"gen_ai.evaluation.result\",\"attributes\":[{\"key\":"
                                       "\"gen_ai.evaluation.name\",\"value\":{\"stringValue\":\"e\"}}]}]}]}]}");
    assert_int_equal(hashes, 6); /* reporter, two records, the gap; the score's key and its subject */
}

static void nor_can_a_secret_that_may_not_stand_in_a_header(void **state) {
    size_t hashes = take_text(*state, "hook",
                              "{\"hook_event_name\":\"PreToolUse\",\"session_id\":\"" SECRET
                              "\",\"tool_name\":\"Bash\",\"tool_use_id\":\"toolu_1\",\"tool_input\":{}}");
    assert_int_equal(hashes, 3); /* key, subject, run */
    hashes = take_text(*state, "otlp",
                       "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"attributes\":[{\"key\":\"session.id\","
                       "\"value\":{\"stringValue\":\"" SECRET "\"}}]}]}]}]}");
    assert_true(hashes >= 2);
}

static void a_dry_run_writes_nothing_and_keeps_the_secret(void **state) {
    struct two *t = *state;
    uint8_t before[KEY_SECRET_LEN], after[KEY_SECRET_LEN];
    uint64_t size = box_size(&t->a);
    const char *path = FIXTURES "jsonl/sample.jsonl";
    assert_int_equal(key_secret_get(t->a.ledger, false, before, NULL), 0);
    assert_int_equal(box_run(&t->a, "jsonl", (struct ingest_options){.paths = &path, .n_paths = 1, .dry_run = true}), 0);
    assert_true(t->a.previews > 0);
    assert_int_equal(key_secret_get(t->a.ledger, false, after, NULL), 0);
    assert_memory_equal(before, after, KEY_SECRET_LEN);
    assert_int_equal(box_size(&t->a), size);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_guessed_line_cannot_be_found_by_its_key, setup, teardown),
        cmocka_unit_test_setup_teardown(nor_can_what_the_other_sources_have_read, setup, teardown),
        cmocka_unit_test_setup_teardown(nor_can_saved_answers_of_a_server, setup, teardown),
        cmocka_unit_test_setup_teardown(nor_can_records_of_logs_their_reporter_and_their_session, setup, teardown),
        cmocka_unit_test_setup_teardown(nor_can_a_secret_that_may_not_stand_in_a_header, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dry_run_writes_nothing_and_keeps_the_secret, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
