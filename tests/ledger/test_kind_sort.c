/* Sorting the fields of an input: each rule with its result, each refusal with its exact message. Inputs and outputs are
 * written as JSON here. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ledger/kinds/sort.h"
#include "tests/ledger/kind_io.h"

#define HEX64  "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"
#define DIGEST "sha256:" HEX64
#define TIMES                                                                                                              \
    "nanoseconds since 1970 as a number or decimal text, or RFC 3339 text with a zone, such as 2026-11-21T00:32:38Z"

static struct input granted(const char *body) {
    return (struct input){.kind = "permission.granted", .body = body};
}

static struct input called(const char *body) {
    return (struct input){.kind = "run.model_called", .body = body};
}

static struct input custom(const char *body, const char *open) {
    return (struct input){.kind = "x.acme.thing", .body = body, .open = open};
}

/* ---- open and private --------------------------------------------------------------------------------------------- */

static void open_fields_stay_and_private_and_unknown_ones_move(void **state) {
    (void)state;
    assert_sorted(called("{\"model\":\"m\",\"output\":\"out\",\"prompt\":\"in\",\"tokens_in\":1,\"zeta\":[1]}"),
                  "{\"model\":\"m\",\"tokens_in\":1}", "{\"output\":\"out\",\"prompt\":\"in\",\"zeta\":[1]}", 0);
}

static void private_fields_stay_private_and_are_merged_in_order(void **state) {
    struct input in = called("{\"b\":1,\"d\":2,\"ok\":true,\"zz\":3}");
    (void)state;
    in.private_ = "{\"a\":4,\"c\":5,\"model\":\"m\",\"prompt\":\"p\"}";
    assert_sorted(in, "{\"ok\":true}", "{\"a\":4,\"b\":1,\"c\":5,\"d\":2,\"model\":\"m\",\"prompt\":\"p\",\"zz\":3}", 0);
}

static void no_fields_give_an_empty_body_and_no_private_bytes(void **state) {
    (void)state;
    assert_sorted(called(NULL), "{}", "", 0);
    assert_sorted((struct input){"run.started", "{}", "{}", NULL}, "{}", "", 0);
}

static void a_field_in_both_maps_is_refused(void **state) {
    struct input in = granted("{\"group\":\"exec\",\"note\":\"a\"}");
    (void)state;
    in.private_ = "{\"note\":\"b\"}";
    assert_refused(in, ERR_INVALID, "field 'note' is in both body and private; expected: one of them");
}

static void many_fields_get_a_wide_head(void **state) {
    static const size_t counts[] = {15, 16, 17, 70000};
    (void)state;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        struct buf body, names;
        struct output out;
        buf_init(&body, BUF_MAX);
        buf_init(&names, BUF_MAX);
        mp_put_map(&body, (uint32_t)counts[c]);
        for (size_t i = 0; i < counts[c]; i++) {
            char name[32];
            snprintf(name, sizeof(name), "f%06zu", i);
            mp_put_str(&body, bytes_of(name));
            mp_put_uint(&body, i);
        }
        sort_bytes(bytes_of("run.step"), bytes_of_buf(&body), (struct bytes){NULL, 0}, (struct bytes){NULL, 0}, &out);
        char *want = to_json(bytes_of_buf(&body));
        assert_int_equal(out.rc, 0);
        assert_string_equal(out.body, "{}");
        assert_string_equal(out.private_, want);
        free(want);
        output_done(&out);
        buf_done(&body);
        buf_done(&names);
    }
}

/* ---- kinds -------------------------------------------------------------------------------------------------------- */

static void an_unknown_kind_is_refused_with_a_suggestion(void **state) {
    (void)state;
    assert_refused(
        (struct input){.kind = "rout.decided"}, ERR_NOTFOUND,
        "unknown kind 'rout.decided', did you mean 'route.decided'? see docs/kinds.md or `ledger kinds`; custom kinds are "
        "x.<vendor>.<name>");
    assert_refused((struct input){.kind = "rain.fell"}, ERR_NOTFOUND,
                   "unknown kind 'rain.fell'; see docs/kinds.md or `ledger kinds`; custom kinds are x.<vendor>.<name>");
    assert_refused((struct input){.kind = ""}, ERR_NOTFOUND,
                   "unknown kind ''; see docs/kinds.md or `ledger kinds`; custom kinds are x.<vendor>.<name>");
}

static void a_malformed_custom_kind_is_refused(void **state) {
    (void)state;
    assert_refused((struct input){.kind = "x.acme"}, ERR_INVALID,
                   "kind 'x.acme' is not a custom kind; expected: x.<vendor>.<name>, three or more parts of a-z, 0-9, _");
}

static void custom_kinds_are_private_but_for_what_they_declare_open(void **state) {
    (void)state;
    assert_sorted(custom("{\"a\":1,\"at\":5,\"at_text\":\"t\",\"b\":2}", NULL), "{\"at\":5,\"at_text\":\"t\"}",
                  "{\"a\":1,\"b\":2}", 0);
    assert_sorted(custom("{\"a\":1,\"b\":2,\"c\":null}", "[\"c\",\"a\",\"a\"]"), "{\"a\":1,\"c\":null}", "{\"b\":2}", 0);
    assert_sorted(custom("{\"at\":\"yesterday\"}", "[\"at\"]"), "{\"at_text\":\"yesterday\"}", "", 0);
    assert_sorted(custom("{\"a\":1}", "[]"), "{}", "{\"a\":1}", 0);
}

static void open_names_must_be_in_the_body(void **state) {
    struct input in = custom("{\"a\":1}", "[\"a\",\"b\"]");
    (void)state;
    assert_refused(in, ERR_INVALID, "'open' names 'b', which the body does not have");
    in.private_ = "{\"b\":1}";
    assert_refused(in, ERR_INVALID, "'open' names 'b', which the body does not have");
}

static void open_is_an_array_of_names_and_for_custom_kinds_only(void **state) {
    struct input in = granted("{\"group\":\"exec\"}");
    (void)state;
    in.open = "[\"group\"]";
    assert_refused(in, ERR_INVALID,
                   "'open' is for x.* kinds only; which fields of 'permission.granted' are open is in the catalog");
    assert_refused(custom("{}", "{\"a\":1}"), ERR_INVALID, "'open' is not an array of field names");
    assert_refused(custom("{}", "\"a\""), ERR_INVALID, "'open' is not an array of field names");
    assert_refused(custom("{}", "[1]"), ERR_INVALID, "'open' is not an array of field names");
}

static void more_open_names_than_are_accepted_are_refused(void **state) {
    struct buf open;
    (void)state;
    buf_init(&open, 4096);
    buf_put_u8(&open, '[');
    for (size_t i = 0; i < 257; i++) {
        buf_put_str(&open, i == 0 ? "\"a\"" : ",\"a\"");
    }
    buf_put(&open, "]", 2);
    assert_refused(custom("{\"a\":1}", (const char *)open.p), ERR_LIMIT, "'open' has 257 names, expected 256");
    buf_done(&open);
}

/* ---- types -------------------------------------------------------------------------------------------------------- */

static void a_value_of_another_type_is_refused(void **state) {
    static const char *const cases[][3] = {
        {"run.model_called", "{\"model\":1}", "field 'model' is an integer; expected: text"},
        {"run.model_called", "{\"tokens_in\":\"1\"}", "field 'tokens_in' is text; expected: an integer"},
        {"run.model_called", "{\"tokens_in\":1.5}", "field 'tokens_in' is a float; expected: an integer"},
        {"run.model_called", "{\"latency_ms\":true}", "field 'latency_ms' is a boolean; expected: a number"},
        {"run.model_called", "{\"ok\":1}", "field 'ok' is an integer; expected: true or false"},
        {"run.model_called", "{\"parameters\":[]}", "field 'parameters' is an array; expected: a map"},
        {"run.model_called", "{\"messages\":{}}", "field 'messages' is a map; expected: an array"},
        {"run.model_called", "{\"prompt\":{}}", "field 'prompt' is a map; expected: text"},
        {"run.model_called", "{\"digest\":-1}",
         "field 'digest' is a negative integer; expected: 'sha256:' and 64 lower-case hex digits"},
        {"run.model_called", "{\"digest\":\"" HEX64 "\"}",
         "field 'digest' is not a digest; expected: 'sha256:' and 64 lower-case hex digits"},
        {"run.model_called", "{\"digest\":\"sha256:ABCD9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c\"}",
         "field 'digest' is not a digest; expected: 'sha256:' and 64 lower-case hex digits"},
        {"run.model_called", "{\"digest\":\"\"}",
         "field 'digest' is not a digest; expected: 'sha256:' and 64 lower-case hex digits"},
        {"hardware.profiled", "{\"cpu_flags\":\"avx2\"}", "field 'cpu_flags' is text; expected: an array of text"},
        {"hardware.profiled", "{\"cpu_flags\":[\"avx2\",2]}",
         "field 'cpu_flags' is an array with other items; expected: an array of text"},
        {"permission.granted", "{\"group\":\"cpu\"}",
         "field 'group' is 'cpu'; expected: filesystem.read, filesystem.write, exec, network.egress, model.invoke, "
         "secrets.read, gpu"},
        {"permission.granted", "{\"group\":\"exec\",\"tier\":\"T\"}", "field 'tier' is 'T'; expected: T0, T1, T2, T3"},
        {"permission.granted", "{\"group\":\"exec\",\"tier\":\"\"}", "field 'tier' is ''; expected: T0, T1, T2, T3"},
        {"permission.granted", "{\"group\":\"exec\",\"tier\":\"T0|T1\"}",
         "field 'tier' is 'T0|T1'; expected: T0, T1, T2, T3"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_refused((struct input){.kind = cases[i][0], .body = cases[i][1]}, ERR_INVALID, cases[i][2]);
    }
}

static void the_type_holds_for_known_fields_in_the_private_map_too(void **state) {
    struct input in = called("{}");
    (void)state;
    in.private_ = "{\"tokens_in\":\"many\"}";
    assert_refused(in, ERR_INVALID, "field 'tokens_in' is text; expected: an integer");
}

static void numbers_words_and_digests_of_the_right_type_pass(void **state) {
    (void)state;
    assert_sorted(called("{\"digest\":\"" DIGEST
                         "\",\"latency_ms\":1834.25,\"ok\":false,\"parameters\":{\"seed\":-1},\"tokens_in\":0}"),
                  "{\"digest\":\"" DIGEST
                  "\",\"latency_ms\":1834.25,\"ok\":false,\"parameters\":{\"seed\":-1},\"tokens_in\":0}",
                  "", 0);
    assert_sorted(granted("{\"group\":\"gpu\",\"tier\":\"T3\"}"), "{\"group\":\"gpu\",\"tier\":\"T3\"}", "", 0);
    assert_sorted((struct input){.kind = "hardware.profiled", .body = "{\"cpu_flags\":[],\"disks\":[{\"bytes\":1}]}"},
                  "{\"cpu_flags\":[],\"disks\":[{\"bytes\":1}]}", "", 0);
    assert_sorted((struct input){.kind = "doctor.observed", .body = "{\"check\":\"c\",\"value\":[1]}"},
                  "{\"check\":\"c\",\"value\":[1]}", "", 0);
}

static void null_is_kept_whatever_the_type(void **state) {
    (void)state;
    assert_sorted(called("{\"at\":null,\"digest\":null,\"ok\":null,\"prompt\":null,\"tokens_in\":null}"),
                  "{\"at\":null,\"digest\":null,\"ok\":null,\"tokens_in\":null}", "{\"prompt\":null}", 0);
    assert_sorted(granted("{\"group\":\"exec\",\"tier\":null}"), "{\"group\":\"exec\",\"tier\":null}", "", 0);
}

static void a_required_field_is_there_and_not_null(void **state) {
    struct input in = granted("{}");
    (void)state;
    assert_refused(in, ERR_INVALID, "field 'group' is missing; 'permission.granted' needs it: group of permissions");
    assert_refused(granted("{\"group\":null}"), ERR_INVALID,
                   "field 'group' is null; 'permission.granted' needs it: group of permissions");
    in = (struct input){"eval.scored", "{}", "{\"metric\":\"acc\"}", NULL};
    assert_sorted(in, "{}", in.private_, 0);
}

static void what_decides_is_open_whatever_it_holds_and_never_private(void **state) {
    struct input in = granted("{\"group\":\"exec\",\"scope\":\"/home/bob/**\"}");
    (void)state;
    assert_sorted(in, in.body, "", 0);
    in = granted("{\"group\":\"exec\"}");
    in.private_ = "{\"scope\":\"/srv\"}";
    assert_refused(in, ERR_INVALID,
                   "field 'scope' of 'permission.granted' cannot be private: what is permitted is judged by it, and nobody "
                   "could see it; expected: in the body");
}

/* ---- times -------------------------------------------------------------------------------------------------------- */

static void times_become_nanoseconds(void **state) {
    (void)state;
    assert_sorted(granted("{\"expires\":1893456000000000000,\"group\":\"exec\"}"),
                  "{\"expires\":1893456000000000000,\"group\":\"exec\"}", "", 0);
    assert_sorted(granted("{\"expires\":\"1893456000000000000\",\"group\":\"exec\"}"),
                  "{\"expires\":1893456000000000000,\"group\":\"exec\"}", "", 0);
    assert_sorted(granted("{\"expires\":\"2030-01-01T01:00:00.000000001+01:00\",\"group\":\"exec\"}"),
                  "{\"expires\":1893456000000000001,\"group\":\"exec\"}", "", 0);
    assert_sorted(called("{\"at\":\"2030-01-01T00:00:00Z\",\"model\":\"m\"}"),
                  "{\"at\":1893456000000000000,\"model\":\"m\"}", "", 0);
    assert_sorted(called("{\"at\":\"9223372036854775807\"}"), "{\"at\":9223372036854775807}", "", 0);
}

static void what_is_no_time_is_refused(void **state) {
    (void)state;
    assert_refused(granted("{\"expires\":\"tomorrow\",\"group\":\"exec\"}"), ERR_INVALID,
                   "field 'expires' is not a time; expected: " TIMES);
    assert_refused(granted("{\"expires\":\"9223372036854775808\",\"group\":\"exec\"}"), ERR_INVALID,
                   "field 'expires' is not a time; expected: " TIMES);
    assert_refused(granted("{\"expires\":-1,\"group\":\"exec\"}"), ERR_INVALID,
                   "field 'expires' is a negative integer; expected: " TIMES);
    assert_refused(granted("{\"expires\":1.5,\"group\":\"exec\"}"), ERR_INVALID,
                   "field 'expires' is a float; expected: " TIMES);
    assert_refused(called("{\"at\":1.5}"), ERR_INVALID, "field 'at' is a float; expected: " TIMES);
    assert_refused(custom("{\"at\":-5}", NULL), ERR_INVALID, "field 'at' is a negative integer; expected: " TIMES);
}

static void an_at_that_is_no_time_goes_into_at_text_in_its_place(void **state) {
    struct input in = called("{\"at\":\"Tue 3rd\",\"at_home\":1,\"at_u\":2,\"model\":\"m\"}");
    (void)state;
    assert_sorted(in, "{\"at_text\":\"Tue 3rd\",\"model\":\"m\"}", "{\"at_home\":1,\"at_u\":2}", 0);
    assert_sorted(called("{\"at\":\"\"}"), "{\"at_text\":\"\"}", "", 0);
    assert_sorted(custom("{\"at\":\"2026-11-21 00:32\",\"b\":1}", "[\"b\"]"), "{\"at_text\":\"2026-11-21 00:32\",\"b\":1}",
                  "", 0);
    in = called("{\"at_b\":1}");
    in.private_ = "{\"at\":\"noon\",\"at_z\":1}";
    assert_sorted(in, "{}", "{\"at_b\":1,\"at_text\":\"noon\",\"at_z\":1}", 0);
}

static void an_at_that_is_no_time_beside_an_at_text_is_refused(void **state) {
    struct input in = called("{\"at\":\"noon\",\"at_text\":\"12\"}");
    (void)state;
    assert_refused(in, ERR_INVALID, "field 'at' is not a time, and 'at_text' is there already; expected: " TIMES);
    in = called("{\"at\":\"noon\"}");
    in.private_ = "{\"at_text\":\"12\"}";
    assert_refused(in, ERR_INVALID, "field 'at' is not a time, and 'at_text' is there already; expected: " TIMES);
    assert_sorted(called("{\"at\":1,\"at_text\":\"12\"}"), "{\"at\":1,\"at_text\":\"12\"}", "", 0);
}

/* ---- bytes -------------------------------------------------------------------------------------------------------- */

static void inputs_that_are_no_canonical_maps_are_refused(void **state) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *message;
    } cases[] = {
        {"\x90", 1, "the body is an array; expected: a map of field names and values"},
        {"\xc0", 1, "the body is null; expected: a map of field names and values"},
        {"\x80\x80", 2, "the body is not a canonical map: bytes follow it"},
        {"\x81\xa1"
         "a",
         3, "the body is not a canonical map: it ends too early"},
        {"\x82\xa1"
         "a\x01",
         4, NULL},
        {"\x81\x01\x01", 3, "the body is not a canonical map: a name is an integer"},
        {"\x82\xa1"
         "b\x01\xa1"
         "a\x01",
         7, "the body is not a canonical map: field 'a' is repeated or not in byte order"},
        {"\x82\xa1"
         "a\x01\xa1"
         "a\x01",
         7, "the body is not a canonical map: field 'a' is repeated or not in byte order"},
        {"\x81\xa1"
         "a\xcc\x01",
         5, "the body is not a canonical map: byte 3: an integer is not in its shortest form"},
        {"\x81\xa1"
         "a\x91\xcc\x01",
         6, "the body is not a canonical map: byte 4: an integer is not in its shortest form"},
        {"\x81\xa1"
         "a\x82\xa1"
         "c\x01\xa1"
         "b\x01",
         10, "the body is not a canonical map: byte 9: map keys are repeated or not in byte order"},
        {"\x81\xa1"
         "a\x81\x01\x01",
         6, "the body is not a canonical map: byte 5: a map key is not text"},
        {"\x81\xa1"
         "a\xa1\xff",
         5, NULL},
        {"\x81\xa1"
         "a\x92\x01",
         5, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct output out;
        struct bytes body = {(const uint8_t *)cases[i].bytes, cases[i].n}, none = {NULL, 0};
        sort_bytes(bytes_of("x.acme.thing"), body, none, none, &out);
        assert_int_equal(out.rc, ERR_INVALID);
        if (cases[i].message != NULL) {
            assert_string_equal(out.err.msg, cases[i].message);
        }
        output_done(&out);
        sort_bytes(bytes_of("run.step"), none, body, none, &out);
        assert_int_equal(out.rc, ERR_INVALID);
        assert_memory_equal(out.err.msg, "'private' is ", 13);
        output_done(&out);
    }
}

static void a_good_body_cut_anywhere_is_refused(void **state) {
    struct buf body =
        to_mp("{\"at\":\"2030-01-01T00:00:00Z\",\"model\":\"m\",\"parameters\":{\"a\":[1,2.5,\"x\"]},\"prompt\":\"p\"}");
    struct bytes none = {NULL, 0};
    (void)state;
    for (size_t n = 1; n <= body.n; n++) {
        struct output out;
        uint8_t *exact = malloc(n);
        assert_non_null(exact);
        memcpy(exact, body.p, n);
        sort_bytes(bytes_of("run.model_called"), (struct bytes){exact, n}, none, none, &out);
        assert_int_equal(out.rc, n == body.n ? 0 : ERR_INVALID);
        output_done(&out);
        free(exact);
    }
    buf_done(&body);
}

static struct buf nested(size_t levels) {
    struct buf body;
    buf_init(&body, 4096);
    for (size_t i = 0; i < levels; i++) {
        mp_put_map(&body, 1);
        mp_put_str(&body, bytes_of("n"));
    }
    mp_put_uint(&body, 1);
    return body;
}

/* A body is inside the payload's array, which takes one of the 32 levels. */
static void nesting_ends_at_31_levels(void **state) {
    struct buf good = nested(31), deep = nested(32);
    struct bytes none = {NULL, 0};
    struct output out;
    (void)state;
    sort_bytes(bytes_of("x.acme.thing"), bytes_of_buf(&good), none, none, &out);
    assert_int_equal(out.rc, 0);
    output_done(&out);
    sort_bytes(bytes_of("x.acme.thing"), bytes_of_buf(&deep), none, none, &out);
    assert_int_equal(out.rc, ERR_INVALID);
    assert_string_equal(out.err.msg, "field 'n': nested deeper than 31 levels");
    output_done(&out);
    buf_done(&good);
    buf_done(&deep);
}

static void outputs_that_do_not_fit_are_refused_whole(void **state) {
    struct buf body = to_mp("{\"model\":\"mmmmmmmm\",\"prompt\":\"pppppppp\"}");
    struct bytes none = {NULL, 0};
    (void)state;
    for (size_t side = 0; side < 2; side++) {
        struct buf small, large;
        uint32_t masked = 7;
        struct err err = {0};
        buf_init(&small, 8);
        buf_init(&large, BUF_MAX);
        assert_int_equal(kind_sort(bytes_of("run.model_called"), bytes_of_buf(&body), none, none,
                                   side == 0 ? &small : &large, side == 0 ? &large : &small, &masked, &err),
                         ERR_LIMIT);
        assert_int_equal(small.n + large.n, 0);
        assert_int_equal(masked, 7);
        buf_done(&small);
        buf_done(&large);
    }
    buf_done(&body);
}

static struct bytes map_get(struct bytes map, const char *name) {
    struct bytes raw = {NULL, 0};
    assert_int_equal(mp_map_get(map, name, &raw), 0);
    return raw;
}

static struct bytes text_get(struct bytes map, const char *name) {
    struct mp_item item;
    assert_int_equal(mp_scalar(map_get(map, name), &item), 0);
    assert_int_equal(item.type, MP_STR);
    return item.data;
}

/* The first two of the worked examples are reproduced byte for byte; the third has fields unknown to the catalog. */
static void the_vectors_come_out_as_they_are(void **state) {
    struct buf text, doc;
    struct mp_reader r;
    struct mp_item head;
    (void)state;
    buf_init(&text, BUF_MAX);
    buf_init(&doc, BUF_MAX);
    assert_int_equal(file_read("tests/vectors/events.json", &text, NULL), 0);
    assert_int_equal(json_to_mp(bytes_of_buf(&text), &doc, NULL), 0);
    mp_reader_init(&r, map_get(bytes_of_buf(&doc), "events"));
    assert_int_equal(mp_next(&r, &head, NULL), 0);
    assert_int_equal(head.count, 3);
    for (uint32_t i = 0; i < head.count; i++) {
        struct bytes event, input, body, private_, none = {NULL, 0};
        struct output out;
        assert_int_equal(mp_skip(&r, 0, &event, NULL), 0);
        input = map_get(event, "input");
        body = map_get(input, "body");
        private_ = map_get(input, "private");
        sort_bytes(text_get(input, "kind"), body, private_.p[0] == 0xc0 ? none : private_, none, &out);
        assert_int_equal(out.rc, 0);
        char *want_body = to_json(body), *want_private = to_json(private_.p[0] == 0xc0 ? none : private_);
        if (i < 2) {
            assert_string_equal(out.body, want_body);
            assert_string_equal(out.private_, want_private);
        } else {
            assert_string_equal(out.body, "{\"digest\":null,\"latency_ms\":1834.25,\"model\":\"qwen2.5:7b\",\"ok\":true,"
                                          "\"tokens_in\":412,\"tokens_out\":65536}");
            assert_non_null(strstr(out.private_, "\"delta\":-129,"));
            assert_non_null(strstr(out.private_, "\"prompt\":\"Summarise"));
        }
        free(want_body);
        free(want_private);
        output_done(&out);
    }
    buf_done(&text);
    buf_done(&doc);
}

/* ---- entries and names ---------------------------------------------------------------------------------------------- */

enum { RUN_NAMES = 9 };

/* Entry i of nine; some change in the process. */
static void put_numbered(struct buf *in, struct buf *out, unsigned i) {
    static const char *const values[] = {"plain", "at /home/a/b", "ghp_0123456789abcdefghijABCDEFGHIJ012345"};
    char name[2] = {(char)('a' + i), '\0'};
    mp_put_str(in, bytes_of(name));
    mp_put_str(out, bytes_of(name));
    mp_put_str(in, bytes_of(values[i % 3]));
    mp_put_str(out, bytes_of(i % 3 == 2 ? "‹secret:github-pat:40›" : values[i % 3]));
}

/* Neighbours are copied together; whichever of them move, each arrives once and in its order. */
static void every_choice_of_open_fields_comes_out_as_if_put_one_by_one(void **state) {
    struct buf in, names, want_open, want_private, unused, body, private_;
    struct buf *const all[] = {&in, &names, &want_open, &want_private, &unused, &body, &private_};
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        buf_init(all[i], 4096);
    }
    for (unsigned set = 0; set < 1U << RUN_NAMES; set++) {
        struct bytes none = {NULL, 0};
        unsigned moved = 0x92; /* b, e, h contain a path and are moved */
        unsigned stays = set & ~moved, count = (unsigned)__builtin_popcount(stays);
        uint32_t masked = 0;
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
            buf_clear(all[i]);
        }
        mp_put_map(&in, RUN_NAMES);
        mp_put_array(&names, (uint32_t)__builtin_popcount(set));
        mp_put_map(&want_open, count);
        mp_put_map(&want_private, RUN_NAMES - count);
        for (unsigned i = 0; i < RUN_NAMES; i++) {
            char name[2] = {(char)('a' + i), '\0'};
            put_numbered(&in, (stays >> i & 1) != 0 ? &want_open : &want_private, i);
            if ((set >> i & 1) != 0) {
                mp_put_str(&names, bytes_of(name));
            }
        }
        assert_int_equal(kind_sort(bytes_of("x.acme.thing"), bytes_of_buf(&in), none, bytes_of_buf(&names), &body,
                                   &private_, &masked, NULL),
                         0);
        assert_int_equal(masked, 3);
        assert_true(bytes_eq(bytes_of_buf(&body), bytes_of_buf(&want_open)));
        assert_true(bytes_eq(bytes_of_buf(&private_), bytes_of_buf(&want_private)));
    }
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        buf_done(all[i]);
    }
}

/* {name: null} fits every field. */
static void assert_place_of(const struct kind *kind, struct bytes name) {
    const struct kind_field *field = kind_field_find(kind, name);
    struct buf in, body, private_;
    struct bytes none = {NULL, 0};
    struct err err = {0};
    uint32_t masked;
    buf_init(&in, 4096);
    buf_init(&body, 4096);
    buf_init(&private_, 4096);
    mp_put_map(&in, 1);
    mp_put_str(&in, name);
    mp_put_nil(&in);
    const struct kind_input input = {.kind = bytes_of(kind->name),
                                     .body = bytes_of_buf(&in),
                                     .private_ = none,
                                     .open = none,
                                     .index = kind_index_find(bytes_of(kind->name)),
                                     .force_private = true};
    int rc = kind_sort_input(&input, &body, &private_, &masked, &err);
    if (rc != 0) { /* where another field is required, its absence is the only fault */
        assert_non_null(strstr(err.msg, "needs it"));
    } else {
        bool open = field != NULL && (field->flags & KIND_OPEN) != 0;
        assert_true(bytes_eq(bytes_of_buf(open ? &body : &private_), bytes_of_buf(&in)));
    }
    buf_done(&in);
    buf_done(&body);
    buf_done(&private_);
}

static void a_name_is_a_fields_name_to_its_last_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind *kind = kind_at(i);
        for (size_t f = 0; f < kind->n_fields; f++) {
            char name[128];
            size_t n = strlen(kind->fields[f].name);
            assert_true(n + 1 < sizeof(name));
            for (size_t at = 0; at <= n; at++) {
                memcpy(name, kind->fields[f].name, n + 1);
                assert_place_of(kind, (struct bytes){(uint8_t *)name, at});
                name[at] = name[at] == 'q' ? 'z' : 'q';
                assert_place_of(kind, (struct bytes){(uint8_t *)name, at < n ? n : n + 1});
                name[at] = '\0';
                assert_place_of(kind, (struct bytes){(uint8_t *)name, at < n ? n : n + 1});
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_fields_stay_and_private_and_unknown_ones_move),
        cmocka_unit_test(private_fields_stay_private_and_are_merged_in_order),
        cmocka_unit_test(no_fields_give_an_empty_body_and_no_private_bytes),
        cmocka_unit_test(a_field_in_both_maps_is_refused),
        cmocka_unit_test(many_fields_get_a_wide_head),
        cmocka_unit_test(an_unknown_kind_is_refused_with_a_suggestion),
        cmocka_unit_test(a_malformed_custom_kind_is_refused),
        cmocka_unit_test(custom_kinds_are_private_but_for_what_they_declare_open),
        cmocka_unit_test(open_names_must_be_in_the_body),
        cmocka_unit_test(open_is_an_array_of_names_and_for_custom_kinds_only),
        cmocka_unit_test(more_open_names_than_are_accepted_are_refused),
        cmocka_unit_test(a_value_of_another_type_is_refused),
        cmocka_unit_test(the_type_holds_for_known_fields_in_the_private_map_too),
        cmocka_unit_test(numbers_words_and_digests_of_the_right_type_pass),
        cmocka_unit_test(null_is_kept_whatever_the_type),
        cmocka_unit_test(a_required_field_is_there_and_not_null),
        cmocka_unit_test(what_decides_is_open_whatever_it_holds_and_never_private),
        cmocka_unit_test(times_become_nanoseconds),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(an_at_that_is_no_time_goes_into_at_text_in_its_place),
        cmocka_unit_test(an_at_that_is_no_time_beside_an_at_text_is_refused),
        cmocka_unit_test(inputs_that_are_no_canonical_maps_are_refused),
        cmocka_unit_test(a_good_body_cut_anywhere_is_refused),
        cmocka_unit_test(nesting_ends_at_31_levels),
        cmocka_unit_test(outputs_that_do_not_fit_are_refused_whole),
        cmocka_unit_test(the_vectors_come_out_as_they_are),
        cmocka_unit_test(every_choice_of_open_fields_comes_out_as_if_put_one_by_one),
        cmocka_unit_test(a_name_is_a_fields_name_to_its_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
