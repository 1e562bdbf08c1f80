/* Numbers are in the machine's byte order:
 *
 *   meta page (0, 1)   16 bytes · u32 magic · u32 version · 16 bytes · tree of free pages (at 40) · root tree (at 88) ·
 *                      u64 last page at 136 · u64 commit at 144. The newer of the two counts
 *   tree               u32 (in a meta page's first tree: bytes of a page) · u16 flags · u16 depth · u64 branch pages,
 *                      leaf pages, overflow pages, entries, root page
 *   any page           u64 number · u16 · u16 flags · u16 end of the offsets of its nodes · u16 where its nodes begin;
 *                      then u16 offsets, in the order of keys; its nodes fill the page to its end
 *   overflow page      u64 number · u16 · u16 flags · u32 pages that belong together
 *   node               u16 low · u16 high · u16 flags · u16 length of the key · the key; of even length
 *
 * In a branch low, high and flags are the number of a page, and the first key is ignored. In a leaf low and high are
 * the length of the data, which follow the key; with flag 1 the u64 number of the overflow page after whose head they
 * begin; with flag 2 (in the root tree) the data are a table's tree. The tree of free pages has u64 numbers of commits as
 * keys; its data are a u64 count and that many u64 page numbers. */
#include "ledger/store/db_pages.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define META_MAGIC     0xBEEFC0DE
#define META_VERSION   20
#define META_FREE      40
#define META_ROOT      88
#define META_LAST      136
#define META_COMMIT    144
#define META_BYTES     (META_COMMIT + 8)
#define META_PAGES     2
#define TREE_BYTES     48
#define NO_PAGE        UINT64_MAX
#define PAGE_HEAD      16
#define PAGE_BRANCH    1
#define PAGE_LEAF      2
#define PAGE_OVERFLOW  4
#define NODE_HEAD      8
#define NODE_ELSEWHERE 1
#define NODE_TREE      2
#define DEPTH_MAX      32
#define KEY_MAX        511
#define PAGE_BYTES_MAX 65536
#define MISSING_MAX    ((uint64_t)1 << 24) /* pages that may be searched for in the list of free ones */

/* A tree's record. */
struct tree {
    uint16_t depth;
    uint64_t branch, leaf, overflow, entries, root;
};

struct key {
    bool set;
    size_t n;
    uint8_t p[KEY_MAX];
};

struct walk {
    int fd;
    size_t page_bytes;
    uint64_t end;  /* of the page numbers in use */
    uint8_t *seen; /* one bit per page: its one place has been found */
    struct err *err;

    uint64_t from, to, left; /* of db_pages_are_free: pages looked for, and how many are not found yet */
    uint8_t *found;

    bool free_list; /* walking that tree now: its keys are u64 numbers */
    struct tree n;  /* counted in the current tree */
    struct key last, floor;
};

/* A page of a tree, in memory. */
struct page {
    uint64_t number;
    uint8_t *p;
};

static uint64_t get(const uint8_t *at, size_t bytes) {
    union {
        uint64_t u64;
        uint32_t u32;
        uint16_t u16;
    } v;
    memcpy(&v, at, bytes);
    return bytes == 8 ? v.u64 : bytes == 4 ? v.u32 : v.u16;
}

static int damaged(struct walk *w, uint64_t page, const char *why) {
    return err_set(w->err, ERR_CORRUPT, "the database's page %llu %s", (unsigned long long)page, why);
}

static int read_page(struct walk *w, uint64_t page, size_t skip, void *ret, size_t n) {
    if (page < META_PAGES || page >= w->end) {
        return damaged(w, page, "is used, but there is no such page");
    }
    return pread(w->fd, ret, n, (off_t)(page * w->page_bytes + skip)) == (ssize_t)n ? 0
                                                                                    : damaged(w, page, "cannot be read");
}

/* A page has one place: in a tree, or on the list of free ones. */
static int take_page(struct walk *w, uint64_t page) {
    if (page < META_PAGES || page >= w->end) {
        return damaged(w, page, "is used, but there is no such page");
    }
    if ((w->seen[page / 8] & 1U << page % 8) != 0) return damaged(w, page, "is used in two places");
    w->seen[page / 8] |= (uint8_t)(1U << page % 8);
    return 0;
}

/* ---- keys ---- */

static int cmp_keys(const struct walk *w, struct bytes a, const struct key *b) {
    if (w->free_list) {
        uint64_t x = get(a.p, 8), y = get(b->p, 8);
        return (x > y) - (x < y);
    }
    size_t n = a.n < b->n ? a.n : b->n;
    int order = n == 0 ? 0 : memcmp(a.p, b->p, n);
    return order != 0 ? order : (a.n > b->n) - (a.n < b->n);
}

static void keep_key(struct key *key, struct bytes from) {
    key->set = true;
    key->n = from.n;
    memcpy(key->p, from.p, from.n);
}

/* A key between two pages is greater than all keys before it and not greater than any after it. */
static int check_key(struct walk *w, const struct page *page, struct bytes key, bool between) {
    if (key.n == 0 || key.n > KEY_MAX || (w->free_list && key.n != 8)) {
        return damaged(w, page->number, "has a key of a length that cannot be");
    }
    if ((w->last.set && cmp_keys(w, key, &w->last) <= 0) || (!between && w->floor.set && cmp_keys(w, key, &w->floor) < 0)) {
        return damaged(w, page->number, "has keys that are out of order");
    }
    keep_key(between ? &w->floor : &w->last, key);
    return 0;
}

/* ---- data ---- */

static int take_list(struct walk *w, const struct page *page, const uint8_t *list, uint64_t n) {
    uint64_t count = n < 8 ? 0 : get(list, 8);
    if (n < 8 || count > n / 8 - 1) {
        return damaged(w, page->number, "has a list of free pages that is longer than its place");
    }
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t number = get(list + 8 * i, 8);
        int rc = take_page(w, number);
        if (rc != 0) return rc;
        if (w->found != NULL && number >= w->from && number < w->to) {
            w->found[number - w->from] = 1;
            w->left--;
        }
    }
    return 0;
}

/* Data of `n` bytes on pages of their own. Where larger data used to be, LMDB keeps all of their pages. */
static int take_elsewhere(struct walk *w, uint64_t first, uint64_t n) {
    uint8_t head[PAGE_HEAD];
    int rc = read_page(w, first, 0, head, sizeof(head));
    if (rc != 0) return rc;
    uint64_t pages = get(head + 12, 4);
    if (get(head, 8) != first || get(head + 10, 2) != PAGE_OVERFLOW || pages * w->page_bytes < n + PAGE_HEAD) {
        return damaged(w, first, "is not the first of those that the data are on");
    }
    for (uint64_t i = 0; i < pages && rc == 0; i++) {
        rc = take_page(w, first + i);
    }
    w->n.overflow += pages;
    return rc;
}

static int take_list_elsewhere(struct walk *w, const struct page *page, uint64_t first, uint64_t n) {
    uint8_t *list = malloc(n + 1);
    int rc = list == NULL ? err_set(w->err, ERR_NOMEM, "out of memory") : read_page(w, first, PAGE_HEAD, list, n);
    if (rc == 0) rc = take_list(w, page, list, n);
    free(list);
    return rc;
}

static int walk_tree(struct walk *w, uint64_t from_page, const uint8_t *record);

/* Walks a table's tree while the walk of the tree with its record waits. */
static int take_table(struct walk *w, const struct page *page, const uint8_t *record, uint64_t n) {
    struct walk *inner = n == TREE_BYTES ? malloc(sizeof(*inner)) : NULL;
    if (inner == NULL) {
        return n == TREE_BYTES ? err_set(w->err, ERR_NOMEM, "out of memory")
                               : damaged(w, page->number, "has a table's record of another length");
    }
    *inner = *w;
    int rc = walk_tree(inner, page->number, record);
    free(inner);
    return rc;
}

static int take_data(struct walk *w, const struct page *page, const uint8_t *node) {
    uint64_t n = get(node, 2) | get(node + 2, 2) << 16, flags = get(node + 4, 2);
    const uint8_t *data = node + NODE_HEAD + get(node + 6, 2);
    w->n.entries++;
    if (flags == NODE_ELSEWHERE) {
        int rc = take_elsewhere(w, get(data, 8), n);
        if (rc == 0 && w->free_list) rc = take_list_elsewhere(w, page, get(data, 8), n);
        return rc;
    }
    if (flags == NODE_TREE) return take_table(w, page, data, n);
    return flags != 0     ? damaged(w, page->number, "has a node of an unknown kind")
           : w->free_list ? take_list(w, page, data, n)
                          : 0;
}

/* ---- pages ---- */

/* Bytes of the node at `at`, 0 when it does not fit. */
static size_t node_bytes(const struct walk *w, const uint8_t *page, size_t at) {
    if (at % 2 != 0 || at + NODE_HEAD > w->page_bytes) return 0;
    const uint8_t *node = page + at;
    size_t n = NODE_HEAD + (size_t)get(node + 6, 2);
    if (get(page + 10, 2) == PAGE_LEAF) {
        bool elsewhere = (get(node + 4, 2) & NODE_ELSEWHERE) != 0;
        n += elsewhere ? 8 : (size_t)(get(node, 2) | get(node + 2, 2) << 16);
    }
    n += n % 2;
    return at + n <= w->page_bytes ? n : 0;
}

/* The nodes fill the page from where it says they begin, using each byte once. */
static int check_layout(struct walk *w, const struct page *page) {
    size_t end = (size_t)get(page->p + 12, 2), begin = (size_t)get(page->p + 14, 2), sum = 0;
    uint64_t flags = get(page->p + 10, 2);
    if (get(page->p, 8) != page->number || (flags != PAGE_BRANCH && flags != PAGE_LEAF)) {
        return damaged(w, page->number, "is not the one that the tree says");
    }
    if (end % 2 != 0 || end <= PAGE_HEAD || end > begin || begin > w->page_bytes) {
        return damaged(w, page->number, "has offsets that do not fit into it");
    }
    for (size_t at = PAGE_HEAD; at < end; at += 2) {
        size_t node = (size_t)get(page->p + at, 2), n = node < begin ? 0 : node_bytes(w, page->p, node);
        if (n == 0) return damaged(w, page->number, "has a node that does not lie within it");
        sum += n;
    }
    return sum == w->page_bytes - begin ? 0 : damaged(w, page->number, "is not filled by its nodes");
}

static int walk_page(struct walk *w, uint64_t number, unsigned depth);

static int walk_nodes(struct walk *w, const struct page *page, unsigned depth) {
    size_t end = (size_t)get(page->p + 12, 2);
    bool leaf = get(page->p + 10, 2) == PAGE_LEAF;
    if (leaf != (depth == 1)) {
        return damaged(w, page->number, "is not as deep in its tree as the tree says");
    }
    *(leaf ? &w->n.leaf : &w->n.branch) += 1;
    int rc = 0;
    for (size_t at = PAGE_HEAD; at < end && rc == 0; at += 2) {
        const uint8_t *p = page->p + get(page->p + at, 2);
        struct bytes key = {p + NODE_HEAD, (size_t)get(p + 6, 2)};
        rc = !leaf && at == PAGE_HEAD ? 0 : check_key(w, page, key, !leaf);
        if (rc == 0) {
            rc = leaf ? take_data(w, page, p)
                      : walk_page(w, get(p, 2) | get(p + 2, 2) << 16 | get(p + 4, 2) << 32, depth - 1);
        }
    }
    return rc;
}

static int walk_page(struct walk *w, uint64_t number, unsigned depth) {
    struct page page = {number, malloc(w->page_bytes)};
    int rc = page.p == NULL ? err_set(w->err, ERR_NOMEM, "out of memory") : take_page(w, number);
    if (rc == 0) rc = read_page(w, number, 0, page.p, w->page_bytes);
    if (rc == 0) rc = check_layout(w, &page);
    if (rc == 0) rc = walk_nodes(w, &page, depth);
    free(page.p);
    return rc;
}

/* Walks the tree whose record is on `from_page`. */
static int walk_tree(struct walk *w, uint64_t from_page, const uint8_t *record) {
    struct tree t = {.depth = (uint16_t)get(record + 6, 2),
                     .branch = get(record + 8, 8),
                     .leaf = get(record + 16, 8),
                     .overflow = get(record + 24, 8),
                     .entries = get(record + 32, 8),
                     .root = get(record + 40, 8)};
    w->n = (struct tree){0};
    w->last.set = w->floor.set = false;
    if ((t.root == NO_PAGE) != (t.depth == 0) || t.depth > DEPTH_MAX) {
        return damaged(w, from_page, "has a tree's record that contradicts itself");
    }
    int rc = t.depth == 0 ? 0 : walk_page(w, t.root, t.depth);
    if (rc == 0 &&
        (w->n.branch != t.branch || w->n.leaf != t.leaf || w->n.overflow != t.overflow || w->n.entries != t.entries)) {
        rc = damaged(w, from_page, "has a tree's record that does not count what the tree has");
    }
    return rc;
}

/* ---- the checks ---- */

static int begin(struct walk *w, const uint8_t *meta) {
    w->end = get(meta + META_LAST, 8) + 1;
    if (w->end < META_PAGES || w->end > UINT64_MAX / PAGE_BYTES_MAX) {
        return err_set(w->err, ERR_CORRUPT, "the database's meta page says that it has %llu pages",
                       (unsigned long long)w->end);
    }
    w->seen = calloc(w->end / 8 + 1, 1);
    return w->seen == NULL ? err_set(w->err, ERR_NOMEM, "out of memory") : 0;
}

static int walk_free_list(struct walk *w, uint64_t meta_page, const uint8_t *meta) {
    w->free_list = true;
    int rc = walk_tree(w, meta_page, meta + META_FREE);
    w->free_list = false;
    return rc;
}

static bool read_metas(int fd, size_t page_bytes, uint8_t meta[META_PAGES][META_BYTES]) {
    bool good = page_bytes >= META_BYTES && page_bytes <= PAGE_BYTES_MAX;
    for (size_t i = 0; i < META_PAGES && good; i++) {
        good = pread(fd, meta[i], META_BYTES, (off_t)(i * page_bytes)) == META_BYTES &&
               get(meta[i] + PAGE_HEAD, 4) == META_MAGIC;
    }
    return good;
}

bool db_pages_versions_differ(const char *path) {
    uint8_t first[META_BYTES], meta[META_PAGES][META_BYTES];
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool differ = fd >= 0 && pread(fd, first, META_BYTES, 0) == META_BYTES &&
                  read_metas(fd, (size_t)get(first + META_FREE, 4), meta) &&
                  get(meta[0] + META_VERSION, 4) != get(meta[1] + META_VERSION, 4);
    if (fd >= 0) {
        close(fd);
    }
    return differ;
}

bool db_pages_are_free(int fd, size_t page_bytes, uint64_t from, uint64_t to) {
    struct err why = {0};
    struct walk w = {.fd = fd, .page_bytes = page_bytes, .from = from, .to = to, .left = to - from, .err = &why};
    uint8_t meta[META_PAGES][META_BYTES];
    if (from >= to || w.left > MISSING_MAX || !read_metas(fd, page_bytes, meta)) return false;
    size_t newest = get(meta[0] + META_COMMIT, 8) < get(meta[1] + META_COMMIT, 8);
    w.found = calloc(w.left, 1);
    bool all =
        w.found != NULL && begin(&w, meta[newest]) == 0 && walk_free_list(&w, newest, meta[newest]) == 0 && w.left == 0;
    free(w.seen);
    free(w.found);
    return all;
}

int db_pages_check(int fd, size_t page_bytes, uint64_t commit, struct err *err) {
    struct walk w = {.fd = fd, .page_bytes = page_bytes, .err = err};
    uint8_t meta[META_PAGES][META_BYTES];
    if (!read_metas(fd, page_bytes, meta)) {
        return err_set(err, ERR_CORRUPT, "the database's meta pages cannot be read");
    }
    size_t of = get(meta[0] + META_COMMIT, 8) == commit ? 0 : 1;
    if (get(meta[of] + META_COMMIT, 8) != commit) return 1;
    int rc = begin(&w, meta[of]);
    if (rc == 0) rc = walk_free_list(&w, of, meta[of]);
    if (rc == 0) rc = walk_tree(&w, of, meta[of] + META_ROOT);
    free(w.seen);
    return rc;
}
