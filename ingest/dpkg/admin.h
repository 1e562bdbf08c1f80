/* What dpkg's own database says is installed on this machine now: the file `status` of its admin directory, a paragraph for each
 * package, and info/PACKAGE.list or info/PACKAGE:ARCHITECTURE.list, the paths of its files (dpkg-query(1), deb-control(5)).
 * Nothing is executed. What a running dpkg has only in its journal, `updates/`, is not seen. */
#ifndef INGEST_DPKG_ADMIN_H
#define INGEST_DPKG_ADMIN_H

#include "base/bytes.h"

#define DPKG_ADMIN_DIR        "/var/lib/dpkg"
#define DPKG_ADMIN_STATUS_MAX ((size_t)64 << 20)
#define DPKG_ADMIN_LIST_MAX   ((size_t)16 << 20)

struct dpkg_admin;
/* ERR_NOTFOUND: there is no dpkg here. Free with dpkg_admin_close, NULL is fine. */
int dpkg_admin_open(const char *dir, struct dpkg_admin **ret, struct err *err);
void dpkg_admin_close(struct dpkg_admin *admin);

/* Whether the package is installed and set up, of whatever architecture; *ret_version is borrowed from `admin`. */
bool dpkg_admin_installed(const struct dpkg_admin *admin, struct bytes package, struct bytes *ret_version);
/* The version of the installed package that owns a file: by its path, by the other of /x and /usr/x, and by what a
 * symbolic link at `path` leads to, in this order. Borrowed; false: no package owns it. Reads every list. */
bool dpkg_admin_owner(const struct dpkg_admin *admin, const char *path, struct bytes *ret_version);

#endif
