/* What an erasure finds, erases and keeps, and which exports it names, over random histories against a list that the test
 * keeps itself. */
#include "tests/ledger/scratch.h"

#include <stdio.h>

#include "cli/evidence/erase_left.h"
#include "cli/evidence/erase_plan.h"
#include "export/export.h"

#define EVENTS  60
#define EXPORTS 8

static struct scratch s;
static uint64_t state;
static const char *const names[] = {"alpha", "beta", "gamma"};
static const char *const kinds[] = {"x.test.note", "x.test.other"};
static const char *const subjects[] = {"thing/1", "thing/12", "thing/2"};

/* What the log holds of each event. */
static struct event_kept {
    const char *kind, *subject;
    unsigned fields, had; /* bits of names */
    bool body;
} kept[EVENTS];
static uint64_t first_seq;

/* What the exports disclosed. */
static struct export_kept {
    uint64_t seq, from, to;
    const char *kind, *subject; /* NULL: any */
    bool prefix;                /* of the subject */
    unsigned fields;
    enum export_bodies bodies;
    bool sparse;
} exported[EXPORTS];

static unsigned draw(unsigned n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

static void write_event(unsigned i) {
    static struct buf body;
    struct log_receipt receipt;
    char json[128] = "{\"n\":1";
    struct event_kept *e = &kept[i];
    e->kind = kinds[draw(2)];
    e->subject = subjects[draw(3)];
    e->fields = e->had = draw(8);
    e->body = true;
    for (unsigned k = 0; k < 3; k++) {
        if (e->fields >> k & 1) {
            snprintf(json + strlen(json), sizeof(json) - strlen(json), ",\"%s\":\"%s\"", names[k], "text");
        }
    }
    struct bytes map = scratch_map(&body, "%s}", json);
    struct log_draft draft = scratch_draft(e->kind, e->subject, map);
    static const uint8_t open[] = {0x91, 0xa1, 'n'};
    draft.open = (struct bytes){open, sizeof(open)};
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    first_seq = i == 0 ? receipt.seq : first_seq;
    assert_int_equal(receipt.seq, first_seq + i);
}

static void write_export(unsigned i) {
    static const uint8_t digest[LOG_HASH];
    struct export_kept *x = &exported[i];
    const char *fields[3];
    struct export_counts counts = {0};
    struct export_options o;
    struct log_receipt receipt;
    char query[200] = "";
    unsigned from = draw(EVENTS);
    export_options_init(&o);
    *x = (struct export_kept){.from = first_seq + from,
                              .to = first_seq + from + 1 + draw(EVENTS - from),
                              .kind = draw(2) ? kinds[draw(2)] : NULL,
                              .subject = draw(2) ? subjects[draw(3)] : NULL,
                              .prefix = draw(2) == 0,
                              .fields = draw(8),
                              .bodies = (enum export_bodies)draw(3),
                              .sparse = draw(4) == 0};
    static const uint64_t some[1];
    o.seqs = x->sparse ? some : NULL;
    o.bodies = x->bodies;
    for (unsigned k = 0; k < 3; k++) {
        if (x->fields >> k & 1) {
            fields[o.n_private++] = names[k];
        }
    }
    o.private_ = fields;
    counts.from = x->from;
    counts.to = x->to;
    if (x->kind != NULL) {
        snprintf(query, sizeof(query), "kind = %s", x->kind);
    }
    if (x->subject != NULL) {
        snprintf(query + strlen(query), sizeof(query) - strlen(query), "%ssubject = %s%s", x->kind != NULL ? ", " : "",
                 x->subject, x->prefix ? "*" : "");
    }
    struct export_record record = {.counts = &counts,
                                   .digest = digest,
                                   .query = bytes_of(x->sparse          ? "3 chosen"
                                                     : query[0] != '\0' ? query
                                                                        : "everything"),
                                   .to.actor = "user:test",
                                   .to.path = "x.tar.zst",
                                   .to.recipient = "Ada"};
    must(export_record(s.ledger, &o, &record, &receipt, &why));
    x->seq = receipt.seq;
}

/* ---- the reference ---- */

/* Which of the requested fields are erased; all of them with `wanted` 0. */
static unsigned goes(const struct event_kept *e, unsigned wanted) {
    return wanted == 0 ? e->fields : e->fields & wanted;
}

static bool matches(const struct export_kept *x, const struct event_kept *e) {
    bool subject = x->subject == NULL || (x->prefix ? strncmp(e->subject, x->subject, strlen(x->subject)) == 0
                                                    : strcmp(e->subject, x->subject) == 0);
    return subject && (x->kind == NULL || strcmp(e->kind, x->kind) == 0);
}

static bool is_end(const struct export_kept *x, uint64_t seq) {
    return seq == x->from || seq == x->to - 1;
}

/* *ret_maybe: those that it may have disclosed. */
static uint64_t shown(const struct export_kept *x, const struct erase_plan *plan, unsigned wanted, uint64_t *ret_maybe) {
    uint64_t n = 0;
    *ret_maybe = 0;
    for (size_t i = 0; i < plan->n; i++) {
        uint64_t seq = plan->item[i].seq;
        const struct event_kept *e = &kept[seq - first_seq];
        bool fields = plan->what == LOG_ERASE_BODY ? x->bodies != EXPORT_BODIES_NONE
                      : wanted == 0                ? x->fields != 0
                                                   : (x->fields & goes(e, wanted)) != 0;
        if (!fields || seq < x->from || seq >= x->to) continue;
        bool all = x->bodies == EXPORT_BODIES_ALL;
        bool sure = all || (x->sparse ? is_end(x, seq) : matches(x, e));
        n += sure;
        *ret_maybe += !sure && x->sparse;
    }
    return n;
}

static void check_left(const struct erase_plan *plan, unsigned wanted) {
    struct erase_left left = {0};
    size_t at = 0;
    must(erase_left_find(&left, plan, s.ledger, &why));
    for (unsigned i = 0; i < EXPORTS; i++) {
        uint64_t maybe, n = shown(&exported[i], plan, wanted, &maybe);
        if (n + maybe == 0) continue;
        assert_true(at < left.n);
        assert_int_equal(left.export[at].seq, exported[i].seq);
        assert_int_equal(left.export[at].events, n);
        assert_int_equal(left.export[at].maybe, maybe);
        assert_string_equal(left.export[at].recipient, "Ada");
        at++;
    }
    assert_int_equal(at, left.n);
    erase_left_done(&left);
}

static void check_plan(const struct erase_plan *plan, unsigned wanted, const uint64_t *seqs, size_t n) {
    uint64_t barred[ERASE_BARS] = {0}, fields = 0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const struct event_kept *e = seqs[i] < first_seq ? NULL : &kept[seqs[i] - first_seq];
        enum erase_bar why_not = e == NULL                      ? ERASE_KEPT
                                 : plan->what == LOG_ERASE_BODY ? (e->body ? ERASE_CAN : ERASE_GONE)
                                 : e->had == 0                  ? ERASE_NO_PRIVATE
                                 : e->fields == 0               ? ERASE_GONE
                                 : goes(e, wanted) == 0         ? ERASE_NO_FIELD
                                                                : ERASE_CAN;
        barred[why_not]++;
        if (why_not == ERASE_CAN) {
            assert_true(at < plan->n);
            assert_int_equal(plan->item[at++].seq, seqs[i]);
            fields += plan->what == LOG_ERASE_BODY ? 0 : (uint64_t)__builtin_popcount(goes(e, wanted));
        }
    }
    assert_int_equal(at, plan->n);
    assert_int_equal(plan->n_gone, fields);
    for (int bar = ERASE_NO_EVENT; bar < ERASE_BARS; bar++) {
        assert_int_equal(plan->barred[bar].n, barred[bar]);
    }
}

static void done(void *ctx, const struct log_erase_options *o, const struct log_receipt *receipt) {
    (void)receipt;
    *(uint64_t *)ctx += o->n_seqs;
}

static void erase_at_random(void) {
    const char *fields[3];
    uint64_t seqs[EVENTS + 1], erased = 0;
    unsigned wanted = draw(8);
    size_t n = 0, n_fields = 0;
    bool body = draw(6) == 0;
    for (unsigned k = 0; !body && k < 3; k++) {
        if (wanted >> k & 1) {
            fields[n_fields++] = names[k];
        }
    }
    if (draw(4) == 0) {
        seqs[n++] = 0; /* ledger.created */
    }
    for (unsigned i = 0; i < EVENTS; i++) {
        if (draw(4) == 0) {
            seqs[n++] = first_seq + i;
        }
    }
    struct erase_plan plan = {.what = body ? LOG_ERASE_BODY : LOG_ERASE_PRIVATE, .fields = fields, .n_fields = n_fields};
    struct log_erase_options o = {.what = plan.what, .reason = "request", .actor = "user:test"};
    must(erase_plan_make(&plan, s.ledger, seqs, n, &why));
    check_plan(&plan, wanted, seqs, n);
    check_left(&plan, wanted);
    must(erase_plan_run(&plan, s.ledger, &o, done, &erased, &why));
    assert_int_equal(erased, plan.n);
    for (size_t i = 0; i < plan.n; i++) {
        struct event_kept *e = &kept[plan.item[i].seq - first_seq];
        e->fields &= body ? ~0U : ~goes(e, wanted);
        e->body = e->body && !body;
    }
    erase_plan_done(&plan);
}

/* The log holds what the list says. */
static void check_log(void) {
    struct log_reader *reader;
    struct log_event event;
    struct buf private_;
    struct bytes raw;
    buf_init(&private_, 1 << 20);
    must(log_reader_open(s.ledger, first_seq, first_seq + EVENTS, &reader, &why));
    for (unsigned i = 0; i < EVENTS; i++) {
        must(log_reader_next(reader, &event, &why));
        assert_int_equal(event.payload.n > 0, kept[i].body);
        assert_int_equal(event.has_private, kept[i].had != 0);
        buf_clear(&private_);
        if (event.has_private) {
            must(log_reader_private(reader, &private_, &why));
        }
        for (unsigned k = 0; k < 3; k++) {
            bool there = private_.n > 0 && mp_map_get(bytes_of_buf(&private_), names[k], &raw) == 0;
            assert_int_equal(there, kept[i].fields >> k & 1);
        }
    }
    log_reader_close(reader);
    buf_done(&private_);
}

static void a_plan_is_what_a_plain_list_says(void **unused) {
    const uint64_t seeds[] = {1, 2, clock_wall_ns() | 1};
    (void)unused;
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        printf("seed %llu\n", (unsigned long long)seeds[i]);
        state = seeds[i];
        scratch_new(&s, 0);
        for (unsigned k = 0; k < EVENTS; k++) {
            write_event(k);
        }
        for (unsigned k = 0; k < EXPORTS; k++) {
            write_export(k);
        }
        for (unsigned k = 0; k < 12; k++) {
            erase_at_random();
        }
        check_log();
        scratch_done(&s);
    }
}

int main(void) {
    scratch_in_memory();
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_plan_is_what_a_plain_list_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
