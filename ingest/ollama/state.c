/* The last look, kept in the ledger's cursors:
 *
 *   ingest/ollama/<id>/runtime   [1, flags, cloud + 1, status, error, version, generation]
 *   ingest/ollama/<id>/<page>    [1, generation, [model ...]]
 *     model                      [name, manifest, weights, flags, generation listed, entry, generation loaded, load,
 *                                 manifest loaded]; digests are bin or nil, entry and load the first bytes of digests
 *
 *   ingest/ollama/<id>/heard     what 'ollama/observed' was at the last look: whoever else records what a runtime has sets
 *                                that anew, and the next look records what it sees even where it saw the same before
 *
 * The id is derived from the server or directory, a model's page from its name. No event implies a cursor, so each has the
 * ledger's own check; one that does not parse ends the run: taken as empty, it would record every model again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "ingest/ollama/ollama.h"

#define CURSOR_MAX    4096 /* bytes of a cursor's value */
#define PAGE_SEEN_MAX 256
#define STATE_FORM    1
#define OBSERVED      "ollama/observed"

enum { SEEN_LISTED = 1, SEEN_SHOWN = 2, SEEN_LOADED = 4 };
enum { RUNTIME_REACHABLE = 1, RUNTIME_LOOKED = 2 };

/* ---- cursors ------------------------------------------------------------------------------------------------------ */

#define CURSOR_NAME_MAX 96
static void cursor_name(char ret[CURSOR_NAME_MAX], const char *id, const char *name) {
    snprintf(ret, CURSOR_NAME_MAX, "ingest/ollama/%s/%s", id, name);
}

int ollama_cursor_get(struct intake *run, const char *id, const char *name, struct buf *out, bool *ret_there,
                      struct err *err) {
    char cursor[CURSOR_NAME_MAX];
    cursor_name(cursor, id, name);
    return intake_cursor_get(run, cursor, out, ret_there, err);
}

int ollama_cursor_put(struct intake *run, const char *id, const char *name, struct bytes value, struct err *err) {
    char cursor[CURSOR_NAME_MAX];
    cursor_name(cursor, id, name);
    return intake_cursor(run, cursor, value, err);
}

static int no_cursor(const struct ollama_state *s, const char *name, struct err *err) {
    return err_set(err, ERR_CORRUPT, "the stored cursor 'ingest/ollama/%s/%s' does not parse", s->id, name);
}

/* ---- the state ---------------------------------------------------------------------------------------------------- */

void ollama_state_init(struct ollama_state *s, const char *what) {
    uint8_t digest[HASH_LEN];
    const struct bytes whole = bytes_of(what);
    memset(s, 0, sizeof(*s));
    hash_parts(digest, &whole, 1);
    text_hex(s->id, digest, 16);
    s->runtime.cloud = -1;
    s->lock = -1;
}

void ollama_state_done(struct ollama_state *s) {
    for (size_t i = 0; i < OLLAMA_PAGES; i++) {
        free(s->pages[i].seen);
    }
    if (s->lock >= 0) {
        close(s->lock);
    }
    memset(s, 0, sizeof(*s));
    s->lock = -1;
}

size_t ollama_state_page(struct bytes name) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &name, 1);
    return digest[0] % OLLAMA_PAGES;
}

/* The name's index, or where it belongs. */
static size_t place_of(const struct ollama_page *page, struct bytes name, bool *ret_there) {
    size_t i = 0;
    int order = 1;
    while (i < page->n && (order = bytes_cmp(bytes_of(page->seen[i].name), name)) < 0) {
        i++;
    }
    *ret_there = i < page->n && order == 0;
    return i;
}

struct ollama_seen *ollama_state_find(struct ollama_page *page, struct bytes name) {
    bool there;
    size_t i = place_of(page, name, &there);
    return there ? &page->seen[i] : NULL;
}

/* The maximum encoded size of the entries: see put_seen. */
static size_t room_of(const struct ollama_page *page, struct bytes one_more) {
    size_t fixed = 1 + 2 + 3 * (2 + HASH_LEN) + 1 + 2 * 9 + 2 * (2 + OLLAMA_SHORT);
    size_t room = 1 + 1 + 9 + 3 + fixed + one_more.n;
    for (size_t i = 0; i < page->n; i++) {
        /* a second manifest digest is stored only while an older one is loaded */
        bool two = page->seen[i].load_manifest.there;
        room += fixed + strlen(page->seen[i].name) - (two ? 0 : 1 + HASH_LEN);
    }
    return room;
}

bool ollama_state_has_room(const struct ollama_page *page) {
    return room_of(page, (struct bytes){NULL, 0}) <= CURSOR_MAX;
}

int ollama_state_add(struct ollama_page *page, struct bytes name, struct ollama_seen **ret, struct err *err) {
    bool there;
    size_t i = place_of(page, name, &there);
    if (page->n == PAGE_SEEN_MAX || room_of(page, name) > CURSOR_MAX) {
        return err_set(err, ERR_LIMIT, "too many models to keep track of");
    }
    struct ollama_seen *seen = realloc(page->seen, (page->n + 1) * sizeof(*seen));
    if (seen == NULL) return err_set(err, ERR_NOMEM, "ollama: out of memory");
    page->seen = seen;
    memmove(&seen[i + 1], &seen[i], (page->n - i) * sizeof(*seen));
    memset(&seen[i], 0, sizeof(*seen));
    memcpy(seen[i].name, name.p, name.n); /* at most OLLAMA_NAME_MAX: names were checked */
    page->n++;
    *ret = &seen[i];
    return 0;
}

void ollama_state_prune(struct ollama_page *page) {
    size_t n = 0;
    for (size_t i = 0; i < page->n; i++) {
        if (page->seen[i].listed || page->seen[i].loaded) {
            if (n != i) {
                page->seen[n] = page->seen[i];
            }
            n++;
        }
    }
    page->n = n;
}

/* ---- encoding ----------------------------------------------------------------------------------------------------- */

static void put_digest(struct buf *out, const struct ollama_digest *d) {
    if (d->there) {
        mp_put_bin(out, (struct bytes){d->sha256, HASH_LEN});
    } else {
        mp_put_nil(out);
    }
}

static void put_seen(struct buf *out, const struct ollama_seen *seen) {
    mp_put_array(out, 9);
    mp_put_str(out, bytes_of(seen->name));
    put_digest(out, &seen->manifest);
    put_digest(out, &seen->weights);
    mp_put_uint(out,
                (seen->listed ? SEEN_LISTED : 0U) | (seen->shown ? SEEN_SHOWN : 0U) | (seen->loaded ? SEEN_LOADED : 0U));
    mp_put_uint(out, seen->listed_gen);
    mp_put_bin(out, (struct bytes){seen->entry, OLLAMA_SHORT});
    mp_put_uint(out, seen->loaded_gen);
    mp_put_bin(out, (struct bytes){seen->load, OLLAMA_SHORT});
    put_digest(out, &seen->load_manifest);
}

int ollama_state_put_page(const struct ollama_state *s, size_t page, struct intake *run, struct err *err) {
    const struct ollama_page *p = &s->pages[page];
    struct buf value = {.max = CURSOR_MAX};
    char name[16];
    snprintf(name, sizeof(name), "%zu", page);
    mp_put_array(&value, 3);
    mp_put_uint(&value, STATE_FORM);
    mp_put_uint(&value, p->gen);
    mp_put_array(&value, (uint32_t)p->n);
    for (size_t i = 0; i < p->n; i++) {
        put_seen(&value, &p->seen[i]);
    }
    int rc = buf_check(&value, "ollama's cursor", err);
    if (rc == 0) rc = ollama_cursor_put(run, s->id, name, bytes_of_buf(&value), err);
    if (rc == 0) rc = intake_flush(run, err);
    buf_done(&value);
    return rc;
}

int ollama_state_put_runtime(const struct ollama_state *s, struct intake *run, struct err *err) {
    const struct ollama_runtime *r = &s->runtime;
    struct buf value = {.max = CURSOR_MAX};
    mp_put_array(&value, 7);
    mp_put_uint(&value, STATE_FORM);
    mp_put_uint(&value, (r->reachable ? RUNTIME_REACHABLE : 0U) | (r->looked ? RUNTIME_LOOKED : 0U));
    mp_put_uint(&value, (uint64_t)(r->cloud + 1));
    mp_put_uint(&value, r->status);
    mp_put_str(&value, bytes_of(r->error));
    mp_put_str(&value, bytes_of(r->version));
    mp_put_uint(&value, r->gen);
    int rc = buf_check(&value, "ollama's cursor", err);
    if (rc == 0) rc = ollama_cursor_put(run, s->id, "runtime", bytes_of_buf(&value), err);
    if (rc == 0) rc = intake_flush(run, err);
    buf_done(&value);
    return rc;
}

int ollama_state_put_looked(struct ollama_state *s, const struct ollama_lists *lists, struct intake *run, struct err *err) {
    if (!lists->has_models || lists->cut_models || intake_stopped(run) || s->runtime.looked) return 0;
    s->runtime.looked = true;
    return ollama_state_put_runtime(s, run, err);
}

/* ---- decoding ----------------------------------------------------------------------------------------------------- */

static bool take_digest(struct mp_reader *r, struct ollama_digest *ret) {
    struct mp_item item;
    if (mp_next(r, &item, NULL) != 0 || (item.type != MP_NIL && (item.type != MP_BIN || item.data.n != HASH_LEN))) {
        return false;
    }
    ret->there = item.type == MP_BIN;
    if (ret->there) {
        memcpy(ret->sha256, item.data.p, HASH_LEN);
    }
    return true;
}

static bool take_text(struct mp_reader *r, char *ret, size_t size) {
    struct mp_item item;
    if (!mp_take(r, MP_STR, &item) || item.data.n >= size) return false;
    memcpy(ret, item.data.p, item.data.n);
    ret[item.data.n] = '\0';
    return true;
}

static bool take_seen(struct mp_reader *r, struct ollama_seen *seen) {
    uint64_t flags = 0;
    if (!mp_take_array(r, 9) || !take_text(r, seen->name, sizeof(seen->name)) || !take_digest(r, &seen->manifest) ||
        !take_digest(r, &seen->weights) || !mp_take_uint(r, 7, &flags) || !mp_take_uint(r, MP_INT_MAX, &seen->listed_gen) ||
        !mp_take_bin(r, seen->entry, OLLAMA_SHORT) || !mp_take_uint(r, MP_INT_MAX, &seen->loaded_gen) ||
        !mp_take_bin(r, seen->load, OLLAMA_SHORT) || !take_digest(r, &seen->load_manifest)) {
        return false;
    }
    seen->listed = (flags & SEEN_LISTED) != 0;
    seen->shown = (flags & SEEN_SHOWN) != 0;
    seen->loaded = (flags & SEEN_LOADED) != 0;
    return true;
}

static bool take_page(struct bytes value, struct ollama_page *page) {
    struct mp_reader r;
    struct mp_item head;
    uint64_t form = 0;
    mp_reader_init(&r, value);
    if (!mp_take_array(&r, 3) || !mp_take_uint(&r, STATE_FORM, &form) || form != STATE_FORM ||
        !mp_take_uint(&r, MP_INT_MAX, &page->gen) || !mp_take(&r, MP_ARRAY, &head) || head.count > PAGE_SEEN_MAX) {
        return false;
    }
    page->seen = calloc(head.count + 1U, sizeof(*page->seen));
    if (page->seen == NULL) return false;
    for (; page->n < head.count; page->n++) {
        struct ollama_seen *seen = &page->seen[page->n];
        if (!take_seen(&r, seen) || seen->name[0] == '\0' || (page->n > 0 && strcmp(seen[-1].name, seen->name) >= 0)) {
            return false;
        }
    }
    return r.p == r.end;
}

static bool take_runtime(struct bytes value, struct ollama_runtime *ret) {
    struct mp_reader r;
    struct ollama_runtime t = {.known = true};
    uint64_t form = 0, flags = 0, cloud = 0, status = 0;
    mp_reader_init(&r, value);
    if (!mp_take_array(&r, 7) || !mp_take_uint(&r, STATE_FORM, &form) || form != STATE_FORM ||
        !mp_take_uint(&r, 3, &flags) || !mp_take_uint(&r, 2, &cloud) || !mp_take_uint(&r, 999, &status) ||
        !take_text(&r, t.error, sizeof(t.error)) || !take_text(&r, t.version, sizeof(t.version)) ||
        !mp_take_uint(&r, MP_INT_MAX, &t.gen)) {
        return false;
    }
    t.reachable = (flags & RUNTIME_REACHABLE) != 0;
    t.looked = (flags & RUNTIME_LOOKED) != 0;
    t.cloud = (int)cloud - 1;
    t.status = (unsigned)status;
    *ret = t;
    return r.p == r.end;
}

/* What was recorded meanwhile is not what the last look saw. */
static int listen(struct ollama_state *s, struct intake *run, struct err *err) {
    struct buf now = {.max = CURSOR_MAX}, then = {.max = CURSOR_MAX};
    bool said = false, heard = false;
    int rc = intake_cursor_get(run, OBSERVED, &now, &said, err);
    if (rc == 0 && said) rc = ollama_cursor_get(run, s->id, "heard", &then, &heard, err);
    if (rc == 0 && said && (!heard || !bytes_eq(bytes_of_buf(&now), bytes_of_buf(&then)))) {
        for (size_t i = 0; i < OLLAMA_PAGES; i++) {
            for (size_t k = 0; k < s->pages[i].n; k++) {
                memset(s->pages[i].seen[k].entry, 0, OLLAMA_SHORT);
            }
        }
        rc = ollama_cursor_put(run, s->id, "heard", bytes_of_buf(&now), err);
    }
    buf_done(&now);
    buf_done(&then);
    return rc;
}

int ollama_state_load(struct ollama_state *s, struct intake *run, struct err *err) {
    struct buf value = {.max = CURSOR_MAX};
    bool there = false;
    int rc = ollama_cursor_get(run, s->id, "runtime", &value, &there, err);
    if (rc == 0 && there && !take_runtime(bytes_of_buf(&value), &s->runtime)) {
        rc = no_cursor(s, "runtime", err);
    }
    for (size_t i = 0; i < OLLAMA_PAGES && rc == 0; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%zu", i);
        buf_clear(&value);
        rc = ollama_cursor_get(run, s->id, name, &value, &there, err);
        if (rc == 0 && there && !take_page(bytes_of_buf(&value), &s->pages[i])) {
            rc = no_cursor(s, name, err);
        }
    }
    buf_done(&value);
    return rc == 0 ? listen(s, run, err) : rc;
}
