/* The lock is held before it has its name, so that nobody ever sees one of a living process that is free. */
#include "evals/run/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "packs/run/place.h"

#define PREFIX "ledger-eval-"
#define LOCK   ".lock"

static const char *top(void) {
    const char *tmp = getenv("TMPDIR");
    return tmp != NULL && tmp[0] == '/' && strlen(tmp) < FILE_PATH_MAX / 2 ? tmp : "/tmp";
}

void run_workspace_drop(const char *path) {
    uint64_t files = 0;
    if (path[0] != '\0') (void)place_wipe(path, &files, NULL);
}

/* ---- what killed evaluations left --------------------------------------------------------------------------------------- */

/* A directory of this user, with a lock that nobody holds. */
static bool is_dead(int dir) {
    struct stat st;
    if (fstat(dir, &st) != 0 || st.st_uid != geteuid()) return false;
    int lock = openat(dir, LOCK, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0) return false;
    bool dead =
        fstat(lock, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && flock(lock, LOCK_EX | LOCK_NB) == 0;
    close(lock);
    return dead;
}

/* What cannot be removed is left to the next one. */
static void sweep(void) {
    char path[FILE_PATH_MAX];
    const struct dirent *entry;
    DIR *all = opendir(top());
    while (all != NULL && (entry = readdir(all)) != NULL) {
        if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) != 0) continue;
        int dir = openat(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool dead = dir >= 0 && is_dead(dir);
        if (dir >= 0) close(dir);
        if (dead && file_join(path, top(), entry->d_name, NULL) == 0) run_workspace_drop(path);
    }
    if (all != NULL) closedir(all);
}

/* ---- one's own ---------------------------------------------------------------------------------------------------------- */

static int hold(struct run_workspace *w, struct err *err) {
    char before[FILE_PATH_MAX], after[FILE_PATH_MAX];
    int rc = file_join(before, w->path, LOCK ".new", err);
    if (rc == 0) rc = file_join(after, w->path, LOCK, err);
    if (rc == 0) w->lock = open(before, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool held = rc == 0 && w->lock >= 0 && flock(w->lock, LOCK_EX | LOCK_NB) == 0 && rename(before, after) == 0;
    return rc != 0 || held ? rc : err_errno(err, errno, "cannot hold '%s'", after);
}

int run_workspace_open(struct run_workspace *ret, struct err *err) {
    *ret = (struct run_workspace){.lock = -1};
    sweep();
    (void)snprintf(ret->path, sizeof(ret->path), "%s/" PREFIX "XXXXXX", top());
    if (mkdtemp(ret->path) == NULL) {
        int failed = errno;
        ret->path[0] = '\0';
        return err_errno(err, failed, "cannot make a workspace in '%s'", top());
    }
    return hold(ret, err);
}

int run_workspace_sample(struct run_workspace *workspace, char ret[FILE_PATH_MAX], struct err *err) {
    char name[32];
    (void)snprintf(name, sizeof(name), "%lu", __atomic_fetch_add(&workspace->made, 1, __ATOMIC_RELAXED));
    int rc = file_join(ret, workspace->path, name, err);
    if (rc == 0 && mkdir(ret, 0700) != 0) rc = err_errno(err, errno, "cannot make a workspace");
    if (rc != 0) ret[0] = '\0';
    return rc;
}

void run_workspace_close(struct run_workspace *workspace) {
    run_workspace_drop(workspace->path);
    if (workspace->lock >= 0) close(workspace->lock);
    workspace->path[0] = '\0';
    workspace->lock = -1;
}
