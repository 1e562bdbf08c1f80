/* {"digest":"sha256:...","fold":v,"format":1,"position":n,"projection":"packs","tables":[{"name":"packs","rows":[{...},...]},
 *  ...]}: v is the projection's version, of which the rows depend
 *
 * Rows have their stored columns by name, so that who replays the log gets the same; nothing judged, for that depends on
 * the time of asking. */
#include "export/cut/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "projections/view/state.h"

/* The stored columns that have a value, by name. */
static size_t order(const struct row *row, size_t ret[ROW_COLUMNS_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < row->table->n_columns; i++) {
        if ((row->table->columns[i].flags & COLUMN_JUDGED) != 0 || !row_has(row, i)) continue;
        size_t at = n++;
        while (at > 0 && strcmp(row->table->columns[ret[at - 1]].name, row->table->columns[i].name) > 0) {
            ret[at] = ret[at - 1];
            at--;
        }
        ret[at] = i;
    }
    return n;
}

int states_put_row(struct buf *out, const struct row *row, struct err *err) {
    size_t columns[ROW_COLUMNS_MAX], n = order(row, columns);
    struct buf mp = {.max = 2 * ROW_BYTES_MAX};
    mp_put_map(&mp, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        mp_put_str(&mp, bytes_of(row->table->columns[columns[i]].name));
        row_put_cell(&row->cells[columns[i]], &mp);
    }
    int rc = buf_check(&mp, "a row", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_LINE, out, err);
    buf_done(&mp);
    return rc;
}

static int put_table(struct buf *out, struct state_view *view, size_t table, struct err *err) {
    struct state_rows *rows;
    const struct row *row;
    size_t n = 0;
    int rc = state_rows_open(view, table, NULL, 0, &rows, err);
    if (rc != 0) return rc;
    buf_printf(out, "{\"name\":\"%s\",\"rows\":[", state_table(view, table)->name);
    while ((rc = state_rows_next_stored(rows, &row, err)) == 0) {
        buf_put_str(out, n++ == 0 ? "" : ",");
        rc = states_put_row(out, row, err);
        if (rc != 0) break;
    }
    buf_put_str(out, "]}");
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

void states_put_head(struct buf *out, const struct projection *projection, uint64_t position,
                     const uint8_t digest[LOG_HASH]) {
    char hex[2 * LOG_HASH + 1];
    text_hex(hex, digest, LOG_HASH);
    buf_printf(out,
               "{\"digest\":\"sha256:%s\",\"fold\":%u,\"format\":1,\"position\":%llu,\"projection\":\"%s\",\"tables\":[",
               hex, projection->version, (unsigned long long)position, projection->name);
}

static int put_projection(struct buf *out, struct state_view *view, size_t at, struct err *err) {
    uint8_t digest[LOG_HASH];
    struct state_status status;
    bool first = true;
    state_status(view, at, &status);
    const char *name = status.projection->name;
    if (status.stale || status.failed_seq != LOG_NO_SEQ) {
        return err_set(err, ERR_INVALID, "the states of '%s' are %s", name,
                       status.stale ? "stale: 'ledger rebuild'" : status.failed);
    }
    int rc = state_digest(view, at, digest, NULL, err);
    if (rc != 0) return rc;
    states_put_head(out, status.projection, status.position, digest);
    for (size_t t = 0; t < state_tables(view) && rc == 0; t++) {
        if (state_table_projection(view, t) == at) {
            buf_put_str(out, first ? "" : ",");
            first = false;
            rc = put_table(out, view, t, err);
        }
    }
    buf_put_str(out, STATES_TAIL);
    return rc;
}

struct asked {
    const char *name;
    struct buf *out;
    size_t begin;
};

static int ask(void *ctx, struct state_view *view, struct err *err) {
    const struct asked *asked = ctx;
    size_t at = state_find(view, asked->name);
    int rc = state_whole(view, err);
    asked->out->n = asked->begin; /* for the second time */
    if (rc == 0)
        rc = at == SIZE_MAX ? err_set(err, ERR_NOTFOUND, "there is no projection '%s'", asked->name)
                            : put_projection(asked->out, view, at, err);
    return rc;
}

int states_put(struct buf *out, struct cut *cut, const char *name, struct err *err) {
    char where[128];
    struct asked asked = {name, out, out->n};
    struct state_options options;
    state_options_init(&options);
    options.at = cut->counts.head.size;
    int rc = state_ask(cut->ledger, &options, ask, &asked, err);
    if (rc == 0) rc = buf_check(out, "a state", err);
    if (rc == 0) {
        snprintf(where, sizeof(where), "the state '%.80s'", name);
        cut_look_json(cut, (struct bytes){out->p + asked.begin, out->n - asked.begin}, where);
    }
    return rc;
}
