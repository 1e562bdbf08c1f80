/* Rows by how people name them: a noun and its keys with '/' between, "pack/pdf-ops-pack", "package/dpkg/curl",
 * "permission/pack/pdf-ops-pack/exec". Keys may hold '/' themselves, so where one ends is found out by trying. */
#ifndef CLI_VIEW_ENTITY_H
#define CLI_VIEW_ENTITY_H

#include "base/text.h"
#include "cli/view/asof.h"

/* The table of that name or noun ("model_names", "model-name"); SIZE_MAX when there is none. */
size_t entity_table(struct asof *view, struct bytes word);
/* Offers all nouns and, with `names`, names. */
void entity_suggest(struct asof *view, bool names, struct text_near *near);

typedef int entity_fn(void *ctx, const struct row *row, struct err *err);
/* Calls `each` for the rows that the text names: the one whose keys it is; else those whose first keys it is; else those
 * that events or people name so ("dpkg/curl:amd64", "curl", "pack/pdf-ops-pack" of packs, "Bash" of every agent's); else
 * these in another case; else what is called so elsewhere (a model's name stands for the weights that it points to); else
 * the only one that begins so. ERR_NOTFOUND: none, with the nearest; or several begin so, with some of them. */
int entity_each(struct asof *view, size_t table, struct bytes text, entity_fn *each, void *ctx, struct err *err);

/* Appends "pack/pdf-ops-pack". Empty keys at both ends are left out, between others they are '-':
 * "tool/claude-code/-/Bash". */
void entity_name(const struct row *row, struct buf *out);
/* Appends the keys alone. */
void entity_keys(const struct row *row, struct buf *out);
/* The texts of its keys, borrowed from the row; how many. */
size_t entity_parts(const struct row *row, struct bytes ret[KEY_PARTS_MAX]);
/* Key columns of a table. */
size_t entity_key_columns(const struct state_table *table);
/* The column that says how a thing is: "state", or what a table has in its place; SIZE_MAX: none. */
size_t entity_state(const struct state_table *table);
/* Rows of it come with the work that is done, and stay: runs, scores. What tells of changes and of parts leaves them out.
 */
bool entity_accumulates(const struct state_table *table);
/* The events that a row rests on, ascending: its evidence, what made its state and what was illegal, or, where a table
 * has no evidence, the seqs in its columns. How many. */
size_t entity_evidence(const struct row *row, uint64_t ret[ROW_SEQS_MAX]);

#endif
