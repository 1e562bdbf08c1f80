/* pack_validate: reading and checking the directory of a pack with 1,000 files, beyond the hashing of their bytes.
 * pack_list: opening the states and judging every pack of 100, with a look at their files, as `ledger pack list` does. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/run_pack.h"
#include "packs/life/assess.h"
#include "packs/life/change.h"
#include "packs/manifest/fresh.h"
#include "packs/manifest/load.h"

#define FILES        1000
#define FILE_BYTES   4096
#define SAMPLES      25
#define LIMIT_S      0.1
#define TARGET       1
#define MANIFEST_MAX 65536
#define PACKS        100
#define LIST_LIMIT_S 0.05

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

/* ---- pack_list -------------------------------------------------------------------------------------------------------- */

int pack_write(const struct bench *b, const char *name, struct bytes manifest, char dir[FILE_PATH_MAX], struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = bench_path(b, name, dir, err);
    if (rc == 0) rc = file_make_dirs(dir, err);
    if (rc == 0) rc = file_join(path, dir, "pack.yaml", err);
    return rc == 0 ? put_file(path, manifest, err) : rc;
}

static int write_one(const struct bench *b, int i, char dir[FILE_PATH_MAX], struct err *err) {
    char name[32];
    struct buf text = {.max = MANIFEST_MAX};
    snprintf(name, sizeof(name), "pack-%d", i);
    buf_printf(&text,
               "schema: foundry-pack/v0\nname: bench-%d\nversion: 1.0.0\nsummary: s\npublisher: example.org/bench\n"
               "permissions:\n  - {group: exec, scope: wc, tier: T0, required: true, reason: r}\n"
               "routes:\n  - {name: route-%d, role: tool, program: wc, required: true}\n"
               "steps:\n  - {id: a, route: route-%d, outputs: [o], stdout: o}\n",
               i, i, i);
    int rc = pack_write(b, name, bytes_of_buf(&text), dir, err);
    buf_done(&text);
    return rc;
}

int pack_install(const struct change *change, const char *from, const struct grants *grants, struct err *err) {
    const struct plan_options o = {.ledger_dir = log_dir(change->ledger), .from = from};
    struct state_view *view = NULL;
    struct plan plan;
    uint64_t seq = 0;
    life_plan_init(&plan);
    int rc = assess_read(&plan, &o, err);
    if (rc == 0) rc = change_view(change->ledger, &view, err);
    if (rc == 0) rc = assess_judge(&plan, &o, view, err);
    state_close(view);
    if (rc == 0 && plan.n_refused > 0) rc = err_set(err, ERR_INVALID, "%s", plan.lines[0].text);
    if (rc == 0) rc = change_install(change, &plan, from, grants, &seq, err);
    life_plan_done(&plan);
    return rc;
}

static int install_all(struct bench *b, struct err *err) {
    char from[FILE_PATH_MAX];
    struct depot depot = {.lock = -1};
    const struct grants none = {0};
    const struct change change = {.ledger = b->ledger, .depot = &depot, .actor = "user:bench"};
    int rc = depot_open(log_dir(b->ledger), 0, &depot, err);
    for (int i = 0; rc == 0 && i < PACKS; i++) {
        rc = write_one(b, i, from, err);
        if (rc == 0) rc = pack_install(&change, from, &none, err);
    }
    depot_close(&depot);
    return rc;
}

static int list_once(struct bench *b, double *ret_s, struct err *err) {
    struct installed_look look = {log_dir(b->ledger), COMPARE_STATUS};
    struct state_options options;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    size_t n = 0;
    state_options_init(&options);
    options.pack_files = installed_files;
    options.pack_files_ctx = &look;
    double start = metric_now();
    int rc = state_open(b->ledger, &options, &view, err);
    if (rc == 0) rc = state_rows_open(view, state_table_find(view, "packs"), NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        n++;
    }
    state_rows_close(rows);
    state_close(view);
    *ret_s = metric_now() - start;
    return rc == 1 && n < PACKS ? err_set(err, ERR_INVALID, "only %zu packs are listed", n) : rc == 1 ? 0 : rc;
}

static int list_row(struct bench *b, struct err *err) {
    struct metric_series *series = calloc(1, sizeof(*series));
    double took = 0;
    int rc = series != NULL ? install_all(b, err) : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) rc = list_once(b, &took, err); /* stores what was behind */
    for (int i = 0; rc == 0 && i < SAMPLES; i++) {
        rc = list_once(b, &took, err);
        metric_put(series, took);
    }
    if (rc == 0) {
        double value = metric_median(series);
        metric_row(&b->table, &(struct metric_row){.name = "pack_list",
                                                   .unit = "ms",
                                                   .baseline = "50 ms",
                                                   .value = value * 1e3,
                                                   .baseline_value = LIST_LIMIT_S * 1e3,
                                                   .ratio = LIST_LIMIT_S / value,
                                                   .target = TARGET});
    }
    free(series);
    return rc;
}

int run_packs(struct bench *b, struct err *err) {
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
    if (rc == 0) rc = list_row(b, err);
    buf_done(&content);
    free(beyond);
    return rc;
}
