/* The file that is changed is the one that was opened and looked at: a name may lead elsewhere a moment later. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/fix/fix.h"

struct looking {
    const struct fix_options *options;
    struct fix *fix;
};

static int each_file(void *ctx, const struct log_key_file *file, struct err *err) {
    const struct looking *looking = ctx;
    const char *name = strrchr(file->path, '/');
    (void)err;
    if (!file->exposed || file->owner != geteuid() || strlen(file->path) >= FILE_PATH_MAX) return 0;
    struct fix_repair *repair =
        fix_add(looking->fix, looking->options, FIX_KEYS, bytes_of(name != NULL ? name + 1 : file->path));
    if (repair != NULL) {
        snprintf(repair->path, sizeof(repair->path), "%s", file->path);
    }
    return 0;
}

int fix_keys_look(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err) {
    struct looking looking = {options, fix};
    return log_key_files(ledger, each_file, &looking, err);
}

/* Why the file is not ours to change; NULL: it is. A second name may belong to somebody who relies on the mode. */
static const char *reason_against(const struct stat *st) {
    return !S_ISREG(st->st_mode)     ? "it is not a regular file"
           : st->st_uid != geteuid() ? "it belongs to another user"
           : st->st_nlink > 1        ? "it has a second name (a hard link)"
                                     : NULL;
}

void fix_keys_mend(struct fix_repair *repair) {
    struct stat st;
    int fd = open(repair->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        fix_end(repair, errno == ELOOP ? FIX_REFUSED : FIX_ERROR,
                errno == ELOOP ? "it is a symbolic link, which is not followed" : strerror(errno));
        return;
    }
    if (fstat(fd, &st) != 0) {
        fix_end(repair, FIX_ERROR, strerror(errno));
    } else if (reason_against(&st) != NULL) {
        fix_end(repair, FIX_REFUSED, reason_against(&st));
    } else if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
        fix_end(repair, FIX_OK, "");
    } else {
        fix_end(repair, fchmod(fd, 0600) == 0 ? FIX_OK : FIX_ERROR, "");
        if (repair->outcome != FIX_OK) fix_end(repair, FIX_ERROR, strerror(errno));
    }
    close(fd);
}
