/* The bodies of the events. Names, numbers and flags are open; longer texts, which anybody can write, and the path are private. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mp_map.h"
#include "base/text.h"
#include "ingest/input/item.h"
#include "ingest/weights/weights.h"

#define BODY_MAX    ((size_t)2 << 20)
#define NUMBERS_MAX ((size_t)256 << 10)

void weights_init(struct weights *w) {
    memset(w, 0, sizeof(*w));
    buf_init(&w->numbers, NUMBERS_MAX);
    buf_init(&w->texts, WEIGHTS_ALL_MAX + ((size_t)64 << 10));
}

void weights_done(struct weights *w) {
    buf_done(&w->numbers);
    buf_done(&w->texts);
}

void weights_keep(char *to, size_t size, struct bytes text) {
    if (!item_is_name(text) || text.n >= size) return;
    memcpy(to, text.p, text.n);
    to[text.n] = '\0';
}

void weights_put_text(struct weights *w, struct bytes name, struct bytes text) {
    struct buf one = {.max = WEIGHTS_TEXT_MAX + 64};
    size_t left = w->texts.n < WEIGHTS_ALL_MAX ? WEIGHTS_ALL_MAX - w->texts.n : 0;
    mp_put_str(&one, text);
    if (one.fail == 0) {
        mp_put_str(&w->texts, name);
        mp_map_put_bounded(&w->texts, bytes_of_buf(&one), left < WEIGHTS_KEPT_MAX ? left : WEIGHTS_KEPT_MAX);
        w->n_texts++;
    }
    buf_done(&one);
}

/* ---- maps of pairs, whose names must be in order and once ---- */

struct pair {
    struct bytes name, raw;
};

static int by_name(const void *a, const void *b) {
    return bytes_cmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

/* Of a name that comes twice the first counts. */
static void put_pairs(struct mp_map *f, const char *field, const struct buf *pairs, uint32_t n) {
    struct pair *list = n > 0 && pairs->fail == 0 ? calloc(n, sizeof(*list)) : NULL;
    struct mp_reader r;
    struct mp_item name;
    uint32_t there = 0, kept = 0;
    if (list == NULL) return;
    mp_reader_init(&r, bytes_of_buf(pairs));
    while (there < n && mp_next(&r, &name, NULL) == 0 && mp_skip(&r, 1, &list[there].raw, NULL) == 0) {
        list[there++].name = name.data;
    }
    qsort(list, there, sizeof(*list), by_name);
    for (uint32_t i = 0; i < there; i++) {
        if (kept == 0 || !bytes_eq(list[kept - 1].name, list[i].name)) list[kept++] = list[i];
    }
    mp_map_begin(f, field);
    mp_put_map(&f->values, kept);
    for (uint32_t i = 0; i < kept; i++) {
        mp_put_str(&f->values, list[i].name);
        buf_put_bytes(&f->values, list[i].raw);
    }
    mp_map_end(f);
    free(list);
}

static void put_all(struct mp_map *f, const struct weights *w, const char *path) {
    mp_map_text(f, "model", bytes_of(w->name));
    mp_map_text(f, "runtime", bytes_of("file"));
    mp_map_text(f, "format", bytes_of(w->format));
    mp_map_text(f, "quantization", bytes_of(w->quantization));
    mp_map_uint(f, "bytes", w->bytes);
    mp_map_text(f, "path", bytes_of(path));
}

static int end(struct mp_map *f, struct buf *out, struct err *err) {
    int rc = mp_map_write(f, out, err);
    mp_map_done(f);
    return rc;
}

int weights_put_observed(const struct weights *w, const char *path, struct buf *out, struct err *err) {
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    put_all(&f, w, path);
    mp_map_text(&f, "family", bytes_of(w->architecture));
    if (w->parameters > 0 && w->parameters <= MP_INT_MAX) {
        char text[24];
        snprintf(text, sizeof(text), "%llu", (unsigned long long)w->parameters);
        mp_map_text(&f, "parameters", bytes_of(text));
    }
    if (w->context_length > 0) mp_map_uint(&f, "context_length", w->context_length);
    if (w->embedding_length > 0) mp_map_uint(&f, "embedding_length", w->embedding_length);
    put_pairs(&f, "raw", &w->texts, w->n_texts);
    return end(&f, out, err);
}

int weights_put_identified(const struct weights *w, const uint8_t *digest, const char *path, struct buf *out,
                           struct err *err) {
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    put_all(&f, w, path);
    mp_map_hash(&f, "digest", digest);
    if (w->has_template) mp_map_hash(&f, "template_digest", w->template_digest);
    if (w->has_tokenizer) mp_map_hash(&f, "tokenizer_digest", w->tokenizer_digest);
    mp_map_text(&f, "repo", bytes_of(w->repo));
    mp_map_text(&f, "architecture", bytes_of(w->architecture));
    if (w->tensors <= MP_INT_MAX) mp_map_uint(&f, "tensors", w->tensors);
    mp_map_text(&f, "base", bytes_of(w->base));
    mp_map_text(&f, "license", bytes_of(w->license));
    put_pairs(&f, "metadata", &w->numbers, w->n_numbers);
    return end(&f, out, err);
}
