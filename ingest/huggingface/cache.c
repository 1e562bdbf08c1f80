/* The cache as it is on disk. Directories are opened relative to their parents and never through links, so that no loop of links
 * and no link to elsewhere is followed; a link to a blob is read, and must have the form that the hub gives it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/text.h"
#include "ingest/huggingface/huggingface.h"

#define PIECE ((size_t)1 << 20)

struct walk {
    struct intake *run;
    const char *dir;
    struct hf_cache *cache;
    struct hf_model model;
    size_t cap, entries;
    int blobs;
    char path[FILE_PATH_MAX]; /* of what is looked at */
    bool incomplete;
};

static int reject(struct walk *w, const char *why) {
    const struct ingest_place place = {.file = w->path};
    return intake_reject(w->run, &place, why, why);
}

/* Whatever could not be read may be there: then nothing counts as removed. */
static int reject_cut(struct walk *w, const char *why) {
    w->cache->cut = true;
    return reject(w, why);
}

static void set_path(struct walk *w, const char *repo, const char *more) {
    snprintf(w->path, sizeof(w->path), "%.2000s/%.255s%s%.1024s", w->dir, repo, more[0] != '\0' ? "/" : "", more);
}

static void drop_files(struct hf_model *m) {
    for (size_t i = 0; i < m->n_files; i++) {
        free(m->files[i].path);
    }
    free(m->files);
    m->files = NULL;
    m->n_files = 0;
}

static bool is_hex(const char *text, size_t n) {
    return strlen(text) == n && strspn(text, "0123456789abcdef") == n;
}

/* ---- files of a snapshot ---- */

/* "../../blobs/NAME", with a "../" more for each directory that the file is below the snapshot. */
static const char *blob_name(const char *target, unsigned depth) {
    for (unsigned i = 0; i < depth + 2; i++) {
        if (strncmp(target, "../", 3) != 0) return NULL;
        target += 3;
    }
    if (strncmp(target, "blobs/", 6) != 0) return NULL;
    target += 6;
    return target[0] != '\0' && target[0] != '.' && strchr(target, '/') == NULL ? target : NULL;
}

/* Formats in the order in which one is chosen when a snapshot has several. */
static const char *const formats[] = {"gguf", "safetensors", "pytorch", "onnx"};
static int format_of(const char *path) {
    const char *base = strrchr(path, '/'), *dot = strrchr(path, '.');
    base = base != NULL ? base + 1 : path;
    if (dot == NULL || dot < base) return -1;
    bool named = strncmp(base, "pytorch_model", 13) == 0 || strncmp(base, "model", 5) == 0;
    if (strcmp(dot, ".gguf") == 0) return 0;
    if (strcmp(dot, ".safetensors") == 0) return 1;
    if ((strcmp(dot, ".bin") == 0 && named) || strcmp(dot, ".pt") == 0 || strcmp(dot, ".pth") == 0) return 2;
    return strcmp(dot, ".onnx") == 0 ? 3 : -1;
}

static int add_file(struct walk *w, const char *path, const char *blob, uint64_t bytes, struct err *err) {
    struct hf_model *m = &w->model;
    if (m->n_files == HF_FILES_MAX) return reject_cut(w, "the snapshot has more than 16384 files");
    int rc = array_room(&m->files, m->n_files + 1, &w->cap, sizeof(*m->files), NULL);
    char *own = rc == 0 ? strdup(path) : NULL;
    if (own == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    struct hf_file *f = &m->files[m->n_files++];
    *f = (struct hf_file){.path = own, .bytes = bytes};
    f->has_digest =
        blob != NULL && is_hex(blob, 2 * (size_t)HASH_LEN) && text_unhex(f->digest, HASH_LEN, bytes_of(blob)) == 0;
    return 0;
}

static int take_link(struct walk *w, int dir, const char *name, const char *path, unsigned depth, struct err *err) {
    char target[FILE_PATH_MAX];
    struct stat st;
    ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
    target[n > 0 ? n : 0] = '\0';
    const char *blob = blob_name(target, depth);
    if (blob == NULL) {
        w->incomplete = true;
        return reject(w, "a file of the snapshot is a link to something other than a blob of its repository");
    }
    if (w->blobs < 0 || fstatat(w->blobs, blob, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) {
        w->incomplete = true;
        return reject(w, "the blob of a file of the snapshot is missing: the download is incomplete, or it was removed");
    }
    return add_file(w, path, blob, (uint64_t)st.st_size, err);
}

static int walk_files(struct walk *w, int fd, const char *repo, const char *prefix, unsigned depth, struct err *err);

static int take_entry(struct walk *w, int dir, const char *repo, const char *prefix, const char *name, unsigned depth,
                      struct err *err) {
    char path[HF_PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "", name);
    set_path(w, repo, n < (int)sizeof(path) ? path : prefix);
    if (n >= (int)sizeof(path) || text_utf8_valid((const uint8_t *)path, strlen(path)) != strlen(path)) {
        return reject_cut(w, "the name of a file is too long, or not UTF-8 text");
    }
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return 0; /* it is gone by now */
    if (S_ISLNK(st.st_mode)) return take_link(w, dir, name, path, depth, err);
    if (S_ISREG(st.st_mode)) return add_file(w, path, NULL, (uint64_t)st.st_size, err);
    if (!S_ISDIR(st.st_mode)) return reject_cut(w, "a file of the snapshot is neither a file nor a directory");
    if (depth == HF_DEPTH_MAX) return reject_cut(w, "the snapshot is deeper than 8 directories");
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? walk_files(w, fd, repo, path, depth + 1, err) : reject_cut(w, "a directory cannot be opened");
}

/* Takes over `fd`. */
static int walk_files(struct walk *w, int fd, const char *repo, const char *prefix, unsigned depth, struct err *err) {
    DIR *dir = fdopendir(fd);
    int rc = 0;
    if (dir == NULL) {
        close(fd);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    for (struct dirent *e; rc == 0 && !intake_stopped(w->run) && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (++w->entries > HF_ENTRIES_MAX) {
            rc = w->entries == HF_ENTRIES_MAX + 1 ? reject_cut(w, "the cache has more than 262144 files") : 0;
            break;
        }
        rc = take_entry(w, dirfd(dir), repo, prefix, e->d_name, depth, err);
    }
    closedir(dir);
    return rc;
}

/* ---- a model ---- */

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct hf_file *)a)->path, ((const struct hf_file *)b)->path);
}

static int hash_blob(struct walk *w, const struct hf_file *f, uint8_t ret[HASH_LEN], struct err *err) {
    char hex[2 * HASH_LEN + 1];
    struct hash *hash = hash_new();
    uint8_t *piece = malloc(PIECE);
    text_hex(hex, f->digest, HASH_LEN);
    int fd = openat(w->blobs, hex, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int rc = hash == NULL || piece == NULL ? err_set(err, ERR_NOMEM, "out of memory") : fd < 0 ? 1 : 0;
    uint64_t done = 0;
    for (ssize_t n = 1; rc == 0 && n != 0;) {
        n = intake_stopped(w->run) ? -1 : read(fd, piece, PIECE);
        if (n < 0 && errno == EINTR && !intake_stopped(w->run)) continue;
        if (n < 0) rc = 1;
        if (n > 0) hash_put(hash, piece, (size_t)n);
        done += n > 0 ? (uint64_t)n : 0;
        intake_progress(w->run, done, f->bytes);
    }
    if (rc == 0) hash_end(hash, ret);
    if (fd >= 0) close(fd);
    free(piece);
    hash_free(hash);
    return rc;
}

static int verify(struct walk *w, struct hf_file *f, struct err *err) {
    uint8_t digest[HASH_LEN];
    int rc = hash_blob(w, f, digest, err);
    if (rc < 0 || intake_stopped(w->run)) return rc < 0 ? rc : 0;
    if (rc == 0 && memcmp(digest, f->digest, HASH_LEN) == 0) return 0;
    f->has_digest = false;
    return reject(w, rc == 0 ? "the content of a blob does not match its name" : "a blob cannot be read");
}

/* Which of its files are the weights, and its digests. */
static int judge(struct walk *w, struct err *err) {
    struct hf_model *m = &w->model;
    struct hash *hash = hash_new();
    int format = 4, rc = hash != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    bool check = intake_options(w->run)->verify;
    if (m->n_files > 0) qsort(m->files, m->n_files, sizeof(*m->files), by_path);
    for (size_t i = 0; i < m->n_files; i++) {
        int is = format_of(m->files[i].path);
        format = is >= 0 && is < format ? is : format;
    }
    m->verified = check;
    for (size_t i = 0; i < m->n_files && rc == 0; i++) {
        struct hf_file *f = &m->files[i];
        uint8_t size[8];
        f->weights = format < 4 && format_of(f->path) == format;
        bool named = f->has_digest;
        if (f->weights && named && check) rc = verify(w, f, err);
        be64_put(size, f->bytes);
        hash_put(hash, f->path, strlen(f->path) + 1);
        hash_put(hash, size, sizeof(size));
        if (f->has_digest) hash_put(hash, f->digest, HASH_LEN);
        if (!f->weights) continue;
        m->bytes += f->bytes;
        m->n_weights++;
        m->has_digest = m->n_weights == 1 && f->has_digest;
        memcpy(m->digest, f->digest, HASH_LEN);
    }
    if (rc == 0) hash_end(hash, m->content);
    hash_free(hash);
    m->format = format < 4 ? formats[format] : "";
    return rc;
}

static int keep_model(struct walk *w, struct err *err) {
    struct hf_cache *cache = w->cache;
    if (cache->n == HF_MODELS_MAX) return reject_cut(w, "the cache has more than 2048 models; the rest is ignored");
    if (array_room(&cache->models, cache->n + 1, &cache->cap, sizeof(*cache->models), NULL) != 0) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    cache->models[cache->n++] = w->model;
    w->model.files = NULL;
    w->model.n_files = 0;
    return 0;
}

static int take_snapshot(struct walk *w, int snapshots, const char *dir, const char *repo, const char *commit, bool main,
                         struct err *err) {
    int fd = openat(snapshots, commit, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    set_path(w, dir, commit);
    if (fd < 0) return reject_cut(w, "a snapshot is no directory, or cannot be opened; links are not followed");
    memset(&w->model, 0, sizeof(w->model));
    w->cap = 0;
    w->incomplete = false;
    snprintf(w->model.repo, sizeof(w->model.repo), "%s", repo);
    snprintf(w->model.commit, sizeof(w->model.commit), "%s", commit);
    snprintf(w->model.name, sizeof(w->model.name), "%s%s%s", repo, main ? "" : "@", main ? "" : commit);
    int rc = walk_files(w, fd, dir, "", 0, err);
    set_path(w, dir, commit);
    if (rc == 0 && !w->incomplete && !intake_stopped(w->run)) {
        rc = judge(w, err);
        if (rc == 0 && w->model.n_weights > 0) rc = keep_model(w, err);
    }
    drop_files(&w->model);
    return rc;
}

/* ---- a repository ---- */

/* "models--ORG--NAME". False when that is no name. */
static bool name_of(const char *dir, char ret[HF_NAME_MAX + 1]) {
    const char *from = dir + 8, *dashes = strstr(from, "--");
    int n = dashes != NULL ? snprintf(ret, HF_NAME_MAX + 1, "%.*s/%s", (int)(dashes - from), from, dashes + 2)
                           : snprintf(ret, HF_NAME_MAX + 1, "%s", from);
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    return n > 0 && n <= HF_NAME_MAX && strspn(ret, letters) == (size_t)n && ret[0] != '/' && ret[0] != '.' &&
           ret[n - 1] != '/';
}

static void read_main(int repo, char ret[HF_COMMIT_LEN + 1]) {
    char text[HF_COMMIT_LEN + 8];
    int refs = openat(repo, "refs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd = refs >= 0 ? openat(refs, "main", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\r\n ")] = '\0';
    ret[0] = '\0';
    if (is_hex(text, HF_COMMIT_LEN)) memcpy(ret, text, HF_COMMIT_LEN + 1);
    if (fd >= 0) close(fd);
    if (refs >= 0) close(refs);
}

/* Counts the snapshots of a repository, or takes them. */
static int each_snapshot(struct walk *w, int repo_fd, const char *dir, const char *repo, const char *main, size_t *ret_n,
                         bool take, struct err *err) {
    int fd = openat(repo_fd, "snapshots", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    int rc = 0;
    size_t n = 0;
    if (list == NULL) {
        if (fd >= 0) close(fd);
        return 0; /* the first download has not got that far */
    }
    for (struct dirent *e; rc == 0 && !intake_stopped(w->run) && (e = readdir(list)) != NULL;) {
        if (!is_hex(e->d_name, HF_COMMIT_LEN)) continue;
        n++;
        bool is_main = main[0] != '\0' ? strcmp(main, e->d_name) == 0 : *ret_n == 1;
        if (take) rc = take_snapshot(w, dirfd(list), dir, repo, e->d_name, is_main, err);
    }
    closedir(list);
    *ret_n = take ? *ret_n : n;
    return rc;
}

static int take_repository(struct walk *w, int cache, const char *dir, struct err *err) {
    char repo[HF_NAME_MAX + 1], main[HF_COMMIT_LEN + 1];
    size_t n = 0;
    set_path(w, dir, "");
    if (!name_of(dir, repo)) return reject(w, "the directory's name is not that of a repository");
    int fd = openat(cache, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return reject_cut(w, "a repository is no directory, or cannot be opened; links are not followed");
    w->blobs = openat(fd, "blobs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    read_main(fd, main);
    int rc = each_snapshot(w, fd, dir, repo, main, &n, false, err);
    if (rc == 0) rc = each_snapshot(w, fd, dir, repo, main, &n, true, err);
    if (w->blobs >= 0) close(w->blobs);
    close(fd);
    return rc;
}

int hf_cache_read(struct intake *run, const char *dir, struct hf_cache *ret, struct err *err) {
    struct walk w = {.run = run, .dir = dir, .cache = ret, .blobs = -1};
    memset(ret, 0, sizeof(*ret));
    DIR *list = opendir(dir);
    if (list == NULL) return err_errno(err, errno, "%s", dir);
    int rc = 0;
    for (struct dirent *e; rc == 0 && !intake_stopped(run) && (e = readdir(list)) != NULL;) {
        if (strncmp(e->d_name, "models--", 8) == 0) rc = take_repository(&w, dirfd(list), e->d_name, err);
    }
    closedir(list);
    return rc;
}

void hf_cache_done(struct hf_cache *cache) {
    for (size_t i = 0; i < cache->n; i++) {
        drop_files(&cache->models[i]);
    }
    free(cache->models);
    memset(cache, 0, sizeof(*cache));
}
