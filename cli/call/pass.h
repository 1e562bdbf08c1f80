/* Passphrases: from a descriptor, a file, or asked for on the terminal; kept in locked memory. */
#ifndef CLI_CALL_PASS_H
#define CLI_CALL_PASS_H

#include "base/bytes.h"

#define PASS_MAX 1024 /* bytes of a passphrase at most */

struct pass {
    uint8_t *p; /* secret memory; NULL: none */
    size_t n;
};

struct bytes pass_bytes(const struct pass *pass);
void pass_done(struct pass *pass); /* wipes; fine on a zeroed struct */

/* The first line of a descriptor (its number as text) or of a file; NULL, NULL leaves *ret as it is. A file must be ours
 * and closed to group and others. Bytes after the line stay unread in a descriptor, so that two may follow each other.
 * ERR_INVALID. */
int pass_read(const char *fd, const char *file, struct pass *ret, struct err *err);
/* Asks on the controlling terminal without echo, twice when it is a new one. ERR_NOTFOUND when there is no terminal,
 * ERR_INVALID when it was empty, too long, differed or was broken off. */
int pass_ask(const char *prompt, bool twice, struct pass *ret, struct err *err);

#endif
