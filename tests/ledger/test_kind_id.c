/* Ids that happen to look like card numbers: kept where the catalog expects an id, masked everywhere else, and scanning
 * stored events finds nothing in those that were kept. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ledger/kinds/id.h"
#include "ledger/kinds/value.h"
#include "tests/ledger/kind_io.h"

#define CARD "4539578763621486" /* an issuer's first digit, a valid check digit */
#define MASK "\xe2\x80\xb9secret:card-number:16\xe2\x80\xba"

static struct bytes of(const char *text) {
    return bytes_of(text);
}

static void the_scanner_takes_the_sample_for_a_card(void **state) {
    struct secret_hit hit;
    (void)state;
    assert_int_equal(secret_next(of(CARD), 0, &hit), 0);
    assert_string_equal(hit.rule, "card-number");
}

static void an_id_that_looks_like_a_card_stays_in_fields_of_ids(void **state) {
    (void)state;
    assert_sorted((struct input){.kind = "run.tool_called",
                                 .body = "{\"call\":\"" CARD "\",\"parent\":\"" CARD "\",\"session\":\"" CARD
                                         "\",\"span\":\"" CARD "\"}"},
                  "{\"call\":\"" CARD "\",\"parent\":\"" CARD "\",\"session\":\"" CARD "\",\"span\":\"" CARD "\"}", "", 0);
    assert_sorted((struct input){.kind = "permission.requested", .body = "{\"request\":\"" CARD "\"}"},
                  "{\"request\":\"" CARD "\"}", "", 0);
}

static void a_card_in_any_other_field_is_masked(void **state) {
    (void)state;
    assert_sorted((struct input){.kind = "run.tool_called", .body = "{\"tool\":\"" CARD "\"}"}, "{\"tool\":\"" MASK "\"}",
                  "", 1);
    assert_sorted((struct input){.kind = "run.started", .body = "{\"prompt\":\"" CARD "\",\"task\":\"" CARD "\"}"},
                  "{\"task\":\"" MASK "\"}", "{\"prompt\":\"" MASK "\"}", 2);
    assert_sorted((struct input){.kind = "model.observed", .body = "{\"parent\":\"" CARD "\"}"},
                  "{\"parent\":\"" MASK "\"}", "", 1);
    assert_sorted((struct input){.kind = "run.started", .body = "{\"zeta\":\"" CARD "\"}"}, "{}", "{\"zeta\":\"" MASK "\"}",
                  1);
    assert_sorted((struct input){.kind = "x.acme.thing", .body = "{\"span\":\"" CARD "\"}", .open = "[\"span\"]"},
                  "{\"span\":\"" MASK "\"}", "", 1);
    assert_sorted((struct input){.kind = "run.tool_called", .body = "{\"arguments\":{\"span\":\"" CARD "\"}}"}, "{}",
                  "{\"arguments\":{\"span\":\"" MASK "\"}}", 1);
}

static void a_card_in_a_field_of_ids_is_masked_when_it_is_not_shaped_like_an_id(void **state) {
    static const char *const texts[] = {"4539 5787 6362 1486", "4539-5787-6362-1486", "card " CARD, " " CARD, CARD " ",
                                        "378282246310005"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct output out;
        char json[128];
        snprintf(json, sizeof(json), "{\"session\":\"%s\"}", texts[i]);
        sort((struct input){.kind = "run.started", .body = json}, &out);
        assert_int_equal(out.rc, 0);
        assert_int_equal(out.masked, 1);
        assert_null(strstr(out.body, texts[i]));
        output_done(&out);
    }
}

static void a_secret_of_another_sort_in_a_field_of_ids_is_masked(void **state) {
    struct output out;
    (void)state;
    sort((struct input){.kind = "run.started",
                        .body = "{\"session\":\"ghp_"
                                "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R\"}"},
         &out);
    assert_int_equal(out.masked, 1);
    output_done(&out);
}

static void an_id_has_sixteen_lower_case_hex_digits(void **state) {
    (void)state;
    assert_true(kind_is_id(of("0123456789abcdef")));
    assert_false(kind_is_id(of("0123456789abcde")));
    assert_false(kind_is_id(of("0123456789abcdef0")));
    assert_false(kind_is_id(of("0123456789ABCDEF")));
    assert_false(kind_is_id(of("0123456789abcdeg")));
    assert_false(kind_is_id(of("")));
}

static void a_subject_is_an_id_behind_its_family(void **state) {
    const struct kind_index *eval = kind_index_find(of("eval.started")), *pack = kind_index_find(of("pack.installed"));
    (void)state;
    assert_true(kind_id_in_subject(eval, of("eval/" CARD)));
    assert_false(kind_id_in_subject(eval, of("plan/" CARD)));
    assert_false(kind_id_in_subject(eval, of("eval/" CARD "/" CARD)));
    assert_false(kind_id_in_subject(eval, of("eval/")));
    assert_false(kind_id_in_subject(pack, of("pack/" CARD)));
    assert_true(kind_id_in_subject(pack, of("run/" CARD)));
    assert_true(kind_id_in_subject(NULL, of("run/" CARD)));
    assert_false(kind_id_in_subject(NULL, of("eval/" CARD)));
}

static bool json_has_id(const char *json) {
    struct secret_hit hit;
    assert_int_equal(secret_next(of(json), 0, &hit), 0);
    return kind_id_in_json(of(json), &hit);
}

static void a_value_in_json_is_an_id_by_its_name(void **state) {
    (void)state;
    assert_true(json_has_id("{\"run\":\"" CARD "\"}"));
    assert_true(json_has_id("{\"a\":1,\"session\":\"" CARD "\",\"b\":2}"));
    assert_false(json_has_id("{\"note\":\"" CARD "\"}"));
    assert_false(json_has_id("{\"session\":\"at " CARD "\"}"));
    assert_false(json_has_id("{\"session\":\"" CARD " \"}"));
    assert_false(json_has_id("[\"session\",\"" CARD "\"]"));
    assert_false(json_has_id("\"" CARD));
    assert_false(json_has_id(CARD));
}

static void fields_that_say_id_are_fields_of_ids_and_hold_open_text(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        for (size_t k = 0; k < kind_at(i)->n_fields; k++) {
            const struct kind_field *f = &kind_at(i)->fields[k];
            bool id = (f->flags & KIND_ID) != 0,
                 says = strncmp(f->help, "id of ", 6) == 0 || strcmp(f->help, "its id") == 0;
            if (f->type == KIND_STR && (says || strcmp(f->name, "session") == 0 || strcmp(f->name, "span") == 0) && !id) {
                fail_msg("'%s' of %s is not marked as an id", f->name, kind_at(i)->name);
            }
            assert_true(!id || (f->type == KIND_STR && f->values == NULL && (f->flags & KIND_OPEN) != 0));
        }
    }
}

/* ---- what is written and what later scans find in it -------------------------------------------------------------- */

static uint64_t next(uint64_t *x) {
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* 16 digits, usually with a valid check digit, occasionally another character among them. */
static void random_digits(char ret[17], uint64_t *x) {
    unsigned sum = 0;
    for (size_t i = 0; i < 15; i++) {
        unsigned d = i == 0 ? 3 + (unsigned)(next(x) % 4) : (unsigned)(next(x) % 10), twice = 2 * d;
        ret[i] = (char)('0' + d);
        sum += i % 2 == 0 ? (twice > 9 ? twice - 9 : twice) : d;
    }
    ret[15] = (char)('0' + (10 - sum % 10) % 10);
    ret[16] = '\0';
    if (next(x) % 4 == 0) {
        ret[next(x) % 16] = " -aF0"[next(x) % 5];
    }
}

/* A payload's scan, as an export does it. */
static uint32_t secrets_in(const char *kind, const char *body) {
    struct buf mp = to_mp(body), payload;
    struct mp_reader r;
    struct mp_item item;
    struct kind_finds finds = {.kind = kind_index_find(of(kind))};
    buf_init(&payload, BUF_MAX);
    mp_put_array(&payload, 2);
    buf_put_bytes(&payload, bytes_of_buf(&mp));
    mp_put_nil(&payload);
    mp_reader_init(&r, bytes_of_buf(&payload));
    assert_int_equal(mp_next(&r, &item, NULL), 0);
    assert_int_equal(kind_value_scan(&r, &item, false, &finds, NULL), 0);
    buf_done(&mp);
    buf_done(&payload);
    return finds.secrets;
}

static void scan_random_bodies(uint64_t seed) {
    static const char *const names[] = {"call", "mode", "parent", "session", "span", "tool", "turn"};
    uint64_t x = seed * 2 + 1;
    for (int round = 0; round < 3000; round++) {
        char json[512] = "{", value[17];
        size_t n = 1;
        uint32_t want = 0;
        struct output out;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (next(&x) % 2 == 0) {
                struct secret_hit hit;
                bool id = i == 0 || (i >= 2 && i <= 4);
                random_digits(value, &x);
                want += secret_next(of(value), 0, &hit) == 0 && !(id && strspn(value, "0123456789abcdef") == 16);
                n += (size_t)snprintf(json + n, sizeof(json) - n, "%s\"%s\":\"%s\"", n > 1 ? "," : "", names[i], value);
            }
        }
        snprintf(json + n, sizeof(json) - n, "}");
        sort((struct input){.kind = "run.tool_called", .body = json}, &out);
        if (out.rc != 0 || out.masked != want || secrets_in("run.tool_called", json) != want ||
            secrets_in("run.tool_called", out.body) != 0) {
            fail_msg("seed %" PRIu64 ", %s: %u masked, %u wanted", seed, json, out.masked, want);
        }
        output_done(&out);
    }
}

static void what_is_masked_and_what_is_found_later_agree(void **state) {
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    (void)state;
    printf("seed %" PRIu64 "\n", seed);
    scan_random_bodies(1);
    scan_random_bodies(2);
    scan_random_bodies(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scanner_takes_the_sample_for_a_card),
        cmocka_unit_test(an_id_that_looks_like_a_card_stays_in_fields_of_ids),
        cmocka_unit_test(a_card_in_any_other_field_is_masked),
        cmocka_unit_test(a_card_in_a_field_of_ids_is_masked_when_it_is_not_shaped_like_an_id),
        cmocka_unit_test(a_secret_of_another_sort_in_a_field_of_ids_is_masked),
        cmocka_unit_test(an_id_has_sixteen_lower_case_hex_digits),
        cmocka_unit_test(a_subject_is_an_id_behind_its_family),
        cmocka_unit_test(a_value_in_json_is_an_id_by_its_name),
        cmocka_unit_test(fields_that_say_id_are_fields_of_ids_and_hold_open_text),
        cmocka_unit_test(what_is_masked_and_what_is_found_later_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
