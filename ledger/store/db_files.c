/* Whoever can write to the directory can also replace its files later; what is refused here is a directory that was
 * prepared: unpacked from an archive, or copied from a stranger's disk. */
#include "ledger/store/db_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static const char *const names[] = {"lock.mdb", "data.mdb"};

static int refuse_link(const char *path, struct err *err) {
    return err_set(err, ERR_INVALID, "'%s' is a symbolic link, which is not followed", path);
}

int db_files_check(const char *dir, struct err *err) {
    char path[FILE_PATH_MAX];
    struct stat st;
    if (lstat(dir, &st) != 0) return err_errno(err, errno, "'%s'", dir);
    if (S_ISLNK(st.st_mode)) return refuse_link(dir, err);
    if (!S_ISDIR(st.st_mode)) return err_set(err, ERR_INVALID, "'%s' is not a directory", dir);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int rc = file_join(path, dir, names[i], err);
        if (rc != 0) return rc;
        if (lstat(path, &st) != 0) {
            if (errno == ENOENT) continue;
            return err_errno(err, errno, "'%s'", path);
        }
        if (S_ISLNK(st.st_mode)) return refuse_link(path, err);
        if (!S_ISREG(st.st_mode)) return err_set(err, ERR_INVALID, "'%s' is not a regular file", path);
    }
    return 0;
}

int db_files_check_open(const char *dir, int fd, struct err *err) {
    char path[FILE_PATH_MAX];
    struct stat named, opened;
    int rc = db_files_check(dir, err);
    if (rc == 0) rc = file_join(path, dir, "data.mdb", err);
    if (rc != 0 || lstat(path, &named) != 0 || fstat(fd, &opened) != 0) return rc;
    return named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
               ? 0
               : err_set(err, ERR_BUSY, "'%s' was replaced while it was opened: try again", path);
}

void db_files_forbidden(const char *dir, char *ret, size_t size) {
    char path[FILE_PATH_MAX];
    *ret = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && *ret == '\0'; i++) {
        if (file_join(path, dir, names[i], NULL) == 0 && faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0 &&
            errno != ENOENT) {
            snprintf(ret, size, "'%s' cannot be read and written", path);
        }
    }
    if (*ret == '\0' && faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0) {
        snprintf(ret, size, "no file can be made in '%s'", dir);
    }
}
