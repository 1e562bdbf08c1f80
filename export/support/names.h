/* What a support report makes of names: kept, replaced or left out. Inside of the export room. */
#ifndef EXPORT_SUPPORT_NAMES_H
#define EXPORT_SUPPORT_NAMES_H

#include "base/bytes.h"

enum support_class {
    SUPPORT_NONE, /* not in the table */
    SUPPORT_OUT,
    SUPPORT_WORD,
    SUPPORT_PHRASE,
    SUPPORT_ACTOR,
    SUPPORT_HOST,
    SUPPORT_ADDRESS,
    SUPPORT_PATH,
    SUPPORT_ORIGIN,
    SUPPORT_RUN,
    SUPPORT_ID,
    SUPPORT_NAME,
    SUPPORT_KEY,
    SUPPORT_TEXT /* what was to be a word and is not one */
};
/* Of a field by its name. */
enum support_class support_class_of(struct bytes name);

#define SUPPORT_KEY_LEN        32
#define SUPPORT_IDENTITIES_MAX 1024

struct support_names {
    uint8_t key[SUPPORT_KEY_LEN];
    uint64_t replaced;
    bool sentences; /* support_text takes a WORD with spaces in it for a sentence of the program's own */
    struct buf own; /* identities in lower case, each with its length before it as u16 */
    size_t n_identities;
};
/* With a fresh key. */
void support_names_init(struct support_names *names);
void support_names_done(struct support_names *names); /* the key is wiped */
/* A text that must not leave inside of another, and what is before its first '/' or '.'. Shorter ones than three bytes
 * and those past the limit are not kept. */
void support_names_add(struct support_names *names, struct bytes identity);
/* Who caused an event: what is behind "user:", "person:" or without a colon is an identity. */
void support_names_add_actor(struct support_names *names, struct bytes actor);

/* May it leave as it is? Nothing of what looks like a path, an address or a name of a machine, nor an identity. */
bool support_is_word(const struct support_names *names, struct bytes text, bool spaces);
/* Appends what a text of this class becomes. False: nothing, it is left out. */
bool support_text(struct support_names *names, enum support_class class, struct bytes value, struct buf *out);
/* "run/r-1" by the class of its first word. */
void support_subject(struct support_names *names, struct bytes subject, struct buf *out);

#endif
