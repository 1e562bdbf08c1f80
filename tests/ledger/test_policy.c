/* Policies and trust files: what is read and written back, what is refused with its line, and how notes are judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ledger/trust/policy.h"

#define LEAF   "0c5ad4c1c45db937caca99584a0f9893fb02b88cbebfdb5dc9f85a0b1c2d3e4f"
#define ROOT   "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
#define ROOT_2 "mXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM="
#define TEXT   "log.example\n8\n" ROOT "\n"

/* Made-up parties: keys[0] is the log's, keys[1] .. are the witnesses' w1, w2, ... */
#define PARTIES 8
static struct note_vkey keys[PARTIES];
static uint8_t secrets[PARTIES][CRYPT_SECRET_LEN];
static char vkeys[PARTIES][NOTE_VKEY_MAX];

static void make_key(size_t i, const char *name, enum note_alg alg) {
    uint8_t seed[CRYPT_SEED_LEN] = {(uint8_t)(i + 1)};
    uint8_t public_key[CRYPT_PUBLIC_LEN];
    crypt_keypair(seed, public_key, secrets[i]);
    assert_int_equal(note_vkey_make(&keys[i], bytes_of(name), alg, public_key, NULL), 0);
    note_vkey_encode(vkeys[i], &keys[i]);
}

static int start(void **state) {
    (void)state;
    if (crypt_init(NULL) != 0) return -1;
    make_key(0, "log.example", NOTE_ED25519);
    for (size_t i = 1; i < PARTIES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "witness.example/w%zu", i);
        make_key(i, name, NOTE_COSIGNATURE);
    }
    return 0;
}

/* Replaces $0 .. $7 by verifier keys. */
static void expand(struct buf *out, const char *text) {
    buf_init(out, 1 << 20);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '$') {
            buf_put_str(out, vkeys[*++p - '0']);
        } else {
            buf_put(out, p, 1);
        }
    }
    assert_int_equal(out->fail, 0);
}

static int decode(struct policy *policy, const char *text, bool trust, struct err *err) {
    struct buf out;
    expand(&out, text);
    int rc = policy_decode(policy, bytes_of_buf(&out), trust, "policy", err);
    buf_done(&out);
    return rc;
}

static struct policy *policy_of(const char *text, bool trust) {
    struct policy *policy = policy_new();
    struct err err = {0};
    assert_non_null(policy);
    if (decode(policy, text, trust, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    return policy;
}

static void encodes_as(const struct policy *policy, const char *text) {
    struct buf expected, out;
    expand(&expected, text);
    buf_init(&out, 1 << 20);
    assert_int_equal(policy_encode(&out, policy), 0);
    assert_int_equal(out.n, expected.n);
    assert_memory_equal(out.p, expected.p, out.n);
    buf_done(&out);
    buf_done(&expected);
}

/* ---- reading and writing ------------------------------------------------------------------------------------------ */

#define FULL                                                                                                               \
    "log $0 https://log.example/\n"                                                                                        \
    "witness w1 $1 https://w1.example/\nwitness w2 $2\nwitness w3 $3\nwitness w4 $4\n"                                     \
    "group ab 2 w1 w2 w3\ngroup c any w4\ngroup top all ab c\nquorum top\n"

static void a_policy_is_read_and_written_back(void **state) {
    (void)state;
    struct policy *policy = policy_of(FULL, false);
    const char *name = NULL;
    encodes_as(policy, FULL);
    assert_int_equal(policy_logs(policy), 1);
    assert_true(note_vkey_eq(&policy_log_at(policy, 0)->vkey, &keys[0]));
    assert_null(policy_log_at(policy, 1));
    assert_int_equal(policy_witnesses(policy), 4);
    assert_true(note_vkey_eq(policy_witness_at(policy, 2, &name), &keys[3]));
    assert_string_equal(name, "w3");
    assert_null(policy_witness_at(policy, 4, NULL));
    policy_free(policy);
}

static void white_space_comments_and_a_missing_last_line_feed_are_accepted(void **state) {
    (void)state;
    struct policy *policy = policy_of("# a comment\n\n \t \n\t # another: log nothing\n  log\t$0  \n"
                                      "witness \xc3\xa9\xff $1 https://\xc3\xa9.example/#x\t\nquorum   \xc3\xa9\xff",
                                      false);
    encodes_as(policy, "log $0\nwitness \xc3\xa9\xff $1 https://\xc3\xa9.example/#x\nquorum \xc3\xa9\xff\n");
    policy_free(policy);
}

static void a_new_policy_has_no_logs_and_asks_for_no_quorum(void **state) {
    (void)state;
    struct policy *policy = policy_new();
    assert_non_null(policy);
    encodes_as(policy, "quorum none\n");
    assert_int_equal(policy_logs(policy), 0);
    assert_int_equal(decode(policy, "quorum none\n", false, NULL), 0);
    policy_free(policy);
    policy_free(NULL);
}

static void a_wrong_policy_is_refused_by_line_and_changes_nothing(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "policy: line 1: the policy ends without a quorum line: 'quorum <name>' or 'quorum none'"},
        {"log $0\n", "policy: line 2: the policy ends without a quorum line: 'quorum <name>' or 'quorum none'"},
        {"logs $0\n",
         "policy: line 1: 'logs' is not a line of a policy: expected log, witness, group, quorum and # comments"},
        {"genesis log.example " LEAF "\nquorum none\n",
         "policy: line 1: 'genesis' is not a line of a policy: expected log, witness, group, quorum and # comments"},
        {"quorum none\r\n", "policy: line 1: byte 12 is a control character (0x0d): only tabs are accepted"},
        {"# \x7f\nquorum none\n", "policy: line 1: byte 3 is a control character (0x7f): only tabs are accepted"},
        {"log\nquorum none\n", "policy: line 1: must be 'log <vkey> [<url>]'"},
        {"log bananas\nquorum none\n", "policy: line 1: the key must be '<name>+<8 hex digits>+<base64>'"},
        {"log $0 url more\nquorum none\n", "policy: line 1: nothing may follow the URL"},
        {"log $1\nquorum none\n",
         "policy: line 1: the key 'witness.example/w1' is not a log key: a log key is an Ed25519 key (type 0x01)"},
        {"log $0\nlog $0\nquorum none\n", "policy: line 2: the log key of 'log.example' was given before as 'log.example'"},
        {"witness w1\nquorum none\n", "policy: line 1: must be 'witness <name> <vkey> [<url>]'"},
        {"witness none $1\nquorum none\n", "policy: line 1: the name 'none' is reserved for 'quorum none'"},
        {"witness w1 $0\nquorum none\n",
         "policy: line 1: the key 'log.example' is not a witness key: a witness key is a cosignature key (type 0x04)"},
        {"witness w1 $1\nwitness w1 $2\nquorum none\n", "policy: line 2: the name 'w1' was defined before"},
        {"witness w1 $1\nwitness w2 $1\nquorum none\n", "policy: line 2: the witness key of 'w2' was given before as 'w1'"},
        {"witness w1 $1\nwitness w1 $1\nquorum none\n", "policy: line 2: the witness key of 'w1' was given before as 'w1'"},
        {"witness w1 $1 a b\nquorum none\n", "policy: line 1: nothing may follow the URL"},
        {"group g\nquorum none\n", "policy: line 1: must be 'group <name> (all|any|<k>) <name>...'"},
        {"group g any\nquorum none\n", "policy: line 1: must be 'group <name> (all|any|<k>) <name>...'"},
        {"group g any w1\nwitness w1 $1\nquorum none\n",
         "policy: line 1: 'w1' is not defined: a member is a witness or group of an earlier line"},
        {"group g any g\nquorum none\n",
         "policy: line 1: 'g' is not defined: a member is a witness or group of an earlier line"},
        {"witness w1 $1\ngroup g any none\nquorum none\n",
         "policy: line 2: 'none' is not defined: a member is a witness or group of an earlier line"},
        {"witness w1 $1\ngroup none any w1\nquorum none\n",
         "policy: line 2: the name 'none' is reserved for 'quorum none'"},
        {"witness w1 $1\ngroup w1 any w1\nquorum none\n", "policy: line 2: the name 'w1' was defined before"},
        {"witness w1 $1\ngroup g any w1 w1\nquorum none\n", "policy: line 2: 'w1' is a member twice"},
        {"witness w1 $1\ngroup g any w1\ngroup h any w1\nquorum none\n",
         "policy: line 3: 'w1' is already a member of a group: each name is a member at most once"},
        {"witness w1 $1\ngroup g any w1\ngroup g any w1\nquorum none\n", "policy: line 3: the name 'g' was defined before"},
        {"witness w1 $1\ngroup g 0 w1\nquorum none\n",
         "policy: line 2: '0' of 1 members: expected 'all', 'any' and a number from 1 to 1"},
        {"witness w1 $1\ngroup g 2 w1\nquorum none\n",
         "policy: line 2: '2' of 1 members: expected 'all', 'any' and a number from 1 to 1"},
        {"witness w1 $1\ngroup g 01 w1\nquorum none\n",
         "policy: line 2: '01' of 1 members: expected 'all', 'any' and a number from 1 to 1"},
        {"witness w1 $1\ngroup g most w1\nquorum none\n",
         "policy: line 2: 'most' of 1 members: expected 'all', 'any' and a number from 1 to 1"},
        {"quorum\n", "policy: line 1: must be 'quorum <name>' or 'quorum none'"},
        {"quorum none none\n", "policy: line 1: must be 'quorum <name>' or 'quorum none'"},
        {"quorum w1\nwitness w1 $1\n",
         "policy: line 1: 'w1' is not defined: the quorum is a witness or group of an earlier line, or 'none'"},
        {"quorum none\nquorum none\n", "policy: line 2: a second quorum line: exactly one is accepted"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *policy = policy_new();
        struct err err = {0};
        assert_non_null(policy);
        assert_int_equal(decode(policy, cases[i].text, false, &err), ERR_INVALID);
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.msg, cases[i].message);
        encodes_as(policy, "quorum none\n");
        policy_free(policy);
    }
}

static void the_same_key_under_another_name_is_refused_but_in_a_trust_file(void **state) {
    (void)state;
    struct policy *policy = policy_new();
    struct note_vkey renamed;
    struct buf text;
    char vkey[NOTE_VKEY_MAX];
    assert_non_null(policy);
    assert_int_equal(note_vkey_make(&renamed, bytes_of("log.example/r1"), NOTE_ED25519, keys[0].public_key, NULL), 0);
    note_vkey_encode(vkey, &renamed);
    buf_init(&text, 4096);
    buf_printf(&text, "log %s\nlog %s\nquorum none\n", vkeys[0], vkey);
    assert_int_equal(policy_decode(policy, bytes_of_buf(&text), false, NULL, NULL), ERR_INVALID);
    assert_int_equal(policy_logs(policy), 0);
    assert_int_equal(policy_decode(policy, bytes_of_buf(&text), true, NULL, NULL), 0);
    assert_int_equal(policy_logs(policy), 2);
    buf_done(&text);
    policy_free(policy);
}

static void a_policy_holds_256_of_each_kind_and_no_more(void **state) {
    (void)state;
    for (size_t n = POLICY_MAX; n <= POLICY_MAX + 1; n++) {
        struct policy *policy = policy_new();
        struct buf text;
        struct err err = {0};
        assert_non_null(policy);
        buf_init(&text, 1 << 20);
        for (size_t i = 0; i < n; i++) {
            uint8_t public_key[CRYPT_PUBLIC_LEN] = {(uint8_t)i, (uint8_t)(i >> 8)};
            struct note_vkey vkey;
            char out[NOTE_VKEY_MAX];
            assert_int_equal(note_vkey_make(&vkey, bytes_of("w"), NOTE_COSIGNATURE, public_key, NULL), 0);
            note_vkey_encode(out, &vkey);
            buf_printf(&text, "witness w%zu %s\ngroup g%zu all w%zu\n", i, out, i, i);
        }
        buf_put_str(&text, "quorum g255\n");
        int rc = policy_decode(policy, bytes_of_buf(&text), false, NULL, &err);
        assert_int_equal(rc, n > POLICY_MAX ? ERR_INVALID : 0);
        if (rc != 0) {
            assert_string_equal(err.msg, "line 513: more than 256 witnesses");
        }
        assert_int_equal(policy_witnesses(policy), rc != 0 ? 0 : POLICY_MAX);
        buf_done(&text);
        policy_free(policy);
    }
}

/* ---- trust -------------------------------------------------------------------------------------------------------- */

#define TRUST                                                                                                              \
    "log $0\nquorum none\ngenesis log.example " LEAF "\ngenesis old.example 00" LEAF_REST "\n"                             \
    "head log.example 8 " ROOT "\nhead other.example 18446744073709551615 " ROOT_2 "\n"
#define LEAF_REST "5ad4c1c45db937caca99584a0f9893fb02b88cbebfdb5dc9f85a0b1c2d3e4f"

static void a_trust_file_is_read_and_written_back(void **state) {
    (void)state;
    struct policy *policy = policy_of(TRUST, true);
    size_t from = 0;
    encodes_as(policy, TRUST);
    assert_int_equal(policy_genesis_count(policy), 2);
    assert_int_equal(policy_heads(policy), 2);
    assert_ptr_equal(policy_genesis_find(policy, bytes_of("log.example"), &from), policy_genesis_at(policy, 0));
    assert_null(policy_genesis_find(policy, bytes_of("log.example"), &from));
    assert_ptr_equal(policy_genesis_find(policy, bytes_of("old.example"), NULL), policy_genesis_at(policy, 1));
    assert_null(policy_genesis_find(policy, bytes_of("log.exampl"), NULL));
    assert_non_null(policy_genesis_find(policy, bytes_of("log.example"), NULL));
    assert_ptr_equal(policy_head_find(policy, bytes_of("other.example")), policy_head_at(policy, 1));
    assert_true(policy_head_at(policy, 1)->size == UINT64_MAX);
    assert_null(policy_head_find(policy, bytes_of("no.example")));
    assert_null(policy_genesis_at(policy, 2));
    assert_null(policy_head_at(policy, 2));
    policy_free(policy);
}

static void a_trust_file_needs_no_quorum_line(void **state) {
    (void)state;
    struct policy *policy = policy_of("", true);
    encodes_as(policy, "quorum none\n");
    policy_free(policy);
}

static void a_wrong_trust_line_is_refused_with_its_reason(void **state) {
    (void)state;
#define GENESIS_FORM "policy: line 1: must be 'genesis <origin> <leaf of seq 0 as 64 lowercase hex digits>'"
#define HEAD_FORM    "policy: line 1: must be 'head <origin> <size> <base64 root>'"
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"genesis log.example\n", GENESIS_FORM},
        {"genesis log.example 0" LEAF_REST "\n", GENESIS_FORM},
        {"genesis log.example 0C" LEAF_REST "\n", GENESIS_FORM},
        {"genesis log.example " LEAF " more\n", GENESIS_FORM},
        {"genesis log+example " LEAF "\n",
         "policy: line 1: the origin must be 1 to 256 bytes of UTF-8 without '+', white space or control characters"},
        {"head log.example 8\n", HEAD_FORM},
        {"head log.example 08 " ROOT "\n", HEAD_FORM},
        {"head log.example 8 " ROOT " more\n", HEAD_FORM},
        {"head log.example 8 AAAA\n", "policy: line 1: the root of a head must be 32 bytes in base64"},
        {"head log.example 8 " ROOT "\nhead log.example 9 " ROOT "\n",
         "policy: line 2: a second head of 'log.example': one is accepted"},
        {"bananas\n",
         "policy: line 1: 'bananas' is not a line of a trust file: expected log, witness, group, quorum, genesis, "
         "head and # comments"},
        {"\x1b[31m\n", "policy: line 1: byte 1 is a control character (0x1b): only tabs are accepted"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *policy = policy_new();
        struct err err = {0};
        assert_non_null(policy);
        assert_int_equal(decode(policy, cases[i].text, true, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].message);
        encodes_as(policy, "quorum none\n");
        policy_free(policy);
    }
}

static void a_look_finds_what_a_trust_file_says_of_one_origin(void **state) {
    (void)state;
    static const char text[] = "log nonsense\nhead other.example 7 " ROOT_2 "\nhead log.example nonsense\n"
                               "genesis log.example short\n\t genesis  log.example " LEAF "\r\n"
                               "genesis log.example " LEAF " \n#head log.example 9 " ROOT_2 "\nhead log.example 8 " ROOT;
    struct policy_known known;
    uint8_t root[MERKLE_HASH], leaf[MERKLE_HASH];
    assert_int_equal(merkle_hash_decode(bytes_of(ROOT), root), 0);
    assert_int_equal(text_unhex(leaf, sizeof(leaf), bytes_of(LEAF)), 0);
    policy_look(bytes_of(text), bytes_of("log.example"), &known);
    assert_true(known.has_head && known.has_genesis);
    assert_int_equal(known.head.size, 8);
    assert_memory_equal(known.head.root, root, MERKLE_HASH);
    assert_string_equal(known.head.origin, "log.example");
    assert_memory_equal(known.genesis.leaf, leaf, MERKLE_HASH);
    policy_look(bytes_of(text), bytes_of("other.example"), &known);
    assert_true(known.has_head && !known.has_genesis);
    policy_look(bytes_of(text), bytes_of("log.exampl"), &known);
    assert_false(known.has_head || known.has_genesis);
    policy_look((struct bytes){0}, bytes_of("log.example"), &known);
    assert_false(known.has_head || known.has_genesis);
}

static void adding_what_is_there_changes_nothing(void **state) {
    (void)state;
    struct policy *policy = policy_of(TRUST, true);
    uint8_t leaf[MERKLE_HASH];
    assert_int_equal(text_unhex(leaf, sizeof(leaf), bytes_of(LEAF)), 0);
    assert_int_equal(policy_add_log(policy, &keys[0], NULL), 0);
    assert_int_equal(policy_add_genesis(policy, bytes_of("log.example"), leaf, NULL), 0);
    encodes_as(policy, TRUST);
    assert_int_equal(policy_add_log(policy, &keys[1], NULL), ERR_INVALID);
    assert_int_equal(policy_add_genesis(policy, bytes_of("a b"), leaf, NULL), ERR_INVALID);
    leaf[0] ^= 1;
    assert_int_equal(policy_add_genesis(policy, bytes_of("log.example"), leaf, NULL), ERR_CONFLICT);
    assert_int_equal(policy_set_head(policy, bytes_of(""), 1, leaf, NULL), ERR_INVALID);
    encodes_as(policy, TRUST);
    policy_free(policy);
}

static void the_larger_head_is_kept_and_another_root_of_the_same_size_is_a_conflict(void **state) {
    (void)state;
    struct policy *policy = policy_of("head log.example 8 " ROOT "\n", true);
    struct err err = {0};
    uint8_t root[MERKLE_HASH];
    assert_int_equal(merkle_hash_decode(bytes_of(ROOT_2), root), 0);
    assert_int_equal(policy_set_head(policy, bytes_of("log.example"), 8, root, &err), ERR_CONFLICT);
    assert_string_equal(err.msg, "another root is known for 'log.example' at size 8");
    assert_int_equal(policy_set_head(policy, bytes_of("log.example"), 7, root, NULL), 0);
    encodes_as(policy, "quorum none\nhead log.example 8 " ROOT "\n");
    assert_int_equal(policy_set_head(policy, bytes_of("log.example"), 9, root, NULL), 0);
    encodes_as(policy, "quorum none\nhead log.example 9 " ROOT_2 "\n");
    assert_int_equal(decode(policy, "head new.example 1 " ROOT "\nhead log.example 9 " ROOT "\n", true, &err),
                     ERR_CONFLICT);
    assert_string_equal(err.msg, "policy: line 2: another root is known for 'log.example' at size 9");
    encodes_as(policy, "quorum none\nhead log.example 9 " ROOT_2 "\n");
    policy_free(policy);
}

static void what_is_taken_out_leaves_the_rest(void **state) {
    (void)state;
    struct policy *policy = policy_of(TRUST, true);
    struct note_vkey other = keys[0];
    other.public_key[0] ^= 1;
    assert_false(policy_drop_logs(policy, bytes_of(keys[0].name), &keys[0]));
    assert_false(policy_drop_logs(policy, bytes_of("nobody"), &other));
    assert_false(policy_drop_genesis(policy, bytes_of("other.example")));
    assert_false(policy_drop_head(policy, bytes_of("old.example")));
    encodes_as(policy, TRUST);
    assert_true(policy_drop_genesis(policy, bytes_of("log.example")));
    assert_true(policy_drop_head(policy, bytes_of("log.example")));
    encodes_as(policy, "log $0\nquorum none\ngenesis old.example 00" LEAF_REST
                       "\nhead other.example 18446744073709551615 " ROOT_2 "\n");
    assert_true(policy_drop_logs(policy, bytes_of(keys[0].name), &other));
    encodes_as(policy,
               "quorum none\ngenesis old.example 00" LEAF_REST "\nhead other.example 18446744073709551615 " ROOT_2 "\n");
    policy_free(policy);
}

static void full_lists_are_said_to_be_full(void **state) {
    (void)state;
    struct policy *policy = policy_new();
    uint8_t hash[MERKLE_HASH] = {0};
    assert_non_null(policy);
    for (int i = 0; i <= POLICY_MAX; i++) {
        struct note_vkey vkey;
        char origin[32];
        int expected = i == POLICY_MAX ? ERR_LIMIT : 0;
        snprintf(origin, sizeof(origin), "log.example/%d", i);
        assert_int_equal(note_vkey_make(&vkey, bytes_of(origin), NOTE_ED25519, keys[0].public_key, NULL), 0);
        assert_int_equal(policy_add_log(policy, &vkey, NULL), expected);
        assert_int_equal(policy_add_genesis(policy, bytes_of(origin), hash, NULL), expected);
        assert_int_equal(policy_set_head(policy, bytes_of(origin), 1, hash, NULL), expected);
    }
    /* What was built call by call is a readable trust file. */
    struct policy *again = policy_new();
    struct buf text;
    assert_non_null(again);
    buf_init(&text, 1 << 20);
    assert_int_equal(policy_encode(&text, policy), 0);
    assert_int_equal(policy_decode(again, bytes_of_buf(&text), true, NULL, NULL), 0);
    assert_int_equal(policy_logs(again), POLICY_MAX);
    buf_done(&text);
    policy_free(again);
    policy_free(policy);
}

static void a_policy_and_a_trust_file_make_one(void **state) {
    (void)state;
    struct policy *policy = policy_of(FULL, false);
    assert_int_equal(decode(policy, "log $0\nquorum none\nhead log.example 8 " ROOT "\n", true, NULL), 0);
    encodes_as(policy, FULL "head log.example 8 " ROOT "\n");
    assert_int_equal(decode(policy, FULL, false, NULL), 0);
    encodes_as(policy, FULL "head log.example 8 " ROOT "\n");
    policy_free(policy);
    policy = policy_of("log $0\nhead log.example 8 " ROOT "\n", true);
    assert_int_equal(decode(policy, FULL, false, NULL), 0);
    struct policy_verdict verdict;
    struct note note = {.n_sigs = 0};
    policy_judge(policy, &note, &verdict);
    assert_false(verdict.quorum_none);
    policy_free(policy);
}

static void two_files_that_contradict_each_other_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"witness w5 $5\nquorum w5\n", "policy: line 2: another file asks for another quorum"},
        {"witness w1 $5\nquorum none\n", "policy: line 1: the name 'w1' was defined before"},
        {"witness w9 $1\nquorum none\n", "policy: line 1: the witness key of 'w9' was given before as 'w1'"},
        {"group ab 1 w1 w2 w3\nquorum none\n", "policy: line 1: the name 'ab' was defined before"},
        {"group new any w1\nquorum none\n",
         "policy: line 1: 'w1' is already a member of a group: each name is a member at most once"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy *policy = policy_of(FULL, false);
        struct err err = {0};
        assert_int_equal(decode(policy, cases[i].text, false, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].message);
        encodes_as(policy, FULL);
        policy_free(policy);
    }
}

/* ---- judging ------------------------------------------------------------------------------------------------------ */

/* A note over TEXT with the lines of the parties in `signers` ("013": log, w1, w3); '!' corrupts the line after it. */
static void make_note(struct buf *out, struct note *ret, const char *signers) {
    bool spoil = false;
    buf_init(out, NOTE_MAX);
    buf_put_str(out, TEXT "\n");
    for (const char *p = signers; *p != '\0'; p++) {
        if (*p == '!') {
            spoil = true;
            continue;
        }
        int i = *p - '0';
        const char *text = spoil ? "another text\n" : TEXT;
        spoil = false;
        if (i == 0) {
            assert_int_equal(note_sign(out, bytes_of(text), &keys[i], secrets[i]), 0);
        } else {
            assert_int_equal(note_cosign(out, bytes_of(text), &keys[i], secrets[i], 1700000000), 0);
        }
    }
    if (*signers == '\0') {
        buf_put_str(out, "\xe2\x80\x94 unknown.example AAAAAAA=\n");
    }
    assert_int_equal(note_decode(bytes_of_buf(out), ret, NULL), 0);
}

static struct policy_verdict judge(const char *policy_text, const char *signers) {
    struct policy *policy = policy_of(policy_text, false);
    struct policy_verdict verdict;
    struct note note;
    struct buf out;
    make_note(&out, &note, signers);
    policy_judge(policy, &note, &verdict);
    buf_done(&out);
    policy_free(policy);
    return verdict;
}

static void a_known_log_and_no_quorum_need_the_logs_line_alone(void **state) {
    (void)state;
    struct policy_verdict verdict = judge("log $0\nquorum none\n", "0");
    assert_true(verdict.log_known && verdict.quorum && verdict.quorum_none && !verdict.bad);
    assert_int_equal(verdict.cosigned, 0);
    assert_true(note_vkey_eq(&verdict.log, &keys[0]));
    verdict = judge("log $0\nquorum none\n", "1");
    assert_true(!verdict.log_known && !verdict.bad);
    verdict = judge("log $0\nquorum none\n", "");
    assert_true(!verdict.log_known && !verdict.bad);
    verdict = judge("quorum none\n", "0");
    assert_true(!verdict.log_known && !verdict.bad);
}

static void a_bad_line_of_a_known_key_rejects_the_note(void **state) {
    (void)state;
    static const char *const signers[] = {"!0", "0!0", "!00", "0!1", "01!1", "!101", "0!12"};
    for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
        struct policy_verdict verdict = judge("log $0\nwitness w1 $1\nwitness w2 $2\nquorum none\n", signers[i]);
        assert_true(verdict.bad && !verdict.log_known && !verdict.quorum);
        assert_int_equal(verdict.cosigned, 0);
        assert_string_equal(verdict.log.name, "");
    }
    struct policy_verdict verdict = judge("log $0\nquorum none\n", "0!1"); /* that witness is unknown */
    assert_true(!verdict.bad && verdict.log_known && verdict.quorum);
}

static void the_quorum_is_judged_through_all_groups(void **state) {
    (void)state;
#define W "log $0\nwitness w1 $1\nwitness w2 $2\nwitness w3 $3\nwitness w4 $4\nwitness w5 $5\n"
    static const struct {
        const char *policy, *signers;
        bool met;
        size_t cosigned;
    } cases[] = {
        {W "quorum w1\n", "01", true, 1},
        {W "quorum w1\n", "02", false, 1},
        {W "quorum w1\n", "0", false, 0},
        {W "group g any w1 w2 w3\nquorum g\n", "0", false, 0},
        {W "group g any w1 w2 w3\nquorum g\n", "03", true, 1},
        {W "group g any w1 w2 w3\nquorum g\n", "04", false, 1},
        {W "group g all w1 w2 w3\nquorum g\n", "0123", true, 3},
        {W "group g all w1 w2 w3\nquorum g\n", "012", false, 2},
        {W "group g all w1 w2 w3\nquorum g\n", "0122", false, 2},
        {W "group g 2 w1 w2 w3\nquorum g\n", "013", true, 2},
        {W "group g 2 w1 w2 w3\nquorum g\n", "01", false, 1},
        {W "group g 2 w1 w2 w3\nquorum g\n", "011", false, 1},
        {W "group g 2 w1 w2 w3\nquorum g\n", "0145", false, 3},
        {W "group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup top all x y\nquorum top\n", "0125", true, 3},
        {W "group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup top all x y\nquorum top\n", "0123", false, 3},
        {W "group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup top all x y\nquorum top\n", "0145", false, 3},
        {W "group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup top any x y\nquorum top\n", "04", true, 1},
        {W "group x all w1 w2\ngroup y 2 x w3 w4\ngroup z all y w5\nquorum z\n", "01235", true, 4},
        {W "group x all w1 w2\ngroup y 2 x w3 w4\ngroup z all y w5\nquorum z\n", "0135", false, 3},
        {W "group x all w1 w2\ngroup y 2 x w3 w4\ngroup z all y w5\nquorum z\n", "0345", true, 3},
        {W "group x all w1 w2\ngroup y 2 x w3 w4\ngroup z all y w5\nquorum x\n", "0345", false, 3},
        {W "quorum none\n", "0123", true, 3},
    };
#undef W
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_verdict verdict = judge(cases[i].policy, cases[i].signers);
        assert_true(verdict.log_known && !verdict.bad);
        assert_int_equal(verdict.quorum, cases[i].met);
        assert_int_equal(verdict.cosigned, cases[i].cosigned);
    }
}

static void witnesses_do_not_stand_in_for_the_log(void **state) {
    (void)state;
    struct policy_verdict verdict = judge("log $0\nwitness w1 $1\nquorum w1\n", "1");
    assert_true(verdict.quorum && !verdict.log_known && !verdict.bad);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_read_and_written_back),
        cmocka_unit_test(white_space_comments_and_a_missing_last_line_feed_are_accepted),
        cmocka_unit_test(a_new_policy_has_no_logs_and_asks_for_no_quorum),
        cmocka_unit_test(a_wrong_policy_is_refused_by_line_and_changes_nothing),
        cmocka_unit_test(the_same_key_under_another_name_is_refused_but_in_a_trust_file),
        cmocka_unit_test(a_policy_holds_256_of_each_kind_and_no_more),
        cmocka_unit_test(a_trust_file_is_read_and_written_back),
        cmocka_unit_test(a_trust_file_needs_no_quorum_line),
        cmocka_unit_test(a_wrong_trust_line_is_refused_with_its_reason),
        cmocka_unit_test(a_look_finds_what_a_trust_file_says_of_one_origin),
        cmocka_unit_test(adding_what_is_there_changes_nothing),
        cmocka_unit_test(the_larger_head_is_kept_and_another_root_of_the_same_size_is_a_conflict),
        cmocka_unit_test(what_is_taken_out_leaves_the_rest),
        cmocka_unit_test(full_lists_are_said_to_be_full),
        cmocka_unit_test(a_policy_and_a_trust_file_make_one),
        cmocka_unit_test(two_files_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_known_log_and_no_quorum_need_the_logs_line_alone),
        cmocka_unit_test(a_bad_line_of_a_known_key_rejects_the_note),
        cmocka_unit_test(the_quorum_is_judged_through_all_groups),
        cmocka_unit_test(witnesses_do_not_stand_in_for_the_log),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
