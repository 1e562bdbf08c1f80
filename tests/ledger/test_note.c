/* Signed notes and their keys: the published vectors, and every way in which a note must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ledger/tree/note.h"

#define DASH    "\xe2\x80\x94 "
#define PETER   "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_S "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define ENOCH   "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define TEXT    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
#define PETER_LINE                                                                                                         \
    DASH "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define ENOCH_LINE                                                                                                         \
    DASH "EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
/* Peter's name and key id, and 64 bytes that are not his signature. */
#define PETER_BAD_LINE                                                                                                     \
    DASH "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnBM=\n"
#define SUMDB      "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define SUMDB_TEXT "go.sum database tree\n30055305\nmXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=\n"
#define SUMDB_LINE                                                                                                         \
    DASH "sum.golang.org Az3grpgEild5qw7+5dtV13Kf1C2Xurm8q4fhdxvcsDHnqNTaxL2AFjBY+2TyGKevucFcAAlWFJJYle3EJlDCrQ+y3A8=\n"
#define WITNESS      "example.org/witness+cacf2e50+BGbguFjkYqYJ5m/nE3DIFtiEb/ED1UmaIqf+w3/bxCSn"
#define WITNESS_TEXT "example.org/log\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define WITNESS_LINE                                                                                                       \
    DASH "example.org/witness "                                                                                            \
         "ys8uUAAAAAAAAATSftMzceM8zssdZ9jin9SjwIxzx9iADMf63VqirX2hafol9RsqNqbofIz0LVRqHXI2kpEBSki5RTXFtxz1vo9+Cg==\n"

static int start(void **state) {
    (void)state;
    return crypt_init(NULL);
}

static struct note_vkey vkey_of(const char *text) {
    struct note_vkey vkey;
    struct err err = {0};
    if (note_vkey_decode(bytes_of(text), &vkey, &err) != 0) {
        fail_msg("%s: %s", text, err.msg);
    }
    return vkey;
}

static enum note_verdict verdict_of(struct bytes note_bytes, const char *vkey_text) {
    struct note_vkey vkey = vkey_of(vkey_text);
    struct note note;
    struct err err = {0};
    if (note_decode(note_bytes, &note, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    return note_check_key(&note, &vkey, NULL);
}

static void refused(struct bytes text, const char *message) {
    struct note note = {.n_sigs = 77};
    struct err err = {0};
    assert_int_equal(note_decode(text, &note, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, message);
    assert_int_equal(note.n_sigs, 77);
}

/* ---- keys --------------------------------------------------------------------------------------------------------- */

static void the_published_keys_are_read_and_written_back(void **state) {
    (void)state;
    static const struct {
        const char *text, *name;
        enum note_alg alg;
    } cases[] = {
        {PETER, "PeterNeumann", NOTE_ED25519},
        {ENOCH, "EnochRoot", NOTE_ED25519},
        {SUMDB, "sum.golang.org", NOTE_ED25519},
        {WITNESS, "example.org/witness", NOTE_COSIGNATURE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct note_vkey vkey = vkey_of(cases[i].text);
        char text[NOTE_VKEY_MAX];
        assert_string_equal(vkey.name, cases[i].name);
        assert_int_equal(vkey.alg, cases[i].alg);
        note_vkey_encode(text, &vkey);
        assert_string_equal(text, cases[i].text);
    }
}

static void the_published_signer_key_is_read_and_written_back(void **state) {
    (void)state;
    struct note_vkey vkey;
    struct note_vkey peter = vkey_of(PETER);
    uint8_t seed[CRYPT_SEED_LEN];
    struct buf out;
    buf_init(&out, 1024);
    assert_int_equal(note_skey_decode(bytes_of(PETER_S), &vkey, seed, NULL), 0);
    assert_true(note_vkey_eq(&vkey, &peter));
    assert_int_equal(note_skey_encode(&out, bytes_of("PeterNeumann"), seed), 0);
    assert_true(bytes_is(bytes_of_buf(&out), PETER_S));
    buf_done(&out);
}

static void a_seed_gives_the_published_verifier_key(void **state) {
    (void)state;
    static const uint8_t zero[CRYPT_SEED_LEN];
    uint8_t public_key[CRYPT_PUBLIC_LEN], secret[CRYPT_SECRET_LEN];
    struct note_vkey vkey;
    char text[NOTE_VKEY_MAX];
    crypt_keypair(zero, public_key, secret);
    assert_int_equal(note_vkey_make(&vkey, bytes_of("EnochRoot"), NOTE_ED25519, public_key, NULL), 0);
    note_vkey_encode(text, &vkey);
    assert_string_equal(text, ENOCH);
}

static void a_key_that_differs_in_anything_is_another_key(void **state) {
    (void)state;
    struct note_vkey peter = vkey_of(PETER);
    struct note_vkey other;
    assert_int_equal(note_vkey_make(&other, bytes_of("PeterNeumann"), NOTE_COSIGNATURE, peter.public_key, NULL), 0);
    assert_false(note_vkey_eq(&peter, &other));
    assert_memory_not_equal(peter.id, other.id, NOTE_KEY_ID_LEN);
    assert_int_equal(note_vkey_make(&other, bytes_of("Peter"), NOTE_ED25519, peter.public_key, NULL), 0);
    assert_false(note_vkey_eq(&peter, &other));
    other = vkey_of(ENOCH);
    assert_false(note_vkey_eq(&peter, &other));
    assert_true(note_vkey_eq(&peter, &peter));
}

static void every_prefix_and_every_bytewise_increment_of_a_key_is_refused(void **state) {
    (void)state;
    static const char *const good[] = {PETER, ENOCH, SUMDB, WITNESS};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct note_vkey vkey = {.name = "untouched"};
        char text[NOTE_VKEY_MAX];
        size_t n = strlen(good[i]);
        for (size_t at = 0; at < n; at++) {
            assert_int_equal(note_vkey_decode((struct bytes){(const uint8_t *)good[i], at}, &vkey, NULL), ERR_INVALID);
            memcpy(text, good[i], n);
            text[at]++;
            assert_int_equal(note_vkey_decode((struct bytes){(uint8_t *)text, n}, &vkey, NULL), ERR_INVALID);
        }
        memcpy(text, good[i], n);
        text[n] = '\n';
        assert_int_equal(note_vkey_decode((struct bytes){(uint8_t *)text, n + 1}, &vkey, NULL), ERR_INVALID);
        assert_string_equal(vkey.name, "untouched");
    }
    struct note_vkey vkey;
    uint8_t seed[CRYPT_SEED_LEN] = {7};
    char text[NOTE_VKEY_MAX];
    for (size_t at = 0; at < strlen(PETER_S); at++) {
        assert_int_equal(note_skey_decode((struct bytes){(const uint8_t *)PETER_S, at}, &vkey, seed, NULL), ERR_INVALID);
        memcpy(text, PETER_S, sizeof(PETER_S));
        text[at]++;
        assert_int_equal(note_skey_decode(bytes_of(text), &vkey, seed, NULL), ERR_INVALID);
    }
    assert_int_equal(seed[0], 7);
}

static void a_wrong_verifier_key_is_refused_with_its_reason(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "the key must be '<name>+<8 hex digits>+<base64>'"},
        {"PeterNeumann", "the key must be '<name>+<8 hex digits>+<base64>'"},
        {"PeterNeumann+c74f20a3", "the key must be '<name>+<8 hex digits>+<base64>'"},
        {"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
         "the key name is empty: a name is 1 to 256 bytes of UTF-8 without '+', white space or control characters"},
        {"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
         "the key name has white space: a name is 1 to 256 bytes of UTF-8 without '+', white space or control characters"},
        {"PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "the key id must be 8 lowercase hex digits"},
        {"PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "the key id must be 8 lowercase hex digits"},
        {"PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
         "the key id must be 8 lowercase hex digits"},
        {"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
         "the key id of 'PeterNeumann' does not match its name and key: c74f20a3 is right"},
        {"PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
         "the key data must be 33 bytes in base64: a type and 32 bytes"},
        {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",
         "the key data must be 33 bytes in base64: a type and 32 bytes"},
        {"PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
         "unknown key type 0x65: expected 0x01 (Ed25519) and 0x04 (cosignature)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct note_vkey vkey;
        struct err err = {0};
        assert_int_equal(note_vkey_decode(bytes_of(cases[i].text), &vkey, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static void a_key_name_has_no_plus_no_white_space_of_unicode_and_no_control_character(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "a b",
        "a+b",
        "a\tb",
        "a\nb",
        "a\rb",
        "a\vb",
        "a\x7f",
        "\xc2\x85",
        "a\xc2\xa0",
        "\xe1\x9a\x80",
        "\xe2\x80\x80",
        "\xe2\x80\x8a",
        "\xe2\x80\xa8",
        "\xe2\x80\xa9",
        "\xe2\x80\xaf",
        "\xe2\x81\x9f",
        "\xe3\x80\x80",
        "\xff",
        "\xc0\xaf",
        "\xed\xa0\x80",
        "a\x01",
        "\xc2\x9f",
        "\xe2\x80",
    };
    static const char *const good[] = {
        "a", "example.org/log", "\xc3\xa9", "\xe2\x80\x8b", "\xe2\x80\x94", "\xf0\x9f\x98\x80", "\xe1\xa0\x8e"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(note_check_name(bytes_of(bad[i]), NULL), ERR_INVALID);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(note_check_name(bytes_of(good[i]), NULL), 0);
    }
}

static void a_key_name_has_at_most_256_bytes(void **state) {
    (void)state;
    uint8_t name[NOTE_NAME_MAX + 1];
    struct note_vkey peter = vkey_of(PETER);
    struct note_vkey vkey, again;
    char text[NOTE_VKEY_MAX];
    memset(name, 'n', sizeof(name));
    assert_int_equal(note_vkey_make(&vkey, (struct bytes){name, sizeof(name)}, NOTE_ED25519, peter.public_key, NULL),
                     ERR_INVALID);
    assert_int_equal(note_vkey_make(&vkey, (struct bytes){name, sizeof(name) - 1}, NOTE_ED25519, peter.public_key, NULL),
                     0);
    note_vkey_encode(text, &vkey);
    assert_int_equal(note_vkey_decode(bytes_of(text), &again, NULL), 0);
    assert_true(note_vkey_eq(&vkey, &again));
}

/* ---- notes -------------------------------------------------------------------------------------------------------- */

static void the_published_notes_verify(void **state) {
    (void)state;
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_LINE), PETER), NOTE_GOOD);
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_LINE ENOCH_LINE), PETER), NOTE_GOOD);
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_LINE ENOCH_LINE), ENOCH), NOTE_GOOD);
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" ENOCH_LINE PETER_LINE), ENOCH), NOTE_GOOD);
    assert_int_equal(verdict_of(bytes_of(SUMDB_TEXT "\n" SUMDB_LINE), SUMDB), NOTE_GOOD);
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_LINE PETER_LINE), PETER), NOTE_GOOD);
}

static void signing_gives_the_published_lines(void **state) {
    (void)state;
    struct note_vkey vkey, enoch = vkey_of(ENOCH);
    uint8_t seed[CRYPT_SEED_LEN], public_key[CRYPT_PUBLIC_LEN], secret[CRYPT_SECRET_LEN];
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(note_skey_decode(bytes_of(PETER_S), &vkey, seed, NULL), 0);
    crypt_keypair(seed, public_key, secret);
    assert_int_equal(note_sign(&out, bytes_of(TEXT), &vkey, secret), 0);
    assert_true(bytes_is(bytes_of_buf(&out), PETER_LINE));
    memset(seed, 0, sizeof(seed));
    crypt_keypair(seed, public_key, secret);
    assert_int_equal(note_sign(&out, bytes_of(TEXT), &enoch, secret), 0);
    assert_true(bytes_is(bytes_of_buf(&out), PETER_LINE ENOCH_LINE));
    buf_done(&out);
}

static void a_key_that_did_not_sign_is_absent(void **state) {
    (void)state;
    struct note_vkey peter = vkey_of(PETER);
    struct note_vkey other;
    struct note note;
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_LINE), ENOCH), NOTE_ABSENT);
    /* The same name with another key id, and the same key id under another name, are not Peter. */
    assert_int_equal(note_decode(bytes_of(TEXT "\n" PETER_LINE), &note, NULL), 0);
    other = peter;
    other.id[3] ^= 1;
    assert_int_equal(note_check_key(&note, &other, NULL), NOTE_ABSENT);
    other = peter;
    other.name[0] = 'p';
    assert_int_equal(note_check_key(&note, &other, NULL), NOTE_ABSENT);
}

static void a_bad_line_of_a_known_key_spoils_a_good_one(void **state) {
    (void)state;
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_BAD_LINE), PETER), NOTE_BAD);
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_LINE PETER_BAD_LINE), PETER), NOTE_BAD);
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_BAD_LINE PETER_LINE), PETER), NOTE_BAD);
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" PETER_BAD_LINE ENOCH_LINE), ENOCH), NOTE_GOOD);
    assert_int_equal(verdict_of(bytes_of("Another text\n\n" PETER_LINE), PETER), NOTE_BAD);
    /* Peter's name and key id before a signature of a wrong length. */
    assert_int_equal(verdict_of(bytes_of(TEXT "\n" DASH "PeterNeumann x08gowA=\n"), PETER), NOTE_BAD);
}

static void a_wrong_form_is_refused_with_its_reason(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "the note has no empty line before its signatures"},
        {TEXT, "the note has no empty line before its signatures"},
        {TEXT PETER_LINE, "the note has no empty line before its signatures"},
        {TEXT "\n", "the note has no signature"},
        {TEXT "\n" PETER_LINE "\n", "the note has no signature"},
        {"\x01" TEXT "\n" PETER_LINE, "byte 0 of the note is a control character or not UTF-8"},
        {"\xff" TEXT "\n" PETER_LINE, "byte 0 of the note is a control character or not UTF-8"},
        {"a\tb\n\n" PETER_LINE, "byte 1 of the note is a control character or not UTF-8"},
        {"a\r\n\n" PETER_LINE, "byte 1 of the note is a control character or not UTF-8"},
        {TEXT "\n" PETER_LINE "an unexpected line\n", "signature line 2 does not start with a dash (U+2014) and a space"},
        {TEXT "\n-- PeterNeumann x08goAA=\n", "signature line 1 does not start with a dash (U+2014) and a space"},
        {TEXT "\n" DASH "Peter Neumann x08goAA=\n", "signature line 1: the signature is not base64"},
        {TEXT "\n" DASH "Peter\xc2\xa0Neumann x08goAA=\n", "signature line 1: the key name has white space"},
        {TEXT "\n" DASH "Peter\xe2\x80\x83Neumann x08goAA=\n", "signature line 1: the key name has white space"},
        {TEXT "\n" DASH "Peter+Neumann x08goAA=\n", "signature line 1: the key name has a '+'"},
        {TEXT "\n" DASH " x08goAA=\n", "signature line 1: the key name is empty"},
        {TEXT "\n" DASH "\n", "signature line 1: the key name is empty"},
        {TEXT "\n" DASH "PeterNeumann\n", "signature line 1: the signature is not base64"},
        {TEXT "\n" DASH "PeterNeumann \n", "signature line 1: the signature is too short"},
        {TEXT "\n" DASH "PeterNeumann x08gow==\n", "signature line 1: the signature is too short"},
        {TEXT "\n" DASH "PeterNeumann x08goA\n", "signature line 1: the signature is not base64"},
        {TEXT "\n" DASH "PeterNeumann x08goAB=\n", "signature line 1: the signature is not base64"},
        {TEXT "\n" DASH "PeterNeumann x08goAA= \n", "signature line 1: the signature is not base64"},
        {TEXT "\n" PETER_LINE DASH "other x08go", "the note does not end in a line feed"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refused(bytes_of(cases[i].text), cases[i].message);
    }
    refused((struct bytes){(const uint8_t *)"a\0b\n\n" PETER_LINE, sizeof("a\0b\n\n" PETER_LINE) - 1},
            "byte 1 of the note is a control character or not UTF-8");
}

static void a_text_may_have_empty_lines_of_its_own(void **state) {
    (void)state;
    struct note note;
    assert_int_equal(note_decode(bytes_of("a\n\nb\n\n" PETER_LINE), &note, NULL), 0);
    assert_true(bytes_is(note.text, "a\n\nb\n"));
    assert_int_equal(note_decode(bytes_of("a\n\n\n" PETER_LINE), &note, NULL), 0);
    assert_true(bytes_is(note.text, "a\n\n"));
    assert_int_equal(note.n_sigs, 1);
}

static void a_note_has_up_to_100_lines_of_which_unknown_ones_are_ignored(void **state) {
    (void)state;
    struct buf out;
    struct note note;
    struct note_vkey peter = vkey_of(PETER);
    buf_init(&out, NOTE_MAX);
    buf_put_str(&out, TEXT "\n");
    for (int i = 0; i < NOTE_SIGS_MAX - 1; i++) {
        buf_printf(&out, DASH "unknown%d x08goAA=\n", i);
    }
    buf_put_str(&out, PETER_LINE);
    assert_int_equal(note_decode(bytes_of_buf(&out), &note, NULL), 0);
    assert_int_equal(note.n_sigs, NOTE_SIGS_MAX);
    assert_int_equal(note_check_key(&note, &peter, NULL), NOTE_GOOD);
    buf_put_str(&out, DASH "unknown x08goAA=\n");
    refused(bytes_of_buf(&out), "the note has more than 100 signature lines");
    buf_done(&out);
}

static void an_unknown_key_may_have_a_long_name_and_a_long_signature(void **state) {
    (void)state;
    struct buf out, blob;
    struct note note;
    struct note_vkey peter = vkey_of(PETER);
    buf_init(&out, NOTE_MAX);
    buf_init(&blob, 8192);
    assert_non_null(buf_room(&blob, 5000));
    memset(blob.p, 0x5a, 5000);
    buf_put_str(&out, TEXT "\n" DASH);
    for (int i = 0; i < 300; i++) {
        buf_put_str(&out, "n");
    }
    buf_put_str(&out, " ");
    text_base64(&out, blob.p, 5000);
    buf_put_str(&out, "\n" PETER_LINE);
    assert_int_equal(note_decode(bytes_of_buf(&out), &note, NULL), 0);
    assert_int_equal(note.n_sigs, 2);
    assert_int_equal(note.sigs[0].sig_len, 4996);
    assert_int_equal(note_check_key(&note, &peter, NULL), NOTE_GOOD);
    buf_done(&out);
    buf_done(&blob);
}

static void a_note_of_more_than_64_kib_is_refused(void **state) {
    (void)state;
    uint8_t *big = malloc(NOTE_MAX + 1);
    assert_non_null(big);
    memset(big, 'a', NOTE_MAX + 1);
    refused((struct bytes){big, NOTE_MAX + 1}, "the note is larger than 65536 bytes");
    free(big);
}

static void no_bit_of_a_good_note_can_be_flipped(void **state) {
    (void)state;
    static const char good[] = TEXT "\n" PETER_LINE;
    struct note_vkey peter = vkey_of(PETER);
    uint8_t bytes[sizeof(good) - 1];
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        struct note note;
        memcpy(bytes, good, sizeof(bytes));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int rc = note_decode((struct bytes){bytes, sizeof(bytes)}, &note, NULL);
        assert_true(rc == ERR_CORRUPT || (rc == 0 && note_check_key(&note, &peter, NULL) != NOTE_GOOD));
    }
}

static void no_good_note_can_be_cut(void **state) {
    (void)state;
    static const char good[] = TEXT "\n" PETER_LINE;
    for (size_t n = 0; n < sizeof(good) - 1; n++) {
        struct note note;
        assert_int_equal(note_decode((struct bytes){(const uint8_t *)good, n}, &note, NULL), ERR_CORRUPT);
    }
}

/* ---- cosignatures ------------------------------------------------------------------------------------------------- */

static void the_published_cosignature_verifies_and_gives_its_time(void **state) {
    (void)state;
    struct note_vkey witness = vkey_of(WITNESS);
    struct note note;
    uint64_t time = 0;
    assert_int_equal(note_decode(bytes_of(WITNESS_TEXT "\n" WITNESS_LINE), &note, NULL), 0);
    assert_int_equal(note_check_key(&note, &witness, &time), NOTE_GOOD);
    assert_int_equal(time, 1234);
    assert_int_equal(note_check_key(&note, &witness, NULL), NOTE_GOOD);
}

static void witness_key(struct note_vkey *ret, uint8_t secret[CRYPT_SECRET_LEN]) {
    static const uint8_t seed[CRYPT_SEED_LEN] = {0x11};
    uint8_t public_key[CRYPT_PUBLIC_LEN];
    crypt_keypair(seed, public_key, secret);
    assert_int_equal(note_vkey_make(ret, bytes_of("example.org/witness"), NOTE_COSIGNATURE, public_key, NULL), 0);
}

static void cosigning_gives_the_published_line(void **state) {
    (void)state;
    struct note_vkey witness;
    uint8_t secret[CRYPT_SECRET_LEN];
    char text[NOTE_VKEY_MAX];
    struct buf out;
    buf_init(&out, 4096);
    witness_key(&witness, secret);
    note_vkey_encode(text, &witness);
    assert_string_equal(text, WITNESS);
    assert_int_equal(note_cosign(&out, bytes_of(WITNESS_TEXT), &witness, secret, 1234), 0);
    assert_true(bytes_is(bytes_of_buf(&out), WITNESS_LINE));
    buf_done(&out);
}

static void the_newest_of_several_cosignatures_counts_and_a_bad_one_spoils_all(void **state) {
    (void)state;
    struct note_vkey witness;
    uint8_t secret[CRYPT_SECRET_LEN];
    struct note note;
    struct buf out;
    uint64_t time = 0;
    buf_init(&out, 4096);
    witness_key(&witness, secret);
    buf_put_str(&out, WITNESS_TEXT "\n");
    note_cosign(&out, bytes_of(WITNESS_TEXT), &witness, secret, 99);
    note_cosign(&out, bytes_of(WITNESS_TEXT), &witness, secret, INT64_MAX);
    note_cosign(&out, bytes_of(WITNESS_TEXT), &witness, secret, 7);
    assert_int_equal(note_decode(bytes_of_buf(&out), &note, NULL), 0);
    assert_int_equal(note_check_key(&note, &witness, &time), NOTE_GOOD);
    assert_true(time == INT64_MAX);
    note.sigs[1].sig[7] ^= 1; /* another time under the same signature */
    time = 5;
    assert_int_equal(note_check_key(&note, &witness, &time), NOTE_BAD);
    assert_int_equal(time, 5);
    note.sigs[1].sig[7] ^= 1;
    note.sigs[1].sig[0] ^= 0x80; /* a time above 2^63-1 */
    assert_int_equal(note_check_key(&note, &witness, NULL), NOTE_BAD);
    buf_done(&out);
}

static void signing_and_cosigning_ask_for_a_fitting_key_text_and_time(void **state) {
    (void)state;
    struct note_vkey witness, signer;
    uint8_t secret[CRYPT_SECRET_LEN];
    struct buf out;
    buf_init(&out, 4096);
    witness_key(&witness, secret);
    assert_int_equal(note_vkey_make(&signer, bytes_of("a"), NOTE_ED25519, witness.public_key, NULL), 0);
    assert_int_equal(note_sign(&out, bytes_of("a\n"), &witness, secret), ERR_INVALID);
    assert_int_equal(note_sign(&out, bytes_of("a"), &signer, secret), ERR_INVALID);
    assert_int_equal(note_sign(&out, bytes_of(""), &signer, secret), ERR_INVALID);
    assert_int_equal(note_cosign(&out, bytes_of("a\n"), &signer, secret, 1), ERR_INVALID);
    assert_int_equal(note_cosign(&out, bytes_of("a"), &witness, secret, 1), ERR_INVALID);
    assert_int_equal(note_cosign(&out, bytes_of("a\n"), &witness, secret, (uint64_t)INT64_MAX + 1), ERR_INVALID);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_keys_are_read_and_written_back),
        cmocka_unit_test(the_published_signer_key_is_read_and_written_back),
        cmocka_unit_test(a_seed_gives_the_published_verifier_key),
        cmocka_unit_test(a_key_that_differs_in_anything_is_another_key),
        cmocka_unit_test(every_prefix_and_every_bytewise_increment_of_a_key_is_refused),
        cmocka_unit_test(a_wrong_verifier_key_is_refused_with_its_reason),
        cmocka_unit_test(a_key_name_has_no_plus_no_white_space_of_unicode_and_no_control_character),
        cmocka_unit_test(a_key_name_has_at_most_256_bytes),
        cmocka_unit_test(the_published_notes_verify),
        cmocka_unit_test(signing_gives_the_published_lines),
        cmocka_unit_test(a_key_that_did_not_sign_is_absent),
        cmocka_unit_test(a_bad_line_of_a_known_key_spoils_a_good_one),
        cmocka_unit_test(a_wrong_form_is_refused_with_its_reason),
        cmocka_unit_test(a_text_may_have_empty_lines_of_its_own),
        cmocka_unit_test(a_note_has_up_to_100_lines_of_which_unknown_ones_are_ignored),
        cmocka_unit_test(an_unknown_key_may_have_a_long_name_and_a_long_signature),
        cmocka_unit_test(a_note_of_more_than_64_kib_is_refused),
        cmocka_unit_test(no_bit_of_a_good_note_can_be_flipped),
        cmocka_unit_test(no_good_note_can_be_cut),
        cmocka_unit_test(the_published_cosignature_verifies_and_gives_its_time),
        cmocka_unit_test(cosigning_gives_the_published_line),
        cmocka_unit_test(the_newest_of_several_cosignatures_counts_and_a_bad_one_spoils_all),
        cmocka_unit_test(signing_and_cosigning_ask_for_a_fitting_key_text_and_time),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
