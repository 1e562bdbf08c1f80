/* Files of version 2, which have a table instead of rows by number:
 *
 *   {"table": {"head": {"prompts": [...], "vars": [...]}, "body": [{"test": {...}, "vars": [...], "outputs": [
 *     {"pass", "score", "text", "prompt", "provider", "latencyMs", "cost", "tokenUsage": {"cached"}, "gradingResult", "error"}]}]}}
 *
 * The k-th output of a row answers the k-th prompt. Each becomes a row as version 3 has it. Version 2 does not say why a row
 * failed: what was graded failed by its assertions, and what was not graded ended in an error. */
#include "base/mp_map.h"
#include "ingest/input/item.h"
#include "ingest/promptfoo/promptfoo.h"

static void put_map(struct mp_map *f, const char *name, struct mp_map *inner) {
    mp_map_begin(f, name);
    mp_map_write(inner, &f->values, NULL);
    mp_map_end(f);
    mp_map_done(inner);
}

/* That an answer was cached shows in its tokens alone; that it was not, nothing says. */
static void put_response(struct mp_map *f, struct bytes output) {
    struct bytes usage = item_get(output, "tokenUsage");
    struct mp_map response;
    uint64_t cached = 0;
    mp_map_init(&response, PROMPTFOO_DOC_MAX);
    mp_map_raw(&response, "output", item_get(output, "text"));
    mp_map_raw(&response, "tokenUsage", usage);
    if (item_count(item_get(usage, "cached"), &cached) && cached > 0) mp_map_bool(&response, "cached", true);
    put_map(f, "response", &response);
}

static void put_text(struct mp_map *f, const char *name, const char *inner, struct bytes raw) {
    struct mp_map map;
    if (item_text(raw).n == 0) return;
    mp_map_init(&map, PROMPTFOO_DOC_MAX);
    mp_map_raw(&map, inner, raw);
    put_map(f, name, &map);
}

int promptfoo_table_row(struct bytes prompt, struct bytes line, struct bytes output, struct buf *out, struct err *err) {
    static const char *const same[] = {"cost", "error", "gradingResult", "latencyMs", "score"};
    struct bytes provider = item_get(output, "provider");
    struct mp_map f;
    bool pass = false;
    mp_map_init(&f, PROMPTFOO_DOC_MAX);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        mp_map_raw(&f, same[i], item_get(output, same[i]));
    }
    if (item_truth(item_get(output, "pass"), &pass)) {
        mp_map_bool(&f, "success", pass);
        mp_map_uint(&f, "failureReason", pass ? 0 : item_get(output, "gradingResult").n > 0 ? 1 : 2);
    }
    put_text(&f, "provider", "id", provider.n > 0 ? provider : item_get(prompt, "provider"));
    put_text(&f, "prompt", "raw", item_get(output, "prompt"));
    put_response(&f, output);
    mp_map_raw(&f, "testCase", item_get(line, "test"));
    mp_map_raw(&f, "vars", item_get(line, "vars"));
    int rc = mp_map_write(&f, out, err);
    mp_map_done(&f);
    return rc;
}
