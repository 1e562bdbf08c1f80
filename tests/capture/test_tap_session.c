/* Conversations of all versions of the protocol, as fixtures, with the events that they give: each a line of its kind and of some of
 * its open fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mp.h"
#include "capture/tap/session.h"
#include "ledger/kinds/kind.h"

#define FIXTURES "tests/capture/fixtures/mcp/"
#define MAX      ((size_t)4 << 20)
#define NOW      UINT64_C(1700000000000000000)

/* Fields of a fixture's lines, in this order. */
static const char *const shown[] = {"tool",   "call",    "request", "server", "version",       "protocol", "form",
                                    "answer", "model",   "agent",   "parent", "agent_version", "task",     "operation",
                                    "what",   "missing", "outcome", "error",  "announced"};
/* Of some kinds only, to keep the lines short. */
static bool is_shown(struct bytes kind, const char *field) {
    bool family = bytes_has_prefix(kind, "agent.");
    if (strcmp(field, "server") == 0) return family;
    if (strcmp(field, "agent") == 0) return bytes_is(kind, "run.tool_called") || bytes_is(kind, "run.started");
    if (strcmp(field, "tool") == 0) return !bytes_is(kind, "run.asked");
    return true;
}

struct told {
    struct buf lines, alarms, bodies;
    size_t n;
    char keys[64][TAP_KEY_LEN];
};

static void put_value(struct buf *out, struct bytes raw) {
    struct mp_item item;
    assert_int_equal(mp_scalar(raw, &item), 0);
    if (item.type == MP_STR) {
        buf_put_bytes(out, item.data);
    } else {
        assert_int_equal(json_from_mp(raw, JSON_LINE, out, NULL), 0);
    }
}

static int on_event(void *ctx, const struct tap_event *event, struct err *err) {
    struct told *told = ctx;
    struct bytes raw;
    (void)err;
    assert_int_equal(mp_check(event->body, NULL), 0);
    assert_non_null(kind_find(bytes_of(event->kind)));
    for (size_t i = 0; i < told->n; i++) {
        assert_false(bytes_is(event->key, told->keys[i]));
    }
    assert_true(told->n < 64 && event->key.n < TAP_KEY_LEN);
    memcpy(told->keys[told->n], event->key.p, event->key.n);
    bool cause = event->cause_key.n == 0;
    for (size_t i = 0; i < told->n; i++) {
        cause = cause || bytes_is(event->cause_key, told->keys[i]);
    }
    assert_true(cause);
    told->n++;
    buf_put_str(&told->lines, event->kind);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        if (mp_map_get(event->body, shown[i], &raw) != 0 || !is_shown(bytes_of(event->kind), shown[i])) continue;
        buf_printf(&told->lines, " %s=", shown[i]);
        put_value(&told->lines, raw);
    }
    buf_put_str(&told->lines, "\n");
    buf_put_bytes(&told->bodies, event->body);
    return 0;
}

static void on_alarm(void *ctx, const char *text) {
    struct told *told = ctx;
    buf_printf(&told->alarms, "%s\n", text);
}

static void read_whole(const char *name, const char *ending, struct buf *out) {
    char path[256];
    snprintf(path, sizeof(path), FIXTURES "%s%s", name, ending);
    buf_init(out, MAX);
    assert_int_equal(file_read(path, out, NULL), 0);
}

static int feed(void *ctx, const struct rpc_line *line, struct err *err) {
    struct tap_session *session = ctx;
    enum tap_side side = line->text.n > 0 && line->text.p[0] == '>' ? TAP_CLIENT : TAP_SERVER;
    struct rpc_line own = *line;
    if (line->text.n < 2) return 0;
    own.text = (struct bytes){line->text.p + 2, line->text.n - 2};
    return tap_session_line(session, side, &own, NOW, err);
}

static void told_init(struct told *told) {
    memset(told, 0, sizeof(*told));
    buf_init(&told->lines, MAX);
    buf_init(&told->alarms, MAX);
    buf_init(&told->bodies, MAX);
}

static void told_done(struct told *told) {
    buf_done(&told->lines);
    buf_done(&told->alarms);
    buf_done(&told->bodies);
}

static void replay(const char *name, struct told *told) {
    const struct tap_names names = {.server = "srv", .run = "0123456789abcdef"};
    const struct tap_sink sink = {told, on_event, on_alarm};
    struct tap_session *session = tap_session_new(&names, &sink);
    struct rpc_lines lines;
    struct buf text;
    rpc_lines_init(&lines);
    read_whole(name, ".txt", &text);
    assert_int_equal(rpc_lines_put(&lines, bytes_of_buf(&text), feed, session, NULL), 0);
    assert_int_equal(tap_session_end(session, 0, NOW, NULL), 0);
    tap_session_free(session);
    rpc_lines_done(&lines);
    buf_done(&text);
}

static void check(const char *name) {
    struct told told;
    struct buf wanted;
    told_init(&told);
    replay(name, &told);
    read_whole(name, ".events", &wanted);
    buf_put_u8(&told.lines, '\0');
    buf_put_u8(&wanted, '\0');
    assert_string_equal((const char *)told.lines.p, (const char *)wanted.p);
    buf_done(&wanted);
    told_done(&told);
}

static void each_version_of_the_protocol_gives_its_events(void **state) {
    (void)state;
    check("version_2024");
    check("batch_2025_03");
    check("elicits_2025_06");
    check("changes_2025_11");
    check("version_2026");
}

static void what_is_no_message_is_counted_and_ends_nothing(void **state) {
    (void)state;
    check("oddities");
}

static void a_changed_definition_is_an_alarm_that_names_it(void **state) {
    struct told told;
    (void)state;
    told_init(&told);
    replay("changes_2025_11", &told);
    buf_put_u8(&told.alarms, '\0');
    assert_string_equal((const char *)told.alarms.p,
                        "server 'srv' offers other tools than before: 'b' removed; 'a' changed\n");
    told_done(&told);
}

/* Every prefix of a conversation, as bytes, is a conversation. */
static void a_conversation_may_end_at_any_byte(void **state) {
    static const char *const all[] = {"version_2024", "batch_2025_03", "elicits_2025_06", "version_2026", "oddities"};
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct buf text;
        read_whole(all[i], ".txt", &text);
        for (size_t n = 0; n < text.n; n += 1 + n / 97) {
            const struct tap_names names = {.server = "srv", .run = "0123456789abcdef"};
            struct told told;
            told_init(&told);
            const struct tap_sink sink = {&told, on_event, on_alarm};
            struct tap_session *session = tap_session_new(&names, &sink);
            struct rpc_lines lines;
            rpc_lines_init(&lines);
            assert_int_equal(rpc_lines_put(&lines, (struct bytes){text.p, n}, feed, session, NULL), 0);
            assert_int_equal(rpc_lines_end(&lines, feed, session, NULL), 0);
            rpc_lines_done(&lines);
            assert_int_equal(tap_session_end(session, -1, NOW, NULL), 0);
            tap_session_free(session);
            told_done(&told);
        }
        buf_done(&text);
    }
}

static void a_tool_s_group_is_what_was_said_last_or_what_its_name_implies(void **state) {
    static const char *const groups[] = {"read=filesystem.read", "network.egress", NULL};
    const struct tap_names names = {.server = "s", .groups = groups}, none = {.server = "s"},
                           strict = {.server = "s", .enforces = true};
    (void)state;
    assert_string_equal(tap_names_group(&names, bytes_of("read")), "filesystem.read");
    assert_string_equal(tap_names_group(&names, bytes_of("other")), "network.egress");
    assert_null(tap_names_group(&none, bytes_of("other")));
    assert_string_equal(tap_names_group(&strict, bytes_of("other")), "exec");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_of_the_protocol_gives_its_events),
        cmocka_unit_test(what_is_no_message_is_counted_and_ends_nothing),
        cmocka_unit_test(a_changed_definition_is_an_alarm_that_names_it),
        cmocka_unit_test(a_conversation_may_end_at_any_byte),
        cmocka_unit_test(a_tool_s_group_is_what_was_said_last_or_what_its_name_implies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
