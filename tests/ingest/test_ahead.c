/* Texts parsed ahead: they are returned in order, few or many, small or large, and the work ends when it is told to. */
#include "ingest/input/ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

struct seen {
    char (*texts)[32];
    char *large; /* in place of text 5; NULL: none */
    size_t next, refused, stop_at;
};

static struct bytes text_at(void *ctx, size_t i) {
    struct seen *s = ctx;
    return i == 5 && s->large != NULL ? bytes_of(s->large) : bytes_of(s->texts[i]);
}

/* Text i is the number i; every tenth is not JSON. */
static int take(void *ctx, size_t i, int code, struct bytes mp, const char *why, struct err *err) {
    struct seen *s = ctx;
    struct buf json;
    assert_int_equal(i, s->next);
    s->next++;
    if (i == s->stop_at) return err_set(err, 7, "enough");
    if (i % 10 == 9) {
        assert_int_equal(code, ERR_INVALID);
        assert_non_null(strstr(why, "line 1 column"));
        s->refused++;
        return 0;
    }
    assert_int_equal(code, 0);
    buf_init(&json, (size_t)4 << 20);
    assert_int_equal(json_from_mp(mp, JSON_LINE, &json, NULL), 0);
    assert_true(bytes_eq(bytes_of_buf(&json), text_at(ctx, i)));
    buf_done(&json);
    return 0;
}

static void check(struct ahead *a, size_t n, size_t stop_at, char *large) {
    struct seen s = {.texts = malloc((n + 6) * 32), .large = large, .stop_at = stop_at};
    struct err err = {0};
    assert_non_null(s.texts);
    for (size_t i = 0; i < n + 6; i++) {
        snprintf(s.texts[i], 32, i % 10 == 9 ? "[%zu" : "%zu", i);
    }
    const struct ahead_work work = {&s, n, text_at, take, NULL};
    int rc = ahead_run(a, &work, &err);
    if (stop_at < n) {
        assert_int_equal(rc, 7);
        assert_int_equal(s.next, stop_at + 1);
    } else {
        assert_int_equal(rc, 0);
        assert_int_equal(s.next, n);
        assert_int_equal(s.refused, n / 10);
    }
    free(s.texts);
}

static void texts_come_back_in_their_order(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 2, 15, 16, 17, 63, 64, 65, 128, 129, 1000, 20000};
    struct ahead *a = NULL;
    assert_int_equal(ahead_new(&a, NULL), 0);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        check(a, counts[i], SIZE_MAX, NULL);
    }
    ahead_free(a);
    ahead_free(NULL);
}

static void a_large_text_is_one_among_the_others(void **state) {
    (void)state;
    struct ahead *a = NULL;
    size_t n = (size_t)1 << 20;
    char *large = malloc(n + 3);
    assert_non_null(large);
    memset(large, 'x', n + 2);
    large[0] = large[n + 1] = '"';
    large[n + 2] = '\0';
    assert_int_equal(ahead_new(&a, NULL), 0);
    check(a, 300, SIZE_MAX, large);
    check(a, 8, SIZE_MAX, large);
    ahead_free(a);
    free(large);
}

static void the_work_ends_where_it_is_told_to(void **state) {
    (void)state;
    struct ahead *a = NULL;
    assert_int_equal(ahead_new(&a, NULL), 0);
    for (size_t stop = 0; stop < 300; stop += 37) {
        check(a, 1000, stop, NULL);
        check(a, 1000, SIZE_MAX, NULL);
    }
    ahead_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back_in_their_order),
        cmocka_unit_test(a_large_text_is_one_among_the_others),
        cmocka_unit_test(the_work_ends_where_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
