/* Signed notes: writes signature lines, splits a note into its text and its lines, and judges the lines of one key.
 *
 * A note is split at its last empty line: a text may have empty lines of its own, a signature block has none. Lines are
 * interpreted only after the form of the whole note has been checked. */
#include "ledger/tree/note.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/tree/line.h"

#define SIG_PREFIX     "\xe2\x80\x94 "
#define STAMP_LEN      8
#define COSIGNATURE_V1 "cosignature/v1\ntime "

/* ---- signing ------------------------------------------------------------------------------------------------------ */

static int put_sig_line(struct buf *out, const struct note_vkey *key, const uint8_t *sig, size_t n) {
    uint8_t blob[NOTE_KEY_ID_LEN + STAMP_LEN + CRYPT_SIGNATURE_LEN];
    memcpy(blob, key->id, NOTE_KEY_ID_LEN);
    memcpy(blob + NOTE_KEY_ID_LEN, sig, n);
    buf_put_str(out, SIG_PREFIX);
    buf_put_str(out, key->name);
    buf_put_str(out, " ");
    text_base64(out, blob, NOTE_KEY_ID_LEN + n);
    return buf_put_str(out, "\n");
}

static bool ends_in_lf(struct bytes text) {
    return text.n > 0 && text.p[text.n - 1] == '\n';
}

int note_sign(struct buf *out, struct bytes text, const struct note_vkey *key, const uint8_t secret[CRYPT_SECRET_LEN]) {
    if (key->alg != NOTE_ED25519 || !ends_in_lf(text)) return ERR_INVALID;
    uint8_t sig[CRYPT_SIGNATURE_LEN];
    crypt_sign(sig, text, secret);
    return put_sig_line(out, key, sig, sizeof(sig));
}

#define COSIGNED_MAX (NOTE_MAX + 64)

/* Writes the message that a cosignature signs into `room`: without allocation, running out of memory cannot look like a bad
 * signature. */
static int cosigned_message(struct buf *out, uint8_t room[COSIGNED_MAX + 1], struct bytes text, uint64_t time) {
    *out = (struct buf){.p = room, .cap = COSIGNED_MAX, .max = COSIGNED_MAX};
    buf_printf(out, COSIGNATURE_V1 "%" PRIu64 "\n", time);
    return buf_put_bytes(out, text);
}

int note_cosign(struct buf *out, struct bytes text, const struct note_vkey *key, const uint8_t secret[CRYPT_SECRET_LEN],
                uint64_t time) {
    if (key->alg != NOTE_COSIGNATURE || !ends_in_lf(text) || time > INT64_MAX) return ERR_INVALID;
    struct buf message;
    uint8_t room[COSIGNED_MAX + 1];
    int rc = cosigned_message(&message, room, text, time);
    if (rc == 0) {
        uint8_t blob[STAMP_LEN + CRYPT_SIGNATURE_LEN];
        be64_put(blob, time);
        crypt_sign(blob + STAMP_LEN, bytes_of_buf(&message), secret);
        rc = put_sig_line(out, key, blob, sizeof(blob));
    }
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/* The first byte that no note may have, n when there is none. */
static size_t bad_byte(struct bytes b) {
    size_t at = text_utf8_valid(b.p, b.n);
    for (size_t i = 0; i < at; i++) {
        if (b.p[i] < 0x20 && b.p[i] != '\n') return i;
    }
    return at;
}

/* Where the last "\n\n" starts, n when there is none. */
static size_t last_empty_line(struct bytes b) {
    for (size_t i = b.n; i >= 2; i--) {
        if (b.p[i - 1] == '\n' && b.p[i - 2] == '\n') return i - 2;
    }
    return b.n;
}

static int decode_sig(struct bytes line, struct buf *blob, struct note_sig *ret, size_t number, struct err *err) {
    struct bytes name;
    if (!bytes_has_prefix(line, SIG_PREFIX)) {
        return err_set(err, ERR_CORRUPT, "signature line %zu does not start with a dash (U+2014) and a space", number);
    }
    line.p += strlen(SIG_PREFIX);
    line.n -= strlen(SIG_PREFIX);
    line_field(&line, &name);
    const char *fault = note_name_fault(name);
    if (fault != NULL) {
        return err_set(err, ERR_CORRUPT, "signature line %zu: the key name %s", number, fault);
    }
    buf_clear(blob);
    int rc = line.p == NULL ? ERR_INVALID : text_unbase64(blob, line);
    if (rc == ERR_NOMEM) return err_set(err, rc, "note: out of memory");
    if (rc != 0) {
        return err_set(err, ERR_CORRUPT, "signature line %zu: the signature is not base64", number);
    }
    if (blob->n <= NOTE_KEY_ID_LEN) {
        return err_set(err, ERR_CORRUPT, "signature line %zu: the signature is too short", number);
    }
    ret->name = name;
    memcpy(ret->id, blob->p, NOTE_KEY_ID_LEN);
    ret->sig_len = blob->n - NOTE_KEY_ID_LEN;
    if (ret->sig_len <= sizeof(ret->sig)) {
        memcpy(ret->sig, blob->p + NOTE_KEY_ID_LEN, ret->sig_len);
    }
    return 0;
}

static int decode_sigs(struct bytes block, struct note *ret, struct err *err) {
    struct buf blob = {.max = NOTE_MAX};
    struct line_reader in;
    struct bytes line;
    int rc = 0;
    line_init(&in, block);
    while (rc == 0 && line_next(&in, &line)) {
        if (ret->n_sigs == NOTE_SIGS_MAX) {
            rc = err_set(err, ERR_CORRUPT, "the note has more than %d signature lines", NOTE_SIGS_MAX);
        } else {
            rc = decode_sig(line, &blob, &ret->sigs[ret->n_sigs], in.number, err);
            ret->n_sigs++;
        }
    }
    if (rc == 0 && (in.rest.n != 0 || ret->n_sigs == 0)) {
        rc = err_set(err, ERR_CORRUPT,
                     ret->n_sigs == 0 ? "the note has no signature" : "the note does not end in a line feed");
    }
    buf_done(&blob);
    return rc;
}

int note_decode(struct bytes bytes, struct note *ret, struct err *err) {
    if (bytes.n > NOTE_MAX) {
        return err_set(err, ERR_CORRUPT, "the note is larger than %d bytes", NOTE_MAX);
    }
    size_t bad = bad_byte(bytes);
    if (bad != bytes.n) {
        return err_set(err, ERR_CORRUPT, "byte %zu of the note is a control character or not UTF-8", bad);
    }
    size_t split = last_empty_line(bytes);
    if (split == bytes.n) {
        return err_set(err, ERR_CORRUPT, "the note has no empty line before its signatures");
    }
    struct note *note = malloc(sizeof(*note));
    if (note == NULL) return err_set(err, ERR_NOMEM, "note: out of memory");
    note->text = (struct bytes){bytes.p, split + 1};
    note->n_sigs = 0;
    int rc = decode_sigs((struct bytes){bytes.p + split + 2, bytes.n - split - 2}, note, err);
    if (rc == 0) {
        ret->text = note->text;
        ret->n_sigs = note->n_sigs;
        memcpy(ret->sigs, note->sigs, note->n_sigs * sizeof(note->sigs[0]));
    }
    free(note);
    return rc;
}

/* ---- judging ------------------------------------------------------------------------------------------------------ */

static bool cosignature_good(const struct note *note, const struct note_sig *sig, const struct note_vkey *key,
                             uint64_t *ret_time) {
    if (sig->sig_len != STAMP_LEN + CRYPT_SIGNATURE_LEN) return false;
    uint64_t time = be64_get(sig->sig);
    if (time > INT64_MAX) return false;
    struct buf message;
    uint8_t room[COSIGNED_MAX + 1];
    bool good = cosigned_message(&message, room, note->text, time) == 0 &&
                crypt_verify(sig->sig + STAMP_LEN, bytes_of_buf(&message), key->public_key);
    if (good) {
        *ret_time = time;
    }
    return good;
}

static bool sig_good(const struct note *note, const struct note_sig *sig, const struct note_vkey *key, uint64_t *ret_time) {
    switch (key->alg) {
    case NOTE_ED25519:
        return sig->sig_len == CRYPT_SIGNATURE_LEN && crypt_verify(sig->sig, note->text, key->public_key);
    case NOTE_COSIGNATURE:
        return cosignature_good(note, sig, key, ret_time);
    }
    return false;
}

enum note_verdict note_check_key(const struct note *note, const struct note_vkey *key, uint64_t *ret_time) {
    enum note_verdict verdict = NOTE_ABSENT;
    uint64_t newest = 0;
    for (size_t i = 0; i < note->n_sigs; i++) {
        const struct note_sig *sig = &note->sigs[i];
        uint64_t time = 0;
        if (!bytes_is(sig->name, key->name) || memcmp(sig->id, key->id, NOTE_KEY_ID_LEN) != 0) {
            continue;
        }
        if (!sig_good(note, sig, key, &time)) return NOTE_BAD;
        newest = time > newest ? time : newest;
        verdict = NOTE_GOOD;
    }
    if (verdict == NOTE_GOOD && key->alg == NOTE_COSIGNATURE && ret_time != NULL) {
        *ret_time = newest;
    }
    return verdict;
}
