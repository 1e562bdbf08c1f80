/* The members at the top of a JSON object, read as its bytes pass by, however long it is.
 *
 * A request can be large (images, long conversations), and what is recorded of it is small: which model, as a stream or not.
 * Servers differ in what they take for a member: some fold case, as Go does (and then U+017F is an s, U+212A a k). So names are
 * given folded, their escapes decoded, and `named` tells each of them, whatever its value is: one that comes twice is ambiguous.
 *
 * Nothing is kept but the name and the value that are being read, and these only when they are short. */
#ifndef CAPTURE_PROXY_MEMBERS_H
#define CAPTURE_PROXY_MEMBERS_H

#include "base/bytes.h"

#define MEMBERS_NAME_MAX  32
#define MEMBERS_VALUE_MAX 512

struct members {
    void (*take)(void *ctx, const char *name, struct bytes json); /* a scalar's text, "..." with its quotes; borrowed */
    void (*named)(void *ctx, const char *name);                   /* may be NULL; set after members_init */
    void *ctx;
    unsigned depth; /* of what is open; 1: the object itself */
    bool begun, ended, bad;
    bool in_text, escaped, is_name; /* within quotes; after a backslash; these are of a name */
    bool has_name, wants_value;     /* a name is known; its value comes next */
    bool too_long;
    unsigned digits, unit; /* of \uXXXX in a name: still to come; the ones so far */
    char name[MEMBERS_NAME_MAX];
    size_t name_n;
    uint8_t value[MEMBERS_VALUE_MAX];
    size_t value_n;
};

void members_init(struct members *m, void (*take)(void *ctx, const char *name, struct bytes json), void *ctx);
/* The next bytes. What is not an object, or ends badly, is read no further: that is for its server to say. */
void members_put(struct members *m, struct bytes piece);

#endif
