/* The source "llama-bench": speeds that llama.cpp's llama-bench measured. docs/ingest.md describes its event.
 *
 *   {"build_commit": "8cf427ff", "build_number": 5163, "cpu_info", "gpu_info", "backends": "CUDA",
 *    "model_filename": "models/Qwen2.5-7B-Q4_K_M.gguf", "model_type": "qwen2 7B Q4_K - Medium", "model_size", "model_n_params",
 *    "n_prompt": 512, "n_gen": 0, "n_depth": 0, "test_time": "2025-04-24T11:58:50Z", "avg_ns", "stddev_ns", "avg_ts",
 *    "stddev_ts", "samples_ns": [...], "samples_ts": [...], and the settings: "n_batch", "n_threads", "flash_attn", ...}
 *
 * in an array (-o json), or one a line (-o jsonl). Names come and go with versions; older ones have "cuda": true and the like
 * instead of "backends". A row has no digest of the model, only the name of its file. */
#ifndef INGEST_LLAMABENCH_LLAMABENCH_H
#define INGEST_LLAMABENCH_LLAMABENCH_H

#include "ingest/driver/intake.h"

#define LLAMABENCH_NAME_MAX 200
#define LLAMABENCH_ROOM     ((size_t)16 << 20) /* memory for a row while it is parsed (pyjson.h) */

struct llamabench_row {
    struct bytes raw;                    /* canonical map */
    char model[LLAMABENCH_NAME_MAX + 1]; /* "" when the file has no name that may be open */
    char digest[72];                     /* "sha256:HEX" when the file is named by it; else "" */
    uint64_t at;                         /* ns, or INGEST_NO_TIME */
    struct bytes at_text;                /* a time that does not parse */
};

/* A row that is canonical MessagePack. ERR_INVALID names the field and what is expected. */
int llamabench_row_read(struct bytes raw, struct llamabench_row *ret, struct err *err);
/* The body of eval.benchmarked, appended to `out`. */
int llamabench_row_put(const struct llamabench_row *row, struct buf *out, struct err *err);

/* The source's function. */
int llamabench_read(struct intake *run, struct err *err);

#endif
