/* A walk by descriptors, so that a name that changes meanwhile cannot lead elsewhere. */
#include "work/limits/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 128, BLOCK = 512, ENTRY = 4096, PATH_ROOM = 32 };

struct walk {
    struct limits_files *sum;
    uint64_t enough;
};

static uint64_t bytes_of_file(const struct stat *st) {
    return (uint64_t)st->st_blocks * BLOCK;
}

static bool has_gone(int errnum) {
    return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP;
}

static void walk_dir(struct walk *w, int fd, int depth);

static void enter(struct walk *w, int dir, const char *name, int depth) {
    int fd = depth < DEPTH_MAX ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd >= 0) {
        walk_dir(w, fd, depth);
    } else if (depth >= DEPTH_MAX || !has_gone(errno)) {
        w->sum->hidden++;
    }
}

/* Takes `fd`. An entry counts at least a block: names are not free. */
static void walk_dir(struct walk *w, int fd, int depth) {
    DIR *d = fdopendir(fd);
    if (d == NULL) {
        close(fd);
        w->sum->hidden++;
        return;
    }
    for (struct dirent *e; w->sum->bytes < w->enough && (e = readdir(d)) != NULL;) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            w->sum->hidden += has_gone(errno) ? 0 : 1;
            continue;
        }
        uint64_t size = bytes_of_file(&st);
        w->sum->bytes += size > ENTRY ? size : ENTRY;
        if (S_ISDIR(st.st_mode)) {
            enter(w, dirfd(d), e->d_name, depth + 1);
        }
    }
    closedir(d);
}

void limits_files_count(int fd, uint64_t enough, struct limits_files *sum) {
    struct stat st;
    struct walk w = {sum, enough};
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        enter(&w, fd, ".", 0);
    } else if (fstat(fd, &st) == 0) {
        sum->bytes += bytes_of_file(&st);
    }
}

/* Its bytes, if it was not seen yet; what cannot be remembered cannot be counted either. */
static void add_unnamed(struct limits_seen *seen, const struct stat *st, struct limits_files *sum) {
    for (size_t i = 0; i < seen->n; i++) {
        if (seen->file[i].ino == st->st_ino && seen->file[i].dev == st->st_dev) {
            return;
        }
    }
    if (seen->n == LIMITS_SEEN_MAX) {
        sum->hidden++;
        return;
    }
    seen->file[seen->n].dev = st->st_dev;
    seen->file[seen->n++].ino = st->st_ino;
    sum->bytes += bytes_of_file(st);
}

void limits_files_unnamed(pid_t pid, const dev_t *devices, size_t devices_n, struct limits_seen *seen,
                          struct limits_files *sum) {
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        struct stat st;
        bool counts = false;
        if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, 0) != 0 || !S_ISREG(st.st_mode) || st.st_nlink > 0) {
            continue;
        }
        for (size_t i = 0; i < devices_n; i++) {
            counts = counts || devices[i] == st.st_dev;
        }
        if (counts && st.st_blocks > 0) {
            add_unnamed(seen, &st, sum);
        }
    }
    if (d != NULL) {
        closedir(d);
    }
}
