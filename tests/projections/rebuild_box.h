/* The setup of tests that rebuild: a scratch ledger, two buffers to compare what is stored, and shared calls. */
#ifndef TESTS_PROJECTIONS_REBUILD_BOX_H
#define TESTS_PROJECTIONS_REBUILD_BOX_H

#include "tests/projections/engine_box.h"

static struct scratch s;
static struct buf a, b;

static inline int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    buf_init(&a, SIZE_MAX);
    buf_init(&b, SIZE_MAX);
    fail_from = UINT64_MAX;
    return 0;
}

static inline int finish(void **state) {
    (void)state;
    buf_done(&a);
    buf_done(&b);
    scratch_done(&s);
    return 0;
}

static inline void catch_up(const struct projection *const *list) {
    struct state_options options = engine_options(list, &small_tuning);
    must(rebuild_catch_up(s.ledger, &options, &why));
}

static inline void rebuild(const struct projection *const *list, uint32_t which) {
    struct state_options options = engine_options(list, &small_tuning);
    must(rebuild_run(s.ledger, &options, which, &why));
}

static inline void must_be_same(const char *what) {
    if (!same_bufs(&a, &b)) {
        fail_msg("%s: %zu and %zu bytes", what, a.n, b.n);
    }
}

static inline void differs(void *ctx, const struct projection *projection, const char *words) {
    struct buf *out = ctx;
    buf_printf(out, "%s: %s\n", projection->name, words);
}

/* The text of the difference. */
static inline const char *check(const struct projection *const *list, uint64_t *rows) {
    struct state_options options = engine_options(list, &small_tuning);
    buf_clear(&a);
    must(rebuild_check(s.ledger, &options, UINT32_MAX, differs, &a, rows, NULL, &why));
    buf_put_u8(&a, 0);
    return (const char *)a.p;
}

#endif
