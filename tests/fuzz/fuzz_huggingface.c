/* Arbitrary trees as the cache of Hugging Face's hub: what is made of them is canonical, and nothing outside of them is read.
 *
 * A line is an entry: its type (d directory, f file, l link), a blank, its path, a tab, its content or target. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/mp.h"
#include "ingest/ingest.h"

#define ENTRIES_MAX 64
#define PATH_ROOM   512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static bool is_below(const char *path) {
    bool below = path[0] != '\0' && path[0] != '/';
    for (const char *part = path; below && part != NULL; part = strchr(part, '/') != NULL ? strchr(part, '/') + 1 : NULL) {
        below = strncmp(part, "..", 2) != 0;
    }
    return below;
}

/* What cannot be made is left out. */
static void make(const char *root, char type, const char *name, struct bytes text) {
    char path[FILE_PATH_MAX], parent[FILE_PATH_MAX], target[PATH_ROOM];
    if (!is_below(name) || file_join(path, root, name, NULL) != 0 || file_parent(parent, path, NULL) != 0 ||
        file_make_dirs(parent, NULL) != 0) {
        return;
    }
    if (type == 'd') {
        (void)mkdir(path, 0700);
    } else if (type == 'l' && text.n < sizeof(target) && memchr(text.p, '\0', text.n) == NULL) {
        snprintf(target, sizeof(target), "%.*s", (int)text.n, (const char *)text.p);
        want(symlink(target, path) == 0 || path[0] == '/');
    } else if (type == 'f') {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        want(fd < 0 || write(fd, text.p, text.n) == (ssize_t)text.n);
        if (fd >= 0) {
            close(fd);
        }
    }
}

static void on_preview(void *ctx, const struct ingest_place *place, const struct ingest_preview *preview) {
    (void)ctx;
    (void)place;
    want(mp_check(preview->body, NULL) == 0);
    want(preview->private_.n == 0 || mp_check(preview->private_, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char root[] = "/tmp/fuzz_huggingface.XXXXXX";
    const char *const paths[] = {root};
    const struct ingest_options options = {
        .paths = paths, .n_paths = 1, .dry_run = true, .verify = size % 2 == 1, .preview = on_preview};
    struct ingest_result result;
    struct err err = {0};
    want(crypt_init(NULL) == 0 && mkdtemp(root) != NULL);
    size_t at = 0;
    for (unsigned n = 0; at < size && n < ENTRIES_MAX; n++) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        struct bytes line = {data + at, end != NULL ? (size_t)(end - data) - at : size - at};
        at += line.n + 1;
        const uint8_t *tab = line.n > 2 && line.p[1] == ' ' ? memchr(line.p, '\t', line.n) : NULL;
        size_t name_n = tab != NULL ? (size_t)(tab - line.p) - 2 : line.n > 2 ? line.n - 2 : 0;
        char name[PATH_ROOM];
        if (name_n == 0 || name_n >= sizeof(name) || memchr(line.p + 2, '\0', name_n) != NULL) continue;
        snprintf(name, sizeof(name), "%.*s", (int)name_n, (const char *)line.p + 2);
        make(root, (char)line.p[0], name,
             tab != NULL ? (struct bytes){tab + 1, line.n - name_n - 3} : (struct bytes){(const uint8_t *)"", 0});
    }
    int rc = ingest_source_run(NULL, "huggingface", &options, &result, &err);
    want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
    nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
