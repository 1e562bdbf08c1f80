/* Clauses of the box against the simplest reference: a random history of what was observed, faults, gaps, imports and
 * repairs, with times of their sources; the state of each clause is computed from the list of events alone, for each of its
 * prefixes and each moment at which something lapses by itself, and the first instant of the unbroken run up to the present
 * is since when. The views are of the whole history and of earlier moments, at the time of their newest event and later. */
#include <time.h>

#include "tests/projections/random_events.h"
#include "tests/projections/state_box.h"

#define S       INT64_C(1000000000)
#define DAY     (86400 * S)
#define BEGIN   (INT64_C(1790000000) * S + 1)
#define EVENTS  70
#define SEEDS   6
#define VIEWS   6
#define MOMENTS (6 * EVENTS + 1)

static int64_t now = BEGIN;

uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_boot_ns(void);

uint64_t __wrap_clock_wall_ns(void) {
    return (uint64_t)now;
}

uint64_t __wrap_clock_boot_ns(void) {
    return (uint64_t)now;
}

/* ---- histories ---- */

enum what { OBSERVED, RUNTIME, PROFILE, FAULT, GAP, IMPORT, REMEDY, ROTATION };

struct event {
    enum what what;
    const char *name, *of, *status;
    bool offline;
    int64_t time, when; /* written; happened, as its source says */
};
/* Number i has the seq i + 1: those of the history, and handovers of keys, which the ledger adds by itself. */
static struct event events[2 * EVENTS];
static size_t n_events;

static struct box box;
static struct random_event dice;

static uint32_t below(uint32_t n) {
    return random_below(&dice, n);
}
#define ONE_OF(list) list[below((uint32_t)(sizeof(list) / sizeof(list[0])))]

static const char *const others[] = {"ok", "ok", "low", "error", "not_applicable", "odd"};

/* The clauses that rest on checks of their own: for how many days, whether only the newest target counts, whether the clause
 * is left out when nobody looked, and what its words mean. */
enum state { PASS, UNKNOWN, WARN, FAIL, LEFT_OUT };
static const struct rest {
    const char *clause, *check, *probe;
    int64_t days;
    bool newest, quiet;
    struct {
        const char *word;
        enum state state;
    } words[4];
} rests[] = {
    {"chain",
     "ledger-chain",
     "chain",
     7,
     true,
     false,
     {{"ok", PASS}, {"invalid", FAIL}, {"contradicts", FAIL}, {"error", UNKNOWN}}},
    {"trust", "ledger-trust", "chain", 7, true, false, {{"ok", PASS}, {"not_anchored", WARN}, {"contradicts", FAIL}}},
    {"keys", "ledger-keys", "keep", 7, false, false, {{"ok", PASS}, {"exposed", FAIL}, {"missing", WARN}}},
    {"index",
     "ledger-index",
     "keep",
     7,
     true,
     false,
     {{"ok", PASS}, {"behind", PASS}, {"damaged", FAIL}, {"missing", WARN}}},
    {"readers", "ledger-readers", "keep", 1, true, false, {{"ok", PASS}, {"dead", WARN}, {"stuck", WARN}}},
    {"quota", "ledger-quota", "keep", 1, true, true, {{"ok", PASS}, {"low", WARN}, {"full", FAIL}}},
    {"time", "time-sync", "clock", 1, true, false, {{"ok", PASS}, {"unsynchronised", WARN}, {"unknown", UNKNOWN}}},
    {"probes",
     "probe",
     NULL,
     7,
     false,
     true,
     {{"ok", PASS}, {"timeout", UNKNOWN}, {"crashed", UNKNOWN}, {"garbage", UNKNOWN}}},
};
#define RESTS (sizeof(rests) / sizeof(rests[0]))

static void draw_observed(struct event *e) {
    static const char *const plain[] = {"disk-space", "disk-inodes", "net", "gpu"}, *const targets[] = {"a", "b"},
                             *const probes[] = {"keep", "chain", "clock", "disk", "hardware"};
    const struct rest *rest = &ONE_OF(rests);
    bool rests_on = below(3) > 0;
    const char *own = rests_on ? rest->words[below(4)].word : NULL;
    e->name = rests_on ? rest->check : ONE_OF(plain);
    e->of = ONE_OF(targets);
    if (rests_on && rest->probe == NULL) e->of = ONE_OF(probes);
    e->status = own != NULL && below(5) > 0 ? own : ONE_OF(others);
    e->offline = below(12) == 0;
}

static void draw(struct event *e) {
    static const enum what whats[] = {OBSERVED, OBSERVED, OBSERVED, OBSERVED, OBSERVED, OBSERVED,
                                      RUNTIME,  PROFILE,  FAULT,    GAP,      IMPORT,   REMEDY};
    static const char *const ends[] = {"http://a:1", "http://b:1"}, *const faults[] = {"disk", "oom"},
                             *const gaps[] = {"dropped", "clock_back"}, *const sources[] = {"dpkg", "otlp"},
                             *const ups[] = {"ok", "degraded", "down"}, *const profiles[] = {"ok", "gpu", "none"},
                             *const imports[] = {"ok", "rejected", "stopped"}, *const ids[] = {"faults", "gaps", "clock"},
                             *const seen[] = {"disk/x", "oom/x", "dpkg/dropped", "otlp/clock_back"},
                             *const outcomes[] = {"ok", "error"};
    *e = (struct event){.what = ONE_OF(whats), .name = "", .of = "", .status = "", .time = now, .when = now};
    switch (e->what) {
    case OBSERVED:
        draw_observed(e);
        break;
    case RUNTIME:
        e->of = ONE_OF(ends), e->status = ONE_OF(ups);
        break;
    case PROFILE:
        e->status = ONE_OF(profiles);
        break;
    case FAULT:
        e->name = ONE_OF(faults), e->of = "x";
        break;
    case GAP:
        e->name = ONE_OF(sources), e->of = ONE_OF(gaps);
        break;
    case IMPORT:
        e->name = ONE_OF(sources), e->status = ONE_OF(imports);
        break;
    case ROTATION:
    case REMEDY:
        e->name = ONE_OF(ids), e->of = ONE_OF(seen), e->status = ONE_OF(outcomes);
        break;
    }
    if (below(4) == 0 && e->what != REMEDY) {
        e->when = now - (int64_t)below(3 * 86400) * S - 5; /* never a whole second, which would cover all of it */
    }
}

static uint64_t append(const struct event *e) {
    static const char *const kinds[] = {
        [OBSERVED] = "doctor.observed", [PROFILE] = "hardware.profiled", [FAULT] = "hardware.faulted",
        [GAP] = "ledger.gap",           [IMPORT] = "ledger.imported",    [REMEDY] = "doctor.remedied"};
    bool down = strcmp(e->status, "down") == 0;
    char json[512], subject[64], at[48] = "";
    if (e->when != e->time) snprintf(at, sizeof(at), ",\"at\":%lld", (long long)e->when);
    switch (e->what) {
    case OBSERVED:
        snprintf(subject, sizeof(subject), "check/%s", e->name);
        snprintf(json, sizeof(json), "{\"check\":\"%s\",\"target\":\"%s\",\"status\":\"%s\",\"offline\":%s%s}", e->name,
                 e->of, e->status, e->offline ? "true" : "false", at);
        break;
    case RUNTIME:
        snprintf(subject, sizeof(subject), "runtime/ollama");
        snprintf(json, sizeof(json), "{\"runtime\":\"ollama\",\"endpoint\":\"%s\"%s%s%s%s}", e->of,
                 down ? "" : ",\"status\":\"", down ? "" : e->status, down ? "" : "\"", at);
        break;
    case PROFILE:
        snprintf(subject, sizeof(subject), "host/local");
        snprintf(json, sizeof(json), "{%s%s\"os\":\"x\"%s}", e->status[0] == 'n' ? "" : "\"memory_bytes\":34359738368,",
                 e->status[0] == 'g' ? "\"gpu_error\":\"lost\"," : "", at);
        break;
    case FAULT:
        snprintf(subject, sizeof(subject), "host/local");
        snprintf(json, sizeof(json), "{\"what\":\"%s\",\"device\":\"%s\"%s}", e->name, e->of, at);
        break;
    case GAP:
        snprintf(subject, sizeof(subject), "gap/%s", e->name);
        snprintf(json, sizeof(json), "{\"what\":\"%s\",\"missing\":1%s}", e->of, at);
        break;
    case IMPORT:
        snprintf(subject, sizeof(subject), "import/%s", e->name);
        snprintf(json, sizeof(json), "{\"source\":\"%s\",\"rejected\":%d,\"stopped\":%s%s}", e->name, e->status[0] == 'r',
                 e->status[0] == 's' ? "true" : "false", at);
        break;
    case ROTATION:
    case REMEDY:
        snprintf(subject, sizeof(subject), "check/%s", e->name);
        snprintf(json, sizeof(json), "{\"check\":\"%s\",\"target\":\"%s\",\"outcome\":\"%s\"}", e->name, e->of, e->status);
        break;
    }
    const char *kind = e->what != RUNTIME ? kinds[e->what] : down ? "runtime.unreachable" : "runtime.observed";
    return box_put(&box, kind, subject, NULL, json, true);
}

static void add(const struct event *e) {
    uint64_t seq = append(e);
    struct log_head head;
    assert_int_equal(log_head(box.ledger, &head, &box.err), 0);
    for (uint64_t i = n_events + 1; i < head.size; i++) {
        assert_true(n_events < sizeof(events) / sizeof(events[0]));
        events[n_events] =
            i == seq ? *e : (struct event){.what = ROTATION, .name = "", .of = "", .status = "", .time = now, .when = now};
        n_events++;
    }
}

static void tell(uint64_t seed) {
    random_event_init(&dice, seed);
    now = BEGIN;
    n_events = 0;
    box_open(&box);
    for (size_t i = 0; i < EVENTS; i++) {
        uint32_t k = below(30);
        now += k == 0 ? 200 * DAY : k < 3 ? 8 * DAY : k < 8 ? DAY + S : (int64_t)(1 + below(7200)) * S;
        struct event e;
        draw(&e);
        add(&e);
    }
}

/* ---- the reference ---- */

static bool same_thing(const struct event *a, const struct event *b) {
    return a->what == b->what && strcmp(a->name, b->name) == 0 && strcmp(a->of, b->of) == 0;
}

/* Of the first n events about the same thing as this one, is it the one that holds: the last that none is newer than? */
static bool holds(size_t n, size_t i) {
    size_t held = SIZE_MAX;
    for (size_t k = 0; k < n; k++) {
        if (same_thing(&events[k], &events[i]) && (held == SIZE_MAX || events[k].when >= events[held].when)) held = k;
    }
    return held == i;
}

static bool is_last(size_t n, size_t i) {
    for (size_t k = i + 1; k < n; k++) {
        if (same_thing(&events[k], &events[i])) return false;
    }
    return true;
}

static enum state worse(enum state a, enum state b) {
    return a > b ? a : b;
}

static bool late(const struct event *e, int64_t t, int64_t days) {
    return t <= e->when + days * DAY;
}

static bool seen_to(size_t n, const char *id, const char *first, const char *second, size_t since) {
    char target[64];
    snprintf(target, sizeof(target), "%s/%s", first, second);
    for (size_t i = n; i-- > 0;) {
        if (events[i].what == REMEDY && strcmp(events[i].name, id) == 0 && strcmp(events[i].of, target) == 0) {
            return i > since && strcmp(events[i].status, "ok") == 0;
        }
    }
    return false;
}

static enum state of_word(const struct event *e) {
    return e->offline                        ? UNKNOWN
           : strcmp(e->status, "ok") == 0    ? PASS
           : strcmp(e->status, "low") == 0   ? WARN
           : strcmp(e->status, "error") == 0 ? FAIL
                                             : UNKNOWN;
}

/* Did this probe look after event number `seen`, the last about what it looks at, and give no answer? */
static bool gave_none(const char *probe, size_t seen, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];
        if (e->what != OBSERVED || strcmp(e->name, "probe") != 0 || strcmp(e->of, probe) != 0 || !holds(n, i)) continue;
        size_t last = i;
        for (size_t k = i + 1; k < n; k++) {
            last = same_thing(&events[k], e) ? k : last;
        }
        return last > seen && strcmp(e->status, "ok") != 0 && strcmp(e->status, "not_applicable") != 0;
    }
    return false;
}

static bool applies(const struct event *e) {
    return strcmp(e->status, "not_applicable") != 0;
}

/* Of several targets the newest counts, of those that still apply if there are any. */
static enum state of_rest(const struct rest *rest, size_t n, int64_t t) {
    enum state state = PASS;
    size_t found = 0, newest = SIZE_MAX, touched = 0, seen = 0;
    bool skipped = false;
    for (size_t i = 0; i < n; i++) { /* of two of one time that which was told of last */
        if (events[i].what != OBSERVED || strcmp(events[i].name, rest->check) != 0 || !holds(n, i)) continue;
        size_t last = i;
        for (size_t k = i + 1; k < n; k++) {
            last = same_thing(&events[k], &events[i]) ? k : last;
        }
        seen = last > seen ? last : seen;
        bool newer = newest == SIZE_MAX || events[i].when > events[newest].when ||
                     (events[i].when == events[newest].when && last > touched);
        if (newest != SIZE_MAX && applies(&events[i]) != applies(&events[newest])) newer = applies(&events[i]);
        if (newer) {
            newest = i;
            touched = last;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];
        if (e->what != OBSERVED || strcmp(e->name, rest->check) != 0 || !holds(n, i)) continue;
        if (rest->newest && i != newest) continue;
        if (strcmp(e->status, "not_applicable") == 0) {
            skipped = true;
            continue;
        }
        enum state one = UNKNOWN;
        for (size_t w = 0; w < 4 && !e->offline && late(e, t, rest->days); w++) {
            if (rest->words[w].word != NULL && strcmp(rest->words[w].word, e->status) == 0) one = rest->words[w].state;
        }
        found++;
        state = worse(state, one);
    }
    if (found > 0 && state == PASS && rest->probe != NULL && gave_none(rest->probe, seen, n)) return UNKNOWN;
    return found > 0 ? state : rest->quiet || skipped ? LEFT_OUT : UNKNOWN;
}

/* `disk`: those of disks; else those that have no clause of their own. */
/* The last event about the same thing. */
static size_t last_about(size_t n, size_t i) {
    size_t last = i;
    for (size_t k = i + 1; k < n; k++) {
        last = same_thing(&events[k], &events[i]) ? k : last;
    }
    return last;
}

static enum state of_checks(bool disk, size_t n, int64_t t) {
    enum state state = PASS;
    size_t found = 0, beside = 0, seen = 0;
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];
        bool own = false;
        for (size_t r = 0; r < RESTS; r++) {
            own = own || strcmp(rests[r].check, e->name) == 0;
        }
        if (e->what != OBSERVED || own || (strncmp(e->name, "disk", 4) == 0) != disk || !holds(n, i)) continue;
        seen = last_about(n, i) > seen ? last_about(n, i) : seen;
        if (strcmp(e->status, "not_applicable") == 0 && !e->offline) {
            beside++;
            continue;
        }
        found++;
        state = worse(state, disk && !late(e, t, 1) ? UNKNOWN : of_word(e));
    }
    if (disk && found > 0 && state == PASS && gave_none("disk", seen, n)) return UNKNOWN;
    return found > 0 ? state : beside > 0 || disk ? UNKNOWN : PASS;
}

static enum state of_runtimes(size_t n, int64_t t) {
    size_t found = 0, ill = 0, old = 0;
    for (size_t i = 0; i < n; i++) {
        if (events[i].what != RUNTIME || !holds(n, i)) continue;
        bool well = strcmp(events[i].status, "ok") == 0;
        found++;
        ill += !well;
        old += well && !late(&events[i], t, 7);
    }
    return found == 0 ? UNKNOWN : ill == found ? FAIL : ill > 0 ? WARN : old > 0 ? UNKNOWN : PASS;
}

static enum state of_hardware(size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (events[i].what == PROFILE && holds(n, i)) {
            enum state state = events[i].status[0] == 'g' ? WARN : events[i].status[0] == 'n' ? UNKNOWN : PASS;
            return state == PASS && gave_none("hardware", last_about(n, i), n) ? UNKNOWN : state;
        }
    }
    return UNKNOWN;
}

/* A fault is as recent as the newest told of, and seen to only after the last event about it. */
static enum state of_faults(size_t n, int64_t t) {
    enum state state = PASS;
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];
        if (e->what != FAULT || !late(e, t, 7)) continue;
        size_t last = i;
        for (size_t k = i + 1; k < n; k++) {
            last = same_thing(&events[k], e) ? k : last;
        }
        if (!seen_to(n, "faults", e->name, e->of, last)) {
            state = worse(state, strcmp(e->name, "disk") == 0 ? FAIL : WARN);
        }
    }
    return state;
}

static enum state of_gaps(bool clock, size_t n, int64_t t) {
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];
        if (e->what == GAP && (strncmp(e->of, "clock_", 6) == 0) == clock && holds(n, i) && late(e, t, 7) &&
            !seen_to(n, clock ? "clock" : "gaps", e->name, e->of, i)) {
            return WARN;
        }
    }
    return PASS;
}

static enum state of_imports(size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (events[i].what == IMPORT && is_last(n, i) && strcmp(events[i].status, "ok") != 0) return WARN;
    }
    return PASS;
}

static enum state of_epoch(size_t n, int64_t t) {
    int64_t began = BEGIN;
    for (size_t i = 0; i < n; i++) {
        began = events[i].what == ROTATION ? events[i].when : began;
    }
    return t > began + 365 * DAY ? WARN : PASS;
}

static enum state reference(const char *clause, size_t n, int64_t t) {
    for (size_t r = 0; r < RESTS; r++) {
        if (strcmp(clause, rests[r].clause) == 0) return of_rest(&rests[r], n, t);
    }
    return strcmp(clause, "disk") == 0       ? of_checks(true, n, t)
           : strcmp(clause, "checks") == 0   ? of_checks(false, n, t)
           : strcmp(clause, "runtimes") == 0 ? of_runtimes(n, t)
           : strcmp(clause, "hardware") == 0 ? of_hardware(n)
           : strcmp(clause, "faults") == 0   ? of_faults(n, t)
           : strcmp(clause, "gaps") == 0     ? of_gaps(false, n, t)
           : strcmp(clause, "clock") == 0    ? of_gaps(true, n, t)
           : strcmp(clause, "imports") == 0  ? of_imports(n)
           : strcmp(clause, "epoch") == 0    ? of_epoch(n, t)
                                             : PASS;
}

/* The first instant of the run that ends with n events at t: seq, or LOG_NO_SEQ and the moment. */
struct since {
    enum state state;
    uint64_t seq;
    int64_t at;
};

static void step(struct since *run, enum state state, uint64_t seq, int64_t at) {
    if (state != run->state) {
        *run = (struct since){state, seq, at};
    }
}

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static size_t moments_of(int64_t ret[MOMENTS]) {
    size_t n = 0;
    ret[n++] = BEGIN + 365 * DAY + 1;
    for (size_t i = 0; i < n_events; i++) {
        ret[n++] = events[i].when + DAY + 1;
        ret[n++] = events[i].when + 7 * DAY + 1;
        ret[n++] = events[i].when + 365 * DAY + 1;
    }
    qsort(ret, n, sizeof(*ret), by_time);
    return n;
}

static struct since since_of(const char *clause, size_t n, int64_t t) {
    int64_t moments[MOMENTS];
    size_t n_moments = moments_of(moments), m = 0;
    struct since run = {reference(clause, 0, BEGIN), 0, BEGIN};
    for (size_t i = 0; i <= n; i++) {
        int64_t until = i < n ? events[i].time : t;
        for (; m < n_moments && moments[m] <= until; m++) {
            step(&run, reference(clause, i, moments[m]), LOG_NO_SEQ, moments[m]);
        }
        if (i < n) {
            step(&run, reference(clause, i + 1, until), i + 1, until);
        }
    }
    return run;
}

/* ---- compared ---- */

static const char *const clauses[] = {"runtimes", "hardware", "faults", "disk",  "checks", "gaps",  "clock",
                                      "imports",  "restores", "packs",  "chain", "trust",  "keys",  "epoch",
                                      "index",    "readers",  "quota",  "time",  "probes", "states"};
#define CLAUSES (sizeof(clauses) / sizeof(clauses[0]))

static void compare(const char *clause, size_t n, int64_t t, uint64_t seed) {
    static const char *const words[] = {"pass", "unknown", "warn", "fail", ""};
    struct since expected = since_of(clause, n, t);
    assert_true(box_row(&box, "clauses", "", clause, NULL));
    size_t since = box_column(&box, "since");
    struct bytes state = row_text(&box.row, box_column(&box, "state"));
    bool has = row_has(&box.row, since + 1), good = bytes_is(state, words[expected.state]);
    uint64_t seq = has ? (uint64_t)row_int(&box.row, since + 1) : LOG_NO_SEQ;
    if (expected.state == LEFT_OUT) {
        good = good && !has && !row_has(&box.row, since);
    } else {
        good = good && seq == expected.seq && (has || row_int(&box.row, since) == expected.at);
    }
    if (!good) {
        fail_msg("seed %llu, %zu events at %lld: %s is '%.*s' since event %lld (%lld), not '%s' since %lld (%lld)",
                 (unsigned long long)seed, n, (long long)t, clause, (int)state.n, state.n > 0 ? (const char *)state.p : "",
                 (long long)seq, (long long)row_int(&box.row, since), words[expected.state], (long long)expected.seq,
                 (long long)expected.at);
    }
}

static void a_clause_is_what_its_events_say_and_since_when(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        tell(seed);
        for (size_t v = 0; v < VIEWS; v++) {
            static const int64_t waits[] = {0, 0, S, DAY + S, 8 * DAY, 400 * DAY};
            size_t n = v == 0 ? n_events : 1 + below((uint32_t)n_events);
            int64_t t = events[n - 1].time + ONE_OF(waits);
            box_view(&box, n + 1, (uint64_t)t);
            for (size_t c = 0; c < CLAUSES; c++) {
                compare(clauses[c], n, t, seed);
            }
        }
        box_close(&box);
        random_event_done(&dice);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clause_is_what_its_events_say_and_since_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
