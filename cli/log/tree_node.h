/* What a tree keeps of an event: names, outcome, duration, and the rest on one line. */
#ifndef CLI_LOG_TREE_NODE_H
#define CLI_LOG_TREE_NODE_H

#include "ledger/kinds/tool_rule.h"
#include "ledger/log.h"

enum tree_via { TREE_ROOT, TREE_CAUSE, TREE_CALL, TREE_SPAN, TREE_RUN, TREE_EVIDENCE };
enum tree_mark { TREE_EVENT, TREE_GAP, TREE_UNREADABLE, TREE_CORRECTED };
enum tree_state { TREE_UNKNOWN, TREE_GOOD, TREE_BAD };

struct tree_text { /* in the tree's memory */
    uint32_t at, n;
};

struct tree_node {
    uint64_t seq, time; /* when it was sealed */
    uint64_t said;      /* when its source says it happened, if has_at */
    uint64_t at;        /* used to order: `said`, or `time` if the source gives none or by_seal is set */
    bool has_at;
    uint64_t cause; /* LOG_NO_SEQ: none */
    enum tree_mark mark;
    enum tree_state state;
    enum tree_via via;
    double ms; /* how long it took; negative: unknown */
    struct tree_text kind, subject, run, span, above, call, name, outcome, rest;
    struct tree_text tool; /* of a tool call: tree_node_call reads it */
    const char *tier;      /* how far that call can go; NULL: not judged, or unknown */
    size_t parent;         /* index of a node; SIZE_MAX: none */
    size_t returned;       /* the hidden node that says how this one ended; SIZE_MAX: none */
    bool hidden;           /* shown with another node */
    bool before;           /* not of the run: what led to it, or what it rests on */
    bool evidence;         /* the latter */
    /* of tree_order */
    size_t first, last, next; /* children, siblings */
    unsigned depth;
};

/* Texts go to `text`; the caller checks it for failure. */
void tree_node_read(const struct log_event *event, struct tree_node *node, struct buf *text);
struct tree_text tree_node_keep(struct buf *text, struct bytes from);

/* The call in a node's `tool`. Borrowed. */
void tree_node_call(struct bytes tool, struct tool_call *ret);

#endif
