/* Control groups by their files; no daemon is asked.
 *
 *   version 2   DIR/memory.max, memory.swap.max, memory.oom.group, pids.max; memory.events and pids.events say what was
 *               refused, cgroup.kill ends all. A group that has processes cannot hand controllers down, so the new group is
 *               made beside the one this process is in, or above it.
 *   version 1   two directories, one below each hierarchy's group of this process; there is no kill, so the processes are
 *               listed and killed until none is left
 *
 * A group is called ledger-step-PID-N. One whose PID is gone was left by a killed process, and is removed. */
#include "work/limits/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "work/limits/pids.h"

#define PREFIX "ledger-step-"

enum { SMALL_FILE = 1 << 16, DONE_TRIES = 1000, DONE_PAUSE_NS = 1000000, DIR_MODE = 0700 };

static bool read_small(const char *dir, const char *name, char *ret, size_t room) {
    char path[FILE_PATH_MAX];
    if (file_join(path, dir, name, NULL) != 0) {
        return false;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 0;
    while (fd >= 0 && n + 1 < room && (got = read(fd, ret + n, room - 1 - n)) > 0) {
        n += (size_t)got;
    }
    ret[n] = 0;
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0 && got >= 0;
}

static int write_small(const char *dir, const char *name, const char *text) {
    char path[FILE_PATH_MAX];
    if (file_join(path, dir, name, NULL) != 0) {
        return -1;
    }
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = fd >= 0 ? file_put_all(fd, (const uint8_t *)text, strlen(text)) : -1;
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

static int write_number(const char *dir, const char *name, uint64_t value) {
    char text[TEXT_TIME_MAX];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return write_small(dir, name, text);
}

/* Whether a word is in a list that is separated by `by` or ends. */
static bool has_word(const char *list, const char *word, char by) {
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)) != NULL; p += n) {
        bool starts = p == list || p[-1] == by;
        if (starts && (p[n] == by || p[n] == 0 || p[n] == '\n' || p[n] == ':')) {
            return true;
        }
    }
    return false;
}

/* This process's group in a hierarchy: of version 2 for NULL, else of the controller's. */
static bool own_group(const char *controller, char ret[FILE_PATH_MAX]) {
    char text[SMALL_FILE];
    if (!read_small("/proc/self", "cgroup", text, sizeof text)) {
        return false;
    }
    for (char *line = text, *next; line != NULL && *line != 0; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = 0;
        }
        char *names = strchr(line, ':');
        char *path = names != NULL ? strchr(names + 1, ':') : NULL;
        if (path == NULL) {
            continue;
        }
        *path++ = 0;
        names++;
        if (controller == NULL ? *names == 0 : has_word(names, controller, ',')) {
            return snprintf(ret, FILE_PATH_MAX, "%s", path) < FILE_PATH_MAX;
        }
    }
    return false;
}

/* Where a hierarchy is mounted, from /proc/self/mounts: "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0". */
static bool mounted_at(const char *controller, char ret[FILE_PATH_MAX]) {
    char *text = malloc(SMALL_FILE * 4), *rest = NULL;
    bool found = false;
    if (text != NULL && read_small("/proc/self", "mounts", text, (size_t)SMALL_FILE * 4)) {
        for (char *line = strtok_r(text, "\n", &rest); !found && line != NULL; line = strtok_r(NULL, "\n", &rest)) {
            char *field[4] = {0}, *in = NULL;
            char *word = strtok_r(line, " ", &in);
            for (size_t i = 0; i < 4 && word != NULL; i++, word = strtok_r(NULL, " ", &in)) {
                field[i] = word;
            }
            if (field[3] != NULL && strcmp(field[2], controller == NULL ? "cgroup2" : "cgroup") == 0 &&
                (controller == NULL || has_word(field[3], controller, ','))) {
                found = snprintf(ret, FILE_PATH_MAX, "%s", field[1]) < FILE_PATH_MAX;
            }
        }
    }
    free(text);
    return found;
}

static bool group_dir(const char *controller, char ret[FILE_PATH_MAX], size_t *ret_root) {
    char root[FILE_PATH_MAX], own[FILE_PATH_MAX];
    if (!mounted_at(controller, root) || !own_group(controller, own)) {
        return false;
    }
    *ret_root = strlen(root);
    return snprintf(ret, FILE_PATH_MAX, "%s%s", root, strcmp(own, "/") == 0 ? "" : own) < FILE_PATH_MAX;
}

/* Removes what processes that are gone have left. */
static void sweep(const char *dir) {
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0) {
            continue;
        }
        char path[FILE_PATH_MAX];
        long pid = strtol(e->d_name + strlen(PREFIX), NULL, 10);
        if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH && file_join(path, dir, e->d_name, NULL) == 0) {
            (void)rmdir(path); /* refused while something is in it */
        }
    }
    if (d != NULL) {
        closedir(d);
    }
}

static bool works(const struct limits_place *place) {
    struct limits_group group;
    char name[64];
    for (int i = 0; i < LIMITS_DIRS && place->dir[i][0] != 0; i++) {
        sweep(place->dir[i]);
    }
    (void)snprintf(name, sizeof name, PREFIX "%ld-try", (long)getpid());
    if (limits_cgroup_new(place, name, UINT64_C(1) << 30, 64, &group, NULL) != 0) {
        return false;
    }
    limits_cgroup_done(&group);
    return true;
}

/* Upwards from this process's own group. */
static bool find_2(struct limits_place *ret) {
    struct limits_place place = {.version = 2};
    size_t root;
    char given[SMALL_FILE];
    if (!group_dir(NULL, place.dir[0], &root)) {
        return false;
    }
    for (char *slash; place.dir[0][0] != 0; *slash = 0) {
        if (read_small(place.dir[0], "cgroup.subtree_control", given, sizeof given) && has_word(given, "memory", ' ') &&
            has_word(given, "pids", ' ') && works(&place)) {
            *ret = place;
            return true;
        }
        slash = strrchr(place.dir[0], '/');
        if (slash == NULL || (size_t)(slash - place.dir[0]) < root) {
            return false;
        }
    }
    return false;
}

void limits_cgroup_find(struct limits_place *ret) {
    size_t root;
    struct limits_place place = {.version = 1};
    *ret = (struct limits_place){0};
    if (!find_2(ret) && group_dir("memory", place.dir[0], &root) && group_dir("pids", place.dir[1], &root) &&
        works(&place)) {
        *ret = place;
    }
}

static int set_limits(const struct limits_group *g, uint64_t memory, uint64_t processes) {
    if (g->version == 2) {
        int rc = write_number(g->dir[0], "memory.max", memory) != 0 ? -1 : write_number(g->dir[0], "pids.max", processes);
        (void)write_small(g->dir[0], "memory.swap.max", "0"); /* absent without swap accounting */
        (void)write_small(g->dir[0], "memory.oom.group", "1");
        return rc;
    }
    int rc =
        write_number(g->dir[0], "memory.limit_in_bytes", memory) != 0 ? -1 : write_number(g->dir[1], "pids.max", processes);
    (void)write_number(g->dir[0], "memory.memsw.limit_in_bytes", memory);
    return rc;
}

int limits_cgroup_new(const struct limits_place *place, const char *name, uint64_t memory, uint64_t processes,
                      struct limits_group *ret, struct err *err) {
    struct limits_group g = {.version = place->version, .members = {-1, -1}, .born = -1};
    const char *file = place->version == 2 ? "cgroup.procs" : "tasks";
    int rc = 0;
    for (int i = 0; i < LIMITS_DIRS && rc == 0 && place->dir[i][0] != 0; i++) {
        char dir[FILE_PATH_MAX], members[FILE_PATH_MAX];
        rc = file_join(dir, place->dir[i], name, err);
        if (rc == 0) {
            rc = file_join(members, dir, file, err);
        }
        if (rc == 0 && mkdir(dir, DIR_MODE) != 0) {
            rc = err_errno(err, errno, "cannot make the control group '%s'", dir);
        }
        if (rc == 0) {
            memcpy(g.dir[i], dir, sizeof dir);
            g.members[i] = open(members, O_WRONLY | O_CLOEXEC);
            g.born = place->version == 2 ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        }
        if (rc == 0 && g.members[i] < 0) {
            rc = err_errno(err, errno, "cannot put a process into '%s'", dir);
        }
    }
    if (rc == 0 && set_limits(&g, memory, processes) != 0) {
        rc = err_errno(err, errno, "cannot set the limits of the control group '%s'", g.dir[0]);
    }
    if (rc == 0) {
        *ret = g;
    } else {
        limits_cgroup_done(&g);
    }
    return rc;
}

/* A process that moves itself by "tasks", alone, is the one move for which the kernel does not wait until no other process
 * forks (cgroup_threadgroup_rwsem), which takes it 7 to 15 ms; a birth in the group needs no move at all. */
pid_t limits_cgroup_fork(const struct limits_group *g, bool *ret_joined) {
    struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)g->born};
    pid_t pid = g->born >= 0 ? (pid_t)syscall(SYS_clone3, &args, sizeof args) : -1;
    *ret_joined = pid == 0;
    if (pid < 0) { /* version 1, a kernel before 5.7, or a filter that knows no clone3 */
        pid = fork();
        bool bad = false;
        for (int i = 0; pid == 0 && i < LIMITS_DIRS && !bad; i++) {
            bad = g->members[i] >= 0 && write(g->members[i], "0", 1) != 1;
        }
        *ret_joined = pid == 0 && !bad;
    }
    return pid;
}

/* The number after a word at the start of a line; 0: it is not there. */
static uint64_t number_after(const char *dir, const char *file, const char *word) {
    char text[SMALL_FILE];
    size_t n = strlen(word);
    if (!read_small(dir, file, text, sizeof text)) {
        return 0;
    }
    for (const char *p = text; p != NULL && *p != 0; p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL) {
        if (strncmp(p, word, n) == 0 && (n == 0 || p[n] == ' ')) {
            return strtoull(p + n, NULL, 10);
        }
    }
    return 0;
}

void limits_cgroup_used(const struct limits_group *g, struct limits_used *ret) {
    *ret = (struct limits_used){0};
    if (g->version == 2) {
        ret->memory_max = number_after(g->dir[0], "memory.peak", "");
        ret->memory_out = number_after(g->dir[0], "memory.events", "oom_kill") > 0;
        ret->processes_out = number_after(g->dir[0], "pids.events", "max") > 0;
    } else if (g->version == 1) {
        ret->memory_max = number_after(g->dir[0], "memory.max_usage_in_bytes", "");
        ret->memory_out = number_after(g->dir[0], "memory.oom_control", "oom_kill") > 0;
        ret->processes_out = number_after(g->dir[1], "pids.events", "max") > 0;
    }
}

uint64_t limits_cgroup_time(const struct limits_group *g) {
    return g->version == 2 ? number_after(g->dir[0], "cpu.stat", "usage_usec") : 0;
}

void limits_cgroup_kill(const struct limits_group *g) {
    char path[FILE_PATH_MAX];
    struct limits_pids members;
    if (g->version == 0 || (g->version == 2 && write_small(g->dir[0], "cgroup.kill", "1") == 0) ||
        file_join(path, g->dir[g->version == 1 ? 1 : 0], "cgroup.procs", NULL) != 0) {
        return;
    }
    limits_pids_open(&members, path);
    for (pid_t pid; (pid = limits_pids_next(&members)) != 0;) {
        if (pid > 1) {
            (void)kill(pid, SIGKILL);
        }
    }
    limits_pids_close(&members);
}

void limits_cgroup_done(struct limits_group *g) {
    for (int i = 0; i < LIMITS_DIRS; i++) {
        if (g->members[i] >= 0) {
            close(g->members[i]);
        }
        for (int tries = 0; g->dir[i][0] != 0 && rmdir(g->dir[i]) != 0 && errno == EBUSY && tries < DONE_TRIES; tries++) {
            limits_cgroup_kill(g);
            (void)nanosleep(&(struct timespec){0, DONE_PAUSE_NS}, NULL);
        }
    }
    if (g->born >= 0) {
        close(g->born);
    }
    *g = LIMITS_NO_GROUP;
}
