/* What every step of a run needs alike: bubblewrap, the user, a place for control groups, the keeper and the base filter. */
#include "work/run/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "work/confine/beneath.h"
#include "work/confine/bwrap.h"
#include "work/inside/image.h"
#include "work/seccomp/filter.h"

enum { FILTER_MAX = 1 << 18, MEMFD_EXEC = 0x10 };

static int put_keeper(struct work_host *host, struct err *err) {
    struct bytes image = inside_image();
    host->keeper = memfd_create("keeper", MFD_CLOEXEC | MFD_ALLOW_SEALING | MEMFD_EXEC);
    if (host->keeper < 0 && errno == EINVAL) { /* a kernel before 6.3, where every such file may be executed */
        host->keeper = memfd_create("keeper", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }
    if (host->keeper < 0 && errno == EACCES) {
        return err_set(err, ERR_IO,
                       "this machine does not execute files in memory (sysctl vm.memfd_noexec is 2), which a step needs");
    }
    if (host->keeper < 0 || file_put_all(host->keeper, image.p, image.n) != 0 ||
        fcntl(host->keeper, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return err_errno(err, errno, "cannot keep the first process of a step in memory");
    }
    return 0;
}

int work_host_open(const struct work_host_options *options, struct work_host **ret, struct err *err) {
    static const struct work_host_options none = {0};
    const struct work_host_options *o = options != NULL ? options : &none;
    struct work_host *host = calloc(1, sizeof *host);
    if (host == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    host->keeper = -1;
    buf_init(&host->filter, FILTER_MAX);
    host->bwrap = strdup(o->bwrap != NULL ? o->bwrap : WORK_BWRAP);
    int rc = host->bwrap == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    host->unconfined = o->unconfined;
    if (rc == 0 && !o->unconfined) {
        rc = confine_bwrap_find(host->bwrap, host->version, sizeof host->version, err);
    }
    if (rc == 0) {
        rc = confine_user_find(o->user != NULL ? o->user : WORK_USER, &host->user, err);
    }
    if (rc == 0 && !o->unconfined) {
        rc = seccomp_filter_base(&host->filter, err);
    }
    if (rc == 0) {
        rc = put_keeper(host, err);
    }
    if (rc == 0 && !o->supervisor) {
        limits_cgroup_find(&host->place);
    }
    if (rc == 0) {
        host->landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
        *ret = host;
    } else {
        work_host_close(host);
    }
    return rc;
}

void work_host_close(struct work_host *host) {
    if (host != NULL) {
        if (host->keeper >= 0) {
            close(host->keeper);
        }
        buf_done(&host->filter);
        free(host->bwrap);
        free(host);
    }
}

void work_host_user(const struct work_host *host, uid_t *ret_uid, gid_t *ret_gid) {
    *ret_uid = host->user.uid;
    *ret_gid = host->user.gid;
}

void work_host_state(const struct work_host *host, struct work_host_state *ret) {
    *ret = (struct work_host_state){.confined = !host->unconfined,
                                    .uid = host->user.uid,
                                    .gid = host->user.gid,
                                    .limits = host->place.version == 2   ? WORK_BY_CGROUP2
                                              : host->place.version == 1 ? WORK_BY_CGROUP1
                                                                         : WORK_BY_SUPERVISOR,
                                    .execute = host->unconfined ? WORK_EXEC_ANY
                                               : host->landlock ? WORK_EXEC_LANDLOCK
                                                                : WORK_EXEC_MOUNTS};
    memcpy(ret->bwrap, host->version, sizeof ret->bwrap);
}

int work_open_beneath(int root, const char *path, int *ret_fd, struct err *err) {
    return confine_beneath_open(root, path, ret_fd, err);
}
