/* GPUs: PCI devices of class 03 (display), DRM cards on the chip itself, and for NVIDIA's, whose memory the kernel does not
 * show, one call of nvidia-smi: started without a shell from a fixed path, bounded in time and output. */
#include "ingest/hardware/hardware.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/spawn.h"
#include "base/text.h"

#define SMI_OUTPUT_MAX ((size_t)64 << 10)
#define SMI_TIMEOUT_NS (5 * CLOCK_NS_PER_S)
#define CSV_FIELDS     4

static const char *prefix(const char *root) {
    return strcmp(root, "/") == 0 ? "" : root;
}

static int gpu_order(const void *a, const void *b) {
    const struct hardware_gpu *x = a, *y = b;
    int c = strcmp(x->bus, y->bus);
    return c != 0 ? c : strcmp(x->name, y->name);
}

/* The last component of a link's target. */
static void link_name(const char *root, const char *path, char ret[HARDWARE_TEXT]) {
    char full[FILE_PATH_MAX], to[FILE_PATH_MAX];
    int n = snprintf(full, sizeof(full), "%s%s", prefix(root), path);
    ret[0] = '\0';
    ssize_t got = n > 0 && (size_t)n < sizeof(full) ? readlink(full, to, sizeof(to) - 1) : -1;
    if (got > 0) {
        to[got] = '\0';
        const char *slash = strrchr(to, '/');
        hardware_set_text(ret, bytes_of(slash != NULL ? slash + 1 : to));
    }
}

static void copy_short(char *ret, size_t cap, const char *text) {
    size_t n = strlen(text);
    n = n < cap ? n : cap - 1;
    memcpy(ret, text, n);
    ret[n] = '\0';
}

static void take_pci(const char *root, const char *bus, struct hardware_profile *p) {
    char path[512], text[HARDWARE_TEXT];
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", bus);
    hardware_read_text(root, path, text);
    if (strncmp(text, "0x03", 4) != 0 || p->n_gpus == HARDWARE_GPU_MAX) return;
    struct hardware_gpu *g = &p->gpus[p->n_gpus++];
    memset(g, 0, sizeof(*g));
    copy_short(g->bus, sizeof(g->bus), bus);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor", bus);
    hardware_read_text(root, path, text);
    copy_short(g->vendor, sizeof(g->vendor), text);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/device", bus);
    hardware_read_text(root, path, text);
    copy_short(g->device, sizeof(g->device), text);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", bus);
    link_name(root, path, g->driver);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/product_name", bus); /* amdgpu */
    hardware_read_text(root, path, g->name);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/mem_info_vram_total", bus);
    hardware_read_text(root, path, text);
    if (text_parse_u64(bytes_of(text), &g->memory_bytes) != 0 || g->memory_bytes > INT64_MAX) {
        g->memory_bytes = 0;
    }
}

/* A DRM card that is not a PCI device: the GPU of a system on a chip. */
static void take_card(const char *root, const char *card, struct hardware_profile *p) {
    char path[512], full[FILE_PATH_MAX], driver[HARDWARE_TEXT];
    if (strncmp(card, "card", 4) != 0 || strchr(card, '-') != NULL || p->n_gpus == HARDWARE_GPU_MAX) {
        return; /* card0-HDMI-A-1 is a connector */
    }
    snprintf(full, sizeof(full), "%s/sys/class/drm/%s/device/class", prefix(root), card);
    snprintf(path, sizeof(path), "/sys/class/drm/%s/device/driver", card);
    link_name(root, path, driver);
    if (file_exists(full) || driver[0] == '\0') return;
    struct hardware_gpu *g = &p->gpus[p->n_gpus++];
    memset(g, 0, sizeof(*g));
    memcpy(g->driver, driver, sizeof(driver));
    memcpy(g->name, driver, sizeof(driver));
}

static void each_entry(const char *root, const char *path, struct hardware_profile *p,
                       void (*take)(const char *root, const char *name, struct hardware_profile *p)) {
    char full[FILE_PATH_MAX];
    snprintf(full, sizeof(full), "%s%s", prefix(root), path);
    DIR *dir = opendir(full);
    if (dir == NULL) return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] != '.' && strlen(e->d_name) < 32) {
            take(root, e->d_name, p);
        }
    }
    closedir(dir);
}

/* ---- nvidia-smi --------------------------------------------------------------------------------------------------- */

/* nvidia-smi writes "00000000:01:00.0" where the kernel has "0000:01:00.0". */
static bool same_bus(const char *kernel, struct bytes smi) {
    size_t n = strlen(kernel);
    return smi.n >= n && n > 0 && strncasecmp((const char *)smi.p + (smi.n - n), kernel, n) == 0;
}

static void take_row(struct hardware_profile *p, struct bytes row) {
    struct bytes field[CSV_FIELDS];
    size_t at = 0;
    for (size_t i = 0; i < CSV_FIELDS; i++) {
        const uint8_t *comma = at < row.n ? memchr(row.p + at, ',', row.n - at) : NULL;
        size_t end = comma != NULL ? (size_t)(comma - row.p) : row.n;
        if (at > row.n || (comma == NULL && i + 1 < CSV_FIELDS)) return;
        field[i] = (struct bytes){row.p + at, end - at};
        at = end + 1;
    }
    char bus[HARDWARE_TEXT], memory[HARDWARE_TEXT];
    uint64_t mib = 0;
    hardware_set_text(bus, field[0]);
    hardware_set_text(memory, field[2]);
    size_t i = 0;
    while (i < p->n_gpus && !same_bus(p->gpus[i].bus, bytes_of(bus))) {
        i++;
    }
    if (i == HARDWARE_GPU_MAX || bus[0] == '\0') return;
    struct hardware_gpu *g = &p->gpus[i];
    if (i == p->n_gpus) { /* under WSL it has no PCI device */
        memset(g, 0, sizeof(*g));
        copy_short(g->bus, sizeof(g->bus), bus);
        p->n_gpus++;
    }
    hardware_set_text(g->name, field[1]);
    hardware_set_text(g->driver_version, field[3]);
    /* "[N/A]" on machines that share their memory */
    g->memory_bytes = text_parse_u64(bytes_of(memory), &mib) == 0 && mib < UINT64_C(1) << 40 ? mib << 20 : 0;
}

void hardware_take_smi(struct hardware_profile *p, struct bytes csv) {
    while (csv.n > 0) {
        const uint8_t *lf = memchr(csv.p, '\n', csv.n);
        size_t n = lf != NULL ? (size_t)(lf - csv.p) : csv.n;
        take_row(p, (struct bytes){csv.p, n});
        n += lf != NULL;
        csv.p += n;
        csv.n -= n;
    }
}

static void ask_smi(const char *program, struct hardware_profile *p) {
    const char *const argv[] = {program, "--query-gpu=pci.bus_id,name,memory.total,driver_version",
                                "--format=csv,noheader,nounits", NULL};
    const struct spawn spawn = {.argv = argv, .limit_ns = SMI_TIMEOUT_NS};
    struct buf out = {.max = SMI_OUTPUT_MAX};
    int status = 0;
    int rc = spawn_run(&spawn, &out, &status, NULL);
    if (rc == ERR_LIMIT) {
        snprintf(p->gpu_error, sizeof(p->gpu_error), "nvidia-smi gave no whole answer within 5 s");
    } else if (rc != 0) {
        snprintf(p->gpu_error, sizeof(p->gpu_error), "nvidia-smi cannot be started");
    } else if (status != 0) {
        snprintf(p->gpu_error, sizeof(p->gpu_error), "nvidia-smi failed with status %d", status);
    } else {
        hardware_take_smi(p, bytes_of_buf(&out));
    }
    buf_done(&out);
}

void hardware_probe_gpus(const char *root, struct hardware_profile *p) {
    static const char *const places[] = {"/usr/bin/nvidia-smi", "/usr/local/bin/nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"};
    each_entry(root, "/sys/bus/pci/devices", p, take_pci);
    each_entry(root, "/sys/class/drm", p, take_card);
    qsort(p->gpus, p->n_gpus, sizeof(p->gpus[0]), gpu_order);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char program[FILE_PATH_MAX];
        int n = snprintf(program, sizeof(program), "%s%s", prefix(root), places[i]);
        if (n > 0 && (size_t)n < sizeof(program) && access(program, X_OK) == 0) {
            ask_smi(program, p);
            return;
        }
    }
}
