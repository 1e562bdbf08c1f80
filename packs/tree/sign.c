/* The text is made anew from what was read and compared with the note's own, so that nothing in pack.sig is believed but
 * the signature. */
#include "packs/tree/sign.h"

#include <stdio.h>

#include "base/text.h"

#define TEXT_MAX 4096

static int put_text(const struct sign_claim *claim, struct buf *out) {
    char hex[2 * HASH_LEN + 1];
    text_hex(hex, claim->digest, HASH_LEN);
    buf_put_str(out, "foundry-pack/v0\n");
    buf_put_bytes(out, claim->name);
    buf_put_u8(out, ' ');
    buf_put_bytes(out, claim->version);
    return buf_printf(out, "\nsha256:%s\n", hex);
}

const char *sign_verdict_name(enum sign_verdict verdict) {
    static const char *const names[] = {
        [SIGN_GOOD] = "good",           [SIGN_ABSENT] = "absent",       [SIGN_UNKNOWN] = "unknown key",
        [SIGN_OTHER] = "other content", [SIGN_BAD] = "does not verify", [SIGN_BROKEN] = "not a signed note",
    };
    return names[verdict];
}

static enum sign_verdict check_keys(const struct note *note, const struct sign_claim *claim, const struct note_vkey *keys,
                                    size_t n_keys, size_t *ret_key) {
    enum sign_verdict verdict = SIGN_UNKNOWN;
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].alg != NOTE_ED25519) continue;
        enum note_verdict line = note_check_key(note, &keys[i], NULL);
        if (line == NOTE_BAD) return SIGN_BAD;
        if (line == NOTE_GOOD && verdict == SIGN_UNKNOWN && bytes_is(claim->publisher, keys[i].name)) {
            verdict = SIGN_GOOD;
            *ret_key = i;
        }
    }
    return verdict;
}

enum sign_verdict sign_check(struct bytes sig, const struct sign_claim *claim, const struct note_vkey *keys, size_t n_keys,
                             size_t *ret_key) {
    struct note note;
    struct buf text = {.max = TEXT_MAX};
    enum sign_verdict verdict;
    size_t key = 0;
    if (sig.p == NULL) return SIGN_ABSENT;
    if (sig.n > NOTE_MAX || note_decode(sig, &note, NULL) != 0) return SIGN_BROKEN;
    if (put_text(claim, &text) != 0 || !bytes_eq(note.text, bytes_of_buf(&text))) {
        verdict = SIGN_OTHER;
    } else {
        verdict = check_keys(&note, claim, keys, n_keys, &key);
    }
    buf_done(&text);
    if (verdict == SIGN_GOOD) {
        *ret_key = key;
    }
    return verdict;
}

void sign_key_id(char ret[SIGN_KEY_ID], const uint8_t id[NOTE_KEY_ID_LEN]) {
    text_hex(ret, id, NOTE_KEY_ID_LEN);
}

void sign_claimed(struct bytes sig, char ret[SIGN_CLAIMED]) {
    struct note note;
    char id[SIGN_KEY_ID];
    ret[0] = '\0';
    if (sig.p == NULL || sig.n > NOTE_MAX || note_decode(sig, &note, NULL) != 0 || note.n_sigs == 0) return;
    sign_key_id(id, note.sigs[0].id);
    (void)snprintf(ret, SIGN_CLAIMED, "%.*s+%s",
                   (int)(note.sigs[0].name.n < NOTE_NAME_MAX ? note.sigs[0].name.n : NOTE_NAME_MAX),
                   (const char *)note.sigs[0].name.p, id);
}

int sign_write(const struct sign_claim *claim, const struct signer *signer, struct buf *out, struct err *err) {
    struct buf text = {.max = TEXT_MAX};
    if (!bytes_is(claim->publisher, signer->vkey.name)) {
        return err_set(err, ERR_INVALID, "the key '%s' is not of the pack's publisher '%.*s'", signer->vkey.name,
                       (int)claim->publisher.n, (const char *)claim->publisher.p);
    }
    put_text(claim, &text);
    int rc = buf_check(&text, "what is signed", err);
    if (rc == 0) {
        buf_put_bytes(out, bytes_of_buf(&text));
        buf_put_u8(out, '\n');
        note_sign(out, bytes_of_buf(&text), &signer->vkey, signer->secret);
        rc = buf_check(out, "pack.sig", err);
    }
    buf_done(&text);
    return rc;
}
