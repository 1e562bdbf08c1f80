/* The newest observation of a check is its row in the table "checks". */
#include "doctor/round/news.h"

#include <math.h>

#include "base/mp.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

static bool has_moved(double before, uint64_t value, uint64_t limit) {
    if (value == UINT64_MAX || limit == UINT64_MAX) return false; /* nothing to measure it by */
    return isnan(before) || fabs((double)value - before) > (double)limit / 8;
}

static bool is_old(const struct row *row, uint64_t now) {
    return (uint64_t)named_int(row, "at") + NEWS_OLD_NS <= now;
}

int news_is(struct state_view *view, const struct probe_record *record, bool *ret, struct err *err) {
    const struct bytes key[] = {record->check, record->target};
    struct row row;
    bool there = false;
    int rc = look_stored(view, "checks", key, 2, &row, &there, err);
    size_t value = rc == 0 && there ? named_column(&row, "value") : 0;
    *ret = rc == 0 && (!there || !bytes_eq(named_text(&row, "status"), record->status) ||
                       !bytes_eq(named_text(&row, "digest"), mp_get_text(record->open, "digest")) ||
                       is_old(&row, state_now(view)) || has_moved(row_real(&row, value), record->value, record->limit));
    row_done(&row);
    return rc;
}

int news_looked(struct state_view *view, const struct probe *probe, uint64_t *ret, struct err *err) {
    const struct bytes key[] = {bytes_of("probe"), bytes_of(probe->name)};
    struct row row;
    bool there = false;
    int rc = look_stored(view, "checks", key, 2, &row, &there, err);
    *ret = rc == 0 && there && named_is(&row, "status", "ok") ? (uint64_t)named_int(&row, "at") : 0;
    row_done(&row);
    return rc;
}
