/* The catalog: the kinds of events, what each is about, and which of its fields are open, private or indexed. It is one
 * declarative table, ledger/kinds/kinds.def; this is its reader. */
#ifndef LEDGER_KINDS_KIND_H
#define LEDGER_KINDS_KIND_H

#include "base/bytes.h"

enum kind_type {
    KIND_STR, /* text */
    KIND_INT, /* integer; like KIND_NUM a count, a size or a duration, not negative unless KIND_SIGNED */
    KIND_NUM, /* integer or float */
    KIND_BOOL,
    KIND_TIME,   /* ns since the epoch; input also takes RFC 3339 text or a decimal string; JSON output is a string */
    KIND_DIGEST, /* text "sha256:<64 hex>" */
    KIND_VKEY,   /* text "<name>+<8 hex>+<base64>": a verifier key, which is public and therefore not a secret */
    KIND_STRS,   /* array of text */
    KIND_LIST,   /* array of anything */
    KIND_MAP,    /* map of anything */
    KIND_ANY
};

enum kind_flag {
    KIND_REQUIRED = 1,
    KIND_OPEN = 2, /* without it: private by default */
    KIND_INDEXED = 4,
    KIND_DECIDES = 8, /* states are judged by it, so it is never private */
    KIND_EXACT = 16,  /* compared as text: a value with a secret, which would be masked, is refused */
    KIND_CLOSES = 32, /* its kind accepts only fields that the catalog knows */
    KIND_APART = 64,  /* named like a part of the subject, but with another meaning */
    KIND_ID = 128,    /* names something by an id: 16 hex digits in it are never taken for a secret */
    KIND_SIGNED = 256 /* KIND_INT, KIND_NUM: may be negative */
};

struct kind_field {
    const char *name;
    enum kind_type type;
    unsigned flags;
    const char *values;               /* "a|b|c": the only texts accepted; NULL: any */
    const char *help;                 /* one phrase */
    const struct kind_field *members; /* KIND_LIST: the fields of its maps; NULL: it holds anything */
    size_t n_members;
};

struct kind {
    const char *name;    /* "route.decided" */
    uint32_t schema;     /* newest schema version, 1 and up */
    const char *subject; /* accepted forms: "pack/<name>", "pack/<name> or tool/<name>"; <digest> and <seq> are checked */
    const char *help;    /* one sentence */
    const struct kind_field *fields;
    size_t n_fields;
};

size_t kind_count(void);
const struct kind *kind_at(size_t i); /* in the catalog's order */
/* NULL when the catalog does not know it. */
const struct kind *kind_find(struct bytes name);
const struct kind_field *kind_field_find(const struct kind *kind, struct bytes name);
const char *kind_type_name(enum kind_type type);
/* "x.<vendor>.<name>", at least three parts of [a-z0-9_]. */
bool kind_is_custom(struct bytes name);
/* Is an event of this kind final? No correction takes it back: the ledger's own, and tripcodes, whose use would be undone by
 * that. */
bool kind_is_final(struct bytes name);
/* The nearest known kind, for "did you mean"; NULL when none is near. */
const char *kind_suggest(struct bytes name);
/* Appends the whole catalog as Markdown: docs/kinds.md. Returns 0 or the buffer's failure. */
int kind_doc(struct buf *out);

/* Sorts the fields of an input into what is open and what is private, checks them against the catalog, masks secrets.
 *   body      canonical map as given (may be empty bytes: {}); its open fields stay, private and unknown ones move
 *   private_  canonical map as given (may be empty bytes); all of it stays private
 *   open      names that an x.* kind declares open (canonical array of str, or empty bytes); refused for known kinds
 * Outputs are canonical maps appended to buffers (ret_private stays empty, 0 bytes, when there is no private field);
 * *ret_masked counts the secrets that were masked. Open values that hold a path below a home directory become private,
 * except in fields that decide.
 * ERR_INVALID names the field, what was wrong and what is expected; ERR_NOTFOUND an unknown kind (with a suggestion). */
int kind_sort(struct bytes kind, struct bytes body, struct bytes private_, struct bytes open, struct buf *ret_body,
              struct buf *ret_private, uint32_t *ret_masked, struct err *err);

#endif
