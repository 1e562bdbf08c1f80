/* Its files lose their names as soon as they are open. */
#include "ledger/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int scratch_db_open(struct scratch_db *scratch, uint64_t map_bytes, struct err *err) {
    char dir[FILE_PATH_MAX];
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(dir, sizeof(dir), "%s/ledger-derived-XXXXXX", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof(dir)) {
        return err_set(err, ERR_LIMIT, "the path of the directory for temporary files is too long");
    }
    if (mkdtemp(dir) == NULL) {
        return err_set(err, errno == ENOSPC ? ERR_FULL : ERR_IO, "'%s': %s", dir, strerror(errno));
    }
    int rc = derived_scratch(dir, map_bytes, &scratch->db, err);
    if (rc != 0) {
        scratch->db = NULL;
    }
    int removed = file_remove_tree(dir, rc == 0 ? err : NULL);
    if (rc == 0 && removed != 0) {
        scratch_db_close(scratch);
    }
    return rc != 0 ? rc : removed;
}

void scratch_db_close(struct scratch_db *scratch) {
    db_close(scratch->db);
    scratch->db = NULL;
}
