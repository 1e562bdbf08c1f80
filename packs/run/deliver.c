/* Written under a temporary name beside its place, synced if it has to last, and renamed, which fails if the name was taken. */
#include "packs/run/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int deliver_where(const struct run_options *options, const char *id, char ret[FILE_PATH_MAX], struct err *err) {
    char name[FILE_PATH_MAX], parent[FILE_PATH_MAX];
    struct stat st;
    int rc = 0;
    if (options->out != NULL) {
        rc = strlen(options->out) < sizeof(name) ? file_join(ret, options->out, "", err)
                                                 : err_set(err, ERR_INVALID, "the path of --out is too long");
        for (size_t n = strlen(ret); rc == 0 && n > 1 && ret[n - 1] == '/'; n--) {
            ret[n - 1] = '\0';
        }
    } else {
        (void)snprintf(name, sizeof(name), "%s-%s", options->pack, id);
        rc = file_join(ret, options->workspace, name, err);
    }
    if (rc == 0) rc = file_parent(parent, ret, err);
    if (rc == 0 && lstat(ret, &st) == 0) {
        rc = err_set(err, ERR_INVALID, "'%s' exists already, expected a directory that does not", ret);
    } else if (rc == 0 && access(parent, W_OK | X_OK) != 0) {
        rc = err_errno(err, errno, "outputs cannot be put into '%s'", parent);
    }
    return rc;
}

static bool is_artifact(const struct running *run, struct bytes name) {
    const struct manifest_pack *pack = run->pack;
    bool is = pack->artifacts.n == 0 || run->options->part != NULL;
    for (size_t i = 0; i < pack->artifacts.n; i++) {
        is = is || bytes_eq(pack->artifacts.items[i].name, name);
    }
    return is;
}

static int finish_one(int dir, const char *name, bool lasts, struct err *err) {
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int rc =
        fd >= 0 && fchmod(fd, 0644) == 0 && (!lasts || fsync(fd) == 0) ? 0 : err_errno(err, errno, "cannot be written");
    if (fd >= 0) close(fd);
    return rc;
}

/* A run that was stopped before keeps what was made; one that is stopped now does not wait for it. */
static int copy_all(const struct running *run, int to, size_t *n, struct err *err) {
    struct place_source source = {.max = UINT64_MAX, .stop = running_stopped(run) ? NULL : run->options->stop};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < run->pack->steps.n; i++) {
        const struct manifest_step *step = &run->pack->steps.items[i];
        for (size_t j = 0; rc == 0 && j < step->outputs.n; j++) {
            struct bytes name = step->outputs.items[j];
            struct place_copy copy;
            if (!run->steps[i].data[j].made || !is_artifact(run, name)) continue;
            int from = openat(run->place.data, (const char *)name.p, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
            source.fd = from;
            rc = from >= 0 ? place_copy(&source, to, (const char *)name.p, &copy, err)
                           : err_errno(err, errno, "cannot be opened");
            if (from >= 0) close(from);
            if (rc == 0 && memcmp(copy.digest, run->steps[i].data[j].copy.digest, HASH_LEN) != 0) {
                rc = err_set(err, ERR_TAMPERED, "is not what was recorded");
            }
            if (rc == 0) rc = finish_one(to, (const char *)name.p, !run->options->scratch, err);
            if (rc != 0) err_prefix(err, "artifact '%.*s'", (int)name.n, (const char *)name.p);
            *n += rc == 0;
        }
    }
    return rc;
}

int deliver(const struct running *run, const char *where, size_t *ret, struct err *err) {
    char whole[FILE_PATH_MAX], parent[FILE_PATH_MAX], path[FILE_PATH_MAX];
    const bool lasts = !run->options->scratch;
    size_t n = 0;
    int rc = file_join(whole, where[0] == '/' ? "/" : run->options->workspace, where + (where[0] == '/'), err);
    if (rc == 0) rc = file_parent(parent, whole, err);
    if (rc == 0) rc = place_elsewhere(&run->place, parent, path, err);
    if (rc != 0) return rc;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    rc = fd >= 0 ? copy_all(run, fd, &n, err) : err_errno(err, errno, "cannot open '%s'", path);
    if (fd >= 0) close(fd);
    if (rc == 0 && n > 0 && lasts) rc = file_sync_dir(path, err);
    if (rc == 0 && n > 0 && renameat2(AT_FDCWD, path, AT_FDCWD, whole, RENAME_NOREPLACE) != 0) {
        rc = errno == EEXIST ? err_set(err, ERR_CONFLICT, "'%s' exists already", where)
                             : err_errno(err, errno, "cannot make '%s'", where);
    }
    if (rc != 0 || n == 0) {
        (void)file_remove_tree(path, NULL);
    } else if (lasts) {
        rc = file_sync_dir(parent, err);
    }
    if (rc == 0) {
        *ret = n;
    }
    return rc;
}

/* Whether a step that is run makes it. */
static bool is_wanted(const struct running *run, struct bytes output) {
    for (size_t i = 0; i < run->pack->steps.n; i++) {
        const struct manifest_step *step = &run->pack->steps.items[i];
        for (size_t j = 0; run->steps[i].wanted && j < step->outputs.n; j++) {
            if (bytes_eq(step->outputs.items[j], output)) return true;
        }
    }
    return false;
}

struct bytes deliver_missing(const struct running *run) {
    for (size_t i = 0; i < run->pack->artifacts.n; i++) {
        const struct manifest_artifact *artifact = &run->pack->artifacts.items[i];
        if (artifact->required && is_wanted(run, artifact->name) && running_datum(run, artifact->name) == NULL)
            return artifact->name;
    }
    return (struct bytes){0};
}
