/* The bench program: options, stages, table.
 *
 *   bench [--scale N] [--dir DIR] [--tsv FILE] [STAGE...]
 *
 * Everything is written below DIR/ledger-bench, which is removed before and after. The exit code says whether all stages
 * ran; a missed target is a finding, not a failure. */
#include "bench/bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCALE_MIN     (2 * (uint64_t)LOAD_COMMIT)
#define SCALE_MAX     UINT64_C(1000000000)
#define CHECKED       4096 /* events of the workload that are checked before anything is measured */
#define SCALE_DEFAULT 1000000

static int run_append_whole(struct bench *b, struct err *err) {
    return run_append(b, false, err);
}

static const struct stage {
    const char *name;
    int (*run)(struct bench *b, struct err *err);
} stages[] = {{"append", run_append_whole},  {"single", run_single}, {"threads", run_threads},
              {"prove", run_prove},          {"verify", run_verify}, {"keyed", run_keyed},
              {"ingest", run_ingest},        {"otlp", run_otlp},     {"query", run_query},
              {"states", run_states},        {"doctor", run_doctor}, {"evidence", run_evidence},
              {"pack", run_packs},           {"serve", run_serve},   {"process", run_process},
              {"confine", run_confine},      {"model", run_model},   {"tap", run_tap},
              {"compare", run_eval_compare}, {"evals", run_evals},   {"proxy", run_proxy}};
#define STAGES (sizeof(stages) / sizeof(stages[0]))

int bench_path(const struct bench *b, const char *name, char ret[FILE_PATH_MAX], struct err *err) {
    return file_join(ret, b->dir, name, err);
}

int bench_ledger_new(const struct bench *b, const char *name, struct ledger **ret, struct err *err) {
    char path[FILE_PATH_MAX];
    const struct log_create_options options = {.origin = "example.org/bench", .actor = "user:bench"};
    int rc = bench_path(b, name, path, err);
    if (rc == 0) rc = log_create(path, &options, err);
    if (rc == 0 && ret != NULL) rc = log_open(path, NULL, ret, err);
    return rc;
}

int bench_size(struct ledger *ledger, uint64_t *ret, struct err *err) {
    struct log_head head;
    int rc = log_head(ledger, &head, err);
    if (rc == 0) {
        *ret = head.size;
    }
    return rc;
}

int bench_slice(struct bench *b, struct load *load, struct wire *wire, size_t n, double *ret_ledger_s, double *ret_lmdb_s,
                struct err *err) {
    uint64_t before = 0, after = 0;
    double ours = 0, theirs = 0;
    int rc = load_make(load, b->next, n, false, err);
    if (rc == 0) rc = bench_size(b->ledger, &before, err);
    if (rc == 0) rc = load_append(load, b->ledger, &ours, err);
    if (rc == 0) rc = bench_size(b->ledger, &after, err);
    if (rc == 0) rc = wire_read(wire, b->ledger, before, (size_t)(after - before), err);
    if (rc == 0) rc = base_lmdb_put(b->lmdb, wire, &theirs, err);
    if (rc == 0) {
        b->next += n;
        *ret_ledger_s = ours / (double)n;
        *ret_lmdb_s = theirs / (double)wire->n;
    }
    return rc;
}

/* ---- the machine ---- */

static void cpu_name(char ret[BENCH_LINE_MAX]) {
    char line[BENCH_LINE_MAX];
    snprintf(ret, BENCH_LINE_MAX, "unknown processor");
    FILE *f = fopen("/proc/cpuinfo", "re");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && value != NULL) {
            value[strcspn(value, "\n")] = 0;
            snprintf(ret, BENCH_LINE_MAX, "%s", value + 2);
            break;
        }
    }
    if (f != NULL) {
        fclose(f);
    }
}

/* Other work on the machine changes the numbers, so the reader must know of it. At the end, our own work counts too. */
static void say_load(const char *when) {
    double load = 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (getloadavg(&load, 1) == 1) {
        printf("load %.1f %s%s\n", load, when, load > (double)cores ? " (NOT QUIET)" : "");
    }
}

static void say_machine(const struct bench *b) {
    char cpu[BENCH_LINE_MAX];
    cpu_name(cpu);
    printf("%llu events, %d a commit; %s, %ld cores; data in %s\n", (unsigned long long)b->scale, LOAD_COMMIT, cpu,
           sysconf(_SC_NPROCESSORS_ONLN), b->dir);
    say_load("at the start");
    fflush(stdout);
}

/* ---- running ---- */

static bool chosen(const struct stage *stage, char **names, int n) {
    for (int i = 0; i < n; i++) {
        if (strcmp(names[i], stage->name) == 0) return true;
    }
    return n == 0;
}

static int run(struct bench *b, char **names, int n, struct err *err) {
    double mean = 0;
    int rc = workload_check(b->scale < CHECKED ? b->scale : CHECKED, &mean, err);
    if (rc == 0) {
        printf("bodies of %.0f bytes in the mean\n", mean);
    }
    for (size_t i = 0; i < STAGES && rc == 0; i++) {
        bool wanted = chosen(&stages[i], names, n);
        if (!wanted && i > 0) continue;
        double start = metric_now();
        fprintf(stderr, "bench: %s ...", wanted ? stages[i].name : "filling");
        rc = wanted ? stages[i].run(b, err) : run_append(b, true, err);
        fprintf(stderr, " %.1f s\n", metric_now() - start);
        rc = rc != 0 ? err_prefix(err, "stage '%s'", stages[i].name) : 0;
    }
    log_close(b->ledger);
    log_close(b->keyed);
    base_lmdb_close(b->lmdb);
    return rc;
}

static int check_names(char **names, int n) {
    for (int i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < STAGES; k++) {
            known = known || strcmp(names[i], stages[k].name) == 0;
        }
        if (!known) {
            fprintf(stderr,
                    "bench: no stage '%s'; there are append single threads prove verify keyed ingest query states evidence "
                    "process\n",
                    names[i]);
            return 2;
        }
    }
    return 0;
}

static int measure(struct bench *b, const char *parent, const char *tsv, char **names, int n) {
    struct err err = {0};
    char dir[FILE_PATH_MAX];
    int rc = file_join(dir, parent, "ledger-bench", &err);
    b->dir = dir;
    if (rc == 0 && file_exists(dir)) rc = file_remove_tree(dir, &err);
    if (rc == 0) rc = file_make_dirs(dir, &err);
    if (rc == 0) {
        say_machine(b);
        rc = run(b, names, n, &err);
        metric_print(&b->table);
        say_load("at the end");
        struct err write_err = {0};
        int wrote = metric_write(&b->table, tsv, &write_err);
        int removed = file_remove_tree(dir, &write_err);
        if (rc == 0 && (wrote != 0 || removed != 0)) {
            rc = write_err.code;
            err = write_err;
        }
    }
    if (rc != 0) {
        fprintf(stderr, "bench: %s\n", err.msg);
    }
    return rc != 0 ? 1 : 0;
}

static int usage(void) {
    fprintf(stderr,
            "usage: bench [--scale N] [--dir DIR] [--tsv FILE] [STAGE...]\n"
            "N from %llu to %llu; stages: append single threads prove verify keyed ingest query states evidence process\n",
            (unsigned long long)SCALE_MIN, (unsigned long long)SCALE_MAX);
    return 2;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"scale", required_argument, NULL, 's'},
                                            {"dir", required_argument, NULL, 'd'},
                                            {"tsv", required_argument, NULL, 't'},
                                            {0}};
    const char *parent = "build", *tsv = "build/bench.tsv";
    static struct bench b = {.scale = SCALE_DEFAULT};
    char *end;
    int c;
    if (argc > 1 && strcmp(argv[1], "--child") == 0) return child_main(argc - 2, argv + 2);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 's':
            errno = 0;
            b.scale = strtoull(optarg, &end, 10);
            if (errno != 0 || *end != 0 || b.scale < SCALE_MIN || b.scale > SCALE_MAX) {
                return usage();
            }
            break;
        case 'd':
            parent = optarg;
            break;
        case 't':
            tsv = optarg;
            break;
        default:
            return usage();
        }
    }
    int rc = check_names(argv + optind, argc - optind);
    if (rc == 0) rc = measure(&b, parent, tsv, argv + optind, argc - optind);
    return rc;
}
