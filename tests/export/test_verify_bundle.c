/* What a verdict says, and what it depends on: keys, genesis, heads and checkpoints that the caller knows. */
#include "tests/export/bundle_box.h"

#include "ledger/signing/keyfile.h"

static struct log_trust *known; /* of the test */
static char at_210[FILE_PATH_MAX], first_origin[NOTE_NAME_MAX + 1];
static uint64_t restored_from;

/* The first half, then a checkpoint that a friend keeps, then the rest. */
static int start(void **state) {
    struct buf note;
    (void)state;
    box_start();
    snprintf(first_origin, sizeof(first_origin), "%s", log_origin(s.ledger));
    scratch_fill(&s, 0, 209, false);
    buf_init(&note, NOTE_MAX);
    must(log_checkpoint(s.ledger, &note, &why));
    snprintf(at_210, sizeof(at_210), "%s", scratch_at(&s, "at-210"));
    scratch_write(at_210, bytes_of_buf(&note));
    buf_done(&note);
    scratch_fill(&s, 209, 219, false);
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why)); /* event 220 */
    scratch_fill(&s, 219, 229, false);
    box_event("permission.granted", "pack/pdf", alice,
              "{\"group\":\"exec\",\"scope\":\"inbox\",\"tier\":\"T1\",\"note\":\"for March\"}"); /* 231 */
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_end();
    return 0;
}

static int trust_nothing(void **state) {
    (void)state;
    known = log_trust_new();
    return known == NULL;
}

static int trust_done(void **state) {
    (void)state;
    log_trust_free(known);
    return 0;
}

/* A bundle of [from, to), verified against what is known. */
static void range(uint64_t from, uint64_t to) {
    struct export_options o = everything();
    o.from = from;
    o.to = to;
    cut(&o);
    verify(bytes_of_buf(&bundle), known);
}

static void the_verdict_is(enum log_verdict verdict, const char *text) {
    verdict_is(verdict);
    aspect_is(LOG_ANCHORING,
              verdict == LOG_GOOD           ? LOG_ASPECT_GOOD
              : verdict == LOG_NOT_ANCHORED ? LOG_ASPECT_NOTE
                                            : LOG_ASPECT_FAULT,
              text);
}

/* The root at a size, from a bundle from the first event to there: what a friend would have kept. */
static void know_head(uint64_t size, bool wrong) {
    struct core_view view = {0};
    struct merkle_edge edge;
    uint8_t root[MERKLE_HASH];
    must(core_view_begin(s.ledger, &view, &why));
    must(merkle_edge_load(&edge, size, core_node, &view, &why));
    core_view_end(&view);
    merkle_edge_root(&edge, root);
    root[5] ^= wrong;
    must(policy_set_head(known->policy, bytes_of(first_origin), size, root, &why));
}

static void nothing_known_is_not_anchored(void **state) {
    (void)state;
    range(0, 10);
    the_verdict_is(LOG_NOT_ANCHORED, "no key, policy, genesis leaf or earlier checkpoint was given");
    verify(bytes_of_buf(&bundle), NULL);
    the_verdict_is(LOG_NOT_ANCHORED, "no key, policy, genesis leaf or earlier checkpoint was given");
    aspect_is(LOG_CONTAINER, LOG_ASPECT_GOOD, "8 members, plain");
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_GOOD, "10 headers in a chain and in the tree of 232 events, 10 payloads");
    aspect_is(LOG_SEALS, LOG_ASPECT_GOOD, "by log key 'example.org/box-1'; 2 epoch keys, 1 handover");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_GOOD, "complete within [0, 10); outside not examined");
    assert_string_equal(report.log.origin, first_origin);
}

static void a_key_a_genesis_leaf_and_a_policy_anchor_or_contradict(void **state) {
    uint8_t leaf[LOG_HASH];
    char hex[2 * LOG_HASH + 1], vkey[NOTE_VKEY_MAX];
    struct signer other;
    (void)state;
    must(signer_new(&other, bytes_of(SCRATCH_ORIGIN), &why));
    note_vkey_encode(vkey, &other.vkey);
    must(log_trust_key(known, vkey, &why));
    range(5, 10);
    the_verdict_is(LOG_CONTRADICTS, "another key is trusted under the name 'example.org/box-1'");
    must(log_trust_key(known, log_vkey(s.ledger), &why));
    range(5, 10);
    the_verdict_is(LOG_GOOD, "by log key 'example.org/box-1'");
    log_genesis(s.ledger, leaf);
    leaf[0] ^= 1;
    text_hex(hex, leaf, sizeof(leaf));
    must(log_trust_genesis(known, hex, &why));
    range(5, 10);
    the_verdict_is(LOG_CONTRADICTS, "not one of the genesis leaves that were given");
    leaf[0] ^= 1;
    text_hex(hex, leaf, sizeof(leaf));
    must(log_trust_genesis(known, hex, &why));
    range(5, 10);
    the_verdict_is(LOG_GOOD, "by log key");
    signer_done(&other);
}

static void a_quorum_that_is_not_met_does_not_anchor(void **state) {
    char text[1200];
    uint8_t seed[CRYPT_SEED_LEN] = {1}, public_key[CRYPT_PUBLIC_LEN], secret[CRYPT_SECRET_LEN];
    struct note_vkey witness;
    char vkey[NOTE_VKEY_MAX];
    (void)state;
    crypt_keypair(seed, public_key, secret);
    must(note_vkey_make(&witness, bytes_of("witness.example/w"), NOTE_COSIGNATURE, public_key, &why));
    note_vkey_encode(vkey, &witness);
    snprintf(text, sizeof(text), "log %s\nwitness w %s\nquorum w\n", log_vkey(s.ledger), vkey);
    scratch_write(scratch_at(&s, "policy"), bytes_of(text));
    must(log_trust_policy(known, scratch_at(&s, "policy"), &why));
    range(0, 10);
    the_verdict_is(LOG_NOT_ANCHORED, "the policy's quorum of witnesses is not met (0 cosigned)");
}

static void a_known_head_is_compared_where_the_tree_can_be_told(void **state) {
    static const struct {
        uint64_t size, from, to;
        bool can;
    } wanted[] = {{210, 200, 232, true},  {210, 210, 232, true}, {210, 0, 210, true}, {210, 209, 210, true},
                  {210, 211, 232, false}, {210, 0, 209, false},  {232, 0, 5, true},   {221, 0, 5, true},
                  {220, 0, 5, false},     {1, 0, 5, true},       {5, 0, 5, true},     {6, 0, 5, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        for (int wrong = 0; wrong < 2; wrong++) {
            unsigned long long n = wanted[i].size;
            char text[100];
            trust_done(NULL);
            trust_nothing(NULL);
            know_head(wanted[i].size, wrong);
            range(wanted[i].from, wanted[i].to);
            snprintf(text, sizeof(text),
                     !wanted[i].can ? "knows the first %llu event%s, which cannot be compared"
                     : wrong        ? "the first %llu event%s %s the trust file knows"
                                    : "by the trust file (%llu event%s)",
                     n, n == 1 ? "" : "s", n == 1 ? "is not the one that" : "are not those that");
            the_verdict_is(!wanted[i].can ? LOG_NOT_ANCHORED : wrong ? LOG_CONTRADICTS : LOG_GOOD, text);
        }
    }
}

static void a_bundle_that_was_cut_before_a_known_head_is_no_contradiction(void **state) {
    uint8_t root[MERKLE_HASH] = {0};
    (void)state;
    must(policy_set_head(known->policy, bytes_of(first_origin), 1000, root, &why));
    must(log_trust_key(known, log_vkey(s.ledger), &why));
    range(0, 10);
    the_verdict_is(LOG_GOOD, "the trust file knows 1000 events, the bundle was cut when there were 232");
}

static void a_checkpoint_of_the_callers_is_checked_too(void **state) {
    struct scratch other;
    struct buf note;
    (void)state;
    must(log_trust_checkpoint(known, at_210, &why));
    range(200, 232);
    the_verdict_is(LOG_GOOD, "by the checkpoint '");
    range(220, 232);
    the_verdict_is(LOG_NOT_ANCHORED, "which cannot be compared: they end outside the range, 220 to 232");
    struct export_options chosen = everything();
    chosen.seqs = (const uint64_t[]){5, 225};
    chosen.n_seqs = 2;
    cut(&chosen);
    verify(bytes_of_buf(&bundle), known);
    the_verdict_is(LOG_NOT_ANCHORED,
                   "the first 210 events, which cannot be compared: chosen events do not give their root");
    scratch_new(&other, 0);
    buf_init(&note, NOTE_MAX);
    must(log_checkpoint(other.ledger, &note, &why));
    scratch_write(scratch_at(&s, "other"), bytes_of_buf(&note));
    must(log_trust_checkpoint(known, scratch_at(&s, "other"), &why));
    range(200, 232);
    the_verdict_is(LOG_CONTRADICTS, "has no signature of the log key");
    buf_done(&note);
    scratch_done(&other);
}

static void authors_that_nobody_named_are_not_checked(void **state) {
    (void)state;
    must(log_trust_key(known, log_vkey(s.ledger), &why));
    range(225, 232);
    verdict_is(LOG_GOOD);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "1 event signed by authors: 0 by ones you named, 1 not checked");
    must(log_trust_authors(known, authors_path, &why));
    range(225, 232);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "1 event signed by authors you named");
    range(0, 231);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "no disclosed event is signed by an author");
}

static void what_is_no_bundle_is_invalid(void **state) {
    (void)state;
    verify(bytes_of(""), known);
    verdict_is(LOG_INVALID);
    assert_non_null(strstr(report.log.findings[0].reason, "the file is cut short"));
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_UNCHECKED, "not checked");
    char text[2000];
    memset(text, 'x', sizeof(text));
    verify((struct bytes){(const uint8_t *)text, sizeof(text)}, known);
    verdict_is(LOG_INVALID);
    assert_non_null(strstr(report.log.findings[0].reason, "no ustar header"));
    assert_int_equal(report.log.findings[0].aspect, LOG_CONTAINER);
}

/* The last one: it changes the ledger. */
static void a_head_that_a_restore_left_behind_contradicts(void **state) {
    uint8_t root[MERKLE_HASH] = {0};
    (void)state;
    restored_from = scratch_size(&s);
    box_restore("back");
    scratch_fill(&s, 1000, 1010, false);
    must(log_trust_key(known, log_vkey(s.ledger), &why));
    range(0, 10);
    the_verdict_is(LOG_GOOD, "by log key");
    aspect_is(LOG_SEALS, LOG_ASPECT_NOTE, "restored from a backup 1 time, last by event 232");
    must(policy_set_head(known->policy, bytes_of(first_origin), restored_from + 3, root, &why));
    range(0, 10);
    the_verdict_is(LOG_CONTRADICTS, "this ledger was restored from 232 of them");
    struct log_head head;
    must(log_head(s.ledger, &head, &why));
    must(policy_set_head(known->policy, bytes_of(log_origin(s.ledger)), head.size, head.root, &why));
    range(0, 10);
    the_verdict_is(LOG_GOOD, "by log key");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, trust_nothing, trust_done)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(nothing_known_is_not_anchored),
        WITH(a_key_a_genesis_leaf_and_a_policy_anchor_or_contradict),
        WITH(a_quorum_that_is_not_met_does_not_anchor),
        WITH(a_known_head_is_compared_where_the_tree_can_be_told),
        WITH(a_bundle_that_was_cut_before_a_known_head_is_no_contradiction),
        WITH(a_checkpoint_of_the_callers_is_checked_too),
        WITH(authors_that_nobody_named_are_not_checked),
        WITH(what_is_no_bundle_is_invalid),
        WITH(a_head_that_a_restore_left_behind_contradicts),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
