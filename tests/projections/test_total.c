/* Folds are total: they accept whatever is in an event that their projection takes. Every kind of the catalog is given to
 * every projection with an erased body, with fields of wrong types, with absurd values, and about odd subjects; several
 * times over, so that the results of the first events are met by later ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "ledger/kinds/kind.h"
#include "projections/fold/run.h"

#define ROUNDS 2

static struct err why;
static uint64_t next_seq;

/* Values that some field does not expect, or that are at the limit of its range. */
enum odd {
    ODD_NIL,
    ODD_EMPTY,
    ODD_LONG,
    ODD_CONTROL,
    ODD_ZERO,
    ODD_LARGE,
    ODD_NEGATIVE,
    ODD_REAL,
    ODD_TRUE,
    ODD_LIST,
    ODD_MAP,
    ODDS
};

static void put_odd(struct buf *out, enum odd odd) {
    static uint8_t long_text[10000];
    memset(long_text, 'a', sizeof(long_text));
    switch (odd) {
    case ODD_NIL:
        mp_put_nil(out);
        break;
    case ODD_EMPTY:
        mp_put_str(out, bytes_of(""));
        break;
    case ODD_LONG:
        mp_put_str(out, (struct bytes){long_text, sizeof(long_text)});
        break;
    case ODD_CONTROL:
        mp_put_str(out, bytes_of("\x01/\x02:\xc3\xa4"));
        break;
    case ODD_ZERO:
        mp_put_uint(out, 0);
        break;
    case ODD_LARGE:
        mp_put_uint(out, MP_INT_MAX);
        break;
    case ODD_NEGATIVE:
        mp_put_int(out, INT64_MIN);
        break;
    case ODD_REAL:
        mp_put_float(out, -1e308);
        break;
    case ODD_TRUE:
        mp_put_bool(out, true);
        break;
    case ODD_LIST: /* of a text, a map, a list and a number */
        mp_put_array(out, 4);
        mp_put_str(out, bytes_of("name"));
        mp_put_map(out, 1);
        mp_put_str(out, bytes_of("name"));
        mp_put_int(out, -1);
        mp_put_array(out, 0);
        mp_put_uint(out, 7);
        break;
    default:
        mp_put_map(out, 1);
        mp_put_str(out, bytes_of("digest"));
        mp_put_str(out, bytes_of("sha256:00"));
        break;
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All fields of the kind, each odd in another way, `turn` steps further. */
static void odd_body(struct buf *out, const struct kind *kind, size_t turn) {
    const char *names[128];
    size_t n = 0;
    for (size_t i = 0; i < kind->n_fields && n < 126; i++) {
        names[n++] = kind->fields[i].name;
    }
    names[n++] = "at";
    qsort(names, n, sizeof(names[0]), by_name);
    mp_put_map(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        mp_put_str(out, bytes_of(names[i]));
        put_odd(out, (enum odd)((i + turn) % ODDS));
    }
    assert_int_equal(mp_check(bytes_of_buf(out), &why), 0);
}

static void give(struct fold *fold, struct fold_input *input, const char *kind, const char *subject, struct bytes body) {
    struct log_event event = {.seq = next_seq, .time = 1000 + next_seq, .schema = 1};
    next_seq++;
    event.kind = bytes_of(kind);
    event.subject = bytes_of(subject);
    event.actor = bytes_of("user:test");
    event.body = body;
    assert_int_equal(fold_input_set(input, &event, &why), 0);
    if (fold_apply(fold, input, &why) != 0) {
        fail_msg("%s about '%s' is not taken: %s", kind, subject, why.msg);
    }
}

static void give_all(struct fold *fold, struct fold_input *input, const struct kind *kind) {
    static const char *const subjects[] = {"pack/p", "plain", "", "a/", "/b", "package/dpkg/curl:amd64", "model/sha256:00"};
    struct buf body;
    buf_init(&body, 1 << 20);
    for (size_t s = 0; s < sizeof(subjects) / sizeof(subjects[0]); s++) {
        give(fold, input, kind->name, subjects[s], (struct bytes){0});
        give(fold, input, kind->name, subjects[s], (struct bytes){(const uint8_t *)"\x80", 1});
        give(fold, input, kind->name, subjects[s], (struct bytes){(const uint8_t *)"\x07", 1}); /* not a map at all */
        for (size_t turn = 0; turn < ODDS; turn++) {
            buf_clear(&body);
            odd_body(&body, kind, turn);
            give(fold, input, kind->name, subjects[s], bytes_of_buf(&body));
        }
    }
    buf_done(&body);
}

static void every_fold_takes_every_event_of_its_kinds(void **state) {
    (void)state;
    for (const struct projection *const *p = projection_all; *p != NULL; p++) {
        struct rows *rows = NULL;
        struct fold *fold = NULL;
        struct fold_input *input = NULL;
        size_t kinds = 0;
        next_seq = 0;
        assert_int_equal(rows_new(NULL, &rows, &why), 0);
        assert_int_equal(fold_new(*p, rows, &fold, &why), 0);
        assert_int_equal(fold_input_new(upcast_all, upcast_count, &input, &why), 0);
        for (size_t round = 0; round < ROUNDS; round++) {
            for (size_t i = 0; i < kind_count(); i++) {
                if (projection_takes(*p, bytes_of(kind_at(i)->name))) {
                    give_all(fold, input, kind_at(i));
                    kinds++;
                }
            }
        }
        assert_true(kinds > 0);
        fold_input_free(input);
        fold_free(fold);
        rows_free(rows);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_fold_takes_every_event_of_its_kinds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
