/* The manifest: an in-toto statement in a DSSE envelope, signed by the log key. */
#ifndef EXPORT_CUT_MANIFEST_H
#define EXPORT_CUT_MANIFEST_H

#include "export/cut/cut.h"

/* Appends what DSSE signs: the type and the payload, each with its length. */
void manifest_pae(struct buf *out, struct bytes payload);

/* Append the members "filter", the terms as they are, and `name`, as canonical MessagePack. */
void manifest_put_filter(struct buf *out, const struct export_term *terms, size_t n);
void manifest_put_names(struct buf *out, const char *name, const char *const *names, size_t n);

/* Appends the envelope. `subjects` in the order of their members. */
int manifest_encode(struct buf *out, const struct cut *cut, const struct bundle_subject *subjects, size_t n_subjects,
                    struct err *err);

/* A parsed manifest. Terms and names borrow from `own`. */
struct manifest {
    struct buf own, payload; /* as MessagePack; as it was signed */
    uint8_t key_id[NOTE_KEY_ID_LEN], sig[CRYPT_SIGNATURE_LEN];
    char origin[NOTE_NAME_MAX + 1], exporter[64];
    uint8_t root[LOG_HASH];
    uint64_t size, from, to;
    uint64_t format; /* 1: without SHA256SUMS; 2 */
    bool sparse, has_since, has_until, artifacts;
    uint64_t since, until;
    enum export_bodies bodies;
    struct export_term term[EXPORT_TERMS_MAX];
    size_t n_terms;
    struct bytes private_[EXPORT_PRIVATE_MAX], states[EXPORT_STATES_MAX];
    size_t n_private, n_states;
    struct export_counts counts; /* what it claims; head and range are above */
    size_t n_subjects;
    struct bundle_subject *subject; /* owned */
    size_t n_gaps;
    uint64_t *gap;    /* owned */
    const char *rule; /* of docs/bundle.md that a refused manifest breaks */
};
/* Strict: only the form that manifest_encode gives; the signature is not checked. ERR_CORRUPT names what is wrong. */
int manifest_decode(struct manifest *ret, struct bytes text, struct err *err);
/* Whether the log key signed it. */
bool manifest_signed(const struct manifest *manifest, const struct note_vkey *log);
void manifest_done(struct manifest *manifest); /* a zeroed one is fine */

#endif
