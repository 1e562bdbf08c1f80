/* The recorder: a queue without room loses bytes and says so; what is told twice is written once; the next session knows what the
 * last one saw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mp.h"
#include "capture/tap/judge.h"
#include "capture/tap/known.h"
#include "capture/tap/record.h"

struct box {
    char dir[64], log_dir[96];
    struct ledger *ledger;
    char said[4096];
};

static struct err err;

static void open_box(struct box *b) {
    memset(b, 0, sizeof(*b));
    snprintf(b->dir, sizeof(b->dir), "/tmp/test_tap.XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->log_dir, sizeof(b->log_dir), "%s/ledger", b->dir);
    const struct log_create_options options = {.origin = "example.org/test", .actor = "user:test"};
    assert_int_equal(log_create(b->log_dir, &options, &err), 0);
    assert_int_equal(log_open(b->log_dir, NULL, &b->ledger, &err), 0);
}

static void close_box(struct box *b) {
    log_close(b->ledger);
    assert_int_equal(file_remove_tree(b->dir, NULL), 0);
}

static void on_say(void *ctx, const char *text) {
    struct box *b = ctx;
    size_t n = strlen(b->said);
    snprintf(b->said + n, sizeof(b->said) - n, "%s\n", text);
}

/* How many events of the kind there are. *ret_body: of the newest, copied. */
static size_t count(const struct box *b, const char *kind, struct buf *ret_body) {
    struct log_reader *reader = NULL;
    struct log_event event;
    size_t n = 0;
    assert_int_equal(log_reader_open(b->ledger, 0, LOG_NO_SEQ, &reader, &err), 0);
    while (log_reader_next(reader, &event, &err) == 0) {
        if (!bytes_is(event.kind, kind)) continue;
        n++;
        buf_clear(ret_body);
        buf_put_bytes(ret_body, event.body);
    }
    log_reader_close(reader);
    return n;
}

static struct tap_record *start(struct box *b, const struct tap_names *names, size_t max) {
    struct tap_record *record = NULL;
    const struct tap_record_options options = {
        .names = names, .ledger = b->ledger, .queue_max = max, .say = on_say, .ctx = b};
    assert_int_equal(tap_record_start(&options, &record, &err), 0);
    return record;
}

static void bytes_without_room_are_a_gap(void **state) {
    const struct tap_names names = {.server = "srv", .run = "0123456789abcdef"};
    static const char call[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}}\n";
    uint8_t *big = calloc(1, 100000);
    struct buf body = {.max = 65536};
    struct tap_lost lost;
    struct box b;
    (void)state;
    open_box(&b);
    struct tap_record *record = start(&b, &names, 4096);
    tap_record_piece(record, TAP_CLIENT, (struct bytes){big, 100000}); /* never has room */
    tap_record_piece(record, TAP_CLIENT, bytes_of("the rest of that line\n"));
    tap_record_piece(record, TAP_CLIENT, bytes_of(call));
    tap_record_end(record, 0, 0, &lost);
    assert_true(lost.bytes == 100000 && lost.events == 0);
    assert_int_equal(count(&b, "ledger.gap", &body), 1); /* the cut line is no line: nothing is unread */
    assert_true(bytes_is(mp_get_text(bytes_of_buf(&body), "what"), "dropped"));
    assert_true(bytes_is(mp_get_text(bytes_of_buf(&body), "detail"), "of server srv: 100000 bytes of messages, 0 events"));
    assert_int_equal(count(&b, "run.tool_called", &body), 1);
    assert_int_equal(count(&b, "run.finished", &body), 1);
    close_box(&b);
    buf_done(&body);
    free(big);
}

static void talk(struct box *b, const char *run, const char *definition) {
    struct tap_names names = {.server = "srv"};
    struct tap_lost lost;
    char text[512];
    snprintf(names.run, sizeof(names.run), "%s", run);
    struct tap_record *record = start(b, &names, 0);
    tap_record_piece(record, TAP_CLIENT, bytes_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n"));
    snprintf(text, sizeof(text),
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\",\"description\":\"%s\"},{\"name\":\"b\"}"
             "]}}\n",
             definition);
    tap_record_piece(record, TAP_SERVER, bytes_of(text));
    tap_record_end(record, 0, 0, &lost);
    assert_true(lost.bytes == 0 && lost.events == 0);
}

static void a_session_knows_what_the_last_one_saw(void **state) {
    struct buf body = {.max = 65536};
    struct known known;
    struct box b;
    (void)state;
    open_box(&b);
    assert_int_equal(known_load(b.ledger, "srv", KNOWN_MAX, &known, &err), 0);
    assert_true(known.n == 0 && known.key[0] == '\0');
    known_done(&known);
    talk(&b, "000000000000000a", "one");
    talk(&b, "000000000000000b", "one");
    assert_int_equal(count(&b, "agent.tools_observed", &body), 1);
    assert_string_equal(b.said, "");
    talk(&b, "000000000000000c", "two");
    talk(&b, "000000000000000d", "one");
    assert_int_equal(count(&b, "agent.tools_observed", &body), 3);
    assert_int_equal(count(&b, "agent.tools_changed", &body), 2);
    assert_string_equal(b.said, "server 'srv' offers other tools than before: 'a' changed\n"
                                "server 'srv' offers other tools than before: 'a' changed\n");
    assert_int_equal(known_load(b.ledger, "srv", KNOWN_MAX, &known, &err), 0);
    assert_int_equal(known.n, 3);
    assert_true(known.items[0].seq > known.items[1].seq && known.items[1].seq > known.items[2].seq);
    assert_memory_equal(known.items[0].tools.digest, known.items[2].tools.digest, HASH_LEN);
    assert_memory_not_equal(known.items[0].tools.digest, known.items[1].tools.digest, HASH_LEN);
    assert_int_equal(known.items[0].tools.n, 2);
    known_done(&known);
    close_box(&b);
    buf_done(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_without_room_are_a_gap),
        cmocka_unit_test(a_session_knows_what_the_last_one_saw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
