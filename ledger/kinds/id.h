/* Inside the catalog: ids, which the secret scanner skips where one is expected. Of all ids of 16 hex digits, a few in a
 * hundred thousand look like a payment card number; a span must not lose its parent because of that. */
#ifndef LEDGER_KINDS_ID_H
#define LEDGER_KINDS_ID_H

#include "base/secret/secret.h"
#include "ledger/kinds/index.h"

/* 16 lower-case hex digits: eight bytes, like a span's id. */
bool kind_is_id(struct bytes text);
/* Whether its last 16 bytes are an id. */
bool kind_ends_in_id(struct bytes text);
/* Whether it is an id and the field is one that holds ids (ID in the catalog). `index` NULL: no field is. */
bool kind_id_in_field(const struct kind_index *index, struct bytes name, struct bytes text);
/* Whether the part after "run/", or after the family of a kind whose subject is "<family>/<id>", is an id. `index` NULL:
 * only "run/" is known. */
bool kind_id_in_subject(const struct kind_index *index, struct bytes subject);
/* In JSON made from the fields of events: whether the hit is a whole value that is an id, under the name "run" or one that
 * some kind uses for ids. */
bool kind_id_in_json(struct bytes json, const struct secret_hit *hit);

#endif
