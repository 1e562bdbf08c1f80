/* Root's steps are never root's: not even in a namespace, where a mistake of the kernel would make it root of the host. */
#include "work/confine/user.h"

#include <pwd.h>
#include <unistd.h>

enum { RECORD_MAX = 1 << 14 };

int confine_user_find(const char *name, struct confine_user *ret, struct err *err) {
    struct passwd entry, *found = NULL;
    char room[RECORD_MAX];
    if (geteuid() != 0 && getuid() != 0) {
        *ret = (struct confine_user){geteuid(), getegid(), false};
        return 0;
    }
    if (getpwnam_r(name, &entry, room, sizeof room, &found) != 0 || found == NULL) {
        return err_set(err, ERR_NOTFOUND, "there is no user '%s' to run a step as", name);
    }
    if (entry.pw_uid == 0 || entry.pw_gid == 0) {
        return err_set(err, ERR_INVALID, "user '%s' is root; a step runs as an unprivileged user", name);
    }
    *ret = (struct confine_user){entry.pw_uid, entry.pw_gid, true};
    return 0;
}
