/* pack_validate: reading and checking the directory of a pack with 1,000 files, beyond the hashing of their bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "packs/manifest/fresh.h"
#include "packs/manifest/load.h"

#define FILES        1000
#define FILE_BYTES   4096
#define SAMPLES      25
#define LIMIT_S      0.1
#define TARGET       1
#define MANIFEST_MAX 65536

/* Not durable: a thousand syncs would take longer than everything that is measured. */
static int put_file(const char *path, struct bytes data, struct err *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return err_errno(err, errno, "'%s'", path);
    int rc = file_put_all(fd, data.p, data.n) == 0 ? 0 : err_errno(err, errno, "'%s'", path);
    close(fd);
    return rc;
}

static int make_pack(const char *dir, struct buf *content, struct err *err) {
    char path[FILE_PATH_MAX], name[32];
    struct buf manifest = {.max = MANIFEST_MAX};
    int rc = file_make_dirs(dir, err);
    if (rc == 0) rc = fresh_manifest(bytes_of("bench"), bytes_of("example.org/bench"), &manifest, err);
    if (rc == 0) rc = file_join(path, dir, "pack.yaml", err);
    if (rc == 0) rc = put_file(path, bytes_of_buf(&manifest), err);
    for (int i = 0; rc == 0 && i < FILES; i++) {
        uint8_t *p = buf_room(content, FILE_BYTES);
        if (p == NULL) {
            rc = buf_check(content, "the pack's files", err);
            break;
        }
        memset(p, i, FILE_BYTES);
        content->n += FILE_BYTES;
        snprintf(name, sizeof(name), "file-%d", i);
        rc = file_join(path, dir, name, err);
        if (rc == 0) rc = put_file(path, (struct bytes){p, FILE_BYTES}, err);
    }
    buf_done(&manifest);
    return rc;
}

static void put_fault(void *ctx, const char *path, const char *what) {
    (void)ctx, (void)path, (void)what;
}

static int validate(const char *dir, double *ret_s, struct err *err) {
    struct finding_list found = {0};
    struct manifest *manifest = NULL;
    struct content *tree = NULL;
    double start = metric_now();
    int rc = content_read(dir, NULL, put_fault, NULL, &tree, err);
    if (rc == 0) rc = manifest_load(tree, &found, &manifest, err);
    *ret_s = metric_now() - start;
    manifest_free(manifest);
    content_free(tree);
    finding_done(&found);
    return rc;
}

int run_pack(struct bench *b, struct err *err) {
    char dir[FILE_PATH_MAX];
    struct buf content = {.max = (size_t)FILES * FILE_BYTES};
    struct metric_series *beyond = calloc(1, sizeof(*beyond));
    int rc = beyond != NULL ? bench_path(b, "pack", dir, err) : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) rc = make_pack(dir, &content, err);
    for (int i = 0; rc == 0 && i < SAMPLES; i++) {
        double ours = 0, hashing = 0;
        rc = validate(dir, &ours, err);
        if (rc == 0) rc = base_sha256_text(bytes_of_buf(&content), &hashing, err);
        metric_put(beyond, ours > hashing ? ours - hashing : 0);
    }
    if (rc == 0) {
        double value = metric_median(beyond);
        metric_row(&b->table, &(struct metric_row){.name = "pack_validate",
                                                   .unit = "ms",
                                                   .baseline = "100 ms beyond hashing",
                                                   .value = value * 1e3,
                                                   .baseline_value = LIMIT_S * 1e3,
                                                   .ratio = LIMIT_S / value,
                                                   .target = TARGET});
    }
    buf_done(&content);
    free(beyond);
    return rc;
}
