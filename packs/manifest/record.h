/* Maps of a manifest, read by the rows of their shape. */
#ifndef PACKS_MANIFEST_RECORD_H
#define PACKS_MANIFEST_RECORD_H

#include "packs/manifest/fields.h"
#include "packs/manifest/finding.h"

struct record_reader {
    const char *file;
    struct finding_list *found;
    struct arena *arena; /* holds what is read */
    bool failed;         /* there was no memory */
};

/* Fills a zeroed struct of the shape from a map. What is wrong becomes a finding; texts of a wrong form are kept, so that
 * other names that refer to them are found. FIELD_VALUE and FIELD_ROWS give their node; what is in it is not looked at. */
void record_read(struct record_reader *read, const struct shape *shape, const struct yaml_node *node, void *record);
/* Appends the record as a canonical MessagePack map. */
int record_write(const struct shape *shape, const void *record, struct buf *out, struct err *err);

#endif
