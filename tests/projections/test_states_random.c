/* All projections over random events: however the events arrive and whenever they are folded, the states are the same. */
#include <time.h>

#include "projections/store/rebuild.h"
#include "projections/view/state.h"
#include "tests/projections/random_events.h"
#include "tests/projections/view_text.h"

#define EVENTS  900
#define MOMENTS 6

static struct buf text_at(struct ledger *ledger, uint64_t at, bool no_write) {
    struct state_options options;
    struct state_view *view;
    struct buf out;
    buf_init(&out, (size_t)256 << 20);
    state_options_init(&options);
    options.at = at;
    options.no_write = no_write;
    if (state_open(ledger, &options, &view, &why) != 0) {
        fail_msg("a view at %llu: %s", (unsigned long long)at, why.msg);
    }
    put_view(view, &out);
    state_close(view);
    return out;
}

static void same(const struct buf *a, const struct buf *b, uint64_t seed, const char *what) {
    if (a->n == b->n && memcmp(a->p, b->p, a->n) == 0) return;
    size_t at = 0, line;
    while (at < a->n && at < b->n && a->p[at] == b->p[at]) {
        at++;
    }
    for (line = at; line > 0 && a->p[line - 1] != '\n'; line--) {
    }
    fail_msg("seed %llu, %s: states differ at %.300s | %.300s", (unsigned long long)seed, what, (const char *)a->p + line,
             (const char *)b->p + line);
}

/* ---- one log, folded in many ways ---- */

struct moment {
    uint64_t size;
    struct buf text;
};

static void catch_up(struct ledger *ledger) {
    struct state_options options;
    state_options_init(&options);
    assert_int_equal(rebuild_catch_up(ledger, &options, &why), 0);
}

/* Appends, now and then stores, now and then only reads. */
static void grow(struct box *box, struct random_event *r, struct moment *moments) {
    uint64_t accepted = 0;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < EVENTS; i++) {
        struct log_receipt receipt;
        random_event_make(r, (uint64_t)now.tv_sec * UINT64_C(1000000000));
        accepted += random_event_append(box->ledger, r, &receipt);
        if (random_below(r, 40) == 0) {
            catch_up(box->ledger);
        }
        if (i % (EVENTS / MOMENTS) == EVENTS / MOMENTS - 1) {
            struct moment *m = &moments[i / (EVENTS / MOMENTS)];
            struct log_head head;
            assert_int_equal(log_head(box->ledger, &head, &why), 0);
            m->size = head.size;
            m->text = text_at(box->ledger, LOG_NO_SEQ, i % 2 == 0);
        }
    }
    assert_true(accepted > EVENTS / 2);
}

static void as_of_then(struct ledger *ledger, struct moment *moments, uint64_t seed, const char *what) {
    for (int i = 0; i < MOMENTS; i++) {
        struct buf text = text_at(ledger, moments[i].size, false);
        same(&moments[i].text, &text, seed, what);
        buf_done(&text);
    }
}

static void rebuilt(struct ledger *ledger) {
    struct state_options options;
    state_options_init(&options);
    assert_int_equal(rebuild_run(ledger, &options, UINT32_MAX, &why), 0);
}

static void no_difference(void *ctx, const struct projection *projection, const char *words) {
    (void)ctx;
    fail_msg("%s: %s", projection->name, words);
}

static void from_backup(struct box *box, struct moment *moments, uint64_t seed) {
    char path[400];
    struct ledger *copy;
    snprintf(path, sizeof(path), "%s/backup", box->dir);
    assert_int_equal(log_backup(box->ledger, path, &why), 0);
    assert_int_equal(log_open(path, &(struct log_open_options){.read_only = true}, &copy, &why), 0);
    as_of_then(copy, moments, seed, "from a backup");
    log_close(copy);
}

static void one_seed(uint64_t seed) {
    struct moment moments[MOMENTS] = {0};
    struct state_options options;
    struct random_event r;
    struct box box;
    uint64_t n;
    box_open(&box);
    random_event_init(&r, seed);
    grow(&box, &r, moments);
    as_of_then(box.ledger, moments, seed, "later, as of then");
    catch_up(box.ledger);
    state_options_init(&options);
    assert_int_equal(rebuild_check(box.ledger, &options, UINT32_MAX, no_difference, NULL, &n, NULL, &why), 0);
    rebuilt(box.ledger);
    as_of_then(box.ledger, moments, seed, "rebuilt");
    from_backup(&box, moments, seed);
    assert_int_equal(rebuild_drop(box.ledger, &why), 0);
    as_of_then(box.ledger, moments, seed, "dropped and built on demand");
    for (int i = 0; i < MOMENTS; i++) {
        buf_done(&moments[i].text);
    }
    random_event_done(&r);
    box_close(&box);
}

static void states_do_not_depend_on_how_events_were_folded(void **state) {
    const char *given = getenv("SEED");
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        one_seed(given != NULL ? strtoull(given, NULL, 10) : seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_do_not_depend_on_how_events_were_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
