/* Inside the catalog: one value of a body, whatever its depth: what it holds that must not stay open, and how it is
 * written again with its secrets masked. */
#ifndef LEDGER_KIND_VALUE_H
#define LEDGER_KIND_VALUE_H

#include "base/mp.h"

/* A body stands inside the payload's array, so it is one level short of what the encoding allows. */
#define KIND_DEPTH_MAX (MP_DEPTH_MAX - 1)

struct kind_finds {
    bool look_for_home; /* in: whether paths matter, which they do in open fields only */
    bool secret;        /* some text or nested name has to be masked */
    bool home;          /* some text or nested name holds a path below a home directory */
};

/* Looks at one text. `look`: what text_look() saw in it, or TEXT_LOOK_ALL; `named_secret`: the field's name alone makes it
 * secret. Adds to *finds, clears nothing. */
void kind_text_scan(struct bytes text, unsigned look, bool named_secret, struct kind_finds *finds);
/* Looks at what follows the head of a container, all of it, and checks that it is canonical. Leaves r behind it. */
int kind_value_scan(struct mp_reader *r, const struct mp_item *head, bool named_secret, struct kind_finds *finds,
                    struct err *err);
/* Appends one text as an item, its secrets masked; adds to *masked. */
void kind_text_mask(struct buf *out, struct bytes text, bool named_secret, uint32_t *masked);
/* Appends one value that was scanned before, with its secrets masked; adds to *masked. A map that has a secret among its
 * names becomes a mask as a whole, and counts once. */
void kind_value_mask(struct buf *out, struct bytes raw, bool named_secret, uint32_t *masked);

#endif
