/* An arbitrary record of the index: reading it ends, and stays within its bytes. Its check and its rules are fixed up
 * first, or nothing beyond them would ever be reached. An input that begins with 0xff is the content of one column instead,
 * which is packed for it: u8 form, u16 field, u16 events that have it, u16 values, u16 length of part A, the parts. */
#include <stdlib.h>
#include <string.h>

#include "query/columns/columns.h"
#include "query/condition/hash64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_hit(void *ctx, uint32_t at) {
    *(uint64_t *)ctx += at;
}

/* Distances from the times become values. */
static bool load_values(const struct columns_record *r, const struct columns_entry *entry,
                        const struct columns_classes *classes, struct column *ret) {
    struct columns_entry of_time;
    struct column times;
    bool good = column_load(r, entry, classes, ret, NULL) == 0 && column_load_values(entry, ret, NULL) == 0;
    if (!good || !ret->by_time) return good;
    column_init(&times);
    good = columns_entry(r, QUERY_TIME, &of_time) && column_load(r, &of_time, classes, &times, NULL) == 0 &&
           column_load_values(&of_time, &times, NULL) == 0 && column_add_times(ret, &times);
    column_done(&times);
    return good;
}

static void read_field(const struct columns_record *r, size_t field, const struct columns_classes *classes) {
    struct columns_entry entry;
    struct column column;
    uint64_t sum = 0;
    if (!columns_entry(r, field, &entry)) return;
    if (entry.form == COLUMNS_HASHES) {
        for (uint64_t i = 0; i < 16; i++) {
            columns_find(&entry, r->events, i * UINT64_C(0x1111111111111111), on_hit, &sum, NULL);
        }
        return;
    }
    column_init(&column);
    if (load_values(r, &entry, classes, &column)) {
        for (uint32_t i = 0; i < r->events; i++) {
            struct query_value v = column_value(&column, i);
            sum += (uint64_t)v.type + (v.type == QUERY_TEXT && v.text.n > 0 ? v.text.p[v.text.n - 1] : 0);
        }
    }
    column_done(&column);
}

static void read_record(struct bytes record) {
    struct columns_record r;
    struct column kinds;
    struct columns_classes classes = {0};
    column_init(&kinds);
    if (columns_open(record, &r) && columns_classes(&r, &kinds, &classes, NULL) == 0) {
        for (size_t field = 0; field < query_field_count(); field++) {
            read_field(&r, field, &classes);
        }
    }
    columns_classes_done(&classes);
    column_done(&kinds);
}

static void pack_and_read(struct bytes in) {
    static struct columns_plain plain;
    static const uint8_t node[EVENT_HASH];
    struct buf record;
    if (in.n < 10) return;
    size_t a = be16_get(in.p + 8) % (in.n - 9);
    buf_init(&plain.bytes, in.n);
    buf_init(&record, (size_t)1 << 20);
    buf_put(&plain.bytes, in.p + 10, in.n - 10);
    plain.events = 1024;
    plain.n = 1;
    plain.part[0] = (struct columns_part){.form = in.p[1] % 4,
                                          .field = (uint16_t)(be16_get(in.p + 2) % query_field_count()),
                                          .count = be16_get(in.p + 4),
                                          .distinct = be16_get(in.p + 6),
                                          .a_n = a,
                                          .b = a,
                                          .b_n = in.n - 10 - a};
    if (columns_record(&plain, node, &record, NULL) == 0) {
        read_record(bytes_of_buf(&record));
    }
    buf_done(&record);
    buf_done(&plain.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && data[0] == 0xff) {
        pack_and_read((struct bytes){data, size});
        return 0;
    }
    if (size < COLUMNS_HEADER || size > (size_t)1 << 20) return 0;
    uint8_t *copy = malloc(size);
    if (copy == NULL) return 0;
    memcpy(copy, data, size);
    uint64_t n = be32_get(copy + 60);
    be64_put(copy + 8, columns_rules());
    if (n <= FIELD_MAX && COLUMNS_HEADER + n * COLUMNS_ENTRY <= size) {
        be64_put(copy, hash64((struct bytes){copy + 8, COLUMNS_HEADER - 8 + (size_t)n * COLUMNS_ENTRY}));
    }
    read_record((struct bytes){copy, size});
    free(copy);
    return 0;
}
