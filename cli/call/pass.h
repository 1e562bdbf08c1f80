/* Passphrases: from a descriptor, a file or the terminal; kept in locked memory. */
#ifndef CLI_CALL_PASS_H
#define CLI_CALL_PASS_H

#include "base/bytes.h"

#define PASS_MAX 1024 /* bytes */

struct pass {
    uint8_t *p; /* secret memory; NULL: none */
    size_t n;
};

struct bytes pass_bytes(const struct pass *pass);
void pass_done(struct pass *pass); /* wipes; fine on a zeroed struct */

/* Reads the first line of a descriptor (its number as text) or of a file; if both are NULL, *ret is unchanged. A file must
 * belong to the user and not be accessible to group or others. Of a descriptor, bytes after the line stay unread, so that a
 * second passphrase may follow. ERR_INVALID. */
int pass_read(const char *fd, const char *file, struct pass *ret, struct err *err);
/* Asks on the controlling terminal without echo; `twice` for a new passphrase. ERR_NOTFOUND if there is no terminal,
 * ERR_INVALID if it is empty, too long, differs the second time or is interrupted. */
int pass_ask(const char *prompt, bool twice, struct pass *ret, struct err *err);

#endif
