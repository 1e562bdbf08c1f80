/* Evaluations of the lm-evaluation-harness when memory runs out: whichever allocation fails, the reader reports it, frees
 * what it had, and reads the same input when there is memory again. */
#include "ingest/lmeval/lmeval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"

#define FIXTURE "tests/ingest/fixtures/lmeval/whole/acme__tiny-1b/"
#define DATE    "2026-03-01T10-20-30.123456"

static long left = -1; /* allocations until one fails; negative: none does */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);

static bool fails(void) {
    return left >= 0 && left-- == 0;
}

void *__wrap_malloc(size_t n) {
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size) {
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n) {
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size) {
    return fails() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s) {
    return fails() ? NULL : __real_strdup(s);
}

static int read_results(struct bytes text, struct err *err) {
    struct lmeval_doc doc;
    struct buf body;
    lmeval_doc_init(&doc);
    buf_init(&body, 1 << 20);
    int rc = lmeval_doc_read(&doc, text, bytes_of(DATE), err);
    if (rc == 0) {
        lmeval_doc_judge(&doc);
        rc = lmeval_put_imported(&doc, "x", &body, err);
    }
    buf_done(&body);
    lmeval_doc_done(&doc);
    return rc;
}

static int read_sample(struct bytes line, struct err *err) {
    const struct lmeval_about about = {.task = bytes_of("t"), .at = INGEST_NO_TIME};
    struct lmeval_reader reader;
    struct lmeval_counter counter;
    struct lmeval_sample sample;
    lmeval_reader_init(&reader);
    int rc = lmeval_counter_init(&counter, err);
    if (rc == 0) rc = lmeval_sample_read(&reader, line, &about, &sample, err);
    if (rc == 0) rc = lmeval_counter_take(&counter, &sample, err);
    lmeval_counter_done(&counter);
    lmeval_reader_done(&reader);
    return rc;
}

static int list_files(struct bytes unused, struct err *err) {
    struct lmeval_files files = {0};
    (void)unused;
    int rc = lmeval_files_add(&files, FIXTURE "results_" DATE ".json", err);
    lmeval_files_done(&files);
    return rc;
}

static void sweep(struct bytes input, int (*read)(struct bytes input, struct err *err)) {
    long n = 0;
    for (;; n++) {
        struct err err = {0};
        left = n;
        int rc = read(input, &err);
        bool over = left >= 0;
        left = -1;
        if (over) {
            assert_int_equal(rc, 0);
            break;
        }
        assert_true(rc == 0 || (rc == ERR_NOMEM && err.msg[0] != '\0')); /* 0: it did without */
    }
    assert_true(n > 0);
    struct err err = {0};
    assert_int_equal(read(input, &err), 0);
}

static void whichever_allocation_fails_the_reader_says_so(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_int_equal(file_read(FIXTURE "results_" DATE ".json", &text, NULL), 0);
    sweep(bytes_of_buf(&text), read_results);
    buf_clear(&text);
    assert_int_equal(file_read(FIXTURE "samples_tiny_math_" DATE ".jsonl", &text, NULL), 0);
    const uint8_t *lf = memchr(text.p, '\n', text.n);
    sweep((struct bytes){text.p, (size_t)(lf - text.p)}, read_sample);
    sweep(bytes_of_buf(&text), list_files);
    buf_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whichever_allocation_fails_the_reader_says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
