/* What it costs to read what a step reports: by counting, not by the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/core/key_secret.h"
#include "packs/run/hear.h"

static size_t parses, bytes;

int __real_otlp_map_from(struct otlp_map *map, struct bytes resource, struct bytes scope, struct otlp_from *ret,
                         struct err *err);
int __wrap_otlp_map_from(struct otlp_map *map, struct bytes resource, struct bytes scope, struct otlp_from *ret,
                         struct err *err);
int __wrap_otlp_map_from(struct otlp_map *map, struct bytes resource, struct bytes scope, struct otlp_from *ret,
                         struct err *err) {
    parses++;
    bytes += resource.n + scope.n;
    return __real_otlp_map_from(map, resource, scope, ret, err);
}

int __wrap_key_secret_get(struct ledger *ledger, bool make, uint8_t ret[KEY_SECRET_LEN], struct err *err);
int __wrap_key_secret_get(struct ledger *ledger, bool make, uint8_t ret[KEY_SECRET_LEN], struct err *err) {
    (void)ledger, (void)make, (void)err;
    memset(ret, 7, KEY_SECRET_LEN);
    return 0;
}

static int count(void *ctx, const struct otlp_event *event, struct err *err) {
    (void)err;
    *(size_t *)ctx += strcmp(event->kind, "run.reporter_observed") != 0;
    return 0;
}

/* A resource of `large` bytes and `scopes` scopes of `records` logs each, whose times go from scope to scope. */
static void write_document(struct buf *out, int large, int scopes, int records) {
    char text[256];
    buf_put_str(out, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"");
    for (int i = 0; i < large; i++) {
        buf_put_str(out, "x");
    }
    buf_put_str(out, "\"}}]},\"scopeLogs\":[");
    for (int s = 0; s < scopes; s++) {
        snprintf(text, sizeof text, "%s{\"scope\":{\"name\":\"s%d\"},\"logRecords\":[", s > 0 ? "," : "", s);
        buf_put_str(out, text);
        for (int i = 0; i < records; i++) {
            snprintf(text, sizeof text, "%s{\"timeUnixNano\":\"%d\",\"body\":{\"stringValue\":\"b\"}}", i > 0 ? "," : "",
                     1 + i * scopes + s);
            buf_put_str(out, text);
        }
        buf_put_str(out, "]}");
    }
    buf_put_str(out, "]}]}");
    assert_int_equal(out->fail, 0);
}

static int read_document(int large, int scopes, int records, size_t *ret_events, size_t *ret_size, struct err *err) {
    struct buf text = {.max = 1 << 22};
    struct spans spans = {0};
    write_document(&text, large, scopes, records);
    parses = bytes = *ret_events = 0;
    *ret_size = text.n;
    assert_true(spans_is(&spans, bytes_of_buf(&text)));
    int rc = spans_read(&spans, NULL, bytes_of_buf(&text), count, ret_events, err);
    spans_done(&spans);
    buf_done(&text);
    return rc;
}

static void a_scope_is_read_once_however_its_records_alternate(void **state) {
    (void)state;
    struct err err = {0};
    size_t events, size;
    assert_int_equal(read_document(1000, 2, 500, &events, &size, &err), 0);
    assert_int_equal(parses, 2);
    assert_int_equal(events, 1000);
}

static void scopes_that_share_an_ordinary_resource_are_read(void **state) {
    (void)state;
    struct err err = {0};
    size_t events, size;
    assert_int_equal(read_document(3000, 64, 1, &events, &size, &err), 0);
    assert_int_equal(parses, 64);
    assert_int_equal(events, 64);
}

static void a_large_resource_with_many_scopes_is_refused(void **state) {
    (void)state;
    struct err err = {0};
    size_t events, size;
    assert_int_equal(read_document(500000, 5000, 1, &events, &size, &err), ERR_INVALID);
    assert_string_equal(err.msg, "its resources are too large for so many scopes");
    assert_true(bytes <= 16 * size + (1 << 16));
}

static size_t lines;

int __real_jsonl_parse(struct jsonl_parser *parser, struct bytes line, struct jsonl_event *ret, struct err *err);
int __wrap_jsonl_parse(struct jsonl_parser *parser, struct bytes line, struct jsonl_event *ret, struct err *err);
int __wrap_jsonl_parse(struct jsonl_parser *parser, struct bytes line, struct jsonl_event *ret, struct err *err) {
    lines++;
    return __real_jsonl_parse(parser, line, ret, err);
}

size_t __wrap_log_batch_count(const struct log_batch *batch);
size_t __wrap_log_batch_count(const struct log_batch *batch) {
    (void)batch;
    return 0;
}

static void what_is_refused_is_paid_for_and_what_is_beyond_is_not_read(void **state) {
    (void)state;
    static const char line[] = "{\"kind\": wrong}",
                      document[] = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[7]}]}]}";
    const size_t each = sizeof line - 1, other = sizeof document - 1;
    struct run_options options = {0};
    struct running run = {.options = &options};
    struct hear hear = {.run = &run, .left = 3 * each + other};
    struct err err = {0};
    jsonl_parser_init(&hear.parser);
    assert_int_equal(hear_line(&hear, bytes_of(document), &err), 0);
    assert_int_equal(hear.left, 3 * each);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hear_line(&hear, bytes_of(line), &err), 0);
    }
    assert_int_equal(hear.left, 0);
    assert_int_equal(lines, 3);
    assert_int_equal(hear.refused, 11);
    assert_int_equal(hear.taken, 0);
    jsonl_parser_done(&hear.parser);
    spans_done(&hear.spans);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_is_read_once_however_its_records_alternate),
        cmocka_unit_test(scopes_that_share_an_ordinary_resource_are_read),
        cmocka_unit_test(a_large_resource_with_many_scopes_is_refused),
        cmocka_unit_test(what_is_refused_is_paid_for_and_what_is_beyond_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
