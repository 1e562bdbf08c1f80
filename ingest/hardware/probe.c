/* Processor, memory, disks and system, from /proc, /sys and /etc below one root, so that a tree of fixtures can represent a
 * machine. A missing or odd file leaves its field empty: a container's profile is short, not wrong. */
#include "ingest/hardware/hardware.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/text.h"

#define TEXT_FILE_MAX ((size_t)1 << 20)
#define CPU_MAX       4096

void hardware_set_text(char ret[HARDWARE_TEXT], struct bytes text) {
    while (text.n > 0 && (text.p[0] <= ' ')) {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && (text.p[text.n - 1] <= ' ')) {
        text.n--;
    }
    if (text.n >= HARDWARE_TEXT) {
        text.n = HARDWARE_TEXT - 1;
        while (text.n > 0 && (text.p[text.n] & 0xc0) == 0x80) {
            text.n--;
        }
    }
    if (text.n > 0) {
        memcpy(ret, text.p, text.n);
    }
    ret[text.n] = '\0';
    for (size_t at; (at = text_utf8_valid((const uint8_t *)ret, text.n)) < text.n;) {
        ret[at] = '?';
    }
    for (size_t i = 0; i < text.n; i++) {
        ret[i] = (unsigned char)ret[i] < ' ' || ret[i] == 0x7f ? ' ' : ret[i];
    }
}

/* Beginning of a file of /proc, /sys or /etc; false when it cannot be read. */
static bool slurp(const char *root, const char *path, struct buf *out) {
    char full[FILE_PATH_MAX];
    buf_clear(out);
    int n = snprintf(full, sizeof(full), "%s%s", strcmp(root, "/") == 0 ? "" : root, path);
    return n > 0 && (size_t)n < sizeof(full) && file_read(full, out, NULL) == 0;
}

static bool next_line(struct bytes *rest, struct bytes *ret) {
    if (rest->n == 0) return false;
    const uint8_t *lf = memchr(rest->p, '\n', rest->n);
    size_t n = lf != NULL ? (size_t)(lf - rest->p) : rest->n;
    *ret = (struct bytes){rest->p, n};
    n += lf != NULL;
    rest->p += n;
    rest->n -= n;
    return true;
}

/* "name<blanks><sep> value" */
static bool value_of(struct bytes line, const char *name, char sep, struct bytes *ret) {
    const uint8_t *at = line.n > 0 ? memchr(line.p, sep, line.n) : NULL;
    if (at == NULL) return false;
    size_t n = (size_t)(at - line.p);
    *ret = (struct bytes){at + 1, line.n - n - 1};
    while (n > 0 && (line.p[n - 1] == ' ' || line.p[n - 1] == '\t')) {
        n--;
    }
    return bytes_is((struct bytes){line.p, n}, name);
}

void hardware_read_text(const char *root, const char *path, char ret[HARDWARE_TEXT]) {
    struct buf text = {.max = TEXT_FILE_MAX};
    struct bytes line = {NULL, 0};
    ret[0] = '\0';
    if (slurp(root, path, &text)) {
        struct bytes rest = bytes_of_buf(&text);
        if (next_line(&rest, &line)) {
            hardware_set_text(ret, line);
        }
    }
    buf_done(&text);
}

static uint64_t read_number(const char *root, const char *path) {
    char text[HARDWARE_TEXT];
    uint64_t v = 0;
    hardware_read_text(root, path, text);
    return text_parse_u64(bytes_of(text), &v) == 0 ? v : 0;
}

/* ---- processor ---------------------------------------------------------------------------------------------------- */

static void probe_cpuinfo(const char *root, struct hardware_profile *p) {
    static const char *const model_names[] = {"model name", "Model", "cpu model", "cpu", "Processor"};
    struct buf text = {.max = (size_t)16 << 20};
    size_t best = sizeof(model_names) / sizeof(model_names[0]);
    if (slurp(root, "/proc/cpuinfo", &text)) {
        struct bytes rest = bytes_of_buf(&text), line, value;
        while (next_line(&rest, &line)) {
            p->threads += value_of(line, "processor", ':', &value);
            for (size_t i = 0; i < best; i++) {
                if (value_of(line, model_names[i], ':', &value)) {
                    hardware_set_text(p->cpu_model, value);
                    best = i;
                }
            }
        }
    }
    buf_done(&text);
}

struct core {
    uint64_t socket, die, core;
};

static int core_order(const void *a, const void *b) {
    const struct core *x = a, *y = b;
    if (x->socket != y->socket) return x->socket < y->socket ? -1 : 1;
    if (x->die != y->die) return x->die < y->die ? -1 : 1;
    return x->core < y->core ? -1 : x->core > y->core;
}

/* Counts packages and their cores; a core's id is unique only on its die. */
static void probe_topology(const char *root, struct hardware_profile *p) {
    struct core *cores = calloc(CPU_MAX, sizeof(*cores));
    size_t n = 0;
    for (unsigned cpu = 0; cores != NULL && cpu < CPU_MAX; cpu++) {
        char path[128], text[HARDWARE_TEXT];
        struct core c = {0, 0, 0};
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/core_id", cpu);
        hardware_read_text(root, path, text);
        if (text_parse_u64(bytes_of(text), &c.core) != 0) {
            if (cpu >= p->threads) {
                break; /* offline CPUs leave holes, but not past the last */
            }
            continue;
        }
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu);
        c.socket = read_number(root, path);
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/die_id", cpu);
        c.die = read_number(root, path);
        cores[n++] = c;
    }
    if (n > 0) {
        qsort(cores, n, sizeof(*cores), core_order);
        p->threads = (uint32_t)n;
        p->cores = p->sockets = 1;
        for (size_t i = 1; i < n; i++) {
            p->cores += core_order(&cores[i - 1], &cores[i]) != 0;
            p->sockets += cores[i - 1].socket != cores[i].socket;
        }
    }
    free(cores);
}

/* ---- memory, system ----------------------------------------------------------------------------------------------- */

static void probe_memory(const char *root, struct hardware_profile *p) {
    struct buf text = {.max = TEXT_FILE_MAX};
    if (slurp(root, "/proc/meminfo", &text)) {
        struct bytes rest = bytes_of_buf(&text), line, value;
        while (next_line(&rest, &line)) {
            if (value_of(line, "MemTotal", ':', &value)) {
                char number[HARDWARE_TEXT];
                uint64_t kib = 0;
                hardware_set_text(number, value);
                number[strcspn(number, " ")] = '\0';
                if (text_parse_u64(bytes_of(number), &kib) == 0 && kib < UINT64_C(1) << 50) {
                    p->memory_bytes = kib * 1024;
                }
            }
        }
    }
    buf_done(&text);
}

/* os-release(5): NAME=value, the value bare or in quotes, '\' escaping inside double ones. */
static void os_value(struct bytes value, char ret[HARDWARE_TEXT]) {
    char plain[2 * HARDWARE_TEXT];
    size_t n = 0;
    uint8_t quote = value.n > 0 && (value.p[0] == '"' || value.p[0] == '\'') ? value.p[0] : 0;
    for (size_t i = quote != 0; i < value.n && n < sizeof(plain); i++) {
        if (quote != 0 && value.p[i] == quote) break;
        if (value.p[i] == '\\' && quote != '\'' && i + 1 < value.n) {
            i++;
        }
        plain[n++] = (char)value.p[i];
    }
    hardware_set_text(ret, (struct bytes){(const uint8_t *)plain, n});
}

static void probe_system(const char *root, struct hardware_profile *p) {
    struct buf text = {.max = TEXT_FILE_MAX};
    if (slurp(root, "/etc/os-release", &text) || slurp(root, "/usr/lib/os-release", &text)) {
        struct bytes rest = bytes_of_buf(&text), line, value;
        while (next_line(&rest, &line)) {
            if (value_of(line, "ID", '=', &value)) {
                os_value(value, p->os_id);
            } else if (value_of(line, "VERSION_ID", '=', &value)) {
                os_value(value, p->os_version);
            } else if (value_of(line, "PRETTY_NAME", '=', &value)) {
                os_value(value, p->os_name);
            }
        }
    }
    buf_done(&text);
    char type[HARDWARE_TEXT], release[HARDWARE_TEXT], both[2 * HARDWARE_TEXT + 1];
    hardware_read_text(root, "/proc/sys/kernel/ostype", type);
    hardware_read_text(root, "/proc/sys/kernel/osrelease", release);
    hardware_read_text(root, "/proc/sys/kernel/arch", p->arch); /* since Linux 6.1 */
    struct utsname u;
    if (strcmp(root, "/") == 0 && uname(&u) == 0) {
        hardware_set_text(type, bytes_of(u.sysname));
        hardware_set_text(release, bytes_of(u.release));
        hardware_set_text(p->arch, bytes_of(u.machine));
    }
    snprintf(both, sizeof(both), "%s %s", type, release);
    hardware_set_text(p->kernel, bytes_of(both));
}

/* ---- disks -------------------------------------------------------------------------------------------------------- */

static int disk_order(const void *a, const void *b) {
    const struct hardware_disk *x = a, *y = b;
    int c = strcmp(x->model, y->model);
    if (c != 0) return c;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return x->rotational != y->rotational ? (int)x->rotational - (int)y->rotational : strcmp(x->name, y->name);
}

/* Only disks backed by a device: no loop, ram, zram, device mapper, RAID; no optical drive, floppy or stick. */
static bool is_disk(const char *root, const char *name) {
    char path[512], full[FILE_PATH_MAX];
    if (name[0] == '.' || strncmp(name, "sr", 2) == 0 || strncmp(name, "fd", 2) == 0) return false;
    snprintf(path, sizeof(path), "/sys/block/%s/removable", name);
    if (read_number(root, path) != 0) return false;
    snprintf(full, sizeof(full), "%s/sys/block/%s/device", strcmp(root, "/") == 0 ? "" : root, name);
    return file_exists(full);
}

/* A hypervisor's disk, by the name its driver gives it or by its vendor. */
static bool is_virtual(const char *root, const char *name) {
    static const char *const makers[] = {"QEMU", "VMware", "VBOX", "Msft"};
    char path[512], maker[HARDWARE_TEXT] = "";
    bool found = strncmp(name, "vd", 2) == 0 || strncmp(name, "xvd", 3) == 0;
    snprintf(path, sizeof(path), "/sys/block/%s/device/vendor", name);
    hardware_read_text(root, path, maker);
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]) && !found; i++) {
        found = strncmp(maker, makers[i], strlen(makers[i])) == 0;
    }
    return found;
}

static void probe_disks(const char *root, struct hardware_profile *p) {
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/sys/block", strcmp(root, "/") == 0 ? "" : root);
    DIR *dir = opendir(path);
    if (dir == NULL) return;
    for (struct dirent *e; (e = readdir(dir)) != NULL && p->n_disks < HARDWARE_DISK_MAX;) {
        struct hardware_disk *d = &p->disks[p->n_disks];
        if (!is_disk(root, e->d_name)) continue;
        char at[512];
        memset(d, 0, sizeof(*d));
        hardware_set_text(d->name, bytes_of(e->d_name));
        snprintf(at, sizeof(at), "/sys/block/%s/size", e->d_name);
        uint64_t sectors = read_number(root, at); /* of 512 bytes, whatever the disk's own are */
        d->bytes = sectors < UINT64_C(1) << 54 ? sectors * 512 : 0;
        snprintf(at, sizeof(at), "/sys/block/%s/queue/rotational", e->d_name);
        d->rotational = read_number(root, at) == 1;
        d->virtual_ = is_virtual(root, e->d_name);
        snprintf(at, sizeof(at), "/sys/block/%s/device/model", e->d_name);
        hardware_read_text(root, at, d->model);
        p->n_disks += d->bytes > 0;
    }
    closedir(dir);
    qsort(p->disks, p->n_disks, sizeof(p->disks[0]), disk_order);
}

void hardware_probe(const char *root, struct hardware_profile *ret) {
    memset(ret, 0, sizeof(*ret));
    probe_cpuinfo(root, ret);
    probe_topology(root, ret);
    probe_memory(root, ret);
    probe_system(root, ret);
    probe_disks(root, ret);
    hardware_probe_gpus(root, ret);
}
