/* The source "hook" and bad input: each record is refused with its own message, alone, and nothing of a secret is kept. */
#include <dirent.h>

#include "ingest/hook/hook.h"
#include "tests/base/secret_sample.h"
#include "tests/ingest/ledger_box.h"

static int ingest_text(struct box *b, const char *text) {
    const char *paths[] = {b->file};
    box_write(b->file, text, O_TRUNC);
    return box_run(b, "hook", (struct ingest_options){.paths = paths, .n_paths = 1});
}

struct bad {
    const char *record, *want;
};

#define UNKNOWN                                                                                                            \
    "unknown record; expected: an object with hook_event_name (Claude Code, Codex), "                                      \
    "hookSpecificOutput (what a hook answered), type with payload, msg or op (Codex), type with properties or data "       \
    "(opencode), permissions, or event with session_id (goose), method or result (ACP, Codex)"
#define NO_TOOL "'tool_name' is missing or not a name; expected: text of 1 to 200 bytes"
#define PRE     "{\"hook_event_name\":\"PreToolUse\","
#define DEEP_32 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

static const struct bad bads[] = {
    /* JSON */
    {"no json", "not valid JSON: column 2: invalid token near 'no'"},
    {"}", "not valid JSON: column 1: unexpected token near '}'"},
    {"\"text\"", "the record is not a JSON object; expected: a JSON object"},
    {"{\"a\":1,\"a\":2}", "not valid JSON: column 10: duplicate object key near '\"a\"'"},
    {PRE "\"tool_name\":NaN}", "not valid JSON: column 47: invalid token near 'NaN'"},
    {PRE "\"tool_name\":-Infinity}", "not valid JSON: column 45: invalid token near '-'"},
    {PRE "\"tool_name\":\"\\ud83e\"}", "not valid JSON: column 52: invalid Unicode '\\uD83E' near '\"\\ud83e\"'"},
    {PRE "\"tool_name\":\"\xc3\x28\"}", "not valid JSON: column 45: unable to decode byte 0xc3 near '\"'"},
    {PRE "\"tool_input\":18446744073709551615}",
     "not valid JSON: column 65: an integer is out of range, expected -9223372036854775808 to 9223372036854775807"},
    {PRE "\"tool_input\":1e999}", "not valid JSON: column 50: a real number is larger than a 64-bit float can be"},
    {PRE "\"\\u0000\":1}", "not valid JSON: column 40: an object key contains \\u0000"},
    {PRE "\"tool_input\":" DEEP_32 "}", "not valid JSON: column 77: nested deeper than 32 levels"},
    {PRE "\"tool_name\":\"Ba", "the record is cut off: not valid JSON: column 47: premature end of input near '\"Ba'"},
    {PRE "\"tool_name\":\"Bash\"", "the record is cut off: not valid JSON: column 50: '}' expected near end of file"},
    {"[", "the array around the records is not closed: the input is cut off"},
    /* whose record it is */
    {"{}", UNKNOWN},
    {"{\"kind\":\"x.a.b\",\"subject\":\"s\"}", UNKNOWN},
    {"{\"hook_event_name\":null}", UNKNOWN},
    {"{\"type\":\"permission.asked\"}", UNKNOWN},
    {"{\"type\":\"permission\",\"properties\":{}}", UNKNOWN},
    {"{\"payload\":{\"type\":\"exec_approval_request\"}}", UNKNOWN},
    {"{\"op\":{\"type\":7}}", UNKNOWN},
    {"{\"permissions\":[]}", UNKNOWN},
    /* hooks */
    {"{\"hook_event_name\":7}", "'hook_event_name' is not a name; expected: text of 1 to 200 bytes"},
    {"{\"hook_event_name\":\"\"}", "'hook_event_name' is not a name; expected: text of 1 to 200 bytes"},
    {PRE "\"tool_input\":{}}", NO_TOOL},
    {PRE "\"tool_name\":[\"Bash\"]}", NO_TOOL},
    {PRE "\"tool_name\":\"Ba\\nsh\"}", NO_TOOL},
    {"{\"hook_event_name\":\"PostToolUse\",\"tool_name\":\"\"}", NO_TOOL},
    {"{\"hook_event_name\":\"PermissionRequest\"}", NO_TOOL},
    {"{\"hook_event_name\":\"PostToolBatch\"}", "'tool_calls' is missing; expected: an array of objects with tool_name"},
    {"{\"hook_event_name\":\"PostToolBatch\",\"tool_calls\":{}}",
     "'tool_calls' is not an array; expected: an array of objects with tool_name"},
    {"{\"hook_event_name\":\"PostToolBatch\",\"tool_calls\":[7]}",
     "a call in 'tool_calls' is not a JSON object; expected: a JSON object"},
    {"{\"hookSpecificOutput\":\"deny\"}", "'hookSpecificOutput' is not a JSON object; expected: a JSON object"},
    /* the others */
    {"{\"id\":\"1\",\"op\":{\"type\":\"exec_approval\",\"id\":\"c\"}}",
     "'decision' is missing; expected: a word, or an object with one name"},
    {"{\"type\":\"permission.asked\",\"properties\":{\"id\":\"p\"}}",
     "'permission' is missing or not a name; expected: text of 1 to 200 bytes"},
    {"{\"type\":\"tool.execute.before\",\"input\":{\"sessionID\":\"s\"}}",
     "'input' has no 'tool'; expected: {type, input: {tool, sessionID, callID}, output}"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session/request_permission\",\"params\":{}}",
     "'params' has no 'toolCall'; expected: {sessionId, toolCall, options}"},
    {"{\"id\":1,\"method\":\"execCommandApproval\"}",
     "'params' is missing or not a JSON object; 'execCommandApproval' has one"},
    {"{\"permissions\":{\"a\":{}}}",
     "'permissions' holds something that is not an array; expected: goose's tool_permissions.json"},
    {"{\"permissions\":{\"a\":[7]}}", "an answer in 'permissions' is not a JSON object; expected: a JSON object"},
};

static void each_bad_record_is_refused_in_its_own_words(void **state) {
    (void)state;
    struct box b;
    box_init(&b);
    for (size_t i = 0; i < COUNT(bads); i++) {
        char want[1024];
        snprintf(want, sizeof(want), "1: %s\n", bads[i].want);
        assert_int_equal(ingest_text(&b, bads[i].record), 0);
        assert_string_equal(b.rejections, want);
        assert_int_equal(b.result.total.accepted, 0);
        assert_int_equal(b.result.total.rejected, 1);
    }
    assert_int_equal(box_size(&b), 1);
    box_done(&b);
}

static void a_record_of_too_many_names_is_refused(void **state) {
    (void)state;
    struct box b;
    char record[4096] = "{";
    box_init(&b);
    for (int i = 0; i < 97; i++) {
        snprintf(record + strlen(record), 32, "%s\"n%d\":0", i > 0 ? "," : "", i);
    }
    snprintf(record + strlen(record), 8, "}");
    assert_int_equal(ingest_text(&b, record), 0);
    assert_string_equal(b.rejections, "1: the record has 97 names; expected: at most 96\n");
    box_done(&b);
}

#define GOOD(session) "{\"hook_event_name\":\"Stop\",\"session_id\":\"" session "\"}\n"

static void a_bad_record_is_refused_alone(void **state) {
    (void)state;
    struct box b;
    box_init(&b);
    assert_int_equal(ingest_text(&b, GOOD("1") "nonsense\n" GOOD("2") "{\"hook_event_name\":\"Stop\",\n" GOOD("3") "{}\n"),
                     0);
    assert_int_equal(b.result.total.accepted, 3);
    assert_int_equal(b.result.total.rejected, 3);
    assert_int_equal(strncmp(b.rejections, "2: not valid JSON: ", 19), 0);
    assert_non_null(strstr(b.rejections, "\n4: the record is cut off: not valid JSON: "));
    assert_non_null(strstr(b.rejections, "\n6: unknown record; "));
    assert_int_equal(b.result.receipts, 1);
    box_done(&b);
}

static void an_element_that_is_no_object_is_refused_alone(void **state) {
    (void)state;
    struct box b;
    box_init(&b);
    assert_int_equal(ingest_text(&b, "[1,{\"hook_event_name\":\"Stop\",\"session_id\":\"1\"}]"), 0);
    assert_int_equal(b.result.total.accepted, 1);
    assert_string_equal(b.rejections, "1: the record is not a JSON object; expected: a JSON object\n");
    box_done(&b);
}

static void a_strict_run_ends_at_the_first_bad_record(void **state) {
    (void)state;
    struct box b;
    box_init(&b);
    const char *paths[] = {b.file};
    box_write(b.file, GOOD("1") "nonsense\n" GOOD("2"), O_TRUNC);
    const struct ingest_options o = {.paths = paths, .n_paths = 1, .strict = true};
    assert_int_equal(box_run(&b, "hook", o), ERR_INVALID);
    assert_int_equal(b.result.total.accepted, 1);
    assert_non_null(strstr(b.err.msg, "line 2: not valid JSON"));
    box_done(&b);
}

static void content_that_is_nested_too_deep_is_told_by_its_digest(void **state) {
    (void)state;
    static const char brackets[] = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
    for (int n = 28; n <= 31; n++) {
        struct box b;
        char record[512], event[4096];
        box_init(&b);
        snprintf(record, sizeof(record), PRE "\"tool_name\":\"t\",\"tool_input\":%.*s1%.*s,\"more\":%.*s2%.*s}", n,
                 brackets, n, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", n, brackets, n, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
        assert_int_equal(ingest_text(&b, record), 0);
        assert_string_equal(b.rejections, "");
        box_event(&b, 1, event, sizeof(event));
        assert_non_null(strstr(event, "arguments_digest"));
        const char *left_out = n < 30    ? NULL
                               : n == 30 ? "\"left_out\":[\"attributes\"]"
                                         : "\"left_out\":[\"arguments\",\"attributes\"]";
        assert_true(left_out == NULL ? strstr(event, "left_out") == NULL : strstr(event, left_out) != NULL);
        box_done(&b);
    }
}

static void an_empty_standard_input_is_told(void **state) {
    (void)state;
    struct box b;
    box_init(&b);
    int before = dup(STDIN_FILENO), fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    close(fd);
    assert_int_equal(box_run(&b, "hook", (struct ingest_options){0}), 0);
    assert_string_equal(b.rejections, "0: the input is empty; expected: an agent's record as a JSON object\n");
    dup2(before, STDIN_FILENO);
    close(before);
    box_done(&b);
}

static void a_file_that_is_not_there_is_an_error(void **state) {
    (void)state;
    struct box b;
    box_init(&b);
    const char *paths[] = {"/nonexistent/x.json"};
    assert_int_equal(box_run(&b, "hook", (struct ingest_options){.paths = paths, .n_paths = 1}), ERR_NOTFOUND);
    box_done(&b);
}

/* ---- secrets ------------------------------------------------------------------------------------------------------ */

/* Does any file below the directory contain these bytes? */
static bool is_in_files(const char *dir, const char *needle) {
    DIR *d = opendir(dir);
    bool found = false;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL && !found;) {
        char path[1024];
        struct buf content;
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_type == DT_DIR) {
            found = is_in_files(path, needle);
            continue;
        }
        buf_init(&content, 64 << 20);
        assert_int_equal(file_read(path, &content, NULL), 0);
        found = content.n > 0 && memmem(content.p, content.n, needle, strlen(needle)) != NULL;
        buf_done(&content);
    }
    closedir(d);
    return found;
}

/* Text as the inside of a JSON string. */
static void escape(const char *text, char ret[2 * SAMPLE_MAX]) {
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            ret[n++] = '\\';
            ret[n++] = 'n';
        } else {
            ret[n++] = *text;
        }
    }
    ret[n] = '\0';
}

/* Wherever an agent can have a text. */
static const char *const places[] = {
    PRE "\"session_id\":\"p%zu\",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"run %s now\"}}",
    PRE "\"session_id\":\"q%zu\",\"tool_name\":\"Bash\",\"tool_input\":{\"env\":{\"%s\":1}}}",
    PRE "\"session_id\":\"r%zu\",\"tool_name\":\"%s\"}",
    PRE "\"turn_id\":\"u%zu\",\"session_id\":\"%s\",\"tool_name\":\"Read\",\"tool_use_id\":\"c\"}",
    PRE "\"session_id\":\"s%zu\",\"tool_name\":\"Read\",\"tool_use_id\":\"%s\",\"cwd\":\"/srv\"}",
    "{\"hook_event_name\":\"PostToolUseFailure\",\"session_id\":\"t%zu\",\"tool_name\":\"Bash\",\"error\":\"got %s back\"}",
    "{\"hook_event_name\":\"UserPromptSubmit\",\"session_id\":\"v%zu\",\"prompt\":\"use %s\"}",
    "{\"type\":\"permission.asked\",\"properties\":{\"id\":\"w%zu\",\"sessionID\":\"s\",\"permission\":\"bash\","
    "\"patterns\":[\"%s\"]}}",
    "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"session/"
    "request_permission\",\"params\":{\"sessionId\":\"s\",\"toolCall\":"
    "{\"toolCallId\":\"c\",\"title\":\"t %s\"}}}",
    "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"session/"
    "request_permission\",\"params\":{\"sessionId\":\"o\",\"toolCall\":"
    "{\"toolCallId\":\"c\"},\"options\":[{\"optionId\":\"a\",\"kind\":\"%s\"}]}}",
    "{\"id\":%zu,\"result\":{\"decision\":\"%s\"}}",
    "nonsense %zu %s",
};

static void no_secret_of_any_rule_is_found_in_any_file_of_the_ledger(void **state) {
    (void)state;
    struct box b;
    char secret[SAMPLE_MAX], escaped[2 * SAMPLE_MAX], record[4 * SAMPLE_MAX];
    size_t refused = 0, wanted = 0;
    box_init(&b);
    for (size_t i = 0; i < sample_count(); i++) {
        sample_make(i, 7, secret);
        wanted += 1 + (strlen(secret) > 200 || strchr(secret, '\n') != NULL); /* the nonsense; what is not a tool's name */
        escape(secret, escaped);
        for (size_t k = 0; k < COUNT(places); k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(record, sizeof(record), places[k], i, escaped);
#pragma GCC diagnostic pop
            assert_int_equal(ingest_text(&b, record), 0);
            refused += b.result.total.rejected;
            assert_null(strstr(b.rejections, secret));
        }
        assert_int_equal(unlink(b.file), 0);
        if (is_in_files(b.log_dir, secret)) {
            fail_msg("rule %s: '%s' is in the ledger", SAMPLES[i].rule, secret);
        }
    }
    assert_int_equal(refused, wanted);
    box_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bad_record_is_refused_in_its_own_words),
        cmocka_unit_test(a_record_of_too_many_names_is_refused),
        cmocka_unit_test(a_bad_record_is_refused_alone),
        cmocka_unit_test(an_element_that_is_no_object_is_refused_alone),
        cmocka_unit_test(a_strict_run_ends_at_the_first_bad_record),
        cmocka_unit_test(content_that_is_nested_too_deep_is_told_by_its_digest),
        cmocka_unit_test(an_empty_standard_input_is_told),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
        cmocka_unit_test(no_secret_of_any_rule_is_found_in_any_file_of_the_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
