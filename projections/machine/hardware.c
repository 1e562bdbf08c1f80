/* Hardware: for each host its newest profile and what that is good for, and its faults by device.
 *
 * The capability tier says which models fit, in one word that a route or a person can ask for. It is judged on reading, by
 * the tiers of a policy (capability.h), from two numbers of the profile: the memory of all GPUs together (runtimes spread a
 * model's layers over them) and the installed memory. GPUs whose memory is unknown or shared with the system do not count:
 * without others the tier is that of the system memory. */
#include <string.h>

#include "base/mp.h"
#include "projections/fold/fold.h"
#include "projections/machine/capability.h"

#define SIZE(table) (sizeof(table) / sizeof((table)[0]))

enum {
    HOST,
    TIER,
    FITS,
    CPU,
    HOST_ARCH,
    SOCKETS,
    CORES,
    THREADS,
    CPU_FLAGS,
    MEMORY_BYTES,
    SWAP_BYTES,
    GPUS,
    GPU_COUNT,
    GPU_MEMORY_BYTES,
    GPU_ERROR,
    DISKS,
    OS,
    OS_NAME,
    OS_VERSION,
    KERNEL,
    VIRTUAL,
    FIRMWARE,
    DIGEST,
    PROFILED_AT,
    PROFILES,
    LATE,
    BASE
};

static const struct state_column host_columns[] = {
    [HOST] = {"host", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which machine"},
    [TIER] = {"tier", CELL_TEXT, COLUMN_JUDGED | COLUMN_MAIN, "its capabilities: gpu-24g, cpu-small, ..."},
    [FITS] = {"fits", CELL_TEXT, COLUMN_JUDGED, "which models fit, with 4-bit weights"},
    [CPU] = {"cpu", CELL_TEXT, COLUMN_MAIN, "model of its processor"},
    [HOST_ARCH] = {"arch", CELL_TEXT, 0, "its architecture"},
    [SOCKETS] = {"sockets", CELL_INT, 0, "processor packages"},
    [CORES] = {"cores", CELL_INT, COLUMN_MAIN, "physical cores"},
    [THREADS] = {"threads", CELL_INT, 0, "hardware threads"},
    [CPU_FLAGS] = {"cpu_flags", CELL_LIST, 0, "instruction sets that matter to models"},
    [MEMORY_BYTES] = {"memory_bytes", CELL_INT, COLUMN_MAIN, "installed memory"},
    [SWAP_BYTES] = {"swap_bytes", CELL_INT, 0, "swap space"},
    [GPUS] = {"gpus", CELL_LIST, 0, "a map for each GPU"},
    [GPU_COUNT] = {"gpu_count", CELL_INT, 0, "number of GPUs"},
    [GPU_MEMORY_BYTES] = {"gpu_memory_bytes", CELL_INT, COLUMN_MAIN, "memory of all GPUs that report it"},
    [GPU_ERROR] = {"gpu_error", CELL_TEXT, 0, "why the GPU vendor's tool gave no answer"},
    [DISKS] = {"disks", CELL_LIST, 0, "a map for each disk"},
    [OS] = {"os", CELL_TEXT, 0, "operating system"},
    [OS_NAME] = {"os_name", CELL_TEXT, 0, "the operating system's own full name"},
    [OS_VERSION] = {"os_version", CELL_TEXT, 0, "its version"},
    [KERNEL] = {"kernel", CELL_TEXT, 0, "its kernel"},
    [VIRTUAL] = {"virtual", CELL_TEXT, 0, "the virtual machine or container that it runs in"},
    [FIRMWARE] = {"firmware", CELL_TEXT, 0, "version of the firmware"},
    [DIGEST] = {"digest", CELL_TEXT, COLUMN_SINCE, "digest of the profile"},
    [PROFILED_AT] = {"profiled_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was last observed"},
    [PROFILES] = {"profiles", CELL_INT, 0, "how often it was observed"},
    [LATE] = {"late", CELL_INT, COLUMN_WORK, "profiles older than the one shown"},
    FOLD_COLUMNS,
};

/* Body fields that are copied into columns. */
static const struct {
    size_t column;
    const char *field;
} copied[] = {
    {CPU, "cpu"},
    {HOST_ARCH, "arch"},
    {SOCKETS, "sockets"},
    {CORES, "cores"},
    {THREADS, "threads"},
    {CPU_FLAGS, "cpu_flags"},
    {MEMORY_BYTES, "memory_bytes"},
    {SWAP_BYTES, "swap_bytes"},
    {GPUS, "gpus"},
    {GPU_ERROR, "gpu_error"},
    {DISKS, "disks"},
    {OS, "os"},
    {OS_NAME, "os_name"},
    {OS_VERSION, "os_version"},
    {KERNEL, "kernel"},
    {VIRTUAL, "virtual"},
    {FIRMWARE, "firmware"},
    {DIGEST, "digest"},
};

enum { F_HOST, F_WHAT, F_DEVICE, F_COUNT, F_CODE, F_UNIT, F_AT, F_FIRST_AT, F_FIRST_SEQ, F_UPDATED_SEQ, F_EVIDENCE, F_N };

static const struct state_column fault_columns[] = {
    [F_HOST] = {"host", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which machine"},
    [F_WHAT] = {"what", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "oom, gpu, disk, memory, thermal"},
    [F_DEVICE] = {"device", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which device; empty: unknown"},
    [F_COUNT] = {"count", CELL_INT, COLUMN_MAIN, "how many faults"},
    [F_CODE] = {"code", CELL_INT, COLUMN_MAIN, "the driver's error number of the newest that had one"},
    [F_UNIT] = {"unit", CELL_TEXT, 0, "the service most recently affected"},
    [F_AT] = {"at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when the newest was"},
    [F_FIRST_AT] = {"first_at", CELL_INT, COLUMN_TIME, "when the oldest was"},
    [F_FIRST_SEQ] = {"first_seq", CELL_INT, COLUMN_SEQ, "the first event that reported one"},
    [F_UPDATED_SEQ] = {"updated_seq", CELL_INT, COLUMN_SEQ, "the newest event that reported one"},
    [F_EVIDENCE] = {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "the events that reported them"},
};

/* The number of maps in the list, and the sum of their memory_bytes. */
static void sum_gpus(struct bytes list, int64_t *ret_count, int64_t *ret_bytes) {
    struct mp_reader r;
    struct mp_item head, bytes;
    struct bytes gpu, raw;
    *ret_count = *ret_bytes = 0;
    mp_reader_init(&r, list);
    if (mp_next(&r, &head, NULL) != 0 || head.type != MP_ARRAY) return;
    for (uint32_t i = 0; i < head.count && mp_skip(&r, 1, &gpu, NULL) == 0; i++) {
        ++*ret_count;
        if (mp_map_get(gpu, "memory_bytes", &raw) == 0 && mp_scalar(raw, &bytes) == 0 && bytes.type == MP_UINT &&
            __builtin_add_overflow(*ret_bytes, (int64_t)bytes.uint, ret_bytes)) {
            *ret_bytes = INT64_MAX;
            return;
        }
    }
}

/* The profile's state dates from when its digest became this one. */
static void see_change(struct fold *fold, struct row *row) {
    uint64_t seq = fold_event(fold)->seq;
    struct bytes digest;
    bool same = !row->absent && fold_text(fold, "digest", &digest) && bytes_eq(digest, row_text(row, DIGEST));
    if (!same) {
        fold_since(fold, row, BASE);
    }
    row_cite_only(row, BASE + FOLD_EVIDENCE, &seq, 1);
    fold_touch(fold, row, BASE);
}

static int fold_profile(struct fold *fold, struct bytes host, struct err *err) {
    struct row *row;
    int64_t count, bytes;
    if (fold_event(fold)->body.n == 0) { /* erased: what was known stays */
        return 0;
    }
    int rc = fold_row(fold, 0, &host, 1, &row, err);
    if (rc != 0) return rc;
    row_add(row, PROFILES, 1);
    if (!fold_is_news(fold, row, BASE, PROFILED_AT, LATE)) return 0;
    see_change(fold, row);
    for (size_t i = 0; i < SIZE(copied); i++) {
        fold_replace(fold, row, copied[i].column, copied[i].field);
        if (host_columns[copied[i].column].type == CELL_INT && row_int(row, copied[i].column) < 0) {
            row_set_null(row, copied[i].column); /* a negative number makes no sense */
        }
    }
    row_set_null(row, GPU_COUNT);
    row_set_null(row, GPU_MEMORY_BYTES);
    if (row_has(row, GPUS)) {
        sum_gpus(row->cells[GPUS].text, &count, &bytes);
        row_set_int(row, GPU_COUNT, count);
        row_set_int(row, GPU_MEMORY_BYTES, bytes);
    }
    return 0;
}

static int fold_fault(struct fold *fold, struct bytes host, struct err *err) {
    struct bytes key[3] = {host, {0}, {0}};
    int64_t at = (int64_t)fold_when(fold), seq = (int64_t)fold_event(fold)->seq;
    struct row *row;
    fold_text(fold, "what", &key[1]);
    fold_text(fold, "device", &key[2]);
    int rc = fold_row(fold, 1, key, 3, &row, err);
    if (rc != 0) return rc;
    if (row->absent) {
        row_set_int(row, F_FIRST_SEQ, seq);
    }
    if (!row_has(row, F_FIRST_AT) || at < row_int(row, F_FIRST_AT)) {
        row_set_int(row, F_FIRST_AT, at);
    }
    if (!row_has(row, F_AT) || at >= row_int(row, F_AT)) {
        row_set_int(row, F_AT, at);
        fold_copy(fold, row, F_CODE, "code");
        fold_copy(fold, row, F_UNIT, "unit");
    }
    row_add(row, F_COUNT, 1);
    row_set_int(row, F_UPDATED_SEQ, seq);
    row_cite(row, F_EVIDENCE, (uint64_t)seq);
    return 0;
}

static int fold_hardware(struct fold *fold, struct err *err) {
    struct bytes host = fold_subject(fold), step = fold_step(fold);
    if (bytes_is(step, "profiled")) return fold_profile(fold, host, err);
    return bytes_is(step, "faulted") ? fold_fault(fold, host, err) : 0;
}

static int judge_host(struct state_view *view, struct row *row, struct err *err) {
    struct capability c;
    int rc = capability_judge(view, row_has(row, GPU_MEMORY_BYTES) ? row_int(row, GPU_MEMORY_BYTES) : -1,
                              row_has(row, MEMORY_BYTES) ? row_int(row, MEMORY_BYTES) : -1, &c, err);
    if (rc == 0) {
        row_set_text(row, TIER, c.tier.name);
        row_set_null(row, FITS);
        if (c.tier.fits.n > 0) row_set_text(row, FITS, c.tier.fits);
        if (c.seq != LOG_NO_SEQ) row_cite(row, BASE + FOLD_EVIDENCE, c.seq);
    }
    capability_done(&c);
    return rc;
}

static const struct state_table tables[] = {
    {"hardware", "host", "A row is a machine: its newest profile, and its capabilities.", host_columns, BASE + FOLD_N,
     judge_host},
    {"hardware_faults", "fault", "A row is a device of a machine and a kind of fault that was reported for it.",
     fault_columns, F_N, NULL},
};
static const char *const kinds[] = {"hardware.*", NULL};

const struct projection projection_hardware = {"hardware", 3, tables, 2, kinds, fold_hardware};
