/* The table of fields for others: as a JSON Schema, and as tables for people. */
#ifndef PACKS_MANIFEST_SCHEMA_H
#define PACKS_MANIFEST_SCHEMA_H

#include "base/bytes.h"

/* Appends share/schemas/foundry-pack-v0.json: JSON Schema 2020-12. It accepts every manifest that the reader accepts; the
 * reader finds more (names that refer to nothing, cycles, scopes that climb out). */
int schema_json(struct buf *out, struct err *err);
/* Appends the tables of docs/packs.md. */
int schema_markdown(struct buf *out, struct err *err);

#endif
