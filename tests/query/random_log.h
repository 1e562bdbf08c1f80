/* A log of random events over all types of fields, random conditions over its content, and a simple way to answer them by
 * reading every event: the reference for the answers of the query room. Everything follows from one seed. */
#ifndef TESTS_QUERY_RANDOM_LOG_H
#define TESTS_QUERY_RANDOM_LOG_H

#include <fnmatch.h>

#include "ledger/write/batch.h"
#include "query/query.h"
#include "tests/ledger/scratch.h"

#define LOG_VALUES_MAX 4096

struct log_value { /* a value, and the memory that it borrows */
    struct query_value v;
    size_t field;
};

static struct scratch s;
static uint64_t random_state;
static __attribute__((unused)) bool log_without_big;                        /* no payload has a record of its own */
static __attribute__((unused)) struct buf log_texts;                        /* what sampled values borrow */
static __attribute__((unused)) struct log_value log_values[LOG_VALUES_MAX]; /* sampled from the events */
static __attribute__((unused)) size_t n_log_values;

static inline uint64_t random_next(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}

static inline uint64_t random_below(uint64_t n) {
    return random_next() % n;
}

/* LEDGER_TEST_SEED, or the clock; printed, so that a failure can be reproduced. */
static inline void random_start(void) {
    const char *given = getenv("LEDGER_TEST_SEED");
    random_state = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    random_state |= 1;
    printf("LEDGER_TEST_SEED=%llu\n", (unsigned long long)random_state);
    fflush(stdout);
    for (int i = 0; i < 8; i++) {
        random_next();
    }
}

/* ---- events ---- */

static const char *const log_models[] = {"llama3.2:3b", "qwen2.5:7b", "phi4:14b", "gemma3:4b", "a*b", "a?b", ""};
static const char *const log_words[] = {"ok",  "error", "timeout", "refused", "abc",
                                        "abd", "ab",    "a",       "zebra",   "\303\244rger"};

static inline void put_text(struct buf *out, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static inline void put_text(struct buf *out, const char *name, const char *fmt, ...) {
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    mp_put_str(out, bytes_of(name));
    mp_put_str(out, bytes_of(text));
}

static inline void put_number(struct buf *out, const char *name) {
    static const int64_t odd[] = {
        0, 1, -1, 127, 128, -128, -129, 65535, 65536, -32769, 1LL << 53, (1LL << 53) + 1, INT64_MAX, INT64_MIN};
    mp_put_str(out, bytes_of(name));
    switch (random_below(5)) {
    case 0:
        mp_put_float(out, (double)random_below(4000) / 8);
        break;
    case 1:
        mp_put_float(out, -(double)random_below(1000) * 1e15 - 0.5);
        break;
    case 2:
        if (random_below(4) == 0) {
            int64_t v = odd[random_below(sizeof(odd) / sizeof(odd[0]))];
            v >= 0 ? mp_put_uint(out, (uint64_t)v) : mp_put_int(out, v);
            break;
        } /* fall through */
    default:
        mp_put_uint(out, random_below(500));
    }
}

/* Any type at all under a name that the catalog indexes: x.* kinds may do that. */
static inline void put_anything(struct buf *out, const char *name) {
    switch (random_below(8)) {
    case 0:
        put_number(out, name);
        return;
    case 1:
        put_text(out, name, "%s", log_words[random_below(10)]);
        return;
    case 2:
        put_text(out, name, "%llu", (unsigned long long)random_below(1000000));
        return;
    default:
        break;
    }
    mp_put_str(out, bytes_of(name));
    switch (random_below(5)) {
    case 0:
        mp_put_nil(out);
        break;
    case 1:
        mp_put_bool(out, random_below(2) == 0);
        break;
    case 2:
        mp_put_array(out, 2);
        mp_put_uint(out, random_below(3));
        mp_put_str(out, bytes_of("x"));
        break;
    case 3:
        mp_put_map(out, 1);
        mp_put_str(out, bytes_of("k"));
        mp_put_uint(out, random_below(3));
        break;
    default:
        mp_put_str(out, bytes_of(""));
    }
}

enum log_at { LOG_AT_ABSENT, LOG_AT_NEAR, LOG_AT_PAST, LOG_AT_FAR, LOG_AT_ODD };

/* How an event says when it happened; most do not. Stretches of the log use the same way, as imports do. */
static __attribute__((unused)) enum log_at log_at_now;

static inline enum log_at log_at_next(void) {
    if (random_below(300) == 0) {
        log_at_now = (enum log_at)random_below(4);
    }
    return random_below(20) == 0 ? (enum log_at)random_below(5) : log_at_now;
}

static inline void log_put_at(struct buf *out, enum log_at at) {
    static const uint64_t far[] = {0, 1, UINT64_C(9214646399999999999), UINT64_C(4070908800000000000), INT64_MAX};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    if (at == LOG_AT_ODD) {
        put_text(out, "at", "the day before yesterday");
    } else if (at != LOG_AT_ABSENT) {
        mp_put_str(out, bytes_of("at"));
        mp_put_uint(out, at == LOG_AT_NEAR   ? ns - random_below(2000000000)
                         : at == LOG_AT_PAST ? ns - random_below(400) * 86400000000000
                                             : far[random_below(5)]);
    }
}

#define LOG_BIG 20000

/* What one event is made of. */
struct random_draft {
    struct buf body, open;
    char subject[64], run[40], key[40];
    struct log_draft draft;
};

static inline void draft_custom(struct random_draft *d) {
    static const char *const names[] = {"digest", "error",   "latency_ms", "model",  "note",
                                        "ok",     "outcome", "parent",     "session"};
    uint64_t which = random_below(512);
    uint32_t n = (uint32_t)__builtin_popcountll(which);
    bool big = random_below(200) == 0 && !log_without_big;
    enum log_at at = log_at_next();
    mp_put_map(&d->body, n + (big ? 1 : 0) + (at != LOG_AT_ABSENT ? 1 : 0));
    log_put_at(&d->body, at);
    if (big) {
        mp_put_str(&d->body, bytes_of("blob"));
        static uint8_t text[LOG_BIG];
        memset(text, 'b', sizeof(text));
        mp_put_str(&d->body, (struct bytes){text, sizeof(text)});
    }
    mp_put_array(&d->open, n + (big ? 1 : 0));
    if (big) {
        mp_put_str(&d->open, bytes_of("blob"));
    }
    for (size_t i = 0; i < 9; i++) {
        if (which >> i & 1) {
            put_anything(&d->body, names[i]);
            mp_put_str(&d->open, bytes_of(names[i]));
        }
    }
    d->draft.kind = bytes_of(random_below(2) == 0 ? "x.acme.thing" : "x.acme.other");
}

static inline void draft_known(struct random_draft *d) {
    enum log_at at = log_at_next();
    uint32_t more = at != LOG_AT_ABSENT ? 1 : 0;
    switch (random_below(4)) {
    case 0:
        mp_put_map(&d->body, 5 + more);
        log_put_at(&d->body, at);
        put_text(&d->body, "detail", "private words %llu", (unsigned long long)random_next());
        put_number(&d->body, "duration_ms");
        put_text(&d->body, "span", "%016llx", (unsigned long long)random_next());
        put_text(&d->body, "status", "%s", log_words[random_below(4)]);
        put_text(&d->body, "step", "step-%llu", (unsigned long long)random_below(300));
        d->draft.kind = bytes_of("run.step");
        break;
    case 1:
        mp_put_map(&d->body, 5 + more);
        log_put_at(&d->body, at);
        put_text(&d->body, "call", "%llx", (unsigned long long)random_next());
        put_text(&d->body, "model", "%s", log_models[random_below(7)]);
        mp_put_str(&d->body, bytes_of("ok"));
        mp_put_bool(&d->body, random_below(4) != 0);
        put_text(&d->body, "outcome", "%s", log_words[random_below(4)]);
        mp_put_str(&d->body, bytes_of("tokens_out"));
        mp_put_uint(&d->body, random_below(100000));
        d->draft.kind = bytes_of("run.model_returned");
        break;
    case 2:
        mp_put_map(&d->body, 3 + more);
        log_put_at(&d->body, at);
        put_text(&d->body, "decision", "%s", random_below(3) == 0 ? "fallback" : "primary");
        mp_put_str(&d->body, bytes_of("egress"));
        mp_put_bool(&d->body, false);
        put_text(&d->body, "route", "pdf-%llu", (unsigned long long)random_below(3));
        d->draft.kind = bytes_of("route.decided");
        break;
    default:
        mp_put_map(&d->body, more);
        log_put_at(&d->body, at);
        d->draft.kind = bytes_of(random_below(2) == 0 ? "run.finished" : "run.started");
    }
}

static inline void draft_random(struct random_draft *d, uint64_t seq) {
    static const char *const actors[] = {"user:alice", "service:pdf-operator", "tool:probe"};
    static const char *const sources[] = {"otlp", "jsonl", "hook"};
    static const char *const grades[] = {"measured", "reported", "declared", "inferred"};
    buf_clear(&d->body);
    buf_clear(&d->open);
    log_draft_init(&d->draft);
    snprintf(d->subject, sizeof(d->subject), random_below(3) == 0 ? "pack/p-%llu" : "run/r-%llu",
             (unsigned long long)random_below(random_below(2) == 0 ? 5 : 2000));
    snprintf(d->run, sizeof(d->run), "run-%llu", (unsigned long long)random_below(400));
    snprintf(d->key, sizeof(d->key), "key-%llu", (unsigned long long)seq);
    random_below(4) == 0 ? draft_custom(d) : draft_known(d);
    d->draft.subject = bytes_of(d->subject);
    d->draft.actor = bytes_of(actors[random_below(3)]);
    d->draft.source = bytes_of(sources[random_below(3)]);
    d->draft.grade = bytes_of(grades[random_below(4)]);
    d->draft.run = bytes_of(random_below(3) == 0 ? NULL : d->run);
    d->draft.key = bytes_of(random_below(3) == 0 ? d->key : NULL);
    if (random_below(4) == 0) {
        d->draft.cause_type = LOG_CAUSE_SEQ;
        d->draft.cause = random_below(seq);
    }
    d->draft.body = bytes_of_buf(&d->body);
    d->draft.open = d->open.n > 0 ? bytes_of_buf(&d->open) : (struct bytes){NULL, 0};
}

/* n more events, in batches of all sizes. */
static inline void log_fill(struct ledger *ledger, uint64_t n) {
    static struct random_draft d;
    struct log_head head;
    struct log_batch *batch;
    buf_init(&d.body, 65536);
    buf_init(&d.open, 4096);
    must(log_head(ledger, &head, &why));
    must(log_batch_new(ledger, &batch, &why));
    while (n > 0) {
        uint64_t some = 1 + random_below(random_below(3) == 0 ? 1000 : 60);
        some = some < n ? some : n;
        for (uint64_t i = 0; i < some; i++) {
            draft_random(&d, head.size + i);
            must(batch_add_control(batch, &d.draft, &why)); /* subjects of all kinds */
        }
        must(log_batch_commit(batch, NULL, &head, NULL, &why));
        n -= some;
    }
    log_batch_free(batch);
    buf_done(&d.body);
    buf_done(&d.open);
}

/* ---- the simple way ---- */

/* A field of an event, by its name. */
static inline struct query_value plain_value(const struct log_event *e, size_t field) {
    const char *name = query_field_name(field);
    struct query_value v = {.type = QUERY_NULL};
    const struct bytes texts[] = {
        [QUERY_KIND] = e->kind,   [QUERY_SUBJECT] = e->subject, [QUERY_ACTOR] = e->actor, [QUERY_SOURCE] = e->source,
        [QUERY_GRADE] = e->grade, [QUERY_RUN] = e->run,         [QUERY_KEY] = e->key};
    const uint64_t numbers[] = {
        [QUERY_SEQ] = e->seq, [QUERY_TIME] = e->time, [QUERY_SCHEMA] = e->schema, [QUERY_CAUSE] = e->cause};
    struct mp_item item;
    struct bytes raw;
    if (field == QUERY_SEQ || field == QUERY_TIME || field == QUERY_SCHEMA || field == QUERY_CAUSE) {
        v = (struct query_value){.type = QUERY_INT, .int_ = (int64_t)numbers[field]};
        return field == QUERY_CAUSE && !e->has_cause ? (struct query_value){.type = QUERY_NULL} : v;
    }
    if (field < QUERY_HEADER_FIELDS) {
        return texts[field].n == 0 ? v : (struct query_value){.type = QUERY_TEXT, .text = texts[field]};
    }
    if (field == QUERY_HAPPENED) { /* what the source says, if that is a time */
        bool at = e->body.n > 0 && mp_map_get(e->body, "at", &raw) == 0 && mp_scalar(raw, &item) == 0 &&
                  item.type == MP_UINT && item.uint <= INT64_MAX;
        return (struct query_value){.type = QUERY_INT, .int_ = (int64_t)(at ? item.uint : e->time)};
    }
    name += strncmp(name, "body_", 5) == 0 ? 5 : 0;
    if (e->body.n == 0 || mp_map_get(e->body, name, &raw) != 0) return v;
    if (mp_scalar(raw, &item) != 0 || item.type == MP_BIN) {
        return (struct query_value){.type = QUERY_OTHER, .text = raw};
    }
    switch (item.type) {
    case MP_BOOL:
        return (struct query_value){.type = QUERY_BOOL, .boolean = item.boolean};
    case MP_UINT:
        return (struct query_value){.type = QUERY_INT, .int_ = (int64_t)item.uint};
    case MP_INT:
        return (struct query_value){.type = QUERY_INT, .int_ = item.sint};
    case MP_FLOAT:
        return (struct query_value){.type = QUERY_REAL, .real = item.real};
    case MP_STR:
        return (struct query_value){.type = QUERY_TEXT, .text = item.data};
    default:
        return v;
    }
}

static inline bool plain_is_number(const struct query_value *v) {
    return v->type == QUERY_INT || v->type == QUERY_REAL;
}

static inline long double plain_number(const struct query_value *v) {
    return v->type == QUERY_INT ? (long double)v->int_ : (long double)v->real;
}

static inline bool plain_same(const struct query_value *a, const struct query_value *b) {
    if (plain_is_number(a) && plain_is_number(b)) return plain_number(a) == plain_number(b);
    return a->type == b->type && a->type != QUERY_NULL &&
           (a->type == QUERY_BOOL ? a->boolean == b->boolean : bytes_eq(a->text, b->text));
}

static inline bool plain_match(const struct query_term *t, const struct query_value *v) {
    const struct query_value *with = t->values;
    if (t->op == QUERY_EQ) {
        for (size_t i = 0; i < t->n_values; i++) {
            if (plain_same(&t->values[i], v)) return true;
        }
        return false;
    }
    if (t->op == QUERY_PREFIX || t->op == QUERY_GLOB) {
        char text[512], pattern[512];
        if (v->type != QUERY_TEXT) return false;
        snprintf(text, sizeof(text), "%.*s", (int)v->text.n, (const char *)v->text.p);
        snprintf(pattern, sizeof(pattern), "%.*s", (int)with->text.n, (const char *)with->text.p);
        return t->op == QUERY_PREFIX ? strncmp(text, pattern, strlen(pattern)) == 0 : fnmatch(pattern, text, 0) == 0;
    }
    int c;
    if (plain_is_number(v) && plain_is_number(with)) {
        long double x = plain_number(v), y = plain_number(with);
        c = x < y ? -1 : x > y;
    } else if (v->type == QUERY_TEXT && with->type == QUERY_TEXT) {
        c = bytes_cmp(v->text, with->text);
    } else {
        return false;
    }
    return t->op == QUERY_LT ? c < 0 : t->op == QUERY_LE ? c <= 0 : t->op == QUERY_GT ? c > 0 : c >= 0;
}

static inline bool plain_holds(const struct query *q, const struct log_event *e) {
    bool holds = e->seq >= q->from && e->seq < q->to;
    for (size_t i = 0; i < q->n_terms && holds; i++) {
        struct query_value v = plain_value(e, q->terms[i].field);
        holds = plain_match(&q->terms[i], &v);
    }
    return holds;
}

/* The seqs of all rows in the log's order. */
static inline size_t plain_rows(struct ledger *ledger, const struct query *q, uint64_t *seqs, size_t max) {
    struct log_reader *reader;
    struct log_event event;
    size_t n = 0;
    int rc;
    must(log_reader_open(ledger, 0, LOG_NO_SEQ, &reader, &why));
    while ((rc = log_reader_next(reader, &event, &why)) == 0) {
        if (plain_holds(q, &event)) {
            assert_true(n < max);
            seqs[n++] = event.seq;
        }
    }
    assert_int_equal(rc, 1);
    log_reader_close(reader);
    return n;
}

/* ---- random conditions ---- */

static inline struct query_value log_keep(struct query_value v) {
    if (v.type == QUERY_TEXT || v.type == QUERY_OTHER) {
        size_t at = log_texts.n;
        assert_true(log_texts.cap >= at + v.text.n); /* it never moves */
        buf_put_bytes(&log_texts, v.text);
        v.text.p = log_texts.p + at;
    }
    return v;
}

/* Collects values from the log. */
static inline void log_sample(struct ledger *ledger) {
    struct log_reader *reader;
    struct log_event event;
    buf_init(&log_texts, (size_t)16 << 20);
    assert_non_null(buf_room(&log_texts, (size_t)8 << 20));
    n_log_values = 0;
    must(log_reader_open(ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0 && n_log_values < LOG_VALUES_MAX) {
        for (int tries = 0; tries < 40; tries++) {
            size_t field = (size_t)random_below(tries < 2 ? QUERY_BODY_FIELDS : query_field_count());
            struct query_value v = plain_value(&event, field);
            if (v.type != QUERY_NULL && n_log_values < LOG_VALUES_MAX && random_below(8) == 0) {
                log_values[n_log_values++] = (struct log_value){log_keep(v), field};
            }
        }
    }
    log_reader_close(reader);
}

struct log_question {
    struct query q;
    struct query_term terms[4];
    struct query_value values[4][6];
    char patterns[4][300];
};

static inline void random_term(struct log_question *question, size_t at) {
    struct query_term *t = &question->terms[at];
    struct query_value *values = question->values[at];
    const struct log_value *from = &log_values[random_below(n_log_values)];
    *t = (struct query_term){.field = from->field, .op = QUERY_EQ, .values = values, .n_values = 1};
    values[0] = from->v;
    if (from->v.type == QUERY_TEXT && random_below(3) == 0 && from->v.text.n < 200) {
        char *p = question->patterns[at];
        size_t n = (size_t)random_below(from->v.text.n + 1);
        t->op = random_below(2) == 0 ? QUERY_PREFIX : QUERY_GLOB;
        const char *tail = t->op == QUERY_PREFIX || random_below(4) == 0 ? "" : random_below(2) == 0 ? "*" : "?*[a-z0-9]*";
        snprintf(p, sizeof(question->patterns[at]), "%.*s%s", (int)n, (const char *)from->v.text.p, tail);
        values[0].text = bytes_of(p);
    } else if (random_below(2) == 0) {
        t->op = QUERY_LT + (enum query_op)random_below(4);
    } else {
        for (t->n_values = 1; t->n_values < 6 && random_below(3) == 0; t->n_values++) {
            values[t->n_values] = log_values[random_below(n_log_values)].v;
        }
    }
    if (random_below(12) == 0 || (t->field == QUERY_TIME && random_below(2) == 0)) {
        t->field = random_below(2) == 0 ? QUERY_HAPPENED : (size_t)random_below(query_field_count());
    }
}

static inline void random_question(struct log_question *question, uint64_t size) {
    query_init(&question->q);
    question->q.terms = question->terms;
    question->q.n_terms = (size_t)random_below(4);
    for (size_t i = 0; i < question->q.n_terms; i++) {
        random_term(question, i);
    }
    if (random_below(3) == 0) {
        question->q.from = random_below(size);
        question->q.to = question->q.from + random_below(size);
    }
    question->q.descending = random_below(2) == 0;
    question->q.limit = random_below(3) == 0 ? 1 + random_below(20) : 0;
}

#endif
