/* Keys that cannot sign (docs/format.md 7) are refused for every key of a ledger, by both verifiers: points of small order,
 * encodings that are not canonical, S of L and more. The ledger and its bundle are made by a program that accepts any
 * signature, so nothing else is wrong with them. */
#include "tests/export/two_verifiers.h"

#define KEYS 8 /* generated keys: the ledger's two, an author's */

static const uint8_t group_order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                        0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
static uint8_t seeds[KEYS][CRYPT_SEED_LEN];
static unsigned n_seeds, victim; /* whose signatures are given by `weak`, in the order in which keys are generated */
static bool believes;            /* any signature */

static const struct weak {
    const char *key, *r; /* in hex; NULL: unchanged */
    bool zero, more;     /* S is 0, S is S + L */
} * weak;

#define IDENTITY "0100000000000000000000000000000000000000000000000000000000000000"

static const struct weak weaknesses[] = {
    {IDENTITY, IDENTITY, true, false},
    {"0100000000000000000000000000000000000000000000000000000000000080", IDENTITY, true, false},
    {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", IDENTITY, true, false}, /* order 2 */
    {"0000000000000000000000000000000000000000000000000000000000000000", IDENTITY, true, false}, /* order 4 */
    {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", IDENTITY, true, false}, /* order 8 */
    {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", IDENTITY, true, false}, /* p + 1 */
    {"efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", IDENTITY, true, false}, /* p + 2 */
    {NULL, IDENTITY, false, false},
    {NULL, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false, false},
    {NULL, NULL, false, true},
};

void __real_crypt_keypair(const uint8_t seed[CRYPT_SEED_LEN], uint8_t ret_public[CRYPT_PUBLIC_LEN],
                          uint8_t ret_secret[CRYPT_SECRET_LEN]);
void __wrap_crypt_keypair(const uint8_t seed[CRYPT_SEED_LEN], uint8_t ret_public[CRYPT_PUBLIC_LEN],
                          uint8_t ret_secret[CRYPT_SECRET_LEN]);
void __real_crypt_sign(uint8_t ret[CRYPT_SIGNATURE_LEN], struct bytes message, const uint8_t secret[CRYPT_SECRET_LEN]);
void __wrap_crypt_sign(uint8_t ret[CRYPT_SIGNATURE_LEN], struct bytes message, const uint8_t secret[CRYPT_SECRET_LEN]);
bool __real_crypt_verify(const uint8_t signature[CRYPT_SIGNATURE_LEN], struct bytes message,
                         const uint8_t public_key[CRYPT_PUBLIC_LEN]);
bool __wrap_crypt_verify(const uint8_t signature[CRYPT_SIGNATURE_LEN], struct bytes message,
                         const uint8_t public_key[CRYPT_PUBLIC_LEN]);

/* A secret key begins with its seed. */
static bool is_victim(const uint8_t *seed) {
    return weak != NULL && victim < n_seeds && memcmp(seed, seeds[victim], CRYPT_SEED_LEN) == 0;
}

static void put_hex(uint8_t *ret, const char *hex) {
    assert_int_equal(text_unhex(ret, 32, bytes_of(hex)), 0);
}

void __wrap_crypt_keypair(const uint8_t seed[CRYPT_SEED_LEN], uint8_t ret_public[CRYPT_PUBLIC_LEN],
                          uint8_t ret_secret[CRYPT_SECRET_LEN]) {
    unsigned i = 0;
    while (i < n_seeds && memcmp(seeds[i], seed, CRYPT_SEED_LEN) != 0) {
        i++;
    }
    if (i == n_seeds) {
        assert_true(n_seeds < KEYS);
        memcpy(seeds[n_seeds++], seed, CRYPT_SEED_LEN);
    }
    __real_crypt_keypair(seed, ret_public, ret_secret);
    if (is_victim(seed) && weak->key != NULL) {
        put_hex(ret_public, weak->key);
    }
}

void __wrap_crypt_sign(uint8_t ret[CRYPT_SIGNATURE_LEN], struct bytes message, const uint8_t secret[CRYPT_SECRET_LEN]) {
    __real_crypt_sign(ret, message, secret);
    if (!is_victim(secret)) return;
    if (weak->r != NULL) {
        put_hex(ret, weak->r);
    }
    for (unsigned i = 0, sum = 0; i < 32; i++) {
        sum += ret[32 + i] + (weak->more ? group_order[i] : 0U);
        ret[32 + i] = weak->zero ? 0 : (uint8_t)sum;
        sum >>= 8;
    }
}

bool __wrap_crypt_verify(const uint8_t signature[CRYPT_SIGNATURE_LEN], struct bytes message,
                         const uint8_t public_key[CRYPT_PUBLIC_LEN]) {
    return believes || __real_crypt_verify(signature, message, public_key);
}

/* ---- a ledger with one weak key ---- */

/* Its bundle, of one signed event, in `bundle`. */
static void make(unsigned who, const struct weak *how) {
    struct export_options o = everything();
    n_seeds = 0;
    victim = who;
    weak = how;
    believes = true;
    start_small(NULL);
    snprintf(vkey, sizeof(vkey), "%s", log_vkey(s.ledger));
    cut(&o);
    believes = false;
}

static void unmake(void) {
    believes = true;
    finish(NULL);
    believes = false;
    weak = NULL;
}

static void a_weak_log_or_epoch_key_signs_nothing(void **state) {
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        for (size_t i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]); i++) {
            make(who, &weaknesses[i]);
            both_trusting(bytes_of_buf(&bundle), LOG_INVALID);
            page_agrees();
            unmake();
        }
    }
    make(KEYS, &weaknesses[0]); /* no key: what was refused was refused for that key alone */
    both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    page_agrees();
    unmake();
}

/* The script does not check authors. */
static void a_weak_author_signs_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]); i++) {
        make(2, &weaknesses[i]);
        verify(bytes_of_buf(&bundle), trust);
        verdict_is(LOG_INVALID);
        aspect_is(LOG_AUTHORS, LOG_ASPECT_FAULT, "");
        assert_non_null(strstr(report.log.findings[0].reason, "the signature of its author 'alice.example' is bad"));
        struct log_report *whole = scratch_report(s.ledger, trust, true);
        assert_int_equal(whole->verdict, LOG_INVALID);
        assert_int_equal(whole->findings[0].aspect, LOG_AUTHORS);
        free(whole);
        unmake();
    }
}

/* It does not support policies either. */
static void a_weak_witness_cosigns_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i <= sizeof(weaknesses) / sizeof(weaknesses[0]); i++) {
        bool good = i == sizeof(weaknesses) / sizeof(weaknesses[0]);
        uint8_t seed[CRYPT_SEED_LEN] = "a witness of the log", public_key[CRYPT_PUBLIC_LEN], secret[CRYPT_SECRET_LEN];
        struct log_trust *known = log_trust_new();
        struct note_vkey witness;
        struct buf policy, text;
        struct note parsed;
        char witness_vkey[NOTE_VKEY_MAX];
        make(KEYS, good ? NULL : &weaknesses[i]);
        victim = n_seeds;
        crypt_keypair(seed, public_key, secret);
        must(note_vkey_make(&witness, bytes_of("w1.example"), NOTE_COSIGNATURE, public_key, &why));
        note_vkey_encode(witness_vkey, &witness);
        buf_init(&policy, 4096);
        buf_printf(&policy, "log %s\nwitness w1 %s\nquorum w1\n", vkey, witness_vkey);
        scratch_write(scratch_at(&s, "policy"), bytes_of_buf(&policy));
        must(log_trust_policy(known, scratch_at(&s, "policy"), &why));
        members_take(bytes_of_buf(&bundle));
        struct buf *note = &members[member(BUNDLE_CHECKPOINT)].content;
        must(note_decode(bytes_of_buf(note), &parsed, &why));
        buf_init(&text, NOTE_MAX);
        buf_put_bytes(&text, parsed.text);
        must(note_cosign(note, bytes_of_buf(&text), &witness, secret, 1790000000));
        verify(tar_of_members(), known);
        verdict_is(good ? LOG_GOOD : LOG_INVALID);
        log_trust_free(known);
        buf_done(&policy);
        buf_done(&text);
        unmake();
    }
}

static int lists(void **state) {
    (void)state;
    buf_init(&list, (size_t)1 << 20);
    return 0;
}

static int listed(void **state) {
    (void)state;
    buf_done(&list);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weak_log_or_epoch_key_signs_nothing),
        cmocka_unit_test(a_weak_author_signs_nothing),
        cmocka_unit_test(a_weak_witness_cosigns_nothing),
    };
    return cmocka_run_group_tests(tests, lists, listed);
}
