/* One look at the cache, compared with the last one:
 *
 *   the name is new       model.observed; and, when the cache was looked at before, model.pulled (inferred: nobody saw the download)
 *   its files differ      model.observed
 *   it is gone            model.removed; not when something could not be read
 *   it has one file of weights, named by its digest   model.identified: declared, with --verify measured
 *
 * What was there is stored page by page in the same commits as the events. */
#include "ingest/huggingface/huggingface.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"

#define BODY_MAX   ((size_t)2 << 20)
#define LAYERS_MAX 64
#define RAW_MAX    ((size_t)384 << 10)
#define RUNTIME    "huggingface"

struct look {
    struct intake *run;
    struct ingest_place place;
    char id[KEYED_HASH_HEX];
    bool before; /* it was looked at before */
    struct hf_cache cache;
    struct hf_page page;
    bool changed;
    struct buf body;
};

/* ---- events ---- */

static int add(struct look *l, const char *kind, const char *subject, const char *grade, const char *prefix,
               const struct bytes *parts, size_t n, struct mp_map *f, struct err *err) {
    char hex[KEYED_HASH_HEX], key[KEYED_HASH_HEX + 12];
    struct log_draft draft;
    buf_clear(&l->body);
    int rc = mp_map_write(f, &l->body, err);
    mp_map_done(f);
    keyed_hash_each(hex, intake_secret(l->run), parts, n);
    snprintf(key, sizeof(key), "%s:%s", prefix, hex);
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.key = bytes_of(key);
    draft.grade = bytes_of(grade);
    draft.body = bytes_of_buf(&l->body);
    return rc == 0 ? intake_add(l->run, &draft, &l->place, INGEST_NO_TIME, err) : rc;
}

/* The same for a change of this look: the page's next generation is in its key. */
static int add_change(struct look *l, const char *kind, const char *name, const char *grade, const uint8_t *content,
                      struct mp_map *f, struct err *err) {
    char subject[sizeof(l->page.seen[0].name) + 8], gen[24];
    snprintf(subject, sizeof(subject), "model/%s", name);
    snprintf(gen, sizeof(gen), "%llu", (unsigned long long)l->page.gen + 1);
    const struct bytes parts[] = {
        bytes_of(l->id), bytes_of(kind), bytes_of(name), bytes_of(gen), {content, content != NULL ? HF_SHORT : 0}};
    l->changed = true;
    return add(l, kind, subject, grade, "seen", parts, 5, f, err);
}

static void put_model(struct mp_map *f, const struct hf_model *m) {
    mp_map_init(f, BODY_MAX);
    mp_map_text(f, "model", bytes_of(m->name));
    mp_map_text(f, "runtime", bytes_of(RUNTIME));
    if (m->has_digest) mp_map_hash(f, "digest", m->digest);
    mp_map_hash(f, "manifest_digest", m->content);
    mp_map_text(f, "revision", bytes_of(m->commit));
    mp_map_uint(f, "bytes", m->bytes);
}

/* Digests and sizes of its weights, without the files' names. One of several parts is not called the model. */
static void put_layers(struct mp_map *f, const struct hf_model *m) {
    uint32_t n = 0;
    for (size_t i = 0; i < m->n_files; i++) {
        n += m->files[i].weights && m->files[i].has_digest && n < LAYERS_MAX;
    }
    if (n == 0) return;
    mp_map_begin(f, "layers");
    mp_put_array(&f->values, n);
    for (size_t i = 0; i < m->n_files && n > 0; i++) {
        const struct hf_file *file = &m->files[i];
        struct mp_map one;
        if (!file->weights || !file->has_digest) continue;
        mp_map_init(&one, 4096);
        mp_map_hash(&one, "digest", file->digest);
        mp_map_uint(&one, "bytes", file->bytes);
        mp_map_text(&one, "type", bytes_of(m->n_weights == 1 ? "model" : "part"));
        mp_map_write(&one, &f->values, NULL);
        mp_map_done(&one);
        n--;
    }
    mp_map_end(f);
}

/* The list of its files. */
static void put_raw(struct mp_map *f, const struct hf_model *m) {
    struct buf list = {.max = BODY_MAX};
    mp_put_array(&list, (uint32_t)m->n_files);
    for (size_t i = 0; i < m->n_files; i++) {
        char hex[2 * HASH_LEN + 1];
        mp_put_map(&list, m->files[i].has_digest ? 3 : 2);
        mp_pair_uint(&list, "bytes", m->files[i].bytes);
        text_hex(hex, m->files[i].digest, HASH_LEN);
        if (m->files[i].has_digest) mp_pair_text(&list, "digest", hex);
        mp_pair_text(&list, "path", m->files[i].path);
    }
    if (list.fail == 0) mp_map_bounded(f, "raw", bytes_of_buf(&list), RAW_MAX);
    buf_done(&list);
}

static int add_observed(struct look *l, const struct hf_model *m, struct err *err) {
    struct mp_map f;
    char path[FILE_PATH_MAX];
    put_model(&f, m);
    mp_map_text(&f, "repo", bytes_of(m->repo));
    mp_map_text(&f, "format", bytes_of(m->format));
    int n = snprintf(path, sizeof(path), "%s", l->place.file);
    if (n < (int)sizeof(path)) mp_map_text(&f, "path", bytes_of(path));
    put_layers(&f, m);
    put_raw(&f, m);
    return add_change(l, "model.observed", m->name, "declared", m->content, &f, err);
}

static int add_pulled(struct look *l, const struct hf_model *m, struct err *err) {
    struct mp_map f;
    put_model(&f, m);
    mp_map_text(&f, "source", bytes_of(m->repo));
    return add_change(l, "model.pulled", m->name, "inferred", m->content, &f, err);
}

static int add_removed(struct look *l, const char *name, struct err *err) {
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "model", bytes_of(name));
    mp_map_text(&f, "runtime", bytes_of(RUNTIME));
    return add_change(l, "model.removed", name, "measured", NULL, &f, err);
}

static int add_identified(struct look *l, const struct hf_model *m, struct err *err) {
    const char *grade = m->verified ? "measured" : "declared";
    const struct bytes parts[] = {{m->digest, HASH_LEN}, bytes_of(m->name), bytes_of(m->commit), bytes_of(grade)};
    char subject[2 * HASH_LEN + 16], hex[2 * HASH_LEN + 1];
    struct mp_map f;
    if (!m->has_digest) return 0;
    text_hex(hex, m->digest, HASH_LEN);
    snprintf(subject, sizeof(subject), "model/sha256:%s", hex);
    put_model(&f, m);
    mp_map_text(&f, "repo", bytes_of(m->repo));
    mp_map_text(&f, "format", bytes_of(m->format));
    return add(l, "model.identified", subject, grade, "weights", parts, 4, &f, err);
}

/* ---- one page ---- */

static struct hf_seen *find(struct hf_page *page, const char *name) {
    for (size_t i = 0; i < page->n; i++) {
        if (strcmp(page->seen[i].name, name) == 0) return &page->seen[i];
    }
    return NULL;
}

/* Room for one more, by the bytes that a page takes. */
static struct hf_seen *add_seen(struct hf_page *page, const char *name) {
    size_t bytes = strlen(name);
    for (size_t i = 0; i < page->n; i++) {
        bytes += strlen(page->seen[i].name) + 16;
    }
    if (page->n == HF_PAGES || bytes > 3900) return NULL;
    struct hf_seen *seen = &page->seen[page->n++];
    memset(seen, 0, sizeof(*seen));
    snprintf(seen->name, sizeof(seen->name), "%s", name);
    return seen;
}

static int compare_model(struct look *l, const struct hf_model *m, struct err *err) {
    struct hf_seen *seen = find(&l->page, m->name);
    bool fresh = seen == NULL;
    int rc = 0;
    if (fresh) seen = add_seen(&l->page, m->name);
    if (seen == NULL) {
        return intake_reject(l->run, &l->place, NULL,
                             "the cache has too many models to remember; this one is not recorded");
    }
    seen->found = true;
    if (fresh && l->before) rc = add_pulled(l, m, err);
    if (rc == 0 && (fresh || memcmp(seen->content, m->content, HF_SHORT) != 0)) rc = add_observed(l, m, err);
    memcpy(seen->content, m->content, HF_SHORT);
    return rc == 0 ? add_identified(l, m, err) : rc;
}

static int compare_page(struct look *l, size_t number, struct err *err) {
    int rc = hf_page_load(l->run, l->id, number, &l->page, err);
    l->changed = false;
    for (size_t i = 0; rc == 0 && i < l->cache.n; i++) {
        if (hf_page_of(l->cache.models[i].name) == number) rc = compare_model(l, &l->cache.models[i], err);
    }
    size_t kept = 0;
    for (size_t i = 0; rc == 0 && i < l->page.n; i++) {
        bool gone = !l->page.seen[i].found && !l->cache.cut;
        if (gone) rc = add_removed(l, l->page.seen[i].name, err);
        if (!gone) l->page.seen[kept++] = l->page.seen[i];
    }
    if (rc != 0 || !l->changed) return rc;
    l->page.n = kept;
    l->page.gen++;
    return hf_page_store(l->run, l->id, number, &l->page, err);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct hf_model *)a)->name, ((const struct hf_model *)b)->name);
}

/* What was read is the list of files. */
static void digest_cache(struct look *l) {
    if (l->cache.n > 0) qsort(l->cache.models, l->cache.n, sizeof(*l->cache.models), by_name);
    for (size_t i = 0; i < l->cache.n; i++) {
        const struct hf_model *m = &l->cache.models[i];
        lines_digest_put(intake_digest(l->run), bytes_of(m->name));
        lines_digest_put(intake_digest(l->run), (struct bytes){m->content, HASH_LEN});
    }
}

static int read_cache(struct intake *run, const char *path, struct err *err) {
    char dir[FILE_PATH_MAX];
    if (realpath(path, dir) == NULL) return err_errno(err, errno, "%s", path);
    struct look *l = calloc(1, sizeof(*l));
    if (l == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    uint8_t digest[HASH_LEN];
    const struct bytes where = bytes_of(dir);
    l->run = run;
    l->place.file = dir;
    buf_init(&l->body, BODY_MAX);
    hash_parts(digest, &where, 1);
    keyed_hash_hex(l->id, intake_secret(run), digest);
    intake_begin(run, dir);
    int rc = hf_looked(run, l->id, &l->before, err);
    if (rc == 0) rc = hf_cache_read(run, dir, &l->cache, err);
    if (rc == 0) digest_cache(l);
    for (size_t i = 0; rc == 0 && i < HF_PAGES && !intake_stopped(run); i++) {
        rc = compare_page(l, i, err);
    }
    if (rc == 0 && !l->before && !intake_stopped(run) && l->cache.n > 0) rc = hf_look(run, l->id, err);
    rc = rc == 0 ? intake_end(run, err) : rc;
    hf_cache_done(&l->cache);
    buf_done(&l->body);
    free(l);
    return rc;
}

int huggingface_read(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    int rc = o->n_paths > 0 ? 0
                            : err_set(err, ERR_INVALID,
                                      "no directory given; expected: the cache of the hub, ~/.cache/huggingface/hub");
    for (size_t i = 0; i < o->n_paths && rc == 0 && !intake_stopped(run); i++) {
        rc = read_cache(run, o->paths[i], err);
    }
    return rc;
}
