/* Verification of one event's proof: the leaf, the payload, the checkpoint, and what the caller trusts. */
#include "tests/ledger/judge.h"

#include "ledger/core/author.h"
#include "ledger/tree/tlog_proof.h"
#include "ledger/trust/trust.h"

#define SIZE 300
#define SEQ  257 /* signed by an author */

static struct log_trust *trust;
static struct log_author *author;
static struct buf proof, leaf, payload; /* of event SEQ */

static void prove(uint64_t seq) {
    buf_clear(&proof);
    buf_clear(&leaf);
    buf_clear(&payload);
    must(log_prove(s.ledger, seq, &proof, &leaf, &payload, &why));
}

static int start_proof(void **state) {
    struct buf body = {0}, vkey;
    start(state);
    buf_init(&proof, 1 << 20);
    buf_init(&leaf, 1 << 20);
    buf_init(&payload, 1 << 22);
    buf_init(&vkey, NOTE_VKEY_MAX);
    must(log_author_new(scratch_at(&s, "alice.key"), "alice@example.org", (struct bytes){NULL, 0}, &vkey, &why));
    must(log_author_load(scratch_at(&s, "alice.key"), (struct bytes){NULL, 0}, &author, &why));
    scratch_write(scratch_at(&s, "authors"), bytes_of_buf(&vkey));
    scratch_fill(&s, 1, SEQ, true);
    struct log_draft draft = scratch_draft("run.step", "run/1", scratch_map(&body, "{\"step\":\"signed\"}"));
    draft.author = author;
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    scratch_fill(&s, SEQ + 1, SIZE, true);
    prove(SEQ);
    trust = log_trust_new();
    assert_non_null(trust);
    buf_done(&vkey);
    buf_done(&body);
    return 0;
}

static int finish_proof(void **state) {
    log_trust_free(trust);
    log_author_free(author);
    buf_done(&proof);
    buf_done(&leaf);
    buf_done(&payload);
    return finish(state);
}

static void check(bool with_payload) {
    must(log_verify_proof(bytes_of_buf(&proof), bytes_of_buf(&leaf),
                          with_payload ? bytes_of_buf(&payload) : (struct bytes){NULL, 0}, trust, &report, &why));
}

static void trust_nothing(void) {
    log_trust_free(trust);
    trust = log_trust_new();
    assert_non_null(trust);
}

static void trust_log(void) {
    must(log_trust_key(trust, log_vkey(s.ledger), &why));
}

static const char *genesis_hex(void) {
    static char hex[2 * EVENT_HASH + 1];
    uint8_t first[EVENT_HASH];
    log_genesis(s.ledger, first);
    text_hex(hex, first, sizeof(first));
    return hex;
}

/* Invalid, with exactly this finding; nothing can compensate for it. */
static void refused(bool with_payload, const char *table, const char *text) {
    check(with_payload);
    verdict_is(LOG_INVALID);
    assert_int_equal(report.n_findings, 1);
    assert_string_equal(report.findings[0].place, table);
    if (strstr(report.findings[0].reason, text) == NULL) {
        fail_msg("'%s', not '%s'", report.findings[0].reason, text);
    }
    assert_int_equal(report.aspect[report.findings[0].aspect].state, LOG_ASPECT_FAULT);
}

/* ---- good ones ---- */

static void every_kind_of_event_is_proven(void **state) {
    static const uint64_t seqs[] = {0, 1, 255, 256, SEQ, SIZE - 1};
    (void)state;
    trust_log();
    for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
        char text[100];
        prove(seqs[i]);
        for (int with_payload = 0; with_payload < 2; with_payload++) {
            check(with_payload);
            verdict_is(LOG_GOOD);
            snprintf(text, sizeof(text), "event %llu (", (unsigned long long)seqs[i]);
            aspect_is(LOG_INTEGRITY, LOG_ASPECT_GOOD, text);
            aspect_is(LOG_INTEGRITY, LOG_ASPECT_GOOD, ") is in the tree of 300 events");
            aspect_is(LOG_SEALS, LOG_ASPECT_GOOD, "signed by the trusted log key 'example.org/box-1'");
            aspect_is(LOG_ANCHORING, LOG_ASPECT_GOOD, "by the log key");
            aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "one event; the rest of the ledger is not examined");
            aspect_is(LOG_ERASURES, LOG_ASPECT_UNCHECKED, "not examined");
        }
    }
    assert_int_equal(report.head.size, SIZE);
    assert_string_equal(report.origin, SCRATCH_ORIGIN);
}

static void without_a_trusted_key_a_proof_is_not_anchored(void **state) {
    struct signer other = key_new(SCRATCH_ORIGIN);
    char vkey[NOTE_VKEY_MAX];
    (void)state;
    check(false);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_SEALS, LOG_ASPECT_NOTE, "no trusted key signed the checkpoint");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_NOTE, "not anchored: signed by nobody you named");
    note_vkey_encode(vkey, &other.vkey);
    must(log_trust_key(trust, vkey, &why));
    check(false); /* another key of the same name */
    verdict_is(LOG_CONTRADICTS);
    assert_string_equal(report.contradicts, "T2");
    must(log_verify_proof(bytes_of_buf(&proof), bytes_of_buf(&leaf), (struct bytes){NULL, 0}, NULL, &report, &why));
    verdict_is(LOG_NOT_ANCHORED);
    signer_done(&other);
}

static void a_proof_needs_the_policys_quorum_too(void **state) {
    uint8_t seed[CRYPT_SEED_LEN] = {1}, public_key[CRYPT_PUBLIC_LEN], secret[CRYPT_SECRET_LEN];
    struct note_vkey witness;
    char vkey[NOTE_VKEY_MAX], policy[4 * NOTE_VKEY_MAX];
    (void)state;
    crypt_keypair(seed, public_key, secret);
    must(note_vkey_make(&witness, bytes_of("witness.example/w"), NOTE_COSIGNATURE, public_key, &why));
    note_vkey_encode(vkey, &witness);
    snprintf(policy, sizeof(policy), "log %s\nwitness w %s\nquorum w\n", log_vkey(s.ledger), vkey);
    scratch_write(scratch_at(&s, "policy"), bytes_of(policy));
    must(log_trust_policy(trust, scratch_at(&s, "policy"), &why));
    check(false);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_ANCHORING, LOG_ASPECT_NOTE, "the policy's quorum of witnesses is not met");
    for (int bad = 0; bad < 2; bad++) {
        struct tlog_proof parsed;
        struct note note;
        struct buf text;
        buf_init(&text, NOTE_MAX);
        prove(SEQ);
        must(tlog_proof_decode(bytes_of_buf(&proof), &parsed, &why));
        must(note_decode(parsed.checkpoint, &note, &why));
        buf_put_bytes(&text, note.text);
        must(note_cosign(&proof, bytes_of_buf(&text), &witness, secret, 1700000000)); /* the note is the proof's end */
        if (bad) {
            proof.p[proof.n - 20] = proof.p[proof.n - 20] == 'A' ? 'B' : 'A';
            refused(false, "checkpoint", "which is trusted, is bad");
        } else {
            check(false);
            verdict_is(LOG_GOOD);
        }
        buf_done(&text);
    }
}

/* ---- bad ones ---- */

static void a_changed_leaf_is_refused(void **state) {
    struct buf good;
    (void)state;
    trust_log();
    buf_init(&good, 1 << 20);
    buf_put_bytes(&good, bytes_of_buf(&leaf));
    for (size_t at = 0; at < good.n; at++) {
        buf_clear(&leaf);
        buf_put_bytes(&leaf, bytes_of_buf(&good));
        leaf.p[at] ^= 1;
        check(true);
        verdict_is(LOG_INVALID);
        aspect_is(LOG_AUTHORS, LOG_ASPECT_UNCHECKED, "the event does not verify");
        leaf.p[at] ^= 1;
        leaf.n = at;
        check(true);
        verdict_is(LOG_INVALID);
    }
    buf_done(&good);
}

static void the_leaf_of_another_event_is_refused(void **state) {
    struct buf other;
    (void)state;
    buf_init(&other, 1 << 20);
    must(log_prove(s.ledger, SEQ + 1, NULL, &other, NULL, &why));
    buf_clear(&leaf);
    buf_put_bytes(&leaf, bytes_of_buf(&other));
    refused(true, "leaf", "the leaf's seq is not the proof's index");
    buf_done(&other);
}

static void another_payload_is_refused(void **state) {
    struct buf other;
    (void)state;
    buf_init(&other, 1 << 20);
    must(log_prove(s.ledger, SEQ + 1, NULL, NULL, &other, &why));
    payload.p[0] ^= 1; /* the salt */
    refused(true, "payload", "the payload is not the one that the leaf commits to");
    payload.p[0] ^= 1;
    payload.p[payload.n - 1] ^= 1;
    refused(true, "payload", "the payload is not the one that the leaf commits to");
    payload.n = EVENT_HASH;
    refused(true, "payload", "the payload file is shorter than its salt");
    payload.n = 0;
    refused(true, "payload", "the payload file is shorter than its salt");
    buf_put_bytes(&payload, bytes_of_buf(&other));
    refused(true, "payload", "the payload is not the one that the leaf commits to");
    check(false);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_UNCHECKED, "not checked: no payload was given");
    buf_done(&other);
}

/* The same hashes under another index, another event's hashes, one hash fewer or more, another checkpoint. */
static void a_proof_that_does_not_lead_to_its_checkpoint_is_refused(void **state) {
    static const char text[] = "the proof does not lead from the leaf to the checkpoint's root";
    struct tlog_proof parsed, other;
    struct buf raw, older, checkpoint;
    (void)state;
    buf_init(&raw, 1 << 20);
    buf_init(&older, 1 << 20);
    buf_init(&checkpoint, NOTE_MAX);
    buf_put_bytes(&raw, bytes_of_buf(&proof));
    must(tlog_proof_decode(bytes_of_buf(&raw), &parsed, &why));
    buf_clear(&proof);
    tlog_proof_encode(&proof, SEQ + 1, &parsed.proof, parsed.checkpoint);
    refused(false, "leaf", "the leaf's seq is not the proof's index");
    must(log_prove(s.ledger, SEQ + 1, &older, NULL, NULL, &why));
    must(tlog_proof_decode(bytes_of_buf(&older), &other, &why));
    buf_clear(&proof);
    tlog_proof_encode(&proof, SEQ, &other.proof, parsed.checkpoint);
    refused(false, "proof", text);
    parsed.proof.n--;
    buf_clear(&proof);
    tlog_proof_encode(&proof, SEQ, &parsed.proof, parsed.checkpoint);
    refused(false, "proof", text);
    parsed.proof.n += 2;
    memset(parsed.proof.hash[parsed.proof.n - 1], 0, MERKLE_HASH);
    buf_clear(&proof);
    tlog_proof_encode(&proof, SEQ, &parsed.proof, parsed.checkpoint);
    refused(false, "proof", text);
    parsed.proof.n--;
    scratch_append(&s, SIZE, NULL);
    must(log_checkpoint(s.ledger, &checkpoint, &why));
    buf_clear(&proof);
    tlog_proof_encode(&proof, SEQ, &parsed.proof, bytes_of_buf(&checkpoint));
    refused(false, "proof", text);
    buf_done(&raw);
    buf_done(&older);
    buf_done(&checkpoint);
}

static void a_proof_cut_within_a_line_is_refused(void **state) {
    (void)state;
    trust_log();
    for (size_t n = 0; n < proof.n; n++) {
        must(log_verify_proof((struct bytes){proof.p, n}, bytes_of_buf(&leaf), (struct bytes){NULL, 0}, trust, &report,
                              &why));
        if (report.verdict != LOG_INVALID) { /* whole signature lines may be missing: the epoch key's is not required */
            assert_true(report.verdict == LOG_NOT_ANCHORED || report.verdict == LOG_GOOD);
            assert_int_equal(proof.p[n - 1], '\n');
        } else {
            assert_int_equal(report.n_findings, 1);
            assert_true(report.findings[0].rule[0] == 'F');
        }
    }
    must(log_verify_proof((struct bytes){proof.p, proof.n / 2}, bytes_of_buf(&leaf), (struct bytes){NULL, 0}, NULL, &report,
                          &why));
    assert_non_null(strstr(report.findings[0].reason, "line"));
}

static void a_bad_signature_of_the_log_is_invalid_to_who_trusts_it(void **state) {
    (void)state;
    size_t at = proof.n - 2; /* backwards over the epoch key's line into the log key's */
    while (proof.p[at] != '\n') {
        at--;
    }
    proof.p[at - 20] = proof.p[at - 20] == 'A' ? 'B' : 'A';
    check(false);
    verdict_is(LOG_NOT_ANCHORED);
    trust_log();
    refused(false, "checkpoint", "which is trusted, is bad");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_NOTE, "not anchored");
}

/* ---- what is already known ---- */

static void trust_checkpoint_of(const char *name, uint64_t size, bool other_root) {
    struct buf note = {0};
    struct signer log = key_of("log.key");
    const struct signer *const keys[] = {&log};
    const struct head head = head_now();
    uint8_t root[EVENT_HASH];
    merkle_edge_root(&head.edge, root);
    root[0] ^= other_root ? 1 : 0;
    scratch_write(scratch_at(&s, name), note_by(&note, SCRATCH_ORIGIN, size, root, keys, 1));
    must(log_trust_checkpoint(trust, scratch_at(&s, name), &why));
    signer_done(&log);
    buf_done(&note);
}

static void a_checkpoint_known_from_before_anchors_its_proofs(void **state) {
    (void)state;
    trust_checkpoint_of("known", SIZE, false);
    check(false);
    verdict_is(LOG_GOOD);
    aspect_is(LOG_ANCHORING, LOG_ASPECT_GOOD, "by its checkpoint, which is known from before");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "one event; its checkpoint is known from before");
    trust_nothing();
    trust_checkpoint_of("larger", SIZE + 1, true); /* of another size: says nothing about this one */
    check(false);
    verdict_is(LOG_NOT_ANCHORED);
}

static void a_known_checkpoint_of_the_same_size_with_another_root_contradicts(void **state) {
    (void)state;
    trust_log();
    trust_checkpoint_of("other", SIZE, true);
    check(false);
    verdict_is(LOG_CONTRADICTS);
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_FAULT, "another root is known: a second history");
    trust_checkpoint_of("known", SIZE, false); /* both are known: one of them is false */
    check(false);
    verdict_is(LOG_CONTRADICTS);
}

static void the_trust_files_head_speaks_for_its_size(void **state) {
    const struct head head = head_now();
    struct buf line;
    uint8_t root[EVENT_HASH];
    (void)state;
    merkle_edge_root(&head.edge, root);
    for (int other = 0; other < 2; other++) {
        root[0] ^= (uint8_t)other;
        buf_init(&line, 4096);
        buf_put_str(&line, "head " SCRATCH_ORIGIN " 300 ");
        merkle_hash_encode(&line, root);
        scratch_write(scratch_at(&s, "trust"), bytes_of_buf(&line));
        trust_nothing();
        must(log_trust_file(trust, scratch_at(&s, "trust"), &why));
        check(false);
        verdict_is(other ? LOG_CONTRADICTS : LOG_GOOD);
        buf_done(&line);
    }
}

static void the_first_events_proof_is_held_to_the_genesis_leaves(void **state) {
    (void)state;
    trust_log();
    must(log_trust_genesis(trust, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", &why));
    check(false); /* another event's proof says nothing about it */
    verdict_is(LOG_GOOD);
    prove(0);
    check(false);
    verdict_is(LOG_CONTRADICTS);
    aspect_is(LOG_ANCHORING, LOG_ASPECT_FAULT, "not one of the genesis leaves that were given: another ledger");
    must(log_trust_genesis(trust, genesis_hex(), &why));
    check(false);
    verdict_is(LOG_GOOD);
}

/* ---- authors ---- */

static void an_authors_signature_needs_his_key_and_the_genesis_leaf(void **state) {
    (void)state;
    trust_log();
    check(true);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "signed by an author whom you did not name (not checked)");
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    check(true);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "give the ledger's genesis leaf to check it");
    must(log_trust_genesis(trust, genesis_hex(), &why));
    check(true);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "signed by an author you named");
    verdict_is(LOG_GOOD);
    prove(SEQ + 1);
    check(true);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "the event is not signed by an author");
}

static void the_trust_files_genesis_line_serves_too(void **state) {
    char line[200];
    (void)state;
    trust_log();
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    snprintf(line, sizeof(line), "genesis example.org/other %s\n", genesis_hex());
    scratch_write(scratch_at(&s, "trust"), bytes_of(line));
    must(log_trust_file(trust, scratch_at(&s, "trust"), &why));
    check(true);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "give the ledger's genesis leaf to check it");
    snprintf(line, sizeof(line), "genesis " SCRATCH_ORIGIN " %s\n", genesis_hex());
    scratch_write(scratch_at(&s, "trust"), bytes_of(line));
    must(log_trust_file(trust, scratch_at(&s, "trust"), &why));
    check(true);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "signed by an author you named");
}

/* Its message names another ledger's first leaf: replayed there it would not verify. */
static void an_authors_signature_under_another_genesis_is_bad(void **state) {
    (void)state;
    trust_log();
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    must(log_trust_genesis(trust, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", &why));
    check(true);
    verdict_is(LOG_INVALID);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_FAULT, "the author's signature is bad");
}

/* The checkpoint has the new origin, the author signed under the first one. */
static void an_author_who_signed_before_a_restore_is_still_known(void **state) {
    struct ledger *ledger = NULL;
    char key[FILE_PATH_MAX];
    (void)state;
    must(log_backup(s.ledger, scratch_at(&s, "backup"), &why));
    must(keyring_log_path(s.ledger->config.keys, key, &why));
    const struct log_restore_options o = {.actor = "user:test", .log_key = scratch_at(&s, "log")};
    scratch_copy(key, o.log_key);
    must(log_restore(scratch_at(&s, "backup"), scratch_at(&s, "restored"), &o, &why));
    must(log_open(scratch_at(&s, "restored"), NULL, &ledger, &why));
    scratch_close(&s);
    s.ledger = ledger;
    trust_log();
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    must(log_trust_genesis(trust, genesis_hex(), &why));
    prove(SEQ);
    check(true);
    verdict_is(LOG_GOOD);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "signed by an author you named");
    trust_nothing();
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    must(log_trust_genesis(trust, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", &why));
    check(true); /* it may be of an origin between: neither good nor bad */
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "not confirmed: the ledger was restored");
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, start_proof, finish_proof)
    const struct CMUnitTest tests[] = {
        T(every_kind_of_event_is_proven),
        T(without_a_trusted_key_a_proof_is_not_anchored),
        T(a_proof_needs_the_policys_quorum_too),
        T(a_changed_leaf_is_refused),
        T(the_leaf_of_another_event_is_refused),
        T(another_payload_is_refused),
        T(a_proof_that_does_not_lead_to_its_checkpoint_is_refused),
        T(a_proof_cut_within_a_line_is_refused),
        T(a_bad_signature_of_the_log_is_invalid_to_who_trusts_it),
        T(a_checkpoint_known_from_before_anchors_its_proofs),
        T(a_known_checkpoint_of_the_same_size_with_another_root_contradicts),
        T(the_trust_files_head_speaks_for_its_size),
        T(the_first_events_proof_is_held_to_the_genesis_leaves),
        T(an_authors_signature_needs_his_key_and_the_genesis_leaf),
        T(the_trust_files_genesis_line_serves_too),
        T(an_authors_signature_under_another_genesis_is_bad),
        T(an_author_who_signed_before_a_restore_is_still_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
