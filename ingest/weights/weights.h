/* The source "weights": docs/ingest.md describes its events.
 *
 *   GGUF          "GGUF" | version u32 | tensors u64 | pairs u64 | pairs: key, type u32, value | tensors' places | ...
 *                 a text is its length, u64, and its bytes; an array its type, u32, its length, u64, and its elements
 *   safetensors   length u64 | {"__metadata__": {text: text}, NAME: {"dtype", "shape", "data_offsets": [from, to]}} | data
 *
 * Numbers are little-endian. Each length is compared with what is left of the file before anything is read or skipped. */
#ifndef INGEST_WEIGHTS_WEIGHTS_H
#define INGEST_WEIGHTS_WEIGHTS_H

#include "base/hash.h"
#include "ingest/driver/intake.h"

#define WEIGHTS_PAIRS_MAX  65536
#define WEIGHTS_KEY_MAX    512
#define WEIGHTS_TEXT_MAX   ((uint64_t)16 << 20) /* of one text in a GGUF header */
#define WEIGHTS_KEPT_MAX   ((size_t)16 << 10)   /* a longer text is kept by digest and size */
#define WEIGHTS_ALL_MAX    ((size_t)256 << 10)  /* of all texts that are kept */
#define WEIGHTS_HEADER_MAX ((uint64_t)512 << 20)
#define WEIGHTS_JSON_MAX   ((uint64_t)32 << 20) /* of a safetensors header */
#define WEIGHTS_JSON_ROOM  ((size_t)160 << 20)
#define WEIGHTS_NAME_MAX   200
#define WEIGHTS_NESTED_MAX 4 /* arrays in arrays */

/* What a file says of itself. */
struct weights {
    const char *format;
    uint64_t bytes, tensors;
    uint64_t parameters, context_length, embedding_length; /* 0: not said */
    char name[WEIGHTS_NAME_MAX + 1];                       /* "": not said */
    char architecture[64], quantization[32], license[64], base[WEIGHTS_NAME_MAX + 1], repo[256];
    bool has_template, has_tokenizer;
    uint8_t template_digest[HASH_LEN], tokenizer_digest[HASH_LEN];
    uint8_t header_digest[HASH_LEN];
    struct buf numbers, texts; /* pairs of canonical MessagePack, in the order of the file */
    uint32_t n_numbers, n_texts;
};
void weights_init(struct weights *w);
void weights_done(struct weights *w);

/* Reads a header. `digest` counts what was read. ERR_INVALID: it is none, or contradicts itself; ERR_LIMIT: more than any model
 * has; ERR_CORRUPT: it breaks off; ERR_IO. */
int weights_gguf_read(int fd, uint64_t size, struct lines_digest *digest, struct weights *ret, struct err *err);
int weights_safetensors_read(int fd, uint64_t size, struct lines_digest *digest, struct weights *ret, struct err *err);

/* Bytes that were read at a place. */
int weights_read_at(int fd, uint64_t at, void *p, size_t n, struct err *err);
uint64_t weights_le(const uint8_t *p, int n); /* n bytes, little-endian */
/* Into a fixed place, when it fits and may be open. */
void weights_keep(char *to, size_t size, struct bytes text);
/* A text that the header has under a name; private. */
void weights_put_text(struct weights *w, struct bytes name, struct bytes text);

/* ---- events (event.c): bodies as canonical maps, appended to out ---- */

int weights_put_observed(const struct weights *w, const char *path, struct buf *out, struct err *err);
int weights_put_identified(const struct weights *w, const uint8_t *digest, const char *path, struct buf *out,
                           struct err *err);

/* The source's function. */
int weights_ingest(struct intake *run, struct err *err);

#endif
