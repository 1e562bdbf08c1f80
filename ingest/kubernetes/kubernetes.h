/* The source "kubernetes": events of audit.k8s.io, one JSON object on a line as the API server's log backend writes them, or an
 * EventList as its webhook sends it. docs/ingest.md says what is recorded. */
#ifndef INGEST_KUBERNETES_KUBERNETES_H
#define INGEST_KUBERNETES_KUBERNETES_H

#include "base/mp_map.h"
#include "ingest/driver/intake.h"

#define KUBERNETES_DOC_MAX    ((size_t)8 << 20) /* of a document, or a line */
#define KUBERNETES_VALUES_MAX ((size_t)200000)
#define KUBERNETES_MP_MAX     (3 * KUBERNETES_DOC_MAX)
#define KUBERNETES_BODY_MAX   ((size_t)1 << 20)
#define KUBERNETES_WORD       64

/* What is open of an audit event; "" or 0: not stated. Views borrow from it. */
struct kubernetes_event {
    char verb[KUBERNETES_WORD], resource[2 * KUBERNETES_WORD], namespace_[KUBERNETES_WORD], stage[KUBERNETES_WORD];
    const char *decision; /* allow, deny, unknown */
    uint64_t http_status, at;
    struct bytes audit, user; /* its id; the name of who asked */
    bool reads;               /* it only read, and was allowed to */
};

/* One audit event, a canonical item. ERR_INVALID says what it is not. */
int kubernetes_event_read(struct bytes raw, struct kubernetes_event *ret, struct err *err);
/* Its private fields. */
void kubernetes_put_private(struct mp_map *fields, struct bytes raw, const struct kubernetes_event *event);

int kubernetes_read(struct intake *run, struct err *err);

#endif
