/* A process's clock has its own time, /proc/PID/stat that of those that it waited for, and its threads; /proc/PID/status has
 * memory (smaps_rollup the exact shares of it), /proc/PID/task/TID/children the next ones. A process that goes away between two reads counts as gone. The first process of a namespace has everything of it below itself, because
 * it inherits what loses its parent. */
#include "work/limits/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "work/limits/pids.h"

enum { PIDS_MAX = 1 << 14, TEXT_MAX = 1 << 15, PATH_ROOM = 64, US_PER_S = 1000000, NS_PER_US = 1000, KIB = 1024 };

struct walk {
    pid_t pids[PIDS_MAX];
    size_t n;
    char text[TEXT_MAX];
};

static char *read_text(struct walk *w, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    ssize_t got, n = 0;
    while (n < TEXT_MAX - 1 && (got = read(fd, w->text + n, (size_t)(TEXT_MAX - 1 - n))) > 0) {
        n += got;
    }
    close(fd);
    w->text[n] = 0;
    return n > 0 ? w->text : NULL;
}

static void add_children(struct walk *w, pid_t pid) {
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        struct limits_pids children;
        if (e->d_name[0] == '.' ||
            snprintf(path, sizeof path, "/proc/%d/task/%.12s/children", (int)pid, e->d_name) >= PATH_ROOM) {
            continue;
        }
        limits_pids_open(&children, path);
        for (pid_t child; w->n < PIDS_MAX && (child = limits_pids_next(&children)) != 0;) {
            w->pids[w->n++] = child;
        }
        limits_pids_close(&children);
    }
    if (d != NULL) {
        closedir(d);
    }
}

/* The sum of two fields, "Name:   123 kB", each at the start of a line. */
static uint64_t sum_of(const char *text, const char *one, const char *two) {
    uint64_t sum = 0;
    for (const char *p = text; p != NULL; p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL) {
        size_t n = strncmp(p, one, strlen(one)) == 0 ? strlen(one) : strncmp(p, two, strlen(two)) == 0 ? strlen(two) : 0;
        sum += n > 0 ? strtoull(p + n, NULL, 10) * KIB : 0;
    }
    return sum;
}

/* With its page tables, which grow with what it merely looks at. */
static uint64_t memory_of(struct walk *w, pid_t pid, bool exact) {
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    const char *text = exact ? read_text(w, path) : NULL;
    uint64_t shares = text != NULL ? sum_of(text, "Pss_Anon:", "Pss_Shmem:") : 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    const char *status = read_text(w, path);
    return sum_of(status, "VmPTE:", "VmPTE:") + (text != NULL ? shares : sum_of(status, "RssAnon:", "RssShmem:"));
}

/* Fields of stat as proc(5) numbers them; the name, which may hold anything, ends with the last parenthesis. */
enum { STAT_CUTIME = 16, STAT_CSTIME = 17, STAT_THREADS = 20 };

/* Of a process itself, exactly; 0: it is gone. */
static uint64_t own_us(pid_t pid) {
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (uint64_t)used.tv_sec * US_PER_S + (uint64_t)used.tv_nsec / NS_PER_US;
}

static void add_stat(struct walk *w, pid_t pid, bool count, struct limits_tree *ret) {
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    char *text = read_text(w, path);
    char *p = text != NULL ? strrchr(text, ')') : NULL;
    uint64_t ticks = 0;
    long per_s = sysconf(_SC_CLK_TCK);
    for (int field = 2; p != NULL && field < STAT_THREADS; field++) {
        p = strchr(p + 1, ' ');
        if (p != NULL && field + 1 >= STAT_CUTIME && field + 1 <= STAT_CSTIME) {
            ticks += strtoull(p, NULL, 10);
        }
    }
    if (p != NULL) {
        ret->processes += count ? strtoull(p, NULL, 10) : 0;
        ret->cpu_us += own_us(pid) + ticks * US_PER_S / (uint64_t)(per_s > 0 ? per_s : 100);
    }
    ret->memory += count ? memory_of(w, pid, false) : 0;
}

/* `look` is called for `top` first. */
static void walk(pid_t top, void (*look)(void *ctx, struct walk *w, pid_t pid), void *ctx) {
    struct walk *w = malloc(sizeof *w);
    if (w == NULL) {
        return;
    }
    w->pids[0] = top;
    w->n = 1;
    for (size_t i = 0; i < w->n; i++) {
        look(ctx, w, w->pids[i]);
        add_children(w, w->pids[i]);
    }
    free(w);
}

static void look_at_stat(void *ctx, struct walk *w, pid_t pid) {
    add_stat(w, pid, pid != w->pids[0], ctx);
}

void limits_tree_count(pid_t top, struct limits_tree *ret) {
    *ret = (struct limits_tree){0};
    walk(top, look_at_stat, ret);
}

static void look_at_memory(void *ctx, struct walk *w, pid_t pid) {
    uint64_t *sum = ctx;
    *sum += pid != w->pids[0] ? memory_of(w, pid, true) : 0;
}

uint64_t limits_tree_memory(pid_t top) {
    uint64_t sum = 0;
    walk(top, look_at_memory, &sum);
    return sum;
}

struct each {
    limits_tree_fn *look;
    void *ctx;
};

static void look_at_each(void *ctx, struct walk *w, pid_t pid) {
    const struct each *each = ctx;
    if (pid != w->pids[0]) {
        each->look(each->ctx, pid);
    }
}

void limits_tree_each(pid_t top, limits_tree_fn *look, void *ctx) {
    struct each each = {look, ctx};
    walk(top, look_at_each, &each);
}
