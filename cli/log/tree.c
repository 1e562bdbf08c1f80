/* Nodes are in one array, by sequence number, and refer to each other by index. Spans, calls and runs named in bodies are
 * looked up in a sorted list of these names, within each run. Bodies are not trusted: cycles are broken where they are found,
 * and nothing here recurses. */
#include "cli/log/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp.h"
#include "base/text.h"

#define TEXT_MAX_ALL ((size_t)1 << 30)

void tree_init(struct tree *tree) {
    memset(tree, 0, sizeof(*tree));
    tree->unsettled_max = TREE_MAX;
    tree->rests = LOG_NO_SEQ;
    buf_init(&tree->text, TEXT_MAX_ALL);
}

void tree_done(struct tree *tree) {
    free(tree->nodes);
    buf_done(&tree->text);
    memset(tree, 0, sizeof(*tree));
}

struct bytes tree_text(const struct tree *tree, struct tree_text text) {
    return (struct bytes){text.n > 0 ? tree->text.p + text.at : NULL, text.n};
}

const char *tree_via_name(enum tree_via via) {
    static const char *const names[] = {[TREE_ROOT] = NULL,   [TREE_CAUSE] = "cause", [TREE_CALL] = "call",
                                        [TREE_SPAN] = "span", [TREE_RUN] = "run",     [TREE_EVIDENCE] = "evidence"};
    return names[via];
}

static int compare_seq(const void *pa, const void *pb) {
    const struct tree_node *a = pa, *b = pb;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return (a->mark == TREE_UNREADABLE) - (b->mark == TREE_UNREADABLE);
}

/* Sorts the nodes and drops duplicates. */
static int settle(struct tree *tree, struct err *err) {
    size_t n = 0;
    if (tree->n > 0) {
        qsort(tree->nodes, tree->n, sizeof(*tree->nodes), compare_seq);
    }
    for (size_t i = 0; i < tree->n; i++) {
        if (n == 0 || compare_seq(&tree->nodes[n - 1], &tree->nodes[i]) != 0) {
            tree->nodes[n++] = tree->nodes[i];
        }
    }
    tree->n = n;
    tree->unsettled_max = n + TREE_MAX;
    return n <= TREE_MAX
               ? 0
               : err_set(err, ERR_LIMIT, "these are more than %d events; --since and --until narrow them", TREE_MAX);
}

static int new_node(struct tree *tree, struct tree_node **ret, struct err *err) {
    int rc = tree->n > tree->unsettled_max ? settle(tree, err) : 0;
    if (rc != 0) return rc;
    rc = array_room(&tree->nodes, tree->n + 1, &tree->cap, sizeof(*tree->nodes), err);
    if (rc != 0) return rc;
    *ret = &tree->nodes[tree->n++];
    **ret = (struct tree_node){.cause = LOG_NO_SEQ,
                               .ms = -1,
                               .parent = SIZE_MAX,
                               .returned = SIZE_MAX,
                               .first = SIZE_MAX,
                               .last = SIZE_MAX,
                               .next = SIZE_MAX};
    return 0;
}

int tree_add(struct tree *tree, const struct log_event *event, struct err *err) {
    struct tree_node *node;
    int rc = new_node(tree, &node, err);
    if (rc == 0) {
        tree_node_read(event, node, &tree->text);
        node->at = tree->by_seal ? node->time : node->at;
        rc = buf_check(&tree->text, "the events", err);
    }
    return rc;
}

int tree_add_unreadable(struct tree *tree, const char *why, struct err *err) {
    struct tree_node *node, before = {.seq = 0};
    if (tree->n > 0) {
        before = tree->nodes[tree->n - 1];
    }
    int rc = new_node(tree, &node, err);
    if (rc == 0) {
        node->seq = before.seq;
        node->time = before.time;
        node->at = before.at; /* placed right after the event before it */
        node->mark = TREE_UNREADABLE;
        node->state = TREE_BAD;
        node->rest = tree_node_keep(&tree->text, bytes_of(why));
        rc = buf_check(&tree->text, "the events", err);
    }
    return rc;
}

/* ---- names ---- */

enum { KEY_SPAN = 1, KEY_CALL, KEY_RUN };

struct key {
    const struct tree *tree;
    int what;
    struct tree_text run, name;
    size_t node;
};

static int compare_name(const struct key *a, const struct key *b) {
    if (a->what != b->what) return a->what < b->what ? -1 : 1;
    int c = bytes_cmp(tree_text(a->tree, a->run), tree_text(b->tree, b->run));
    return c != 0 ? c : bytes_cmp(tree_text(a->tree, a->name), tree_text(b->tree, b->name));
}

/* A corrected event comes after the one that replaces it. */
static int compare_key(const void *pa, const void *pb) {
    const struct key *a = pa, *b = pb;
    int c = compare_name(a, b), x = a->tree->nodes[a->node].mark == TREE_CORRECTED,
        y = b->tree->nodes[b->node].mark == TREE_CORRECTED;
    return c != 0 ? c : x != y ? x - y : (a->node > b->node) - (a->node < b->node);
}

struct keys {
    struct key *key;
    size_t n;
};

static bool is_kind(const struct tree *tree, const struct tree_node *node, const char *kind) {
    return bytes_is(tree_text(tree, node->kind), kind);
}

static bool is_return(const struct tree *tree, const struct tree_node *node) {
    static const char end[] = "_returned";
    struct bytes kind = tree_text(tree, node->kind);
    size_t n = sizeof(end) - 1;
    return kind.n > n && memcmp(kind.p + kind.n - n, end, n) == 0;
}

static int collect_keys(const struct tree *tree, struct keys *keys, struct err *err) {
    keys->n = 0;
    keys->key = calloc(3 * tree->n + 1, sizeof(*keys->key));
    if (!keys->key) return err_set(err, ERR_NOMEM, "no memory for the events");
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_node *node = &tree->nodes[i];
        bool started = is_kind(tree, node, "run.started");
        if (node->span.n > 0 && !is_return(tree, node) && !is_kind(tree, node, "run.logged")) {
            keys->key[keys->n++] = (struct key){tree, KEY_SPAN, node->run, node->span, i};
        }
        if (node->call.n > 0 && !is_return(tree, node)) {
            keys->key[keys->n++] = (struct key){tree, KEY_CALL, node->run, node->call, i};
        }
        if (started) {
            keys->key[keys->n++] = (struct key){tree, KEY_RUN, {0, 0}, node->run, i};
        }
    }
    qsort(keys->key, keys->n, sizeof(*keys->key), compare_key);
    return 0;
}

/* The first node with that name; SIZE_MAX: none. */
static size_t lookup(const struct keys *keys, const struct key *wanted) {
    size_t lo = 0, hi = keys->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare_name(&keys->key[mid], wanted) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < keys->n && wanted->name.n > 0 && compare_name(&keys->key[lo], wanted) == 0 ? keys->key[lo].node : SIZE_MAX;
}

/* ---- parents ---- */

size_t tree_find(const struct tree *tree, uint64_t seq) {
    size_t lo = 0, hi = tree->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (tree->nodes[mid].seq < seq) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < tree->n && tree->nodes[lo].seq == seq && tree->nodes[lo].mark != TREE_UNREADABLE ? lo : SIZE_MAX;
}

static bool take_parent(struct tree_node *node, size_t self, size_t parent, enum tree_via via) {
    if (parent == SIZE_MAX || parent == self) return false;
    node->parent = parent;
    node->via = via;
    return true;
}

static void find_parent(struct tree *tree, const struct keys *keys, size_t i) {
    struct tree_node *node = &tree->nodes[i];
    bool started = is_kind(tree, node, "run.started"), returned = is_return(tree, node);
    struct key call = {tree, KEY_CALL, node->run, node->call, 0}, span = {tree, KEY_SPAN, node->run, node->span, 0},
               above = {tree, KEY_SPAN, node->run, node->above, 0}, run = {tree, KEY_RUN, {0, 0}, node->run, 0},
               caller = {tree, KEY_RUN, {0, 0}, node->above, 0};
    if (node->mark == TREE_UNREADABLE) return;
    size_t called = returned ? lookup(keys, &call) : SIZE_MAX;
    called = returned && called == SIZE_MAX && node->call.n == 0 ? lookup(keys, &span) : called;
    if (called != SIZE_MAX && called != i && tree->nodes[called].returned == SIZE_MAX && node->mark != TREE_CORRECTED) {
        tree->nodes[called].returned = i;
    }
    if (node->cause < node->seq && take_parent(node, i, tree_find(tree, node->cause), TREE_CAUSE)) {
        return;
    }
    if (node->before) {
        if (node->evidence) take_parent(node, i, tree_find(tree, tree->rests), TREE_EVIDENCE);
        return;
    }
    if (take_parent(node, i, called, TREE_CALL) ||
        take_parent(node, i, lookup(keys, started ? &caller : &above), started ? TREE_RUN : TREE_SPAN) ||
        take_parent(node, i, lookup(keys, &span), TREE_SPAN)) {
        return;
    }
    take_parent(node, i, lookup(keys, &run), TREE_RUN);
}

/* Breaks cycles: a node met again on the way up loses its parent. */
static void open_circles(struct tree *tree) {
    for (size_t i = 0; i < tree->n; i++) { /* `first` is 0: not seen, SIZE_MAX - 1: done, else the walk that met it */
        tree->nodes[i].first = 0;
    }
    for (size_t i = 0; i < tree->n; i++) {
        size_t walk = i + 1, at = i;
        while (at != SIZE_MAX && tree->nodes[at].first == 0) {
            tree->nodes[at].first = walk;
            size_t up = tree->nodes[at].parent;
            if (up != SIZE_MAX && tree->nodes[up].first == walk) {
                tree->nodes[at].parent = SIZE_MAX;
                tree->nodes[at].via = TREE_ROOT;
            }
            at = tree->nodes[at].parent;
        }
    }
    for (size_t i = 0; i < tree->n; i++) {
        tree->nodes[i].first = SIZE_MAX;
    }
}

int tree_link(struct tree *tree, struct err *err) {
    struct keys keys;
    int rc = settle(tree, err);
    if (rc == 0) rc = collect_keys(tree, &keys, err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < tree->n; i++) {
        find_parent(tree, &keys, i);
    }
    open_circles(tree);
    free(keys.key);
    return 0;
}

/* ---- order ---- */

/* Merges a return into its call; corrected events stay separate. */
static void merge(struct tree *tree, struct tree_node *call) {
    struct tree_node *end = &tree->nodes[call->returned];
    if (end->mark == TREE_CORRECTED || call->mark == TREE_CORRECTED) {
        call->returned = SIZE_MAX;
        return;
    }
    end->hidden = true;
    call->outcome = end->outcome.n > 0 ? end->outcome : call->outcome;
    call->state = end->state != TREE_UNKNOWN ? end->state : call->state;
    if (end->ms >= 0) {
        call->ms = end->ms;
    } else if (call->ms < 0 && end->at >= call->at) {
        call->ms = (double)(end->at - call->at) / 1e6;
    }
}

/* A run's duration is the one stated at its end, else the time until its end. */
static void finish_run(struct tree *tree, const struct tree_node *end) {
    size_t up = end->parent;
    struct tree_node *start = up != SIZE_MAX ? &tree->nodes[up] : NULL;
    if (!start || end->mark == TREE_CORRECTED || start->mark == TREE_CORRECTED || !is_kind(tree, end, "run.finished") ||
        !is_kind(tree, start, "run.started")) {
        return;
    }
    start->ms = end->ms >= 0 ? end->ms : end->at >= start->at ? (double)(end->at - start->at) / 1e6 : -1;
    start->state = end->state;
    start->outcome = end->outcome;
}

/* The nearest shown ancestor. */
static size_t shown_parent(const struct tree *tree, size_t i) {
    size_t up = tree->nodes[i].parent;
    for (size_t steps = 0; up != SIZE_MAX && tree->nodes[up].hidden && steps < tree->n; steps++) {
        up = tree->nodes[up].parent;
    }
    return up;
}

static int compare_at(const void *pa, const void *pb, void *ctx) {
    const struct tree *tree = ctx;
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    uint64_t at_a = tree->nodes[a].at, at_b = tree->nodes[b].at;
    return at_a != at_b ? (at_a < at_b ? -1 : 1) : (a > b) - (a < b);
}

/* Appends the node to its parent's children, or to the roots. */
static void attach(struct tree *tree, size_t i, size_t *root, size_t *last_root) {
    size_t up = shown_parent(tree, i), *first = up == SIZE_MAX ? root : &tree->nodes[up].first,
           *last = up == SIZE_MAX ? last_root : &tree->nodes[up].last;
    tree->nodes[i].parent = up;
    if (*first == SIZE_MAX) {
        *first = i;
    } else {
        tree->nodes[*last].next = i;
    }
    *last = i;
}

int tree_order(struct tree *tree, size_t *ret_root, struct err *err) {
    size_t root = SIZE_MAX, last_root = SIZE_MAX, n = 0;
    size_t *order = calloc(tree->n + 1, sizeof(*order));
    if (!order) return err_set(err, ERR_NOMEM, "no memory for the events");
    for (size_t i = 0; i < tree->n; i++) {
        struct tree_node *node = &tree->nodes[i];
        if (node->returned != SIZE_MAX && tree->nodes[node->returned].parent == i) {
            merge(tree, node);
        }
        finish_run(tree, node);
    }
    for (size_t i = 0; i < tree->n; i++) {
        if (!tree->nodes[i].hidden) {
            order[n++] = i;
        }
    }
    qsort_r(order, n, sizeof(*order), compare_at, tree);
    for (size_t k = 0; k < n; k++) {
        attach(tree, order[k], &root, &last_root);
    }
    free(order);
    for (size_t i = root; i != SIZE_MAX; i = tree_next(tree, i)) {
        size_t up = tree->nodes[i].parent;
        tree->nodes[i].depth = up == SIZE_MAX ? 0 : tree->nodes[up].depth + 1;
    }
    *ret_root = root;
    return 0;
}

size_t tree_next(const struct tree *tree, size_t i) {
    if (tree->nodes[i].first != SIZE_MAX) return tree->nodes[i].first;
    while (i != SIZE_MAX && tree->nodes[i].next == SIZE_MAX) {
        i = tree->nodes[i].parent;
    }
    return i == SIZE_MAX ? SIZE_MAX : tree->nodes[i].next;
}
