/* Events signed by a person or service: the signature covers this ledger, this subject and this key, and none counts twice.
 */
#include "tests/ledger/scratch.h"

#include "ledger/dedup/keyrun.h"

static struct scratch s;
static struct log_author *alice, *bob;
static char authors[300]; /* a file with both verifier keys */

static struct log_author *make(const char *name, struct buf *lines) {
    struct log_author *author;
    const char *path = scratch_at(&s, name);
    must(log_author_new(path, name, bytes_of(""), lines, &why));
    buf_put_u8(lines, '\n');
    must(log_author_load(path, bytes_of(""), &author, &why));
    return author;
}

static int start(void **state) {
    struct buf lines;
    (void)state;
    scratch_new(&s, 0);
    buf_init(&lines, 4096);
    buf_put_str(&lines, "# who may sign\n\n");
    alice = make("alice.example", &lines);
    bob = make("bob.example", &lines);
    snprintf(authors, sizeof(authors), "%s/authors", s.top);
    scratch_write(authors, bytes_of_buf(&lines));
    buf_done(&lines);
    return 0;
}

static int finish(void **state) {
    (void)state;
    log_author_free(alice);
    log_author_free(bob);
    scratch_done(&s);
    return 0;
}

static struct log_draft grant(const struct log_author *author, const char *key) {
    static struct buf body;
    struct log_draft draft =
        scratch_draft("permission.granted", "pack/pdf",
                      scratch_map(&body, "{\"group\":\"exec\",\"scope\":\"inbox\",\"tier\":\"T1\",\"note\":\"why\"}"));
    draft.author = author;
    draft.key = bytes_of(key);
    return draft;
}

#define KEY_1 "9f0c6c1d2b7a4e0f8d3c5b6a79887766"
#define KEY_2 "0f0c6c1d2b7a4e0f8d3c5b6a79887700"

static void all_signatures_verify(uint64_t n) {
    struct log_trust *trust = log_trust_new();
    char want[64];
    must(log_trust_authors(trust, authors, &why));
    struct log_report *report = scratch_report(s.ledger, trust, true);
    if (report->n_findings != 0) {
        fail_msg("%s", report->findings[0].reason);
    }
    snprintf(want, sizeof(want), "%llu signed: %llu by authors you named, 0 by others", (unsigned long long)n,
             (unsigned long long)n);
    assert_non_null(strstr(report->aspect[LOG_AUTHORS].text, want));
    assert_int_equal(report->aspect[LOG_AUTHORS].state, LOG_ASPECT_GOOD);
    free(report);
    log_trust_free(trust);
}

static void a_signed_event_names_its_author_and_verifies(void **state) {
    struct log_draft draft = grant(alice, KEY_1);
    struct log_receipt r;
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    must(log_append(s.ledger, &draft, &r, NULL, &why));
    draft = grant(bob, NULL); /* gets a key of its own */
    must(log_append(s.ledger, &draft, &r, NULL, &why));
    must(log_reader_open(s.ledger, 1, 3, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    assert_true(bytes_is(event.author, "alice.example") && bytes_is(event.key, KEY_1));
    must(log_reader_next(reader, &event, &why));
    assert_true(bytes_is(event.author, "bob.example"));
    assert_int_equal(event.key.n, 32);
    log_reader_close(reader);
    all_signatures_verify(2);
}

static void the_key_of_a_signed_event_must_be_long_enough_to_be_random(void **state) {
    struct log_draft draft = grant(alice, "short");
    (void)state;
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_INVALID, "at least 128 random bits");
    draft.key = bytes_of("123456789012345678901");
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_INVALID, "at least 128 random bits");
    draft.key = bytes_of("1234567890123456789012");
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
}

static void replay(bool external) {
    static char text[30000];
    struct buf body;
    struct log_batch *batch;
    struct log_receipt r;
    struct log_draft draft = grant(alice, KEY_1);
    size_t at;
    buf_init(&body, 1 << 20);
    if (external) {
        memset(text, 'z', sizeof(text) - 1);
        draft.kind = bytes_of("run.step");
        draft.subject = bytes_of("run/1");
        draft.body = scratch_map(&body, "{\"step\":\"%s\"}", text);
    }
    must(log_append(s.ledger, &draft, &r, NULL, &why));
    must(log_append(s.ledger, &draft, &r, NULL, &why)); /* the same source: the same event */
    assert_true(r.duplicate && r.seq == 1);
    draft.source = bytes_of("elsewhere");
    for (int where = 0; where < 4;
         where++) { /* in the tail, after a reopening, in a bundle, in a bundle after a reopening */
        must_fail(log_append(s.ledger, &draft, &r, NULL, &why), ERR_CONFLICT,
                  "event 1 is signed by 'alice.example' with this 'key' already: a signed event counts once");
        if (where == 0 || where == 2) {
            scratch_reopen(&s);
        } else {
            scratch_fill(&s, 1000, 1600, true);
        }
    }
    draft.author = bob; /* his own key of the same text */
    must(log_append(s.ledger, &draft, &r, NULL, &why));
    assert_false(r.duplicate);
    must(log_batch_new(s.ledger, &batch, &why));
    draft.author = alice;
    draft.key = bytes_of(KEY_2);
    must(log_batch_add(batch, &draft, &why));
    draft.source = bytes_of("a third");
    must(log_batch_add(batch, &draft, &why));
    must_fail(log_batch_commit(batch, NULL, NULL, &at, &why), ERR_CONFLICT, "event 1 of the batch: event");
    assert_int_equal(at, 1);
    log_batch_free(batch);
    all_signatures_verify(2);
    buf_done(&body);
}

static void a_signed_event_cannot_be_played_again_from_another_source(void **state) {
    (void)state;
    replay(false);
}

static void nor_one_whose_payload_has_a_record_of_its_own(void **state) {
    (void)state;
    replay(true);
}

static void nor_one_whose_key_lies_in_a_segment(void **state) {
    struct log_draft draft = grant(alice, KEY_1);
    (void)state;
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    scratch_fill(&s, 0, CORE_SEGMENT + 300, true);
    scratch_append(&s, 1, "one more");
    scratch_reopen(&s);
    draft.source = bytes_of("elsewhere");
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_CONFLICT, "a signed event counts once");
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    scratch_reopen(&s);
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_CONFLICT, "a signed event counts once");
    all_signatures_verify(1);
}

static void an_author_who_is_not_named_is_noted_and_not_checked(void **state) {
    struct log_draft draft = grant(alice, NULL);
    (void)state;
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->n_findings, 0);
    assert_int_equal(report->aspect[LOG_AUTHORS].state, LOG_ASPECT_NOTE);
    assert_string_equal(report->aspect[LOG_AUTHORS].text,
                        "1 signed: 0 by authors you named, 1 by others (not checked); " EVENT_NOT_AUTHORS);
    free(report);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(a_signed_event_names_its_author_and_verifies),
        each(the_key_of_a_signed_event_must_be_long_enough_to_be_random),
        each(a_signed_event_cannot_be_played_again_from_another_source),
        each(nor_one_whose_payload_has_a_record_of_its_own),
        each(nor_one_whose_key_lies_in_a_segment),
        each(an_author_who_is_not_named_is_noted_and_not_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
