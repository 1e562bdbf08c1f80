/* What the source's time decides, against the simplest reference. Of observations the newest by its own time holds: the
 * last one in the log that no earlier one is newer than. Steps go by log order. And whatever a row says, its since is
 * neither after the recording of the event that caused it nor before the preceding state. Times are random: none, years
 * ago, whole seconds, repeated, years ahead. */
#include <time.h>

#include "tests/projections/random_events.h"
#include "tests/projections/state_box.h"

#define S     INT64_C(1000000000)
#define BEGIN (INT64_C(1790000000) * S)
#define STEPS 70
#define ROWS  256
#define A     "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static int64_t now = BEGIN;

uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_boot_ns(void);

uint64_t __wrap_clock_wall_ns(void) {
    return (uint64_t)now;
}

uint64_t __wrap_clock_boot_ns(void) {
    return (uint64_t)now;
}

/* A row, the column that each of its events sets to a unique text, and the events. `is_state`: the column has a since. */
static const struct thing {
    const char *table, *key[3], *column;
    bool is_state, is_step;
    struct {
        const char *kind, *subject, *json, *text;
    } says[3];
} things[] = {
    {"runtimes",
     {"vllm", ""},
     "state",
     true,
     false,
     {{"runtime.observed", "runtime/vllm", "\"runtime\":\"vllm\"", "up"},
      {"runtime.unreachable", "runtime/vllm", "\"runtime\":\"vllm\"", "unreachable"},
      {"runtime.changed", "runtime/vllm", "\"runtime\":\"vllm\",\"version\":\"2\"", "up"}}},
    {"checks",
     {"net", ""},
     "status",
     true,
     false,
     {{"doctor.observed", "check/net", "\"check\":\"net\",\"status\":\"ok\"", "ok"},
      {"doctor.observed", "check/net", "\"check\":\"net\",\"status\":\"slow\"", "slow"},
      {"doctor.observed", "check/net", "\"check\":\"net\",\"status\":\"error\"", "error"}}},
    {"model_names",
     {"ollama", "m:1"},
     "state",
     true,
     false,
     {{"model.observed", "model/m:1", "\"runtime\":\"ollama\",\"digest\":\"" A "\"", "present"},
      {"model.removed", "model/m:1", "\"runtime\":\"ollama\",\"digest\":\"" A "\"", "removed"},
      {"model.loaded", "model/m:1", "\"runtime\":\"ollama\",\"digest\":\"" A "\"", "present"}}},
    {"routes",
     {"seen"},
     "step",
     false,
     false,
     {{"route.online", "route/seen", "", "declared"},
      {"route.offline", "route/seen", "", "offline"},
      {"route.offline", "route/seen", "\"reason\":\"down\"", "offline"}}},
    {"hardware",
     {"box"},
     "cpu",
     false,
     false,
     {{"hardware.profiled", "host/box", "\"cpu\":\"one\"", "one"},
      {"hardware.profiled", "host/box", "\"cpu\":\"two\"", "two"},
      {"hardware.profiled", "host/box", "\"cpu\":\"three\"", "three"}}},
    {"installs",
     {"pip", "tool", ""},
     "version",
     false,
     false,
     {{"install.upgraded", "package/pip/tool", "\"manager\":\"pip\",\"package\":\"tool\",\"version\":\"1\"", "1"},
      {"install.upgraded", "package/pip/tool", "\"manager\":\"pip\",\"package\":\"tool\",\"version\":\"2\"", "2"},
      {"install.upgraded", "package/pip/tool", "\"manager\":\"pip\",\"package\":\"tool\",\"version\":\"3\"", "3"}}},
    {"pack_checks",
     {"p", "c"},
     "verdict",
     false,
     false,
     {{"pack.checked", "pack/p", "\"check\":\"c\",\"verdict\":\"pass\"", "pass"},
      {"pack.checked", "pack/p", "\"check\":\"c\",\"verdict\":\"fail\"", "fail"},
      {"pack.checked", "pack/p", "\"check\":\"c\",\"verdict\":\"warn\"", "warn"}}},
    {"eval_results",
     {A, "t", "acc"},
     "eval",
     false,
     false,
     {{"eval.scored", "eval/e1", "\"digest\":\"" A "\",\"task\":\"t\",\"metric\":\"acc\",\"value\":0.1", "e1"},
      {"eval.scored", "eval/e2", "\"digest\":\"" A "\",\"task\":\"t\",\"metric\":\"acc\",\"value\":0.2", "e2"},
      {"eval.scored", "eval/e3", "\"digest\":\"" A "\",\"task\":\"t\",\"metric\":\"acc\",\"value\":0.3", "e3"}}},
    {"gaps",
     {"otlp", "dropped"},
     "detail",
     false,
     false,
     {{"ledger.gap", "gap/otlp", "\"what\":\"dropped\",\"detail\":\"one\"", "one"},
      {"ledger.gap", "gap/otlp", "\"what\":\"dropped\",\"detail\":\"two\"", "two"},
      {"ledger.gap", "gap/otlp", "\"what\":\"dropped\",\"detail\":\"three\"", "three"}}},
    {"packs",
     {"q"},
     "step",
     false,
     true,
     {{"pack.installed", "pack/q", "\"version\":\"1\"", "installed"},
      {"pack.removed", "pack/q", "", "removed"},
      {"pack.upgraded", "pack/q", "\"version\":\"2\"", "installed"}}},
};
#define THINGS (sizeof(things) / sizeof(things[0]))

struct told {
    size_t thing, says;
    int64_t when, until; /* of the source, as far as it is trusted; the end of the second if it names only that */
    uint64_t seq;
};

static struct told told[STEPS];
static size_t n_told;
static struct random_event r;
static struct box b;

/* ---- the reference ---- */

/* Is the i-th event a relevant observation when it is recorded? */
static bool counts(size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (!things[told[i].thing].is_step && told[j].thing == told[i].thing && told[j].when > told[i].until) {
            return false;
        }
    }
    return true;
}

static const char *text_of(const struct told *t) {
    return things[t->thing].says[t->says].text;
}

struct expected {
    const char *text; /* NULL: nothing was recorded */
    int64_t since;
    uint64_t since_seq;
};

static struct expected expect(size_t thing) {
    struct expected e = {.text = NULL};
    for (size_t i = 0; i < n_told; i++) {
        if (told[i].thing != thing || !counts(i)) continue;
        if (e.text == NULL || strcmp(e.text, text_of(&told[i])) != 0) {
            e.since = e.text != NULL && e.since > told[i].when ? e.since : told[i].when;
            e.since_seq = told[i].seq;
        }
        e.text = text_of(&told[i]);
    }
    return e;
}

/* ---- the histories ---- */

static int64_t some_time(int64_t before) {
    switch (random_below(&r, 6)) {
    case 0:
        return now - (int64_t)random_below(&r, 100) * S * 86400;
    case 1:
        return now / S * S;
    case 2:
        return (now / S - (int64_t)random_below(&r, 3)) * S;
    case 3:
        return before;
    case 4:
        return now + (int64_t)random_below(&r, 1000) * S * 86400;
    default:
        return now - (int64_t)random_below(&r, 4000) * 1000000;
    }
}

static void say_one(int64_t *before) {
    struct told *t = &told[n_told++];
    char json[512], at[64] = "";
    t->thing = random_below(&r, THINGS);
    t->says = random_below(&r, 3);
    now += 1 + (int64_t)random_below(&r, 1500) * 1000000;
    int64_t when = now;
    bool first = things[t->thing].table[0] == 'r' && things[t->thing].table[1] == 'o' && t->says == 0;
    if (!first && random_below(&r, 4) > 0) {
        when = *before = some_time(*before);
        snprintf(at, sizeof(at), "\"at\":%lld", (long long)when);
    }
    const char *fields = things[t->thing].says[t->says].json;
    snprintf(json, sizeof(json), "{%s%s%s}", fields, fields[0] != '\0' && at[0] != '\0' ? "," : "", at);
    t->seq = box_event(&b, things[t->thing].says[t->says].kind, things[t->thing].says[t->says].subject, json);
    t->when = when < now ? when : now;
    t->until = t->when % S == 0 ? t->when + S - 1 : t->when;
}

/* Steps that have a since, whatever the resulting state. */
static void take_a_step(int64_t *before) {
    static const struct {
        const char *kind, *subject;
    } steps[] = {{"promotion.planned", "promotion/x"},
                 {"promotion.aborted", "promotion/x"},
                 {"run.started", "run/x"},
                 {"run.finished", "run/x"},
                 {"route.declared", "route/x"},
                 {"route.parked", "route/x"},
                 {"route.removed", "route/x"},
                 {"eval.started", "eval/x"},
                 {"eval.invalidated", "eval/x"}};
    char json[128];
    size_t i = random_below(&r, sizeof(steps) / sizeof(steps[0]));
    now += 1 + (int64_t)random_below(&r, 1500) * 1000000;
    *before = some_time(*before);
    snprintf(json, sizeof(json), "{%s\"at\":%lld}",
             i == 0   ? "\"what\":\"model\","
             : i == 7 ? "\"suite\":\"s\","
             : i == 8 ? "\"reason\":\"leak\","
                      : "",
             (long long)*before);
    box_event(&b, steps[i].kind, steps[i].subject, json);
}

static void check_things(uint64_t seed) {
    for (size_t i = 0; i < THINGS; i++) {
        const struct thing *thing = &things[i];
        const struct expected e = expect(i);
        if (e.text == NULL) continue;
        assert_true(box_row(&b, thing->table, thing->key[0], thing->key[1], thing->key[2], NULL));
        struct bytes got = row_text(&b.row, box_column(&b, thing->column));
        if (!bytes_is(got, e.text)) {
            fail_msg("seed %llu, event %llu: %s %s is '%.*s', not '%s'", (unsigned long long)seed,
                     (unsigned long long)told[n_told - 1].seq, thing->table, thing->column, (int)got.n, (const char *)got.p,
                     e.text);
        }
        if (thing->is_state && (row_int(&b.row, box_column(&b, "since")) != e.since ||
                                (uint64_t)row_int(&b.row, box_column(&b, "since_seq")) != e.since_seq)) {
            fail_msg("seed %llu, event %llu: %s is so since %lld by event %lld, not %lld by %llu", (unsigned long long)seed,
                     (unsigned long long)told[n_told - 1].seq, thing->table,
                     (long long)row_int(&b.row, box_column(&b, "since")),
                     (long long)row_int(&b.row, box_column(&b, "since_seq")), (long long)e.since,
                     (unsigned long long)e.since_seq);
        }
    }
}

/* ---- since, of every table ---- */

struct since {
    const struct state_table *table;
    uint8_t key[KEY_MAX];
    size_t key_n;
    int64_t at, seq;
    bool there; /* a row that was removed follows nothing when it reappears */
};
static struct since sinces[ROWS];
static size_t n_sinces;

static struct since *since_of(const struct row *row) {
    for (size_t i = 0; i < n_sinces; i++) {
        if (sinces[i].table == row->table && bytes_eq((struct bytes){sinces[i].key, sinces[i].key_n}, row->key)) {
            return &sinces[i];
        }
    }
    assert_true(n_sinces < ROWS);
    struct since *one = &sinces[n_sinces++];
    *one = (struct since){.table = row->table, .key_n = row->key.n, .seq = -1};
    memcpy(one->key, row->key.p, row->key.n);
    return one;
}

static void check_since(uint64_t seed, const struct row *row) {
    size_t since = projection_column(row->table, "since");
    if (!row_has(row, since)) return;
    struct since *before = since_of(row);
    int64_t at = row_int(row, since), seq = row_has(row, since + 1) ? row_int(row, since + 1) : -1;
    bool other = before->seq >= 0 && seq != before->seq;
    if (at > now || (other && at < before->at)) {
        fail_msg("seed %llu: %s '%.*s' since %lld by event %lld, recorded until %lld; before since %lld by %lld",
                 (unsigned long long)seed, row->table->name, (int)row->key.n, (const char *)row->key.p, (long long)at,
                 (long long)seq, (long long)now, (long long)before->at, (long long)before->seq);
    }
    before->at = at;
    before->seq = seq;
    before->there = true;
}

static void check_sinces(uint64_t seed) {
    for (size_t i = 0; i < n_sinces; i++) {
        sinces[i].seq = sinces[i].there ? sinces[i].seq : -1;
        sinces[i].there = false;
    }
    for (size_t t = 0; t < state_tables(b.view); t++) {
        const struct state_table *table = state_table(b.view, t);
        struct state_rows *rows;
        const struct row *row;
        int rc;
        if (projection_column(table, "since") == SIZE_MAX || strcmp(table->name, "installs") == 0) {
            continue;
        }
        assert_int_equal(state_rows_open(b.view, t, NULL, 0, &rows, &b.err), 0);
        while ((rc = state_rows_next(rows, &row, &b.err)) == 0) {
            assert_int_equal(since_find_next(rows, &b.err), 0);
            check_since(seed, row);
        }
        assert_int_equal(rc, 1);
        state_rows_close(rows);
    }
}

static void one_seed(uint64_t seed) {
    int64_t before = BEGIN;
    n_told = n_sinces = 0;
    now += S;
    random_event_init(&r, seed * 2654435761U + 1);
    box_open(&b);
    box_event(&b, "route.declared", "route/seen", "{\"suite\":\"s\",\"at\":1}");
    while (n_told < STEPS) {
        if (random_below(&r, 3) == 0) {
            take_a_step(&before);
        } else {
            say_one(&before);
        }
        box_view(&b, LOG_NO_SEQ, (uint64_t)now);
        if (n_told > 0) {
            check_things(seed);
        }
        check_sinces(seed);
    }
    box_close(&b);
    random_event_done(&r);
}

static void of_observations_the_newest_by_its_own_time_holds(void **state) {
    const char *given = getenv("SEED");
    struct timespec clock;
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        one_seed(seed);
    }
    one_seed(568382445); /* a profile in the whole second of the one before it */
    clock_gettime(CLOCK_REALTIME, &clock);
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock.tv_nsec;
    print_message("SEED=%llu\n", (unsigned long long)seed);
    one_seed(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_observations_the_newest_by_its_own_time_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
