/* Two programs that share only the description of the format give the same verdict: this one, and share/verify_bundle.py.
 */
#include "tests/export/two_verifiers.h"

static void good_bundles_of_every_kind(void **state) {
    static const uint64_t seqs[] = {0, 201, 204, 255, 256, 407, 408, 710};
    static const char *const names[] = {"note", "name"}, *const states[] = {"runs"};
    const struct export_term term[] = {{"kind", EXPORT_PREFIX, bytes_of("permission.")},
                                       {"subject", EXPORT_EQUALS, bytes_of("pack/pdf")}};
    struct export_options o = everything();
    (void)state;
    for (int plain = has_zstd() ? 0 : 1; plain < 2; plain++) {
        o = everything();
        o.plain = plain;
        o.private_ = names;
        o.n_private = 2;
        o.states = states;
        o.n_states = 1;
        o.artifacts = true;
        cut(&o);
        both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    }
    o = everything();
    o.terms = term;
    o.n_terms = 2;
    for (o.bodies = EXPORT_BODIES_MATCHING; o.bodies <= EXPORT_BODIES_NONE; o.bodies++) {
        cut(&o);
        both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    }
    o = everything();
    o.seqs = seqs;
    o.n_seqs = 8;
    o.private_ = names;
    o.n_private = 1;
    cut(&o);
    both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    static const uint64_t at[][2] = {{1, 2}, {200, 300}, {255, 257}, {256, 512}, {405, 711}, {511, 513}, {710, 711}};
    o = everything();
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        o.from = at[i][0];
        o.to = at[i][1];
        cut(&o);
        both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    }
    o = everything();
    o.from = 700;
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why)); /* the head is the handover's */
    cut(&o);
    both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    box_restore("again");
    cut(&o);
    both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    page_agrees();
}

static void what_is_trusted_decides(void **state) {
    struct export_options o = everything();
    struct log_trust *other = log_trust_new(), *leaf = log_trust_new(), *wrong = log_trust_new();
    struct signer signer = {0};
    char other_vkey[NOTE_VKEY_MAX], other_leaf[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    (void)state;
    o.from = 700;
    cut(&o);
    both_say(bytes_of_buf(&bundle), LOG_NOT_ANCHORED, NULL, (const char *const[]){NULL});
    must(signer_new(&signer, bytes_of("example.org/other"), &why));
    note_vkey_encode(other_vkey, &signer.vkey);
    must(log_trust_key(other, other_vkey, &why));
    both_say(bytes_of_buf(&bundle), LOG_NOT_ANCHORED, other, (const char *const[]){"--key", other_vkey, NULL});
    signer_done(&signer);
    must(signer_new(&signer, bytes_of(SCRATCH_ORIGIN), &why));
    note_vkey_encode(other_vkey, &signer.vkey);
    must(log_trust_key(other, other_vkey, &why));
    both_say(bytes_of_buf(&bundle), LOG_CONTRADICTS, other, (const char *const[]){"--key", other_vkey, NULL});
    must(log_trust_genesis(leaf, genesis, &why));
    both_say(bytes_of_buf(&bundle), LOG_GOOD, leaf, (const char *const[]){"--genesis", genesis, NULL});
    must(log_trust_genesis(wrong, other_leaf, &why));
    both_say(bytes_of_buf(&bundle), LOG_CONTRADICTS, wrong, (const char *const[]){"--genesis", other_leaf, NULL});
    log_trust_free(other);
    log_trust_free(leaf);
    log_trust_free(wrong);
    signer_done(&signer);
    page_agrees();
}

static void changed_bundles(void **state) {
    static const char *const names[] = {"note"};
    struct export_options o = everything();
    (void)state;
    o.from = 195;
    o.to = 300;
    o.private_ = names;
    o.n_private = 1;
    o.bodies = EXPORT_BODIES_NONE;
    cut(&o);
    both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    for (size_t i = 0; i < bundle.n; i += 1 + bundle.n / 400) { /* a bit here and there */
        buf_clear(&changed);
        buf_put_bytes(&changed, bytes_of_buf(&bundle));
        changed.p[i] ^= (uint8_t)(1 << i % 8);
        both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    }
    for (size_t i = 0; i < 5; i++) { /* truncated */
        both_trusting((struct bytes){bundle.p, bundle.n * i / 5}, LOG_INVALID);
    }
    buf_clear(&changed);
    buf_put_bytes(&changed, bytes_of_buf(&bundle));
    buf_put_u8(&changed, 0);
    both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    members_take(bytes_of_buf(&bundle));
    for (size_t i = 0; i + 1 < n_members; i++) { /* out of order */
        struct member one = members[i];
        members[i] = members[i + 1];
        members[i + 1] = one;
        members_put(&changed);
        both_trusting(bytes_of_buf(&changed), LOG_INVALID);
        members[i + 1] = members[i];
        members[i] = one;
    }
    page_agrees();
}

static void what_the_log_key_says_wrongly(void **state) {
    static const char *const wrong[][2] = {
        {"\"disclosed\":12", "\"disclosed\":11"},
        {"\"matching\":12", "\"matching\":11"},
        {"\"headers\":12", "\"headers\":11"},
        {"\"private\":1", "\"private\":0"},
        {"\"gaps\":[202]", "\"gaps\":[]"},
        {"\"filter\":[]", "\"filter\":[{\"field\":\"kind\",\"op\":\"equals\",\"value\":\"run.step\"}]"},
        {"\"bodies\":\"matching\"", "\"bodies\":\"none\""},
        {"\"from\":195", "\"from\":196"},
        {"\"to\":207", "\"to\":206"},
        {"\"time\":null", "\"time\":{\"from\":\"5\",\"to\":null}"},
        {"\"time\":null", "\"time\":{\"from\":null,\"to\":\"9000000000000000000\"}"},
        {"\"sparse\":false", "\"sparse\":true"},
        {"\"format\":2", "\"format\":3"},
        {"{\"_type\"", " {\"_type\""},
        {"[\"note\"]", "[]"}};
    static const char *const names[] = {"note"};
    struct export_options o = everything();
    (void)state;
    o.from = 195;
    o.to = 207;
    o.private_ = names;
    o.n_private = 1;
    cut(&o);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        members_take(bytes_of_buf(&bundle));
        forge_manifest(wrong[i][0], wrong[i][1]);
        members_put(&changed);
        both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    }
    for (size_t i = 0; i < 12; i += 3) { /* a line is missing, and the counts are those of the remaining lines */
        members_take(bytes_of_buf(&bundle));
        line_set(&members[member("payloads/0.jsonl")].content, i, bytes_of(""));
        forge_manifest("\"disclosed\":12", "\"disclosed\":11");
        members_put(&changed);
        both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    }
    members_take(bytes_of_buf(&bundle)); /* which may be withheld instead */
    line_set(&members[member("payloads/0.jsonl")].content, 0, bytes_of("{\"seq\":195,\"withheld\":true}\n"));
    forge_manifest("\"disclosed\":12", "\"disclosed\":11");
    forge_manifest("\"withheld\":0", "\"withheld\":1");
    members_put(&changed);
    both_trusting(bytes_of_buf(&changed), LOG_GOOD);
    for (size_t i = 0; i < 4; i++) { /* a handover is missing */
        uint8_t before[LOG_HASH];
        members_take(bytes_of_buf(&bundle));
        struct bytes keys = bytes_of_buf(&members[member("keys")].content);
        hash_parts(before, &keys, 1);
        line_set(&members[member("keys")].content, i, bytes_of(""));
        forge_digest("keys", before);
        members_put(&changed);
        both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    }
    page_agrees();
}

static void erased_bodies(void **state) {
    struct export_options o = everything();
    char line[64];
    (void)state;
    put_erased("{\"what\":\"body\",\"seqs\":[204,205]}");
    put_erased("{\"what\":\"body\",\"seq\":206}");
    uint64_t last = scratch_size(&s) - 1, seqs[] = {last - 1, last};
    o.from = 200;
    o.to = 210;
    cut(&o);
    for (unsigned n = 0; n < 4; n++) { /* no proof, the wrong one, the right one, both */
        members_take(bytes_of_buf(&bundle));
        snprintf(line, sizeof(line), "{\"erased\":%llu,\"seq\":205}\n", (unsigned long long)(last - 1));
        line_set(&members[member("payloads/0.jsonl")].content, 5, bytes_of(line));
        forge_manifest("\"disclosed\":10", "\"disclosed\":9");
        forge_manifest("\"erased\":0", "\"erased\":1");
        if (n > 0) {
            put_erasures(n == 1 ? &seqs[1] : seqs, n == 3 ? 2 : 1);
        }
        members_put(&changed);
        both_trusting(bytes_of_buf(&changed), n < 2 ? LOG_INVALID : LOG_GOOD);
    }
    put_erased("{\"what\":\"body\",\"seqs\":[204,[205]]}"); /* which is not a list of events */
    seqs[0] = last + 1;
    cut(&o);
    for (uint64_t seq = 204; seq < 206; seq++) {
        members_take(bytes_of_buf(&bundle));
        snprintf(line, sizeof(line), "{\"erased\":%llu,\"seq\":%llu}\n", (unsigned long long)seqs[0],
                 (unsigned long long)seq);
        line_set(&members[member("payloads/0.jsonl")].content, seq - 200, bytes_of(line));
        forge_manifest("\"disclosed\":10", "\"disclosed\":9");
        forge_manifest("\"erased\":0", "\"erased\":1");
        put_erasures(seqs, 1);
        members_put(&changed);
        both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    }
    page_agrees();
}

/* Lines about private fields, right and wrong ones; what they say about fields counts only if they were requested. */
static void erased_private_fields(void **state) {
    static const struct {
        const char *body;
        enum log_verdict verdict;
        uint64_t fields, all;
    } cases[] = {
        {"{\"what\":\"private\",\"seq\":205,\"fields\":[\"note\",\"other\"]}", LOG_GOOD, 1, 0},
        {"{\"what\":\"private\",\"seqs\":[204,205,206],\"fields\":[\"note\"]}", LOG_GOOD, 3, 0},
        {"{\"what\":\"private\",\"seqs\":[3,205]}", LOG_GOOD, 0, 1},
        {"{\"what\":\"private\",\"seq\":205,\"fields\":[]}", LOG_GOOD, 0, 0},
        {"{\"what\":\"private\",\"seq\":3,\"fields\":[\"note\"]}", LOG_GOOD, 0, 0},
        {"{\"what\":\"private\",\"fields\":[\"note\"]}", LOG_INVALID, 0, 0},
        {"{\"what\":\"private\",\"seq\":205,\"seqs\":[206]}", LOG_INVALID, 0, 0},
        {"{\"what\":\"artifact\",\"seq\":205}", LOG_INVALID, 0, 0},
    };
    static const char *const names[] = {"note"};
    struct export_options o = everything();
    uint64_t seq[sizeof(cases) / sizeof(cases[0])];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        seq[i] = scratch_size(&s);
        put_erased(cases[i].body);
    }
    o.from = 200;
    o.to = 210;
    o.private_ = names;
    o.n_private = 1;
    cut(&o);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        members_take(bytes_of_buf(&bundle));
        put_erasures(&seq[i], 1);
        members_put(&changed);
        both_trusting(bytes_of_buf(&changed), cases[i].verdict);
        if (cases[i].verdict == LOG_GOOD) {
            assert_int_equal(report.counts.private_erased, cases[i].fields);
            assert_int_equal(report.counts.private_all, cases[i].all);
            assert_int_equal(report.counts.n_erased_by, cases[i].fields + cases[i].all > 0);
        }
    }
    page_agrees();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_bundles_of_every_kind),
        cmocka_unit_test(what_is_trusted_decides),
        cmocka_unit_test(changed_bundles),
        cmocka_unit_test(what_the_log_key_says_wrongly),
        cmocka_unit_test(erased_bodies),
        cmocka_unit_test(erased_private_fields),
    };
    return cmocka_run_group_tests(tests, start, done);
}
