/* The keys of signed notes: their names, ids and texts.
 *
 * Key names follow two rules: in a signature line a name need only satisfy the format (the key may be any key, and an
 * unknown one is not a fault); the name of a key that is used must also be at most NOTE_NAME_MAX bytes and free of control
 * characters. A key id is never trusted but recomputed. */
#include "ledger/tree/note.h"

#include <string.h>

#include "base/hash.h"
#include "base/text.h"

#define SKEY_PREFIX  "PRIVATE+KEY+"
#define KEY_DATA_LEN (1 + CRYPT_PUBLIC_LEN) /* type || public key, or type || seed */

/* ---- names -------------------------------------------------------------------------------------------------------- */

/* The property White_Space of the Unicode Character Database. */
static bool is_white_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* The code point at p of valid UTF-8, and its length. */
static uint32_t code_point(const uint8_t *p, size_t *ret_n) {
    if (p[0] < 0x80) {
        *ret_n = 1;
        return p[0];
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    uint32_t c = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        c = c << 6 | (p[i] & 0x3fu);
    }
    *ret_n = n;
    return c;
}

const char *note_name_fault(struct bytes name) {
    if (name.n == 0) return "is empty";
    if (text_utf8_valid(name.p, name.n) != name.n) return "is not UTF-8";
    size_t n;
    for (size_t i = 0; i < name.n; i += n) {
        uint32_t c = code_point(name.p + i, &n);
        if (c == '+') return "has a '+'";
        if (is_white_space(c)) return "has white space";
    }
    return NULL;
}

int note_check_name(struct bytes name, struct err *err) {
    const char *fault = note_name_fault(name);
    if (fault == NULL && text_has_control(name)) {
        fault = "has control characters";
    }
    if (fault == NULL && name.n > NOTE_NAME_MAX) {
        fault = "is too long";
    }
    if (fault != NULL) {
        return err_set(err, ERR_INVALID,
                       "the key name %s: a name is 1 to %d bytes of UTF-8 without '+', white space or control characters",
                       fault, NOTE_NAME_MAX);
    }
    return 0;
}

/* ---- keys --------------------------------------------------------------------------------------------------------- */

static void key_id(uint8_t ret[NOTE_KEY_ID_LEN], struct bytes name, enum note_alg alg,
                   const uint8_t public_key[CRYPT_PUBLIC_LEN]) {
    const uint8_t between[2] = {'\n', (uint8_t)alg};
    const struct bytes parts[] = {name, {between, sizeof(between)}, {public_key, CRYPT_PUBLIC_LEN}};
    uint8_t digest[HASH_LEN];
    hash_parts(digest, parts, sizeof(parts) / sizeof(parts[0]));
    memcpy(ret, digest, NOTE_KEY_ID_LEN);
}

int note_vkey_make(struct note_vkey *ret, struct bytes name, enum note_alg alg, const uint8_t public_key[CRYPT_PUBLIC_LEN],
                   struct err *err) {
    int rc = note_check_name(name, err);
    if (rc != 0) return rc;
    if (alg != NOTE_ED25519 && alg != NOTE_COSIGNATURE) {
        return err_set(err, ERR_INVALID, "unknown key type 0x%02x: expected 0x01 (Ed25519) and 0x04 (cosignature)",
                       (unsigned)alg & 0xffu);
    }
    struct note_vkey vkey = {.alg = alg};
    memcpy(vkey.name, name.p, name.n);
    memcpy(vkey.public_key, public_key, CRYPT_PUBLIC_LEN);
    key_id(vkey.id, name, alg, public_key);
    *ret = vkey;
    return 0;
}

/* Cuts text at its first '+'. */
static bool cut_plus(struct bytes *text, struct bytes *ret) {
    const uint8_t *plus = text->n == 0 ? NULL : memchr(text->p, '+', text->n);
    if (plus == NULL) return false;
    *ret = (struct bytes){text->p, (size_t)(plus - text->p)};
    *text = (struct bytes){plus + 1, text->n - ret->n - 1};
    return true;
}

/* name "+" hex8(key id) "+" base64(type || 32 bytes): the form that verifier and signer keys share. */
static int split_key(struct bytes text, struct bytes *ret_name, uint8_t ret_id[NOTE_KEY_ID_LEN],
                     uint8_t ret_data[KEY_DATA_LEN], struct err *err) {
    struct bytes rest = text;
    struct bytes name, hex;
    if (!cut_plus(&rest, &name) || !cut_plus(&rest, &hex)) {
        return err_set(err, ERR_INVALID, "the key must be '<name>+<8 hex digits>+<base64>'");
    }
    int rc = note_check_name(name, err);
    if (rc != 0) return rc;
    if (text_unhex(ret_id, NOTE_KEY_ID_LEN, hex) != 0) {
        return err_set(err, ERR_INVALID, "the key id must be 8 lowercase hex digits");
    }
    if (text_unbase64_of(ret_data, KEY_DATA_LEN, rest) != 0) {
        crypt_wipe(ret_data, KEY_DATA_LEN); /* it may have been a seed */
        return err_set(err, ERR_INVALID, "the key data must be %d bytes in base64: a type and 32 bytes", KEY_DATA_LEN);
    }
    *ret_name = name;
    return 0;
}

int note_vkey_decode(struct bytes text, struct note_vkey *ret, struct err *err) {
    struct bytes name;
    uint8_t id[NOTE_KEY_ID_LEN];
    uint8_t data[KEY_DATA_LEN];
    struct note_vkey vkey;
    int rc = split_key(text, &name, id, data, err);
    if (rc == 0) rc = note_vkey_make(&vkey, name, (enum note_alg)data[0], data + 1, err);
    if (rc != 0) return rc;
    if (memcmp(vkey.id, id, NOTE_KEY_ID_LEN) != 0) {
        return err_set(err, ERR_INVALID, "the key id of '%s' does not match its name and key: %02x%02x%02x%02x is right",
                       vkey.name, vkey.id[0], vkey.id[1], vkey.id[2], vkey.id[3]);
    }
    *ret = vkey;
    return 0;
}

void note_vkey_encode(char ret[NOTE_VKEY_MAX], const struct note_vkey *vkey) {
    uint8_t data[KEY_DATA_LEN];
    data[0] = (uint8_t)vkey->alg;
    memcpy(data + 1, vkey->public_key, CRYPT_PUBLIC_LEN);
    char hex[2 * NOTE_KEY_ID_LEN + 1];
    text_hex(hex, vkey->id, NOTE_KEY_ID_LEN);
    /* Writes into the caller's memory, which fits the longest key: nothing is allocated, nothing can fail. */
    struct buf out = {.p = (uint8_t *)ret, .cap = NOTE_VKEY_MAX, .max = NOTE_VKEY_MAX};
    buf_put_str(&out, vkey->name);
    buf_put_str(&out, "+");
    buf_put_str(&out, hex);
    buf_put_str(&out, "+");
    text_base64(&out, data, KEY_DATA_LEN);
    buf_put_u8(&out, 0);
}

bool note_vkey_eq(const struct note_vkey *a, const struct note_vkey *b) {
    return a->alg == b->alg && strcmp(a->name, b->name) == 0 && memcmp(a->public_key, b->public_key, CRYPT_PUBLIC_LEN) == 0;
}

int note_skey_encode(struct buf *out, struct bytes name, const uint8_t seed[CRYPT_SEED_LEN]) {
    uint8_t public_key[CRYPT_PUBLIC_LEN];
    uint8_t secret[CRYPT_SECRET_LEN];
    uint8_t data[KEY_DATA_LEN] = {NOTE_ED25519};
    uint8_t id[NOTE_KEY_ID_LEN];
    char hex[2 * NOTE_KEY_ID_LEN + 1];
    if (note_check_name(name, NULL) != 0) return ERR_INVALID;
    crypt_keypair(seed, public_key, secret);
    memcpy(data + 1, seed, CRYPT_SEED_LEN);
    key_id(id, name, NOTE_ED25519, public_key);
    text_hex(hex, id, NOTE_KEY_ID_LEN);
    /* Room for everything at once: a buf that grows later would leave a copy of the seed behind. */
    buf_room(out, sizeof(SKEY_PREFIX) + name.n + sizeof(hex) + 2 * KEY_DATA_LEN);
    buf_put_str(out, SKEY_PREFIX);
    buf_put_bytes(out, name);
    buf_put_str(out, "+");
    buf_put_str(out, hex);
    buf_put_str(out, "+");
    text_base64(out, data, KEY_DATA_LEN);
    crypt_wipe(data, sizeof(data));
    crypt_wipe(secret, sizeof(secret));
    return out->fail;
}

int note_skey_decode(struct bytes text, struct note_vkey *ret, uint8_t ret_seed[CRYPT_SEED_LEN], struct err *err) {
    uint8_t data[KEY_DATA_LEN];
    uint8_t secret[CRYPT_SECRET_LEN];
    uint8_t public_key[CRYPT_PUBLIC_LEN];
    uint8_t id[NOTE_KEY_ID_LEN];
    struct bytes name;
    struct note_vkey vkey;
    if (!bytes_has_prefix(text, SKEY_PREFIX)) {
        return err_set(err, ERR_INVALID, "a signer key must start with '" SKEY_PREFIX "'");
    }
    text.p += strlen(SKEY_PREFIX);
    text.n -= strlen(SKEY_PREFIX);
    int rc = split_key(text, &name, id, data, err);
    if (rc != 0) return rc;
    if (data[0] != NOTE_ED25519) {
        rc = err_set(err, ERR_INVALID, "unknown signer key type 0x%02x: expected 0x01 (Ed25519)", data[0]);
        goto out;
    }
    crypt_keypair(data + 1, public_key, secret);
    rc = note_vkey_make(&vkey, name, NOTE_ED25519, public_key, err);
    if (rc == 0 && memcmp(vkey.id, id, NOTE_KEY_ID_LEN) != 0) {
        rc = err_set(err, ERR_INVALID, "the key id of the signer key '%s' does not match its name and key", vkey.name);
    }
    if (rc == 0) {
        *ret = vkey;
        memcpy(ret_seed, data + 1, CRYPT_SEED_LEN);
    }
    crypt_wipe(secret, sizeof(secret));
out:
    crypt_wipe(data, sizeof(data));
    return rc;
}
