/* Pages, their cursors, and the comparison. */
#include "ingest/driver/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/text.h"
#include "ingest/driver/lock.h"

#define FORM           1
#define PAGE_ITEMS_MAX 512
#define NAME_MAX_TEXT  128

/* ---- cursors ------------------------------------------------------------------------------------------------------ */

static void cursor_name(const struct seen *s, const char *name, char ret[NAME_MAX_TEXT]) {
    snprintf(ret, NAME_MAX_TEXT, "ingest/%s/%s/%s", intake_source(s->run), s->id, name);
}

int seen_note_get(struct seen *s, const char *name, struct buf *out, bool *ret_there, struct err *err) {
    char cursor[NAME_MAX_TEXT];
    cursor_name(s, name, cursor);
    return intake_cursor_get(s->run, cursor, out, ret_there, err);
}

int seen_note_put(struct seen *s, const char *name, struct bytes value, struct err *err) {
    char cursor[NAME_MAX_TEXT];
    cursor_name(s, name, cursor);
    int rc = intake_cursor(s->run, cursor, value, err);
    return rc == 0 ? intake_flush(s->run, err) : rc;
}

static void put_item(struct buf *out, const struct seen_item *item) {
    mp_put_array(out, 1 + 2 * SEEN_SIDES);
    mp_put_str(out, bytes_of(item->name));
    for (size_t i = 0; i < SEEN_SIDES; i++) {
        const struct seen_side *side = &item->sides[i];
        mp_put_uint(out, side->gen);
        if (side->on) {
            mp_put_bin(out, (struct bytes){side->digest, SEEN_DIGEST});
        } else {
            mp_put_nil(out);
        }
    }
}

/* The most that an item takes: a head, a name, and for each side a number and a digest. */
static size_t room_of_item(size_t name_n) {
    return 1 + 2 + name_n + SEEN_SIDES * (9 + 2 + SEEN_DIGEST);
}

static size_t room_of(const struct seen_page *page) {
    size_t room = 1 + 1 + 9 + 3;
    for (size_t i = 0; i < page->n; i++) {
        room += room_of_item(strlen(page->items[i].name));
    }
    return room;
}

static int put_page(struct seen *s, size_t number, struct err *err) {
    const struct seen_page *page = &s->pages[number];
    struct buf value = {.max = SEEN_CURSOR};
    char name[16];
    snprintf(name, sizeof(name), "%zu", number);
    mp_put_array(&value, 3);
    mp_put_uint(&value, FORM);
    mp_put_uint(&value, page->gen);
    mp_put_array(&value, (uint32_t)page->n);
    for (size_t i = 0; i < page->n; i++) {
        put_item(&value, &page->items[i]);
    }
    int rc = buf_check(&value, "a cursor", err);
    if (rc == 0) rc = seen_note_put(s, name, bytes_of_buf(&value), err);
    buf_done(&value);
    return rc;
}

static bool take_item(struct mp_reader *r, struct seen_item *item) {
    struct mp_item it;
    if (!mp_take_array(r, 1 + 2 * SEEN_SIDES) || !mp_take(r, MP_STR, &it) || it.data.n == 0 || it.data.n > SEEN_NAME_MAX) {
        return false;
    }
    memcpy(item->name, it.data.p, it.data.n);
    for (size_t i = 0; i < SEEN_SIDES; i++) {
        struct seen_side *side = &item->sides[i];
        if (!mp_take_uint(r, MP_INT_MAX, &side->gen) || mp_next(r, &it, NULL) != 0) return false;
        side->on = it.type == MP_BIN;
        if (it.type != MP_NIL && (it.type != MP_BIN || it.data.n != SEEN_DIGEST)) return false;
        if (side->on) memcpy(side->digest, it.data.p, SEEN_DIGEST);
    }
    return true;
}

static bool take_page(struct bytes value, struct seen_page *page) {
    struct mp_reader r;
    struct mp_item head;
    uint64_t form = 0;
    mp_reader_init(&r, value);
    if (!mp_take_array(&r, 3) || !mp_take_uint(&r, FORM, &form) || form != FORM ||
        !mp_take_uint(&r, MP_INT_MAX, &page->gen) || !mp_take(&r, MP_ARRAY, &head) || head.count > PAGE_ITEMS_MAX ||
        array_room(&page->items, head.count + 1, &page->cap, sizeof(*page->items), NULL) != 0) {
        return false;
    }
    memset(page->items, 0, (head.count + 1) * sizeof(*page->items));
    for (; page->n < head.count; page->n++) {
        struct seen_item *item = &page->items[page->n];
        if (!take_item(&r, item) || (page->n > 0 && strcmp(item[-1].name, item->name) >= 0)) return false;
    }
    return r.p == r.end;
}

int seen_open(struct seen *s, struct intake *run, const char *what, struct err *err) {
    uint8_t digest[HASH_LEN];
    const struct bytes whole = bytes_of(what);
    struct buf value = {.max = SEEN_CURSOR};
    memset(s, 0, sizeof(*s));
    s->run = run;
    s->lock = -1;
    hash_parts(digest, &whole, 1);
    text_hex(s->id, digest, 16);
    int rc = intake_options(run)->dry_run ? 0 : lock_wait(run, &s->lock, err);
    for (size_t i = 0; i < SEEN_PAGES && rc == 0; i++) {
        char name[16];
        bool there = false;
        snprintf(name, sizeof(name), "%zu", i);
        buf_clear(&value);
        rc = seen_note_get(s, name, &value, &there, err);
        if (rc == 0 && there && !take_page(bytes_of_buf(&value), &s->pages[i])) {
            rc = err_set(err, ERR_CORRUPT, "the stored cursor 'ingest/%s/%s/%s' does not parse", intake_source(run), s->id,
                         name);
        }
    }
    buf_done(&value);
    return rc;
}

void seen_close(struct seen *s) {
    for (size_t i = 0; i < SEEN_PAGES; i++) {
        free(s->pages[i].items);
    }
    if (s->run != NULL && s->lock >= 0) close(s->lock);
    memset(s, 0, sizeof(*s));
}

/* ---- comparing ---------------------------------------------------------------------------------------------------- */

static size_t page_of(struct bytes name) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &name, 1);
    return digest[0] % SEEN_PAGES;
}

static int by_place(const void *a, const void *b) {
    const struct seen_now *x = a, *y = b;
    size_t px = page_of(x->name), py = page_of(y->name);
    return px != py ? (px < py ? -1 : 1) : bytes_cmp(x->name, y->name);
}

/* The name's index, or where it belongs. */
static size_t place_of(const struct seen_page *page, struct bytes name, bool *ret_there) {
    size_t i = 0;
    int order = 1;
    while (i < page->n && (order = bytes_cmp(bytes_of(page->items[i].name), name)) < 0) {
        i++;
    }
    *ret_there = i < page->n && order == 0;
    return i;
}

/* NULL: *ret_full, or out of memory. */
static struct seen_item *add_item(struct seen_page *page, size_t at, struct bytes name, bool *ret_full) {
    *ret_full = page->n == PAGE_ITEMS_MAX || room_of(page) + room_of_item(name.n) > SEEN_CURSOR;
    if (*ret_full || array_room(&page->items, page->n + 1, &page->cap, sizeof(*page->items), NULL) != 0) return NULL;
    memmove(&page->items[at + 1], &page->items[at], (page->n - at) * sizeof(*page->items));
    memset(&page->items[at], 0, sizeof(*page->items));
    memcpy(page->items[at].name, name.p, name.n);
    page->n++;
    return &page->items[at];
}

struct compare {
    struct seen_page *page;
    const struct seen_events *events;
    uint64_t gen; /* of its changes */
    bool changed;
};

/* One side of an item, as it is now; `now` NULL: it is gone. */
static int take_side(struct compare *c, struct seen_item *item, const struct seen_now *now, unsigned side,
                     struct err *err) {
    struct seen_side *old = &item->sides[side];
    bool on = now != NULL && now->is[side] == SEEN_ON;
    if ((now != NULL && now->is[side] == SEEN_UNKNOWN) || (!on && !old->on)) return 0;
    bool same = on && old->on && memcmp(old->digest, now->digest[side], SEEN_DIGEST) == 0;
    struct seen_change change = {item->name, now, side, on, !same, same ? old->gen : c->gen};
    int rc = c->events->change(c->events->ctx, &change, err);
    if (rc != 0 || same) return rc;
    old->on = on;
    old->gen = c->gen;
    if (on) memcpy(old->digest, now->digest[side], SEEN_DIGEST);
    c->changed = true;
    return 0;
}

static bool is_off(const struct seen_item *item, const struct seen_now *now, unsigned side) {
    return item->sides[side].on && (now == NULL || now->is[side] == SEEN_OFF);
}

/* What goes off goes in the order of the last side first. */
static int take_item_now(struct compare *c, struct seen_item *item, const struct seen_now *now, struct err *err) {
    int rc = 0;
    for (unsigned side = SEEN_SIDES; side-- > 0 && rc == 0;) {
        if (is_off(item, now, side)) rc = take_side(c, item, now, side, err);
    }
    for (unsigned side = 0; side < SEEN_SIDES && rc == 0; side++) {
        rc = take_side(c, item, now, side, err);
    }
    return rc;
}

static int reject(struct seen *s, const struct compare *c, struct bytes name, const char *words) {
    char why[SEEN_NAME_MAX + 96], group[96];
    snprintf(why, sizeof(why), "the %s '%.*s' %s", c->events->noun, (int)name.n, (const char *)name.p, words);
    snprintf(group, sizeof(group), "a %s %s", c->events->noun, words);
    return intake_reject(s->run, &c->events->place, group, why);
}

static int take_now(struct seen *s, struct compare *c, const struct seen_now *now, struct err *err) {
    bool there, full = false;
    size_t at = place_of(c->page, now->name, &there);
    struct seen_item *item = there ? &c->page->items[at] : add_item(c->page, at, now->name, &full);
    if (full) return reject(s, c, now->name, "does not fit: too many to keep track of");
    if (item == NULL) return err_set(err, ERR_NOMEM, "%s: out of memory", intake_source(s->run));
    if (item->found) return reject(s, c, now->name, "is listed twice");
    item->found = true;
    return take_item_now(c, item, now, err);
}

static bool is_among(const struct seen_now *now, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++) {
        if (bytes_is(now[i].name, name)) return true;
    }
    return false;
}

static void prune(struct seen_page *page) {
    size_t n = 0;
    for (size_t i = 0; i < page->n; i++) {
        if (page->items[i].sides[0].on || page->items[i].sides[1].on) {
            page->items[n++] = page->items[i];
        }
    }
    page->n = n;
}

static int compare_page(struct seen *s, size_t number, const struct seen_now *now, size_t n, bool whole,
                        const struct seen_events *events, struct err *err) {
    struct compare c = {.page = &s->pages[number], .events = events, .gen = s->pages[number].gen + 1};
    int rc = 0;
    for (size_t i = 0; i < c.page->n && rc == 0; i++) {
        c.page->items[i].found = false;
        if (whole && !is_among(now, n, c.page->items[i].name)) rc = take_item_now(&c, &c.page->items[i], NULL, err);
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = take_now(s, &c, &now[i], err);
    }
    prune(c.page);
    if ((rc != 0 && rc != INTAKE_STOP) || !c.changed) return rc;
    c.page->gen = c.gen;
    int stored = put_page(s, number, err); /* of a strict run that stops too: its events are committed */
    return stored != 0 ? stored : rc;
}

int seen_compare(struct seen *s, struct seen_now *now, size_t n, bool whole, const struct seen_events *events,
                 struct err *err) {
    size_t at = 0;
    int rc = 0;
    if (n > 1) qsort(now, n, sizeof(*now), by_place);
    for (size_t p = 0; p < SEEN_PAGES && rc == 0 && !intake_stopped(s->run); p++) {
        size_t from = at;
        while (at < n && page_of(now[at].name) == p) {
            at++;
        }
        rc = compare_page(s, p, n > 0 ? now + from : NULL, at - from, whole, events, err);
    }
    return rc;
}
