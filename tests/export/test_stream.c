/* Streams of lines: what follow writes verifies, and whatever was changed is found and named. */
#include "tests/export/stream_box.h"

static const struct stream_options all = {.format = STREAM_JSONL};
static struct buf other; /* a changed copy */

/* Every byte with LEDGER_TEST_FULL=1; else every few, in turn another bit. */
static size_t stride(size_t quick) {
    return getenv("LEDGER_TEST_FULL") != NULL ? 1 : quick;
}

static int start(void **state) {
    (void)state;
    box_start();
    buf_init(&sent, (size_t)256 << 20);
    buf_init(&other, (size_t)256 << 20);
    box_event("x.test.note", "note/1", NULL, "{\"a\":1,\"note\":\"kept\",\"other\":\"also\"}");
    box_event("permission.granted", "pack/pdf", alice,
              "{\"group\":\"exec\",\"scope\":\"inbox\",\"tier\":\"T1\",\"note\":\"for the March invoices\"}");
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    box_event("run.started", "run/r-1", NULL, "{\"agent\":\"coder\"}");
    return 0;
}

static int start_full(void **state) {
    (void)state;
    box_start();
    buf_init(&sent, (size_t)256 << 20);
    buf_init(&other, (size_t)256 << 20);
    box_fill();
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&sent);
    buf_done(&other);
    fail_after = -1;
    box_end();
    return 0;
}

/* `other` is `sent` with these lines, from 1; 0 ends. */
static void arrange(const unsigned *lines) {
    buf_clear(&other);
    for (; *lines > 0; lines++) {
        buf_put_bytes(&other, line_of(bytes_of_buf(&sent), *lines));
    }
}

static void a_stream_of_everything_verifies_over_rotations_and_restores(void **state) {
    (void)state;
    section(&all, 0);
    stream_is_good();
    struct log_head head;
    must(log_head(s.ledger, &head, &why));
    assert_int_equal(found.report.counts.to, head.size);
    assert_int_equal(found.sealed, head.size);
    assert_int_equal(found.report.counts.disclosed, head.size);
    assert_memory_equal(found.report.log.head.root, head.root, LOG_HASH);
    aspect_is(LOG_SEALS, LOG_ASPECT_NOTE, "restored from a backup 1 time");
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "2 events signed by authors you named");
}

static void a_stream_from_any_event_verifies_alone(void **state) {
    struct log_head head;
    (void)state;
    for (uint64_t from = 1; from<760; from += from> 190 && from < 210 ? 1 : 37) {
        buf_clear(&sent);
        must(log_head(s.ledger, &head, &why));
        if (from > head.size) break;
        section(&all, from);
        stream_is_good();
        assert_int_equal(found.report.counts.from, from);
    }
}

/* What is changed is a fault; or the claim is not proven, and the report says so. */
static void is_found(size_t at) {
    stream_of(bytes_of_buf(&sent), trust);
    if (found.report.log.verdict == LOG_GOOD &&
        strstr(found.report.log.aspect[LOG_COMPLETENESS].text, "what was asked for is not proven") == NULL) {
        fail_msg("byte %zu passes: %.60s", at, (const char *)sent.p + (at < 30 ? 0 : at - 30));
    }
}

static void no_flipped_bit_passes(void **state) {
    (void)state;
    section(&all, 0);
    stream_is_good();
    for (size_t i = 0; i < sent.n; i += stride(3)) {
        sent.p[i] ^= (uint8_t)(1U << (i % 8));
        is_found(i);
        sent.p[i] ^= (uint8_t)(1U << (i % 8));
    }
}

static void no_flipped_bit_of_a_filtered_stream_from_later_passes(void **state) {
    struct export_term kind = {"kind", EXPORT_PREFIX, bytes_of("run.")};
    struct stream_options how = {.format = STREAM_JSONL, .terms = &kind, .n_terms = 1};
    (void)state;
    section(&how, 4);
    stream_is_good();
    for (size_t i = 0; i < sent.n; i += stride(3)) {
        sent.p[i] ^= (uint8_t)(1U << (i % 8));
        is_found(i);
        sent.p[i] ^= (uint8_t)(1U << (i % 8));
    }
}

static void a_stream_that_is_cut_says_so_or_has_an_unsealed_tail(void **state) {
    (void)state;
    section(&all, 0);
    for (size_t n = 0; n <= sent.n; n += n > 0 && n < sent.n && sent.p[n] == '\n' ? 1 : stride(7)) {
        stream_of((struct bytes){sent.p, n}, trust);
        bool at_line = n > 0 && sent.p[n - 1] == '\n';
        if (!at_line) {
            verdict_is(LOG_INVALID);
        } else if (found.report.log.verdict == LOG_GOOD) {
            bool open =
                strstr(found.report.log.aspect[LOG_COMPLETENESS].text, "is not proven: event 5 is not in it") != NULL;
            bool tail = strstr(found.report.log.aspect[LOG_COMPLETENESS].text, "not yet sealed") != NULL;
            assert_true(open || tail || n == sent.n);
        } else {
            verdict_is(LOG_NOT_ANCHORED);
            aspect_is(LOG_SEALS, LOG_ASPECT_UNCHECKED, "nothing of it is sealed");
        }
    }
}

/* Lines: 1 begin, 2 to 5 events 0 to 3, 6 the handover's checkpoint, 7 and 8 events 4 and 5, 9 the checkpoint. */
static void lines_that_are_missing_repeated_or_moved_are_named(void **state) {
    (void)state;
    section(&all, 0);
    assert_int_equal(lines_in(bytes_of_buf(&sent)), 9);
    arrange((const unsigned[]){1, 2, 4, 5, 6, 7, 8, 9, 0});
    stream_breaks(bytes_of_buf(&other), "S5", "line 3", 1);
    arrange((const unsigned[]){1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 0});
    stream_breaks(bytes_of_buf(&other), "S5", "line 4", 2);
    arrange((const unsigned[]){1, 2, 4, 3, 5, 6, 7, 8, 9, 0});
    stream_breaks(bytes_of_buf(&other), "S5", "line 3", 1);
    arrange((const unsigned[]){2, 3, 4, 5, 6, 7, 8, 9, 0});
    stream_breaks(bytes_of_buf(&other), "S2", "line 1", LOG_NO_SEQ);
    arrange((const unsigned[]){1, 2, 3, 4, 5, 7, 8, 9, 0});
    stream_breaks(bytes_of_buf(&other), "S9", "line 6", 3);
    arrange((const unsigned[]){1, 2, 3, 4, 5, 6, 7, 9, 0});
    stream_breaks(bytes_of_buf(&other), "S10", "line 8", LOG_NO_SEQ);
    arrange((const unsigned[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 0});
    stream_breaks(bytes_of_buf(&other), "S10", "line 10", LOG_NO_SEQ);
    arrange((const unsigned[]){1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 0});
    stream_breaks(bytes_of_buf(&other), "S10", "line 7", LOG_NO_SEQ);
    stream_breaks((struct bytes){sent.p, sent.n - 3}, "S1", "line 9", 6);
}

static void a_repeated_section_must_have_the_same_events(void **state) {
    (void)state;
    section(&all, 0);
    box_event("run.finished", "run/r-1", NULL, "{}");
    section(&all, 2); /* as after a crash: events 2 to 5 once more */
    stream_is_good();
    assert_int_equal(found.sections, 2);
    assert_int_equal(found.repeated, 4);
    /* A section of another ledger with the same numbers. */
    struct buf mine = {.max = (size_t)16 << 20};
    buf_put_bytes(&mine, bytes_of_buf(&sent));
    finish(NULL);
    start(NULL);
    section(&all, 2);
    buf_put_bytes(&mine, bytes_of_buf(&sent));
    stream_of(bytes_of_buf(&mine), NULL);
    verdict_is(LOG_INVALID);
    buf_done(&mine);
}

static void a_section_that_begins_too_late_is_a_gap(void **state) {
    (void)state;
    section(&all, 0);
    unsigned before = lines_in(bytes_of_buf(&sent));
    box_event("run.finished", "run/r-1", NULL, "{}");
    section(&all, 7);
    char line[32];
    snprintf(line, sizeof(line), "line %u", before + 1);
    stream_breaks(bytes_of_buf(&sent), "S3", line, 6);
}

static void a_filter_leaves_the_leaves_of_the_others(void **state) {
    struct export_term kind = {"kind", EXPORT_EQUALS, bytes_of("run.started")};
    struct stream_options how = {.format = STREAM_JSONL, .terms = &kind, .n_terms = 1};
    (void)state;
    section(&how, 0);
    stream_is_good();
    assert_int_equal(found.report.counts.disclosed, 4); /* created, key_rotated, run.started, exported */
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_GOOD, "2 not chosen");
    /* A claim without the filter makes them missing. */
    struct bytes begin = line_of(bytes_of_buf(&sent), 1);
    buf_clear(&other);
    buf_put_str(&other, "{\"claim\":{\"filter\":[],\"private\":[]}");
    const uint8_t *rest = memmem(begin.p, begin.n, ",\"edge\"", 7);
    buf_put(&other, rest, sent.n - (size_t)(rest - sent.p));
    stream_breaks(bytes_of_buf(&other), "S8", "line 3", 1);
}

/* `other` is `sent` with another first line and the leaf alone of event `hidden`. */
static void hide(const char *claim, uint64_t exported, uint64_t hidden) {
    char mark[48];
    buf_clear(&other);
    for (unsigned n = 1; n <= lines_in(bytes_of_buf(&sent)); n++) {
        struct bytes line = line_of(bytes_of_buf(&sent), n);
        snprintf(mark, sizeof(mark), "\"seq\":%llu}\n", (unsigned long long)hidden);
        if (n == 1) {
            const uint8_t *edge = memmem(line.p, line.n, ",\"edge\"", 7),
                          *end = memmem(line.p, line.n, ",\"exported\"", 11);
            const uint8_t *rest = memmem(line.p, line.n, ",\"format\"", 9);
            buf_put_str(&other, claim);
            buf_put(&other, edge, (size_t)(end - edge));
            buf_printf(&other, ",\"exported\":%llu", (unsigned long long)exported);
            buf_put(&other, rest, (size_t)(line.p + line.n - rest));
        } else if (memmem(line.p, line.n, mark, strlen(mark)) != NULL) {
            struct log_reader *reader = NULL;
            struct log_event event;
            must(log_reader_open(s.ledger, hidden, hidden + 1, &reader, &why));
            must(log_reader_next(reader, &event, &why));
            buf_put_str(&other, "{\"leaf\":\"");
            text_base64(&other, event.leaf, LOG_HASH);
            buf_printf(&other, "\",%s", mark);
            log_reader_close(reader);
        } else {
            buf_put_bytes(&other, line);
        }
    }
}

static void events_that_a_forged_claim_hides_are_not_proven_to_be_left_out(void **state) {
    struct export_term kind = {"kind", EXPORT_EQUALS, bytes_of("run.started")};
    struct stream_options how = {.format = STREAM_JSONL, .terms = &kind, .n_terms = 1};
    (void)state;
    section(&how, 0); /* shows 0, 3, 4 and 5; the claim is its own, but its event is beyond the end */
    struct bytes begin = line_of(bytes_of_buf(&sent), 1);
    const uint8_t *edge = memmem(begin.p, begin.n, ",\"edge\"", 7);
    char claim[256];
    snprintf(claim, sizeof(claim), "%.*s", (int)(edge - begin.p), (const char *)begin.p);
    hide(claim, 1000000, 5);
    stream_of(bytes_of_buf(&other), trust);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "event 1000000 is not in it, so nothing shows that 3 events");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_GOOD, "");
    /* The event is there, but no checkpoint covers it. */
    buf_clear(&sent);
    must(try_section(&how, 0, false));
    stream_of(bytes_of_buf(&sent), trust);
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "event 6 is not sealed");
    verdict_is(LOG_NOT_ANCHORED);
    /* The section after it seals it. */
    section(&how, 7);
    stream_is_good();
}

static void private_fields_leave_only_by_name(void **state) {
    const char *names[] = {"note"};
    struct stream_options how = {.format = STREAM_JSONL, .private_ = names, .n_private = 1};
    (void)state;
    section(&all, 0);
    stream_is_good();
    assert_int_equal(found.report.counts.private_, 0);
    buf_clear(&sent);
    section(&how, 0);
    stream_is_good();
    assert_int_equal(found.report.counts.private_, 2);
}

static void erased_events_are_accounted_for_by_the_stream(void **state) {
    uint64_t seqs[] = {1};
    struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .reason = "request", .actor = "user:test", .seqs = seqs, .n_seqs = 1};
    (void)state;
    must(log_erase(s.ledger, &o, NULL, &why));
    section(&all, 0);
    stream_is_good();
    assert_int_equal(found.report.counts.erased, 1);
    aspect_is(LOG_ERASURES, LOG_ASPECT_NOTE, "1 body was erased, each by a ledger.erased event of the stream");
    assert_null(memmem(sent.p, sent.n, "\"erased\":false", 14));
}

/* `other` is `sent` with event `seq` marked: its header, and nothing that it commits to. */
static void mark(uint64_t seq, bool erased) {
    char end[48];
    snprintf(end, sizeof(end), "\"seq\":%llu}\n", (unsigned long long)seq);
    buf_clear(&other);
    for (unsigned n = 1; n <= lines_in(bytes_of_buf(&sent)); n++) {
        struct bytes line = line_of(bytes_of_buf(&sent), n);
        const uint8_t *payload = memmem(line.p, line.n, ",\"payload\":", 11);
        if (memmem(line.p, line.n, end, strlen(end)) == NULL || payload == NULL) {
            buf_put_bytes(&other, line);
            continue;
        }
        buf_put_str(&other, erased ? "{\"erased\":true," : "{");
        buf_put(&other, line.p + 1, (size_t)(payload - line.p) - 1);
        buf_printf(&other, ",\"seq\":%llu%s}\n", (unsigned long long)seq, erased ? "" : ",\"withheld\":true");
    }
}

static void marks_that_no_sealed_event_repeats_are_not_proven(void **state) {
    (void)state;
    section(&all, 0);
    stream_is_good();
    mark(2, true);
    stream_of(bytes_of_buf(&other), trust);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_ERASURES, LOG_ASPECT_NOTE, "no sealed event of the stream says so of 1, the first is 2");
    mark(2, false);
    stream_of(bytes_of_buf(&other), trust);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "that 1 had to be withheld is said by the file alone");
}

static void an_erasure_proves_a_mark_when_it_is_sealed(void **state) {
    uint64_t seqs[] = {1};
    struct log_erase_options o = {
        .what = LOG_ERASE_BODY, .reason = "request", .actor = "user:test", .seqs = seqs, .n_seqs = 1};
    (void)state;
    section(&all, 0);
    mark(1, true); /* as a follower writes it that reads it later */
    buf_clear(&sent);
    buf_put_bytes(&sent, bytes_of_buf(&other));
    must(log_erase(s.ledger, &o, NULL, &why));
    must(try_section(&all, 6, false));
    stream_of(bytes_of_buf(&sent), trust);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_ERASURES, LOG_ASPECT_NOTE, "of 1, the first is 1");
    section(&all, 6);
    stream_is_good();
}

static void a_repeat_that_ends_early_seals_nothing_of_what_it_repeats(void **state) {
    (void)state;
    section(&all, 2); /* to event 5, with a checkpoint of size 6 */
    buf_clear(&other);
    buf_put_bytes(&other, bytes_of_buf(&sent));
    buf_clear(&sent);
    must(try_section(&all, 0, false)); /* to event 6, with the handover's checkpoint of size 4 */
    buf_put_bytes(&sent, bytes_of_buf(&other));
    stream_is_good();
    assert_int_equal(found.report.counts.to, 7);
    assert_int_equal(found.sealed, 4);
    section(&all, 7);
    stream_is_good();
    assert_int_equal(found.sealed, 8);
}

static void a_head_known_from_before_is_compared(void **state) {
    struct log_head head;
    char line[512], root[64];
    struct buf b64 = {.max = 64};
    (void)state;
    must(log_head(s.ledger, &head, &why));
    section(&all, 0);
    text_base64(&b64, head.root, LOG_HASH);
    snprintf(root, sizeof(root), "%.*s", (int)b64.n, (const char *)b64.p);
    buf_done(&b64);
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        struct log_trust *t = log_trust_new();
        root[0] = wrong ? (char)(root[0] == 'A' ? 'B' : 'A') : root[0];
        snprintf(line, sizeof(line), "head %s %llu %s\n", log_origin(s.ledger), (unsigned long long)head.size, root);
        scratch_write(scratch_at(&s, "trust"), bytes_of(line));
        must(log_trust_file(t, scratch_at(&s, "trust"), &why));
        stream_of(bytes_of_buf(&sent), t);
        verdict_is(wrong ? LOG_CONTRADICTS : LOG_GOOD);
        log_trust_free(t);
    }
}

static void a_receiver_that_stops_leaves_the_cursor_where_it_was(void **state) {
    (void)state;
    scratch_fill(&s, 10, 3000, true);
    fail_after = 1; /* the begin line, then nothing */
    assert_int_equal(try_section(&all, 0, true), ERR_IO);
    assert_int_equal(taken.next, 0);
    fail_after = 2;
    buf_clear(&sent);
    assert_int_equal(try_section(&all, 0, true), ERR_IO);
    assert_true(taken.next > 0 && taken.next < 3000);
    fail_after = -1;
    section(&all, taken.next);
    stream_is_good();
    assert_int_equal(found.sections, 2);
    assert_int_equal(found.repeated, 0);
    assert_int_equal(found.sealed, found.report.counts.to);
}

static void a_cursor_of_another_ledger_or_ahead_of_it_is_refused(void **state) {
    struct stream_at at = {.next = 3}, back;
    struct log_reader *reader = NULL;
    struct log_event event;
    char path[300];
    (void)state;
    snprintf(path, sizeof(path), "%s", scratch_at(&s, "cursor"));
    assert_int_equal(stream_cursor_read(s.ledger, path, &back, &why), ERR_NOTFOUND);
    must(log_reader_open(s.ledger, 2, 3, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    memcpy(at.leaf, event.leaf, LOG_HASH);
    log_reader_close(reader);
    must(stream_cursor_write(s.ledger, path, &at, &why));
    must(stream_cursor_read(s.ledger, path, &back, &why));
    assert_memory_equal(&at, &back, sizeof(at));
    at.leaf[0] ^= 1;
    must(stream_cursor_write(s.ledger, path, &at, &why));
    assert_int_equal(stream_cursor_read(s.ledger, path, &back, &why), ERR_CONFLICT);
    at.next = 1000;
    must(stream_cursor_write(s.ledger, path, &at, &why));
    assert_int_equal(stream_cursor_read(s.ledger, path, &back, &why), ERR_ROLLBACK);
    struct buf text = {.max = 4096};
    must(file_read(path, &text, &why));
    text.p[strlen("ledger/cursor/v1\n")] = text.p[strlen("ledger/cursor/v1\n")] == 'a' ? 'b' : 'a';
    scratch_write(path, bytes_of_buf(&text));
    assert_int_equal(stream_cursor_read(s.ledger, path, &back, &why), ERR_CONFLICT);
    assert_non_null(strstr(why.msg, "another ledger"));
    scratch_write(path, (struct bytes){text.p, text.n - 1});
    assert_int_equal(stream_cursor_read(s.ledger, path, &back, &why), ERR_INVALID);
    buf_done(&text);
}

#define SMALL(test) cmocka_unit_test_setup_teardown(test, start, finish)
#define FULL(test)  cmocka_unit_test_setup_teardown(test, start_full, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        FULL(a_stream_of_everything_verifies_over_rotations_and_restores),
        FULL(a_stream_from_any_event_verifies_alone),
        SMALL(no_flipped_bit_passes),
        SMALL(no_flipped_bit_of_a_filtered_stream_from_later_passes),
        SMALL(a_stream_that_is_cut_says_so_or_has_an_unsealed_tail),
        SMALL(lines_that_are_missing_repeated_or_moved_are_named),
        SMALL(a_repeated_section_must_have_the_same_events),
        SMALL(a_section_that_begins_too_late_is_a_gap),
        SMALL(a_filter_leaves_the_leaves_of_the_others),
        SMALL(events_that_a_forged_claim_hides_are_not_proven_to_be_left_out),
        SMALL(private_fields_leave_only_by_name),
        SMALL(erased_events_are_accounted_for_by_the_stream),
        SMALL(marks_that_no_sealed_event_repeats_are_not_proven),
        SMALL(an_erasure_proves_a_mark_when_it_is_sealed),
        SMALL(a_repeat_that_ends_early_seals_nothing_of_what_it_repeats),
        SMALL(a_head_known_from_before_is_compared),
        SMALL(a_receiver_that_stops_leaves_the_cursor_where_it_was),
        SMALL(a_cursor_of_another_ledger_or_ahead_of_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
