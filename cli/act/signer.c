/* A passphrase lives as long as it takes to unlock the key. */
#include "cli/act/signer.h"

#include <stdio.h>

#include "cli/open/unlock.h"

int signer_load(const char *path, const char *pass_fd, const char *pass_file, struct log_author **ret, struct err *err) {
    char what[FILE_PATH_MAX + 16];
    struct pass pass = {0};
    if (path == NULL) return 0;
    snprintf(what, sizeof(what), "the key in '%s'", path);
    int rc = unlock_file(path, pass_fd, pass_file, what, "key-passphrase", &pass, err);
    if (rc == 0) rc = log_author_load(path, pass_bytes(&pass), ret, err);
    pass_done(&pass);
    return rc;
}
