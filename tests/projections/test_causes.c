/* Since when a state holds, against the simplest reference: all rows are read after each event, and between the events at
 * each moment at which something may end by itself; the first instant of the unbroken run that shows the present state is
 * the cause. */
#include <time.h>

#include "base/clock.h"
#include "projections/store/rebuild.h"
#include "projections/view/state.h"
#include "projections/walk/since.h"
#include "tests/projections/random_story.h"
#include "tests/projections/tuned.h"

TUNED(__wrap_state_tuning)

uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_boot_ns(void);

uint64_t __wrap_clock_wall_ns(void) {
    return story_now;
}

uint64_t __wrap_clock_boot_ns(void) {
    return story_now - STORY_BEGIN + STORY_S;
}

#define EVENTS       120
#define INSTANTS_MAX 8192

struct seen {
    uint64_t row, state;
    bool has; /* a state */
};
struct instant {
    uint64_t seq, at; /* LOG_NO_SEQ: time alone, and when */
    struct seen *rows;
    size_t n;
};
struct history {
    struct instant instants[INSTANTS_MAX];
    size_t n;
};

static uint64_t hash_of(uint64_t h, struct bytes text) {
    h = (h ^ text.n) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < text.n; i++) {
        h = (h ^ text.p[i]) * UINT64_C(0x100000001b3);
    }
    return h ^ (h >> 31);
}

/* What a row has been since then: for a machine its profile. */
static size_t state_of(const struct state_table *table) {
    return projection_dated(table) != SIZE_MAX ? projection_dated(table) : projection_state(table);
}

static bool tells_since(const struct state_table *table) {
    return state_of(table) != SIZE_MAX && projection_column(table, "since_seq") != SIZE_MAX;
}

static uint64_t row_hash(size_t table, const struct row *row) {
    return hash_of(table + 1, row->key);
}

static int by_row(const void *a, const void *b) {
    const struct seen *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

/* All rows that have a since, as of that moment. */
static void look(struct box *box, struct history *h, uint64_t at, uint64_t now, uint64_t seq) {
    assert_true(h->n < INSTANTS_MAX);
    struct instant *instant = &h->instants[h->n++];
    size_t room = 0;
    struct state_options options;
    state_options_init(&options);
    options.at = at;
    options.now = now;
    box_forget(box);
    assert_int_equal(state_open(box->ledger, &options, &box->view, &box->err), 0);
    *instant = (struct instant){.seq = seq, .at = now};
    for (size_t t = 0; t < state_tables(box->view); t++) {
        const struct state_table *table = state_table(box->view, t);
        size_t state = state_of(table);
        struct state_rows *rows = NULL;
        const struct row *row;
        int rc = tells_since(table) ? state_rows_open(box->view, t, NULL, 0, &rows, &box->err) : 1;
        while (rc == 0 && (rc = state_rows_next(rows, &row, &box->err)) == 0) {
            if (instant->n == room) {
                room = 2 * room + 64;
                instant->rows = realloc(instant->rows, room * sizeof(*instant->rows));
                assert_non_null(instant->rows);
            }
            instant->rows[instant->n++] =
                (struct seen){row_hash(t, row), hash_of(7, row_text(row, state)), row_has(row, state)};
        }
        assert_int_equal(rc, 1);
        state_rows_close(rows);
    }
    qsort(instant->rows, instant->n, sizeof(*instant->rows), by_row);
}

static const struct seen *find(const struct instant *instant, uint64_t row) {
    const struct seen key = {.row = row};
    return instant->n == 0 ? NULL : bsearch(&key, instant->rows, instant->n, sizeof(key), by_row);
}

static int by_time(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The moments in (from, to] at which something may end by itself, each once. */
static size_t moments_between(struct story *s, uint64_t from, uint64_t to, uint64_t *ret) {
    size_t n = 0;
    for (size_t i = 0; i < s->n_moments; i++) {
        if (s->moments[i] > from && s->moments[i] <= to) {
            ret[n++] = s->moments[i];
        }
    }
    qsort(ret, n, sizeof(*ret), by_time);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || ret[kept - 1] != ret[i]) {
            ret[kept++] = ret[i];
        }
    }
    return kept;
}

static void look_between(struct story *s, struct history *h, uint64_t at, uint64_t from, uint64_t to) {
    static uint64_t moments[STORY_MOMENTS];
    size_t n = moments_between(s, from, to, moments);
    for (size_t i = 0; i < n; i++) {
        look(s->box, h, at, moments[i], LOG_NO_SEQ);
    }
}

/* The instants of the history up to [0, at) and `now`, in order. */
struct path {
    size_t last;
    uint64_t at, now;
};

static void check_row(struct box *box, const struct history *h, const struct path *path, size_t t, const struct row *found,
                      uint64_t seed) {
    size_t state = state_of(found->table), since = projection_column(found->table, "since");
    uint64_t key = row_hash(t, found), now = hash_of(7, row_text(found, state));
    const struct instant *first = NULL;
    struct row row;
    if (!row_has(found, state) && strcmp(found->table->name, "hardware") == 0) {
        return; /* a profile without a digest differs every time */
    }
    struct bytes parts[KEY_PARTS_MAX];
    size_t n = 0;
    for (size_t i = path->last + 1; i-- > 0;) {
        const struct seen *seen = find(&h->instants[i], key);
        if (seen == NULL || seen->state != now || !seen->has) break;
        first = &h->instants[i];
    }
    for (size_t i = 0; i < found->table->n_columns; i++) {
        if (found->table->columns[i].flags & COLUMN_KEY) {
            parts[n++] = row_text(found, i);
        }
    }
    row_init(&row, found->table);
    assert_int_equal(state_get(box->view, t, parts, n, &row, &box->err), 0);
    assert_int_equal(since_find(box->view, &row, &box->err), 0);
    bool has = row_has(&row, since + 1);
    uint64_t seq = has ? (uint64_t)row_int(&row, since + 1) : LOG_NO_SEQ;
    bool by_time_alone = first != NULL && first->seq == LOG_NO_SEQ;
    bool good = first == NULL   ? !has && !row_has(&row, since)
                : by_time_alone ? !has && row_int(&row, since) == (int64_t)first->at
                                : has && seq == first->seq;
    if (!good) {
        struct bytes is = row_text(found, state);
        fail_msg("seed %llu, %llu events: %s '%.*s' is '%.*s' since event %lld (%lld), and not %lld (%llu)",
                 (unsigned long long)seed, (unsigned long long)path->at, found->table->name, (int)found->key.n,
                 (const char *)found->key.p, (int)is.n, is.n > 0 ? (const char *)is.p : "", (long long)seq,
                 (long long)row_int(&row, since), first != NULL ? (long long)first->seq : -2,
                 first != NULL ? (unsigned long long)first->at : 0);
    }
    row_done(&row);
}

static void check_all(struct box *box, const struct history *h, const struct path *path, uint64_t seed) {
    struct state_options options;
    state_options_init(&options);
    options.at = path->at;
    options.now = path->now;
    box_forget(box);
    assert_int_equal(state_open(box->ledger, &options, &box->view, &box->err), 0);
    for (size_t t = 0; t < state_tables(box->view); t++) {
        struct state_rows *rows = NULL;
        const struct row *row;
        int rc = tells_since(state_table(box->view, t)) ? state_rows_open(box->view, t, NULL, 0, &rows, &box->err) : 1;
        while (rc == 0 && (rc = state_rows_next(rows, &row, &box->err)) == 0) {
            check_row(box, h, path, t, row, seed);
        }
        assert_int_equal(rc, 1);
        state_rows_close(rows);
    }
}

static void one_history(uint64_t seed) {
    static struct history h;
    struct state_tuning tuning;
    struct state_options options;
    struct story s;
    struct box box;
    uint64_t times[EVENTS + 64], size = 0;
    struct path paths[EVENTS + 64];
    struct log_head head;
    story_now = STORY_BEGIN;
    h.n = 0;
    box_open(&box);
    story_init(&s, &box, seed);
    story_moments_of_event(&s);
    state_options_init(&options);
    tune(NULL);
    tuning = *state_tuning();
    tuning.segment = seed % 2 == 0 ? 16 : tuning.segment;
    tuning.lag_max = seed % 4 < 2 ? 24 : tuning.lag_max;
    tune(&tuning);
    look(&box, &h, 1, story_now, 0);
    for (size = 1, times[0] = story_now; size < EVENTS;) {
        uint64_t had = size;
        story_step(&s);
        assert_int_equal(log_head(box.ledger, &head, &box.err), 0);
        size = head.size;
        for (uint64_t seq = had; seq < size; seq++) { /* keys may be rotated before it */
            look_between(&s, &h, seq, times[seq - 1], story_now);
            paths[seq] = (struct path){h.n - 1, seq, story_now};
            look(&box, &h, seq + 1, story_now, seq);
            times[seq] = story_now;
        }
        if (seed % 3 == 0 && story_below(&s, 20) == 0) {
            assert_int_equal(rebuild_catch_up(box.ledger, &options, &box.err), 0);
        }
    }
    for (uint64_t at = 1; at < size; at += 1 + story_below(&s, 12)) {
        check_all(&box, &h, &paths[at], seed);
    }
    paths[0] = (struct path){h.n - 1, size, story_now};
    check_all(&box, &h, &paths[0], seed);
    for (size_t i = 0; i < h.n; i++) {
        free(h.instants[i].rows);
    }
    story_done(&s);
    box_close(&box);
}

static void a_state_names_the_event_after_which_it_was_first_so(void **state) {
    const char *given = getenv("SEED");
    struct timespec now;
    (void)state;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t random = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)now.tv_nsec % 1000000;
    print_message("SEED=%llu\n", (unsigned long long)random);
    for (uint64_t seed = 1; seed <= 4 && given == NULL; seed++) {
        one_history(seed);
    }
    one_history(631179); /* a profile is recorded again, and corrected where it was first recorded */
    one_history(359172); /* a permission that was found unused is used */
    one_history(random);
}

/* Reads all states that have a since; those without are counted. */
static size_t tell(struct box *box, const struct state_options *options, struct buf *out) {
    struct state_view *view;
    size_t untold = 0;
    buf_clear(out);
    assert_int_equal(state_open(box->ledger, options, &view, &box->err), 0);
    for (size_t t = 0; t < state_tables(view); t++) {
        const struct state_table *table = state_table(view, t);
        size_t since = projection_column(table, "since"), state = projection_state(table);
        struct state_rows *rows;
        const struct row *row;
        if (since == SIZE_MAX || state == SIZE_MAX || !since_is(table, since)) continue;
        assert_int_equal(state_rows_open(view, t, NULL, 0, &rows, &box->err), 0);
        while (state_rows_next(rows, &row, &box->err) == 0) {
            struct row *own = (struct row *)(uintptr_t)row;
            assert_int_equal(since_find(view, own, &box->err), 0);
            untold += row_has(own, state) && !row_has(own, since);
            buf_put_bytes(out, own->key);
            row_put_cell(&own->cells[since], out);
            row_put_cell(&own->cells[since + 1], out);
        }
        state_rows_close(rows);
    }
    state_close(view);
    return untold;
}

static void a_walk_that_was_broken_off_goes_on_the_next_time(void **state) {
    struct state_options options;
    struct state_tuning tuning;
    struct log_head head = {0};
    struct story s;
    struct box box;
    struct buf tired, whole;
    size_t tries = 0;
    (void)state;
    buf_init(&tired, 1 << 20);
    buf_init(&whole, 1 << 20);
    story_now = STORY_BEGIN;
    box_open(&box);
    story_init(&s, &box, 5);
    while (head.size < EVENTS) {
        story_step(&s);
        assert_int_equal(log_head(box.ledger, &head, &box.err), 0);
    }
    state_options_init(&options);
    tune(NULL);
    tuning = *state_tuning();
    options.now = story_now;
    assert_int_equal(rebuild_catch_up(box.ledger, &options, &box.err), 0);
    tuning.since_work = 30;
    tune(&tuning);
    while (tell(&box, &options, &tired) > 0 && tries < 100) {
        tries++;
    }
    assert_in_range(tries, 1, 99);
    tuning.since_work = 0;
    tune(&tuning);
    options.base = STATE_EVENTS;
    assert_int_equal(tell(&box, &options, &whole), 0);
    assert_true(bytes_eq(bytes_of_buf(&tired), bytes_of_buf(&whole)));
    buf_done(&tired);
    buf_done(&whole);
    story_done(&s);
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_names_the_event_after_which_it_was_first_so),
        cmocka_unit_test(a_walk_that_was_broken_off_goes_on_the_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
