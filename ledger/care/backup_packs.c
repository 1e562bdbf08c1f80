/* Installed packs: DIR/packs/sha256-<tree digest>, directories of regular files whose names are their digests, so that whoever
 * uses one checks it; here nothing is judged. A copy is held while it is read (flock, as by a run), so that it is not removed
 * under the backup. What else is in the store belongs to changes that have not ended. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/care/backup.h"
#include "ledger/event/event.h"

#define PACK     "sha256-"
#define PACK_LEN (sizeof(PACK) - 1 + 2 * EVENT_HASH)

#define DEPTH_MAX 512 /* of directories: a pack's paths have at most 1,024 bytes */

static int copy_tree(const char *from, const char *to, int depth, struct err *err);

static int copy_entry(const char *from, const char *to, int depth, struct err *err) {
    struct stat st;
    if (lstat(from, &st) != 0) return err_errno(err, errno, "'%s'", from);
    if (S_ISDIR(st.st_mode)) return copy_tree(from, to, depth + 1, err);
    if (!S_ISREG(st.st_mode))
        return 0; /* no pack has one: the copy is as wrong as the store is, and is noticed as that is */
    int rc = backup_copy_file(from, to, err);
    if (rc == 0 && chmod(to, (st.st_mode & S_IXUSR) != 0 ? 0555 : 0444) != 0) rc = err_errno(err, errno, "'%s'", to);
    return rc;
}

static int copy_tree(const char *from, const char *to, int depth, struct err *err) {
    if (depth > DEPTH_MAX) return 0; /* no pack has such a directory either */
    DIR *dir = opendir(from);
    if (dir == NULL) return err_errno(err, errno, "'%s'", from);
    int rc = mkdir(to, 0755) == 0 && chmod(to, 0755) == 0 ? 0 : err_errno(err, errno, "'%s'", to);
    for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;) {
        char a[FILE_PATH_MAX], b[FILE_PATH_MAX];
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) continue;
        rc = file_join(a, from, d->d_name, err);
        if (rc == 0) rc = file_join(b, to, d->d_name, err);
        if (rc == 0) rc = copy_entry(a, b, depth, err);
    }
    closedir(dir);
    return rc == 0 ? file_sync_dir(to, err) : rc;
}

static bool is_pack(const char *name) {
    return strlen(name) == PACK_LEN && strncmp(name, PACK, strlen(PACK)) == 0 &&
           strspn(name + strlen(PACK), "0123456789abcdef") == 2 * (size_t)EVENT_HASH;
}

/* One that was removed or replaced before it could be held is not copied: the log says what became of it. */
static int copy_pack(const char *from, const char *to, struct err *err) {
    struct stat held, named;
    int fd = open(from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : err_errno(err, errno, "'%s'", from);
    while (flock(fd, LOCK_SH) != 0 && errno == EINTR) {
    }
    bool is_still =
        fstat(fd, &held) == 0 && lstat(from, &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev;
    int rc = is_still ? copy_tree(from, to, 0, err) : 0;
    close(fd);
    return rc;
}

int backup_copy_packs(const char *from_dir, const char *to_dir, struct err *err) {
    char from[FILE_PATH_MAX], to[FILE_PATH_MAX];
    int rc = file_join(from, from_dir, "packs", err);
    if (rc == 0) rc = file_join(to, to_dir, "packs", err);
    DIR *dir = rc == 0 ? opendir(from) : NULL;
    if (rc != 0 || dir == NULL) return rc != 0 ? rc : errno == ENOENT ? 0 : err_errno(err, errno, "'%s'", from);
    rc = file_make_dirs(to, err);
    for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;) {
        char a[FILE_PATH_MAX], b[FILE_PATH_MAX];
        if (!is_pack(d->d_name)) continue;
        rc = file_join(a, from, d->d_name, err);
        if (rc == 0) rc = file_join(b, to, d->d_name, err);
        if (rc == 0) rc = copy_pack(a, b, err);
    }
    closedir(dir);
    return rc == 0 ? file_sync_dir(to, err) : rc;
}
