/* Sorting of fields: arbitrary bytes as body, as private fields and as both, under several kinds. What is not canonical is
 * refused; what is accepted becomes two canonical maps with as many entries as were given; what holds no secret is
 * unchanged by a second sorting. */
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/kinds/kind.h"

#define OPEN_NAMES_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    "ledger.gap",        "permission.granted", "run.model_called", "run.step",
    "hardware.profiled", "doctor.observed",    "x.acme.thing",
};

static void must(bool held) {
    if (!held) {
        abort();
    }
}

static uint32_t entries(struct bytes map) {
    struct mp_reader r;
    struct mp_item head;
    if (map.n == 0) return 0;
    mp_reader_init(&r, map);
    must(mp_next(&r, &head, NULL) == 0 && head.type == MP_MAP);
    return head.count;
}

static void sort_again(struct bytes kind, struct bytes open, const struct buf *body, const struct buf *private_) {
    struct buf body_2, private_2;
    uint32_t masked;
    buf_init(&body_2, (size_t)1 << 24);
    buf_init(&private_2, (size_t)1 << 24);
    must(kind_sort(kind, bytes_of_buf(body), bytes_of_buf(private_), open, &body_2, &private_2, &masked, NULL) == 0);
    must(masked == 0);
    must(bytes_eq(bytes_of_buf(body), bytes_of_buf(&body_2)));
    must(bytes_eq(bytes_of_buf(private_), bytes_of_buf(&private_2)));
    buf_done(&body_2);
    buf_done(&private_2);
}

static void sort(struct bytes kind, struct bytes body, struct bytes private_, struct bytes open) {
    struct buf out_body, out_private;
    struct err err = {0};
    uint32_t masked = 777;
    bool good = (body.n == 0 || mp_check(body, NULL) == 0) && (private_.n == 0 || mp_check(private_, NULL) == 0);
    buf_init(&out_body, (size_t)1 << 24);
    buf_init(&out_private, (size_t)1 << 24);
    int rc = kind_sort(kind, body, private_, open, &out_body, &out_private, &masked, &err);
    if (rc == 0) {
        must(good && err.code == 0);
        must(mp_check(bytes_of_buf(&out_body), NULL) == 0);
        must(out_private.n == 0 ||
             (mp_check(bytes_of_buf(&out_private), NULL) == 0 && entries(bytes_of_buf(&out_private)) > 0));
        must(entries(body) + entries(private_) == entries(bytes_of_buf(&out_body)) + entries(bytes_of_buf(&out_private)));
        if (masked == 0 && open.n == 0) {
            sort_again(kind, open, &out_body, &out_private);
        }
    } else {
        must(rc == ERR_INVALID && err.code == rc && err.msg[0] != '\0');
        must(masked == 777 && out_body.n == 0 && out_private.n == 0);
    }
    buf_done(&out_body);
    buf_done(&out_private);
}

/* Every second name of the map, as the open ones. */
static void put_open(struct buf *open, struct bytes map) {
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, map);
    must(mp_next(&r, &item, NULL) == 0);
    uint32_t count = item.count / 2 < OPEN_NAMES_MAX ? item.count / 2 : OPEN_NAMES_MAX;
    mp_put_array(open, count);
    for (uint32_t i = 0; i < 2 * count; i++) {
        must(mp_next(&r, &item, NULL) == 0);
        if (i % 2 == 0) {
            mp_put_str(open, item.data);
        }
        must(mp_skip(&r, 1, NULL, NULL) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes input = {data, size}, none = {NULL, 0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        sort(bytes_of(names[i]), input, none, none);
        sort(bytes_of(names[i]), none, input, none);
        sort(bytes_of(names[i]), input, input, none);
    }
    if (size > 0 && mp_check(input, NULL) == 0 && (data[0] >> 4 == 8 || data[0] >= 0xde) && data[0] < 0xe0) {
        struct buf open;
        buf_init(&open, (size_t)1 << 24);
        put_open(&open, input);
        sort(bytes_of("x.acme.thing"), input, none, bytes_of_buf(&open));
        buf_done(&open);
    }
    return 0;
}
