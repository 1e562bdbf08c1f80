/* One look at an HTTP endpoint: does it answer, with the status and the JSON member that are expected? For checks of packs and
 * for the doctor. */
#ifndef WORK_PROBE_H
#define WORK_PROBE_H

#include "work/endpoint.h"

#define WORK_FOUND_MAX 256

struct work_probe {
    const char *url;     /* http or https, without a user part or a fragment; a query is sent, and shown nowhere */
    unsigned status;     /* 0: 200 to 299 */
    const char *member;  /* "models.0.name": names and indices into a JSON answer; NULL: the body does not matter */
    const char *value;   /* JSON, that the member equals; NULL: that it is there is enough */
    struct buf *to;      /* where a member is expected, the whole answer as a canonical item goes here; NULL: nowhere */
    const char *body;    /* a glob that the whole body matches; NULL: any */
    uint32_t timeout_ms; /* of everything; 0: 10 s */
    uint32_t bytes_max;  /* of the answer; 0: 1 MiB */
    bool off_box;        /* it may leave this box */
    bool named;          /* a name may not lead to an address that is not public, but localhost to the loopback */
    struct work_stop stop;
};

struct work_probe_result {
    enum work_call_end end; /* ok: an answer came, and was JSON where a member is expected */
    bool expected;          /* and it is what was expected */
    unsigned status;
    char why[WORK_WHY_MAX];     /* "" when it is as expected */
    char found[WORK_FOUND_MAX]; /* the member as JSON, cut; "" */
    struct work_place place;
    uint64_t elapsed_ns;
};

/* The host and port of a URL, as a probe takes it; nothing is looked up. ERR_INVALID, ERR_NOMEM. */
int work_probe_place(const char *url, struct work_place *ret, struct err *err);
/* Redirects are not followed. 0 also where it failed: the result says how. ERR_INVALID: the request is wrong; ERR_NOMEM,
 * ERR_IO. */
int work_probe_run(const struct work_probe *probe, struct work_probe_result *result, struct err *err);

#endif
