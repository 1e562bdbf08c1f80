/* The source "hook" over a ledger: what each agent's records become, what is reported about bad ones, and what is not
 * recorded. */
#include "base/hash.h"
#include "base/text.h"
#include "tests/ingest/ledger_box.h"

#define FIXTURES "tests/ingest/fixtures/hook/"

static const char *const fixtures[] = {
    "acp_session.ndjson",          "claude_answers.ndjson", "claude_batch.json",        "claude_session.ndjson",
    "codex_app_server.ndjson",     "codex_hooks.ndjson",    "codex_rollout.jsonl",      "gemini_session.ndjson",
    "goose_tool_permissions.json", "opencode_events.json",  "opencode_versions.ndjson",
};

static int ingest(struct box *b, const char *path) {
    const char *paths[] = {path};
    return box_run(b, "hook", (struct ingest_options){.paths = paths, .n_paths = 1});
}

static int ingest_text(struct box *b, const char *text) {
    box_write(b->file, text, O_TRUNC);
    return ingest(b, b->file);
}

static struct bytes or_dash(struct bytes text) {
    return text.n > 0 ? text : bytes_of("-");
}

/* Events [from, to) as text: "KIND SUBJECT ACTOR RUN CAUSE", followed by the open and the private fields. */
static void put_events(struct box *b, uint64_t from, uint64_t to, struct buf *out) {
    struct log_reader *reader = NULL;
    struct log_event e;
    struct buf private_;
    buf_init(&private_, 2 << 20);
    assert_int_equal(log_reader_open(b->ledger, from, to, &reader, NULL), 0);
    while (log_reader_next(reader, &e, NULL) == 0) {
        const struct bytes parts[] = {e.kind, e.subject, e.actor, or_dash(e.run)};
        for (size_t i = 0; i < 4; i++) {
            buf_put_bytes(out, parts[i]);
            buf_put_u8(out, ' ');
        }
        if (e.has_cause) {
            buf_printf(out, "%llu", (unsigned long long)e.cause);
        } else {
            buf_put_str(out, "-");
        }
        buf_put_str(out, "\n  ");
        assert_int_equal(json_from_mp(e.body, JSON_LINE, out, NULL), 0);
        if (e.has_private) {
            buf_clear(&private_);
            assert_int_equal(log_reader_private(reader, &private_, NULL), 0);
            buf_put_str(out, "\n  ");
            assert_int_equal(json_from_mp(bytes_of_buf(&private_), JSON_LINE, out, NULL), 0);
        }
        buf_put_str(out, "\n");
    }
    buf_put_u8(out, 0);
    log_reader_close(reader);
    buf_done(&private_);
}

/* The event of one record, as put_events writes it. */
static char *event_of(struct box *b, const char *record, struct buf *out) {
    uint64_t before = box_size(b);
    assert_int_equal(ingest_text(b, record), 0);
    if (b->result.total.rejected > 0) {
        fail_msg("%s", b->rejections);
    }
    assert_int_equal(b->result.total.accepted, 1);
    buf_clear(out);
    put_events(b, before, before + 1, out);
    return (char *)out->p;
}

static void each_record_becomes_the_event_that_it_tells(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
        struct box b;
        struct buf got, want;
        char path[256], want_path[264];
        box_init(&b);
        buf_init(&got, 1 << 20);
        buf_init(&want, 1 << 20);
        snprintf(path, sizeof(path), FIXTURES "%s", fixtures[i]);
        snprintf(want_path, sizeof(want_path), "%s.want", path);
        assert_int_equal(ingest(&b, path), 0);
        put_events(&b, 1, 1 + b.result.total.accepted, &got);
        assert_int_equal(file_read(want_path, &want, NULL), 0);
        buf_put_u8(&want, 0);
        assert_string_equal((char *)got.p, (char *)want.p);
        assert_int_equal(b.result.total.rejected, 0);
        buf_done(&got);
        buf_done(&want);
        box_done(&b);
    }
}

static void the_same_input_again_writes_nothing(void **state) {
    (void)state;
    struct box b;
    box_init(&b);
    for (int round = 0; round < 2; round++) {
        uint64_t size = box_size(&b);
        for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
            char path[256];
            snprintf(path, sizeof(path), FIXTURES "%s", fixtures[i]);
            assert_int_equal(ingest(&b, path), 0);
            assert_true(round == 0 ? b.result.total.accepted > 0 : b.result.total.accepted == 0);
            assert_true(round == 0 ? b.result.total.duplicate == 0 : b.result.total.duplicate > 0);
        }
        assert_true(round == 0 || box_size(&b) == size);
    }
    box_done(&b);
}

/* A hook is called once for each record; the same records may be ingested again as one file. */
static void a_record_alone_is_the_same_event_as_in_a_file(void **state) {
    (void)state;
    struct box b;
    struct buf text;
    box_init(&b);
    buf_init(&text, 1 << 20);
    assert_int_equal(file_read(FIXTURES "claude_session.ndjson", &text, NULL), 0);
    buf_put_u8(&text, 0);
    for (char *line = (char *)text.p, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        assert_int_equal(ingest_text(&b, line), 0);
        assert_int_equal(b.result.total.accepted, 1);
    }
    assert_int_equal(ingest(&b, FIXTURES "claude_session.ndjson"), 0);
    assert_int_equal(b.result.total.accepted, 0);
    assert_int_equal(b.result.total.duplicate, 10);
    buf_done(&text);
    box_done(&b);
}

static void a_call_without_an_id_that_comes_twice_in_a_file_is_two_events(void **state) {
    (void)state;
    struct box b;
    box_init(&b);
    assert_int_equal(ingest_text(&b, "{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Read\"}\n"
                                     "{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Read\"}\n"),
                     0);
    assert_int_equal(b.result.total.accepted, 2);
    assert_int_equal(ingest_text(&b, "{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Read\"}\n"), 0);
    assert_int_equal(b.result.total.accepted, 0);
    box_done(&b);
}

static void a_single_record_from_standard_input_leaves_no_receipt_and_more_leave_one(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{\"hook_event_name\":\"Stop\",\"session_id\":\"s1\"}\n",
        "{\"hook_event_name\":\"Stop\",\"session_id\":\"s2\"}\n{\"hook_event_name\":\"Stop\",\"session_id\":\"s3\"}\n"};
    struct box b;
    box_init(&b);
    int before = dup(STDIN_FILENO);
    for (int i = 0; i < 2; i++) {
        box_write(b.file, texts[i], O_TRUNC);
        int fd = open(b.file, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
        close(fd);
        assert_int_equal(box_run(&b, "hook", (struct ingest_options){0}), 0);
        assert_int_equal(b.result.receipts, i);
        assert_int_equal(b.result.total.accepted, 1 + i);
    }
    dup2(before, STDIN_FILENO);
    close(before);
    assert_int_equal(ingest_text(&b, "{\"hook_event_name\":\"Stop\",\"session_id\":\"s4\"}\n"), 0);
    assert_int_equal(b.result.receipts, 1);
    box_done(&b);
}

static void digests_and_sizes_are_those_of_compact_json_or_of_the_text_itself(void **state) {
    (void)state;
    static const char *const contents[][2] = {
        {"{ \"b\": [1, 2.5, null], \"a\": \"\\u00e9\" }", "{\"a\":\"\xc3\xa9\",\"b\":[1,2.5,null]}"},
        {"\"{\\\"b\\\": 1}\"", "{\"b\": 1}"},
        {"0", "0"},
        {"\"\"", ""}};
    struct box b;
    struct buf out;
    box_init(&b);
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < 4; i++) {
        char record[512], want[128], hex[65];
        uint8_t digest[HASH_LEN];
        const struct bytes text = bytes_of(contents[i][1]);
        hash_parts(digest, &text, 1);
        text_hex(hex, digest, HASH_LEN);
        snprintf(record, sizeof(record),
                 "{\"hook_event_name\":\"PreToolUse\",\"session_id\":\"d\",\"tool_name\":\"t%zu\",\"tool_input\":%s}", i,
                 contents[i][0]);
        snprintf(want, sizeof(want), "\"arguments_bytes\":%zu,\"arguments_digest\":\"sha256:%s\"", text.n, hex);
        assert_non_null(strstr(event_of(&b, record, &out), want));
    }
    buf_done(&out);
    box_done(&b);
}

static void absent_null_and_zero_stay_three_things(void **state) {
    (void)state;
    struct box b;
    struct buf out;
    box_init(&b);
    buf_init(&out, 1 << 20);
#define POST "{\"hook_event_name\":\"PostToolUse\",\"tool_name\":\"t\",\"tool_use_id\":"
    char *zero = event_of(&b, POST "\"1\",\"duration_ms\":0,\"tool_input\":0}", &out);
    assert_non_null(strstr(zero, "\"duration_ms\":0"));
    assert_non_null(strstr(zero, "\"arguments\":0"));
    char *null = event_of(&b, POST "\"2\",\"duration_ms\":null,\"tool_input\":null}", &out);
    assert_non_null(strstr(null, "\"attributes\":{\"duration_ms\":null,\"tool_input\":null}"));
    assert_null(strstr(null, "arguments_digest"));
    char *absent = event_of(&b, POST "\"3\"}", &out);
    assert_null(strstr(absent, "duration_ms"));
    assert_null(strstr(absent, "tool_input"));
    char *text = event_of(&b, POST "\"4\",\"duration_ms\":\"812.4\",\"mode\":7}", &out);
    assert_non_null(strstr(text, "\"attributes\":{\"duration_ms\":\"812.4\",\"mode\":7}"));
    buf_done(&out);
    box_done(&b);
}

static void a_name_that_is_long_or_holds_a_line_end_is_kept_private(void **state) {
    (void)state;
    struct box b;
    struct buf out;
    char record[1024];
    box_init(&b);
    buf_init(&out, 1 << 20);
    snprintf(
        record, sizeof(record),
        "{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"t\",\"session_id\":\"a\\nb\",\"permission_mode\":\"%0300d\"}",
        1);
    char *text = event_of(&b, record, &out);
    assert_memory_equal(text, "run.tool_called run/unknown service:hook - -\n  {\"tool\":\"t\"}\n", 60);
    assert_non_null(strstr(text, "\"session_id\":\"a\\nb\""));
    buf_done(&out);
    box_done(&b);
}

static void nobody_is_named_as_the_agent_or_as_who_decided_without_a_word_of_it(void **state) {
    (void)state;
    struct box b;
    struct buf out;
    box_init(&b);
    buf_init(&out, 1 << 20);
    char *text =
        event_of(&b,
                 "{\"hook_event_name\":\"PostToolUse\",\"session_id\":\"n\",\"tool_name\":\"Bash\",\"tool_use_id\":\"x\","
                 "\"tool_response\":\"error: everything failed\",\"permission_mode\":\"bypassPermissions\"}",
                 &out);
    assert_null(strstr(text, "agent"));
    assert_null(strstr(text, "\"ok\""));
    assert_null(strstr(text, "decide"));
    assert_non_null(strstr(text, "\"mode\":\"bypassPermissions\""));
    buf_done(&out);
    box_done(&b);
}

static void what_is_too_large_is_told_by_its_digest_alone(void **state) {
    (void)state;
    struct box b;
    struct buf out, record;
    size_t n = 3 << 20;
    box_init(&b);
    buf_init(&out, 4 << 20);
    buf_init(&record, 8 << 20);
    buf_put_str(&record,
                "{\"hook_event_name\":\"PostToolUse\",\"session_id\":\"l\",\"tool_name\":\"Read\",\"tool_use_id\":\"x\","
                "\"tool_input\":{\"file_path\":\"a\"},\"tool_response\":\"");
    memset(buf_room(&record, n), 'x', n);
    record.n += n;
    buf_put_str(&record, "\",\"more\":\"y\"}");
    buf_put_u8(&record, 0);
    char *text = event_of(&b, (char *)record.p, &out);
    assert_non_null(strstr(text, "\"left_out\":[\"result\"]"));
    assert_non_null(strstr(text, "\"result_bytes\":3145728,\"result_digest\":\"sha256:"));
    assert_non_null(strstr(text, "\"arguments\":{\"file_path\":\"a\"},\"attributes\":{\"more\":\"y\"}"));
    assert_true(out.n < 2000);
    buf_done(&record);
    buf_done(&out);
    box_done(&b);
}

static void a_long_value_is_kept_whole(void **state) {
    (void)state;
    struct box b;
    struct buf out, record;
    size_t n = 90 << 10;
    box_init(&b);
    buf_init(&out, 1 << 20);
    buf_init(&record, 1 << 20);
    buf_put_str(&record, "{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Write\",\"tool_input\":\"");
    memset(buf_room(&record, n), 'Q', n);
    record.n += n;
    buf_put_str(&record, "\"}");
    buf_put_u8(&record, 0);
    assert_non_null(strstr(event_of(&b, (char *)record.p, &out), "\"arguments_bytes\":92160"));
    assert_true(out.n > n);
    buf_done(&record);
    buf_done(&out);
    box_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_becomes_the_event_that_it_tells),
        cmocka_unit_test(the_same_input_again_writes_nothing),
        cmocka_unit_test(a_record_alone_is_the_same_event_as_in_a_file),
        cmocka_unit_test(a_call_without_an_id_that_comes_twice_in_a_file_is_two_events),
        cmocka_unit_test(a_single_record_from_standard_input_leaves_no_receipt_and_more_leave_one),
        cmocka_unit_test(digests_and_sizes_are_those_of_compact_json_or_of_the_text_itself),
        cmocka_unit_test(absent_null_and_zero_stay_three_things),
        cmocka_unit_test(a_name_that_is_long_or_holds_a_line_end_is_kept_private),
        cmocka_unit_test(nobody_is_named_as_the_agent_or_as_who_decided_without_a_word_of_it),
        cmocka_unit_test(what_is_too_large_is_told_by_its_digest_alone),
        cmocka_unit_test(a_long_value_is_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
