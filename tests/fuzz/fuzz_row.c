/* Stored rows of states: no input crashes, and what is accepted encodes to the same bytes. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "projections/rows/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct state_column columns[] = {
    {"name", CELL_TEXT, COLUMN_KEY, ""},
    {"count", CELL_INT, 0, ""},
    {"share", CELL_REAL, 0, ""},
    {"ready", CELL_BOOL, 0, ""},
    {"why", CELL_TEXT, COLUMN_JUDGED, ""},
    {"list", CELL_LIST, 0, ""},
    {"evidence", CELL_SEQS, COLUMN_EVIDENCE, ""},
};
static const struct state_table table = {"things", "thing", "", columns, sizeof(columns) / sizeof(columns[0]), NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t map[] = {2, SIZE_MAX, 0};
    uint64_t seqs[ROW_SEQS_MAX];
    struct row row;
    struct buf out;
    row_init(&row, &table);
    buf_init(&out, ROW_BYTES_MAX);
    if (row_decode(&row, (struct bytes){data, size}, NULL, 0, NULL) == 0 && size <= ROW_BYTES_MAX) {
        assert(row_encode(&row, &out, NULL) == 0);
        assert(out.n == size && memcmp(out.p, data, size) == 0);
        row_seqs(&row, 6, seqs, ROW_SEQS_MAX);
        row_cite(&row, 6, size);
    }
    (void)row_decode(&row, (struct bytes){data, size}, map, 3, NULL);
    buf_done(&out);
    row_done(&row);
    return 0;
}
