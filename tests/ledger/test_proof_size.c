/* The length of proofs: for events of a log of 80 million, as log_prove writes them and anyone can check them. No such log
 * is stored: log_prove is given its head, its checkpoint and its nodes, which can be computed because all leaves except
 * that of the event are alike. */
#include "tests/ledger/merkle_trees.h"
#include "tests/ledger/scratch.h"

#include "ledger/event/event.h"
#include "ledger/signing/keyfile.h"
#include "tests/ledger/header.h"

#define EVENTS    UINT64_C(80000000)
#define WITNESSES 2

/* "<host name>/ledger" is an origin by default, and a host name has at most 64 bytes. */
#define LONG_ORIGIN "a-host-name-of-sixty-four-bytes.which-is-the-longest.example.org/ledger"

static struct scratch s;
static struct { /* the log, while `on` */
    bool on;
    uint64_t seq; /* of the event */
    struct buf header, note;
    uint8_t leaf[MERKLE_HASH];
    char vkey[NOTE_VKEY_MAX];
} big;
static struct {
    struct note_vkey vkey;
    uint8_t secret[CRYPT_SECRET_LEN];
} witness[WITNESSES];

/* ---- the log ---- */

static int big_node(void *ctx, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err) {
    uint64_t size = EVENTS;
    (void)ctx;
    if (big.seq >> level != index) return uniform_node(&size, level, index, ret, err);
    assert_true((index + 1) << level <= size);
    memcpy(ret, big.leaf, MERKLE_HASH);
    for (unsigned i = 0; i < level; i++) {
        uint8_t beside[MERKLE_HASH];
        uniform_node(&size, i, 0, beside, err);
        bool right = (big.seq >> i & 1) != 0;
        merkle_node(ret, right ? beside : ret, right ? ret : beside);
    }
    return 0;
}

int __real_core_view_begin(struct ledger *ledger, struct core_view *view, struct err *err);
int __wrap_core_view_begin(struct ledger *ledger, struct core_view *view, struct err *err);
int __wrap_core_view_begin(struct ledger *ledger, struct core_view *view, struct err *err) {
    int rc = __real_core_view_begin(ledger, view, err);
    if (rc == 0 && big.on) {
        view->head.size = EVENTS;
    }
    return rc;
}

int __real_core_node(void *view, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err);
int __wrap_core_node(void *view, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err);
int __wrap_core_node(void *view, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err) {
    return (big.on ? big_node : __real_core_node)(view, level, index, ret, err);
}

int __real_core_checkpoint_get(struct db_txn *txn, struct bytes *ret, struct err *err);
int __wrap_core_checkpoint_get(struct db_txn *txn, struct bytes *ret, struct err *err);
int __wrap_core_checkpoint_get(struct db_txn *txn, struct bytes *ret, struct err *err) {
    if (!big.on) return __real_core_checkpoint_get(txn, ret, err);
    *ret = bytes_of_buf(&big.note);
    return 0;
}

/* The event and everything around it. */
static void make_event(uint64_t seq) {
    static const uint8_t body[EVENT_HASH] = {1}, prev[EVENT_HASH] = {2};
    struct event_header h = {.seq = seq,
                             .time = UINT64_C(1790000000000000000) + seq,
                             .schema = 1,
                             .kind = bytes_of(seq == 0 ? "ledger.created" : "permission.granted"),
                             .subject = bytes_of("pack/pdf-ops-pack"),
                             .actor = bytes_of("user:alice"),
                             .source = bytes_of("cli"),
                             .grade = bytes_of("measured"),
                             .body = body,
                             .prev = prev};
    buf_clear(&big.header);
    assert_int_equal(header_encode(&big.header, &h), 0);
    event_leaf(big.leaf, bytes_of_buf(&big.header));
    big.seq = seq;
}

static void sign(struct bytes text, const char *name, uint8_t key, char ret_vkey[NOTE_VKEY_MAX]) {
    uint8_t seed[CRYPT_SEED_LEN] = {key};
    struct signer signer;
    must(signer_from_seed(&signer, bytes_of(name), seed, &why));
    must(note_sign(&big.note, text, &signer.vkey, signer.secret));
    note_vkey_encode(ret_vkey, &signer.vkey);
    signer_done(&signer);
}

/* The head's checkpoint signed by `epochs` epoch keys, of which there are two at a handover, and `cosigned` witnesses. */
static void make_note(const char *origin, unsigned epochs, unsigned cosigned) {
    struct merkle_edge edge;
    struct buf text;
    uint8_t root[MERKLE_HASH];
    char name[NOTE_NAME_MAX + 1], epoch[NOTE_VKEY_MAX];
    must(merkle_edge_load(&edge, EVENTS, big_node, NULL, &why));
    merkle_edge_root(&edge, root);
    buf_init(&text, NOTE_MAX);
    must(checkpoint_encode(&text, bytes_of(origin), EVENTS, root));
    buf_clear(&big.note);
    buf_put_bytes(&big.note, bytes_of_buf(&text));
    buf_put_u8(&big.note, '\n');
    sign(bytes_of_buf(&text), origin, 100, big.vkey);
    snprintf(name, sizeof(name), "%s/epoch", origin);
    for (unsigned i = 0; i < epochs; i++) {
        sign(bytes_of_buf(&text), name, (uint8_t)(101 + i), epoch);
    }
    for (unsigned i = 0; i < cosigned; i++) {
        must(note_cosign(&big.note, bytes_of_buf(&text), &witness[i].vkey, witness[i].secret, 1790000000));
    }
    buf_done(&text);
}

/* Somebody who trusts the log's key, and requires both witnesses if they have signed. */
static struct log_trust *trust_of(unsigned cosigned) {
    struct log_trust *trust = log_trust_new();
    char text[4 * NOTE_VKEY_MAX], vkey[WITNESSES][NOTE_VKEY_MAX];
    assert_non_null(trust);
    for (unsigned i = 0; i < WITNESSES; i++) {
        note_vkey_encode(vkey[i], &witness[i].vkey);
    }
    snprintf(text, sizeof(text), "log %s\nwitness a %s\nwitness b %s\ngroup both all a b\nquorum %s\n", big.vkey, vkey[0],
             vkey[1], cosigned == WITNESSES ? "both" : "none");
    scratch_write(scratch_at(&s, "policy"), bytes_of(text));
    must(log_trust_policy(trust, scratch_at(&s, "policy"), &why));
    return trust;
}

static enum log_verdict check(const struct buf *proof, const struct log_trust *trust) {
    static struct log_report report;
    must(log_verify_proof(bytes_of_buf(proof), bytes_of_buf(&big.header), (struct bytes){NULL, 0}, trust, &report, &why));
    assert_int_equal(report.head.size, EVENTS);
    return report.verdict;
}

/* The proof of one event is valid, and with another hash in it, it is not. Returns its length. */
static size_t proof_of(uint64_t seq, const char *origin, unsigned epochs, unsigned cosigned) {
    struct buf proof;
    make_event(seq);
    make_note(origin, epochs, cosigned);
    struct log_trust *trust = trust_of(cosigned);
    buf_init(&proof, 1 << 20);
    big.on = true;
    must(log_prove(s.ledger, seq, &proof, NULL, NULL, &why));
    big.on = false;
    assert_int_equal(check(&proof, trust), LOG_GOOD);
    uint8_t *hash = memmem(proof.p, proof.n, "\nindex ", 7);
    assert_non_null(hash);
    hash = (uint8_t *)memchr(hash + 1, '\n', proof.n) + 5;
    *hash = *hash == 'A' ? 'B' : 'A';
    assert_int_equal(check(&proof, trust), LOG_INVALID);
    size_t n = proof.n;
    buf_done(&proof);
    log_trust_free(trust);
    return n;
}

/* Of the first and the last, of those around the middle and around every power of two. */
static size_t longest(const char *origin, unsigned epochs, unsigned cosigned) {
    const uint64_t seqs[] = {0, 1, EVENTS / 2 - 1, EVENTS / 2, EVENTS - 2, EVENTS - 1};
    size_t most = 0, n;
    for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
        n = proof_of(seqs[i], origin, epochs, cosigned);
        most = n > most ? n : most;
    }
    for (uint64_t power = 4; power < EVENTS; power *= 2) {
        for (uint64_t seq = power - 1; seq <= power + 1; seq++) {
            n = proof_of(seq, origin, epochs, cosigned);
            most = n > most ? n : most;
        }
    }
    return most;
}

/* ---- tests ---- */

static int start(void **state) {
    static const char *const names[WITNESSES] = {"witness.navigli.example.org", "transparency.example.com/witness-1"};
    make_naive(state);
    scratch_new(&s, 0);
    buf_init(&big.header, EVENT_HEADER_MAX);
    buf_init(&big.note, NOTE_MAX);
    for (unsigned i = 0; i < WITNESSES; i++) {
        uint8_t seed[CRYPT_SEED_LEN] = {(uint8_t)(i + 1)}, public_key[CRYPT_PUBLIC_LEN];
        crypt_keypair(seed, public_key, witness[i].secret);
        must(note_vkey_make(&witness[i].vkey, bytes_of(names[i]), NOTE_COSIGNATURE, public_key, &why));
    }
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&big.header);
    buf_done(&big.note);
    scratch_done(&s);
    return 0;
}

static void at_most(size_t n, size_t most) {
    if (n > most) {
        fail_msg("the longest proof has %zu bytes, more than %zu", n, most);
    }
}

static void a_proof_of_one_of_80_million_events_has_at_most_2_KB(void **state) {
    (void)state;
    at_most(longest("example.org/box-1", 1, 0), 2048);
    at_most(longest(LONG_ORIGIN, 1, 0), 2048);
}

static void with_two_cosignatures_it_still_has(void **state) {
    (void)state;
    at_most(longest(LONG_ORIGIN, 1, WITNESSES), 2048);
}

static void at_a_handover_of_keys_it_still_has(void **state) {
    (void)state;
    at_most(longest(LONG_ORIGIN, 2, 0), 2048);
}

/* The name is in the text and in each line of the log. */
static void under_the_longest_name_it_has_half_a_KB_more(void **state) {
    char origin[NOTE_NAME_MAX - 32 + 1];
    (void)state;
    memset(origin, 'n', sizeof(origin) - 1);
    origin[sizeof(origin) - 1] = '\0';
    at_most(longest(origin, 2, 0), 2048 + 512);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_of_one_of_80_million_events_has_at_most_2_KB),
        cmocka_unit_test(with_two_cosignatures_it_still_has),
        cmocka_unit_test(at_a_handover_of_keys_it_still_has),
        cmocka_unit_test(under_the_longest_name_it_has_half_a_KB_more),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
