/* Several verifications may end at once and each raises a head, so the file is read, changed and written under flock on a file
 * beside it (the trust file itself is replaced by rename and cannot be locked). */
#include "cli/open/trustfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/call/cli.h"

#define TRUST_MAX ((size_t)1 << 20)

int trustfile_path(char ret[FILE_PATH_MAX], struct err *err) {
    char dir[FILE_PATH_MAX];
    int rc = cli_xdg(dir, "XDG_CONFIG_HOME", ".config", err);
    if (rc == 0) rc = file_join(ret, dir, "trust", err);
    return rc;
}

int trustfile_check(const char *path, struct err *err) {
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno == ENOENT ? 0 : err_errno(err, errno, "trust file '%s'", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(err, ERR_INVALID, "trust file '%s' is not a regular file", path);
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        return err_set(err, ERR_INVALID, "trust file '%s' belongs to another user", path);
    }
    if ((st.st_mode & 022) != 0) {
        return err_set(err, ERR_INVALID,
                       "trust file '%s' has mode %04o, others may write to it (expected 0644 or stricter)", path,
                       (unsigned)(st.st_mode & 07777));
    }
    return 0;
}

static int load(const char *path, struct policy **ret, struct buf *text, struct err *err) {
    struct policy *policy = policy_new();
    if (!policy) return err_set(err, ERR_NOMEM, "no memory for the trust file");
    int rc = trustfile_check(path, err);
    if (rc == 0 && file_exists(path)) {
        rc = file_read_regular(path, text, err);
        if (rc == 0) rc = policy_decode(policy, bytes_of_buf(text), true, path, err);
    }
    if (rc != 0) {
        policy_free(policy);
        return rc;
    }
    *ret = policy;
    return 0;
}

int trustfile_load(const char *path, struct policy **ret, struct err *err) {
    struct buf text = {.max = TRUST_MAX};
    int rc = load(path, ret, &text, err);
    buf_done(&text);
    return rc;
}

void trustfile_look(const char *path, struct bytes origin, struct policy_known *ret) {
    struct buf text = {.max = TRUST_MAX};
    memset(ret, 0, sizeof(*ret));
    if (trustfile_check(path, NULL) == 0 && file_exists(path) && file_read_regular(path, &text, NULL) == 0) {
        policy_look(bytes_of_buf(&text), origin, ret);
    }
    buf_done(&text);
}

static int change_locked(const char *path, trustfile_change_fn *change, void *ctx, struct err *err) {
    struct policy *policy = NULL;
    struct buf before = {.max = TRUST_MAX}, text = {.max = TRUST_MAX}, after = {.max = TRUST_MAX};
    int rc = load(path, &policy, &text, err);
    if (rc != 0) {
        goto out;
    }
    policy_encode(&before, policy);
    rc = change(policy, ctx, err);
    if (rc != 0) {
        goto out;
    }
    policy_encode(&after, policy);
    rc = buf_check(&before, "the trust file", err);
    if (rc == 0) rc = buf_check(&after, "the trust file", err);
    if (rc == 0 && !bytes_eq(bytes_of_buf(&before), bytes_of_buf(&after))) {
        rc = file_write_durable(path, bytes_of_buf(&after), 0600, err);
    }
out:
    buf_done(&after);
    buf_done(&text);
    buf_done(&before);
    policy_free(policy);
    return rc;
}

int trustfile_update(const char *path, trustfile_change_fn *change, void *ctx, struct err *err) {
    char lock[FILE_PATH_MAX];
    char dir[FILE_PATH_MAX];
    if (snprintf(lock, sizeof(lock), "%s.lock", path) >= (int)sizeof(lock)) {
        return err_set(err, ERR_LIMIT, "the trust file's path is too long");
    }
    memcpy(dir, path, strlen(path) + 1);
    char *slash = strrchr(dir, '/');
    if (slash && slash != dir) {
        *slash = '\0';
        int rc = file_make_dirs(dir, err);
        if (rc != 0) return rc;
    }
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return err_errno(err, errno, "lock file '%s'", lock);
    int rc = 0;
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            rc = err_errno(err, errno, "locking '%s'", lock);
            break;
        }
    }
    if (rc == 0) rc = change_locked(path, change, ctx, err);
    close(fd);
    return rc;
}
