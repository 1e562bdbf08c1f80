/* The table of fields for others: as a JSON Schema, and as tables for people. */
#ifndef PACKS_MANIFEST_SCHEMA_H
#define PACKS_MANIFEST_SCHEMA_H

#include "base/bytes.h"
#include "packs/manifest/fields.h"

/* Appends the JSON Schema 2020-12 of a form, and its tables in Markdown. The schema accepts whatever the reader accepts. */
int schema_form_json(const struct form *form, struct buf *out, struct err *err);
int schema_form_markdown(const struct form *form, struct buf *out, struct err *err);

/* Appends share/schemas/foundry-pack-v0.json: JSON Schema 2020-12. It accepts every manifest that the reader accepts; the
 * reader finds more (names that refer to nothing, cycles, scopes that climb out). */
int schema_json(struct buf *out, struct err *err);
/* Appends the tables of docs/packs.md. */
int schema_markdown(struct buf *out, struct err *err);

#endif
