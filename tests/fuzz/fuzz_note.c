/* Notes, checkpoints and keys: whatever is accepted has exactly one text, so encoding it again gives the input. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/tree/note.h"

#define DASH "\xe2\x80\x94 "

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

static void one_note(struct bytes input) {
    static const char *const known[] = {
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "example.org/witness+cacf2e50+BGbguFjkYqYJ5m/nE3DIFtiEb/ED1UmaIqf+w3/bxCSn",
    };
    struct note note;
    struct err err = {0};
    if (note_decode(input, &note, &err) != 0) {
        must(err.code == ERR_CORRUPT);
        return;
    }
    must(note.n_sigs >= 1 && note.n_sigs <= NOTE_SIGS_MAX);
    must(note.text.p == input.p && note.text.n < input.n && note.text.p[note.text.n - 1] == '\n');
    struct buf out;
    bool whole = true;
    buf_init(&out, NOTE_MAX + 1);
    buf_put_bytes(&out, note.text);
    buf_put_str(&out, "\n");
    for (size_t i = 0; i < note.n_sigs && whole; i++) {
        const struct note_sig *sig = &note.sigs[i];
        uint8_t blob[NOTE_KEY_ID_LEN + sizeof(sig->sig)];
        must(sig->sig_len >= 1);
        whole = sig->sig_len <= sizeof(sig->sig);
        if (whole) {
            memcpy(blob, sig->id, NOTE_KEY_ID_LEN);
            memcpy(blob + NOTE_KEY_ID_LEN, sig->sig, sig->sig_len);
            buf_put_str(&out, DASH);
            buf_put_bytes(&out, sig->name);
            buf_put_str(&out, " ");
            text_base64(&out, blob, NOTE_KEY_ID_LEN + sig->sig_len);
            buf_put_str(&out, "\n");
        }
    }
    must(!whole || bytes_eq(bytes_of_buf(&out), input));
    buf_done(&out);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct note_vkey vkey;
        uint64_t time = UINT64_MAX;
        must(note_vkey_decode(bytes_of(known[i]), &vkey, NULL) == 0);
        bool timed = note_check_key(&note, &vkey, &time) == NOTE_GOOD && vkey.alg == NOTE_COSIGNATURE;
        must(timed ? time <= INT64_MAX : time == UINT64_MAX);
    }
}

static void one_checkpoint(struct bytes text) {
    struct checkpoint checkpoint;
    struct err err = {0};
    if (checkpoint_decode(text, &checkpoint, &err) != 0) {
        must(err.code == ERR_CORRUPT);
        return;
    }
    struct buf out;
    buf_init(&out, text.n + 64);
    if (checkpoint_encode(&out, checkpoint.origin, checkpoint.size, checkpoint.root) == 0) {
        must(out.n <= text.n && memcmp(out.p, text.p, out.n) == 0); /* extension lines may follow */
    }
    buf_done(&out);
}

static void one_key(struct bytes text) {
    struct note_vkey vkey;
    uint8_t seed[CRYPT_SEED_LEN];
    struct err err = {0};
    if (note_vkey_decode(text, &vkey, &err) == 0) {
        char again[NOTE_VKEY_MAX];
        note_vkey_encode(again, &vkey);
        must(bytes_is(text, again));
    } else {
        must(err.code == ERR_INVALID);
    }
    if (note_skey_decode(text, &vkey, seed, &err) == 0) {
        struct buf out;
        buf_init(&out, 1024);
        must(note_skey_encode(&out, bytes_of(vkey.name), seed) == 0);
        must(bytes_eq(bytes_of_buf(&out), text));
        buf_done(&out);
    } else {
        must(err.code == ERR_INVALID);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes input = {data, size};
    one_note(input);
    one_checkpoint(input);
    one_key(input);
    return 0;
}
