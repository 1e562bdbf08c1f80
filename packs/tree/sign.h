/* pack.sig: a publisher's word for a pack, as a signed note (docs/format.md; C2SP signed-note) over
 *
 *   foundry-pack/v0
 *   <name> <version>
 *   sha256:<tree digest>
 *
 * The keys are those of `ledger key new`. A line counts when it is of a key that the verifier named and that has the
 * manifest's publisher as its name: nobody signs for another. */
#ifndef PACKS_TREE_SIGN_H
#define PACKS_TREE_SIGN_H

#include "base/hash.h"
#include "ledger/signing/keyfile.h"
#include "ledger/tree/note.h"

/* What is signed. */
struct sign_claim {
    struct bytes name, version, publisher; /* of the manifest */
    const uint8_t *digest;                 /* HASH_LEN bytes, of the tree */
};

enum sign_verdict {
    SIGN_GOOD,    /* a named key of the publisher signed this tree */
    SIGN_ABSENT,  /* there is no pack.sig */
    SIGN_UNKNOWN, /* it has no line of a named key of the publisher */
    SIGN_OTHER,   /* it is for another pack, version or tree */
    SIGN_BAD,     /* a line of a named key does not verify */
    SIGN_BROKEN   /* it is not a signed note */
};
const char *sign_verdict_name(enum sign_verdict verdict); /* "good", "absent", "unknown key", ... */

/* Judges the content of pack.sig (p NULL: there is none) by `keys`. On SIGN_GOOD *ret_key is the index of the key. */
enum sign_verdict sign_check(struct bytes sig, const struct sign_claim *claim, const struct note_vkey *keys, size_t n_keys,
                             size_t *ret_key);
#define SIGN_KEY_ID  (2 * NOTE_KEY_ID_LEN + 1)
#define SIGN_CLAIMED (NOTE_NAME_MAX + 1 + SIGN_KEY_ID)
void sign_key_id(char ret[SIGN_KEY_ID], const uint8_t id[NOTE_KEY_ID_LEN]);
/* "NAME+ID" of the first line, unverified; "" for nothing. */
void sign_claimed(struct bytes sig, char ret[SIGN_CLAIMED]);
/* Appends the whole note with this signer's line. ERR_INVALID: the key's name is not the publisher's. */
int sign_write(const struct sign_claim *claim, const struct signer *signer, struct buf *out, struct err *err);

#endif
