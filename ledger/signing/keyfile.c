/* Secret keys at rest and in memory.
 *
 * A seed or derived key is only ever in memory from crypt_secret_new (locked, wiped, not dumped) or in a buf that the
 * caller wipes. The passphrase form states the cost of its key derivation. An attacker who can change the file must not
 * make the reader spend gigabytes, so the numbers are capped before use, and none of them is trusted until the seal over
 * them opens. The seal does not commit to a key, so the opened seed must also produce the verifier key that the file names.
 */
#include "ledger/signing/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "ledger/tree/line.h"

#define FILE_TEXT_MAX  4096 /* both forms are far smaller */
#define FORM_MAGIC     "ledger-key/v1"
#define KDF_NAME       "argon2id"
#define AEAD_NAME      "xchacha20-poly1305"
#define KDF_PASSES_MAX 10
#define KDF_KIB_MIN    8
#define KDF_KIB_MAX    (UINT64_C(1) << 20) /* 1 GiB */
#define SEALED_LEN     (CRYPT_SEED_LEN + CRYPT_TAG_LEN)
#define KEY_LEN        32

struct cost {
    uint32_t passes, kib;
};

static const struct cost costs[] = {
    [KEYFILE_DAILY] = {2, 64 * 1024},
    [KEYFILE_BACKUP] = {3, 256 * 1024},
};

/* The parsed passphrase form. */
struct sealed_key {
    struct note_vkey vkey;
    struct cost cost;
    uint8_t salt[CRYPT_KDF_SALT_LEN];
    uint8_t nonce[CRYPT_NONCE_LEN];
    uint8_t data[SEALED_LEN];
    struct bytes bound; /* the associated data: everything before "data " */
};

/* ---- signers ------------------------------------------------------------------------------------------------------ */

int signer_from_seed(struct signer *ret, struct bytes name, const uint8_t seed[CRYPT_SEED_LEN], struct err *err) {
    struct signer signer = {.secret = NULL};
    uint8_t public_key[CRYPT_PUBLIC_LEN];
    int rc = crypt_init(err);
    if (rc != 0) return rc;
    signer.secret = crypt_secret_new(CRYPT_SECRET_LEN);
    if (signer.secret == NULL) {
        return err_set(err, ERR_NOMEM, "signing key: out of lockable memory");
    }
    crypt_keypair(seed, public_key, signer.secret);
    rc = note_vkey_make(&signer.vkey, name, NOTE_ED25519, public_key, err);
    if (rc != 0) {
        signer_done(&signer);
        return rc;
    }
    *ret = signer;
    return 0;
}

int signer_new(struct signer *ret, struct bytes name, struct err *err) {
    int rc = crypt_init(err);
    if (rc != 0) return rc;
    uint8_t *seed = crypt_secret_new(CRYPT_SEED_LEN);
    if (seed == NULL) return err_set(err, ERR_NOMEM, "signing key: out of lockable memory");
    crypt_random(seed, CRYPT_SEED_LEN);
    rc = signer_from_seed(ret, name, seed, err);
    crypt_secret_free(seed);
    return rc;
}

void signer_done(struct signer *signer) {
    if (signer != NULL) {
        crypt_secret_free(signer->secret);
        memset(signer, 0, sizeof(*signer));
    }
}

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static int seal(struct buf *out, const struct signer *signer, struct bytes passphrase, struct cost cost, struct err *err) {
    uint8_t salt[CRYPT_KDF_SALT_LEN];
    uint8_t nonce[CRYPT_NONCE_LEN];
    char vkey[NOTE_VKEY_MAX];
    struct buf sealed = {.max = SEALED_LEN};
    uint8_t *key = crypt_secret_new(KEY_LEN);
    if (key == NULL) return err_set(err, ERR_NOMEM, "key file: out of lockable memory");
    crypt_random(salt, sizeof(salt));
    crypt_random(nonce, sizeof(nonce));
    int rc = crypt_kdf(key, passphrase, salt, cost.passes, cost.kib, err);
    if (rc != 0) {
        goto out;
    }
    size_t start = out->n;
    note_vkey_encode(vkey, &signer->vkey);
    buf_printf(out, FORM_MAGIC "\nvkey %s\nkdf " KDF_NAME " %" PRIu32 " %" PRIu32 " ", vkey, cost.passes, cost.kib);
    text_base64(out, salt, sizeof(salt));
    buf_put_str(out, "\naead " AEAD_NAME " ");
    text_base64(out, nonce, sizeof(nonce));
    buf_put_str(out, "\n");
    rc = buf_check(out, "key file", err);
    if (rc != 0) {
        goto out;
    }
    struct bytes bound = {out->p + start, out->n - start};
    rc = crypt_seal(&sealed, (struct bytes){signer->secret, CRYPT_SEED_LEN}, bound, nonce, key);
    if (rc != 0) {
        rc = err_set(err, rc, "key file: out of memory");
        goto out;
    }
    buf_put_str(out, "data ");
    text_base64(out, sealed.p, sealed.n);
    buf_put_str(out, "\n");
    rc = buf_check(out, "key file", err);
out:
    crypt_secret_free(key);
    buf_done(&sealed);
    return rc;
}

int keyfile_encode(struct buf *out, const struct signer *signer, struct bytes passphrase, enum keyfile_cost cost,
                   struct err *err) {
    int rc = crypt_init(err);
    if (rc != 0) return rc;
    if (signer->secret == NULL) {
        return err_set(err, ERR_INVALID, "key file: there is no key to write");
    }
    if (passphrase.n != 0) return seal(out, signer, passphrase, costs[cost], err);
    if (note_skey_encode(out, bytes_of(signer->vkey.name), signer->secret) == ERR_INVALID) {
        return err_set(err, ERR_INVALID, "key file: the signer has no key name");
    }
    buf_put_str(out, "\n");
    return buf_check(out, "key file", err);
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static int read_kdf(struct bytes line, struct sealed_key *ret, struct err *err) {
    struct bytes word, name, passes_text, kib_text, salt;
    uint64_t passes, kib;
    if (!line_field(&line, &word) || !bytes_is(word, "kdf") || !line_field(&line, &name) || !bytes_is(name, KDF_NAME) ||
        !line_field(&line, &passes_text) || text_parse_u64(passes_text, &passes) != 0 || !line_field(&line, &kib_text) ||
        text_parse_u64(kib_text, &kib) != 0 || !line_field(&line, &salt) || line.p != NULL ||
        text_unbase64_of(ret->salt, sizeof(ret->salt), salt) != 0) {
        return err_set(err, ERR_INVALID, "line 3: must be 'kdf " KDF_NAME " <passes> <kib> <base64 of a salt of %d bytes>'",
                       CRYPT_KDF_SALT_LEN);
    }
    if (passes < 1 || passes > KDF_PASSES_MAX || kib < KDF_KIB_MIN || kib > KDF_KIB_MAX) {
        return err_set(err, ERR_INVALID,
                       "line 3: %" PRIu64 " passes over %" PRIu64 " KiB are refused: 1 to %d passes and %d to %" PRIu64
                       " KiB are accepted",
                       passes, kib, KDF_PASSES_MAX, KDF_KIB_MIN, KDF_KIB_MAX);
    }
    ret->cost.passes = (uint32_t)passes;
    ret->cost.kib = (uint32_t)kib;
    return 0;
}

/* "<prefix><base64 of n bytes>" */
static int read_blob(struct bytes line, size_t number, const char *prefix, uint8_t *ret, size_t n, struct err *err) {
    size_t skip = strlen(prefix);
    if (bytes_has_prefix(line, prefix) && text_unbase64_of(ret, n, (struct bytes){line.p + skip, line.n - skip}) == 0) {
        return 0;
    }
    return err_set(err, ERR_INVALID, "line %zu: must be '%s<base64 of %zu bytes>'", number, prefix, n);
}

static int read_sealed(struct bytes text, struct sealed_key *ret, struct err *err) {
    struct line_reader in;
    struct bytes line[5];
    line_init(&in, text);
    for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++) {
        if (!line_next(&in, &line[i])) {
            return err_set(err, ERR_INVALID, "line %zu: is missing or does not end in a line feed, a key file has 5 lines",
                           in.number + 1);
        }
    }
    if (in.rest.n != 0) {
        return err_set(err, ERR_INVALID, "line 6: nothing may follow, a key file has 5 lines");
    }
    if (!bytes_is(line[0], FORM_MAGIC)) {
        return err_set(err, ERR_INVALID, "line 1: must be '" FORM_MAGIC "'");
    }
    if (!bytes_has_prefix(line[1], "vkey ")) {
        return err_set(err, ERR_INVALID, "line 2: must be 'vkey <verifier key>'");
    }
    int rc = note_vkey_decode((struct bytes){line[1].p + 5, line[1].n - 5}, &ret->vkey, err);
    if (rc != 0) {
        err_prefix(err, "line 2");
        return rc;
    }
    if (ret->vkey.alg != NOTE_ED25519) {
        return err_set(err, ERR_INVALID, "line 2: only Ed25519 keys (type 0x01) can sign");
    }
    rc = read_kdf(line[2], ret, err);
    if (rc == 0) {
        rc = read_blob(line[3], 4, "aead " AEAD_NAME " ", ret->nonce, sizeof(ret->nonce), err);
    }
    if (rc == 0) rc = read_blob(line[4], 5, "data ", ret->data, sizeof(ret->data), err);
    ret->bound = (struct bytes){text.p, (size_t)(line[4].p - text.p)};
    return rc;
}

static int open_sealed(struct bytes text, struct bytes passphrase, struct signer *ret, struct err *err) {
    struct sealed_key sealed;
    struct signer signer = {.secret = NULL};
    uint8_t *secret = NULL; /* the derived key, then the seed */
    int rc = read_sealed(text, &sealed, err);
    if (rc != 0) return rc;
    if (passphrase.n == 0) {
        return err_set(err, ERR_CONFLICT, "the key '%s' needs a passphrase, and none was given", sealed.vkey.name);
    }
    secret = crypt_secret_new(KEY_LEN + CRYPT_SEED_LEN);
    if (secret == NULL) return err_set(err, ERR_NOMEM, "key file: out of lockable memory");
    uint8_t *seed = secret + KEY_LEN;
    rc = crypt_kdf(secret, passphrase, sealed.salt, sealed.cost.passes, sealed.cost.kib, err);
    if (rc != 0) {
        goto out;
    }
    if (crypt_open(seed, (struct bytes){sealed.data, SEALED_LEN}, sealed.bound, sealed.nonce, secret) != 0) {
        rc = err_set(err, ERR_TAMPERED, "wrong passphrase for the key '%s', or the file was changed", sealed.vkey.name);
        goto out;
    }
    rc = signer_from_seed(&signer, bytes_of(sealed.vkey.name), seed, err);
    if (rc == 0 && !note_vkey_eq(&signer.vkey, &sealed.vkey)) {
        signer_done(&signer);
        rc = err_set(err, ERR_TAMPERED, "the sealed key is not the key '%s' that the file names", sealed.vkey.name);
    }
    if (rc == 0) {
        signer.sealed = true;
        *ret = signer;
    }
out:
    crypt_secret_free(secret);
    return rc;
}

static int open_plain(struct bytes text, struct signer *ret, struct err *err) {
    struct note_vkey vkey;
    if (text.n > 0 && text.p[text.n - 1] == '\n') {
        text.n--;
    }
    uint8_t *seed = crypt_secret_new(CRYPT_SEED_LEN);
    if (seed == NULL) return err_set(err, ERR_NOMEM, "key file: out of lockable memory");
    int rc = note_skey_decode(text, &vkey, seed, err);
    if (rc == 0) rc = signer_from_seed(ret, bytes_of(vkey.name), seed, err);
    crypt_secret_free(seed);
    return rc;
}

int keyfile_decode(struct bytes text, struct bytes passphrase, struct signer *ret, struct err *err) {
    int rc = crypt_init(err);
    if (rc != 0) return rc;
    if (bytes_has_prefix(text, "PRIVATE+KEY+")) return open_plain(text, ret, err);
    return open_sealed(text, passphrase, ret, err);
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

static bool is_ours(const struct stat *st) {
    return st->st_uid == geteuid() || st->st_uid == 0;
}

static bool is_exposed(const struct stat *st) {
    return (st->st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

static int check_file(int fd, bool exposed, struct err *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return err_errno(err, errno, "fstat");
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_INVALID, "is not a regular file");
    if (!is_ours(&st)) {
        return err_set(err, ERR_INVALID, "belongs to user %lu: a key file must belong to the user who runs this program",
                       (unsigned long)st.st_uid);
    }
    if (is_exposed(&st) && !(exposed && st.st_uid == geteuid())) {
        return err_set(err, ERR_INVALID, "has mode %04o: a key file must be open to its owner alone (chmod 600)",
                       (unsigned)(st.st_mode & 07777));
    }
    if (st.st_size > FILE_TEXT_MAX) {
        return err_set(err, ERR_INVALID, "is larger than %d bytes: this is not a key file", FILE_TEXT_MAX);
    }
    return 0;
}

/* Reads at most FILE_TEXT_MAX + 1 bytes, one more than allowed: the file may have grown since it was checked. */
static int read_fd(int fd, uint8_t *room, size_t *ret_n, struct err *err) {
    size_t n = 0;
    while (n <= FILE_TEXT_MAX) {
        ssize_t got = read(fd, room + n, FILE_TEXT_MAX + 1 - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_errno(err, errno, "read");
        if (got == 0) {
            *ret_n = n;
            return 0;
        }
        n += (size_t)got;
    }
    return err_set(err, ERR_INVALID, "is larger than %d bytes: this is not a key file", FILE_TEXT_MAX);
}

static int load(const char *path, struct bytes passphrase, bool exposed, struct signer *ret, struct err *err) {
    int rc = crypt_init(err);
    if (rc != 0) return rc;
    /* O_NONBLOCK: a FIFO of that name must not block us; regular files ignore the flag. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ELOOP ? err_set(err, ERR_INVALID, "key file '%s': is a symbolic link, which is not followed", path)
                              : err_errno(err, errno, "key file '%s'", path);
    }
    size_t n = 0;
    uint8_t *room = NULL;
    rc = check_file(fd, exposed, err);
    if (rc == 0) {
        room = crypt_secret_new(FILE_TEXT_MAX + 1);
        rc = room == NULL ? err_set(err, ERR_NOMEM, "out of lockable memory") : read_fd(fd, room, &n, err);
    }
    close(fd);
    if (rc == 0) rc = keyfile_decode((struct bytes){room, n}, passphrase, ret, err);
    crypt_secret_free(room);
    if (rc != 0) {
        err_prefix(err, "key file '%s'", path);
    }
    return rc;
}

int keyfile_load(const char *path, struct bytes passphrase, struct signer *ret, struct err *err) {
    return load(path, passphrase, false, ret, err);
}

int keyfile_load_exposed(const char *path, struct bytes passphrase, struct signer *ret, struct err *err) {
    return load(path, passphrase, true, ret, err);
}

int keyfile_look(const char *path, struct log_key_file *ret, struct err *err) {
    struct log_key_file file = {.path = path};
    struct stat st;
    if (lstat(path, &st) == 0) {
        file.exists = true;
        file.regular = S_ISREG(st.st_mode);
        file.ours = is_ours(&st);
        file.mode = st.st_mode & 07777;
        file.owner = st.st_uid;
        file.exposed = file.regular && is_exposed(&st);
    } else if (errno != ENOENT && errno != ENOTDIR) {
        return err_errno(err, errno, "key file '%s'", path);
    }
    *ret = file;
    return 0;
}

int keyfile_save(const char *path, const struct signer *signer, struct bytes passphrase, enum keyfile_cost cost,
                 struct err *err) {
    struct buf text = {.max = FILE_TEXT_MAX};
    int rc = keyfile_encode(&text, signer, passphrase, cost, err);
    if (rc == 0) rc = file_create_durable(path, bytes_of_buf(&text), 0600, err);
    if (text.p != NULL) {
        crypt_wipe(text.p, text.cap);
    }
    buf_done(&text);
    return rc;
}
