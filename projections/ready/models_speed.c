/* How fast a model runs on this machine, by the newest measurement: one row for its weights (or, where these are not
 * stated, its name), the device, and whether it read or wrote. */
#include "projections/ready/models.h"

#include <stdio.h>

#include "base/mp.h"
#include "ledger/kinds/check.h"

#define NOTHING ((struct bytes){0})

enum {
    SPEED_OF,
    SPEED_BACKEND,
    SPEED_WORK,
    SPEED_MODEL,
    SPEED_DIGEST,
    SPEED_TOKENS_PER_SECOND,
    SPEED_STDDEV,
    SPEED_TOKENS,
    SPEED_RUNS,
    SPEED_HARNESS,
    SPEED_BUILD,
    SPEED_AT,
    SPEED_SEQ,
    SPEED_N
};
const struct state_column models_speed_columns[] = {
    [SPEED_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "digest of the weights, or the name if there is no digest"},
    [SPEED_BACKEND] = {"backend", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "cpu, cuda, vulkan, metal, ..."},
    [SPEED_WORK] = {"work", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "prompt, answer or both"},
    [SPEED_MODEL] = {"model", CELL_TEXT, COLUMN_MAIN, "name of the model"},
    [SPEED_DIGEST] = {"digest", CELL_TEXT, 0, "digest of its weights"},
    [SPEED_TOKENS_PER_SECOND] = {"tokens_per_second", CELL_REAL, COLUMN_MAIN, "the mean, as measured last"},
    [SPEED_STDDEV] = {"stddev", CELL_REAL, 0, "its standard deviation"},
    [SPEED_TOKENS] = {"tokens", CELL_INT, 0, "tokens of the work"},
    [SPEED_RUNS] = {"runs", CELL_INT, 0, "number of repetitions"},
    [SPEED_HARNESS] = {"harness", CELL_TEXT, COLUMN_MAIN, "what measured"},
    [SPEED_BUILD] = {"build", CELL_TEXT, 0, "build of the runtime"},
    [SPEED_AT] = {"at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was measured"},
    [SPEED_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"}};

_Static_assert(SPEED_N == MODELS_SPEED_COLUMNS, "the header says how many");

int models_take_speed(struct fold *fold, struct err *err) {
    struct bytes subject = fold_subject(fold), digest = NOTHING, backend = NOTHING, model = fold_name(fold, "model");
    int64_t in = 0, out = 0, tokens;
    struct row *row;
    fold_text(fold, "digest", &digest);
    fold_text(fold, "backend", &backend);
    if (kind_is_digest(subject)) { /* it names the weights, and the body their name */
        fold_text(fold, "model", &model);
        digest = subject;
    }
    fold_int(fold, "tokens_in", &in);
    fold_int(fold, "tokens_out", &out);
    struct bytes of = digest.n > 0 ? digest : model;
    if (of.n == 0) return 0;
    const struct bytes parts[] = {of, backend, bytes_of(out <= 0 ? "prompt" : in <= 0 ? "answer" : "both")};
    int rc = fold_row(fold, MODEL_SPEEDS, parts, 3, &row, err);
    if (rc != 0) return rc;
    if (fold_is_late(fold, row, SPEED_AT)) return 0;
    row_set_text(row, SPEED_MODEL, model);
    if (digest.n > 0) {
        row_set_text(row, SPEED_DIGEST, digest);
    }
    fold_replace(fold, row, SPEED_TOKENS_PER_SECOND, "tokens_per_second");
    fold_replace(fold, row, SPEED_STDDEV, "stddev");
    row_set_int(row, SPEED_TOKENS, __builtin_add_overflow(in, out, &tokens) ? INT64_MAX : tokens);
    fold_copy(fold, row, SPEED_RUNS, "runs");
    fold_copy(fold, row, SPEED_HARNESS, "harness");
    fold_copy(fold, row, SPEED_BUILD, "build");
    row_set_int(row, SPEED_AT, (int64_t)fold_when(fold));
    row_set_int(row, SPEED_SEQ, (int64_t)fold_event(fold)->seq);
    return 0;
}

void models_context(struct fold *fold, struct row *row, size_t column) {
    struct bytes metadata, family, value;
    struct mp_item item;
    char name[128];
    if (row_has(row, column) || !fold_raw(fold, "metadata", &metadata) || !fold_text(fold, "architecture", &family)) {
        return;
    }
    snprintf(name, sizeof(name), "%.*s.context_length", (int)(family.n < 64 ? family.n : 64), (const char *)family.p);
    if (mp_map_get(metadata, name, &value) == 0 && mp_scalar(value, &item) == 0 && item.type == MP_UINT) {
        row_set_int(row, column, (int64_t)(item.uint & INT64_MAX));
    }
}
