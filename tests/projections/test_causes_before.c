/* What changed shortly before a state came about: random histories against a plain reference, and single sentences. */
#include <time.h>

#include "base/clock.h"
#include "tests/projections/causes_reference.h"
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

#define EVENTS 40
/* ---- comparing ---- */

static void put_line(struct box *box, const struct row_id *id, uint64_t seq, uint64_t time, bool direct,
                     const bool columns[PRESENCE + 1], struct buf *out) {
    const struct state_table *table = state_table(box->view, id->table);
    buf_printf(out, "%s %s %.*s by %lld at %llu%s:", direct ? "direct" : "near", table->name, (int)id->n, id->key,
               (long long)seq, (unsigned long long)time, columns[PRESENCE] ? " came or went" : "");
    for (size_t i = 0; i < table->n_columns; i++) {
        if (columns[i]) buf_printf(out, " %s", table->columns[i].name);
    }
    buf_put_str(out, "\n");
}

static size_t tell_expected(struct box *box, const struct history *h, const struct expected *e, struct buf *out) {
    size_t lines = 0;
    for (size_t i = 0; i < e->n; lines++) {
        const struct change *first = &e->all[i];
        const struct instant *instant = &h->instants[first->instant];
        bool columns[PRESENCE + 1] = {false};
        for (; i < e->n && e->all[i].row == first->row && e->all[i].step == first->step; i++) {
            columns[e->all[i].column] = true;
        }
        put_line(box, &h->rows[first->row], instant->seq, instant->now, first->direct, columns, out);
    }
    return lines;
}

static void tell_found(struct box *box, struct history *h, const struct causes *causes, struct buf *out) {
    for (size_t i = 0; i < causes->n; i++) {
        const struct cause *cause = &causes->list[i];
        bool columns[PRESENCE + 1] = {false};
        size_t t = state_table_find(box->view, cause->table->name), row = number_of(h, t, cause->after.key);
        columns[PRESENCE] = cause->before.absent != cause->after.absent;
        for (size_t k = 0; k < cause->n; k++) {
            columns[cause->columns[k]] = true;
            assert_true(k == 0 || cause->columns[k] != projection_state(cause->table));
        }
        put_line(box, &h->rows[row], cause->seq, cause->time, cause->direct, columns, out);
    }
}

/* The values before and after, of the instants around it. */
static void check_values(const struct history *h, const struct window *w, const struct causes *causes, struct box *box) {
    for (size_t i = 0; i < causes->n; i++) {
        const struct cause *cause = &causes->list[i];
        size_t at = 0, t = state_table_find(box->view, cause->table->name);
        while (at < h->n && !(h->instants[at].seq == cause->seq && h->instants[at].now == cause->time)) {
            at++;
        }
        assert_true(at < h->n);
        assert_true((cause->kind != NULL) == (cause->seq != LOG_NO_SEQ));
        for (size_t row = 0; row < h->n_rows; row++) {
            const struct row_id *id = &h->rows[row];
            if (id->table != t || !bytes_eq(cause->after.key, (struct bytes){id->key, id->n})) continue;
            for (size_t k = 0; k < cause->n; k++) {
                size_t c = cause->columns[k];
                assert_int_equal(value_of(&cause->after, c), at_instant(&h->instants[at], row)->values[c]);
                if (!cause->before.absent && at > 0 && h->instants[at - 1].at >= w->from) {
                    assert_int_equal(value_of(&cause->before, c), at_instant(&h->instants[at - 1], row)->values[c]);
                }
            }
        }
    }
}

static size_t check_row(struct box *box, struct history *h, size_t t, struct row *row, uint64_t at, uint64_t now,
                        const struct causes_options *o, uint64_t seed) {
    static struct expected e;
    static struct reads r;
    struct buf expected = {.max = 1 << 22}, found = {.max = 1 << 22};
    struct causes causes, few;
    struct causes_options all = *o;
    uint64_t seq;
    all.max = SIZE_MAX;
    assert_int_equal(causes_find(box->view, row, &all, &causes, &box->err), 0);
    assert_true(causes.whole && causes.more == 0);
    assert_int_equal(causes_find(box->view, row, o, &few, &box->err), 0);
    assert_true(few.whole && few.n <= o->max && few.n + few.more == causes.n);
    for (size_t i = 0; i < few.n; i++) {
        assert_true(few.list[i].table == causes.list[i].table && few.list[i].seq == causes.list[i].seq);
    }
    struct window w = window_of(h, row, o, &seq);
    r = (struct reads){.watch = {on_look, on_time, on_work, on_begin, on_end, NULL}, .h = h};
    read_as(box, &r, t, row->key, w.end, w.time);
    read_as(box, &r, t, row->key, seq != LOG_NO_SEQ ? seq : w.end, seq != LOG_NO_SEQ ? w.time : w.time - 1);
    expect(box, h, &r, &w, number_of(h, t, row->key), &e);
    size_t lines = tell_expected(box, h, &e, &expected);
    tell_found(box, h, &causes, &found);
    if (!bytes_eq(bytes_of_buf(&expected), bytes_of_buf(&found))) {
        fail_msg("seed %llu, %llu events: %s '%.*s' since event %lld (%llu), from %llu\nexpected\n%.*s\nfound\n%.*s",
                 (unsigned long long)seed, (unsigned long long)at, row->table->name, (int)row->key.n, row->key.p,
                 (long long)seq, (unsigned long long)w.time, (unsigned long long)w.from, (int)expected.n, expected.p,
                 (int)found.n, found.p);
    }
    check_values(h, &w, &causes, box);
    causes_done(&causes);
    causes_done(&few);
    buf_done(&expected);
    buf_done(&found);
    box_view(box, at, now);
    return lines;
}

/* All rows that say since when they are what they are. */
static size_t check_all(struct box *box, struct history *h, uint64_t at, uint64_t now, struct story *s, uint64_t seed) {
    size_t lines = 0;
    box_view(box, at, now);
    for (size_t k = 0; k < h->n_rows; k++) {
        struct row row;
        const struct row_id id = h->rows[k];
        const struct state_table *table = state_table(box->view, id.table);
        struct causes_options o;
        causes_options_init(&o);
        o.work = 0;
        o.max = story_below(s, 8);
        o.window = story_below(s, 2) == 0 ? 40 * STORY_DAY : (1 + story_below(s, 40)) * STORY_S;
        o.events = 1 + story_below(s, 2 * EVENTS);
        bool part = strcmp(table->name, "clauses") == 0; /* there are many */
        if (projection_column(table, "since_seq") == SIZE_MAX || (part && story_below(s, 6) != 0)) continue;
        row_init(&row, table);
        int rc = view_get_key(box->view, id.table, (struct bytes){id.key, id.n}, &row, &box->err);
        assert_true(rc == 0 || rc == ERR_NOTFOUND);
        if (rc == 0) rc = since_find(box->view, &row, &box->err);
        size_t since = projection_column(table, "since");
        if (rc == 0 && row_has(&row, since + 1)) {
            lines += check_row(box, h, id.table, &row, at, now, &o, seed);
        } else if (rc == 0 && row_has(&row, since) && row_int(&row, since) <= (int64_t)now) {
            lines += check_row(box, h, id.table, &row, at, now, &o, seed);
        }
        row_done(&row);
    }
    return lines;
}

/* Rows that are no causes, and have some. */
static void number_all(struct box *box, struct history *h, const char *name) {
    struct state_rows *rows;
    const struct row *row;
    box_view(box, LOG_NO_SEQ, 0);
    size_t t = state_table_find(box->view, name);
    assert_int_equal(state_rows_open(box->view, t, NULL, 0, &rows, &box->err), 0);
    while (state_rows_next_stored(rows, &row, &box->err) == 0) {
        (void)number_of(h, t, row->key);
    }
    state_rows_close(rows);
}

static size_t one_history(uint64_t seed) {
    static struct history h;
    struct state_tuning tuning;
    struct story s;
    struct box box;
    uint64_t times[EVENTS + 64], size = 1, half;
    size_t act = 0;
    struct log_head head;
    story_now = STORY_BEGIN;
    h.n = h.n_rows = 0;
    box_open(&box);
    story_init(&s, &box, seed);
    story_moments_of_event(&s);
    tune(NULL);
    tuning = *state_tuning();
    tuning.segment = seed % 2 == 0 ? 16 : tuning.segment;
    tuning.lag_max = seed % 4 < 2 ? 24 : tuning.lag_max;
    tune(&tuning);
    look_next(&box, &h, 1, story_now, 0);
    for (times[0] = story_now; size < EVENTS;) {
        uint64_t had = size;
        if (seed % 3 != 0 && act < STORY_SCENE) { /* a route is proven first, so that more depends on more */
            story_now += STORY_S;
            box_put(&box, story_scene[act].kind, story_scene[act].subject, NULL, story_scene[act].json, true);
            story_moments_of_event(&s);
            act++;
        } else {
            story_step(&s);
        }
        assert_int_equal(log_head(box.ledger, &head, &box.err), 0);
        size = head.size;
        for (uint64_t seq = had; seq < size; seq++) { /* keys may be rotated before it */
            look_between(&s, &h, seq, times[seq - 1], story_now);
            look_next(&box, &h, seq + 1, story_now, seq);
            times[seq] = story_now;
        }
    }
    half = size / 3 + story_below(&s, (uint32_t)(size / 2));
    number_all(&box, &h, "clauses");
    size_t lines = check_all(&box, &h, size, story_now, &s, seed);
    lines += check_all(&box, &h, half, times[half - 1], &s, seed);
    for (size_t i = 0; i < h.n; i++) {
        free(h.instants[i].rows);
    }
    story_done(&s);
    box_close(&box);
    return lines;
}

static void changes_shortly_before_are_those_that_all_prefixes_show(void **state) {
    const char *given = getenv("SEED");
    struct timespec now;
    size_t lines = 0;
    (void)state;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t random = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)now.tv_nsec % 1000000;
    print_message("SEED=%llu\n", (unsigned long long)random);
    for (uint64_t seed = 1; seed <= 9 && given == NULL; seed++) {
        lines += one_history(seed);
    }
    lines += one_history(random);
    assert_true(given != NULL || lines > 100);
}

/* ---- single sentences ---- */

static void begin(struct box *box) {
    story_now = STORY_BEGIN;
    tune(NULL);
    box_open(box);
}

static uint64_t after(struct box *box, uint64_t seconds, const char *kind, const char *subject, const char *json) {
    story_now += seconds * STORY_S;
    return box_event(box, kind, subject, json);
}

static void find(struct box *box, const char *table, const char *key, struct causes *ret) {
    assert_true(box_row(box, table, key, NULL));
    assert_int_equal(causes_find(box->view, &box->row, NULL, ret, &box->err), 0);
}

/* "direct permissions state: granted -> expired", of the n-th. */
static void expect_line(const struct causes *causes, size_t n, const char *expected) {
    char line[400];
    assert_true(n < causes->n);
    const struct cause *c = &causes->list[n];
    struct bytes before = c->n > 0 ? row_text(&c->before, c->columns[0]) : (struct bytes){0};
    struct bytes now = c->n > 0 ? row_text(&c->after, c->columns[0]) : (struct bytes){0};
    snprintf(line, sizeof(line), "%s %s %s: %.*s -> %.*s", c->direct ? "direct" : "near", c->table->name,
             c->n > 0 ? c->table->columns[c->columns[0]].name : "", (int)before.n, before.p, (int)now.n, now.p);
    assert_string_equal(line, expected);
}

#define NEEDS_EXEC "{\"version\":\"1\",\"permissions\":[{\"group\":\"exec\",\"required\":true}]}"

static void a_permission_that_expires_is_a_cause_by_time_of_what_its_pack_lacks(void **state) {
    struct causes causes;
    struct box box;
    char json[120];
    (void)state;
    begin(&box);
    after(&box, 0, "pack.installed", "pack/p", NEEDS_EXEC);
    snprintf(json, sizeof(json), "{\"group\":\"exec\",\"expires\":%llu}", (unsigned long long)(story_now + 3 * STORY_DAY));
    after(&box, 1, "permission.granted", "pack/p", json);
    after(&box, 3 * 86400 - 60, "permission.granted", "pack/other", "{\"group\":\"exec\"}");
    box_view(&box, LOG_NO_SEQ, story_now + 600 * STORY_S);
    find(&box, "packs", "p", &causes);
    box_text(&box, "state", "blocked");
    assert_true(causes.whole && causes.n == 2 && causes.more == 0);
    expect_line(&causes, 0, "direct permissions state: granted -> expired");
    assert_true(causes.list[0].seq == LOG_NO_SEQ && causes.list[0].kind == NULL);
    assert_true(causes.list[0].time == STORY_BEGIN + 3 * STORY_DAY);
    expect_line(&causes, 1, "near permissions state:  -> granted");
    assert_true(causes.list[1].before.absent);
    assert_string_equal(causes.list[1].kind, "permission.granted");
    causes_done(&causes);
    box_close(&box);
}

static void what_happened_shortly_before_is_near_and_what_happened_long_before_is_not_named(void **state) {
    struct causes causes;
    struct box box;
    (void)state;
    begin(&box);
    after(&box, 0, "install.installed", "package/dpkg/curl",
          "{\"manager\":\"dpkg\",\"package\":\"curl\",\"version\":\"1\"}");
    after(&box, 0, "runtime.observed", "runtime/ollama", "{\"runtime\":\"ollama\",\"status\":\"ok\"}");
    uint64_t seq = after(&box, 3 * 86400, "install.upgraded", "package/dpkg/curl",
                         "{\"manager\":\"dpkg\",\"package\":\"curl\",\"version\":\"2\"}");
    after(&box, 300, "runtime.unreachable", "runtime/ollama", "{\"runtime\":\"ollama\"}");
    after(&box, 300, "install.removed", "package/dpkg/curl", "{\"manager\":\"dpkg\",\"package\":\"curl\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "runtimes", "ollama", "", NULL));
    assert_int_equal(causes_find(box.view, &box.row, NULL, &causes, &box.err), 0);
    assert_true(causes.whole && causes.n == 1 && causes.more == 0);
    assert_true(causes.list[0].seq == seq && !causes.list[0].direct);
    expect_line(&causes, 0, "near installs version: 1 -> 2");
    causes_done(&causes);
    box_close(&box);
}

static void a_clause_names_the_check_that_it_read(void **state) {
    struct causes causes;
    struct box box;
    (void)state;
    begin(&box);
    after(&box, 0, "doctor.observed", "check/disk-space", "{\"check\":\"disk-space\",\"status\":\"ok\",\"target\":\"/\"}");
    after(&box, 3 * 86400, "install.installed", "package/dpkg/curl",
          "{\"manager\":\"dpkg\",\"package\":\"curl\",\"version\":\"1\"}");
    uint64_t seq = after(&box, 60, "doctor.observed", "check/disk-space",
                         "{\"check\":\"disk-space\",\"status\":\"low\",\"target\":\"/\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "clauses", "", "disk", NULL));
    box_int(&box, "since_seq", (int64_t)seq);
    assert_int_equal(causes_find(box.view, &box.row, NULL, &causes, &box.err), 0);
    assert_true(causes.whole && causes.n == 2);
    expect_line(&causes, 0, "direct checks status: ok -> low");
    expect_line(&causes, 1, "near installs state:  -> installed");
    causes_done(&causes);
    box_close(&box);
}

static void what_follows_from_the_same_event_is_no_cause(void **state) {
    struct causes causes;
    struct box box;
    (void)state;
    begin(&box);
    after(&box, 0, "route.declared", "route/r", "{\"pack\":\"p\",\"model\":\"m\",\"runtime\":\"ollama\"}");
    after(&box, 0, "pack.installed", "pack/p", "{\"version\":\"1\",\"routes\":[{\"name\":\"r\",\"required\":true}]}");
    uint64_t seq = after(&box, 7 * 86400, "route.parked", "route/r", "{\"reason\":\"busy\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    find(&box, "routes", "r", &causes);
    box_text(&box, "state", "parked");
    assert_true(causes.whole && causes.n == 0);
    causes_done(&causes);
    assert_true(box_row(&box, "packs", "p", NULL));
    size_t since = projection_column(box.row.table, "since_seq");
    row_set_int(&box.row, since, (int64_t)seq);
    assert_int_equal(causes_find(box.view, &box.row, NULL, &causes, &box.err), 0);
    assert_true(causes.whole && causes.n == 1);
    expect_line(&causes, 0, "direct routes state: declared -> parked");
    causes_done(&causes);
    box_close(&box);
}

static void a_tired_search_still_knows_the_newest_part_of_the_window(void **state) {
    struct causes_options o;
    struct causes causes;
    struct box box;
    char name[40], json[120];
    (void)state;
    begin(&box);
    after(&box, 0, "pack.installed", "pack/p", NEEDS_EXEC);
    after(&box, 0, "permission.granted", "pack/p", "{\"group\":\"exec\"}");
    story_now += 2 * STORY_DAY;
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "package/dpkg/p%d", i);
        snprintf(json, sizeof(json), "{\"manager\":\"dpkg\",\"package\":\"p%d\",\"version\":\"1\"}", i);
        after(&box, 1, "install.installed", name, json);
        after(&box, 0, "permission.used", "pack/p", "{\"group\":\"exec\"}");
    }
    after(&box, 1, "permission.revoked", "pack/p", "{\"group\":\"exec\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "packs", "p", NULL));
    causes_options_init(&o);
    for (uint64_t work = 0; work <= 800; work += 200) {
        o.work = work;
        assert_int_equal(causes_find(box.view, &box.row, &o, &causes, &box.err), 0);
        assert_int_equal(causes.whole, work == 0 || work >= 600);
        assert_int_equal(causes.n, CAUSES_MAX);
        assert_true(causes.whole ? causes.more == 196 : causes.more < 30);
        expect_line(&causes, 0, "direct permissions state: granted -> revoked");
        assert_true(bytes_is(row_text(&causes.list[1].after, 1), "p199"));
        causes_done(&causes);
    }
    o.work = 1;
    assert_int_equal(causes_find(box.view, &box.row, &o, &causes, &box.err), 0);
    assert_true(!causes.whole && causes.n == 0);
    causes_done(&causes);
    box_close(&box);
}

static void a_later_view_names_the_same(void **state) {
    struct causes causes, later;
    struct box box;
    (void)state;
    begin(&box);
    after(&box, 0, "pack.installed", "pack/p", NEEDS_EXEC);
    after(&box, 5, "permission.granted", "pack/p", "{\"group\":\"exec\"}");
    uint64_t seq = after(&box, 2 * 86400, "permission.revoked", "pack/p", "{\"group\":\"exec\"}");
    after(&box, 40 * 86400, "install.installed", "package/dpkg/curl",
          "{\"manager\":\"dpkg\",\"package\":\"curl\",\"version\":\"1\"}");
    box_view(&box, seq + 1, 0);
    find(&box, "packs", "p", &causes);
    box_view(&box, LOG_NO_SEQ, story_now + 90 * STORY_DAY);
    find(&box, "packs", "p", &later);
    assert_true(causes.n == 1 && later.n == 1 && causes.whole && later.whole);
    expect_line(&causes, 0, "direct permissions state: granted -> revoked");
    expect_line(&later, 0, "direct permissions state: granted -> revoked");
    assert_true(causes.list[0].seq == seq && later.list[0].seq == seq && causes.list[0].time == later.list[0].time);
    causes_done(&causes);
    causes_done(&later);
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_shortly_before_are_those_that_all_prefixes_show),
        cmocka_unit_test(a_permission_that_expires_is_a_cause_by_time_of_what_its_pack_lacks),
        cmocka_unit_test(what_happened_shortly_before_is_near_and_what_happened_long_before_is_not_named),
        cmocka_unit_test(a_clause_names_the_check_that_it_read),
        cmocka_unit_test(what_follows_from_the_same_event_is_no_cause),
        cmocka_unit_test(a_tired_search_still_knows_the_newest_part_of_the_window),
        cmocka_unit_test(a_later_view_names_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
