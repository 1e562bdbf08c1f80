/* The list of free pages is a tree of its own, numbered by commits; numbers are the machine's:
 *
 *   meta page (0, 1)   16 bytes · u32 magic · u32 version · 16 bytes · the list's tree, whose root is at 80 · ... · u64
 * newest commit at 144. The newer of the two counts any page           u64 number · u16 · u16 flags · u16 end of the
 * offsets of its nodes · u16, then u16 offsets node               u16 low · u16 high · u16 flags · u16 length of the key,
 * then the key. In a branch low, high and flags are the number of a page; in a leaf low and high are the length of the data
 * that follow the key; with flag 1 they are the u64 number of the page behind whose first 16 bytes they begin data u64
 * count, then so many u64 page numbers */
#include "ledger/db_pages.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define META_MAGIC     0xBEEFC0DE
#define META_ROOT      80
#define META_NEWEST    144
#define PAGE_HEAD      16
#define PAGE_BRANCH    1
#define PAGE_LEAF      2
#define NODE_HEAD      8
#define NODE_ELSEWHERE 1
#define DEPTH_MAX      16
#define PAGE_BYTES_MAX 65536
#define SEARCH_MAX     ((uint64_t)1 << 24) /* pages that may be missing, and pages that are read */

struct search {
    int fd;
    size_t page_bytes;
    uint64_t from, to, left; /* left: pages that have not been found yet */
    uint64_t budget;
    uint8_t *found; /* one for each */
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

static bool read_at(const struct search *s, uint64_t page, size_t skip, void *ret, size_t n) {
    return page < s->to && pread(s->fd, ret, n, (off_t)(page * s->page_bytes + skip)) == (ssize_t)n;
}

static void take(struct search *s, uint64_t page) {
    if (page >= s->from && page < s->to && s->found[page - s->from] == 0) {
        s->found[page - s->from] = 1;
        s->left--;
    }
}

/* Numbers that have pages of their own, up to `n` bytes with their count. */
static bool take_elsewhere(struct search *s, uint64_t page, uint64_t n) {
    uint8_t number[8];
    if (n < 8 || !read_at(s, page, PAGE_HEAD, number, 8)) {
        return false;
    }
    uint64_t count = get(number, 8);
    if (count > n / 8 - 1) {
        return false;
    }
    for (uint64_t i = 1; i <= count && s->left > 0; i++) {
        if (!read_at(s, page, PAGE_HEAD + 8 * i, number, 8)) {
            return false;
        }
        take(s, get(number, 8));
    }
    return true;
}

static bool take_data(struct search *s, const uint8_t *node, size_t room) {
    size_t key = NODE_HEAD + (size_t)get(node + 6, 2);
    uint64_t n = get(node, 2) | get(node + 2, 2) << 16;
    if (key + 8 > room) {
        return false;
    }
    if ((get(node + 4, 2) & NODE_ELSEWHERE) != 0) {
        return take_elsewhere(s, get(node + key, 8), n);
    }
    uint64_t count = get(node + key, 8);
    if (n < 8 || n > room - key || count > n / 8 - 1) {
        return false;
    }
    for (uint64_t i = 1; i <= count; i++) {
        take(s, get(node + key + 8 * i, 8));
    }
    return true;
}

static bool walk(struct search *s, uint64_t number, unsigned depth) {
    uint8_t *page = depth == 0 || s->budget == 0 ? NULL : malloc(s->page_bytes);
    bool good = page != NULL && read_at(s, number, 0, page, s->page_bytes);
    uint64_t flags = good ? get(page + 10, 2) : 0, end = good ? get(page + 12, 2) : 0;
    good = good && (flags & (PAGE_BRANCH | PAGE_LEAF)) != 0 && end >= PAGE_HEAD && end <= s->page_bytes;
    s->budget -= good ? 1 : 0;
    for (size_t at = PAGE_HEAD; good && at + 2 <= end && s->left > 0; at += 2) {
        size_t node = (size_t)get(page + at, 2);
        if (node + NODE_HEAD > s->page_bytes) {
            good = false;
        } else if ((flags & PAGE_BRANCH) != 0) {
            const uint8_t *p = page + node;
            good = walk(s, get(p, 2) | get(p + 2, 2) << 16 | get(p + 4, 2) << 32, depth - 1);
        } else {
            good = take_data(s, page + node, s->page_bytes - node);
        }
    }
    free(page);
    return good;
}

/* The root of the newest commit's list. */
static bool find_root(const struct search *s, uint64_t *ret) {
    uint8_t meta[2][META_NEWEST + 8];
    for (uint64_t i = 0; i < 2; i++) {
        if (!read_at(s, i, 0, meta[i], sizeof(meta[i])) || get(meta[i] + PAGE_HEAD, 4) != META_MAGIC) {
            return false;
        }
    }
    *ret = get(meta[get(meta[0] + META_NEWEST, 8) < get(meta[1] + META_NEWEST, 8)] + META_ROOT, 8);
    return true;
}

bool db_pages_are_free(int fd, size_t page_bytes, uint64_t from, uint64_t to) {
    struct search s = {.fd = fd, .page_bytes = page_bytes, .from = from, .to = to, .left = to - from, .budget = SEARCH_MAX};
    uint64_t root;
    if (from >= to || s.left > SEARCH_MAX || page_bytes < META_NEWEST + 8 || page_bytes > PAGE_BYTES_MAX ||
        (s.found = calloc(s.left, 1)) == NULL) {
        return false;
    }
    bool all = find_root(&s, &root) && walk(&s, root, DEPTH_MAX) && s.left == 0;
    free(s.found);
    return all;
}
