/* One row. Numbers, flags and machine-made words of known settings are open; the file's path, the names of processor and GPU,
 * single measurements and whatever a newer version adds stay private, verbatim.
 *
 * The model's name is that of its file without directories, ".gguf" and the number of a part:
 *
 *   models/Qwen2.5-7B-Q4_K_M.gguf            Qwen2.5-7B-Q4_K_M
 *   big-00001-of-00003.gguf                  big
 *   .ollama/models/blobs/sha256-<64 hex>     a digest, and no name */
#include <stdio.h>
#include <string.h>

#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/input/item.h"
#include "ingest/llamabench/llamabench.h"

#define BODY_MAX  ((size_t)4 << 20)
#define KEPT_MAX  ((size_t)128 << 10)
#define TIME_MAX  64
#define BUILD_MAX 64
#define NO_BYTES  ((struct bytes){NULL, 0})

/* What llama-bench can be told, in any of its versions. */
static const char *const settings[] = {
    "cpu_mask",     "cpu_strict",  "defrag_thold", "devices",       "embeddings",
    "f16_kv",       "fit_min_ctx", "fit_target",   "flash_attn",    "low_vram",
    "main_gpu",     "mul_mat_q",   "n_batch",      "n_cpu_moe",     "n_gpu_layers",
    "n_threads",    "n_ubatch",    "no_host",      "no_kv_offload", "no_op_offload",
    "numa",         "poll",        "repack",       "split_mode",    "tensor_buft_overrides",
    "tensor_split", "type_k",      "type_v",       "use_direct_io", "use_mmap"};
/* Those that have a field of their own. */
static const char *const fields[] = {"avg_ts",         "backends",       "build_commit", "build_number",
                                     "model_filename", "model_n_params", "model_size",   "n_depth",
                                     "n_gen",          "n_prompt",       "stddev_ts",    "test_time"};
/* What older versions say instead of "backends". */
static const char *const devices[] = {"blas", "cuda", "gpu_blas", "kompute", "metal", "opencl", "rpc", "sycl", "vulkan"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_one_of(const char *const *names, size_t n, struct bytes name) {
    for (size_t i = 0; i < n; i++) {
        if (bytes_is(name, names[i])) return true;
    }
    return false;
}

/* ---- the model ---- */

static bool ends_with(struct bytes *t, const char *end) {
    size_t n = strlen(end);
    bool there = t->n > n && memcmp(t->p + t->n - n, end, n) == 0;
    t->n -= there ? n : 0;
    return there;
}

static bool is_all(struct bytes t, const char *letters) {
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '\0' || strchr(letters, t.p[i]) == NULL) return false;
    }
    return true;
}

/* "-00001-of-00003" */
static void drop_part(struct bytes *t) {
    static const char form[] = "-00000-of-00000";
    size_t n = sizeof(form) - 1;
    if (t->n <= n) return;
    const uint8_t *p = t->p + t->n - n;
    bool part = is_all((struct bytes){p + 1, 5}, "0123456789") && is_all((struct bytes){p + 10, 5}, "0123456789");
    t->n -= part && p[0] == '-' && memcmp(p + 6, form + 6, 4) == 0 ? n : 0;
}

static void name_model(struct llamabench_row *row, struct bytes file) {
    static const char blob[] = "sha256-";
    struct bytes name = file;
    if (secret_is_in(file)) return; /* a part of it might look like none */
    for (size_t i = 0; i < file.n; i++) {
        if (file.p[i] == '/' || file.p[i] == '\\') name = (struct bytes){file.p + i + 1, file.n - i - 1};
    }
    ends_with(&name, ".gguf");
    struct bytes hex = bytes_has_prefix(name, blob) ? (struct bytes){name.p + 7, name.n - 7} : NO_BYTES;
    if (hex.n == 64 && is_all(hex, "0123456789abcdef")) {
        snprintf(row->digest, sizeof(row->digest), "sha256:%.64s", (const char *)hex.p);
        return;
    }
    drop_part(&name);
    if (name.n <= LLAMABENCH_NAME_MAX && item_is_word(name)) {
        bytes_copy(row->model, name);
        row->model[name.n] = '\0';
    }
}

/* ---- reading ---- */

static int want_count(struct bytes raw, const char *name, bool required, struct err *err) {
    struct bytes value = item_get(raw, name);
    uint64_t n;
    if (value.n == 0 ? !required : item_count(value, &n) && n <= MP_INT_MAX) return 0;
    return err_set(err, ERR_INVALID, "'%s' is %s; expected: a whole number from 0", name,
                   value.n == 0 ? "missing" : "not one");
}

static int want_speed(struct bytes raw, const char *name, bool required, struct err *err) {
    struct bytes value = item_get(raw, name);
    double v;
    if (value.n == 0 ? !required : item_number(value, &v) && v >= 0) return 0;
    return err_set(err, ERR_INVALID, "'%s' is %s; expected: tokens per second, a number from 0", name,
                   value.n == 0 ? "missing" : "not one");
}

int llamabench_row_read(struct bytes raw, struct llamabench_row *ret, struct err *err) {
    struct llamabench_row row = {.raw = raw, .at = INGEST_NO_TIME};
    struct bytes file = mp_get_text(raw, "model_filename"), at = mp_get_text(raw, "test_time");
    if (!item_is(raw, MP_MAP) || file.n == 0) {
        return err_set(err, ERR_INVALID,
                       "'model_filename' is missing; expected: a row of llama-bench, as with -o json or -o jsonl");
    }
    static const char *const counts[] = {"n_prompt", "n_gen", "n_depth", "model_size", "model_n_params"};
    int rc = 0;
    for (size_t i = 0; i < COUNT(counts) && rc == 0; i++) {
        rc = want_count(raw, counts[i], i < 2, err);
    }
    if (rc == 0) rc = want_speed(raw, "avg_ts", true, err);
    if (rc == 0) rc = want_speed(raw, "stddev_ts", false, err);
    if (rc == 0 && mp_get_uint(raw, "n_prompt", 0) == 0 && mp_get_uint(raw, "n_gen", 0) == 0) {
        rc = err_set(err, ERR_INVALID, "'n_prompt' and 'n_gen' are both 0; expected: tokens that were read or written");
    }
    if (rc != 0) return rc;
    name_model(&row, file);
    if (text_parse_time(at, &row.at) != 0) {
        row.at = INGEST_NO_TIME;
        row.at_text = at.n <= TIME_MAX ? at : NO_BYTES;
    }
    *ret = row;
    return 0;
}

/* ---- the body ---- */

/* "qwen2 7B Q4_K - Medium" has the quantization after the architecture and the size: Q4_K_M. */
static void put_quantization(struct mp_map *f, struct bytes type) {
    static const char *const sizes[][2] = {{" - Small", "_S"}, {" - Medium", "_M"}, {" - Large", "_L"}};
    char text[40];
    const char *size = "";
    if (secret_is_in(type)) return;
    for (int i = 0; i < 2; i++) {
        const uint8_t *blank = bytes_find(type, ' ');
        if (blank == NULL) return;
        type = (struct bytes){blank + 1, (size_t)(type.p + type.n - blank) - 1};
    }
    ends_with(&type, " (guessed)");
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size = ends_with(&type, sizes[i][0]) ? sizes[i][1] : size;
    }
    for (int i = 0; i < 2; i++) {
        const char *word = i == 0 ? "all " : "mostly ";
        size_t n = bytes_has_prefix(type, word) ? strlen(word) : 0;
        type = (struct bytes){type.p + n, type.n - n};
    }
    const uint8_t *blank = bytes_find(type, ' ');
    type.n = blank != NULL ? (size_t)(blank - type.p) : type.n;
    if (type.n == 0 || type.n > 30 || !item_is_word(type)) return;
    snprintf(text, sizeof(text), "%.*s%s", (int)type.n, (const char *)type.p, size);
    mp_map_text(f, "quantization", bytes_of(text));
}

/* In lower case: "cuda", "metal,blas". */
static void put_backend(struct mp_map *f, struct bytes raw) {
    struct bytes said = mp_get_text(raw, "backends");
    struct buf text = {.max = 64};
    bool on, any = false;
    said = secret_is_in(said) ? NO_BYTES : said; /* in lower case it might look like none */
    for (size_t i = 0; i < said.n; i++) {
        uint8_t c = said.p[i];
        buf_put_u8(&text, c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c);
    }
    for (size_t i = 0; i < COUNT(devices) && said.n == 0; i++) {
        if (item_truth(item_get(raw, devices[i]), &on)) {
            any = true;
            if (on) buf_printf(&text, "%s%s", text.n > 0 ? "," : "", devices[i]);
        }
    }
    if (any && text.n == 0) buf_put_str(&text, "cpu");
    if (text.fail == 0 && is_all(bytes_of_buf(&text), "abcdefghijklmnopqrstuvwxyz0123456789_,")) {
        mp_map_text(f, "backend", bytes_of_buf(&text));
    }
    buf_done(&text);
}

static void put_build(struct mp_map *f, struct bytes raw) {
    struct bytes commit = item_word(item_get(raw, "build_commit"));
    char text[BUILD_MAX];
    uint64_t number;
    if (commit.n == 0 || commit.n > 40) return;
    int n = snprintf(text, sizeof(text), "%.*s", (int)commit.n, (const char *)commit.p);
    if (item_count(item_get(raw, "build_number"), &number)) {
        snprintf(text + n, sizeof(text) - (size_t)n, " (%llu)", (unsigned long long)number);
    }
    mp_map_text(f, "build", bytes_of(text));
}

/* Whether the setting may be open: a number, a flag or a word. */
static bool is_setting(struct bytes name, struct bytes raw) {
    struct mp_item item;
    if (!is_one_of(settings, COUNT(settings), name) && !is_one_of(devices, COUNT(devices), name)) return false;
    if (mp_scalar(raw, &item) != 0) return false;
    return item.type == MP_UINT || item.type == MP_INT || item.type == MP_FLOAT || item.type == MP_BOOL ||
           item_word(raw).n > 0;
}

/* The entries that are settings, or all the others that have no field. */
static void put_entries(struct mp_map *f, const char *field, struct bytes raw, bool open) {
    uint32_t n = 0;
    for (int pass = 0; pass < 2; pass++) {
        struct item_entries e;
        if (pass == 1) {
            if (n == 0) return;
            mp_map_begin(f, field);
            mp_put_map(&f->values, n);
        }
        item_entries_open(&e, raw);
        while (item_entries_next(&e)) {
            bool other = !is_setting(e.name, e.raw) && !is_one_of(fields, COUNT(fields), e.name) && !item_is(e.raw, MP_NIL);
            if (open ? !is_setting(e.name, e.raw) : !other) continue;
            n += pass == 0;
            if (pass == 1) {
                mp_put_str(&f->values, e.name);
                mp_map_put_bounded(&f->values, e.raw, KEPT_MAX);
            }
        }
    }
    mp_map_end(f);
}

int llamabench_row_put(const struct llamabench_row *row, struct buf *out, struct err *err) {
    struct bytes raw = row->raw;
    struct mp_reader r;
    uint32_t runs = 0;
    struct mp_map f;
    mp_map_init(&f, BODY_MAX);
    mp_map_text(&f, "harness", bytes_of("llama_bench"));
    mp_map_text(&f, "model", bytes_of(row->model));
    mp_map_text(&f, "digest", bytes_of(row->digest));
    if (row->at != INGEST_NO_TIME) mp_map_uint(&f, "at", row->at);
    mp_map_text(&f, "at_text", row->at_text);
    item_put_count(&f, "bytes", item_get(raw, "model_size"));
    item_put_count(&f, "parameters", item_get(raw, "model_n_params"));
    put_quantization(&f, mp_get_text(raw, "model_type"));
    put_backend(&f, raw);
    put_build(&f, raw);
    item_put_count(&f, "tokens_in", item_get(raw, "n_prompt"));
    item_put_count(&f, "tokens_out", item_get(raw, "n_gen"));
    item_put_count(&f, "depth", item_get(raw, "n_depth"));
    item_put_number(&f, "tokens_per_second", item_get(raw, "avg_ts"));
    item_put_number(&f, "stddev", item_get(raw, "stddev_ts"));
    if (item_list(item_get(raw, "samples_ns"), &r, &runs) && runs > 0) mp_map_uint(&f, "runs", runs);
    mp_map_text(&f, "file", mp_get_text(raw, "model_filename"));
    put_entries(&f, "settings", raw, true);
    put_entries(&f, "other", raw, false);
    int rc = mp_map_write(&f, out, err);
    mp_map_done(&f);
    return rc;
}
