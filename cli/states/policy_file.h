/* A policy's file: the fields of policy.declared as a map of YAML or JSON. */
#ifndef CLI_STATES_POLICY_FILE_H
#define CLI_STATES_POLICY_FILE_H

#include "cli/act/body.h"

struct policy_file {
    struct body *body; /* owned: body_free, also after a failure */
    char name[256], version[128], digest[BODY_DIGEST_MAX];
    uint64_t rules, tiers;
};

/* Reads and checks it, as append would. The digest of the file is one of its fields unless it states one. ERR_INVALID with
 * "FILE:LINE:COLUMN: ...". */
int policy_file_read(const char *path, struct policy_file *ret, struct err *err);

#endif
