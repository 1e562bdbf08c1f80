/* The source "huggingface": docs/ingest.md describes its events.
 *
 *   hub/models--ORG--NAME/refs/main                   the commit that "main" was
 *                         snapshots/COMMIT/FILE  ->   ../../blobs/BLOB     (or a copy, where there are no links)
 *                         blobs/BLOB                  64 hex digits: the content's SHA-256; 40: an object id of git
 *                         blobs/BLOB.incomplete       a download that has not ended
 *
 * No link is followed: its text says which blob it means, and the blob is looked up in blobs/ itself. */
#ifndef INGEST_HUGGINGFACE_HUGGINGFACE_H
#define INGEST_HUGGINGFACE_HUGGINGFACE_H

#include "base/hash.h"
#include "ingest/driver/intake.h"

#define HF_NAME_MAX    200
#define HF_COMMIT_LEN  40
#define HF_PATH_MAX    1024 /* of a file in a snapshot */
#define HF_MODELS_MAX  2048
#define HF_FILES_MAX   16384 /* of one snapshot */
#define HF_ENTRIES_MAX 262144
#define HF_DEPTH_MAX   8

struct hf_file {
    char *path; /* in the snapshot; owned */
    uint64_t bytes;
    bool has_digest, weights;
    uint8_t digest[HASH_LEN];
};

/* A snapshot with weights. */
struct hf_model {
    char name[HF_NAME_MAX + HF_COMMIT_LEN + 2]; /* "ORG/NAME"; of a snapshot that is not main's: "ORG/NAME@COMMIT" */
    char repo[HF_NAME_MAX + 1], commit[HF_COMMIT_LEN + 1];
    const char *format;
    struct hf_file *files; /* by path */
    size_t n_files, n_weights;
    uint64_t bytes;  /* of the weights */
    bool has_digest; /* there is one file of weights, and its blob is named by its digest: */
    uint8_t digest[HASH_LEN];
    bool verified;             /* that was checked */
    uint8_t content[HASH_LEN]; /* over the list of its files */
};

struct hf_cache {
    struct hf_model *models;
    size_t n, cap;
    bool cut; /* something could not be read: absence proves nothing */
};
/* ERR_NOTFOUND: there is no such directory. What cannot be read, or is incomplete, is rejected alone. */
int hf_cache_read(struct intake *run, const char *dir, struct hf_cache *ret, struct err *err);
void hf_cache_done(struct hf_cache *cache);

/* ---- the last look (state.c) ---- */

#define HF_PAGES 64
#define HF_SHORT 8 /* bytes of a digest that only detects changes */

struct hf_seen {
    char name[HF_NAME_MAX + HF_COMMIT_LEN + 2];
    uint8_t content[HF_SHORT];
    bool found;
};

/* Models are spread over pages by their names, because a cursor holds 4 KiB. A page is stored in the same commit as the events
 * that changed it, and its generation is in their keys: a repeated change is another event. */
struct hf_page {
    uint64_t gen;
    size_t n;
    struct hf_seen seen[HF_PAGES];
};
size_t hf_page_of(const char *name);
/* ERR_CORRUPT when the stored cursor does not parse. */
int hf_page_load(struct intake *run, const char *id, size_t number, struct hf_page *ret, struct err *err);
int hf_page_store(struct intake *run, const char *id, size_t number, const struct hf_page *page, struct err *err);
/* Whether the cache was looked at before, and that it is from now on. */
int hf_looked(struct intake *run, const char *id, bool *ret, struct err *err);
int hf_look(struct intake *run, const char *id, struct err *err);

/* The source's function. */
int huggingface_read(struct intake *run, struct err *err);

#endif
