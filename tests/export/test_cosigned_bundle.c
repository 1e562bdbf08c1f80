/* Bundles under a policy that requires witnesses. Their lines are in the member `checkpoint`, which the manifest names by
 * size and root alone: anyone who holds a bundle can have its checkpoint cosigned later. */
#include "tests/export/forge.h"

#define PARTIES 7 /* w1 to w5; `x`, whom no policy names; `n`, who uses the name w1 */
#define LOG     "log $0\n"
#define W       LOG "witness w1 $1\nwitness w2 $2\nwitness w3 $3\nwitness w4 $4\nwitness w5 $5\n"
#define BY_LOG  "by log key 'example.org/box-1'"
#define QUORUM  BY_LOG " with the policy's quorum of witnesses"
#define SHORT   "the log key is trusted, but the policy's quorum of witnesses is not met"

static struct log_trust *known; /* of the test */
static struct {
    struct note_vkey vkey;
    uint8_t secret[CRYPT_SECRET_LEN];
} party[PARTIES];

static int start(void **state) {
    static const char *const names[PARTIES] = {"w1.example", "w2.example", "w3.example", "w4.example",
                                               "w5.example", "x.example",  "w1.example"};
    start_small(state);
    for (unsigned i = 0; i < PARTIES; i++) {
        uint8_t seed[CRYPT_SEED_LEN] = {(uint8_t)(i + 1)}, public_key[CRYPT_PUBLIC_LEN];
        crypt_keypair(seed, public_key, party[i].secret);
        must(note_vkey_make(&party[i].vkey, bytes_of(names[i]), NOTE_COSIGNATURE, public_key, &why));
    }
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

/* ---- cosigning ---- */

/* Adds a line to a note for each of `who`: "13", "x", "n"; '!' corrupts the one after it, '~' makes it sign another size.
 */
static void cosign(struct buf *note, const char *who) {
    struct note parsed;
    struct buf text;
    buf_init(&text, NOTE_MAX);
    must(note_decode(bytes_of_buf(note), &parsed, &why));
    buf_put_bytes(&text, parsed.text);
    for (char mark = 0; *who != '\0'; who++) {
        if (*who == '!' || *who == '~') {
            mark = *who;
            continue;
        }
        unsigned i = *who == 'x' ? 5 : *who == 'n' ? 6 : (unsigned)(*who - '1');
        size_t size = (size_t)((uint8_t *)memchr(text.p, '\n', text.n) - text.p) + 1;
        text.p[size] ^= mark == '~' ? 1 : 0;
        must(note_cosign(note, bytes_of_buf(&text), &party[i].vkey, party[i].secret, 1790000000));
        text.p[size] ^= mark == '~' ? 1 : 0;
        if (mark == '!') {
            note->p[note->n - 20] = note->p[note->n - 20] == 'A' ? 'B' : 'A';
        }
        mark = 0;
    }
    assert_int_equal(note->fail, 0);
    buf_done(&text);
}

/* The bundle with the lines of these, in `changed`. */
static struct bytes cosigned(const char *who) {
    members_take(bytes_of_buf(&bundle));
    cosign(&members[member(BUNDLE_CHECKPOINT)].content, who);
    return tar_of_members();
}

/* A policy; $0 is the log's key, $1 to $5 are those of witnesses. */
static void trust_policy(const char *policy) {
    struct buf text;
    char vkey[NOTE_VKEY_MAX];
    buf_init(&text, 1 << 16);
    for (; *policy != '\0'; policy++) {
        if (*policy != '$') {
            buf_put_u8(&text, (uint8_t)*policy);
        } else if (*++policy == '0') {
            buf_put_str(&text, log_vkey(s.ledger));
        } else {
            note_vkey_encode(vkey, &party[*policy - '1'].vkey);
            buf_put_str(&text, vkey);
        }
    }
    scratch_write(scratch_at(&s, "policy"), bytes_of_buf(&text));
    must(log_trust_policy(known, scratch_at(&s, "policy"), &why));
    buf_done(&text);
}

static void the_verdict_is(enum log_verdict verdict, const char *text) {
    verdict_is(verdict);
    aspect_is(LOG_ANCHORING, verdict == LOG_GOOD ? LOG_ASPECT_GOOD : LOG_ASPECT_NOTE, text);
}

/* ---- tests ---- */

static void the_policys_quorum_decides_whether_a_bundle_is_anchored(void **state) {
    static const struct {
        const char *policy, *who;
        bool met;
        unsigned cosigned;
    } cases[] = {
        {W "quorum w1\n", "", false, 0},
        {W "quorum w1\n", "1", true, 1},
        {W "quorum w1\n", "2", false, 1},
        {W "group g 2 w1 w2 w3\nquorum g\n", "", false, 0},
        {W "group g 2 w1 w2 w3\nquorum g\n", "1", false, 1},
        {W "group g 2 w1 w2 w3\nquorum g\n", "11", false, 1}, /* one witness counts once, however often it signs */
        {W "group g 2 w1 w2 w3\nquorum g\n", "13", true, 2},
        {W "group g 2 w1 w2 w3\nquorum g\n", "123", true, 3},
        {W "group g 2 w1 w2 w3\nquorum g\n", "145", false, 3}, /* w4 and w5 are not in the group */
        {W "group g 2 w1 w2 w3\nquorum g\n", "1x", false, 1},  /* x is unknown */
        {W "group g 2 w1 w2 w3\nquorum g\n", "2n", false, 1},  /* a known name with another key */
        {W "group g 2 w1 w2 w3\nquorum g\n", "xn", false, 0},
        {W "group g all w1 w2 w3\nquorum g\n", "12", false, 2},
        {W "group g all w1 w2 w3\nquorum g\n", "312", true, 3},
        {W "group g any w1 w2 w3\nquorum g\n", "4", false, 1},
        {W "group g any w1 w2 w3\nquorum g\n", "4x3", true, 2},
        {W "group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup top all x y\nquorum top\n", "123", false, 3},
        {W "group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup top all x y\nquorum top\n", "145", false, 3},
        {W "group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup top all x y\nquorum top\n", "125", true, 3},
        {W "group x all w1 w2\ngroup y 2 x w3 w4\ngroup z all y w5\nquorum z\n", "135", false, 3},
        {W "group x all w1 w2\ngroup y 2 x w3 w4\ngroup z all y w5\nquorum z\n", "1235", true, 4},
    };
    static const uint64_t seqs[] = {1, 3};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct export_options o = everything();
        char text[200];
        trust_done(NULL);
        trust_nothing(NULL);
        trust_policy(cases[i].policy);
        snprintf(text, sizeof(text), cases[i].met ? QUORUM : SHORT " (%u cosigned)", cases[i].cosigned);
        cut(&o);
        verify(cosigned(cases[i].who), known);
        the_verdict_is(cases[i].met ? LOG_GOOD : LOG_NOT_ANCHORED, text);
        assert_int_equal(report.log.n_findings, 0);
        o.seqs = seqs;
        o.n_seqs = 2;
        cut(&o);
        verify(cosigned(cases[i].who), known);
        the_verdict_is(cases[i].met ? LOG_GOOD : LOG_NOT_ANCHORED, text);
    }
}

static void a_wrong_cosignature_of_a_known_witness_makes_it_invalid(void **state) {
    static const char *const wrong[] = {"!1", "~1", "!12", "12!3", "12~3", "1!1"};
    struct export_options o = everything();
    (void)state;
    trust_policy(W "group g 2 w1 w2 w3\nquorum g\n");
    cut(&o);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        verify(cosigned(wrong[i]), known);
        verdict_is(LOG_INVALID);
        assert_int_equal(report.log.findings[0].aspect, LOG_SEALS);
        assert_string_equal(report.log.findings[0].place, BUNDLE_CHECKPOINT);
        assert_non_null(strstr(report.log.findings[0].reason, ".example' is bad"));
        verify(bytes_of_buf(&changed), trust); /* a verifier that does not know the witness does not judge it */
        verdict_is(LOG_GOOD);
    }
    verify(cosigned("12!x!n"), known);
    the_verdict_is(LOG_GOOD, QUORUM);
}

static void no_key_and_no_genesis_leaf_make_up_for_a_missing_quorum(void **state) {
    uint8_t leaf[LOG_HASH];
    char hex[2 * LOG_HASH + 1];
    struct export_options o = everything();
    (void)state;
    trust_policy(W "group g 2 w1 w2 w3\nquorum g\n");
    must(log_trust_key(known, log_vkey(s.ledger), &why));
    log_genesis(s.ledger, leaf);
    text_hex(hex, leaf, sizeof(leaf));
    must(log_trust_genesis(known, hex, &why));
    cut(&o);
    verify(cosigned("1"), known);
    the_verdict_is(LOG_NOT_ANCHORED, SHORT " (1 cosigned)");
    verify(cosigned("12"), known);
    the_verdict_is(LOG_GOOD, QUORUM);
}

static void witnesses_do_not_stand_in_for_the_logs_key(void **state) {
    struct export_options o = everything();
    (void)state;
    trust_policy("witness w1 $1\nquorum w1\n");
    cut(&o);
    verify(cosigned("1"), known);
    the_verdict_is(LOG_NOT_ANCHORED, "signed by nobody you named");
}

static void cosignatures_are_nothing_to_who_asks_for_none(void **state) {
    struct export_options o = everything();
    (void)state;
    trust_policy(LOG "quorum none\n");
    cut(&o);
    verify(cosigned("123x"), known);
    the_verdict_is(LOG_GOOD, BY_LOG);
    assert_null(strstr(report.log.aspect[LOG_ANCHORING].text, "quorum"));
    verify(cosigned("123x"), NULL);
    verdict_is(LOG_NOT_ANCHORED);
}

static void cosignatures_that_the_ledger_has_leave_with_its_checkpoint(void **state) {
    struct export_options o = everything();
    struct db_txn *txn;
    struct buf note;
    (void)state;
    trust_policy(W "group g 2 w1 w2 w3\nquorum g\n");
    buf_init(&note, NOTE_MAX);
    must(log_checkpoint(s.ledger, &note, &why));
    cosign(&note, "23");
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_put(txn, T_META, bytes_of("checkpoint"), bytes_of_buf(&note), DB_PUT, &why));
    must(db_commit(txn, &why));
    for (int plain = 0; plain < 2; plain++) {
        o.plain = plain;
        cut(&o);
        verify(bytes_of_buf(&bundle), known);
        the_verdict_is(LOG_GOOD, QUORUM);
    }
    scratch_append(&s, 3, NULL); /* a new head, which no witness has seen */
    cut(&o);
    verify(bytes_of_buf(&bundle), known);
    the_verdict_is(LOG_NOT_ANCHORED, SHORT " (0 cosigned)");
    buf_done(&note);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, trust_nothing, trust_done)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(the_policys_quorum_decides_whether_a_bundle_is_anchored),
        WITH(a_wrong_cosignature_of_a_known_witness_makes_it_invalid),
        WITH(no_key_and_no_genesis_leaf_make_up_for_a_missing_quorum),
        WITH(witnesses_do_not_stand_in_for_the_logs_key),
        WITH(cosignatures_are_nothing_to_who_asks_for_none),
        WITH(cosignatures_that_the_ledger_has_leave_with_its_checkpoint),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
