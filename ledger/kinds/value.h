/* Inside the catalog: one value of a body, at any depth: what it holds that must not stay open, and how it is written again
 * with its secrets masked. */
#ifndef LEDGER_KINDS_VALUE_H
#define LEDGER_KINDS_VALUE_H

#include "base/memo.h"
#include "base/mp.h"
#include "base/secret/secret.h"

/* A body is inside the payload's array, so it may nest one level less than the encoding allows. */
#define KIND_DEPTH_MAX (MP_DEPTH_MAX - 1)

struct kind_index;

struct kind_finds {
    bool look_for_home; /* in: whether paths matter, which they do in open fields only */
    bool secret;        /* some text, number or nested name has to be masked */
    uint32_t secrets;   /* how many of them */
    const char *rule;   /* of the first one; NULL: none */
    struct secret_prefilter
        *prefilter;     /* in: over the memory of a stored value, checked and as deep as the encoding allows; NULL:
                                   it is new, and each text is searched */
    struct memo *texts; /* in: texts known to hold no secret, */
    struct memo *names; /* and names known to say nothing about their values; NULL: none are remembered */
    const struct kind_index *kind; /* in: of a stored payload, whose ids are skipped; NULL: none are */
    bool home;                     /* some text or nested name holds a path below a home directory */
};

/* Examines one text. `look`: what text_look() found in it, or TEXT_LOOK_ALL. `named_secret`: the field's name alone makes
 * it secret. Adds to *finds, clears nothing. */
void kind_text_scan(struct bytes text, unsigned look, bool named_secret, struct kind_finds *finds);
/* Examines everything after the head of a container and checks that it is canonical: each text and name by itself, and what
 * two of them show together: the arguments of a program, a name and its value, the halves of a key. Leaves r after it. */
int kind_value_scan(struct mp_reader *r, const struct mp_item *head, bool named_secret, struct kind_finds *finds,
                    struct err *err);
/* Appends one text as an item with its secrets and these parts (NULL: none) masked; adds to *masked. */
void kind_text_mask(struct buf *out, struct bytes text, bool named_secret, const struct secret_parts *parts,
                    uint32_t *masked);
static inline bool kind_is_number(enum mp_type type) {
    return type == MP_UINT || type == MP_INT || type == MP_FLOAT;
}
/* Whether the second entry of a pair such as {"name":"X-Api-Key","value":"…"} has a name like this. */
bool kind_names_value(struct bytes key);
/* Appends one value that was scanned before, with its secrets masked; adds to *masked. A map with a secret in one of its
 * names is replaced by a mask as a whole, and counts once. */
void kind_value_mask(struct buf *out, struct bytes raw, bool named_secret, const struct secret_parts *parts,
                     uint32_t *masked);

#endif
