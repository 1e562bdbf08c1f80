/* False statements or omissions by somebody who has the log key are refused too. */
#include "tests/export/forge.h"

/* ---- somebody signs ---- */

static void a_manifest_signed_by_another_key_does_not_pass(void **state) {
    struct signer other = {0}, log = log_signer(&s);
    struct buf text = {0};
    (void)state;
    cut_small();
    members_take(bytes_of_buf(&bundle));
    forge_statement(&text);
    must(signer_new(&other, bytes_of(SCRATCH_ORIGIN), &why));
    forge_sign(bytes_of_buf(&text), &other);
    is_invalid(tar_of_members(), "keys", "has not signed the manifest");
    memcpy(other.vkey.id, log.vkey.id, NOTE_KEY_ID_LEN); /* it claims to be the log key */
    forge_sign(bytes_of_buf(&text), &other);
    is_invalid(tar_of_members(), "keys", "has not signed the manifest");
    forge_sign(bytes_of_buf(&text), &log);
    verify(tar_of_members(), trust);
    verdict_is(LOG_GOOD);
    signer_done(&other);
    signer_done(&log);
    buf_done(&text);
}

/* The log key says this instead. */
static void says(const char *from, const char *to, const char *member_, const char *text) {
    members_take(bytes_of_buf(&bundle));
    forge_manifest(from, to);
    is_invalid(tar_of_members(), member_, text);
}

static void a_manifest_has_one_form(void **state) {
    (void)state;
    cut_small();
    says("\"format\":2", "\"format\":3", "manifest.dsse.json", "not of format 1 or 2");
    says("{\"_type\"", "{ \"_type\"", "manifest.dsse.json", "is not in its one form");
    says("\"sparse\":false,\"time\":null", "\"time\":null,\"sparse\":false", "manifest.dsse.json",
         "is not in its one form");
    says("\"kind\"", "\"k\\u0069nd\"", "manifest.dsse.json", "is not in its one form");
    says("\"time\":null", "\"time\":null,\"zeta\":1", "manifest.dsse.json", "'predicate' has other members");
    says("\"sparse\":false,", "", "manifest.dsse.json", "has other members");
    says("\"matching\":1", "\"matching\":1.0", "manifest.dsse.json", "'matching' is not a number");
    says("\"matching\":1", "\"matching\":-1", "manifest.dsse.json", "'matching' is not a number");
    says("\"from\":0,\"to\":5", "\"from\":5,\"to\":5", "manifest.dsse.json", "'range' is not a range");
    says("\"from\":0,\"to\":5", "\"from\":0,\"to\":6", "manifest.dsse.json", "'range' is not a range");
    says("\"field\":\"kind\"", "\"field\":\"body\"", "manifest.dsse.json", "does not name a field of a header");
    says("\"op\":\"prefix\"", "\"op\":\"suffix\"", "manifest.dsse.json", "is not equals or prefix");
    says("\"time\":null", "\"time\":{\"from\":null,\"to\":null}", "manifest.dsse.json", "has no bound");
    says("\"time\":null", "\"time\":{\"from\":\"2\",\"to\":\"2\"}", "manifest.dsse.json", "ends before it begins");
    says("\"time\":null", "\"time\":{\"from\":\"02\",\"to\":null}", "manifest.dsse.json", "is not a time");
    says("\"bodies\":\"matching\"", "\"bodies\":\"some\"", "manifest.dsse.json", "is not all, matching or none");
    says("\"private\":[\"note\"]", "\"private\":[\"note\",\"note\"]", "manifest.dsse.json", "'private' is not in order");
    says("\"name\":\"VERIFY.md\"", "\"name\":\"VERIFY.txt\"", "manifest.dsse.json",
         "does not name a member that can be a subject");
    says("\"artifacts\":0", "\"artifacts\":1", "manifest.dsse.json", "does not name what the other parts say");
    says("\"states\":[]", "\"states\":[\"runs\"]", "manifest.dsse.json", "does not name what the other parts say");
}

static void what_a_manifest_claims_is_compared_with_what_is_there(void **state) {
    (void)state;
    cut_small();
    says("\"disclosed\":1", "\"disclosed\":2", "", "counts");
    says("\"erased\":0", "\"erased\":1", "", "counts");
    says("\"headers\":5", "\"headers\":4", "", "counts");
    says("\"matching\":1", "\"matching\":0", "", "counts");
    says("\"private\":1", "\"private\":0", "", "counts");
    says("\"withheld\":0", "\"withheld\":1", "", "counts");
    says("\"gaps\":[]", "\"gaps\":[2]", "", "names gaps that are not in the bundle");
    says("\"size\":5", "\"size\":6", "checkpoint", "are not those of the manifest");
    says("\"origin\":\"example.org/box-1\"", "\"origin\":\"example.org/box-2\"", "checkpoint",
         "are not those of the manifest");
    says("\"from\":0,\"to\":5", "\"from\":1,\"to\":5", "range.proof", "not about the manifest's range");
    says("\"sparse\":false", "\"sparse\":true", "range.proof", "where the lines of a group should");
    says("\"op\":\"prefix\"", "\"op\":\"equals\"", "payloads/0.jsonl", "does not match the filter");
    says("\"value\":\"permission.\"", "\"value\":\"\"", "payloads/0.jsonl", "it matches the filter and has no line");
    says("\"value\":\"permission.\"", "\"value\":\"run\"", "payloads/0.jsonl", "does not match the filter");
    says("\"bodies\":\"matching\"", "\"bodies\":\"all\"", "payloads/0.jsonl", "should be disclosed with all bodies");
    says("\"bodies\":\"matching\"", "\"bodies\":\"none\"", "payloads/0.jsonl", "says that no body is");
    says("\"private\":[\"note\"]", "\"private\":[]", "payloads/0.jsonl", "that the manifest does not name");
}

static void the_bounds_of_a_time_must_be_proven(void **state) {
    struct export_options o = everything();
    struct log_reader *reader;
    struct log_event event;
    char time[64];
    (void)state;
    must(log_reader_open(s.ledger, 2, 3, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    o.from = 2;
    o.to = 4;
    cut(&o);
    is_good();
    snprintf(time, sizeof(time), "\"time\":{\"from\":\"%llu\",\"to\":null}", (unsigned long long)event.time);
    says("\"time\":null", time, "entries/0", "earlier ones may be missing");
    says("\"time\":null", "\"time\":{\"from\":null,\"to\":\"9000000000000000000\"}", "entries/0",
         "later ones may be missing");
    log_reader_close(reader);
}

/* ---- an exporter that leaves something out ---- */

static void an_exporter_cannot_leave_out_an_events_line(void **state) {
    struct export_options o = everything();
    (void)state;
    cut(&o);
    is_good();
    for (size_t i = 0; i < 5; i++) { /* each of five events, with consistent counts */
        members_take(bytes_of_buf(&bundle));
        line_set(&members[member("payloads/0.jsonl")].content, i, bytes_of(""));
        forge_manifest("\"disclosed\":5", "\"disclosed\":4");
        is_invalid(tar_of_members(), i == 4 ? "entries/0" : "payloads/0.jsonl", "it matches the filter and has no line");
        assert_int_equal(report.log.findings[0].seq, i);
        assert_int_equal(report.log.findings[0].aspect, LOG_COMPLETENESS);
        forge_manifest("\"matching\":5", "\"matching\":4");
        is_invalid(tar_of_members(), i == 4 ? "entries/0" : "payloads/0.jsonl", "it matches the filter and has no line");
    }
}

static void an_exporter_cannot_leave_out_a_header(void **state) {
    struct export_options o = everything();
    (void)state;
    cut(&o);
    for (size_t i = 0; i < 5; i++) {
        members_take(bytes_of_buf(&bundle));
        struct buf *entries = &members[member("entries/0")].content;
        size_t at = 0;
        for (size_t k = 0; k < i; k++) {
            at += 2 + be16_get(entries->p + at);
        }
        size_t n = 2 + (size_t)be16_get(entries->p + at);
        memmove(entries->p + at, entries->p + at + n, entries->n - at - n);
        entries->n -= n;
        line_set(&members[member("payloads/0.jsonl")].content, i, bytes_of(""));
        forge_manifest("\"disclosed\":5", "\"disclosed\":4");
        forge_manifest("\"headers\":5", "\"headers\":4");
        forge_manifest("\"matching\":5", "\"matching\":4");
        is_invalid(tar_of_members(), "entries/0", i == 4 ? "it ends before the header of event 4" : "its header has seq");
        forge_manifest("\"from\":0,\"to\":5", "\"from\":0,\"to\":4");
        is_invalid(tar_of_members(), "range.proof", "not about the manifest's range");
    }
}

static void an_exporter_cannot_leave_out_a_handover(void **state) {
    uint8_t before[LOG_HASH];
    (void)state;
    cut_full();
    for (size_t i = 0; i < 4; i++) {
        members_take(bytes_of_buf(&bundle));
        struct buf *keys = &members[member("keys")].content;
        struct bytes all = bytes_of_buf(keys);
        hash_parts(before, &all, 1);
        line_set(keys, i, bytes_of(""));
        forge_digest("keys", before);
        is_invalid(tar_of_members(), "keys", "");
        assert_int_equal(report.log.findings[0].aspect, LOG_SEALS);
        members_take(bytes_of_buf(&bundle));
        keys = &members[member("keys")].content;
        struct buf twice;
        buf_init(&twice, 1 << 20);
        buf_put_bytes(&twice, line_of(keys, i));
        buf_put_bytes(&twice, line_of(keys, i));
        line_set(keys, i, bytes_of_buf(&twice));
        forge_digest("keys", before);
        is_invalid(tar_of_members(), "keys", "");
        buf_done(&twice);
    }
}

static void lines_have_one_form_and_order(void **state) {
    static const char *const wrong[][2] = {{"{\"payload\"", "{ \"payload\""},
                                           {"\"seq\":0}", "\"seq\":00}"},
                                           {"\"seq\":0}", "\"seq\":0 }"},
                                           {"\"seq\":0}\n", "\"seq\":0}\r\n"},
                                           {"\"seq\":1}", "\"seq\":2}"},
                                           {"\"seq\":1}", "\"seq\":0}"},
                                           {"\"seq\":1}", "\"seq\":256}"},
                                           {"\"salt\":\"", "\"salt\":\"A"},
                                           {",\"private\":[", ",\"private\":[{},"},
                                           {",\"private\":[", ",\"privat\":["},
                                           {"\"seq\":2}\n", "\"seq\":2}"},
                                           {"\"seq\":2}", "\"seq\":2,\"withheld\":true}"},
                                           {"{\"payload\":", "{\"erased\":4,\"payload\":"}};
    struct export_options o = everything();
    (void)state;
    cut(&o);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        members_take(bytes_of_buf(&bundle));
        forge_replace(&members[member("payloads/0.jsonl")].content, wrong[i][0], wrong[i][1]);
        must_not_pass("form", i);
    }
    for (size_t i = 0; i < 4; i++) { /* two lines swapped; a line twice */
        struct buf line = {0};
        members_take(bytes_of_buf(&bundle));
        struct buf *lines = &members[member("payloads/0.jsonl")].content;
        buf_init(&line, 1 << 16);
        buf_put_bytes(&line, line_of(lines, i + 1));
        buf_put_bytes(&line, line_of(lines, i));
        line_set(lines, i, bytes_of(""));
        line_set(lines, i, bytes_of_buf(&line));
        must_not_pass("order", i);
        buf_done(&line);
    }
}

/* ---- withheld and erased ---- */

static void a_line_may_say_that_an_event_is_withheld_and_it_is_counted(void **state) {
    struct export_options o = everything();
    (void)state;
    cut(&o);
    members_take(bytes_of_buf(&bundle));
    line_set(&members[member("payloads/0.jsonl")].content, 2, bytes_of("{\"seq\":2,\"withheld\":true}\n"));
    forge_manifest("\"disclosed\":5", "\"disclosed\":5"); /* with the sums of the current members */
    is_invalid(tar_of_members(), "", "counts");
    forge_manifest("\"disclosed\":5", "\"disclosed\":4");
    forge_manifest("\"withheld\":0", "\"withheld\":1");
    verify(tar_of_members(), trust);
    verdict_is(LOG_GOOD);
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_GOOD, "4 disclosed, 1 withheld, 0 erased");
}

static void take_small_with_erasure(void) {
    members_take(bytes_of_buf(&bundle));
    line_set(&members[member("payloads/0.jsonl")].content, 2, bytes_of("{\"erased\":6,\"seq\":2}\n"));
    forge_manifest("\"disclosed\":7", "\"disclosed\":6");
    forge_manifest("\"erased\":0", "\"erased\":1");
}

static void an_erased_body_needs_a_proven_event_that_erased_it(void **state) {
    static const uint64_t right[] = {6}, other[] = {5}, none[] = {4}, both[] = {5, 6}, turned[] = {6, 5};
    struct export_options o = everything();
    (void)state;
    put_erased("{\"what\":\"body\",\"seq\":1}");
    put_erased("{\"what\":\"body\",\"seqs\":[2,3]}");
    assert_int_equal(scratch_size(&s), 7);
    cut(&o);
    is_good();
    take_small_with_erasure();
    is_invalid(tar_of_members(), "payloads/0.jsonl", "no proven event 6 says that its body was erased");
    put_erasures(right, 1);
    verify(tar_of_members(), trust);
    verdict_is(LOG_GOOD);
    aspect_is(LOG_ERASURES, LOG_ASPECT_NOTE, "1 body was erased, each by a proven ledger.erased event");
    take_small_with_erasure();
    put_erasures(both, 2);
    verify(tar_of_members(), trust);
    verdict_is(LOG_GOOD);
    take_small_with_erasure();
    put_erasures(other, 1); /* it erased another */
    is_invalid(tar_of_members(), "payloads/0.jsonl", "no proven event 6 says that its body was erased");
    take_small_with_erasure();
    put_erasures(none, 1);
    is_invalid(tar_of_members(), "erasures", "it is not a ledger.erased event");
    take_small_with_erasure();
    put_erasures(turned, 2);
    is_invalid(tar_of_members(), "erasures", "out of order");
}

/* ---- states and artifacts ---- */

static void states_that_the_events_do_not_give_do_not_pass(void **state) {
    (void)state;
    cut_full();
    forge_content("states/permissions.json", "exec", "exeC");
    is_invalid(tar_of_members(), "states/permissions.json", "are not those that follow from the events");
    members_take(bytes_of_buf(&bundle));
    forge_content("states/runs.json", "\"digest\":\"sha256:", "\"digest\":\"sha256:0");
    is_invalid(tar_of_members(), "states/runs.json", "are not those that follow from the events");
    members_take(bytes_of_buf(&bundle));
    forge_content("states/permissions.json", "\"fold\":", "\"fold\":9");
    verify(tar_of_members(), trust); /* by other rules: the log key's claim */
    verdict_is(LOG_GOOD);
    aspect_is(LOG_STATES, LOG_ASPECT_UNCHECKED, "made by other rules than this program's");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SMALL(a_manifest_signed_by_another_key_does_not_pass),
        SMALL(a_manifest_has_one_form),
        SMALL(what_a_manifest_claims_is_compared_with_what_is_there),
        SMALL(the_bounds_of_a_time_must_be_proven),
        SMALL(an_exporter_cannot_leave_out_an_events_line),
        SMALL(an_exporter_cannot_leave_out_a_header),
        FULL(an_exporter_cannot_leave_out_a_handover),
        SMALL(lines_have_one_form_and_order),
        SMALL(a_line_may_say_that_an_event_is_withheld_and_it_is_counted),
        SMALL(an_erased_body_needs_a_proven_event_that_erased_it),
        FULL(states_that_the_events_do_not_give_do_not_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
