/* JSON values as trees: read by base/json, compared by value, found by a JSON Pointer. */
#ifndef EVALS_CHECK_NODE_H
#define EVALS_CHECK_NODE_H

#include "base/arena.h"

#define NODE_STEPS_MAX ((uint64_t)20000000) /* values looked at for one check */

enum node_type { NODE_NULL, NODE_BOOL, NODE_NUMBER, NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
    enum node_type type;
    bool boolean;
    bool whole; /* NODE_NUMBER: it was written as an integer, and `integer` is exact */
    int64_t integer;
    double real;
    struct bytes text;
    const struct node *items; /* of a list, or of a map in the order of its keys' bytes */
    const struct bytes *keys;
    size_t n;
};

struct node_tree {
    struct buf packed;
    struct arena arena;
    struct node root;
};

/* Exactly one JSON value, with base/json.h's limits. ERR_INVALID with line and column, ERR_LIMIT, ERR_NOMEM. *ret needs
 * node_done in every case. */
int node_read(struct bytes json, struct node_tree *ret, struct err *err);
void node_done(struct node_tree *tree);

/* <0, 0, >0; exact also where a 64-bit integer meets a float. */
int node_compare_numbers(const struct node *a, const struct node *b);
bool node_is_integer(const struct node *v); /* 1 and 1.0 */
/* Lists by order, maps by keys, texts by characters as written, 1 equal to 1.0. Each value looked at takes one from *steps;
 * at 0 the answer is false and means nothing. */
bool node_equal(const struct node *a, const struct node *b, uint64_t *steps);
const struct node *node_member(const struct node *map, struct bytes key); /* NULL: none */

/* RFC 6901, as a JSON string represents it. ERR_INVALID: it does not begin with '/', or '~' without 0 or 1 after it. */
int node_pointer_check(struct bytes pointer, struct err *err);
/* ERR_NOTFOUND: it leads nowhere. ERR_INVALID: it is not a pointer, or names what follows the last element of a list ("-"),
 * which never exists. */
int node_at(const struct node *root, struct bytes pointer, const struct node **ret, struct err *err);

#endif
