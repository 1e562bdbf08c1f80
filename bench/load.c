/* Drafts and wire bytes are kept between slices and grow to the largest slice, so that memory is warm for the next slice,
 * for the ledger and the baselines alike. */
#include "bench/load.h"

#include <stdlib.h>
#include <string.h>

#include "bench/metric.h"

#define WIRE_MAX ((size_t)1 << 30)

static int grow(struct load *load, size_t n, struct err *err) {
    if (n <= load->cap) return 0;
    struct workload *w = realloc(load->w, n * sizeof(*w));
    if (w == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    load->w = w;
    for (; load->cap < n; load->cap++) {
        workload_init(&w[load->cap]);
    }
    return 0;
}

int load_make(struct load *load, uint64_t from, size_t n, bool keyed, struct err *err) {
    int rc = grow(load, n, err);
    if (rc != 0) return rc;
    load->n = n;
    for (size_t i = 0; i < n && rc == 0; i++) {
        workload_make(&load->w[i], from + i, keyed);
        rc = buf_check(&load->w[i].body, "a body of the workload", err);
    }
    return rc;
}

void load_done(struct load *load) {
    for (size_t i = 0; i < load->cap; i++) {
        workload_done(&load->w[i]);
    }
    free(load->w);
    *load = (struct load){0};
}

int load_append(const struct load *load, struct ledger *ledger, double *ret_s, struct err *err) {
    struct log_batch *batch = NULL;
    double start = metric_now();
    int rc = log_batch_new(ledger, &batch, err);
    for (size_t i = 0; i < load->n && rc == 0; i++) {
        rc = log_batch_add(batch, &load->w[i].draft, err);
        if (rc == 0 && ((i + 1) % LOAD_COMMIT == 0 || i + 1 == load->n)) {
            rc = log_batch_commit(batch, NULL, NULL, NULL, err);
        }
    }
    log_batch_free(batch);
    if (rc == 0) {
        *ret_s = metric_now() - start;
    }
    return rc;
}

int load_fill(struct ledger *ledger, uint64_t from, uint64_t n, bool keyed, struct err *err) {
    struct load load = {0};
    int rc = 0;
    double unused;
    while (n > 0 && rc == 0) {
        size_t some = n < LOAD_COMMIT ? (size_t)n : LOAD_COMMIT;
        rc = load_make(&load, from, some, keyed, err);
        if (rc == 0) rc = load_append(&load, ledger, &unused, err);
        from += some;
        n -= some;
    }
    load_done(&load);
    return rc;
}

void wire_init(struct wire *wire) {
    *wire = (struct wire){0};
    buf_init(&wire->bytes, WIRE_MAX);
}

void wire_done(struct wire *wire) {
    buf_done(&wire->bytes);
    free(wire->event);
    wire_init(wire);
}

static int wire_put(struct wire *wire, const struct log_event *event, struct err *err) {
    struct wire_event *e = &wire->event[wire->n];
    if (event->has_private) {
        return err_set(err, ERR_INVALID, "event %llu has private fields", (unsigned long long)event->seq);
    }
    *e = (struct wire_event){.at = wire->bytes.n, .header_n = event->header.n, .payload_n = event->payload.n};
    memcpy(e->salt, event->salt, sizeof(e->salt));
    buf_put_bytes(&wire->bytes, event->header);
    buf_put_bytes(&wire->bytes, event->payload);
    wire->n++;
    return buf_check(&wire->bytes, "events read back", err);
}

int wire_read(struct wire *wire, struct ledger *ledger, uint64_t from, size_t n, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    if (n > wire->cap) {
        struct wire_event *p = realloc(wire->event, n * sizeof(*p));
        if (p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
        wire->event = p;
        wire->cap = n;
    }
    wire->n = 0;
    buf_clear(&wire->bytes);
    int rc = log_reader_open(ledger, from, from + n, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0) {
        rc = wire_put(wire, &event, err);
    }
    log_reader_close(reader);
    if (rc == 1 && wire->n != n) {
        return err_set(err, ERR_CORRUPT, "%zu events read back where %zu were appended", wire->n, n);
    }
    return rc == 1 ? 0 : rc;
}

struct bytes wire_at(const struct wire *wire, size_t i) {
    const struct wire_event *e = &wire->event[i];
    return (struct bytes){wire->bytes.p + e->at, e->header_n + e->payload_n};
}
