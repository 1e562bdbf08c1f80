/* The way in: a manifest from its text, or from a directory that was read. */
#ifndef PACKS_MANIFEST_LOAD_H
#define PACKS_MANIFEST_LOAD_H

#include "packs/manifest/finding.h"
#include "packs/manifest/manifest.h"
#include "packs/tree/content.h"

/* Reads and checks a text that is called `file` in messages. Files that it names must be in `tree`; NULL: that is not
 * checked. Everything that is wrong is put into `found`, sorted. ERR_INVALID when there was an error; warnings alone are not
 * a failure. *ret is set on success only; free with manifest_free. */
int manifest_load_text(struct bytes text, const char *file, const struct content *tree, struct finding_list *found,
                       struct manifest **ret, struct err *err);
/* The same of a directory: pack.yaml or pack.json, of which it has one. */
int manifest_load(const struct content *tree, struct finding_list *found, struct manifest **ret, struct err *err);
/* Appends the manifest as one canonical MessagePack map, with the values as they are meant: sizes in bytes, lengths of time
 * in nanoseconds, absent booleans false. */
int manifest_load_write(const struct manifest *manifest, struct buf *out, struct err *err);
/* The same of one route: what its configuration is known by (config_digest is the SHA-256 of these bytes). */
int manifest_load_write_route(const struct manifest_route *route, struct buf *out, struct err *err);

#endif
