/* Inside the catalog: ids, and what the secret scanner passes over where one is meant to be. Of all ids of 16 hex digits a
 * few in a hundred thousand look like the number of a payment card; a tree of spans must not lose its parent by that. */
#ifndef LEDGER_KINDS_ID_H
#define LEDGER_KINDS_ID_H

#include "base/secret/secret.h"
#include "ledger/kinds/index.h"

/* 16 lower-case hex digits: eight bytes, as a span has. */
bool kind_is_id(struct bytes text);
/* Its last 16 bytes are one. */
bool kind_ends_in_id(struct bytes text);
/* It is an id, and the field is one that holds ids (ID in the catalog). `index`: NULL has none. */
bool kind_id_in_field(const struct kind_index *index, struct bytes name, struct bytes text);
/* The part after "run/", or after the family of a kind whose subject is "<family>/<id>", is an id. `index`: NULL knows
 * "run/" alone. */
bool kind_id_in_subject(const struct kind_index *index, struct bytes subject);
/* In JSON that was made from fields of events: the hit is a whole value that is an id, under a name that is "run" or that
 * some kind has for ids. */
bool kind_id_in_json(struct bytes json, const struct secret_hit *hit);

#endif
