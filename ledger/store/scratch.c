/* The files are unlinked as soon as they are open. */
#include "ledger/store/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

int scratch_db_open(const char *const *tables, size_t n_tables, uint64_t map_bytes, struct db **ret, struct err *err) {
    const struct db_options options = {
        .tables = tables, .n_tables = n_tables, .map_bytes = map_bytes, .create = true, .relaxed = true, .scratch = true};
    struct db *db = NULL;
    char dir[FILE_PATH_MAX];
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(dir, sizeof(dir), "%s/ledger-derived-XXXXXX", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof(dir)) {
        return err_set(err, ERR_LIMIT, "the path of the directory for temporary files is too long");
    }
    if (mkdtemp(dir) == NULL) {
        return err_set(err, errno == ENOSPC ? ERR_FULL : ERR_IO, "'%s': %s", dir, strerror(errno));
    }
    int rc = db_open(dir, &options, &db, err);
    int removed = file_remove_tree(dir, rc == 0 ? err : NULL);
    if (rc == 0) rc = removed;
    if (rc != 0) {
        db_close(db);
        return rc;
    }
    *ret = db;
    return 0;
}
