/* The order matters: a mount hides what was there before it, so the system comes first, then programs and binds from the
 * top down, and what closes the root comes last. */
#include "work/confine/args.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "work/inside/plan.h"

enum { REPORT_DIR_BYTES = 1 << 16, MASK_BYTES = 1 << 12 };

static const char *const always[] = {"--unshare-all", "--unshare-user",    "--disable-userns", "--cap-drop", "ALL",
                                     "--new-session", "--die-with-parent", "--clearenv",       "--as-pid-1", "--hostname",
                                     "step"};

/* Libraries, their data, and the few files by which they are found; nothing that differs between users. A link stays one. */
static const char *const system_paths[] = {"/usr/lib",          "/usr/share", "/lib",          "/lib64",
                                           "/etc/alternatives", "/etc/fonts", "/etc/localtime"};
/* Each mount takes time; these are for few. */
static const char *const network_paths[] = {"/etc/ssl/certs"};
static const char *const program_dirs[] = {"/bin", "/sbin"}; /* where a link leads to the one below /usr */

static void put(struct buf *out, const char *word) {
    (void)buf_put(out, word, strlen(word) + 1);
}

static void put_number(struct buf *out, uint64_t value) {
    (void)buf_printf(out, "%llu", (unsigned long long)value);
    (void)buf_put_u8(out, 0);
}

static void put_link(struct buf *out, const char *path) {
    char target[FILE_PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n > 0) {
        target[n] = 0;
        put(out, "--symlink");
        put(out, target);
        put(out, path);
    }
}

static void put_path(struct buf *out, const char *path) {
    struct stat st;
    if (lstat(path, &st) != 0) {
        return;
    }
    if (S_ISLNK(st.st_mode)) {
        put_link(out, path);
    } else {
        put(out, "--ro-bind");
        put(out, path);
        put(out, path);
    }
}

/* The directory of the loader holds little but links to it; as links they need no mount. */
static void put_loaders(struct buf *out, const char *dir) {
    char path[FILE_PATH_MAX];
    DIR *d = opendir(dir);
    put(out, "--dir");
    put(out, dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (e->d_name[0] != '.' && file_join(path, dir, e->d_name, NULL) == 0) {
            put_path(out, path);
        }
    }
    if (d != NULL) {
        closedir(d);
    }
}

static void put_system(const struct confine_args *args, struct buf *out) {
    for (size_t i = 0; i < sizeof system_paths / sizeof *system_paths; i++) {
        put_path(out, system_paths[i]);
    }
    for (size_t i = 0; args->network && i < sizeof network_paths / sizeof *network_paths; i++) {
        put_path(out, network_paths[i]);
    }
    put_loaders(out, "/usr/lib64");
    put(out, "--dir");
    put(out, "/usr/bin");
    for (size_t i = 0; i < sizeof program_dirs / sizeof *program_dirs; i++) {
        put_link(out, program_dirs[i]);
    }
}

static void put_scratch(struct buf *out, uint64_t bytes, const char *path) {
    put(out, "--size");
    put_number(out, bytes);
    put(out, "--tmpfs");
    put(out, path);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct confine_bind *)a)->inside, ((const struct confine_bind *)b)->inside);
}

/* A device cannot be opened where devices do not work. */
static void put_masks(const struct confine_args *args, struct buf *out) {
    for (size_t i = 0; args->masked != NULL && args->masked[i] != NULL; i++) {
        put_scratch(out, MASK_BYTES, args->masked[i]);
        put(out, "--remount-ro");
        put(out, args->masked[i]);
    }
    for (size_t i = 0; args->masked_files != NULL && args->masked_files[i] != NULL; i++) {
        put(out, "--ro-bind");
        put(out, "/dev/null");
        put(out, args->masked_files[i]);
    }
}

int confine_args_put(struct confine_args *args, struct buf *out, struct err *err) {
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        put(out, always[i]);
    }
    put_system(args, out);
    put(out, "--proc");
    put(out, "/proc");
    put(out, "--dev");
    put(out, "/dev");
    put_scratch(out, args->scratch, "/dev/shm");
    put_scratch(out, args->scratch, "/tmp");
    if (args->reporter) {
        put_scratch(out, REPORT_DIR_BYTES, INSIDE_DIR);
    }
    if (args->binds_n > 0) {
        qsort(args->binds, args->binds_n, sizeof *args->binds, by_path);
    }
    for (size_t i = 0; i < args->binds_n; i++) {
        if (i > 0 && strcmp(args->binds[i].inside, args->binds[i - 1].inside) == 0) {
            return err_set(err, ERR_INVALID, "'%s' is bound twice", args->binds[i].inside);
        }
        put(out, args->binds[i].writable ? "--bind-fd" : "--ro-bind-fd");
        put_number(out, (uint64_t)args->binds[i].fd);
        put(out, args->binds[i].inside);
    }
    put_masks(args, out);
    put(out, "--remount-ro");
    put(out, "/dev");
    put(out, "--remount-ro");
    put(out, "/");
    put(out, "--chdir");
    put(out, args->directory);
    put(out, "--seccomp");
    put_number(out, (uint64_t)args->filter);
    return buf_check(out, "the arguments of bubblewrap", err);
}
