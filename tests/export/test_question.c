/* What a verifier says about the filter and about what it leaves out, against the events themselves. */
#include "tests/export/bundle_box.h"

#include <stdio.h>

#define EVENTS 600

static const char *const kinds[] = {"run.tool_called", "run.step", "x.test.note", "x.test.other"};
static const char *const actors[] = {"user:a", "user:ab", "service:b"};
static const char *const subjects[] = {"run/1", "run/2"};

/* What the log contains, as the test wrote it. */
static struct {
    const char *kind, *actor, *subject;
    uint64_t time;
} log_[EVENTS];
static uint64_t first_seq, state;

static unsigned draw(unsigned n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

static int setup(void **unused) {
    struct log_reader *reader;
    struct log_event event;
    (void)unused;
    box_start();
    state = 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < EVENTS; i++) {
        static struct buf body;
        struct log_receipt receipt;
        log_[i].kind = kinds[draw(4)];
        log_[i].actor = actors[draw(3)];
        log_[i].subject = subjects[draw(2)];
        struct log_draft draft = scratch_draft(log_[i].kind, log_[i].subject, scratch_map(&body, "{\"n\":%u}", i));
        draft.actor = bytes_of(log_[i].actor);
        must(log_append(s.ledger, &draft, &receipt, NULL, &why));
        first_seq = i == 0 ? receipt.seq : first_seq;
        assert_int_equal(receipt.seq, first_seq + i);
    }
    must(log_reader_open(s.ledger, first_seq, first_seq + EVENTS, &reader, &why));
    for (unsigned i = 0; i < EVENTS; i++) {
        must(log_reader_next(reader, &event, &why));
        log_[i].time = event.time;
    }
    log_reader_close(reader);
    return 0;
}

static int teardown(void **unused) {
    (void)unused;
    box_end();
    return 0;
}

struct asked {
    const char *kind, *actor, *subject; /* NULL: any */
    bool prefix;                        /* of the actor */
};

static bool holds(const char *want, const char *have, bool prefix) {
    return want == NULL || (prefix ? strncmp(have, want, strlen(want)) == 0 : strcmp(have, want) == 0);
}

struct expected {
    uint64_t fate[EXPORT_FATES], first_left_out, missed[EXPORT_MISSES], stands_out;
};

/* The reference: one event after the other. */
static void expect(const struct export_options *o, const struct asked *asked, const char *kind, struct expected *ret) {
    *ret = (struct expected){.first_left_out = LOG_NO_SEQ};
    for (unsigned i = 0; i < EVENTS; i++) {
        uint64_t seq = first_seq + i;
        if (strcmp(log_[i].kind, kind) != 0 || seq < counts.from || seq >= counts.to) continue;
        bool k = holds(asked->kind, log_[i].kind, false), a = holds(asked->actor, log_[i].actor, asked->prefix);
        bool u = holds(asked->subject, log_[i].subject, false);
        bool t = (!o->has_since || log_[i].time >= o->since) && (!o->has_until || log_[i].time < o->until);
        if ((k && a && u && t) || o->bodies == EXPORT_BODIES_ALL) {
            ret->fate[o->bodies == EXPORT_BODIES_NONE ? EXPORT_WITHHELD : EXPORT_DISCLOSED]++;
            continue;
        }
        ret->first_left_out = ret->fate[EXPORT_LEFT_OUT]++ == 0 ? seq : ret->first_left_out;
        ret->missed[0] += !k;
        ret->missed[1] += !u;
        ret->missed[3] += !a;
        ret->missed[7] += !t;
        ret->stands_out += asked->kind != NULL && k && (!a || !u);
    }
}

static const struct export_kind *find(const struct export_question *q, const char *kind) {
    static const struct export_kind none;
    for (size_t i = 0; i < q->n_kinds; i++) {
        if (strcmp(q->kind[i].name, kind) == 0) return &q->kind[i];
    }
    return &none;
}

static size_t add_term(struct export_term *terms, size_t n, const char *field, const char *value, bool prefix) {
    if (value != NULL) {
        terms[n] = (struct export_term){field, prefix ? EXPORT_PREFIX : EXPORT_EQUALS, bytes_of(value)};
    }
    return n + (value != NULL);
}

static void ask_at_random(struct export_question *q) {
    struct export_options o = everything();
    struct export_term terms[3];
    struct expected want;
    struct asked asked = {draw(2) == 0 ? NULL : kinds[draw(4)], draw(2) == 0 ? NULL : actors[draw(3)],
                          draw(3) != 0 ? NULL : subjects[draw(2)], draw(2) == 0};
    unsigned from = draw(EVENTS - 2), n = 1 + draw(EVENTS - from - 1);
    o.terms = terms;
    o.n_terms = add_term(terms, 0, "kind", asked.kind, false);
    o.n_terms = add_term(terms, o.n_terms, "actor", asked.actor, asked.prefix);
    o.n_terms = add_term(terms, o.n_terms, "subject", asked.subject, false);
    o.bodies = (enum export_bodies)draw(3);
    if (draw(3) == 0) {
        o.has_since = o.has_until = true;
        o.since = log_[from].time;
        o.until = log_[from + n].time;
    } else {
        o.from = first_seq + from;
        o.to = o.from + n;
    }
    if (o.has_since && o.since >= o.until) return;
    cut(&o);
    struct export_verify_options v = {.trust = trust, .question = q};
    verify_with(bytes_of_buf(&bundle), &v);
    verdict_is(LOG_GOOD);
    assert_true(q->known);
    assert_int_equal(q->n_terms, o.n_terms);
    assert_int_equal(q->n_events, counts.headers);
    for (size_t k = 0; k < 4; k++) {
        const struct export_kind *have = find(q, kinds[k]);
        expect(&o, &asked, kinds[k], &want);
        for (int fate = 0; fate < EXPORT_FATES; fate++) {
            assert_int_equal(have->fate[fate].n, want.fate[fate]);
        }
        for (int miss = 0; miss < EXPORT_MISSES; miss++) {
            assert_int_equal(have->missed[miss], want.missed[miss]);
        }
        assert_int_equal(have->stands_out.n, want.stands_out);
        if (want.fate[EXPORT_LEFT_OUT] > 0) {
            assert_int_equal(have->fate[EXPORT_LEFT_OUT].seq[0], want.first_left_out);
        }
    }
}

static void what_a_question_leaves_out_is_counted_as_the_events_tell(void **unused) {
    const uint64_t seeds[] = {1, 2, 3, clock_wall_ns() | 1};
    struct export_question q = {0};
    (void)unused;
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        printf("seed %llu\n", (unsigned long long)seeds[i]);
        state = seeds[i];
        for (int round = 0; round < 25; round++) {
            ask_at_random(&q);
        }
    }
    export_question_done(&q);
}

static void a_question_of_an_invalid_bundle_is_not_known(void **unused) {
    struct export_options o = everything();
    struct export_question q = {0};
    (void)unused;
    cut(&o);
    struct export_verify_options v = {.trust = trust, .question = &q};
    verify_with((struct bytes){bundle.p, bundle.n - 1024}, &v);
    verdict_is(LOG_INVALID);
    assert_false(q.known);
    verify_with(bytes_of_buf(&bundle), &v);
    verdict_is(LOG_GOOD);
    assert_true(q.known);
    export_question_done(&q);
}

/* The author of a bundle may use any number of kinds; a table of them is bounded. */
static void kinds_beyond_the_table_are_counted_together(void **unused) {
    struct export_options o = everything();
    struct export_question q = {0};
    (void)unused;
    uint64_t before = first_seq + EVENTS;
    for (unsigned i = 0; i < EXPORT_KINDS_MAX + 5; i++) {
        char kind[32];
        snprintf(kind, sizeof(kind), "x.test.k%u", i * 7919 % 10007);
        box_event(kind, "thing/1", NULL, "{\"n\":%u}", i);
    }
    o.from = before;
    cut(&o);
    struct export_verify_options v = {.trust = trust, .question = &q};
    verify_with(bytes_of_buf(&bundle), &v);
    verdict_is(LOG_GOOD);
    assert_int_equal(q.n_kinds, EXPORT_KINDS_MAX);
    assert_int_equal(q.others.fate[EXPORT_DISCLOSED].n, 5);
    for (size_t i = 1; i < q.n_kinds; i++) {
        assert_true(strcmp(q.kind[i - 1].name, q.kind[i].name) < 0);
        assert_int_equal(q.kind[i].fate[EXPORT_DISCLOSED].n, 1);
    }
    export_question_done(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_question_leaves_out_is_counted_as_the_events_tell),
        cmocka_unit_test(a_question_of_an_invalid_bundle_is_not_known),
        cmocka_unit_test(kinds_beyond_the_table_are_counted_together),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
