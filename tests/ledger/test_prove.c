/* Proofs of single events: of every event of ledgers of awkward sizes, checked without the ledger; and refused if leaf,
 * payload or proof belongs to another event. */
#include "tests/ledger/scratch.h"

static struct scratch s;
static struct log_trust *trust;

static int start(void **state) {
    (void)state;
    scratch_new(&s, (uint64_t)256 << 20);
    trust = log_trust_new();
    must(log_trust_key(trust, log_vkey(s.ledger), &why));
    return 0;
}

static int finish(void **state) {
    (void)state;
    log_trust_free(trust);
    scratch_done(&s);
    return 0;
}

struct proven {
    struct buf proof, leaf, payload;
};

static void prove(uint64_t seq, struct proven *p) {
    buf_clear(&p->proof);
    buf_clear(&p->leaf);
    buf_clear(&p->payload);
    must(log_prove(s.ledger, seq, &p->proof, &p->leaf, &p->payload, &why));
}

static void proven_init(struct proven *p) {
    buf_init(&p->proof, 1 << 20);
    buf_init(&p->leaf, 1 << 20);
    buf_init(&p->payload, 4 << 20);
}

static void proven_done(struct proven *p) {
    buf_done(&p->proof);
    buf_done(&p->leaf);
    buf_done(&p->payload);
}

static struct log_report report;

static enum log_verdict check(const struct buf *proof, const struct buf *leaf, const struct buf *payload) {
    must(log_verify_proof(bytes_of_buf(proof), bytes_of_buf(leaf), bytes_of_buf(payload), trust, &report, &why));
    return report.verdict;
}

static void every_event_of_every_size_is_proven(void **state) {
    static const uint64_t sizes[] = {1, 2, 3, 255, 256, 257, 258, 512, 769};
    struct proven p;
    (void)state;
    proven_init(&p);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        scratch_fill(&s, scratch_size(&s), sizes[i], false);
        assert_int_equal(scratch_size(&s), sizes[i]);
        for (uint64_t seq = 0; seq<sizes[i]; seq += sizes[i]> 260 ? 3 : 1) {
            prove(seq, &p);
            if (check(&p.proof, &p.leaf, &p.payload) != LOG_GOOD) {
                fail_msg("event %llu of %llu: %s", (unsigned long long)seq, (unsigned long long)sizes[i],
                         report.findings[0].reason);
            }
            assert_int_equal(report.head.size, sizes[i]);
            assert_string_equal(report.origin, SCRATCH_ORIGIN);
        }
        must_fail(log_prove(s.ledger, sizes[i], &p.proof, NULL, NULL, &why), ERR_NOTFOUND, "there is no event");
    }
    proven_done(&p);
}

static void events_of_a_tree_of_three_levels_of_tiles_are_proven(void **state) {
    static const uint64_t sizes[] = {65535, 65536, 65537, 65536 + 256, 2 * 65536 + 300};
    struct proven p;
    (void)state;
    proven_init(&p);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t n = sizes[i];
        const uint64_t seqs[] = {0, 1, 255, 256, 32767, 65279, 65280, 65534, 65535, 65536, 65791, n - 257, n - 2, n - 1};
        scratch_fill(&s, scratch_size(&s), n, false);
        for (size_t k = 0; k < sizeof(seqs) / sizeof(seqs[0]); k++) {
            if (seqs[k] < n) {
                prove(seqs[k], &p);
                assert_int_equal(check(&p.proof, &p.leaf, &p.payload), LOG_GOOD);
            }
        }
    }
    proven_done(&p);
}

static void the_wrong_leaf_payload_or_proof_is_refused(void **state) {
    struct proven a, b;
    struct buf none = {0};
    (void)state;
    proven_init(&a);
    proven_init(&b);
    scratch_fill(&s, 1, 300, false);
    prove(17, &a);
    prove(18, &b);
    assert_int_equal(check(&a.proof, &a.leaf, &a.payload), LOG_GOOD);
    assert_int_equal(check(&a.proof, &a.leaf, &none), LOG_GOOD);
    assert_int_equal(report.aspect[LOG_AUTHORS].state, LOG_ASPECT_UNCHECKED);
    assert_int_equal(check(&a.proof, &b.leaf, &b.payload), LOG_INVALID);
    assert_string_equal(report.findings[0].reason, "the leaf's seq is not the proof's index");
    assert_int_equal(check(&a.proof, &a.leaf, &b.payload), LOG_INVALID);
    assert_string_equal(report.findings[0].reason, "the payload is not the one that the leaf commits to");
    for (size_t at = 0; at < a.leaf.n; at += 3) {
        a.leaf.p[at] ^= 0x01;
        assert_int_equal(check(&a.proof, &a.leaf, &a.payload), LOG_INVALID);
        a.leaf.p[at] ^= 0x01;
    }
    for (size_t at = 0; at < a.payload.n; at++) {
        a.payload.p[at] ^= 0x01;
        assert_int_equal(check(&a.proof, &a.leaf, &a.payload), LOG_INVALID);
        a.payload.p[at] ^= 0x01;
    }
    a.payload.n = 20;
    assert_int_equal(check(&a.proof, &a.leaf, &a.payload), LOG_INVALID);
    assert_string_equal(report.findings[0].reason, "the payload file is shorter than its salt");
    proven_done(&a);
    proven_done(&b);
}

static void no_changed_byte_of_a_proof_is_good(void **state) {
    struct proven p;
    (void)state;
    proven_init(&p);
    scratch_fill(&s, 1, 40, false);
    prove(17, &p);
    size_t last = p.proof.n - 1; /* where the last line begins: the epoch key's */
    while (p.proof.p[last - 1] != '\n') {
        last--;
    }
    for (size_t bit = 0; bit < 8 * p.proof.n; bit++) {
        p.proof.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        int rc =
            log_verify_proof(bytes_of_buf(&p.proof), bytes_of_buf(&p.leaf), bytes_of_buf(&p.payload), trust, &report, &why);
        /* a verifier that trusts the log key need not know the epoch key */
        assert_true(rc != 0 || report.verdict != LOG_GOOD || bit / 8 >= last);
        p.proof.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    proven_done(&p);
}

static void a_proof_is_good_only_by_a_key_that_was_named(void **state) {
    struct proven p;
    struct scratch other;
    struct log_trust *none = log_trust_new(), *wrong = log_trust_new();
    (void)state;
    proven_init(&p);
    scratch_new(&other, 0);
    must(log_trust_key(wrong, log_vkey(other.ledger), &why));
    prove(0, &p);
    const struct log_trust *nobody[] = {NULL, none, wrong};
    for (size_t i = 0; i < 3; i++) {
        must(log_verify_proof(bytes_of_buf(&p.proof), bytes_of_buf(&p.leaf), bytes_of_buf(&p.payload), nobody[i], &report,
                              &why));
        /* another key under the log's name means that there are two logs */
        assert_int_equal(report.verdict, nobody[i] == wrong ? LOG_CONTRADICTS : LOG_NOT_ANCHORED);
    }
    log_trust_free(none);
    log_trust_free(wrong);
    scratch_done(&other);
    proven_done(&p);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(every_event_of_every_size_is_proven),          each(events_of_a_tree_of_three_levels_of_tiles_are_proven),
        each(the_wrong_leaf_payload_or_proof_is_refused),   each(no_changed_byte_of_a_proof_is_good),
        each(a_proof_is_good_only_by_a_key_that_was_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
