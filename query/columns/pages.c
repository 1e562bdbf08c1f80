/* Form HASHES, both ways: sorted hashes in pages small enough to be checked and searched for one answer. */
#include <string.h>

#include "query/columns/data.h"
#include "query/condition/hash64.h"

#define DIGIT_BITS 11 /* three digits hold the 32 bits of a hash's top */
#define DIGITS     3

/* Sorts keys (top of the hash << 16 | event) by the top; events stay in order. The result is in key[1]. */
static void sort_keys(uint64_t *key[2], uint32_t n) {
    static const unsigned shift[DIGITS] = {16, 16 + DIGIT_BITS, 16 + 2 * DIGIT_BITS};
    uint32_t count[1 << DIGIT_BITS];
    uint64_t *from = key[0], *to = key[1];
    for (unsigned d = 0; d < DIGITS; d++) {
        memset(count, 0, sizeof(count));
        for (uint32_t i = 0; i < n; i++) {
            count[from[i] >> shift[d] & ((1 << DIGIT_BITS) - 1)]++;
        }
        uint32_t sum = 0;
        for (size_t i = 0; i < 1 << DIGIT_BITS; i++) {
            uint32_t here = count[i];
            count[i] = sum;
            sum += here;
        }
        for (uint32_t i = 0; i < n; i++) {
            to[count[from[i] >> shift[d] & ((1 << DIGIT_BITS) - 1)]++] = from[i];
        }
        uint64_t *other = from;
        from = to;
        to = other;
    }
}

/* Cuts the tops to `bits`; where that makes two hashes equal, sorts their events. */
static void cut_keys(uint64_t *key, uint32_t n, unsigned bits) {
    unsigned less = 32 - bits;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t k = (key[i] >> 16 >> less) << 16 | (key[i] & 0xffff);
        uint32_t at = i;
        for (; at > 0 && key[at - 1] > k; at--) {
            key[at] = key[at - 1];
        }
        key[at] = k;
    }
}

static void put_uvarint(struct buf *out, uint32_t v) {
    for (; v >= 0x80; v >>= 7) {
        buf_put_u8(out, (uint8_t)(v | 0x80));
    }
    buf_put_u8(out, (uint8_t)v);
}

/* One page of keys [from, to). False: too many entries. */
static bool put_page(struct buf *out, const uint64_t *key, uint32_t from, uint32_t to) {
    uint8_t bucket[COLUMNS_BUCKETS] = {0}, last[8192];
    size_t begin = out->n;
    uint32_t entries = 0;
    if (to - from > 8 * sizeof(last)) return false;
    memset(last, 0, (to - from + 7) / 8);
    buf_put_be32(out, 0);
    buf_put_be16(out, 0);
    buf_put_be32(out, to - from);
    uint8_t *buckets = buf_room(out, COLUMNS_BUCKETS);
    if (buckets == NULL) return false;
    out->n += COLUMNS_BUCKETS;
    for (uint32_t i = from; i < to; i++) {
        if (i + 1 == to || key[i + 1] >> 16 != key[i] >> 16) {
            size_t b = key[i] >> (16 + COLUMNS_REST_BITS) & (COLUMNS_BUCKETS - 1);
            if (bucket[b] == UINT8_MAX) return false;
            bucket[b]++;
            entries++;
            buf_put_be16(out, (uint16_t)(key[i] >> 16));
            last[(i - from) / 8] |= (uint8_t)(1U << (i - from) % 8);
        }
    }
    buf_put(out, last, (to - from + 7) / 8);
    for (uint32_t i = from; i < to; i++) {
        if (i == from || key[i - 1] >> 16 != key[i] >> 16) {
            buf_put_be16(out, (uint16_t)key[i]);
        } else {
            put_uvarint(out, (uint32_t)((key[i] & 0xffff) - (key[i - 1] & 0xffff) - 1));
        }
    }
    if (out->fail != 0) return false;
    uint8_t *page = out->p + begin;
    page[4] = (uint8_t)(entries >> 8);
    page[5] = (uint8_t)entries;
    memcpy(page + 10, bucket, sizeof(bucket));
    be32_put(page, (uint32_t)hash64((struct bytes){page + 4, out->n - begin - 4}));
    return entries <= UINT16_MAX;
}

static unsigned page_bits(const uint64_t *key, uint32_t n) {
    size_t bytes = 0;
    unsigned bits = 0;
    for (uint32_t i = 0; i < n; i++) {
        bytes += i == 0 || key[i - 1] >> 16 != key[i] >> 16 ? 4 : 1;
    }
    while (bits < COLUMNS_PAGE_BITS_MAX && bytes >> bits > COLUMNS_PAGE_BYTES) {
        bits++;
    }
    return bits;
}

bool columns_put_hashes(const struct collect_slice *s, uint64_t *keys[2], struct buf *a, struct buf *b,
                        uint32_t *ret_entries) {
    size_t begin = a->n, pages_begin = b->n;
    uint32_t from = 0, entries = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        uint64_t top = s->mode == COLLECT_HASHES    ? s->what[i]
                       : s->mode == COLLECT_NUMBERS ? collect_hash_number(s->bits[i], s->real[i]) >> 32
                                                    : s->f->value[s->what[i]].hash >> 32;
        keys[0][i] = top << 16 | s->at[i];
    }
    sort_keys(keys, s->n);
    uint64_t *key = keys[1];
    unsigned bits = page_bits(key, s->n);
    cut_keys(key, s->n, bits + COLUMNS_BUCKET_BITS + COLUMNS_REST_BITS);
    buf_put_be32(a, 0);
    for (uint32_t page = 0; page < 1U << bits; page++) {
        uint32_t to = from;
        while (to < s->n && key[to] >> (16 + COLUMNS_REST_BITS + COLUMNS_BUCKET_BITS) == page) {
            entries += to + 1 == s->n || key[to + 1] >> 16 != key[to] >> 16 ? 1 : 0;
            to++;
        }
        buf_put_be32(a, (uint32_t)(b->n - pages_begin));
        if (!put_page(b, key, from, to)) return false;
        from = to;
    }
    buf_put_be32(a, (uint32_t)(b->n - pages_begin));
    if (a->fail != 0) return false;
    be32_put(a->p + begin, (uint32_t)hash64((struct bytes){a->p + begin + 4, a->n - begin - 4}));
    *ret_entries = entries;
    return true;
}

/* ---- finding ---- */

struct page {
    const uint8_t *remainder, *last, *posting, *end;
    uint32_t entries, postings, from, to; /* from, to: entries of the bucket */
};

static bool open_page(struct bytes bytes, uint32_t bucket, struct page *ret) {
    const uint8_t *p = bytes.p;
    if (bytes.n < COLUMNS_PAGE_HEADER || be32_get(p) != (uint32_t)hash64((struct bytes){p + 4, bytes.n - 4})) {
        return false;
    }
    *ret = (struct page){.entries = be16_get(p + 4), .postings = be32_get(p + 6), .end = p + bytes.n};
    for (uint32_t i = 0; i < bucket; i++) {
        ret->from += p[10 + i];
    }
    ret->to = ret->from + p[10 + bucket];
    uint64_t fixed = COLUMNS_PAGE_HEADER + 2 * (uint64_t)ret->entries + ((uint64_t)ret->postings + 7) / 8;
    if (fixed > bytes.n || ret->to > ret->entries) return false;
    ret->remainder = p + COLUMNS_PAGE_HEADER;
    ret->last = ret->remainder + 2 * ret->entries;
    ret->posting = ret->last + (ret->postings + 7) / 8;
    return true;
}

static bool get_uvarint(const uint8_t **p, const uint8_t *end, uint32_t *ret) {
    uint32_t v = 0;
    for (unsigned shift = 0; shift < 21; shift += 7) {
        if (*p == end) return false;
        uint8_t b = *(*p)++;
        v |= (uint32_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* Walks the postings up to entry `wanted` and through it. */
static bool hit_entry(const struct page *page, uint32_t wanted, uint32_t events, columns_hit_fn *hit, void *ctx) {
    const uint8_t *p = page->posting;
    uint32_t entry = 0, at = 0;
    bool begins = true;
    for (uint32_t i = 0; i < page->postings && entry <= wanted; i++) {
        uint32_t less = 0;
        if (begins) {
            if (page->end - p < 2) return false;
            at = be16_get(p);
            p += 2;
        } else if (!get_uvarint(&p, page->end, &less)) {
            return false;
        } else {
            at += less + 1;
        }
        if (at >= events) return false;
        if (entry == wanted) {
            hit(ctx, at);
        }
        begins = (page->last[i / 8] >> i % 8 & 1) != 0;
        entry += begins ? 1 : 0;
    }
    return true;
}

int columns_find(const struct columns_entry *entry, uint32_t events, uint64_t hash, columns_hit_fn *hit, void *ctx,
                 struct err *err) {
    const uint8_t *table = entry->a.p;
    size_t pages = entry->a.n / 4 < 2 ? 0 : entry->a.n / 4 - 2;
    unsigned bits = 0;
    struct page page;
    while (bits < COLUMNS_PAGE_BITS_MAX && (size_t)1 << bits < pages) {
        bits++;
    }
    if (pages == 0 || pages != (size_t)1 << bits || entry->a.n % 4 != 0 || !columns_have(entry, entry->a) ||
        be32_get(table) != (uint32_t)hash64((struct bytes){table + 4, entry->a.n - 4})) {
        return err_set(err, ERR_CORRUPT, "the index: a table of pages is damaged");
    }
    uint32_t top = (uint32_t)(hash >> 32) >> (32 - bits - COLUMNS_BUCKET_BITS - COLUMNS_REST_BITS);
    uint32_t at = top >> (COLUMNS_BUCKET_BITS + COLUMNS_REST_BITS);
    uint32_t from = be32_get(table + 4 + 4 * at), to = be32_get(table + 8 + 4 * at);
    if (from > to || to > entry->b.n || !columns_have(entry, (struct bytes){entry->b.p + from, to - from}) ||
        !open_page((struct bytes){entry->b.p + from, to - from}, top >> COLUMNS_REST_BITS & (COLUMNS_BUCKETS - 1), &page)) {
        return err_set(err, ERR_CORRUPT, "the index: a page is damaged");
    }
    for (uint32_t i = page.from; i < page.to; i++) {
        if (be16_get(page.remainder + 2 * i) == (uint16_t)top && !hit_entry(&page, i, events, hit, ctx)) {
            return err_set(err, ERR_CORRUPT, "the index: a page is damaged");
        }
    }
    return 0;
}
