/* The whole status file is kept, and searched for each question: there are few of them. A list that cannot be read owns nothing. */
#include "ingest/dpkg/admin.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

#define CANDIDATES 4

struct dpkg_admin {
    char info[FILE_PATH_MAX];
    struct buf status;
};

int dpkg_admin_open(const char *dir, struct dpkg_admin **ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct dpkg_admin *admin = calloc(1, sizeof(*admin));
    if (admin == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    buf_init(&admin->status, DPKG_ADMIN_STATUS_MAX);
    int rc = file_join(path, dir, "status", err);
    if (rc == 0) rc = file_join(admin->info, dir, "info", err);
    if (rc == 0) rc = file_read_regular(path, &admin->status, err);
    if (rc != 0) {
        dpkg_admin_close(admin);
        return rc;
    }
    *ret = admin;
    return 0;
}

void dpkg_admin_close(struct dpkg_admin *admin) {
    if (admin != NULL) {
        buf_done(&admin->status);
        free(admin);
    }
}

/* The next line without its LF; false at the end. */
static bool next_line(struct bytes text, size_t *at, struct bytes *ret) {
    if (*at >= text.n) return false;
    const struct bytes rest = {text.p + *at, text.n - *at};
    const uint8_t *lf = bytes_find(rest, '\n');
    *ret = (struct bytes){rest.p, lf != NULL ? (size_t)(lf - rest.p) : rest.n};
    *at += ret->n + 1;
    return true;
}

/* ---- the status file -------------------------------------------------------------------------------------------------- */

/* "Field: value", by its name with the colon. */
static bool take_field(struct bytes line, const char *name, struct bytes *ret) {
    if (!bytes_has_prefix(line, name)) return false;
    ret->p = line.p + strlen(name);
    ret->n = line.n - strlen(name);
    while (ret->n > 0 && (ret->p[0] == ' ' || ret->p[0] == '\t')) {
        ret->p++;
        ret->n--;
    }
    while (ret->n > 0 && (ret->p[ret->n - 1] == ' ' || ret->p[ret->n - 1] == '\t')) {
        ret->n--;
    }
    return true;
}

/* The third word of "WANT FLAG STATE": what awaits triggers works already. */
static bool is_set_up(struct bytes status) {
    static const char *const states[] = {" ok installed", " ok triggers-awaited", " ok triggers-pending"};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        const struct bytes end = bytes_of(states[i]);
        if (status.n > end.n && bytes_eq((struct bytes){status.p + status.n - end.n, end.n}, end)) return true;
    }
    return false;
}

bool dpkg_admin_installed(const struct dpkg_admin *admin, struct bytes package, struct bytes *ret_version) {
    const struct bytes text = bytes_of_buf(&admin->status);
    struct bytes line, name = {0}, status = {0}, version = {0};
    for (size_t at = 0; next_line(text, &at, &line);) {
        (void)(take_field(line, "Package:", &name) || take_field(line, "Status:", &status) ||
               take_field(line, "Version:", &version));
        if (line.n > 0 && at < text.n) continue; /* the paragraph goes on */
        if (bytes_eq(name, package) && is_set_up(status) && version.n > 0) {
            *ret_version = version;
            return true;
        }
        name = status = version = (struct bytes){0};
    }
    return false;
}

/* ---- whose file ------------------------------------------------------------------------------------------------------- */

/* Paths under which a list may have the file, the best first. */
struct wanted {
    char path[CANDIDATES][FILE_PATH_MAX];
    size_t n;
};

static void want(struct wanted *w, const char *path) {
    static const char usr[] = "/usr";
    bool below = strncmp(path, usr, sizeof(usr) - 1) == 0 && path[sizeof(usr) - 1] == '/';
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(w->path[i], path) == 0) return;
    }
    if (w->n + 2 > CANDIDATES || strlen(path) + sizeof(usr) > FILE_PATH_MAX) return;
    (void)snprintf(w->path[w->n++], FILE_PATH_MAX, "%s", path);
    (void)snprintf(w->path[w->n++], FILE_PATH_MAX, "%s%s", below ? "" : usr, below ? path + sizeof(usr) - 1 : path);
}

/* The best of the wanted paths that is in the list; w->n: none. */
static size_t find_in_list(const struct dpkg_admin *admin, const char *name, const struct wanted *w) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = DPKG_ADMIN_LIST_MAX};
    struct bytes line;
    size_t best = w->n;
    int rc = file_join(path, admin->info, name, NULL);
    if (rc == 0) rc = file_read_regular(path, &text, NULL);
    for (size_t at = 0; rc == 0 && next_line(bytes_of_buf(&text), &at, &line);) {
        for (size_t i = 0; i < best; i++) {
            if (bytes_is(line, w->path[i])) {
                best = i;
            }
        }
    }
    buf_done(&text);
    return best;
}

/* "NAME.list" or "NAME:ARCHITECTURE.list". */
static bool package_of(const char *file, struct bytes *ret) {
    static const char suffix[] = ".list";
    size_t n = strlen(file);
    if (n < sizeof(suffix) || strcmp(file + n - (sizeof(suffix) - 1), suffix) != 0) return false;
    *ret = (struct bytes){(const uint8_t *)file, n - (sizeof(suffix) - 1)};
    const uint8_t *colon = bytes_find(*ret, ':');
    if (colon != NULL) {
        ret->n = (size_t)(colon - ret->p);
    }
    return true;
}

bool dpkg_admin_owner(const struct dpkg_admin *admin, const char *path, struct bytes *ret_version) {
    struct wanted *w = calloc(1, sizeof(*w));
    char *real = realpath(path, NULL);
    DIR *dir = opendir(admin->info);
    size_t best = CANDIDATES;
    if (w != NULL) {
        want(w, path);
        if (real != NULL) want(w, real);
    }
    for (const struct dirent *entry; w != NULL && dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct bytes package, version;
        if (!package_of(entry->d_name, &package)) continue;
        size_t found = find_in_list(admin, entry->d_name, w);
        if (found < w->n && found < best && dpkg_admin_installed(admin, package, &version)) {
            best = found;
            *ret_version = version;
        }
    }
    if (dir != NULL) closedir(dir);
    free(real);
    free(w);
    return best < CANDIDATES;
}
