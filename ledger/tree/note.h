/* Signed notes (C2SP signed-note v1.0.0), their keys, and checkpoints (C2SP tlog-checkpoint v1.0.0), timestamped
 * cosignatures (C2SP tlog-cosignature v1.0.1).
 *
 *   note    = text LF siglines           text: UTF-8, ends in LF, signed with its final LF
 *   sigline = U+2014 SP name SP base64(keyid[4] || sig) LF */
#ifndef LEDGER_TREE_NOTE_H
#define LEDGER_TREE_NOTE_H

#include "base/bytes.h"
#include "base/crypt.h"
#include "ledger/tree/merkle.h"

#define NOTE_NAME_MAX   256 /* bytes of a key name, without the NUL */
#define NOTE_KEY_ID_LEN 4
#define NOTE_MAX        65536 /* bytes of a whole note */
#define NOTE_SIGS_MAX   100   /* signature lines accepted */
#define NOTE_VKEY_MAX   384   /* bytes of a verifier key's text with its NUL */

enum note_alg { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04 };

/* A verifier key: name "+" hex8(key id) "+" base64(type || public key). */
struct note_vkey {
    char name[NOTE_NAME_MAX + 1];
    enum note_alg alg;
    uint8_t id[NOTE_KEY_ID_LEN];
    uint8_t public_key[CRYPT_PUBLIC_LEN];
};

struct note_sig {
    struct bytes name; /* borrowed from the note */
    uint8_t id[NOTE_KEY_ID_LEN];
    uint8_t sig[128]; /* after the key id; only sig_len bytes are meaningful */
    size_t sig_len;   /* longer blobs (unknown algorithms) are not copied; sig_len is their true length */
};

struct note {
    struct bytes text; /* borrowed: the signed message with its final LF */
    size_t n_sigs;
    struct note_sig sigs[NOTE_SIGS_MAX];
};

struct checkpoint {
    struct bytes origin; /* borrowed from the note's text */
    uint64_t size;
    uint8_t root[MERKLE_HASH];
};

/* Why the signed-note format forbids a name ("is empty", "has white space", ...), in static storage; NULL when it is
 * allowed. */
const char *note_name_fault(struct bytes name);
/* ERR_INVALID unless name is non-empty valid UTF-8 of at most NOTE_NAME_MAX bytes without '+', Unicode white space or
 * control characters. */
int note_check_name(struct bytes name, struct err *err);
int note_vkey_make(struct note_vkey *ret, struct bytes name, enum note_alg alg, const uint8_t public_key[CRYPT_PUBLIC_LEN],
                   struct err *err);
/* Strict: the key id must be the recomputed one. ERR_INVALID. */
int note_vkey_decode(struct bytes text, struct note_vkey *ret, struct err *err);
void note_vkey_encode(char ret[NOTE_VKEY_MAX], const struct note_vkey *vkey);
bool note_vkey_eq(const struct note_vkey *a, const struct note_vkey *b);

/* Signer key text: "PRIVATE+KEY+name+hex8(keyid)+base64(type || seed)" (Ed25519 only). */
int note_skey_encode(struct buf *out, struct bytes name, const uint8_t seed[CRYPT_SEED_LEN]);
int note_skey_decode(struct bytes text, struct note_vkey *ret, uint8_t ret_seed[CRYPT_SEED_LEN], struct err *err);

/* Appends one signature line over `text` to out. ERR_INVALID when the key is not an Ed25519 key, or text does not end in
 * LF; else out's failure. */
int note_sign(struct buf *out, struct bytes text, const struct note_vkey *key, const uint8_t secret[CRYPT_SECRET_LEN]);
/* Appends one timestamped cosignature line over a checkpoint's text; the key is a NOTE_COSIGNATURE key, `time` POSIX
 * seconds, at most 2^63-1. ERR_INVALID otherwise. */
int note_cosign(struct buf *out, struct bytes text, const struct note_vkey *key, const uint8_t secret[CRYPT_SECRET_LEN],
                uint64_t time);
/* Splits a note and checks its form. ERR_CORRUPT with what is wrong. */
int note_decode(struct bytes bytes, struct note *ret, struct err *err);

enum note_verdict {
    NOTE_ABSENT = 0, /* no line of this (name, key id) */
    NOTE_GOOD = 1,   /* at least one line, and every line of it verifies */
    NOTE_BAD = -1    /* a line of this (name, key id) does not verify: the note must be rejected */
};
/* Judges the lines of one key. For NOTE_COSIGNATURE keys ret_time (may be NULL) gets the newest good POSIX time. */
enum note_verdict note_check_key(const struct note *note, const struct note_vkey *key, uint64_t *ret_time);

/* The text of a checkpoint: "<origin>\n<size>\n<base64 root>\n". ERR_INVALID when the origin is empty, not UTF-8 or has
 * control characters; else out's failure. */
int checkpoint_encode(struct buf *out, struct bytes origin, uint64_t size, const uint8_t root[MERKLE_HASH]);
/* The origin need only be non-empty: origins of other logs contain spaces. Extension lines are accepted and ignored.
 * ERR_CORRUPT. */
int checkpoint_decode(struct bytes text, struct checkpoint *ret, struct err *err);

#endif
