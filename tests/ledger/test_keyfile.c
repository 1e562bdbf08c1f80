/* Key files: both forms encoded and decoded, and everything that must be refused. Argon2id is expensive, so files under a
 * passphrase are mostly made here with its smallest parameters, from the format alone; the program's own parameters run
 * once each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "ledger/signing/keyfile.h"

#define PETER_S "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define PETER   "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define SALT    "AAECAwQFBgcICQoLDA0ODw=="
#define NONCE   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

static char dir[] = "/tmp/test_keyfile.XXXXXX";

static int start(void **state) {
    (void)state;
    return crypt_init(NULL) != 0 || mkdtemp(dir) == NULL ? -1 : 0;
}

static int finish(void **state) {
    (void)state;
    return file_remove_tree(dir, NULL);
}

static const char *path_of(const char *name) {
    static char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, dir, name, NULL), 0);
    return path;
}

static struct signer peter(void) {
    struct signer signer = {.secret = NULL};
    assert_int_equal(keyfile_decode(bytes_of(PETER_S "\n"), bytes_of(""), &signer, NULL), 0);
    return signer;
}

static void is_peter(const struct signer *signer) {
    struct signer expected = peter();
    assert_true(note_vkey_eq(&signer->vkey, &expected.vkey));
    assert_non_null(signer->secret);
    assert_memory_equal(signer->secret, expected.secret, CRYPT_SECRET_LEN);
    signer_done(&expected);
}

/* The form under a passphrase, written from its description, sealing Peter's seed with cheap parameters. */
static void seal_peter(struct buf *out, const char *vkey, const char *passphrase) {
    uint8_t salt[CRYPT_KDF_SALT_LEN], nonce[CRYPT_NONCE_LEN], key[32];
    struct signer signer = peter();
    struct buf sealed;
    buf_init(out, 4096);
    buf_init(&sealed, 4096);
    for (size_t i = 0; i < sizeof(nonce); i++) {
        nonce[i] = (uint8_t)i;
    }
    memcpy(salt, nonce, sizeof(salt));
    assert_int_equal(crypt_kdf(key, bytes_of(passphrase), salt, 1, 8, NULL), 0);
    buf_printf(out, "ledger-key/v1\nvkey %s\nkdf argon2id 1 8 " SALT "\naead xchacha20-poly1305 " NONCE "\n", vkey);
    assert_int_equal(crypt_seal(&sealed, (struct bytes){signer.secret, CRYPT_SEED_LEN}, bytes_of_buf(out), nonce, key), 0);
    buf_put_str(out, "data ");
    text_base64(out, sealed.p, sealed.n);
    buf_put_str(out, "\n");
    assert_int_equal(out->fail, 0);
    buf_done(&sealed);
    signer_done(&signer);
}

static void a_new_key_is_random_and_signs(void **state) {
    (void)state;
    struct signer a, b;
    uint8_t sig[CRYPT_SIGNATURE_LEN];
    assert_int_equal(signer_new(&a, bytes_of("example.org/log"), NULL), 0);
    assert_int_equal(signer_new(&b, bytes_of("example.org/log"), NULL), 0);
    assert_string_equal(a.vkey.name, "example.org/log");
    assert_false(note_vkey_eq(&a.vkey, &b.vkey));
    crypt_sign(sig, bytes_of("message"), a.secret);
    assert_true(crypt_verify(sig, bytes_of("message"), a.vkey.public_key));
    assert_false(crypt_verify(sig, bytes_of("message"), b.vkey.public_key));
    signer_done(&a);
    signer_done(&b);
    assert_null(a.secret);
    signer_done(&a);
    signer_done(NULL);
}

static void a_key_with_a_wrong_name_is_not_made(void **state) {
    (void)state;
    static const uint8_t seed[CRYPT_SEED_LEN];
    struct signer signer = {.secret = NULL};
    assert_int_equal(signer_new(&signer, bytes_of("a+b"), NULL), ERR_INVALID);
    assert_int_equal(signer_from_seed(&signer, bytes_of(""), seed, NULL), ERR_INVALID);
    assert_null(signer.secret);
}

static void the_plain_form_is_one_line_with_the_signer_key(void **state) {
    (void)state;
    struct signer signer = peter();
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(keyfile_encode(&out, &signer, bytes_of(""), KEYFILE_DAILY, NULL), 0);
    assert_true(bytes_is(bytes_of_buf(&out), PETER_S "\n"));
    buf_done(&out);
    signer_done(&signer);
    assert_int_equal(keyfile_decode(bytes_of(PETER_S), bytes_of(""), &signer, NULL), 0);
    is_peter(&signer);
    signer_done(&signer);
    assert_int_equal(keyfile_decode(bytes_of(PETER_S "\n\n"), bytes_of(""), &signer, NULL), ERR_INVALID);
}

static void a_file_under_a_passphrase_gives_the_key_back(void **state) {
    (void)state;
    static const struct {
        enum keyfile_cost cost;
        const char *kdf;
    } cases[] = {{KEYFILE_DAILY, "\nkdf argon2id 2 65536 "}, {KEYFILE_BACKUP, "\nkdf argon2id 3 262144 "}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct signer signer = peter();
        struct signer again = {.secret = NULL};
        struct buf out;
        buf_init(&out, 4096);
        assert_int_equal(keyfile_encode(&out, &signer, bytes_of("correct horse"), cases[i].cost, NULL), 0);
        assert_true(bytes_has_prefix(bytes_of_buf(&out), "ledger-key/v1\nvkey " PETER "\nkdf argon2id "));
        assert_non_null(memmem(out.p, out.n, cases[i].kdf, strlen(cases[i].kdf)));
        assert_null(memmem(out.p, out.n, "PRIVATE", 7));
        assert_int_equal(keyfile_decode(bytes_of_buf(&out), bytes_of("correct horse"), &again, NULL), 0);
        is_peter(&again);
        signer_done(&again);
        signer_done(&signer);
        buf_done(&out);
    }
}

static void a_file_written_from_the_description_is_read(void **state) {
    (void)state;
    struct signer signer = {.secret = NULL};
    struct buf text;
    seal_peter(&text, PETER, "correct horse");
    assert_int_equal(keyfile_decode(bytes_of_buf(&text), bytes_of("correct horse"), &signer, NULL), 0);
    is_peter(&signer);
    signer_done(&signer);
    buf_done(&text);
}

static void a_wrong_passphrase_and_none_are_told_apart(void **state) {
    (void)state;
    struct signer signer = {.secret = NULL};
    struct err err = {0};
    struct buf text;
    seal_peter(&text, PETER, "correct horse");
    assert_int_equal(keyfile_decode(bytes_of_buf(&text), bytes_of("correct horsf"), &signer, &err), ERR_TAMPERED);
    assert_string_equal(err.msg, "wrong passphrase for the key 'PeterNeumann', or the file was changed");
    assert_int_equal(keyfile_decode(bytes_of_buf(&text), bytes_of(""), &signer, &err), ERR_CONFLICT);
    assert_string_equal(err.msg, "the key 'PeterNeumann' needs a passphrase, and none was given");
    assert_null(signer.secret);
    buf_done(&text);
}

static void no_bit_of_a_file_under_a_passphrase_can_be_flipped(void **state) {
    (void)state;
    struct buf text;
    size_t forms = 0, seals = 0;
    seal_peter(&text, PETER, "correct horse");
    for (size_t bit = 0; bit < 8 * text.n; bit++) {
        struct signer signer = {.secret = NULL};
        text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int rc = keyfile_decode(bytes_of_buf(&text), bytes_of("correct horse"), &signer, NULL);
        assert_true(rc == ERR_INVALID || rc == ERR_TAMPERED);
        assert_null(signer.secret);
        *(rc == ERR_INVALID ? &forms : &seals) += 1;
        text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(forms > 0 && seals > 100);
    buf_done(&text);
}

static void no_file_under_a_passphrase_can_be_cut_or_continued(void **state) {
    (void)state;
    struct buf text;
    struct signer signer = {.secret = NULL};
    seal_peter(&text, PETER, "correct horse");
    for (size_t n = 0; n < text.n; n++) {
        assert_int_equal(keyfile_decode((struct bytes){text.p, n}, bytes_of("correct horse"), &signer, NULL), ERR_INVALID);
    }
    buf_put_str(&text, "\n");
    assert_int_equal(keyfile_decode(bytes_of_buf(&text), bytes_of("correct horse"), &signer, NULL), ERR_INVALID);
    buf_done(&text);
}

static void a_file_that_names_another_key_than_it_seals_is_refused(void **state) {
    (void)state;
    struct signer signer = {.secret = NULL};
    struct err err = {0};
    struct buf text;
    seal_peter(&text, "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop", "correct horse");
    assert_int_equal(keyfile_decode(bytes_of_buf(&text), bytes_of("correct horse"), &signer, &err), ERR_TAMPERED);
    assert_string_equal(err.msg, "the sealed key is not the key 'EnochRoot' that the file names");
    assert_null(signer.secret);
    buf_done(&text);
}

/* Refused by their numbers: running Argon2id even once with the largest of these would have taken minutes. */
static void oversize_parameters_are_refused_without_running_them(void **state) {
    (void)state;
    static const char *const params[] = {
        "0 8", "11 8",      "11 1048576",    "4294967297 8",  "18446744073709551615 1048576", "1 7",
        "1 0", "1 1048577", "10 4294967295", "10 4294967304", "10 18446744073709551615"};
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        struct signer signer = {.secret = NULL};
        struct err err = {0};
        struct buf text;
        buf_init(&text, 4096);
        buf_printf(&text,
                   "ledger-key/v1\nvkey " PETER "\nkdf argon2id %s " SALT "\naead xchacha20-poly1305 " NONCE "\n"
                   "data AAECAwQFBgcICQoLDA0ODxAREhMUFRYXAAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n",
                   params[i]);
        assert_int_equal(keyfile_decode(bytes_of_buf(&text), bytes_of("x"), &signer, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "are refused: 1 to 10 passes and 8 to 1048576 KiB are accepted"));
        buf_done(&text);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_true(to.tv_sec - from.tv_sec < 2);
}

static void a_wrong_form_is_refused_by_line(void **state) {
    (void)state;
#define L1      "ledger-key/v1\n"
#define L2      "vkey " PETER "\n"
#define L3      "kdf argon2id 1 8 " SALT "\n"
#define L4      "aead xchacha20-poly1305 " NONCE "\n"
#define L5      "data AAECAwQFBgcICQoLDA0ODxAREhMUFRYXAAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n"
#define L3_FORM "line 3: must be 'kdf argon2id <passes> <kib> <base64 of a salt of 16 bytes>'"
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "line 1: is missing or does not end in a line feed, a key file has 5 lines"},
        {L1 L2 L3 L4, "line 5: is missing or does not end in a line feed, a key file has 5 lines"},
        {L1 L2 L3 L4 L5 "\n", "line 6: nothing may follow, a key file has 5 lines"},
        {"ledger-key/v2\n" L2 L3 L4 L5, "line 1: must be 'ledger-key/v1'"},
        {L1 "key " PETER "\n" L3 L4 L5, "line 2: must be 'vkey <verifier key>'"},
        {L1 "vkey Peter\n" L3 L4 L5, "line 2: the key must be '<name>+<8 hex digits>+<base64>'"},
        {L1 "vkey example.org/witness+cacf2e50+BGbguFjkYqYJ5m/nE3DIFtiEb/ED1UmaIqf+w3/bxCSn\n" L3 L4 L5,
         "line 2: only Ed25519 keys (type 0x01) can sign"},
        {L1 L2 "kdf argon2i 1 8 " SALT "\n" L4 L5, L3_FORM},
        {L1 L2 "kdf argon2id 01 8 " SALT "\n" L4 L5, L3_FORM},
        {L1 L2 "kdf argon2id 1  8 " SALT "\n" L4 L5, L3_FORM},
        {L1 L2 "kdf argon2id 1 8 AAAA\n" L4 L5, L3_FORM},
        {L1 L2 "kdf argon2id 1 8 " SALT " 1\n" L4 L5, L3_FORM},
        {L1 L2 L3 "aead aes-256-gcm " NONCE "\n" L5, "line 4: must be 'aead xchacha20-poly1305 <base64 of 24 bytes>'"},
        {L1 L2 L3 "aead xchacha20-poly1305 AAAA\n" L5, "line 4: must be 'aead xchacha20-poly1305 <base64 of 24 bytes>'"},
        {L1 L2 L3 L4 "data AAAA\n", "line 5: must be 'data <base64 of 48 bytes>'"},
        {L1 L2 L3 L4 "data bananas\n", "line 5: must be 'data <base64 of 48 bytes>'"},
        {"PRIVATE+KEY+PeterNeumann\n", "the key must be '<name>+<8 hex digits>+<base64>'"},
        {"PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n",
         "the key id of the signer key 'PeterNeumann' does not match its name and key"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct signer signer = {.secret = NULL};
        struct err err = {0};
        assert_int_equal(keyfile_decode(bytes_of(cases[i].text), bytes_of("x"), &signer, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].message);
        assert_null(signer.secret);
    }
}

static void a_saved_file_is_for_its_owner_alone_and_loads_again(void **state) {
    (void)state;
    struct signer signer = peter();
    struct signer again = {.secret = NULL};
    struct err err = {0};
    struct stat st;
    mode_t old = umask(0);
    assert_int_equal(keyfile_save(path_of("plain"), &signer, bytes_of(""), KEYFILE_DAILY, NULL), 0);
    umask(old);
    assert_int_equal(stat(path_of("plain"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(keyfile_load(path_of("plain"), bytes_of(""), &again, NULL), 0);
    is_peter(&again);
    signer_done(&again);
    assert_int_equal(keyfile_save(path_of("plain"), &signer, bytes_of(""), KEYFILE_DAILY, &err), ERR_CONFLICT);
    signer_done(&signer);
}

static void a_file_that_is_open_to_others_is_refused(void **state) {
    (void)state;
    static const mode_t modes[] = {0644, 0640, 0620, 0610, 0604, 0602, 0601, 0666};
    struct signer signer = {.secret = NULL};
    struct err err = {0};
    assert_int_equal(file_create_durable(path_of("open"), bytes_of(PETER_S "\n"), 0600, NULL), 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(path_of("open"), modes[i]), 0);
        assert_int_equal(keyfile_load(path_of("open"), bytes_of(""), &signer, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "a key file must be open to its owner alone (chmod 600)"));
    }
    assert_int_equal(chmod(path_of("open"), 0400), 0);
    assert_int_equal(keyfile_load(path_of("open"), bytes_of(""), &signer, NULL), 0);
    signer_done(&signer);
}

static void what_is_no_plain_file_is_refused(void **state) {
    (void)state;
    struct signer signer = {.secret = NULL};
    struct err err = {0};
    char target[FILE_PATH_MAX];
    assert_int_equal(file_create_durable(path_of("target"), bytes_of(PETER_S "\n"), 0600, NULL), 0);
    snprintf(target, sizeof(target), "%s", path_of("target"));
    assert_int_equal(symlink(target, path_of("link")), 0);
    assert_int_equal(keyfile_load(path_of("link"), bytes_of(""), &signer, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is a symbolic link"));
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(keyfile_load(path_of("fifo"), bytes_of(""), &signer, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is not a regular file"));
    assert_int_equal(keyfile_load(dir, bytes_of(""), &signer, &err), ERR_INVALID);
    assert_int_equal(keyfile_load(path_of("absent"), bytes_of(""), &signer, &err), ERR_NOTFOUND);
    assert_null(signer.secret);
}

static void a_file_of_another_user_is_refused(void **state) {
    (void)state;
    if (geteuid() != 0) {
        skip(); /* only root can change the owner of a file */
    }
    struct signer signer = {.secret = NULL};
    struct err err = {0};
    assert_int_equal(file_create_durable(path_of("other"), bytes_of(PETER_S "\n"), 0600, NULL), 0);
    assert_int_equal(chown(path_of("other"), 12345, (gid_t)-1), 0);
    assert_int_equal(keyfile_load(path_of("other"), bytes_of(""), &signer, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "belongs to user 12345"));
}

static void a_large_file_is_refused_unread(void **state) {
    (void)state;
    struct signer signer = {.secret = NULL};
    struct err err = {0};
    assert_int_equal(file_create_durable(path_of("large"), bytes_of(""), 0600, NULL), 0);
    assert_int_equal(truncate(path_of("large"), 1 << 30), 0);
    assert_int_equal(keyfile_load(path_of("large"), bytes_of(""), &signer, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is larger than 4096 bytes: this is not a key file"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_key_is_random_and_signs),
        cmocka_unit_test(a_key_with_a_wrong_name_is_not_made),
        cmocka_unit_test(the_plain_form_is_one_line_with_the_signer_key),
        cmocka_unit_test(a_file_under_a_passphrase_gives_the_key_back),
        cmocka_unit_test(a_file_written_from_the_description_is_read),
        cmocka_unit_test(a_wrong_passphrase_and_none_are_told_apart),
        cmocka_unit_test(no_bit_of_a_file_under_a_passphrase_can_be_flipped),
        cmocka_unit_test(no_file_under_a_passphrase_can_be_cut_or_continued),
        cmocka_unit_test(a_file_that_names_another_key_than_it_seals_is_refused),
        cmocka_unit_test(oversize_parameters_are_refused_without_running_them),
        cmocka_unit_test(a_wrong_form_is_refused_by_line),
        cmocka_unit_test(a_saved_file_is_for_its_owner_alone_and_loads_again),
        cmocka_unit_test(a_file_that_is_open_to_others_is_refused),
        cmocka_unit_test(what_is_no_plain_file_is_refused),
        cmocka_unit_test(a_file_of_another_user_is_refused),
        cmocka_unit_test(a_large_file_is_refused_unread),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
