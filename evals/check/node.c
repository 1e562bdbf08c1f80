/* JSON values as trees.
 *
 *   text --base/json--> canonical MessagePack --> nodes in an arena, whose texts borrow from it
 *
 * Canonical maps are sorted by key, so a member is found by halving. Depth is at most MP_DEPTH_MAX, which bounds recursion. */
#include "evals/check/node.h"

#include <math.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"

#define PACKED_MAX ((size_t)64 << 20)
#define ARENA_MAX  ((size_t)64 << 20) /* JSON_VALUES_MAX nodes and keys are less */

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static int fill(struct node_tree *tree, struct mp_reader *r, struct node *v, struct err *err);

static int fill_items(struct node_tree *tree, struct mp_reader *r, bool map, size_t n, struct node *v, struct err *err) {
    struct node *items = arena_take(&tree->arena, n * sizeof(*items) + 1);
    struct bytes *keys = map ? arena_take(&tree->arena, n * sizeof(*keys) + 1) : NULL;
    struct mp_item key;
    if (items == NULL || (map && keys == NULL)) return err_set(err, ERR_NOMEM, "JSON: out of memory");
    for (size_t i = 0; i < n; i++) {
        int rc = map ? mp_next(r, &key, err) : 0;
        if (rc == 0 && map) keys[i] = key.data;
        if (rc == 0) rc = fill(tree, r, &items[i], err);
        if (rc != 0) return rc < 0 ? rc : err_set(err, ERR_CORRUPT, "JSON: ends early");
    }
    v->type = map ? NODE_MAP : NODE_LIST;
    v->items = items;
    v->keys = keys;
    v->n = n;
    return 0;
}

static void fill_integer(struct node *v, int64_t integer) {
    v->type = NODE_NUMBER;
    v->whole = true;
    v->integer = integer;
    v->real = (double)integer;
}

static int fill(struct node_tree *tree, struct mp_reader *r, struct node *v, struct err *err) {
    struct mp_item item;
    int rc = mp_next(r, &item, err);
    if (rc != 0) return rc;
    switch (item.type) {
    case MP_ARRAY:
    case MP_MAP:
        return fill_items(tree, r, item.type == MP_MAP, item.count, v, err);
    case MP_BOOL:
        v->type = NODE_BOOL;
        v->boolean = item.boolean;
        return 0;
    case MP_UINT:
        fill_integer(v, (int64_t)item.uint);
        return 0;
    case MP_INT:
        fill_integer(v, item.sint);
        return 0;
    case MP_FLOAT:
        v->type = NODE_NUMBER;
        v->real = item.real;
        return 0;
    case MP_STR:
    case MP_BIN:
        v->type = NODE_TEXT;
        v->text = item.data;
        return 0;
    case MP_NIL:
        v->type = NODE_NULL;
        return 0;
    }
    return 0;
}

int node_read(struct bytes json, struct node_tree *ret, struct err *err) {
    struct mp_reader r;
    *ret = (struct node_tree){.arena = {.max = ARENA_MAX}};
    buf_init(&ret->packed, PACKED_MAX);
    int rc = json_to_mp(json, &ret->packed, err);
    if (rc != 0) return rc;
    mp_reader_init(&r, bytes_of_buf(&ret->packed));
    return fill(ret, &r, &ret->root, err);
}

void node_done(struct node_tree *tree) {
    buf_done(&tree->packed);
    arena_done(&tree->arena);
}

/* ---- comparing ------------------------------------------------------------------------------------------------------ */

static int compare_with_real(int64_t a, double b) {
    if (b >= 0x1p63) return -1;
    if (b < -0x1p63) return 1;
    int64_t down = (int64_t)floor(b);
    if (a != down) return a < down ? -1 : 1;
    return floor(b) < b ? -1 : 0;
}

int node_compare_numbers(const struct node *a, const struct node *b) {
    if (a->whole && b->whole) return (a->integer > b->integer) - (a->integer < b->integer);
    if (a->whole) return compare_with_real(a->integer, b->real);
    if (b->whole) return -compare_with_real(b->integer, a->real);
    return (a->real > b->real) - (a->real < b->real);
}

bool node_is_integer(const struct node *v) {
    return v->type == NODE_NUMBER && (v->whole || floor(v->real) == v->real);
}

bool node_equal(const struct node *a, const struct node *b, uint64_t *steps) {
    if (*steps == 0) return false;
    --*steps;
    if (a->type != b->type) return false;
    switch (a->type) {
    case NODE_NULL:
        return true;
    case NODE_BOOL:
        return a->boolean == b->boolean;
    case NODE_NUMBER:
        return node_compare_numbers(a, b) == 0;
    case NODE_TEXT:
        return bytes_eq(a->text, b->text);
    case NODE_LIST:
    case NODE_MAP:
        break;
    }
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        same = (a->type == NODE_LIST || bytes_eq(a->keys[i], b->keys[i])) && node_equal(&a->items[i], &b->items[i], steps);
    }
    return same && *steps > 0;
}

const struct node *node_member(const struct node *map, struct bytes key) {
    size_t low = 0, high = map->type == NODE_MAP ? map->n : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_cmp(map->keys[middle], key);
        if (order == 0) return &map->items[middle];
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* ---- JSON Pointer --------------------------------------------------------------------------------------------------- */

int node_pointer_check(struct bytes pointer, struct err *err) {
    if (text_utf8_valid(pointer.p, pointer.n) < pointer.n) {
        return err_set(err, ERR_INVALID, "the JSON Pointer is not valid UTF-8");
    }
    if (pointer.n > 0 && pointer.p[0] != '/') {
        return err_set(err, ERR_INVALID, "a JSON Pointer begins with '/', or is empty for the whole value");
    }
    for (size_t i = 0; i < pointer.n; i++) {
        if (pointer.p[i] == '~' && (i + 1 == pointer.n || (pointer.p[i + 1] != '0' && pointer.p[i + 1] != '1'))) {
            return err_set(err, ERR_INVALID, "byte %zu of the JSON Pointer: '~' is written '~0', and '/' in a name '~1'",
                           i + 1);
        }
    }
    return 0;
}

/* A token of the pointer, with its escapes, is that name. */
static bool names(struct bytes token, struct bytes key) {
    size_t at = 0;
    for (size_t i = 0; i < token.n; i++, at++) {
        uint8_t c = token.p[i];
        if (c == '~') {
            i++;
            c = token.p[i] == '0' ? '~' : '/';
        }
        if (at == key.n || key.p[at] != c) return false;
    }
    return at == key.n;
}

static const struct node *step_into(const struct node *v, struct bytes token) {
    uint64_t index;
    if (v->type == NODE_MAP && bytes_find(token, '~') == NULL) return node_member(v, token);
    for (size_t i = 0; v->type == NODE_MAP && i < v->n; i++) {
        if (names(token, v->keys[i])) return &v->items[i];
    }
    if (v->type == NODE_LIST && text_parse_u64(token, &index) == 0 && index < v->n) return &v->items[index];
    return NULL;
}

int node_at(const struct node *root, struct bytes pointer, const struct node **ret, struct err *err) {
    const struct node *v = root;
    int rc = node_pointer_check(pointer, err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < pointer.n;) {
        size_t end = ++i;
        while (end < pointer.n && pointer.p[end] != '/') {
            end++;
        }
        struct bytes token = {pointer.p + i, end - i};
        if (v->type == NODE_LIST && bytes_is(token, "-")) {
            return err_set(err, ERR_INVALID,
                           "'-' in a JSON Pointer is the element after a list's last, which never exists");
        }
        v = step_into(v, token);
        if (v == NULL) {
            return err_set(err, ERR_NOTFOUND, "the JSON Pointer leads nowhere from its byte %zu on", i);
        }
        i = end;
    }
    *ret = v;
    return 0;
}
