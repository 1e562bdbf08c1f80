/* One event of the tap in the making: begun with its kind, filled in any order, given to the sink at the end. */
#ifndef CAPTURE_TAP_EVENT_H
#define CAPTURE_TAP_EVENT_H

#include "base/mp_map.h"

#define TAP_SOURCE   "tap"
#define TAP_KEY_LEN  64
#define TAP_NAME_MAX 64 /* bytes of the name of a server or an agent that a person gives */

/* A finished event; everything borrows until the sink returns. */
struct tap_event {
    const char *kind, *grade;
    struct bytes subject, actor, run, key, cause_key; /* cause_key may be empty */
    struct bytes body;                                /* canonical map; the catalog decides what of it is open */
};
struct tap_sink {
    void *ctx;
    int (*event)(void *ctx, const struct tap_event *event, struct err *err);
    void (*alarm)(void *ctx, const char *text); /* what a person should see now */
};

struct tap_draft {
    const char *kind, *grade;
    struct mp_map fields;
    struct buf body, text;
    char subject[320], actor[TAP_NAME_MAX + 8], run[24], key[TAP_KEY_LEN], cause_key[TAP_KEY_LEN];
    size_t room; /* for private content; of what does not fit the digest alone is kept */
    const char *left_out[4];
    uint32_t n_left_out;
};

void tap_draft_init(struct tap_draft *draft);
void tap_draft_done(struct tap_draft *draft);
void tap_draft_begin(struct tap_draft *draft, const char *kind, const char *grade, uint64_t at);
void tap_draft_subject(struct tap_draft *draft, const char *family, const char *name);
/* Digest and size, open, under `NAME_digest` and `NAME_bytes`, and the value itself, private, when it fits. The digest is of a
 * text's own bytes, of anything else written as compact JSON with sorted names. `digest` NULL: neither is put. */
void tap_draft_content(struct tap_draft *draft, const char *name, const char *digest, const char *bytes, struct bytes raw);
/* The value alone, private. */
void tap_draft_private(struct tap_draft *draft, const char *name, struct bytes raw);
/* Writes the map into draft->body. */
int tap_draft_write(struct tap_draft *draft, struct err *err);
int tap_draft_give(struct tap_draft *draft, const struct tap_sink *sink, struct err *err);

#endif
