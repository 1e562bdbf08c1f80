/* One map for each case, written and hashed one after the other. */
#include "evals/suite/digest.h"

#include <math.h>

#include "base/mp.h"
#include "base/mp_map.h"

#define CASE_MAX  ((size_t)64 << 20)
#define CASE_TAG  "ledger-suite-case/v0\n"
#define SUITE_TAG SUITE_SCHEMA_NAME "\n"

static void put_text(struct mp_map *map, const char *name, struct bytes text) {
    if (text.p == NULL) return; /* absent is not empty */
    mp_map_begin(map, name);
    mp_put_str(&map->values, text);
    mp_map_end(map);
}

static void put_real(struct mp_map *map, const char *name, double v) {
    if (isnan(v)) return;
    mp_map_begin(map, name);
    mp_put_float(&map->values, v);
    mp_map_end(map);
}

static void put_texts(struct mp_map *map, const char *name, const struct bytes *texts, size_t n) {
    if (n == 0) return;
    mp_map_begin(map, name);
    mp_put_array(&map->values, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        mp_put_str(&map->values, texts[i]);
    }
    mp_map_end(map);
}

static int write_check(const struct suite_check *check, struct buf *out, struct err *err) {
    struct mp_map map;
    mp_map_init(&map, CASE_MAX);
    mp_map_text(&map, "check", bytes_of(suite_check_names[check->type]));
    if (check->not ) mp_map_bool(&map, "not", true);
    if (check->trim) mp_map_bool(&map, "trim", true);
    if (check->ignore_case) mp_map_bool(&map, "ignore_case", true);
    put_text(&map, "text", check->text);
    put_text(&map, "pointer", check->pointer);
    put_text(&map, "value", check->value);
    put_text(&map, "output", check->output);
    put_real(&map, "number", check->number);
    put_real(&map, "tolerance", check->tolerance);
    put_real(&map, "relative", check->relative);
    put_real(&map, "at_least", check->at_least);
    put_real(&map, "at_most", check->at_most);
    put_real(&map, "lowest", check->scale[0]);
    put_real(&map, "highest", check->scale[1]);
    int rc = mp_map_write(&map, out, err);
    mp_map_done(&map);
    return rc;
}

static int put_checks(struct mp_map *map, const struct suite_case *c, struct err *err) {
    int rc = 0;
    mp_map_begin(map, "expect");
    mp_put_array(&map->values, (uint32_t)c->checks_n);
    for (size_t i = 0; rc == 0 && i < c->checks_n; i++) {
        rc = write_check(&c->checks[i], &map->values, err);
    }
    mp_map_end(map);
    return rc;
}

static void put_messages(struct mp_map *map, const struct suite_case *c) {
    if (c->messages_n == 0) return;
    mp_map_begin(map, "messages");
    mp_put_array(&map->values, (uint32_t)c->messages_n);
    for (size_t i = 0; i < c->messages_n; i++) {
        mp_put_array(&map->values, 2);
        mp_put_str(&map->values, c->messages[i].role);
        mp_put_str(&map->values, c->messages[i].text);
    }
    mp_map_end(map);
}

static void put_files(struct mp_map *map, const struct suite_case *c) {
    if (c->files_n == 0) return;
    mp_map_begin(map, "files");
    mp_put_array(&map->values, (uint32_t)c->files_n);
    for (size_t i = 0; i < c->files_n; i++) {
        mp_put_array(&map->values, 2);
        mp_put_str(&map->values, c->files[i].name);
        mp_put_bin(&map->values, (struct bytes){c->files[i].digest, HASH_LEN});
    }
    mp_map_end(map);
}

static int end(struct mp_map *map, const char *tag, struct buf *out, uint8_t ret[HASH_LEN], struct err *err) {
    buf_clear(out);
    int rc = mp_map_write(map, out, err);
    const struct bytes parts[] = {bytes_of(tag), bytes_of_buf(out)};
    if (rc == 0) hash_parts(ret, parts, 2);
    return rc;
}

static int fill_case(struct mp_map *map, struct suite_case *c, struct buf *out, struct err *err) {
    mp_map_clear(map);
    put_text(map, "id", c->id);
    put_texts(map, "tags", c->tags, c->tags_n);
    put_real(map, "weight", c->weight);
    mp_map_uint(map, "repeats", c->repeats);
    mp_map_uint(map, "timeout_ms", c->timeout_ms);
    if (c->seeded) {
        mp_map_begin(map, "seed");
        mp_put_int(&map->values, c->seed);
        mp_map_end(map);
    }
    if (c->probe) mp_map_bool(map, "probe", true);
    put_text(map, "text", c->text);
    put_text(map, "system", c->system);
    put_messages(map, c);
    put_files(map, c);
    put_texts(map, "arguments", c->arguments, c->arguments_n);
    int rc = put_checks(map, c, err);
    return rc != 0 ? rc : end(map, CASE_TAG, out, c->digest, err);
}

static int put_thresholds(struct mp_map *map, const struct suite *suite, struct err *err) {
    int rc = 0;
    mp_map_begin(map, "thresholds");
    mp_put_array(&map->values, (uint32_t)suite->thresholds_n);
    for (size_t i = 0; rc == 0 && i < suite->thresholds_n; i++) {
        const struct suite_threshold *t = &suite->thresholds[i];
        struct mp_map one;
        mp_map_init(&one, CASE_MAX);
        mp_map_text(&one, "metric", bytes_of(suite_metric_names[t->metric]));
        put_real(&one, "value", t->value);
        put_real(&one, "confidence", t->confidence);
        put_text(&one, "baseline", t->baseline);
        rc = mp_map_write(&one, &map->values, err);
        mp_map_done(&one);
    }
    mp_map_end(map);
    return rc;
}

/* Not the description, which changes nothing, nor where a key for the judge is kept. */
static int fill_suite(struct mp_map *map, struct suite *suite, struct buf *out, struct err *err) {
    mp_map_clear(map);
    put_text(map, "name", suite->name);
    put_text(map, "version", suite->version);
    put_text(map, "settings", suite->settings);
    mp_map_uint(map, "max_tokens", suite->max_tokens);
    put_real(map, "prompt_price", suite->prompt_price);
    put_real(map, "completion_price", suite->completion_price);
    mp_map_uint(map, "max_age_s", suite->max_age_s);
    put_text(map, "judge_protocol", suite->judge.protocol);
    put_text(map, "judge_url", suite->judge.url);
    put_text(map, "judge_model", suite->judge.model);
    mp_map_begin(map, "cases");
    mp_put_array(&map->values, (uint32_t)suite->cases_n);
    for (size_t i = 0; i < suite->cases_n; i++) {
        mp_put_bin(&map->values, (struct bytes){suite->cases[i].digest, HASH_LEN});
    }
    mp_map_end(map);
    mp_map_begin(map, "data");
    mp_put_bin(&map->values, (struct bytes){suite->data_digest, HASH_LEN});
    mp_map_end(map);
    int rc = put_thresholds(map, suite, err);
    return rc != 0 ? rc : end(map, SUITE_TAG, out, suite->digest, err);
}

int digest_fill(struct suite_case *cases, struct suite *suite, struct err *err) {
    struct mp_map map;
    struct buf out = {.max = CASE_MAX};
    int rc = 0;
    mp_map_init(&map, CASE_MAX);
    for (size_t i = 0; rc == 0 && i < suite->cases_n; i++) {
        rc = fill_case(&map, &cases[i], &out, err);
    }
    if (rc == 0) rc = fill_suite(&map, suite, &out, err);
    mp_map_done(&map);
    buf_done(&out);
    return rc;
}
