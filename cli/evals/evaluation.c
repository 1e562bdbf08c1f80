/* What the commands that look into evaluations share. */
#include "cli/evals/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "cli/print/cell.h"
#include "cli/print/say.h"
#include "cli/view/entity.h"
#include "projections/ready/eval.h"

#define NAME_MAX_BYTES 4096
#define HEAD_MAX       ((size_t)1 << 20)

const char *const evaluation_outcomes[] = {
    [SAMPLE_PASSED] = "pass", [SAMPLE_MISSED] = "fail", [SAMPLE_LIMITED] = "limit", [SAMPLE_ERRED] = "error"};

static int take_id(void *ctx, const struct row *row, struct err *err) {
    struct buf *id = ctx;
    buf_clear(id);
    buf_put_bytes(id, row_text(row, EVAL_ID));
    return buf_check(id, "an evaluation's id", err);
}

int evaluation_find(struct asof *view, const char *name, struct row *ret, struct err *err) {
    struct buf id = {.max = NAME_MAX_BYTES};
    size_t table = state_table_find(view->state, "evals");
    struct bytes text = bytes_of(name);
    if (bytes_has_prefix(text, "eval/")) {
        text = (struct bytes){text.p + 5, text.n - 5};
    }
    int rc = entity_each(view, table, text, take_id, &id, err);
    const struct bytes key = bytes_of_buf(&id);
    if (rc == 0) rc = state_get(view->state, table, &key, 1, ret, err);
    buf_done(&id);
    return rc;
}

void evaluation_head(struct asof *view, const struct row *row, struct buf *out) {
    struct buf text = {.max = HEAD_MAX};
    struct bytes model = row_text(row, row_has(row, EVAL_DIGEST) ? EVAL_DIGEST : EVAL_MODEL);
    entity_name(row, &text);
    buf_put_str(&text, ": ");
    buf_put_bytes(&text, row_text(row, EVAL_STATE));
    if (row_has(row, EVAL_VERDICT)) {
        buf_put_str(&text, ", verdict ");
        buf_put_bytes(&text, row_text(row, EVAL_VERDICT));
    }
    buf_put_str(&text, row_bool(row, EVAL_COUNTS) ? ", counts" : ", does not count");
    if (model.n > 0) {
        buf_put_str(&text, ", of ");
        buf_put_bytes(&text, model);
    }
    cell_short(view->cli, &text, 0);
    buf_put_bytes(out, bytes_of_buf(&text));
    buf_done(&text);
}

void evaluation_put(const struct asof *view, const struct row *row, struct obj *out) {
    static const size_t columns[] = {EVAL_ID,    EVAL_STATE,        EVAL_VERDICT, EVAL_COUNTS, EVAL_REASON, EVAL_MISSING,
                                     EVAL_SUITE, EVAL_SUITE_DIGEST, EVAL_MODEL,   EVAL_DIGEST, EVAL_ROUTE,  EVAL_PACK};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        cell_put(view->cli, row, columns[i], out);
    }
}

void evaluation_sample_name(const struct sample *sample, struct buf *out) {
    buf_put_bytes(out, sample->id);
    if (sample->filter.n > 0) {
        buf_put_str(out, "/");
        buf_put_bytes(out, sample->filter);
    }
    if (sample->repeat > 0) {
        buf_printf(out, "#%llu", (unsigned long long)sample->repeat);
    }
}

int evaluation_format(const struct cli *cli, const char *format) {
    static const char *const names[] = {"table", "json", "jsonl", "csv", "junit"};
    struct text_near near = {.text = format};
    if (!format || text_near_find(&near, names, sizeof(names) / sizeof(names[0])) != SIZE_MAX) return 0;
    return cli_usage(cli, "unknown format '%.40s'%s (expected table, json, jsonl, csv or junit)", format,
                     text_near_words(&near));
}

int evaluation_by(const struct cli *cli, const char *by, const char *format, bool *ret_by_tag) {
    bool whole = !format || strcmp(format, "table") == 0 || strcmp(format, "json") == 0;
    *ret_by_tag = by && strcmp(by, "tag") == 0;
    if (by && !*ret_by_tag && strcmp(by, "task") != 0) return cli_usage(cli, "--by '%.40s': expected task or tag", by);
    return *ret_by_tag && !whole ? cli_usage(cli, "--by tag is for tables and --format json") : 0;
}

int evaluation_confidence(const char *text, double *ret, struct err *err) {
    char *end = NULL;
    if (!text) return 0;
    double v = strspn(text, "0123456789.") == strlen(text) ? strtod(text, &end) : 0;
    if (!end || *end != '\0' || !(v > 0.5 && v < 1)) {
        return err_set(err, ERR_INVALID, "--confidence '%.40s': expected a number above 0.5 and below 1, such as 0.95",
                       text);
    }
    *ret = v;
    return 0;
}

void evaluation_put_real(struct obj *obj, const char *key, double v) {
    struct buf mp = {.max = 16};
    if (isfinite(v)) {
        mp_put_float(&mp, v + 0.0); /* no negative zero */
    } else {
        mp_put_nil(&mp);
    }
    obj_raw(obj, key, bytes_of_buf(&mp));
    buf_done(&mp);
}
