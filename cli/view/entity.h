/* Finds rows by the names people use: a noun and its keys with '/' between, "pack/pdf-ops-pack", "package/dpkg/curl",
 * "permission/pack/pdf-ops-pack/exec". Keys may contain '/' themselves, so the split is found by trying. */
#ifndef CLI_VIEW_ENTITY_H
#define CLI_VIEW_ENTITY_H

#include "base/text.h"
#include "cli/view/asof.h"

/* The table with that name or noun ("model_names", "model-name"); SIZE_MAX: none. */
size_t entity_table(struct asof *view, struct bytes word);
/* Offers all nouns and, with `names`, the names of tables. */
void entity_suggest(struct asof *view, bool names, struct text_near *near);

typedef int entity_fn(void *ctx, const struct row *row, struct err *err);
/* Calls `each` for the rows that the text names. The first of these that exists counts: the row with these keys; rows
 * with these first keys; rows that events or people name so ("dpkg/curl:amd64", "curl", "pack/pdf-ops-pack" of packs,
 * "Bash" of every agent); the same in another case; rows that have this name elsewhere (a model's name stands for the
 * weights that it points to); the newest evaluation, if 'last' is asked for; the only row with this prefix. ERR_NOTFOUND: none, with the nearest name; or several with
 * this prefix, some of them listed. */
int entity_each(struct asof *view, size_t table, struct bytes text, entity_fn *each, void *ctx, struct err *err);

/* Is it the table of evaluations? */
bool entity_is_eval(const struct state_table *table);
/* Appends the id of the evaluation that ended, or else began, last: of this suite; empty: of any. ERR_NOTFOUND. */
int entity_last_eval(struct asof *view, struct bytes suite, struct buf *out, struct err *err);

/* Appends "pack/pdf-ops-pack". Empty keys at both ends are left out, between others they are '-':
 * "tool/claude-code/-/Bash". */
void entity_name(const struct row *row, struct buf *out);
/* Appends the keys alone. */
void entity_keys(const struct row *row, struct buf *out);
/* The texts of its keys, borrowed from the row. Returns how many. */
size_t entity_parts(const struct row *row, struct bytes ret[KEY_PARTS_MAX]);
/* The number of key columns of a table. */
size_t entity_key_columns(const struct state_table *table);
/* The column that holds an entity's state: "state", or what a table has in its place; SIZE_MAX: none. */
size_t entity_state(const struct state_table *table);
/* Do its rows accumulate with the work that is done, such as runs and scores? Commands that show changes and parts leave
 * such tables out. */
bool entity_accumulates(const struct state_table *table);
/* The events that a row rests on, ascending: its evidence and the events behind its state and its violation or, where a
 * table has no evidence, the seqs in its columns. Returns how many. */
size_t entity_evidence(const struct row *row, uint64_t ret[ROW_SEQS_MAX]);

#endif
