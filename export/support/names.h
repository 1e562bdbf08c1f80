/* How a support report treats names: kept, replaced or left out. Internal to the export floor. */
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
    SUPPORT_TEXT /* a value that should be a word and is not */
};
/* The class of a field, by its name. */
enum support_class support_class_of(struct bytes name);

#define SUPPORT_KEY_LEN        32
#define SUPPORT_IDENTITIES_MAX 1024

struct support_names {
    uint8_t key[SUPPORT_KEY_LEN];
    uint64_t replaced;
    bool sentences; /* support_text treats a WORD with spaces as a sentence that the program wrote */
    struct buf own; /* identities in lower case, each preceded by its length as u16 */
    size_t n_identities;
};
/* Begins with a fresh key. */
void support_names_init(struct support_names *names);
void support_names_done(struct support_names *names); /* the key is wiped */
/* Adds a text that must not leave inside another, and the part before its first '/' or '.'. Texts of fewer than three
 * bytes and those past the limit are ignored. */
void support_names_add(struct support_names *names, struct bytes identity);
/* Adds the actor of an event: what follows "user:" or "person:", or has no colon, is an identity. */
void support_names_add_actor(struct support_names *names, struct bytes actor);

/* Whether it may leave unchanged: it looks neither like a path, an address or a machine's name, nor contains an
 * identity. */
bool support_is_word(const struct support_names *names, struct bytes text, bool spaces);
/* Appends what a text of this class becomes. False: it is left out. */
bool support_text(struct support_names *names, enum support_class class, struct bytes value, struct buf *out);
/* "run/r-1", by the class of its first word. */
void support_subject(struct support_names *names, struct bytes subject, struct buf *out);

#endif
