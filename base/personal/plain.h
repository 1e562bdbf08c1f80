/* The same text in plain characters, so that what looks like a number or an address is one: without invisible characters,
 * and with ASCII in place of full-width forms, other blanks, dashes and dots, and other decimal digits. */
#ifndef BASE_PERSONAL_PLAIN_H
#define BASE_PERSONAL_PLAIN_H

#include "base/bytes.h"

struct plain {
    struct buf text;
    uint32_t *at; /* for each of its bytes and its end: where that is in the original */
};

/* Returns 0, ERR_NOMEM, or ERR_LIMIT for 4 GiB and more; *ret is to be released with plain_done in any case. */
int plain_make(struct plain *ret, struct bytes text);
void plain_done(struct plain *plain);

#endif
