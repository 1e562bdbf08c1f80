/* Units of systemd for one source: a service that records, confined to what it needs, and for a receiver the socket that keeps
 * its address while the service is not running.
 *
 * The first line of each says who wrote it, the second the digest of what follows, the third the ledger: so that a file which
 * was changed by hand is known from one that may be removed or replaced. */
#ifndef CAPTURE_SOURCES_UNIT_H
#define CAPTURE_SOURCES_UNIT_H

#include "capture/sources/conf.h"

#define SOURCES_UNIT_MAX  ((size_t)64 << 10)
#define SOURCES_UNIT_NAME 96

enum sources_unit { SOURCES_SERVICE, SOURCES_SOCKET, SOURCES_UNITS };

struct sources_unit_place {
    const char *program; /* absolute path of this program */
    const char *dir;     /* the ledger's, absolute */
    const char *keys;    /* where the secret keys are, absolute */
    const char *pass;    /* file of their passphrase, absolute; NULL: none */
};

/* Whether the source has that unit: receivers alone have a socket. */
bool sources_unit_has(const struct sources_entry *entry, enum sources_unit unit);
/* "ledger-source-NAME.service". */
void sources_unit_name(char ret[SOURCES_UNIT_NAME], const char *name, enum sources_unit unit);
/* Appends the unit's text. ERR_INVALID: a path has a character that a unit cannot hold. */
int sources_unit_text(struct buf *out, const struct sources_entry *entry, const struct sources_unit_place *place,
                      enum sources_unit unit, struct err *err);

enum sources_unit_state {
    SOURCES_UNIT_ABSENT,
    SOURCES_UNIT_OURS,    /* as it was written, for this ledger */
    SOURCES_UNIT_OTHERS,  /* written for another ledger */
    SOURCES_UNIT_CHANGED, /* changed since, or never ours */
};
/* What the file is. */
int sources_unit_look(const char *path, const char *dir, enum sources_unit_state *ret, struct err *err);

#endif
