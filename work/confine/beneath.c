/* The kernel resolves the path and keeps the rule; a rename meanwhile makes it fail, not escape. */
#include "work/confine/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"

enum { TRIES = 16 };

int confine_beneath_open(int root, const char *path, int *ret_fd, struct err *err) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    long fd = -1;
    for (int i = 0; i < TRIES && fd < 0 && (i == 0 || errno == EAGAIN); i++) {
        fd = syscall(SYS_openat2, root, path[0] != 0 ? path : ".", &how, sizeof how);
    }
    if (fd < 0 && (errno == EXDEV || errno == ELOOP)) {
        return err_set(err, ERR_INVALID, "'%s' %s", path,
                       errno == ELOOP ? "goes through a symbolic link" : "leaves its directory");
    }
    if (fd < 0) {
        return err_errno(err, errno, "cannot open '%s'", path);
    }
    *ret_fd = (int)fd;
    return 0;
}

const char *confine_beneath_fault(const char *inside) {
    static const char *const taken[] = {"/proc",  "/dev",   "/sys",    "/run/ledger", "/usr",  "/lib",
                                        "/lib32", "/lib64", "/libx32", "/bin",        "/sbin", "/etc"};
    size_t n = inside != NULL ? strlen(inside) : 0;
    if (n == 0 || inside[0] != '/' || n >= FILE_PATH_MAX) {
        return "is not an absolute path";
    }
    for (const char *p = inside; *p != 0;) {
        const char *next = strchr(p + 1, '/');
        size_t part = next != NULL ? (size_t)(next - p - 1) : strlen(p + 1);
        if (part == 0 || (part == 1 && p[1] == '.') || (part == 2 && p[1] == '.' && p[2] == '.')) {
            return "is not in plain form";
        }
        p += part + 1;
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        size_t k = strlen(taken[i]);
        if (strncmp(inside, taken[i], k) == 0 && (inside[k] == 0 || inside[k] == '/')) {
            return "is in a directory of the system";
        }
    }
    return strcmp(inside, "/run") == 0 || strcmp(inside, "/tmp") == 0 ? "is a directory of every step" : NULL;
}

const char *confine_beneath_fd_fault(int fd) {
    static const unsigned long kernels[] = {PROC_SUPER_MAGIC,   SYSFS_MAGIC,    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                                            DEBUGFS_MAGIC,      TRACEFS_MAGIC,  SECURITYFS_MAGIC,   BPF_FS_MAGIC,
                                            DEVPTS_SUPER_MAGIC, EFIVARFS_MAGIC, SELINUX_MAGIC,      NSFS_MAGIC,
                                            PSTOREFS_MAGIC,     BINFMTFS_MAGIC};
    struct stat st, root;
    struct statfs fs;
    if (fstat(fd, &st) != 0 || fstatfs(fd, &fs) != 0) {
        return "is not an open file";
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        return "is neither a file nor a directory";
    }
    if (stat("/", &root) != 0 || (root.st_dev == st.st_dev && root.st_ino == st.st_ino)) {
        return "is the root directory of this machine";
    }
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        if ((unsigned long)fs.f_type == kernels[i]) {
            return "is part of a file system of the kernel";
        }
    }
    return NULL;
}
