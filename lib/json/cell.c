/* A row's lists are already canonical MessagePack, which is what an object is made of. */
#include "lib/json/cell.h"

#include "base/mp.h"

static void put_real(struct obj *obj, const char *name, double v) {
    struct buf mp = {.max = 16};
    if (mp_float_ok(v)) {
        mp_put_float(&mp, v);
        obj_raw(obj, name, bytes_of_buf(&mp));
    } else {
        obj_text(obj, name, NULL);
    }
    buf_done(&mp);
}

void json_cell_put(struct obj *obj, const char *name, const struct state_column *column, const struct cell *cell) {
    switch (cell->type) {
    case CELL_NULL:
        obj_text(obj, name, NULL);
        break;
    case CELL_BOOL:
        obj_bool(obj, name, cell->boolean);
        break;
    case CELL_INT:
        if ((column->flags & COLUMN_TIME) != 0 && cell->int_ >= 0) {
            obj_time(obj, name, (uint64_t)cell->int_);
        } else {
            obj_int(obj, name, cell->int_);
        }
        break;
    case CELL_REAL:
        put_real(obj, name, cell->real);
        break;
    case CELL_TEXT:
        obj_str(obj, name, cell->text);
        break;
    case CELL_SEQS:
    case CELL_LIST:
        obj_raw(obj, name, cell->text);
        break;
    }
}
