/* The same profile as that of the source hardware, so that its digest is the one that is recorded there. */
#include "evals/run/machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/hardware/hardware.h"

#define PROFILE_MAX ((size_t)256 << 10)

int run_machine_look(struct run_machine *ret, struct err *err) {
    struct hardware_profile *profile = calloc(1, sizeof(*profile));
    struct buf stable = {.max = PROFILE_MAX};
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    *ret = (struct run_machine){0};
    if (profile == NULL) return err_set(err, ERR_NOMEM, "no memory for the machine's profile");
    hardware_probe("/", profile);
    int rc = hardware_encode(&stable, profile, "", err);
    if (rc == 0) {
        const struct bytes whole = bytes_of_buf(&stable);
        hash_parts(digest, &whole, 1);
        text_hex(hex, digest, HASH_LEN);
        (void)snprintf(ret->digest, sizeof(ret->digest), "sha256:%s", hex);
        (void)snprintf(ret->cpu, sizeof(ret->cpu), "%s", profile->cpu_model);
        (void)snprintf(ret->arch, sizeof(ret->arch), "%s", profile->arch);
        ret->threads = profile->threads;
        ret->memory_bytes = profile->memory_bytes;
    }
    buf_done(&stable);
    free(profile);
    return rc;
}
