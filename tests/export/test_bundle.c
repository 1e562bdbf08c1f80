/* What is written can be verified: bundles of every kind and every range, with the same bytes each time. */
#include "tests/export/bundle_box.h"

static int start(void **state) {
    (void)state;
    box_start();
    box_fill();
    return 0;
}

static int finish(void **state) {
    (void)state;
    members_done();
    box_end();
    return 0;
}

/* ---- kinds of bundles ---- */

static void a_bundle_of_the_whole_log_is_good(void **state) {
    struct export_options o = everything();
    (void)state;
    cut(&o);
    is_good();
    aspect_is(LOG_CONTAINER, LOG_ASPECT_GOOD, "members, plain");
    aspect_is(LOG_SEALS, LOG_ASPECT_NOTE, "4 epoch keys, 3 handovers; restored from a backup 1 time");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_GOOD, "by log key 'example.org/box-1'");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_GOOD, "complete within [0, 711); outside not examined");
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "2 events signed by authors you named");
    aspect_is(LOG_ERASURES, LOG_ASPECT_GOOD, "none");
    aspect_is(LOG_GAPS, LOG_ASPECT_NOTE, "2 recorded, the first by event 202");
    aspect_is(LOG_STATES, LOG_ASPECT_GOOD, "none");
    assert_int_equal(report.counts.headers, scratch_size(&s));
    assert_int_equal(report.counts.disclosed, scratch_size(&s));
    assert_int_equal(report.counts.private_, 0);
    assert_int_equal(report.log.head.size, scratch_size(&s));
}

static void a_compressed_bundle_is_good_and_unpacks_to_the_plain_one(void **state) {
    struct export_options o = everything();
    struct buf plain, packed;
    (void)state;
    buf_init(&plain, (size_t)64 << 20);
    buf_init(&packed, (size_t)64 << 20);
    must(try_cut_of(s.ledger, &o, &plain));
    o.plain = false;
    cut(&o);
    is_good();
    aspect_is(LOG_CONTAINER, LOG_ASPECT_GOOD, "members, compressed");
    assert_true(bundle.n < plain.n);
    scratch_write(scratch_at(&s, "x.zst"), bytes_of_buf(&bundle));
    scratch_write(scratch_at(&s, "x.tar"), bytes_of_buf(&plain));
    assert_true(export_looks_like(scratch_at(&s, "x.zst")) && export_looks_like(scratch_at(&s, "x.tar")));
    scratch_write(scratch_at(&s, "x.txt"), bytes_of("example.org/box-1\n12\n"));
    assert_false(export_looks_like(scratch_at(&s, "x.txt")) || export_looks_like(scratch_at(&s, "absent")));
    buf_done(&plain);
    buf_done(&packed);
}

static void the_same_export_gives_the_same_bytes(void **state) {
    static const char *const names[] = {"note", "name", "note"}, *const again[] = {"name", "note"};
    static const char *const states[] = {"runs", "permissions"}, *const states_again[] = {"permissions", "runs"};
    const struct export_term term[] = {{"kind", EXPORT_PREFIX, bytes_of("p")},
                                       {"grade", EXPORT_EQUALS, bytes_of("measured")}};
    const struct export_term turned[] = {term[1], term[0], term[1]};
    struct export_options o = everything();
    struct buf first;
    (void)state;
    o.terms = term;
    o.n_terms = 2;
    o.artifacts = true;
    o.private_ = names;
    o.n_private = 3;
    o.states = states;
    o.n_states = 2;
    buf_init(&first, (size_t)64 << 20);
    for (int plain = 0; plain < 2; plain++) {
        o.plain = plain;
        must(try_cut_of(s.ledger, &o, &first));
        cut(&o);
        assert_true(bytes_eq(bytes_of_buf(&first), bytes_of_buf(&bundle)));
    }
    o.terms = turned; /* whatever the order of the request */
    o.n_terms = 3;
    o.private_ = again;
    o.n_private = 2;
    o.states = states_again;
    cut(&o);
    assert_true(bytes_eq(bytes_of_buf(&first), bytes_of_buf(&bundle)));
    is_good();
    buf_done(&first);
}

static void private_fields_are_disclosed_one_by_one(void **state) {
    static const char *const names[] = {"note", "nothing has this name"};
    struct export_options o = everything();
    (void)state;
    o.private_ = names;
    o.n_private = 2;
    cut(&o);
    is_good();
    assert_int_equal(report.counts.private_, 2);
    assert_int_equal(counts.private_, 2);
    assert_non_null(memmem(bundle.p, bundle.n, "{\"digest\":\"", 11)); /* the names of the artifacts */
    assert_non_null(memmem(bundle.p, bundle.n, "{\"field\":\"", 10));
}

static void filters_select_by_any_string_of_the_header(void **state) {
    const struct {
        struct export_term term[2];
        size_t n;
        uint64_t matching;
    } wanted[] = {
        {{{"kind", EXPORT_PREFIX, bytes_of("permission.")}}, 1, 3},
        {{{"kind", EXPORT_EQUALS, bytes_of("permission.")}}, 1, 0},
        {{{"kind", EXPORT_PREFIX, bytes_of("ledger.")}}, 1, 8},
        {{{"kind", EXPORT_PREFIX, bytes_of("ledger.")}, {"kind", EXPORT_EQUALS, bytes_of("ledger.gap")}}, 2, 2},
        {{{"subject", EXPORT_PREFIX, bytes_of("pack/")}}, 1, 3},
        {{{"subject", EXPORT_EQUALS, bytes_of("run/r-7")}}, 1, 7},
        {{{"actor", EXPORT_EQUALS, bytes_of("user:test")}}, 1, 709},
        {{{"source", EXPORT_EQUALS, bytes_of("test")}}, 1, 705},
        {{{"grade", EXPORT_EQUALS, bytes_of("reported")}}, 1, 0},
        {{{"key", EXPORT_PREFIX, bytes_of("key-1")}}, 1, 110},
        {{{"run", EXPORT_EQUALS, bytes_of("")}}, 1, 711},
        {{{"run", EXPORT_PREFIX, bytes_of("")}}, 1, 711},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct export_options o = everything();
        o.terms = wanted[i].term;
        o.n_terms = wanted[i].n;
        for (o.bodies = EXPORT_BODIES_MATCHING; o.bodies <= EXPORT_BODIES_NONE; o.bodies++) {
            cut(&o);
            is_good();
            if (report.counts.matching != wanted[i].matching) {
                fail_msg("filter %zu: %llu match", i, (unsigned long long)report.counts.matching);
            }
            assert_int_equal(report.counts.headers, 711);
            assert_int_equal(report.counts.disclosed, o.bodies == EXPORT_BODIES_MATCHING ? wanted[i].matching
                                                      : o.bodies == EXPORT_BODIES_ALL    ? 711
                                                                                         : 0);
            assert_int_equal(report.counts.withheld, o.bodies == EXPORT_BODIES_NONE ? wanted[i].matching : 0);
        }
    }
}

static void ranges_begin_and_end_anywhere(void **state) {
    static const uint64_t at[] = {0, 1, 2, 203, 204, 255, 256, 257, 405, 406, 511, 512, 513, 700, 710, 711};
    const size_t n = sizeof(at) / sizeof(at[0]);
    struct export_options o = everything();
    (void)state;
    o.bodies = EXPORT_BODIES_ALL;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            o.from = at[i];
            o.to = at[k];
            cut(&o);
            is_good();
            assert_true(report.counts.from == at[i] && report.counts.to == at[k]);
            assert_int_equal(report.counts.disclosed, at[k] - at[i]);
        }
    }
    o.to = 5000; /* truncated to the head */
    o.from = 709;
    cut(&o);
    is_good();
    assert_int_equal(report.counts.headers, 2);
}

static uint64_t time_of(uint64_t seq) {
    struct log_reader *reader;
    struct log_event event;
    must(log_reader_open(s.ledger, seq, seq + 1, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    log_reader_close(reader);
    return event.time;
}

/* A bundle of [since, until) has the range [from, to) and this many matching events. */
static void by_time(uint64_t since, uint64_t until, uint64_t from, uint64_t to, uint64_t matching) {
    struct export_options o = everything();
    o.has_since = since > 0;
    o.since = since;
    o.has_until = until > 0;
    o.until = until;
    cut(&o);
    is_good();
    if (report.counts.from != from || report.counts.to != to || report.counts.matching != matching) {
        fail_msg("[%llu, %llu), %llu match", (unsigned long long)report.counts.from, (unsigned long long)report.counts.to,
                 (unsigned long long)report.counts.matching);
    }
}

static void a_time_range_is_proven_by_its_neighbours_or_the_logs_ends(void **state) {
    uint64_t first = time_of(0), gap = time_of(202), restored = time_of(406), newest = time_of(710);
    (void)state;
    by_time(gap, restored, 201, 407, 204);
    by_time(1, first, 0, 1, 0); /* before all */
    by_time(first, 0, 0, 711, 711);
    by_time(0, newest + 1, 0, 711, 711);
    by_time(newest + 1, 0, 710, 711, 0); /* after all */
    by_time(newest + 1, newest + 2, 710, 711, 0);
    by_time(1, newest + 1, 0, 711, 711);
    by_time(gap + 1, time_of(203), 202, 204, 0); /* between two */
}

static void a_bound_of_time_that_the_range_keeps_by_itself_is_not_claimed(void **state) {
    struct export_options o = everything();
    (void)state;
    o.from = 300;
    o.to = 350;
    o.has_since = o.has_until = true;
    o.since = time_of(202);
    o.until = time_of(406);
    cut(&o);
    is_good();
    assert_int_equal(report.counts.matching, 50);
    o.from = 100; /* here it matters */
    cut(&o);
    is_good();
    assert_int_equal(report.counts.from, 201);
    assert_int_equal(report.counts.matching, 148);
}

static void artifacts_travel_with_the_events_that_name_them(void **state) {
    struct export_options o = everything();
    char name[160];
    (void)state;
    o.artifacts = true;
    cut(&o);
    is_good();
    assert_int_equal(report.counts.artifacts, 2);
    assert_int_equal(report.counts.artifact_bytes, 16 + 39999);
    members_take(bytes_of_buf(&bundle));
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof(name), "artifacts/%s", artifact_hex[i]);
        member(name);
    }
    o.to = 204; /* before the events that name them */
    cut(&o);
    is_good();
    assert_int_equal(report.counts.artifacts, 0);
}

static void states_are_recomputed_where_all_events_are_there(void **state) {
    static const char *const names[] = {"runs", "permissions", "keys", "packs"};
    struct export_options o = everything();
    (void)state;
    o.states = names;
    o.n_states = 4;
    cut(&o);
    is_good();
    aspect_is(LOG_STATES, LOG_ASPECT_GOOD, "4, recomputed from the events");
    o.from = 1;
    cut(&o);
    is_good();
    aspect_is(LOG_STATES, LOG_ASPECT_UNCHECKED, "the bundle does not have all events of the log");
    o.from = 0;
    o.bodies = EXPORT_BODIES_NONE;
    cut(&o);
    is_good();
    aspect_is(LOG_STATES, LOG_ASPECT_UNCHECKED, "not all bodies are disclosed");
}

static void sparse_bundles_have_chosen_events_and_claim_no_completeness(void **state) {
    static const uint64_t seqs[] = {0, 201, 204, 255, 256, 407, 408, 710};
    static const char *const names[] = {"note"};
    struct export_options o = everything();
    (void)state;
    o.seqs = seqs;
    o.n_seqs = 8;
    o.private_ = names;
    o.n_private = 1;
    cut(&o);
    is_good();
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "not claimed: 8 chosen events");
    assert_true(report.sparse && report.counts.headers == 8 && report.counts.disclosed == 8 && report.counts.private_ > 0);
    o.bodies = EXPORT_BODIES_NONE;
    cut(&o);
    is_good();
    assert_int_equal(report.counts.withheld, 8);
    const struct export_term term = {"kind", EXPORT_PREFIX, bytes_of("permission.")};
    o.terms = &term;
    o.n_terms = 1;
    o.bodies = EXPORT_BODIES_MATCHING;
    cut(&o);
    is_good();
    assert_int_equal(report.counts.disclosed, report.counts.matching);
    o.seqs = seqs + 7;
    o.n_seqs = 1;
    cut(&o);
    is_good();
    assert_int_equal(report.counts.headers, 1);
}

/* ---- what is passed on ---- */

struct seen {
    uint64_t next, bodies, fields;
    bool note;
};

static int see(void *ctx, const struct log_event *event, struct bytes private_, struct err *err) {
    struct seen *seen = ctx;
    struct bytes raw;
    (void)err;
    assert_int_equal(event->seq, seen->next++);
    assert_true(event->kind.n > 0 && event->header.n > 0);
    seen->bodies += event->body.n > 0;
    if (private_.n > 0) {
        assert_true(event->has_private);
        assert_int_equal(mp_check(private_, &why), 0);
        seen->note = seen->note || mp_map_get(private_, "note", &raw) == 0;
        seen->fields++;
    }
    return 0;
}

static int stop_at_500(void *ctx, const struct log_event *event, struct bytes private_, struct err *err) {
    (void)ctx;
    (void)private_;
    return event->seq == 500 ? err_set(err, ERR_CORRUPT, "the caller's own reason") : 0;
}

static void each_event_is_given_to_the_caller_as_it_was_checked(void **state) {
    static const char *const names[] = {"note"};
    const struct export_term term = {"kind", EXPORT_PREFIX, bytes_of("permission.")};
    struct seen seen = {0};
    struct export_verify_options v = {.trust = trust, .each = see, .ctx = &seen};
    struct export_options o = everything();
    (void)state;
    o.terms = &term;
    o.n_terms = 1;
    o.private_ = names;
    o.n_private = 1;
    cut(&o);
    verify_with(bytes_of_buf(&bundle), &v);
    verdict_is(LOG_GOOD);
    assert_true(seen.next == 711 && seen.bodies == 3 && seen.fields == 2 && seen.note);
    v.each = stop_at_500;
    assert_int_equal(lseek(verify_fd, 0, SEEK_SET), 0);
    must_fail(export_verify(verify_fd, &v, &report, &why), ERR_CORRUPT, "the caller's own reason");
}

static void a_verification_can_be_stopped(void **state) {
    static const int stop = 1;
    struct export_verify_options v = {.stop = &stop};
    struct export_options o = everything();
    (void)state;
    cut(&o);
    int fd = memfd_create("stopped", MFD_CLOEXEC);
    assert_int_equal(write(fd, bundle.p, bundle.n), (ssize_t)bundle.n);
    lseek(fd, 0, SEEK_SET);
    must_fail(export_verify(fd, &v, &report, &why), ERR_BUSY, "interrupted");
    close(fd);
    must_fail(export_verify(-1, &v, &report, &why), ERR_IO, "reading the bundle");
}

/* ---- the largest events ---- */

static void the_largest_payload_and_very_many_private_fields_pass(void **state) {
    struct buf body, fields;
    struct export_options o = everything();
    struct log_receipt receipt[2];
    static const char *const names[] = {"f5", "f7"};
    static char text[1 << 20];
    (void)state;
    memset(text, 'x', sizeof(text));
    buf_init(&body, EVENT_BODY_MAX);
    buf_init(&fields, EVENT_PRIVATE_MAX);
    mp_put_map(&body, 1);
    mp_put_str(&body, bytes_of("detail"));
    mp_put_str(&body, (struct bytes){(const uint8_t *)text, EVENT_BODY_MAX - 1 - 7 - 5});
    mp_put_map(&fields, 60000);
    mp_put_str(&fields, bytes_of("f5"));
    mp_put_uint(&fields, 5);
    mp_put_str(&fields, bytes_of("f7"));
    mp_put_uint(&fields, 7);
    for (unsigned i = 0; i < 59998; i++) {
        char name[16];
        snprintf(name, sizeof(name), "k%05u", i);
        mp_put_str(&fields, bytes_of(name));
        mp_put_uint(&fields, i % 100);
    }
    struct log_draft draft = scratch_draft("x.test.large", "thing/1", bytes_of_buf(&body));
    static const uint8_t open[] = {0x91, 0xa6, 'd', 'e', 't', 'a', 'i', 'l'};
    draft.open = (struct bytes){open, sizeof(open)};
    must(log_append(s.ledger, &draft, &receipt[0], NULL, &why));
    draft = scratch_draft("x.test.large", "thing/1", bytes_of(""));
    draft.private_ = bytes_of_buf(&fields);
    must(log_append(s.ledger, &draft, &receipt[1], NULL, &why));
    o.from = receipt[0].seq;
    o.private_ = names;
    o.n_private = 2;
    cut(&o);
    is_good();
    assert_int_equal(report.counts.private_, 2);
    assert_int_equal(report.counts.disclosed, 2);
    buf_done(&body);
    buf_done(&fields);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_bundle_of_the_whole_log_is_good),
    cmocka_unit_test(a_compressed_bundle_is_good_and_unpacks_to_the_plain_one),
    cmocka_unit_test(the_same_export_gives_the_same_bytes),
    cmocka_unit_test(private_fields_are_disclosed_one_by_one),
    cmocka_unit_test(filters_select_by_any_string_of_the_header),
    cmocka_unit_test(ranges_begin_and_end_anywhere),
    cmocka_unit_test(a_time_range_is_proven_by_its_neighbours_or_the_logs_ends),
    cmocka_unit_test(a_bound_of_time_that_the_range_keeps_by_itself_is_not_claimed),
    cmocka_unit_test(artifacts_travel_with_the_events_that_name_them),
    cmocka_unit_test(states_are_recomputed_where_all_events_are_there),
    cmocka_unit_test(sparse_bundles_have_chosen_events_and_claim_no_completeness),
    cmocka_unit_test(each_event_is_given_to_the_caller_as_it_was_checked),
    cmocka_unit_test(a_verification_can_be_stopped),
    cmocka_unit_test(the_largest_payload_and_very_many_private_fields_pass),
};

int main(void) {
    return cmocka_run_group_tests(tests, start, finish);
}
