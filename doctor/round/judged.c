/* What was judged: doctor.judged, for the box and for each pack, when the verdict is another than the newest recorded one. */
#include "base/mp_map.h"
#include "doctor/round/round.h"
#include "projections/rows/list.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

#define BODY_MAX ((size_t)512 << 10)

/* Of each clause: id, state, evidence, remedy. */
static void put_clauses(struct mp_map *body, struct bytes clauses) {
    static const char *const kept[] = {"evidence", "id", "remedy", "state"};
    struct list list;
    struct bytes item, value;
    uint32_t n = 0;
    list_open(&list, clauses);
    while (list_next(&list, &item)) {
        n++;
    }
    mp_map_begin(body, "clauses");
    mp_put_array(&body->values, n);
    list_open(&list, clauses);
    while (list_next(&list, &item)) {
        struct mp_map clause;
        mp_map_init(&clause, BODY_MAX);
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
            if (mp_map_get(item, kept[i], &value) == 0) mp_map_raw(&clause, kept[i], value);
        }
        mp_map_write(&clause, &body->values, NULL);
        mp_map_done(&clause);
    }
    mp_map_end(body);
}

static void put_body(struct mp_map *body, const struct row *row, uint64_t position) {
    static const char *const counts[] = {"passed", "warned", "failed", "unknown"};
    mp_map_text(body, "pack", named_text(row, "pack"));
    mp_map_text(body, "verdict", named_text(row, "verdict"));
    mp_map_text(body, "verdict_before", named_text(row, "given"));
    mp_map_uint(body, "position", position);
    put_clauses(body, named_list(row, "clauses"));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        mp_map_uint(body, counts[i], (uint64_t)named_int(row, counts[i]));
    }
}

static int add(struct log_batch *batch, const struct row *row, uint64_t position, const char *actor, struct err *err) {
    struct buf subject = {.max = 1024}, bytes = {.max = BODY_MAX};
    struct mp_map body;
    struct log_draft draft;
    mp_map_init(&body, BODY_MAX);
    put_body(&body, row, position);
    int rc = mp_map_write(&body, &bytes, err);
    bool of_pack = named_text(row, "pack").n > 0;
    buf_put_str(&subject, of_pack ? "pack/" : "host/local");
    buf_put_bytes(&subject, named_text(row, "pack"));
    log_draft_init(&draft);
    draft.kind = bytes_of("doctor.judged");
    draft.subject = bytes_of_buf(&subject);
    draft.actor = bytes_of(actor);
    draft.source = bytes_of("doctor");
    draft.grade = bytes_of("inferred");
    draft.body = bytes_of_buf(&bytes);
    draft.none_after = position > 0 ? position - 1 : LOG_NO_SEQ; /* another doctor may have judged the same */
    if (rc == 0) rc = log_batch_add(batch, &draft, err);
    mp_map_done(&body);
    buf_done(&bytes);
    buf_done(&subject);
    return rc;
}

static int add_changed(struct state_view *view, struct log_batch *batch, const char *actor, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, "verdicts", NULL, 0, &rows, err);
    while (rc == 0 && rows != NULL && (rc = state_rows_next(rows, &row, err)) == 0) {
        if (named_text(row, "verdict").n > 0 && (!named_has(row, "given") || named_bool(row, "differs"))) {
            rc = add(batch, row, state_at(view), actor, err);
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

int round_judge(struct ledger *ledger, const char *actor, enum state_base base, uint64_t *ret, struct err *err) {
    struct state_options options;
    struct state_view *view = NULL;
    struct log_batch *batch = NULL;
    struct err why = {0};
    int rc = state_options_present(ledger, &options, err);
    options.base = base;
    if (rc == 0) rc = state_open(ledger, &options, &view, err);
    if (rc == 0) rc = log_batch_new(ledger, &batch, err);
    if (rc == 0) rc = add_changed(view, batch, actor, err);
    state_close(view);
    size_t n = rc == 0 ? log_batch_count(batch) : 0;
    if (n > 0) rc = log_batch_commit(batch, NULL, NULL, NULL, &why);
    if (rc == ERR_CONFLICT && n > 0) {
        rc = 0; /* what was judged is not the newest any more: whoever added to it judges again */
        n = 0;
    } else if (n > 0 && rc != 0) {
        err_set(err, rc, "%s", why.msg);
    }
    if (ret != NULL) *ret = rc == 0 ? n : 0;
    log_batch_free(batch);
    return rc;
}
