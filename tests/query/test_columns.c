/* Columns: what is collected is read back, in whatever form it is stored; and a damaged record gives an error, never
 * another value. */
#include "tests/query/same_answers.h"

#include <math.h>

#include "query/condition/hash64.h"
#include "query/condition/value.h"

#define EVENTS 4096

/* ---- made-up segments: one field of random values beside kinds ---- */

enum mix { CONSTANT, FEW, INTEGERS, DECIMALS, DOUBLES, RISING, NUMBERS, TEXTS, WORDS, FLAGS, ANYTHING, MIXES };

static struct query_value values[EVENTS]; /* of the field; texts are in `texts` */
static struct buf texts;
static struct columns_collector *collector;
static struct columns_plain plain;
static struct buf record;
static size_t field;

static int start(void **state) {
    (void)state;
    random_start();
    field = query_field_find(bytes_of("value"));
    assert_int_not_equal(field, SIZE_MAX);
    collector = columns_collector_new();
    assert_non_null(collector);
    buf_init(&plain.bytes, SIZE_MAX);
    buf_init(&record, SIZE_MAX);
    buf_init(&texts, SIZE_MAX);
    assert_non_null(buf_room(&texts, (size_t)64 * EVENTS)); /* it never moves */
    return 0;
}

static int finish(void **state) {
    (void)state;
    columns_collector_free(collector);
    buf_done(&plain.bytes);
    buf_done(&record);
    buf_done(&texts);
    return 0;
}

static struct query_value whole(int64_t v) {
    return (struct query_value){.type = QUERY_INT, .int_ = v};
}

static struct query_value real(double v) {
    return (struct query_value){.type = QUERY_REAL, .real = v};
}

static struct query_value text(const char *prefix, uint64_t n) {
    char word[48];
    struct query_value v = {.type = QUERY_TEXT, .text = {texts.p + texts.n, 0}};
    v.text.n = (size_t)snprintf(word, sizeof(word), "%s%llu", prefix, (unsigned long long)n);
    buf_put(&texts, word, v.text.n);
    return v;
}

static struct query_value random_double(void) {
    uint64_t bits = random_next() << 11 ^ random_next();
    double v;
    memcpy(&v, &bits, sizeof(v));
    return real(mp_float_ok(v) ? v : 0.5);
}

static struct query_value random_value(enum mix mix, uint64_t i) {
    static const int64_t edges[] = {INT64_MIN, INT64_MAX, 0, -1, 1, 1LL << 53, -(1LL << 53) - 1, 255, 256};
    switch (mix) {
    case CONSTANT:
        return whole(7);
    case FEW:
        return text("word-", random_below(5));
    case INTEGERS:
        return random_below(50) == 0 ? whole(edges[random_below(9)]) : whole((int64_t)random_below(1 << 20) - 5000);
    case DECIMALS:
        return real((double)random_below(90000) / 8);
    case DOUBLES:
        return random_double();
    case RISING:
        return whole((int64_t)(1000 * i + 17));
    case NUMBERS:
        return random_below(2) == 0 ? whole((int64_t)random_below(100000)) : real((double)random_below(100000) / 4);
    case TEXTS:
        return text("", random_next());
    case WORDS:
        return text("w", random_below(900));
    case FLAGS:
        return (struct query_value){.type = QUERY_BOOL, .boolean = random_below(3) == 0};
    default:
        return random_value((enum mix)random_below(ANYTHING), i);
    }
}

/* Event i: its kind, and perhaps the field: events of one kind always have it and those of another never do. */
static void collect_one(uint64_t seq, const struct query_value *v) {
    static const char *const kinds[] = {"x.a.always", "x.a.never", "x.a.sometimes"};
    uint8_t bytes[128];
    struct buf body = {.p = bytes, .cap = sizeof(bytes), .max = sizeof(bytes)};
    const char *kind = kinds[v->type == QUERY_NULL ? 1 + seq % 2 : seq % 5 == 0 ? 2 : 0];
    struct event_header h = {.seq = seq,
                             .time = 1000 + seq,
                             .schema = 1,
                             .kind = bytes_of(kind),
                             .subject = bytes_of("a/b"),
                             .actor = bytes_of("user:x"),
                             .source = bytes_of("test"),
                             .grade = bytes_of("measured"),
                             .has_cause = seq > 3,
                             .cause = seq - 3};
    mp_put_map(&body, v->type == QUERY_NULL ? 0 : 1);
    if (v->type != QUERY_NULL) {
        mp_put_str(&body, bytes_of("value"));
    }
    switch (v->type) {
    case QUERY_INT:
        v->int_ >= 0 ? mp_put_uint(&body, (uint64_t)v->int_) : mp_put_int(&body, v->int_);
        break;
    case QUERY_REAL:
        mp_put_float(&body, v->real);
        break;
    case QUERY_BOOL:
        mp_put_bool(&body, v->boolean);
        break;
    case QUERY_TEXT:
        mp_put_str(&body, v->text);
        break;
    default:
        break;
    }
    must(buf_check(&body, "a body", &why));
    must(columns_collect(collector, &h, bytes_of_buf(&body), &why));
}

static void collect_all(enum mix mix, unsigned absent_in_8) {
    buf_clear(&texts);
    columns_collector_reset(collector, 0, 0);
    for (uint64_t i = 0; i < EVENTS; i++) {
        values[i] = random_below(8) < absent_in_8 ? (struct query_value){.type = QUERY_NULL} : random_value(mix, i);
        collect_one(i, &values[i]);
    }
}

static const uint8_t node[EVENT_HASH] = {1, 2, 3};

static const char *difference(void) {
    const char *reason;
    must(columns_differ(&plain, node, bytes_of_buf(&record), &reason, &why));
    return reason;
}

static void make_record(uint64_t first, uint32_t events) {
    must(columns_plain(collector, first, events, &plain, &why));
    buf_clear(&record);
    must(columns_record(&plain, node, &record, &why));
    assert_null(difference());
}

struct hits {
    uint8_t at[EVENTS];
    uint32_t n, last;
};

static void on_hit(void *ctx, uint32_t at) {
    struct hits *hits = ctx;
    hits->at[at]++;
    hits->n++;
}

/* Whatever is read of the field is what was put in; returns the form. `quiet`: damage is accepted, another value is not. */
static enum columns_form read_all(uint64_t first, bool quiet) {
    static struct column column, kinds;
    static struct hits hits;
    struct columns_record r;
    struct columns_entry entry;
    struct columns_classes classes = {0};
    struct err err;
    column_init(&column);
    column_init(&kinds);
    bool open = columns_open(bytes_of_buf(&record), &r);
    assert_true(open || quiet);
    if (!open || !columns_entry(&r, field, &entry)) return COLUMNS_NONE;
    enum columns_form form = (enum columns_form)entry.form;
    if (form == COLUMNS_HASHES) {
        for (uint32_t i = 0; i < r.events; i += 1 + (uint32_t)random_below(40)) {
            if (values[first + i].type == QUERY_NULL) continue;
            memset(&hits, 0, sizeof(hits));
            int rc = columns_find(&entry, r.events, columns_hash(&values[first + i]), on_hit, &hits, &err);
            assert_true(rc == 0 || (quiet && rc == ERR_CORRUPT));
            assert_true(rc != 0 || hits.at[i] == 1); /* once, whatever else is there */
        }
    } else if (form != COLUMNS_NONE) {
        int rc = columns_classes(&r, &kinds, &classes, &err);
        if (rc == 0) rc = column_load(&r, &entry, &classes, &column, &err);
        if (rc == 0) rc = column_load_values(&entry, &column, &err);
        assert_true(rc == 0 || (quiet && rc == ERR_CORRUPT));
        for (uint32_t i = 0; i < r.events && rc == 0; i++) {
            struct query_value v = column_value(&column, i);
            same_value(&v, &values[first + i]);
        }
    }
    columns_classes_done(&classes);
    column_done(&column);
    column_done(&kinds);
    return form;
}

/* ---- round trips ---- */

static void what_is_collected_comes_back(void **state) {
    static const enum columns_form forms[MIXES] = {
        [CONSTANT] = COLUMNS_DICT,   [FEW] = COLUMNS_DICT,       [INTEGERS] = COLUMNS_NUMBERS, [DECIMALS] = COLUMNS_NUMBERS,
        [DOUBLES] = COLUMNS_NUMBERS, [RISING] = COLUMNS_NUMBERS, [NUMBERS] = COLUMNS_NUMBERS,  [TEXTS] = COLUMNS_HASHES,
        [WORDS] = COLUMNS_HASHES,    [FLAGS] = COLUMNS_DICT,     [ANYTHING] = COLUMNS_HASHES};
    (void)state;
    for (unsigned absent = 0; absent <= 7; absent += absent == 0 ? 1 : 3) {
        for (enum mix mix = 0; mix < MIXES; mix++) {
            collect_all(mix, absent);
            make_record(0, EVENTS);
            enum columns_form form = read_all(0, false);
            assert_int_equal(form, forms[mix]);
        }
    }
}

static void a_part_of_what_is_collected_makes_a_segment_of_its_own(void **state) {
    (void)state;
    for (enum mix mix = 0; mix < MIXES; mix++) {
        collect_all(mix, (unsigned)random_below(8));
        for (uint64_t first = 0; first < EVENTS; first += 256) {
            make_record(first, 256);
            read_all(first, false);
        }
        make_record(1024, 1024);
        read_all(1024, false);
    }
}

static void causes_and_times_come_back(void **state) {
    struct columns_record r;
    struct columns_entry entry;
    struct columns_classes classes = {0};
    struct column column, kinds;
    (void)state;
    collect_all(FEW, 3);
    make_record(2048, 2048);
    column_init(&column);
    column_init(&kinds);
    assert_true(columns_open(bytes_of_buf(&record), &r));
    assert_int_equal(r.first_time, 1000 + 2048);
    assert_int_equal(r.last_time, 1000 + 4095);
    must(columns_classes(&r, &kinds, &classes, &why));
    for (size_t f = QUERY_TIME; f <= QUERY_CAUSE; f += QUERY_CAUSE - QUERY_TIME) {
        assert_true(columns_entry(&r, f, &entry));
        must(column_load(&r, &entry, &classes, &column, &why));
        must(column_load_values(&entry, &column, &why));
        for (uint32_t i = 0; i < 2048; i++) {
            assert_true(column_value(&column, i).int_ ==
                        (f == QUERY_TIME ? 1000 + 2048 + (int64_t)i : 2048 + (int64_t)i - 3));
        }
        assert_true(entry.b.n < 64); /* both increase evenly: there is nothing to store */
    }
    columns_classes_done(&classes);
    column_done(&column);
    column_done(&kinds);
}

static void numbers_keep_their_type_and_every_bit(void **state) {
    const struct query_value odd[] = {whole(INT64_MIN), whole(INT64_MAX), real(1e308),     real(-1e308), real(5e-324),
                                      real(0.1),        real(1.0 / 3),    real(-0.000001), whole(0),     real(0.0),
                                      whole(1),         real(1.0),        real(1e15 + 0.3)};
    (void)state;
    for (unsigned only = 0; only < 3; only++) { /* all of them; integers; reals */
        buf_clear(&texts);
        columns_collector_reset(collector, 0, 0);
        for (uint64_t i = 0; i < EVENTS; i++) {
            values[i] = random_below(4) == 0 ? odd[random_below(13)] : random_value(NUMBERS, i);
            while (only > 0 && values[i].type != (only == 1 ? QUERY_INT : QUERY_REAL)) {
                values[i] = odd[random_below(13)];
            }
            collect_one(i, &values[i]);
        }
        make_record(0, EVENTS);
        read_all(0, false);
    }
}

/* ---- time of occurrence ---- */

enum when { WHEN_SHIFTED, WHEN_SELDOM, WHEN_JITTER, WHEN_EVEN, WHEN_ANY, WHENS };

/* Sealing times a microsecond to a millisecond apart, and what a source may say about them. */
static void collect_times(enum when when, int64_t happened[EVENTS]) {
    uint64_t now = UINT64_C(1790000000000000000);
    columns_collector_reset(collector, 0, 0);
    for (uint64_t i = 0; i < EVENTS; i++) {
        uint8_t bytes[64];
        struct buf body = {.p = bytes, .cap = sizeof(bytes), .max = sizeof(bytes)};
        now += 1000 + random_below(1000000);
        const uint64_t ats[WHENS] = {now - UINT64_C(86400000000000), now - random_below(2000000000),
                                     now - random_below(900), UINT64_C(1000000000) * i, random_next() >> 1};
        bool has = when != WHEN_SELDOM || i % 16 == 0;
        struct event_header h = {.seq = i,
                                 .time = now,
                                 .schema = 1,
                                 .kind = bytes_of("x.a.b"),
                                 .subject = bytes_of("a/b"),
                                 .actor = bytes_of("user:x"),
                                 .source = bytes_of("test"),
                                 .grade = bytes_of("measured")};
        mp_put_map(&body, has ? 1 : 0);
        if (has) {
            mp_put_str(&body, bytes_of("at"));
            mp_put_uint(&body, ats[when]);
        }
        happened[i] = (int64_t)(has ? ats[when] : now);
        must(columns_collect(collector, &h, bytes_of_buf(&body), &why));
    }
}

static void what_happened_near_its_seal_takes_as_much_room_as_its_distance(void **state) {
    static const size_t most[WHENS] = {64, EVENTS / 16 * 5, 2 * EVENTS, 64, 8 * EVENTS + 64};
    static const bool timed[] = {true, true, true, false};
    static int64_t happened[EVENTS];
    struct column column, kinds, times;
    struct columns_classes classes = {0};
    (void)state;
    column_init(&column);
    column_init(&kinds);
    column_init(&times);
    for (enum when when = 0; when < WHENS; when++) {
        struct columns_record r;
        struct columns_entry entry;
        uint64_t first = when % 2 == 0 ? 0 : 2048;
        collect_times(when, happened);
        make_record(first, (uint32_t)(EVENTS - first));
        assert_true(columns_open(bytes_of_buf(&record), &r));
        must(columns_classes(&r, &kinds, &classes, &why));
        assert_true(columns_entry(&r, QUERY_TIME, &entry));
        must(column_load(&r, &entry, &classes, &times, &why));
        must(column_load_values(&entry, &times, &why));
        assert_true(columns_entry(&r, QUERY_HAPPENED, &entry));
        assert_true(entry.b.n <= most[when]);
        must(column_load(&r, &entry, &classes, &column, &why));
        must(column_load_values(&entry, &column, &why));
        bool by_time = column.by_time;
        assert_true(when == WHEN_ANY || by_time == timed[when]); /* of random times either may be the smaller */
        assert_int_equal(column_add_times(&column, &times), by_time);
        for (uint32_t i = 0; i < r.events; i++) {
            struct query_value v = column_value(&column, i);
            assert_true(v.type == QUERY_INT && v.int_ == happened[first + i]);
            assert_true((double)v.int_ >= entry.least && (double)v.int_ <= entry.greatest);
        }
    }
    columns_classes_done(&classes);
    column_done(&column);
    column_done(&kinds);
    column_done(&times);
}

/* ---- damage ---- */

static void a_flipped_bit_gives_an_error_or_the_same_values(void **state) {
    static const enum mix mixes[] = {FEW, INTEGERS, NUMBERS, TEXTS};
    (void)state;
    for (size_t m = 0; m < 4; m++) {
        collect_all(mixes[m], 2);
        make_record(0, 1024);
        for (int i = 0; i < 1500; i++) {
            size_t at = i < 400 ? (size_t)i : (size_t)random_below(record.n);
            uint8_t bit = (uint8_t)(1U << random_below(8));
            record.p[at] ^= bit;
            read_all(0, true);
            record.p[at] ^= bit;
        }
        assert_null(difference());
    }
}

static void a_record_cut_short_gives_an_error_or_the_same_values(void **state) {
    (void)state;
    collect_all(TEXTS, 1);
    make_record(0, 1024);
    size_t n = record.n;
    for (size_t i = 0; i < n; i += i < 300 ? 1 : 1 + random_below(40)) {
        record.n = i;
        read_all(0, true);
    }
    record.n = n;
}

static void a_record_of_other_rules_is_stale(void **state) {
    struct columns_record r;
    (void)state;
    collect_all(FEW, 0);
    make_record(0, 1024);
    assert_false(columns_stale(bytes_of_buf(&record)));
    record.p[15] ^= 1;
    be64_put(record.p, hash64((struct bytes){record.p + 8, 96 - 8 + 40 * (size_t)be32_get(record.p + 60)}));
    assert_true(columns_stale(bytes_of_buf(&record)));
    assert_false(columns_open(bytes_of_buf(&record), &r));
}

/* ---- attacks by somebody who knows the hash ---- */

static void hashes_that_crowd_together_cost_the_column_and_nothing_else(void **state) {
    (void)state;
    buf_clear(&texts);
    columns_collector_reset(collector, 0, 0);
    for (uint64_t i = 0, n = 0; i < EVENTS; i++) {
        do {
            texts.n = i == 0 ? 0 : (size_t)(values[i - 1].text.p + values[i - 1].text.n - texts.p);
            values[i] = text("crafted-", n++);
        } while (columns_hash(&values[i]) >> 52 != 0);
        collect_one(i, &values[i]);
    }
    make_record(0, EVENTS);
    assert_int_equal(read_all(0, false), COLUMNS_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_collected_comes_back),
        cmocka_unit_test(a_part_of_what_is_collected_makes_a_segment_of_its_own),
        cmocka_unit_test(causes_and_times_come_back),
        cmocka_unit_test(numbers_keep_their_type_and_every_bit),
        cmocka_unit_test(what_happened_near_its_seal_takes_as_much_room_as_its_distance),
        cmocka_unit_test(a_flipped_bit_gives_an_error_or_the_same_values),
        cmocka_unit_test(a_record_cut_short_gives_an_error_or_the_same_values),
        cmocka_unit_test(a_record_of_other_rules_is_stale),
        cmocka_unit_test(hashes_that_crowd_together_cost_the_column_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
