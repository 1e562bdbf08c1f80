/* Arbitrary bytes as an audit event of Kubernetes: refused with a message, or short words and canonical private fields. */
#include <stdlib.h>
#include <string.h>

#include "base/answer/member.h"
#include "base/mp.h"
#include "ingest/kubernetes/kubernetes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static void take(struct bytes raw) {
    struct kubernetes_event e;
    struct err err = {0};
    struct mp_map fields;
    struct buf out = {.max = KUBERNETES_BODY_MAX};
    int rc = kubernetes_event_read(raw, &e, &err);
    want(rc == 0 || (rc == ERR_INVALID && err.msg[0] != '\0'));
    if (rc != 0) return;
    want(e.stage[0] != '\0' && e.verb[0] != '\0' && strlen(e.resource) < sizeof(e.resource) && e.at <= MP_INT_MAX);
    mp_map_init(&fields, KUBERNETES_BODY_MAX);
    kubernetes_put_private(&fields, raw, &e);
    rc = mp_map_write(&fields, &out, &err);
    want(rc == ERR_LIMIT || (rc == 0 && mp_check(bytes_of_buf(&out), NULL) == 0));
    mp_map_done(&fields);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes left = {data, size};
    struct buf mp = {.max = KUBERNETES_MP_MAX};
    while (left.n > 0) {
        const uint8_t *lf = memchr(left.p, '\n', left.n);
        size_t n = lf != NULL ? (size_t)(lf - left.p) : left.n;
        buf_clear(&mp);
        if (member_parse((struct bytes){left.p, n}, KUBERNETES_DOC_MAX, KUBERNETES_VALUES_MAX, &mp, NULL) == 0) {
            take(bytes_of_buf(&mp));
        }
        n += lf != NULL;
        left = (struct bytes){left.p + n, left.n - n};
    }
    buf_done(&mp);
    return 0;
}
