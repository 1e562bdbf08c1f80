/* The tools that a server offers: collected over the pages of tools/list, with the digests of their definitions.
 *
 * The digest of a tool is the SHA-256 of its definition as compact JSON with sorted names (as `jq -cS` writes it); that of all
 * tools the SHA-256 of the object {name: "sha256:..."} in the same form. A name that is listed twice has the digest of its
 * digests, so that neither definition hides the other. */
#ifndef CAPTURE_TAP_TOOLS_H
#define CAPTURE_TAP_TOOLS_H

#include "base/bytes.h"
#include "base/hash.h"
#include "base/rpc/message.h"
#include "capture/tap/side.h"

#define TAP_TOOLS_MAX       2048
#define TAP_DEFINITIONS_MAX ((size_t)512 << 10)

struct tap_tool {
    char name[RPC_WORD_MAX + 1];
    uint8_t digest[HASH_LEN];
};

/* Sorted by name. */
struct tap_tools {
    struct tap_tool *items;
    size_t n, room;
    uint8_t digest[HASH_LEN]; /* of all; after tap_tools_end */
    struct buf definitions;   /* the items, one after the other, while they fit */
    uint32_t n_definitions;
    bool cut; /* they did not fit, or there are more than TAP_TOOLS_MAX */
};

void tap_tools_init(struct tap_tools *tools);
void tap_tools_done(struct tap_tools *tools);
void tap_tools_clear(struct tap_tools *tools);
/* Adds what one page lists, the value of 'tools'. What has no name is no tool. ERR_NOMEM. */
int tap_tools_add(struct tap_tools *tools, struct bytes list, struct err *err);
/* The list is complete: sorts it and computes the digest of all. */
int tap_tools_end(struct tap_tools *tools, struct err *err);
/* From the fields of an agent.tools_observed: `map` is its tool_digests. What is not in that form is left out. */
int tap_tools_load(struct tap_tools *tools, struct bytes map, struct err *err);
/* The map {name: "sha256:..."}, appended. */
int tap_tools_map(const struct tap_tools *tools, struct buf *out, struct err *err);
const struct tap_tool *tap_tools_find(const struct tap_tools *tools, struct bytes name);
/* Takes over what `from` has, which is empty then. */
void tap_tools_move(struct tap_tools *to, struct tap_tools *from);

/* Follows tools/list in both directions: which answers are pages, and when a list is complete. */
#define TAP_LISTS_MAX 16 /* requests without an answer; a new one replaces the oldest */
struct tap_lists {
    struct tap_tools part; /* the pages so far */
    struct tap_tools
        seen; /* what pages said since the last complete list, of any request; a name with two digests has another */
    bool begun, paged; /* paged: the last message was a page, and completed no list */
    struct {
        uint8_t id[RPC_ID_LEN];
        bool there, first; /* first: it asks for the first page */
    } asked[TAP_LISTS_MAX];
    size_t next;
};
void tap_lists_init(struct tap_lists *lists);
void tap_lists_done(struct tap_lists *lists);
/* Every message passes here. *ret true: a list is complete, and in lists->part until the next call. */
int tap_lists_take(struct tap_lists *lists, enum tap_side side, const struct rpc_message *message, bool *ret,
                   struct err *err);

#endif
