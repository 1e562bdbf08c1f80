/* The manifest of a new pack: small, and without a fault. */
#ifndef PACKS_MANIFEST_FRESH_H
#define PACKS_MANIFEST_FRESH_H

#include "base/bytes.h"

/* Appends a pack.yaml for a pack of this name and publisher, which counts the words of a text. ERR_INVALID for a name or
 * publisher that a manifest cannot have. */
int fresh_manifest(struct bytes name, struct bytes publisher, struct buf *out, struct err *err);

#endif
