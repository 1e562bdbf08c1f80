/* The pairs of a GGUF file. Values are read in one pass; of arrays (vocabularies of a hundred thousand words) only the bytes are
 * hashed. What the tokenizer is made of, all pairs under "tokenizer.ggml.", has one digest, the chat template its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "ingest/input/item.h"
#include "ingest/weights/weights.h"

#define BLOCK ((size_t)256 << 10)

enum type { U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, ARRAY, U64, I64, F64, N_TYPES };
static const uint8_t sizes[N_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

struct reader {
    int fd;
    uint64_t size, at; /* of the file; the next byte */
    uint8_t *block;
    uint64_t from;
    size_t n;
    struct lines_digest *digest;
    struct hash *header, *tokenizer;
    bool in_tokenizer;
    uint8_t *text;
};

static int short_of(const struct reader *r, const char *what, struct err *err) {
    return err_set(err, ERR_CORRUPT, "the header breaks off at byte %llu, in %s", (unsigned long long)r->at, what);
}

/* Takes n bytes; `to` NULL: only hashes them. */
static int take(struct reader *r, uint8_t *to, uint64_t n, const char *what, struct err *err) {
    if (n > r->size - r->at) return short_of(r, what, err);
    if (n > WEIGHTS_HEADER_MAX - r->at) {
        return err_set(err, ERR_LIMIT, "the header has more than %llu bytes", (unsigned long long)WEIGHTS_HEADER_MAX);
    }
    while (n > 0) {
        if (r->at >= r->from + r->n) {
            size_t want = r->size - r->at < BLOCK ? (size_t)(r->size - r->at) : BLOCK;
            int rc = weights_read_at(r->fd, r->at, r->block, want, err);
            if (rc != 0) return rc;
            r->from = r->at;
            r->n = want;
        }
        const uint8_t *p = r->block + (r->at - r->from);
        size_t there = r->n - (size_t)(r->at - r->from), step = n < there ? (size_t)n : there;
        hash_put(r->header, p, step);
        if (r->in_tokenizer) hash_put(r->tokenizer, p, step);
        lines_digest_put(r->digest, (struct bytes){p, step});
        if (to != NULL) {
            memcpy(to, p, step);
            to += step;
        }
        r->at += step;
        n -= step;
    }
    return 0;
}

static int take_number(struct reader *r, int bytes, const char *what, uint64_t *ret, struct err *err) {
    uint8_t p[8];
    int rc = take(r, p, (uint64_t)bytes, what, err);
    if (rc == 0) *ret = weights_le(p, bytes);
    return rc;
}

/* A text into r->text. */
static int take_text(struct reader *r, uint64_t max, const char *what, struct bytes *ret, struct err *err) {
    uint64_t n = 0;
    int rc = take_number(r, 8, what, &n, err);
    if (rc != 0) return rc;
    if (n > r->size - r->at) return short_of(r, what, err);
    if (n > max) {
        return err_set(err, ERR_LIMIT, "%s has %llu bytes; expected: at most %llu", what, (unsigned long long)n,
                       (unsigned long long)max);
    }
    uint8_t *text = realloc(r->text, (size_t)n + 1);
    if (text == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    r->text = text;
    *ret = (struct bytes){text, (size_t)n};
    return take(r, text, n, what, err);
}

static int skip_array(struct reader *r, unsigned depth, struct err *err) {
    uint64_t type = 0, n = 0, bytes;
    int rc = take_number(r, 4, "an array", &type, err);
    if (rc == 0) rc = take_number(r, 8, "an array", &n, err);
    if (rc != 0) return rc;
    if (type >= N_TYPES)
        return err_set(err, ERR_INVALID, "an array has elements of type %llu; expected: 0 to 12", (unsigned long long)type);
    if (sizes[type] > 0) {
        if (__builtin_mul_overflow(n, sizes[type], &bytes)) bytes = UINT64_MAX;
        return take(r, NULL, bytes, "an array", err);
    }
    if (type == ARRAY && depth == WEIGHTS_NESTED_MAX) {
        return err_set(err, ERR_INVALID, "arrays are nested deeper than %d levels", WEIGHTS_NESTED_MAX);
    }
    for (; n > 0 && rc == 0; n--) { /* each element takes 8 bytes at least, so the file's size ends this */
        uint64_t length = 0;
        if (type == ARRAY) {
            rc = skip_array(r, depth + 1, err);
        } else {
            rc = take_number(r, 8, "a text in an array", &length, err);
            if (rc == 0) rc = take(r, NULL, length, "a text in an array", err);
        }
    }
    return rc;
}

/* ---- what is known of the names ---- */

static const char *file_type(uint64_t n) {
    static const char *const types[] = {
        [0] = "F32",     [1] = "F16",     [2] = "Q4_0",      [3] = "Q4_1",    [7] = "Q8_0",     [8] = "Q5_0",
        [9] = "Q5_1",    [10] = "Q2_K",   [11] = "Q3_K_S",   [12] = "Q3_K_M", [13] = "Q3_K_L",  [14] = "Q4_K_S",
        [15] = "Q4_K_M", [16] = "Q5_K_S", [17] = "Q5_K_M",   [18] = "Q6_K",   [19] = "IQ2_XXS", [20] = "IQ2_XS",
        [21] = "Q2_K_S", [22] = "IQ3_XS", [23] = "IQ3_XXS",  [24] = "IQ1_S",  [25] = "IQ4_NL",  [26] = "IQ3_S",
        [27] = "IQ3_M",  [28] = "IQ2_S",  [29] = "IQ2_M",    [30] = "IQ4_XS", [31] = "IQ1_M",   [32] = "BF16",
        [36] = "TQ1_0",  [37] = "TQ2_0",  [38] = "MXFP4_MOE"};
    return n < sizeof(types) / sizeof(types[0]) ? types[n] : NULL;
}

static bool ends_with(struct bytes t, const char *end) {
    size_t n = strlen(end);
    return t.n > n && memcmp(t.p + t.n - n, end, n) == 0;
}

static void note_text(struct weights *w, struct bytes key, struct bytes text) {
    const struct {
        const char *key;
        char *to;
        size_t size;
    } places[] = {{"general.name", w->name, sizeof(w->name)},
                  {"general.architecture", w->architecture, sizeof(w->architecture)},
                  {"general.license", w->license, sizeof(w->license)},
                  {"general.base_model.0.name", w->base, sizeof(w->base)}};
    char room[ITEM_URL_MAX];
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (bytes_is(key, places[i].key)) weights_keep(places[i].to, places[i].size, text);
    }
    if (bytes_is(key, "general.repo_url")) weights_keep(w->repo, sizeof(w->repo), item_url(text, room));
    if (bytes_is(key, "tokenizer.chat_template")) {
        w->has_template = true;
        hash_parts(w->template_digest, &text, 1);
    }
}

static void note_number(struct weights *w, struct bytes key, uint64_t n) {
    if (bytes_is(key, "general.file_type") && file_type(n) != NULL) {
        snprintf(w->quantization, sizeof(w->quantization), "%s", file_type(n));
    } else if (bytes_is(key, "general.parameter_count")) {
        w->parameters = n;
    } else if (ends_with(key, ".context_length")) {
        w->context_length = n;
    } else if (ends_with(key, ".embedding_length")) {
        w->embedding_length = n;
    }
}

/* ---- pairs ---- */

static double real_of(uint64_t bits, enum type type) {
    uint32_t low = (uint32_t)bits;
    float f;
    double d;
    memcpy(&f, &low, sizeof(f));
    memcpy(&d, &bits, sizeof(d));
    return type == F32 ? (double)f : d;
}

static int64_t signed_of(uint64_t bits, unsigned bytes) {
    unsigned shift = 64 - 8 * bytes;
    return (int64_t)(bits << shift) >> shift;
}

/* A number, a flag: open in "metadata". NaN, and what does not fit, are left out. */
static int take_scalar(struct reader *r, struct weights *w, struct bytes key, enum type type, struct err *err) {
    uint64_t bits = 0;
    int rc = take_number(r, sizes[type], "a number", &bits, err);
    bool real = type == F32 || type == F64, negative = type == I8 || type == I16 || type == I32 || type == I64;
    if (rc != 0) return rc;
    if (type == BOOL && bits > 1)
        return err_set(err, ERR_INVALID, "a flag is %llu; expected: 0 or 1", (unsigned long long)bits);
    int64_t n = signed_of(bits, sizes[type]);
    double v = real_of(bits, type);
    if ((real && !mp_float_ok(v)) || (!real && !negative && bits > MP_INT_MAX)) return 0;
    mp_put_str(&w->numbers, key);
    if (real) {
        mp_put_float(&w->numbers, v);
    } else if (type == BOOL) {
        mp_put_bool(&w->numbers, bits == 1);
    } else if (negative && n < 0) {
        mp_put_int(&w->numbers, n);
    } else {
        mp_put_uint(&w->numbers, negative ? (uint64_t)n : bits);
        note_number(w, key, negative ? (uint64_t)n : bits);
    }
    w->n_numbers++;
    return 0;
}

static int take_pair(struct reader *r, struct weights *w, struct err *err) {
    char name[WEIGHTS_KEY_MAX];
    uint64_t type = 0;
    struct bytes text;
    int rc = take_text(r, WEIGHTS_KEY_MAX, "a key", &text, err);
    if (rc != 0) return rc;
    if (text.n == 0 || text_utf8_valid(text.p, text.n) != text.n || text_has_control(text)) {
        return err_set(err, ERR_INVALID, "a key before byte %llu is not a text", (unsigned long long)r->at);
    }
    memcpy(name, text.p, text.n);
    const struct bytes key = {(const uint8_t *)name, text.n};
    r->in_tokenizer = bytes_has_prefix(key, "tokenizer.ggml.");
    if (r->in_tokenizer) {
        w->has_tokenizer = true;
        hash_put(r->tokenizer, key.p, key.n);
    }
    rc = take_number(r, 4, "a type", &type, err);
    if (rc == 0 && type >= N_TYPES) {
        rc = err_set(err, ERR_INVALID, "'%.*s' has type %llu; expected: 0 to 12", (int)(key.n < 64 ? key.n : 64), name,
                     (unsigned long long)type);
    } else if (rc == 0 && type == ARRAY) {
        rc = skip_array(r, 1, err);
    } else if (rc == 0 && type == TEXT) {
        rc = take_text(r, WEIGHTS_TEXT_MAX, "a text", &text, err);
        if (rc == 0 && text_utf8_valid(text.p, text.n) == text.n) {
            note_text(w, key, text);
            weights_put_text(w, key, text);
        }
    } else if (rc == 0) {
        rc = take_scalar(r, w, key, (enum type)type, err);
    }
    r->in_tokenizer = false;
    return rc;
}

static int read_head(struct reader *r, uint64_t *ret_tensors, uint64_t *ret_pairs, struct err *err) {
    uint8_t magic[4];
    uint64_t version = 0;
    int rc = take(r, magic, 4, "its magic bytes", err);
    if (rc == 0) rc = take_number(r, 4, "its version", &version, err);
    if (rc == 0 && version >= 1U << 16 && (version & 0xffff) == 0) {
        return err_set(err, ERR_INVALID, "the file is big-endian; expected: little-endian");
    }
    if (rc == 0 && version != 2 && version != 3) {
        return err_set(err, ERR_INVALID, "the version is %llu; expected: 2 or 3", (unsigned long long)version);
    }
    if (rc == 0) rc = take_number(r, 8, "the number of tensors", ret_tensors, err);
    if (rc == 0) rc = take_number(r, 8, "the number of pairs", ret_pairs, err);
    if (rc == 0 && *ret_pairs > WEIGHTS_PAIRS_MAX) {
        return err_set(err, ERR_LIMIT, "the header has %llu pairs; expected: at most %d", (unsigned long long)*ret_pairs,
                       WEIGHTS_PAIRS_MAX);
    }
    if (rc == 0 && *ret_tensors > r->size) {
        return err_set(err, ERR_INVALID, "the header has %llu tensors, more than the file has bytes",
                       (unsigned long long)*ret_tensors);
    }
    return rc;
}

int weights_gguf_read(int fd, uint64_t size, struct lines_digest *digest, struct weights *w, struct err *err) {
    struct reader r = {.fd = fd, .size = size, .digest = digest, .header = hash_new(), .tokenizer = hash_new()};
    uint64_t pairs = 0;
    r.block = malloc(BLOCK);
    w->format = "gguf";
    w->bytes = size;
    bool room = r.block != NULL && r.header != NULL && r.tokenizer != NULL;
    int rc = room ? read_head(&r, &w->tensors, &pairs, err) : err_set(err, ERR_NOMEM, "out of memory");
    for (; rc == 0 && pairs > 0; pairs--) {
        rc = take_pair(&r, w, err);
    }
    if (rc == 0) {
        hash_end(r.header, w->header_digest);
        hash_end(r.tokenizer, w->tokenizer_digest);
    }
    free(r.block);
    free(r.text);
    hash_free(r.header);
    hash_free(r.tokenizer);
    return rc;
}
