/* Arbitrary bytes as a peer of a status of Tailscale: refused with a message, or an id fit for headers and views within it. */
#include <stdlib.h>
#include <string.h>

#include "base/answer/member.h"
#include "ingest/tailscale/tailscale.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static void take(struct bytes raw) {
    struct tailscale_peer p;
    struct err err = {0};
    int rc = tailscale_peer_read(raw, &p, &err);
    want(rc == 0 || (rc == ERR_INVALID && err.msg[0] != '\0'));
    if (rc != 0) return;
    want(p.id[0] != '\0' && strlen(p.id) <= 64 && strchr(p.id, '/') == NULL);
    want(p.addresses.n == 0 || mp_check(p.addresses, NULL) == 0);
    want(p.tags.n == 0 || mp_check(p.tags, NULL) == 0);
    want(p.key_expires == MEMBER_NONE || p.key_expires <= MP_INT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf mp = {.max = TAILSCALE_MP_MAX};
    if (member_parse((struct bytes){data, size}, TAILSCALE_DOC_MAX, TAILSCALE_VALUES_MAX, &mp, NULL) == 0) {
        struct bytes raw = bytes_of_buf(&mp), self = member_raw(raw, "Self");
        take(raw);
        if (self.n > 0) take(self);
    }
    buf_done(&mp);
    return 0;
}
